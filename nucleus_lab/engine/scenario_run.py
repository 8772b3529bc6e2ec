"""Computing the functions of a scenario test on the items of its slice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Connection, select

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_TYPES, AnnotationList, PredictionList
from nucleus_lab.engine import media_references, slice_reading, slices
from nucleus_lab.engine.eval_functions import PREFIX
from nucleus_lab.engine.pictures import open_picture
from nucleus_lab.engine.scenario_results import Measured
from nucleus_lab.engine.schema import annotation, dataset, item, prediction
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import MediaError, NucleusError
from nucleus_lab.metrics.functions import EVAL_FUNCTIONS, EvalFunction
from nucleus_lab.metrics.segmentation_loader import SegmentationMaskLoader

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.scenario_tests import Criterion
    from nucleus_lab.engine.slices import SliceRow

_AT_ONCE: Final = 200
"""Items whose objects are in memory together."""

_MASK: Final = ANNOTATION_TYPES["mask"]


class _StoredMasks(SegmentationMaskLoader):
    """The masks of some items, by the places that stand for them in the values."""

    def __init__(self, engine: Engine, sources: dict[str, Source]) -> None:
        self._engine = engine
        self._sources = sources

    def fetch(self, url: str) -> Any:
        source = self._sources[url]
        content = self._engine.media.thumbnails.original(source)
        limit = self._engine.settings.max_pixels
        with open_picture(content, source.location, limit) as picture:
            try:
                return np.asarray(picture)
            except (OSError, SyntaxError, ValueError) as fault:
                raise MediaError(f"the mask {source.location!r} is damaged: {fault}") from fault


class _Function:
    """One function while it is computed."""

    def __init__(self, criterion: Criterion) -> None:
        self.name = criterion.function_id.removeprefix(PREFIX)
        self.known: EvalFunction = EVAL_FUNCTIONS[self.name]
        self.metric: Any = self.known.build(self.name, criterion.arguments)
        self.results: list[Any] = []
        self.measured: list[Measured] = []

    def add(
        self, item: dict[str, Any], truths: Any, found: Any, loader: _StoredMasks
    ) -> str | None:
        """Compute the result on an item; answers what went wrong."""
        if hasattr(self.metric, "loader"):
            self.metric.loader = loader
        try:
            result = self.metric.call_metric(
                *self.metric.filtered(
                    AnnotationList(**{
                        f"{group}_annotations": truths[group] for group in self.known.annotations
                    }),
                    PredictionList(**{
                        f"{group}_predictions": found[group] for group in self.known.predictions
                    }),
                )
            )
            value, weight = float(result.value), float(result.weight)
        except NucleusError as fault:
            self.measured.append(Measured(item["id"], None, 0.0, failed=True))
            return f"{self.name} failed on item {item['reference_id']!r}: {fault.message}"
        self.results.append(result)
        self.measured.append(Measured(item["id"], value if weight else None, weight))
        return None

    def whole(self) -> float | None:
        joined = self.metric.aggregate_score(self.results)
        return float(joined.value) if joined.weight else None


def compute(
    engine: Engine,
    row: SliceRow,
    run_id: int,
    criteria: Sequence[Criterion],
    *,
    done: Callable[[int], None],
    error: Callable[[str], None],
) -> list[tuple[Criterion, float | None, list[Measured]]]:
    """Compute functions on every item of a slice.

    Args:
        engine: The open workspace.
        row: The slice, of items or scenes.
        run_id: Primary key of the run whose predictions are compared.
        criteria: The functions.
        done: Told how many items are done.
        error: Told what went wrong on an item.

    Returns:
        For each function the number on the whole, ``None`` when there was nothing to compare, and
        the results on items.
    """
    functions = [_Function(criterion) for criterion in criteria]
    groups = (
        set().union(*(function.known.annotations for function in functions)),
        set().union(*(function.known.predictions for function in functions)),
    )
    masks = _MASK.group in groups[0] | groups[1]
    count = 0
    # Computed between the transactions: masks may have to be fetched.
    for truths, found, sources in _pages(engine, row, run_id, masks=masks):
        # An item may have been deleted between the two reads.
        by_item = {entry["item"]["id"]: entry for entry in found}
        loader = _StoredMasks(engine, sources)
        for given in truths:
            item = given["item"]
            if item["id"] not in by_item:
                continue
            sides = (
                _values(given, groups[0], "annotation"),
                _values(by_item[item["id"]], groups[1], "prediction"),
            )
            for function in functions:
                fault = function.add(item, *sides, loader)
                if fault is not None:
                    error(fault)
        count += len(truths)
        done(count)
    return [
        (criterion, function.whole(), function.measured)
        for criterion, function in zip(criteria, functions, strict=True)
    ]


_Rows = list[dict[str, Any]]


def _pages(
    engine: Engine, row: SliceRow, run_id: int, *, masks: bool
) -> Iterator[tuple[_Rows, _Rows, dict[str, Source]]]:
    token: str | None = None
    while True:
        sources: dict[str, Source] = {}
        with engine.store.read() as connection:
            slices.get(connection, row.public_id)  # what is half of a slice has no result
            truths, following = slice_reading.export_page(connection, row, token, _AT_ONCE)
            found, _ = slice_reading.export_page(connection, row, token, _AT_ONCE, run_id)
            if masks:
                sources = _masks(connection, [entry["item"] for entry in truths], run_id)
        yield truths, found, sources
        if following is None:
            return
        token = following


def _values(row: dict[str, Any], groups: set[str], side: str) -> dict[str, list[Any]]:
    """Make values of the payloads of an item."""
    found: dict[str, list[Any]] = {}
    for kind in ANNOTATION_TYPES.values():
        if kind.group not in groups:
            continue
        payloads = row[kind.group]
        if kind is _MASK:
            # Two items may name the same path: the place stands for the mask of this item.
            place = _place(side, row["item"]["id"])
            payloads = [{**payloads, "mask_url": place}] if payloads else []
        values = kind.annotation if side == "annotation" else kind.prediction
        found.setdefault(kind.group, []).extend(values.from_json(entry) for entry in payloads)
    return found


def _place(side: str, item_id: str) -> str:
    return f"{side}:{item_id}"


def _masks(
    connection: Connection, items: Sequence[dict[str, Any]], run_id: int
) -> dict[str, Source]:
    """Find the masks of items by the places that stand for them."""
    keys = {"keys": json_list(identifiers.decode(identifiers.ITEM, each["id"]) for each in items)}
    sources = {}
    for side, table in (("annotation", annotation), ("prediction", prediction)):
        columns = table.c
        rows = (
            select(columns.item_id, columns.geometry, columns.extra, dataset.c.use_privacy_mode)
            .join(item, item.c.id == columns.item_id)
            .join(dataset, dataset.c.id == item.c.dataset_id)
            .where(columns.type == _MASK.code, among(columns.item_id, "keys"))
        )
        if side == "prediction":
            rows = rows.where(prediction.c.model_run_id == run_id)
        for item_id, geometry, extra, private in connection.execute(rows, keys):
            source = Source(
                str(wire.decode(geometry)["mask_url"]),
                media_references.mask_key(geometry, extra),
                bool(private),
            )
            sources[_place(side, identifiers.encode(identifiers.ITEM, item_id))] = source
    return sources
