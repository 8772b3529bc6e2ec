"""Fields that come from other rows: what a track is about, the lidar points in a cuboid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import BigInteger, Double, and_, case, cast, distinct, func, literal, null, select
from sqlalchemy.sql.elements import False_
from sqlalchemy.sql.expression import FromClause

from nucleus_lab.query.bound import FieldValue
from nucleus_lab.query.context import Context
from nucleus_lab.query.dialects import Clause, Sql
from nucleus_lab.query.scores import Scores, asked
from nucleus_lab.query.values import SqlValue

Builder = Callable[[Context, FieldValue, FromClause], SqlValue]


def static_value(
    field: FieldValue, sql: Sql, equals: Callable[[str], Clause] | None = None
) -> SqlValue:
    """Make a value of one type.

    Args:
        field: The field.
        sql: Its expression.
        equals: A faster way to compare with text, where there is one.

    Returns:
        The value.
    """
    return SqlValue(field.field.kind, field.name, field.place, sql, equals=equals)


def _missing(_context: Context, field: FieldValue, _row: FromClause) -> SqlValue:
    return static_value(field, cast(null(), Double()))


def _similarity(context: Context, field: FieldValue, row: FromClause) -> SqlValue:
    scores = context.catalog.scores(*asked(field))
    if not isinstance(scores, Scores):
        raise TypeError("the query was read for another state of the index")
    name = context.names.next("likeness")
    return static_value(field, context.dialect.score(row.c.id, scores, name))


def _points(context: Context, field: FieldValue, row: FromClause) -> SqlValue:
    """Lidar points inside a cuboid, as counted by the engine before the query runs."""
    counted = context.alias("cuboid_points", "counted")
    member = "prediction" if field.scope.root.kind == "predictions" else "annotation"
    number = (
        select(counted.c.points)
        .correlate_except(counted)
        .where(counted.c.member == member, counted.c.member_id == row.c.id)
    )
    return static_value(field, number.scalar_subquery())


def _objects_of_track(context: Context, row: FromClause) -> tuple[FromClause, FromClause, Clause]:
    """Annotations of a track, with their items."""
    shown, frames = context.alias("annotation", "tracked"), context.alias("item", "frame")
    linked = and_(
        shown.c.track_reference_id == row.c.reference_id,
        frames.c.id == shown.c.item_id,
        frames.c.dataset_id == row.c.dataset_id,
    )
    return shown, frames, linked


def _track_length(context: Context, field: FieldValue, row: FromClause) -> SqlValue:
    """Frames with an object of the track: one for all sensors of a moment of a scene."""
    shown, frames, linked = _objects_of_track(context, row)
    moment = case(
        (frames.c.scene_id.is_(None), -frames.c.id),
        else_=frames.c.scene_id * literal(2**24, BigInteger()) + func.coalesce(frames.c.frame, 0),
    )
    number = select(func.count(distinct(moment))).correlate_except(shown, frames).where(linked)
    return static_value(field, number.scalar_subquery())


def _track_label(context: Context, field: FieldValue, row: FromClause) -> SqlValue:
    """Every class of its objects: a comparison holds when one of them does."""

    def names() -> tuple[FromClause, FromClause, Any]:
        shown, frames, linked = _objects_of_track(context, row)
        labels = context.alias("label", "label")

        def selected(what: Any) -> Any:
            tables = select(what).correlate_except(shown, frames, labels)
            return tables.where(linked, labels.c.id == shown.c.label_id)

        return shown, labels, selected

    def some(test: Callable[[SqlValue], Clause]) -> Clause:
        shown, labels, selected = names()

        def equals(text: str) -> Clause:
            key = context.catalog.labels.get(text)
            return context.never() if key is None else shown.c.label_id == key

        clause = test(static_value(field, labels.c.name, equals))
        # Beside a condition that nothing meets, SQLAlchemy would leave out those that join.
        return clause if isinstance(clause, False_) else selected(1).where(clause).exists()

    def fold(function: str) -> Sql:
        _, labels, selected = names()
        folded: Sql = selected(getattr(func, function)(labels.c.name)).scalar_subquery()
        return folded

    value = static_value(field, fold("min"), lambda _: context.never())
    return replace(value, lists=(some,), folds=(fold,))


DERIVED: Final[dict[str, Builder]] = {
    "@missing": _missing,
    "@points": _points,
    "@similarity": _similarity,
    "@track_label": _track_label,
    "@track_length": _track_length,
}
