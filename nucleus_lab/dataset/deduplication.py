"""Pictures of a dataset that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.deduplication import DeduplicationJob
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.similar import check_threshold


class DeduplicationMethods(DatasetBase):
    """Find duplicates."""

    def deduplicate(
        self, threshold: int, reference_ids: Sequence[str] | None = None
    ) -> DeduplicationJob:
        """Find items of which no two look alike; nothing is deleted.

        Pictures are compared by their perceptual hashes, so one that was resized or saved anew
        counts as the same::

            kept = dataset.deduplicate(threshold=10).result()
            dataset.create_slice("no duplicates", kept.unique_reference_ids)

        Args:
            threshold: Bits of 64 in which pictures that count as the same may differ; 0 for equal
                hashes, around 10 for pictures that look the same.
            reference_ids: Only look at these items.

        Returns:
            The job; :meth:`DeduplicationJob.result` waits for it. Items whose pictures the
            workspace cannot read are kept and named in its ``errors()``.

        Raises:
            InvalidInputError: The threshold is out of range, or the list is empty.
        """
        return self._deduplicate(threshold, "reference_ids", reference_ids)

    def deduplicate_by_ids(
        self, threshold: int, dataset_item_ids: Sequence[str]
    ) -> DeduplicationJob:
        """Find, among some items, those of which no two look alike; nothing is deleted.

        Args:
            threshold: As for :meth:`deduplicate`.
            dataset_item_ids: Ids of the items to look at.

        Returns:
            The job.

        Raises:
            InvalidInputError: The threshold is out of range, or the list is empty.
        """
        return self._deduplicate(threshold, "dataset_item_ids", list(dataset_item_ids))

    def _deduplicate(
        self, threshold: int, key: str, wanted: Sequence[str] | None
    ) -> DeduplicationJob:
        payload: dict[str, Any] = {"threshold": check_threshold(threshold)}
        if wanted is not None:
            if not wanted:
                raise InvalidInputError(f"{key} is empty: give at least one, or none at all")
            payload[key] = list(wanted)
        return DeduplicationJob.from_json(self._ask(payload, "deduplicate_async"), self._client)
