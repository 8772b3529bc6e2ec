"""Finding pictures that look alike: the job, and what it found."""

from __future__ import annotations

from dataclasses import dataclass

from nucleus_lab.async_job import AsyncJob


@dataclass(frozen=True, slots=True)
class DeduplicationStats:
    """How much there was and how much is left.

    Args:
        threshold: Bits in which pictures that count as the same may differ.
        original_count: Items that were looked at.
        deduplicated_count: Items that are left.
    """

    threshold: int
    original_count: int
    deduplicated_count: int


@dataclass(frozen=True, slots=True)
class DeduplicationResult:
    """Items of which no two look alike.

    Args:
        unique_item_ids: Their ids.
        unique_reference_ids: Their reference ids in the same order.
        stats: How many there were and how many are left.
    """

    unique_item_ids: list[str]
    unique_reference_ids: list[str]
    stats: DeduplicationStats


class DeduplicationJob(AsyncJob):
    """A job that looks for duplicates, see :meth:`Dataset.deduplicate`.

    ::

        result = dataset.deduplicate(threshold=10).result()
        result.unique_reference_ids
    """

    def result(self, wait_for_completion: bool = True) -> DeduplicationResult:
        """Ask for what was found.

        Args:
            wait_for_completion: Wait for the end of the job first.

        Returns:
            The items to keep.

        Raises:
            JobError: The job ended with an error, or has not ended yet.
        """
        message = self._final_message(wait_for_completion)
        return DeduplicationResult(
            message["unique_item_ids"],
            message["unique_reference_ids"],
            DeduplicationStats(**message["stats"]),
        )
