"""Scenes of a dataset: adding, reading, changing and deleting them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nucleus_lab.annotation import SceneCategoryAnnotation
from nucleus_lab.async_job import AsyncJob
from nucleus_lab.bulk import listed
from nucleus_lab.dataset.base import DatasetBase, model_id, segment
from nucleus_lab.dataset.scene_files import one_kind, payloads_of
from nucleus_lab.dataset.uploads import metadata_entries, refuse_duplicates, upload_in_background
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.model import Model
from nucleus_lab.prediction import SceneCategoryPrediction
from nucleus_lab.scene import Scene, ScenesListEntry
from nucleus_lab.slice.rows import paged, read_groups, read_row

_ROUTES: Final = {"lidar": "upload_scenes", "video": "upload_video_scenes"}
_MOST_PAGE: Final = 30


class SceneMethods(DatasetBase):
    """Lidar and video scenes."""

    def append_scenes(
        self, scenes: Sequence[Scene], update: bool = False, asynchronous: bool = False
    ) -> dict[str, Any] | AsyncJob:
        """Add scenes; deprecated, use ``append(scenes, asynchronous=True)``.

        Args:
            scenes: Lidar scenes, or video scenes.
            update: Give scenes that exist the metadata of the new ones.
            asynchronous: Work in the background.

        Returns:
            The counters; the job with ``asynchronous``.
        """
        warnings.warn(
            "append_scenes is deprecated: use dataset.append(scenes, asynchronous=True)",
            DeprecationWarning,
            stacklevel=2,
        )
        given = listed("scenes", scenes, "scenes")
        if asynchronous:
            return self._append_scenes_later(given, update)
        return self._append_scenes_now(given, update)

    def _append_scenes_later(self, scenes: list[Scene], update: bool) -> AsyncJob:
        kind = self._check_scenes(scenes)
        payloads = payloads_of(self._client, self.id, scenes)
        route = f"{segment(self.id)}/{_ROUTES[kind]}"
        return upload_in_background(self._client, self.id, payloads, route, {"update": update})

    def _append_scenes_now(self, scenes: list[Scene], update: bool) -> dict[str, Any]:
        kind = self._check_scenes(scenes)
        payloads = payloads_of(self._client, self.id, scenes)
        body = {"scenes": payloads, "update": update}
        answer: dict[str, Any] = self._client.make_request(
            body, f"{segment(self.id)}/{_ROUTES[kind]}"
        )
        return answer

    def _check_scenes(self, scenes: list[Scene]) -> str:
        """Refuse what does not fit before anything is sent."""
        kind = one_kind(scenes)
        if not self.is_scene:
            raise InvalidInputError(
                f"dataset {self.id} holds single items and takes no scenes: make one with "
                "create_dataset(name, is_scene=True)"
            )
        refuse_duplicates(
            "reference id of a scene",
            (scene.reference_id for scene in scenes),
            "give each scene one of its own; nothing was added",
        )
        return kind

    @property
    def scenes(self) -> list[ScenesListEntry]:
        """``id``, ``reference_id``, ``type`` and ``metadata`` of each scene, oldest first."""
        rows = self._ask(None, "scenes_list", "GET")["scenes"]
        return [ScenesListEntry.from_json(row) for row in rows]

    def get_scene(self, reference_id: str) -> Scene:
        """Read a scene with its frames.

        ::

            scene = dataset.get_scene("crossing")
            scene.get_frame(0).get_item("lidar").pointcloud_location

        Args:
            reference_id: The caller's id of it.

        Returns:
            A :class:`~nucleus_lab.scene.LidarScene` or :class:`~nucleus_lab.scene.VideoScene`.
        """
        answer = self._ask(None, f"scene/{segment(reference_id)}", "GET")
        return Scene.from_json(answer, self._client)

    def get_scene_from_item_ref_id(self, item_reference_id: str) -> Scene | None:
        """Read the scene that an item belongs to.

        Args:
            item_reference_id: The caller's id of a picture or point cloud.

        Returns:
            The scene; ``None`` in a dataset of single items.
        """
        if not self.is_scene:
            return None
        answer = self._ask(None, f"scene/{segment(item_reference_id)}?from_item=1", "GET")
        return Scene.from_json(answer, self._client)

    def delete_scene(self, reference_id: str) -> None:
        """Delete a scene with its items and their annotations and predictions.

        Args:
            reference_id: The caller's id of it.
        """
        self._ask({}, f"scene/{segment(reference_id)}", "DELETE")

    def update_scene_metadata(
        self, mapping: Mapping[str, Mapping[str, Any]], asynchronous: bool = False
    ) -> Any:
        """Merge new values into the metadata of scenes.

        A key that a scene has takes the new value; its other keys stay::

            dataset.update_scene_metadata({"crossing": {"weather": "fog"}})

        Args:
            mapping: Reference id of a scene to the keys and values to set.
            asynchronous: Work in the background.

        Returns:
            The answer of the route; the job with ``asynchronous``.
        """
        entries = metadata_entries(mapping)
        answer = self._ask(
            {"metadata": entries, "level": "scene"}, f"metadata?async={int(asynchronous)}"
        )
        return AsyncJob.from_json(answer, self._client) if asynchronous else answer

    def scene_and_annotations(
        self, reference_id: str, model: Model | str | None = None
    ) -> dict[str, Any]:
        """Read a scene with everything on it.

        ::

            whole = dataset.scene_and_annotations("crossing")
            [len(row["annotations"]["cuboid"]) for row in whole["items"]]

        Args:
            reference_id: The caller's id of the scene.
            model: Read the predictions of this model rather than the ground truth.

        Returns:
            ``scene``; ``annotations`` (or ``predictions``) of the scene as a whole, grouped by
            type; and ``items``: ``item``, ``annotations`` (or ``predictions``), ``frame`` and
            ``sensor`` of each item, frame by frame.
        """
        query = "" if model is None else f"?model_id={model_id(model)}"
        answer = self._ask_lab(None, f"scene/{segment(reference_id)}{query}", "GET")
        predicted = model is not None
        noun = "predictions" if predicted else "annotations"
        own = read_groups(answer["annotations"], predictions=predicted)
        kind = SceneCategoryPrediction if predicted else SceneCategoryAnnotation
        own["category"] = [kind.from_json(row) for row in answer["annotations"].get("category", ())]
        items = [
            {
                **read_row(row, predictions=predicted),
                "frame": row["frame"],
                "sensor": row["sensor"],
            }
            for row in answer["items"]
        ]
        return {"scene": Scene.from_json(answer["scene"], self._client), noun: own, "items": items}

    def scene_and_annotation_generator(
        self,
        slice_id: str | None = None,
        page_size: int = 10,
        only_most_recent_tasks: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Read scenes with their annotations grouped by track, page by page.

        The track of an annotation is its ``track_reference_id``, else ``track_reference_id`` or
        ``track_id`` in its metadata, else its ``annotation_id``.

        Args:
            slice_id: Only scenes of this slice, or with an item in it.
            page_size: Scenes of a request, at most 30.
            only_most_recent_tasks: Sent along; annotations of one item have one task here.

        Returns:
            ``scene`` (``id``, ``reference_id``, ``metadata``, ``type``, ``fileLocation``) and
            ``annotations``: by track ``label``, ``name`` and ``frames``, each with ``left``,
            ``top``, ``width``, ``height``, ``key`` (index of the frame) and ``metadata``.

        Raises:
            InvalidInputError: The page size is out of range.
        """
        if not 1 <= page_size <= _MOST_PAGE:
            raise InvalidInputError(f"page_size is {page_size}: use 1 to {_MOST_PAGE}")
        pages = paged(
            self._client,
            f"dataset/{segment(self.id)}/exportForTrainingByScene",
            page_size,
            rows="data",
            sliceId=slice_id,
            onlyMostRecentTask=only_most_recent_tasks,
        )
        return (row for page in pages for row in page)
