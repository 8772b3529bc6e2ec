"""Imports and exports of formats that hold scenes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from nucleus_lab.bulk import batches
from nucleus_lab.columns import Collection
from nucleus_lab.dataset.import_report import ImportReport
from nucleus_lab.dataset.pictures import PictureMethods
from nucleus_lab.dataset.point_clouds import PointCloudMethods
from nucleus_lab.dataset.predictions import PredictionMethods
from nucleus_lab.dataset.reading import ReadingMethods
from nucleus_lab.dataset.scenes import SceneMethods
from nucleus_lab.errors import MediaError

_SCENES: Final = 16
_OBJECTS: Final = 20_000


class SceneImportMethods(
    SceneMethods, PredictionMethods, ReadingMethods, PictureMethods, PointCloudMethods
):
    """Send the scenes that a format was read as, and gather those that one is to write."""

    def _import_scenes(
        self,
        collection: Collection,
        report: ImportReport,
        update: bool,
        progress: Callable[[int, int], object] | None,
    ) -> None:
        self._check_scenes(collection.scenes)
        done, lost = 0, set[str]()
        for group in batches(collection.scenes, _SCENES):
            lost |= self._import_group(list(group), report, update)
            done += len(group)
            if progress:
                progress(done, len(collection.scenes))
        kept = [value for value in collection.others if value.reference_id not in lost]
        for values in batches(kept, _OBJECTS):
            report.add_objects_answer(self.annotate(values, update=update))

    def _scene_collection(self) -> Collection:
        """Read the scenes with the ground truth of their items."""
        collection = Collection(read_file=self._scene_file)
        collection.scenes = [self.get_scene(scene.reference_id) for scene in self.scenes]
        for row in self.items_and_annotation_generator():
            for values in row["annotations"].values():
                collection.others += values
        return collection

    def _scene_file(self, item: Any) -> bytes:
        if item.pointcloud_location:
            return self.pointcloud(item.dataset_item_id).astype("<f4").tobytes()
        return self.image_bytes(item.dataset_item_id)

    def _import_group(self, scenes: list[Any], report: ImportReport, update: bool) -> set[str]:
        """Send scenes; one whose files cannot be taken loses none of the others.

        Returns:
            Reference ids of the items that are not in the dataset now.
        """
        try:
            report.add_scenes_answer(self._append_scenes_now(scenes, update))
        except MediaError as fault:
            if len(scenes) > 1:
                lost: set[str] = set()
                for scene in scenes:
                    lost |= self._import_group([scene], report, update)
                return lost
            report.problems.append(f"scene {scenes[0].reference_id}: {fault.message}")
            return {str(item.reference_id) for item in scenes[0].get_items()}
        return set()
