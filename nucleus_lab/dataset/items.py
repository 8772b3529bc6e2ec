"""Adding items to a dataset, changing their metadata, and deleting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.bulk import collector_paused, listed
from nucleus_lab.dataset.base import segment
from nucleus_lab.dataset.directory import directory_items
from nucleus_lab.dataset.scenes import SceneMethods
from nucleus_lab.dataset.uploads import (
    EMBEDDED_ROWS,
    file_part,
    files_a_request,
    metadata_entries,
    positive,
    refuse_duplicates,
    refuse_missing,
    upload_in_background,
    with_progress,
)
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.scene import Scene
from nucleus_lab.upload_response import UploadResponse


class ItemMethods(SceneMethods):
    """Add, change and delete items."""

    @overload
    def append(
        self,
        items: Sequence[DatasetItem],
        update: bool = False,
        batch_size: int = 20,
        asynchronous: Literal[False] = False,
        local_files_per_upload_request: int = 10,
    ) -> UploadResponse: ...

    @overload
    def append(
        self,
        items: Sequence[DatasetItem] | Sequence[Scene],
        update: bool = False,
        batch_size: int = 20,
        *,
        asynchronous: Literal[True],
        local_files_per_upload_request: int = 10,
    ) -> AsyncJob: ...

    def append(
        self,
        items: Sequence[DatasetItem] | Sequence[Scene],
        update: bool = False,
        batch_size: int = 20,
        asynchronous: bool = False,
        local_files_per_upload_request: int = 10,
    ) -> UploadResponse | AsyncJob:
        """Add items, or scenes.

        An item or scene is known by its reference id. One that the dataset has already is ignored,
        or with ``update`` takes the metadata of the new one in place of its own. The frames of a
        scene cannot be changed: such an update is refused for the scene, and the job says so::

            job = dataset.append([LidarScene("crossing", frames)], asynchronous=True)
            job.sleep_until_complete()

        Args:
            items: Items with a local picture, a URL, or a mixture; or lidar scenes; or video
                scenes. A dataset takes items or scenes, never both.
            update: Replace the metadata of items that exist.
            batch_size: Items with a URL in one request; only matters over HTTP.
            asynchronous: Work in the background; all single items must have URLs. Needed for
                scenes, whose local pictures, point clouds and videos are sent first.
            local_files_per_upload_request: Local pictures in one request, 1 to 10.

        Returns:
            What became of the items; the job with ``asynchronous``. A picture that cannot be read
            is counted in ``upload_errors`` and named there, the others are kept.

        Raises:
            InvalidInputError: The items do not fit the dataset; nothing was added.
            DuplicateIDError: A reference id stands twice; nothing was added.
            MediaError: A local file does not exist; nothing was added.
        """
        given: list[Any] = listed("items", items, "items, or of scenes")
        if given and isinstance(given[0], Scene):
            if not asynchronous:
                self._check_scenes(given)
                raise InvalidInputError(
                    "scenes are uploaded in the background: pass asynchronous=True, and wait for "
                    "the job it returns"
                )
            return self._append_scenes_later(given, update)
        remote, local = self._sort(given)
        positive("batch_size", batch_size)
        if asynchronous:
            if local:
                raise InvalidInputError(
                    f"item {local[0].reference_id!r} has the local picture "
                    f"{local[0].image_location!r}: "
                    "with asynchronous=True all items need URLs; leave it out to upload local files"
                )
            with collector_paused():
                payloads = [item.to_payload() for item in remote]
            route = f"dataset/{segment(self.id)}/append"
            return upload_in_background(self._client, self.id, payloads, route, {"update": update})
        files = files_a_request(self._client, local_files_per_upload_request)
        return self._append_now(remote, local, update, batch_size, files)

    def _append_now(
        self,
        remote: list[DatasetItem],
        local: list[DatasetItem],
        update: bool,
        batch_size: int,
        files: int,
    ) -> UploadResponse:
        result = UploadResponse(self.id)
        size = EMBEDDED_ROWS if self._client.embedded else batch_size
        for batch in with_progress(self._client, remote, size, "items"):
            with collector_paused():
                payload = {"items": [item.to_payload() for item in batch], "update": update}
                result.update_response(self._ask(payload, "append"))
        for batch in with_progress(self._client, local, files, "pictures"):
            listed = [{**item.to_payload(), "update": update} for item in batch]
            parts = [file_part("image", item.location) for item in batch]
            result.update_response(self._ask(listed, "append", files=parts))
        return result

    def _sort(self, items: list[Any]) -> tuple[list[DatasetItem], list[DatasetItem]]:
        """Refuse what does not fit before anything is sent; part URLs from local files."""
        for index, item in enumerate(items):
            if not isinstance(item, DatasetItem):
                kind = type(item).__name__
                remedy = (
                    "items and scenes belong into datasets of their own"
                    if isinstance(item, Scene)
                    else "use nucleus_lab.DatasetItem"
                )
                raise InvalidInputError(f"items[{index}] is a {kind}: {remedy}")
        if self.is_scene:
            raise InvalidInputError(
                f"dataset {self.id} holds scenes and takes no single items: "
                "make one with create_dataset(name, is_scene=False)"
            )
        refuse_duplicates(
            "reference id",
            (item.reference_id for item in items),
            "give each item one of its own; nothing was added",
        )
        local = [item for item in items if item.local]
        remote = [item for item in items if not item.local] if local else items
        refuse_missing((item.reference_id, item.location) for item in local)
        if self.use_privacy_mode:
            _check_privacy(items, local)
        return remote, local

    def add_items_from_dir(
        self,
        dirname: str | None = None,
        existing_dirname: str | None = None,
        privacy_mode_proxy: str = "",
        allowed_file_types: Sequence[str] = ("png", "jpg", "jpeg"),
        skip_size_warning: bool = False,
        update_items: bool = False,
    ) -> UploadResponse:
        """Add every picture of a folder and the folders in it.

        The reference id of an item is its path relative to the folder.

        Args:
            dirname: Folder.
            existing_dirname: The same, where it is known to exist.
            privacy_mode_proxy: URL that serves the folder, for a dataset in privacy mode.
            allowed_file_types: File name extensions, in any case.
            skip_size_warning: Allow more than 500 files.
            update_items: Replace the metadata of items that exist.

        Returns:
            What became of the items.

        Raises:
            InvalidInputError: No folder was given.
        """
        folder = existing_dirname or dirname
        if not folder:
            raise InvalidInputError("add_items_from_dir needs a folder: pass dirname")
        proxy = privacy_mode_proxy if self.use_privacy_mode else None
        items = directory_items(folder, allowed_file_types, skip_size_warning, proxy)
        return self.append(items, update=update_items)

    def update_item_metadata(
        self, mapping: Mapping[str, Mapping[str, Any]], asynchronous: bool = False
    ) -> Any:
        """Merge new values into the metadata of items.

        A key that an item has takes the new value; its other keys stay. ``camera_params`` is set
        in the same way, to ``CameraParams`` or a mapping; ``None`` takes the camera away::

            dataset.update_item_metadata({"front/1": {"weather": "fog", "camera_params": None}})

        Args:
            mapping: Reference id to the keys and values to set.
            asynchronous: Work in the background.

        Returns:
            The answer of the route; the job with ``asynchronous``.
        """
        entries = metadata_entries(mapping)
        answer = self._ask(
            {"metadata": entries, "level": "item"}, f"metadata?async={int(asynchronous)}"
        )
        return AsyncJob.from_json(answer, self._client) if asynchronous else answer

    def delete_item(self, reference_id: str) -> dict[str, Any]:
        """Delete an item with its annotations and predictions.

        Args:
            reference_id: The caller's id of the item.

        Returns:
            The answer of the route.
        """
        answer: dict[str, Any] = self._ask({}, f"refloc/{segment(reference_id)}", "DELETE")
        return answer


def _check_privacy(items: list[DatasetItem], local: list[DatasetItem]) -> None:
    if local:
        raise InvalidInputError(
            f"item {local[0].reference_id!r} has the local picture {local[0].image_location!r}, "
            "and a dataset in privacy mode keeps no pictures: give the URL that serves it",
            reference_id=local[0].reference_id,
        )
    for item in items:
        if not item.width or not item.height:
            raise InvalidInputError(
                f"item {item.reference_id!r} has no width and height: a dataset in privacy mode "
                "cannot read them from the picture, so give both in pixels",
                reference_id=item.reference_id,
            )
