"""What a query cell returns: the matches, their count, and ways to go on with them."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from nucleus_lab import Dataset, Model, Slice

_SHOWN_OBJECTS = 20


class QueryResult:
    """The answer to a query.

    Args:
        dataset: The dataset that was asked.
        query: The text of the query.
        model: Model that the query spoke of, or ``None``.
        ids: Ids of the matching items, in dataset order; ``None`` for a query of objects.
        objects: The matching objects; ``None`` for a query of items.

    Attributes:
        dataset: As given.
        query: As given.
        seconds: How long the answer took.
        limit: Rows to show at most; ``None`` for all.
    """

    def __init__(
        self,
        dataset: Dataset,
        query: str,
        model: Model | None,
        *,
        ids: list[str] | None = None,
        objects: list[Any] | None = None,
    ) -> None:
        self.dataset = dataset
        self.query = query
        self.seconds = 0.0
        self.limit: int | None = None
        self._model = model
        self._ids = ids
        self._objects = objects

    def __len__(self) -> int:
        return len(self._ids if self._ids is not None else self._objects or [])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items() if self._ids is not None else self._objects or [])

    @property
    def ids(self) -> list[str]:
        """Ids of the matching items, in dataset order.

        Raises:
            InvalidInputError: The query was about objects.
        """
        if self._ids is None:
            raise InvalidInputError("this result holds objects, not items: iterate over it instead")
        return self._ids

    @property
    def reference_ids(self) -> list[str]:
        """Reference ids of the matching items, in dataset order."""
        return [row["reference_id"] for row in self._rows(self.ids)]

    def _rows(self, ids: list[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(ids), 1000):
            yield from self.dataset.rows(ids[start : start + 1000])

    def items(self) -> list[Any]:
        """Read the matching items.

        Returns:
            DatasetItems in dataset order.
        """
        return list(self.dataset.query_items(self.query, model=self._model))

    def gallery(self) -> Any:
        """Show the matching items.

        Returns:
            The gallery widget.
        """
        from nucleus_lab.widgets import Gallery

        return Gallery(self.dataset, query=self.query, model=self._model)

    def create_slice(self, name: str) -> Slice:
        """Keep the matching items as a slice.

        Args:
            name: Name of the new slice, unique in the dataset.

        Returns:
            The slice.
        """
        return self.dataset.create_slice(name, self.reference_ids)

    def _summary(self) -> str:
        noun = "items" if self._ids is not None else "objects"
        return f"{len(self):,} {noun} in {1000 * self.seconds:.0f} ms"

    def __repr__(self) -> str:
        return f"QueryResult({self.query!r}: {self._summary()})"

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        line = f"<b>{html.escape(self._summary())}</b>"
        shown = HTML(  # type: ignore[no-untyped-call]
            f"<div>{line} <code style='opacity:.75'>{html.escape(self.query)}</code></div>",
            metadata={},
        )
        display(shown)  # type: ignore[no-untyped-call]
        if self._ids is not None:
            if self._ids:
                display(self.gallery())  # type: ignore[no-untyped-call]
            return
        from nucleus_lab.magics.table import Table

        objects = self._objects or []
        first = objects[: self.limit or _SHOWN_OBJECTS]
        rows = [
            (
                getattr(found, "reference_id", ""),
                getattr(found, "label", ""),
                type(found).__name__,
                getattr(found, "annotation_id", "") or "",
            )
            for found in first
        ]
        display(Table(["item", "label", "kind", "annotation id"], rows, first, "nothing matches"))  # type: ignore[no-untyped-call]
        if len(first) < len(objects):
            display(HTML(f"<p>the first {len(first)} of {len(objects):,}</p>"))  # type: ignore[no-untyped-call]
