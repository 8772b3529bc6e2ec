"""Tags of a dataset, and the labels that it has."""

from __future__ import annotations

from collections.abc import Sequence

from nucleus_lab.dataset.base import DatasetBase, segment


class TagMethods(DatasetBase):
    """Tag a dataset, and list its labels."""

    def get_tags(self) -> list[str]:
        """Ask for the tags.

        Returns:
            Free words in the order in which they were added.
        """
        tags: list[str] = self._ask(None, "tags", "GET")["tags"]
        return tags

    def add_tags(self, tags: Sequence[str]) -> list[str]:
        """Tag the dataset.

        Args:
            tags: Free words; those it has are left alone.

        Returns:
            All tags afterwards.

        Example:
            >>> dataset.add_tags(["street", "2026"])  # doctest: +SKIP
            ['street', '2026']
        """
        now: list[str] = self._ask({"tags": list(tags)}, "tags")["tags"]
        return now

    def remove_tags(self, tags: Sequence[str]) -> list[str]:
        """Take tags away.

        Args:
            tags: Words; those it does not have are no error.

        Returns:
            All tags that are left.
        """
        left: list[str] = self._ask({"tags": list(tags)}, "tags", "DELETE")["tags"]
        return left

    def export_class_labels(self, slice_id: str | None = None) -> list[str]:
        """Ask which labels the annotations have.

        Args:
            slice_id: Only those of this slice, which may be of any dataset.

        Returns:
            The labels, sorted.
        """
        if slice_id is None:
            labels: list[str] = self._ask(None, "class_labels", "GET")["data"]
        else:
            route = f"slice/{segment(slice_id)}/class_labels"
            labels = self._client.make_request(None, route, "GET")["data"]
        return labels
