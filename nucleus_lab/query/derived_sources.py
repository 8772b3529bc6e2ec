"""Fields that come from other rows: what a track is about, the lidar points in a cuboid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from nucleus_lab.query.bound import FieldValue
from nucleus_lab.query.context import Context
from nucleus_lab.query.dialects import Clause
from nucleus_lab.query.scores import Scores, asked
from nucleus_lab.query.sql import NULL, ONE, Sql, and_, call, cast, template
from nucleus_lab.query.sql_select import Row, Select, select
from nucleus_lab.query.values import DOUBLE, SqlValue

Builder = Callable[[Context, FieldValue, Row], SqlValue]


def static_value(
    field: FieldValue,
    sql: Sql,
    equals: Callable[[str], Clause] | None = None,
    among: Callable[[Sequence[str]], Clause] | None = None,
) -> SqlValue:
    """Make a value of one type.

    Args:
        field: The field.
        sql: Its expression.
        equals: A faster way to compare with text, where there is one.
        among: A faster way to look for it among texts, where there is one.

    Returns:
        The value.
    """
    if among is not None and equals is None:
        equals = lambda text: among([text])  # noqa: E731 - what is asked most is one text
    return SqlValue(field.field.kind, field.name, field.place, sql, equals=equals, among=among)


def _missing(_context: Context, field: FieldValue, _row: Row) -> SqlValue:
    return static_value(field, cast(NULL, DOUBLE))


def _similarity(context: Context, field: FieldValue, row: Row) -> SqlValue:
    scores = context.catalog.scores(*asked(field))
    if not isinstance(scores, Scores):
        raise TypeError("the query was read for another state of the index")
    name = context.names.next("likeness")
    return static_value(field, context.dialect.score(row.c.id, scores, name))


def _points(context: Context, field: FieldValue, row: Row) -> SqlValue:
    """Lidar points inside a cuboid, as counted by the engine before the query runs."""
    counted = context.alias("cuboid_points", "counted")
    member = "prediction" if field.scope.root.kind == "predictions" else "annotation"
    number = (
        select(counted.c.points)
        .select_from(counted)
        .where(counted.c.member == member, counted.c.member_id == row.c.id)
    )
    return static_value(field, number.scalar_subquery())


def _objects_of_track(context: Context, row: Row) -> tuple[Row, Row, Clause]:
    """Annotations of a track, with their items."""
    shown, frames = context.alias("annotation", "tracked"), context.alias("item", "frame")
    linked = and_(
        shown.c.track_reference_id == row.c.reference_id,
        frames.c.id == shown.c.item_id,
        frames.c.dataset_id == row.c.dataset_id,
    )
    return shown, frames, linked


def _track_length(context: Context, field: FieldValue, row: Row) -> SqlValue:
    """Frames with an object of the track: one for all sensors of a moment of a scene."""
    shown, frames, linked = _objects_of_track(context, row)
    moment = template(
        "count(DISTINCT CASE WHEN {} IS NULL THEN -{} ELSE {} * CAST(16777216 AS BIGINT) "
        "+ coalesce({}, 0) END)",
        frames.c.scene_id,
        frames.c.id,
        frames.c.scene_id,
        frames.c.frame,
    )
    number = select(moment).select_from(shown, frames).where(linked)
    return static_value(field, number.scalar_subquery())


def _track_label(context: Context, field: FieldValue, row: Row) -> SqlValue:
    """Every class of its objects: a comparison holds when one of them does."""

    def names() -> tuple[Row, Row, Callable[[Sql], Select]]:
        shown, frames, linked = _objects_of_track(context, row)
        labels = context.alias("label", "label")

        def selected(what: Sql) -> Select:
            tables = select(what).select_from(shown, frames, labels)
            return tables.where(linked, labels.c.id == shown.c.label_id)

        return shown, labels, selected

    def some(test: Callable[[SqlValue], Clause]) -> Clause:
        shown, labels, selected = names()

        def equals(text: str) -> Clause:
            key = context.catalog.labels.get(text)
            return context.never() if key is None else shown.c.label_id == key

        return selected(ONE).where(test(static_value(field, labels.c.name, equals))).exists()

    def fold(function: str) -> Sql:
        _, labels, selected = names()
        return selected(call(function, labels.c.name)).scalar_subquery()

    value = static_value(field, fold("min"), lambda _: context.never())
    return replace(value, lists=(some,), folds=(fold,))


DERIVED: Final[dict[str, Builder]] = {
    "@missing": _missing,
    "@points": _points,
    "@similarity": _similarity,
    "@track_label": _track_label,
    "@track_length": _track_length,
}
