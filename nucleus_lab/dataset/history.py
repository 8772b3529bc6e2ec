"""Deleted ground truth of a dataset: listing it and bringing it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from nucleus_lab.annotation import Annotation
from nucleus_lab.bulk import batches, collector_paused
from nucleus_lab.dataset.base import DatasetBase, segment
from nucleus_lab.slice.rows import paged

RESTORED_AT_ONCE: Final = 10_000


class HistoryMethods(DatasetBase):
    """Undo the deletion of annotations."""

    def deleted_annotations(
        self, reference_ids: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """List the annotations that :meth:`delete_annotations` took away and kept.

        Args:
            reference_ids: Only those of these items.

        Returns:
            Of each ``id``, ``annotation`` (a value) and ``deleted_at`` (a datetime in UTC).
        """
        wanted = None if reference_ids is None else list(reference_ids)
        pages = paged(
            self._client,
            f"lab/dataset/{segment(self.id)}/deletedAnnotations",
            10_000,
            rows="annotations",
            reference_ids=wanted,
        )
        with collector_paused():
            return [
                {
                    "id": row["id"],
                    "annotation": Annotation.from_json(row["annotation"]),
                    "deleted_at": datetime.fromisoformat(row["deleted_at"]),
                }
                for page in pages
                for row in page
            ]

    def restore_annotations(self, annotation_ids: Sequence[str]) -> dict[str, Any]:
        """Bring deleted annotations back, under the ids that they had.

        They are not put back into slices that held them::

            dataset.restore_annotations([row["id"] for row in dataset.deleted_annotations()])

        Args:
            annotation_ids: Ids, each starts with ``ann_``.

        Returns:
            ``dataset_id``, ``annotations_restored``, ``annotations_ignored`` and, where an item
            has another annotation with the same ``annotation_id`` by now, ``errors``.
        """
        answer: dict[str, Any] = {
            "dataset_id": self.id,
            "annotations_restored": 0,
            "annotations_ignored": 0,
        }
        for batch in batches(annotation_ids, RESTORED_AT_ONCE):
            part = self._ask_lab({"annotation_ids": batch}, "restoreAnnotations")
            answer["annotations_restored"] += part["annotations_restored"]
            answer["annotations_ignored"] += part["annotations_ignored"]
            if "errors" in part:
                answer.setdefault("errors", []).extend(part["errors"])
        return answer
