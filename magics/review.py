"""Review: look through pictures and say which are right."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.magics.composing import with_condition
from nucleus_lab.magics.slicing import reference_ids_of
from nucleus_lab.query_help import QueryWarning

if TYPE_CHECKING:
    from nucleus_lab import Dataset, Model, Slice

STATUS: Final = "review_status"
"""Key of item metadata that a review writes; ``accepted`` and ``rejected`` are its values."""

_OPEN: Final = f"metadata.{STATUS} IS NULL"
_A_REQUEST: Final = 10_000
_COLOURS: Final = {
    "accepted": "var(--jp-success-color1,#2e7d32)",
    "rejected": "var(--jp-error-color1,#c62828)",
}


class Review:
    """Items to look through; what is ticked gets accepted or rejected.

    ::

        review = %nucleus review
        review.gallery.selected = ["1.jpg"]
        review.reject()

    A decision is item metadata: ``metadata.review_status = "rejected"`` is a query like any other,
    and an item that is decided leaves the list.

    Args:
        dataset: The dataset.
        query: Only items that match.
        params: Values of ``{name}`` in the query.
        chosen: Only items of this slice.
        model: Draw the predictions of this model.
        everything: Show items that were reviewed before, too.
        thumbnail_size: Width of a tile in pixels.

    Attributes:
        dataset: As given.
        gallery: The pictures; ``gallery.selected`` is what the decisions are about.

    Raises:
        QueryError: The query cannot be read.
    """

    def __init__(
        self,
        dataset: Dataset,
        query: str = "",
        *,
        params: Mapping[str, Any] | None = None,
        chosen: Slice | None = None,
        model: Model | None = None,
        everything: bool = False,
        thumbnail_size: int = 180,
    ) -> None:
        from nucleus_lab.widgets import Gallery

        self.dataset = dataset
        self._query, self._params, self._model = query, dict(params or {}), model
        self._slice_id = chosen.id if chosen is not None else None
        if query:
            dataset.count(query, model=model, params=self._params)  # a fault points into the query
        shown = query if everything else with_condition(query, _OPEN)
        self.gallery = Gallery(
            dataset,
            query=shown,
            slice=chosen,
            model=model,
            params=self._params,
            thumbnail_size=thumbnail_size,
        )
        self._deciding = threading.RLock()
        self._bar: Any = None
        self._text: Any = None
        self._buttons: list[Any] = []
        self._seen: dict[str, int] = {}

    def accept(self, reference_ids: Sequence[str] | None = None) -> int:
        """Accept items.

        Args:
            reference_ids: The items; those that are ticked in the gallery without them.

        Returns:
            How many.
        """
        return self._decide("accepted", reference_ids)

    def reject(self, reference_ids: Sequence[str] | None = None) -> int:
        """Reject items.

        Args:
            reference_ids: The items; those that are ticked in the gallery without them.

        Returns:
            How many.
        """
        return self._decide("rejected", reference_ids)

    def accept_rest(self) -> int:
        """Accept all items of the list that are not ticked, and reject those that are.

        Returns:
            How many were accepted.
        """
        with self._deciding:
            ticked = set(self.gallery.selected)
            ids = self.dataset.item_ids(
                self.gallery.query or None,
                slice_id=self._slice_id,
                model=self._model,
                params=self._params,
            )
            rest = [each for each in reference_ids_of(self.dataset, ids) if each not in ticked]
            if ticked:
                self._write("rejected", list(ticked))
            self._write("accepted", rest)
            self._renew()
        return len(rest)

    @property
    def counts(self) -> dict[str, int]:
        """Items by decision: ``open``, ``accepted`` and ``rejected``, of those in review."""
        with warnings.catch_warnings():
            # That no item has a decision yet is what a review begins with, and nothing to warn of.
            warnings.simplefilter("ignore", QueryWarning)
            return self._counts()

    def _counts(self) -> dict[str, int]:
        conditions = {"open": _OPEN} | {
            status: f'metadata.{STATUS} = "{status}"' for status in ("accepted", "rejected")
        }
        if not self._slice_id and not self._query:
            return {name: self.dataset.count(each) for name, each in conditions.items()}
        inside = set(
            self.dataset.item_ids(
                self._query or None, slice_id=self._slice_id, model=self._model, params=self._params
            )
        )
        return {
            name: len(inside.intersection(self.dataset.item_ids(each)))
            for name, each in conditions.items()
        }

    def _decide(self, status: str, reference_ids: Sequence[str] | None) -> int:
        if isinstance(reference_ids, str):
            reference_ids = [reference_ids]
        with self._deciding:
            chosen = list(self.gallery.selected if reference_ids is None else reference_ids)
            if not chosen:
                raise InvalidInputError(
                    "nothing is ticked: tick pictures (or press Space on them), or pass reference "
                    "ids"
                )
            self._write(status, chosen)
            self._renew()
        return len(chosen)

    def _write(self, status: str, chosen: Sequence[str]) -> None:
        for start in range(0, len(chosen), _A_REQUEST):
            part = chosen[start : start + _A_REQUEST]
            self.dataset.update_item_metadata({each: {STATUS: status} for each in part})

    def _renew(self) -> None:
        self.gallery.selected = []
        self.gallery.refresh()
        if self._text is not None:
            self._seen = self.counts  # not at each tick: counting takes longer than ticking
        self._tell()

    def _tell(self, problem: str = "") -> None:
        if self._text is None:
            return
        self._text.value = _progress(self._seen, len(self.gallery.selected), problem)
        self._enable(self._seen["open"])

    def _enable(self, open_: int) -> None:
        accept, reject, rest = self._buttons
        ticked = len(self.gallery.selected)
        accept.disabled = reject.disabled = not ticked
        rest.description = "Reject ticked, accept the rest" if ticked else "Accept all"
        rest.disabled = not open_ and not ticked

    def _state(self) -> str:
        counts = self.counts
        ticked = len(self.gallery.selected)
        parts = [f"{number:,} {name}" for name, number in counts.items()]
        return ", ".join(parts) + (f"; {ticked:,} ticked" if ticked else "")

    def __repr__(self) -> str:
        return f"Review of {self.dataset.name!r}: {self._state()}"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self._bar is None:
            self._bar = self._make_bar()
        display(self._bar)  # type: ignore[no-untyped-call]
        display(self.gallery)  # type: ignore[no-untyped-call]

    def _make_bar(self) -> Any:
        import ipywidgets

        self._text = ipywidgets.HTML()
        self._seen = self.counts
        self._buttons = []
        for label, look, icon, hint, work in (
            ("Accept ticked", "success", "check", "They are right", self.accept),
            ("Reject ticked", "danger", "times", "They are wrong", self.reject),
            ("Accept all", "", "", "Decide the whole list", self.accept_rest),
        ):
            button = ipywidgets.Button(
                description=label,
                button_style=look,
                icon=icon,
                tooltip=hint,
                layout=ipywidgets.Layout(width="auto"),
            )
            button.on_click(self._pressed(work))
            self._buttons.append(button)
        self._tell()
        self.gallery.on_selection(lambda _: self._tell())
        wrapped = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        return ipywidgets.HBox([*self._buttons, self._text], layout=wrapped)

    def _pressed(self, work: Any) -> Any:
        def press(_button: Any) -> None:
            from nucleus_lab.errors import NucleusError

            try:
                work()
            except NucleusError as fault:
                self._tell(fault.message)

        return press


def _progress(counts: Mapping[str, int], ticked: int, problem: str) -> str:
    """Draw how far the review is: a bar of three parts and the numbers."""
    from html import escape

    if problem:
        return f"<span style='color:var(--jp-error-color1,#c62828)'>{escape(problem)}</span>"
    total = sum(counts.values())
    parts, words = [], []
    for name, colour in _COLOURS.items():
        share = 100 * counts[name] / total if total else 0
        parts.append(f"<div style='width:{share:.2f}%;background:{colour}'></div>")
        words.append(f"<b>{counts[name]:,}</b> {name}")
    bar = (
        "<div style='display:flex;width:140px;height:8px;border-radius:4px;overflow:hidden;"
        f"background:var(--jp-layout-color3,#bbb)'>{''.join(parts)}</div>"
    )
    done = "" if counts["open"] else "all reviewed: "
    chosen = f" · <b>{ticked:,}</b> ticked" if ticked else ""
    said = f"{done}{' · '.join(words)} · <b>{counts['open']:,}</b> open{chosen}"
    return (
        "<div style='display:flex;align-items:center;gap:10px;margin-left:8px;line-height:28px;"
        f"color:var(--jp-ui-font-color1,inherit)'>{bar}<span>{said}</span></div>"
    )
