"""What a query cell returns: the matches, their count, and ways to go on with them."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nucleus_lab.errors import InvalidInputError, NucleusError
from nucleus_lab.magics import reading
from nucleus_lab.magics.composing import with_condition, with_limit
from nucleus_lab.magics.frame import data_frame, item_rows, object_rows
from nucleus_lab.magics.notices import query_warnings
from nucleus_lab.magics.result_table import objects_table
from nucleus_lab.magics.session import Settings
from nucleus_lab.magics.slicing import make_slice, reference_ids_of

if TYPE_CHECKING:
    from nucleus_lab import Dataset, Model, Slice
    from nucleus_lab.query_help import QueryExplanation

_ROWS = 1000
_NOUNS = {"items": ("item", "items"), "scenes": ("scene", "scenes")} | {
    level: (noun, f"{noun}{plural}")
    for level, noun, plural in (
        ("annotations", "annotation", "s"),
        ("predictions", "prediction", "s"),
        ("matches", "match", "es"),
    )
}


class QueryResult:
    """The answer to a query: a sequence of items, objects or scenes.

    ::

        result = %nucleus_query annotations.car > 3
        len(result), result[0], result[:10], result.reference_ids
        result.refine("metadata.weather = fog").create_slice("cars in fog")

    Args:
        dataset: The dataset that was asked.
        query: The text of the query.
        model: Model that the query spoke of, or ``None``.
        ids: Ids of the matching items, in their order; ``None`` for a query of objects or scenes.
        objects: The matching objects or scenes; ``None`` for a query of items.
        level: What was asked for, such as ``items`` or ``matches``.
        params: Values of ``{name}`` in the query.
        limit: Rows to show and return at most; ``None`` for all.
        settings: How to show them.
        iou: Overlap from which a pair of an evaluation counts; ``None`` as it was stored.
        query_type: Of matches, which ones.

    Attributes:
        dataset: As given.
        query: As given.
        level: As given.
        params: As given.
        limit: As given.
        seconds: How long the answer took.
        shows_warnings: What is to be said about the query stands above the shown result.
    """

    shows_warnings = True

    def __init__(  # noqa: PLR0913 - what a query was asked with
        self,
        dataset: Dataset,
        query: str,
        model: Model | None,
        *,
        ids: list[str] | None = None,
        objects: list[Any] | None = None,
        level: str = "items",
        params: Mapping[str, Any] | None = None,
        limit: int | None = None,
        settings: Settings | None = None,
        iou: float | None = None,
        query_type: str = "",
    ) -> None:
        self.dataset = dataset
        self.query = query
        self.level = level
        self.params = dict(params or {})
        self.limit = limit
        self.seconds = 0.0
        self._model = model
        self._found = ids
        self._begun: Any = None
        self._objects = objects
        self._settings = settings or Settings()
        self._iou = iou
        self._query_type = query_type

    def __len__(self) -> int:
        return len(self._ids if self._ids is not None else self._objects or [])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items() if self._ids is not None else self._objects or [])

    def __getitem__(self, at: int | slice) -> Any:
        if self._ids is None:
            return (self._objects or [])[at]
        if isinstance(at, slice):
            return self._read(self._ids[at])
        return self._read([self._ids[at]])[0]

    def begin(self) -> QueryResult:
        """Find the first items now, and the others when this is shown or used.

        Returns:
            This result, of a query of items without a limit.
        """
        gallery = self.gallery()
        if gallery.empty:
            self._found, self.seconds = [], gallery.seconds
            gallery.close()
        else:
            self._begun = gallery
        return self

    @property
    def _ids(self) -> list[str] | None:
        if self._found is None and self._begun is not None:
            self._found, self.seconds = self._begun.ids, self._begun.seconds
        return self._found

    @property
    def ids(self) -> list[str]:
        """Ids of the matching items, in the order of the query.

        Raises:
            InvalidInputError: The query was about objects or scenes.
        """
        if self._ids is None:
            raise InvalidInputError(
                f"this result holds {self.level}, not items: iterate over it instead"
            )
        return self._ids

    @property
    def reference_ids(self) -> list[str]:
        """Reference ids of the matching items; of objects and matches, those of their items.

        Raises:
            InvalidInputError: The query was about scenes.
        """
        if self._ids is not None:
            return reference_ids_of(self.dataset, self._some(self._ids))
        found = self._some(self._objects or [])
        if self.level == "matches":
            ids = list(dict.fromkeys(each.dataset_item_id for each in found))
            return reference_ids_of(self.dataset, ids)
        if self.level == "scenes":
            raise InvalidInputError("this result holds scenes, not items: iterate over it instead")
        return list(dict.fromkeys(each.reference_id for each in found if each.reference_id))

    def _some(self, rows: list[Any]) -> list[Any]:
        return rows if self.limit is None else rows[: self.limit]

    def _read(self, ids: list[str]) -> list[Any]:
        found: dict[str | None, Any] = {}
        for start in range(0, len(ids), _ROWS):
            params = {"ids": ids[start : start + _ROWS]}
            for item in self.dataset.query_items("id IN {ids}", params=params):
                found[item.reference_id] = item
        names = reference_ids_of(self.dataset, ids)
        return [found[name] for name in names if name in found]

    def items(self) -> list[Any]:
        """Read the matching rows.

        Returns:
            DatasetItems in the order of the query; or the objects, of a query of objects.
        """
        if self._ids is None:
            return self._some(self._objects or [])
        query = self.query if self.limit is None else with_limit(self.query, self.limit)
        found = self.dataset.query_items(
            query, model=self._model, params=self.params, iou_threshold=self._iou
        )
        return self._some(list(found))

    def frame(self) -> Any:
        """Read the matching rows into a pandas table.

        Returns:
            A DataFrame: a row an item or object, a column a metadata key.
        """
        if self._ids is None:
            return data_frame(object_rows(self._some(self._objects or [])))
        ids = self._some(self._ids)
        return data_frame(item_rows(self.dataset.rows(ids)))

    def gallery(self) -> Any:
        """Show the matching items; of objects, the items that they are on.

        Returns:
            The gallery widget.
        """
        from nucleus_lab.widgets import Gallery

        query, params = self.query, self.params
        if self.level != "items":
            query, params = "ref_id IN {found}", {"found": self.reference_ids}
        elif self._iou is not None:  # the gallery knows no threshold: show what was found
            query, params = "id IN {found}", {"found": self._some(self._ids or [])}
        elif self.limit is not None:
            query = with_limit(query, self.limit)
        return Gallery(
            self.dataset,
            query=query,
            model=self._model,
            params=params,
            thumbnail_size=self._settings.thumbnail_size,
        )

    def create_slice(self, name: str) -> Slice:
        """Keep the matching items as a slice.

        Args:
            name: Name of the new slice, unique in the dataset.

        Returns:
            The slice; of a query of objects, it holds their items.
        """
        return make_slice(self.dataset, name, self.reference_ids)

    def refine(self, condition: str, **params: Any) -> QueryResult:
        """Ask on, with one more condition.

        Args:
            condition: The condition.
            **params: Values of ``{name}`` in it.

        Returns:
            The items that satisfy both.
        """
        query, values = with_condition(self.query, condition), self.params | params
        ids = self.dataset.item_ids(
            query, model=self._model, params=values, iou_threshold=self._iou
        )
        return QueryResult(
            self.dataset,
            query,
            self._model,
            ids=ids,
            params=values,
            settings=self._settings,
            iou=self._iou,
        )

    def explain(self) -> QueryExplanation:
        """Explain how the query was read.

        Returns:
            The explanation.
        """
        return self.dataset.explain(
            self.query,
            level=self.level,
            model=self._model,
            params=self.params,
            match_type=self._query_type if self.level == "matches" else "",
            iou_threshold=self._iou,
        )

    def _summary(self) -> str:
        noun = _NOUNS[self.level][len(self) != 1]
        return f"{len(self):,} {noun} in {1000 * self.seconds:.0f} ms"

    def __repr__(self) -> str:
        return f"QueryResult({self.query!r}: {self._summary()})"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self._begun is not None:
            self._display_begun()
            return
        head = self._head()
        # The count first: what follows may take a while on a large dataset.
        shown = _Block(head, repr(self))
        handle = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        with query_warnings():  # they stand in the explanation
            self._display_rows()
            handle.update(self._explained(head))

    def _display_begun(self) -> None:
        """Show the first items, then the count, then how the query was read."""
        from IPython.display import display

        wait = "The first matches; counting …"
        shown = _Block(reading.headline(wait, self.query), wait)
        handle = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        with query_warnings():
            display(self._begun)  # type: ignore[no-untyped-call]
            head = self._head()
            handle.update(_Block(head, repr(self)))
            handle.update(self._explained(head))

    def _head(self) -> str:
        count, _, spent = self._summary().partition(" in ")
        line = f"{count} · {spent} · {self.dataset.name}"
        if self.limit is not None and self.limit < len(self):
            line += f" · the first {self.limit:,} are shown"
        return reading.headline(line, self.query)

    def _display_rows(self) -> None:
        from IPython.display import display

        if self._ids:
            display(self.gallery())  # type: ignore[no-untyped-call]
        elif self._ids is None:
            most = self.limit or self._settings.page_size
            table = objects_table(self.dataset, self.level, self._objects or [], most)
            display(table)  # type: ignore[no-untyped-call]

    def _explained(self, head: str) -> _Block:
        try:
            explanation = self.explain()
        except NucleusError as fault:  # a class that was deleted since, for instance
            told = f"<div>{html.escape(fault.message)}</div>"
            return _Block(head + told, f"{self!r}\n{fault.message}")
        page = head + reading.notes(explanation) + reading.folded(explanation)
        return _Block(page, f"{self!r}\n{reading.as_text(explanation)}")


class _Block:
    """HTML with a text beside it."""

    def __init__(self, page: str, text: str) -> None:
        self._page, self._text = page, text

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._page
