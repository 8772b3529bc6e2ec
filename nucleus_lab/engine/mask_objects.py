"""Segments of masks as objects of an evaluation: each has a label, bounds and pixels."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Table, bindparam, literal_column, select

from nucleus_lab import wire
from nucleus_lab.annotation.segmentation import MASK
from nucleus_lab.engine import datasets, labels, mask_sizes
from nucleus_lab.engine.media_references import mask_key
from nucleus_lab.engine.schema import annotation, dataset, item, prediction
from nucleus_lab.engine.statements import Statement
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

CONFIDENCE: Final = "confidence"
"""Key in the metadata of a predicted segment that says how sure the model is of it."""


def _select(table: Table) -> Any:
    columns = [table.c.id, table.c.item_id, table.c.geometry, table.c.extra]
    columns += [item.c.reference_id, item.c.width, item.c.height, dataset.c.use_privacy_mode]
    statement = (
        select(*columns)
        .join(item, item.c.id == table.c.item_id)
        .join(dataset, dataset.c.id == item.c.dataset_id)
        .where(
            table.c.type == literal_column(str(MASK.code)),
            item.c.kind == literal_column("'image'"),
            item.c.dataset_id == bindparam("dataset"),
            table.c.item_id.between(bindparam("first"), bindparam("last")),
        )
        .order_by(table.c.id)
    )
    if "model_run_id" in table.c:
        statement = statement.where(table.c.model_run_id == bindparam("run"))
    return statement


def _select_geometry(table: Table) -> Any:
    statement = (
        select(table.c.geometry)
        .join(item, item.c.id == table.c.item_id)
        .where(
            table.c.type == literal_column(str(MASK.code)),
            table.c.geometry.is_not(None),
            item.c.dataset_id == bindparam("dataset"),
        )
    )
    if "model_run_id" in table.c:
        statement = statement.where(table.c.model_run_id == bindparam("run"))
    return statement


_MASKS: Final = {
    table.name: Statement(partial(_select, table)) for table in (annotation, prediction)
}
_GEOMETRIES: Final = {
    table.name: Statement(partial(_select_geometry, table)) for table in (annotation, prediction)
}


@dataclass(slots=True)
class Segments:
    """The segments of some masks, one entry each.

    Attributes:
        item: Primary keys of the items.
        key: Primary keys of the rows of the masks.
        label: Names of the classes.
        bounds: ``x y width height`` in pixels.
        confidence: 0 to 1.
        runs: Pixels, run-length encoded.
        read: How many masks they come from.
    """

    item: list[int] = field(default_factory=list)
    key: list[int] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    bounds: list[list[float]] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    read: int = 0


class MaskObjects:
    """Reads masks for one evaluation.

    Args:
        engine: The workspace.
        tell: Told of each mask that cannot be evaluated, and why.
    """

    def __init__(self, engine: Engine, tell: Callable[[str], object]) -> None:
        self._engine = engine
        self._tell = tell
        # Of items whose size is not known: that of their first mask.
        self._sizes: dict[int, tuple[int, int]] = {}

    def prepare(self, dataset_id: int, run_id: int) -> None:
        """Give the labels of segments numbers, where both sides have masks.

        Args:
            dataset_id: Primary key of the dataset.
            run_id: Primary key of the run.
        """
        scope = {"dataset": dataset_id, "run": run_id}
        with self._engine.store.read() as connection:
            sides = [
                {
                    str(segment["label"])
                    for (geometry,) in statement.rows(connection, **_only(name, scope))
                    for segment in wire.decode(geometry).get("annotations", ())
                }
                for name, statement in _GEOMETRIES.items()
            ]
        if all(sides):
            with self._engine.store.write() as connection:
                datasets.lock(connection, dataset_id, changes=False)
                labels.keys_of(connection, dataset_id, sides[0] | sides[1])

    def read(
        self, connection: Connection, table: Table, where: dict[str, int], known: Container[str]
    ) -> Segments:
        """Read the segments of a range of items.

        Args:
            connection: The open transaction.
            table: Annotations or predictions.
            where: ``dataset``, ``run``, ``first`` and ``last`` item.
            known: Labels that have numbers; one that came after :meth:`prepare` has none yet.

        Returns:
            The segments that have a pixel; masks that cannot be read, and those that have not the
            size of their picture, are told and left out.
        """
        found = Segments()
        for row in _MASKS[table.name].rows(connection, **_only(table.name, where)):
            key, item_id, geometry, extra, name, width, height, private = row
            if geometry is None:
                continue
            mask = wire.decode(geometry)
            source = Source(str(mask["mask_url"]), mask_key(geometry, extra), bool(private))
            try:
                pixels = self._pixels(source, name, item_id, (width, height))
            except NucleusError as fault:
                self._tell(f"the mask of item {name!r} was not evaluated: {fault.message}")
                continue
            segments = [each for each in mask.get("annotations", ()) if each["label"] in known]
            _add(found, pixels, segments, item_id, key)
            found.read += 1
        return found

    def _pixels(self, source: Source, name: str, item_id: int, size: tuple[Any, Any]) -> Any:
        from nucleus_lab.annotation import mask_pictures

        content = self._engine.media.thumbnails.original(source)
        most = self._engine.settings.max_pixels
        pixels = mask_pictures.read(content, source.location, most)
        found = (pixels.shape[1], pixels.shape[0])
        wanted = self._sizes.setdefault(item_id, found) if None in size else size
        mask_sizes.check(found, wanted, source.location, name)
        return pixels


def _only(table: str, where: dict[str, int]) -> dict[str, int]:
    return {key: value for key, value in where.items() if key != "run" or table == prediction.name}


def _add(
    found: Segments, pixels: Any, segments: Sequence[dict[str, Any]], item_id: int, key: int
) -> None:
    from hotcoco import mask as codec

    for segment in segments:
        shape = pixels == int(segment["index"])
        if not shape.any():
            continue
        runs = codec.encode(shape)
        found.item.append(item_id)
        found.key.append(key)
        found.label.append(str(segment["label"]))
        found.bounds.append(codec.to_bbox([runs])[0].tolist())
        found.confidence.append(_confidence(segment))
        found.runs.append(runs)


def _confidence(segment: dict[str, Any]) -> float:
    # As elsewhere, what says nothing of how sure it is counts as certain.
    given = (segment.get("metadata") or {}).get(CONFIDENCE)
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= 1:
        return float(given)
    return 1.0
