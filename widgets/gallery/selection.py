"""Which items of a gallery are selected, in Python and in every view of the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import traitlets

from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.widgets.base import Answer, LabWidget, answers

if TYPE_CHECKING:
    from nucleus_lab.dataset import Dataset
    from nucleus_lab.dataset_item import DatasetItem

MOST_SELECTED: Final = 20_000
"""Items that one range may select: each needs its row read for its reference id."""

_LOOKED_UP: Final = 1000


class Selectable(LabWidget):
    """A widget over a list of items that can be selected. Python keeps the truth.

    Attributes:
        selected: Reference ids of the selected items; assign to select from Python.
    """

    selected = traitlets.List(traitlets.Unicode())

    _dataset: Dataset

    def __init__(self, **traits: Any) -> None:
        self._changing = threading.RLock()
        self._news = threading.local()
        super().__init__(**traits)

    def _span(self, epoch: object, first: int, last: int) -> list[str]:
        """Ids of a run of the list; none when the list was replaced meanwhile."""
        raise NotImplementedError

    def selected_items(self) -> list[DatasetItem]:
        """Read the selected items.

        Returns:
            One item for each of ``selected`` that is still there, in that order.
        """
        chosen = self.selected
        found = self._find(chosen)
        return [found[reference_id] for reference_id in chosen if reference_id in found]

    def on_selection(self, callback: Callable[[list[str]], object]) -> Callable[[], None]:
        """Call a function whenever the selection changes, from the page or from Python.

        The call may come on another thread than the one that runs cells.

        Args:
            callback: Gets the reference ids.

        Returns:
            A function that ends it.
        """

        def follow(change: Mapping[str, Any]) -> None:
            callback(list(change["new"]))

        self.observe(follow, "selected")
        return lambda: self.unobserve(follow, "selected")

    @traitlets.validate("selected")
    def _check_selected(self, proposal: Mapping[str, Any]) -> list[str]:
        chosen = list(dict.fromkeys(proposal["value"]))
        if getattr(self._news, "change", None) is None:
            known = set(self.selected)
            fresh = [reference_id for reference_id in chosen if reference_id not in known]
            found = self._find(fresh)
            for reference_id in fresh:
                if reference_id not in found:
                    raise NotFoundError(
                        f"{self._dataset.name!r} has no item {reference_id!r}, so it cannot be "
                        "selected: `selected` takes reference ids",
                        reference_id=reference_id,
                    )
        return chosen

    def _find(self, reference_ids: Sequence[str]) -> dict[str | None, DatasetItem]:
        found: dict[str | None, DatasetItem] = {}
        for start in range(0, len(reference_ids), _LOOKED_UP):
            params = {"ids": list(reference_ids[start : start + _LOOKED_UP])}
            for item in self._dataset.query_items("reference_id IN {ids}", params=params):
                found[item.reference_id] = item
        return found

    @traitlets.observe("selected")
    def _tell_selection(self, change: Mapping[str, Any]) -> None:
        self.tell("selection", getattr(self._news, "change", None) or {"all": change["new"]})

    def _follow(self, change: dict[str, Any]) -> None:
        """Apply a change that the page made, and tell the other views of it."""
        with self._changing:
            chosen = dict.fromkeys(change.get("all", self.selected))
            for reference_id in change.get("remove") or ():
                chosen.pop(reference_id, None)
            chosen.update(dict.fromkeys(change.get("add") or ()))
            self._news.change = change
            try:
                self.selected = list(chosen)
            finally:
                self._news.change = None

    @answers("select")
    def _select(self, body: Mapping[str, Any]) -> Answer:
        wanted = ("all", "add", "remove", "by")
        self._follow({key: body[key] for key in wanted if key in body})
        return {}

    @answers("select_range")
    def _select_range(self, body: Mapping[str, Any]) -> Answer:
        first, last = int(body["first"]), int(body["last"])
        if last - first >= MOST_SELECTED:
            raise InvalidInputError(
                f"{last - first + 1:,} items are too many to select at once, {MOST_SELECTED:,} are "
                "possible: narrow the list with a query"
            )
        ids = self._span(body.get("epoch"), first, last)
        references = [
            row["reference_id"]
            for start in range(0, len(ids), 1000)
            for row in self._dataset.rows(ids[start : start + 1000])
        ]
        self._follow({"add": references})
        return {}

    @answers("selection")
    def _selection(self, _body: Mapping[str, Any]) -> Answer:
        return {"all": list(self.selected)}
