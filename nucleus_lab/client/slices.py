"""The slices of a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nucleus_lab.bulk import listed
from nucleus_lab.slice import Slice
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment


class SliceCalls(Connection):
    """Find, extend and delete slices."""

    @property
    def slices(self) -> list[Slice]:
        """The slices of all datasets, oldest first."""
        rows = self.make_request(None, "slice/", "GET")
        return [Slice.from_json(row, self) for row in rows]

    def get_slice(self, slice_id: str) -> Slice:
        """Make a handle to a slice; nothing is asked until it is used.

        Args:
            slice_id: Id, starts with ``slc_``.

        Returns:
            The slice.
        """
        return Slice(slice_id, self)

    def append_to_slice(
        self, slice_id: str, reference_ids: Sequence[str], dataset_id: str
    ) -> dict[str, Any]:
        """Add items of a dataset to one of its slices.

        Args:
            slice_id: Id, starts with ``slc_``.
            reference_ids: At most 10,000; those it has are left alone.
            dataset_id: Id of the dataset.

        Returns:
            ``slice_id`` and ``new_items``, the reference ids that were not in it before.
        """
        names = listed("reference_ids", reference_ids, "reference ids")
        answer: dict[str, Any] = self.make_request(
            {"reference_ids": names, "dataset_id": dataset_id},
            f"slice/{segment(slice_id)}/append",
        )
        return answer

    def delete_slice(self, slice_id: str) -> dict[str, Any]:
        """Delete a slice; its items stay in the dataset.

        Args:
            slice_id: Id, starts with ``slc_``.

        Returns:
            The answer of the route.
        """
        answer: dict[str, Any] = self.make_request({}, f"slice/{segment(slice_id)}", "DELETE")
        return answer
