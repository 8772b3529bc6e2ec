"""Imports of formats that hold scenes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from nucleus_lab.bulk import batches
from nucleus_lab.columns import Collection
from nucleus_lab.dataset.import_report import ImportReport
from nucleus_lab.dataset.predictions import PredictionMethods
from nucleus_lab.dataset.scenes import SceneMethods
from nucleus_lab.errors import MediaError

_SCENES: Final = 16
_OBJECTS: Final = 20_000


class SceneImportMethods(SceneMethods, PredictionMethods):
    """Send the scenes that a format was read as."""

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
