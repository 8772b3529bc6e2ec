"""Where the fields that are no plain column come from: one builder for each ``@name``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from nucleus_lab import identifiers
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.errors import NotFoundError
from nucleus_lab.query.bound import FieldValue
from nucleus_lab.query.context import Context
from nucleus_lab.query.derived_sources import DERIVED, Builder, static_value
from nucleus_lab.query.dialects import Clause
from nucleus_lab.query.fields import GEOMETRIES
from nucleus_lab.query.outcomes import OUTCOMES
from nucleus_lab.query.sql import NULL, ONE, Sql, and_, call, case, cast, template, word
from nucleus_lab.query.sql_select import Row, select
from nucleus_lab.query.values import DOUBLE, Fold, JSONSource, ListTest, SqlValue

CODES: Final = {name: entry.code for name, entry in ANNOTATION_TYPES.items()}
"""Codes of annotation types by name."""

MASK: Final = CODES["mask"]
_SHOWN: Final = {
    **{code: name for name, code in CODES.items()},
    MASK: "segmentation",
}


def value_of(context: Context, field: FieldValue, row: Row) -> SqlValue:
    """Build the SQL of a field.

    Args:
        context: The statement.
        field: The field.
        row: Table or alias of its row.

    Returns:
        The value.
    """
    source = field.field.source
    if source.startswith("@"):
        return _BUILDERS[source](context, field, row)
    if field.field.kind == "json":
        return _json(context, field, row, [field.path])
    return static_value(field, row.c[source])


def _json(context: Context, field: FieldValue, row: Row, paths: list[tuple[str, ...]]) -> SqlValue:
    sources = tuple(
        JSONSource(context.dialect, row.c.metadata, path, context.known_kinds(field, path))
        for path in paths
    )
    return SqlValue("json", field.name, field.place, sources=sources)


def _scale_metadata(context: Context, field: FieldValue, row: Row) -> SqlValue:
    paths = [("scale_metadata", *field.path)]
    twins = {"audit_status": "task_audit_status", "task_audit_status": "audit_status"}
    if len(field.path) == 1 and field.path[0] in twins:  # the two names mean one thing
        paths.append(("scale_metadata", twins[field.path[0]]))
    return _json(context, field, row, paths)


def _latitude(context: Context, field: FieldValue, row: Row) -> SqlValue:
    return _json(context, field, row, [("lat",), ("latitude",)])


def _longitude(context: Context, field: FieldValue, row: Row) -> SqlValue:
    return _json(context, field, row, [("lon",), ("longitude",)])


def _public(prefix: str) -> Builder:
    def build(context: Context, field: FieldValue, row: Row) -> SqlValue:
        def among(texts: Sequence[str]) -> Clause:
            return row.c.id.in_(identifiers.decode_known(prefix, texts))

        return static_value(field, context.dialect.public_id(prefix, row.c.id), among=among)

    return build


def _object_id(context: Context, field: FieldValue, row: Row) -> SqlValue:
    kind = field.scope.root.kind
    prefix = identifiers.ANNOTATION if kind == "annotations" else identifiers.PREDICTION
    return _public(prefix)(context, field, row)


def _filename(_context: Context, field: FieldValue, row: Row) -> SqlValue:
    place = Sql(f"replace({row.c.location.text}, '\\', '/')")
    name = "substr({}, length(rtrim({}, replace({}, '/', ''))) + 1)"
    return static_value(field, template(name, place, place, place))


def _index(context: Context, field: FieldValue, row: Row) -> SqlValue:
    if context.catalog.positions_dense:
        return static_value(field, row.c.position)
    other = context.alias("item", "earlier")
    earlier = and_(other.c.dataset_id == row.c.dataset_id, other.c.position < row.c.position)
    counted = select(call("count", Sql("*"))).select_from(other).where(earlier)
    return static_value(field, counted.scalar_subquery())


def _created_at(_context: Context, field: FieldValue, row: Row) -> SqlValue:
    return static_value(field, row.c.created_at / 1000)


def _label(context: Context, field: FieldValue, row: Row) -> SqlValue:
    """The label; of a mask those of its segments, of a multicategory all it has."""
    labels = context.alias("label", "label")
    name = (
        select(labels.c.name)
        .select_from(labels)
        .where(labels.c.id == row.c.label_id)
        .scalar_subquery()
    )

    def equals(text: str) -> Clause:
        key = context.catalog.labels.get(text)
        return context.never() if key is None else row.c.label_id == key

    def segments() -> tuple[int, Row, Sql]:
        members = context.dialect.elements(
            row.c.geometry, ["annotations"], context.names.next("segment")
        )
        source = JSONSource(context.dialect, members.c.value, ["label"])
        return MASK, members, source.get("text")

    def choices() -> tuple[int, Row, Sql]:
        members = context.dialect.elements(row.c.extra, ["labels"], context.names.next("choice"))
        return CODES["multicategory"], members, context.dialect.element(members, "text")

    def some_of(listed: Callable[[], tuple[int, Row, Sql]]) -> ListTest:
        def some(test: Callable[[SqlValue], Clause]) -> Clause:
            code, members, text = listed()
            value = SqlValue("text", field.name, field.place, text)
            found = select(ONE).select_from(members).where(test(value))
            return and_(row.c.type == code, found.exists())

        return some

    def fold_of(listed: Callable[[], tuple[int, Row, Sql]]) -> Fold:
        def fold(function: str) -> Sql:
            code, members, text = listed()
            folded = call(function, context.dialect.by_code_point(text))
            one = select(folded).select_from(members).scalar_subquery()
            return case((row.c.type == code, one))

        return fold

    lists = () if field.scope.root.kind in context.catalog.plain else (segments, choices)
    return SqlValue(
        "text",
        field.name,
        field.place,
        name,
        equals=equals,
        lists=tuple(map(some_of, lists)),
        folds=tuple(map(fold_of, lists)),
    )


def _label_of(column: str) -> Builder:
    def build(context: Context, field: FieldValue, row: Row) -> SqlValue:
        labels = context.alias("label", "label")
        name = (
            select(labels.c.name)
            .select_from(labels)
            .where(labels.c.id == row.c[column])
            .scalar_subquery()
        )

        def equals(text: str) -> Clause:
            key = context.catalog.labels.get(text)
            return context.never() if key is None else row.c[column] == key

        return static_value(field, name, equals)

    return build


def _match_label(context: Context, field: FieldValue, row: Row) -> SqlValue:
    labels = context.alias("label", "label")
    key = call("coalesce", row.c.annotation_label_id, row.c.prediction_label_id)
    return static_value(
        field,
        select(labels.c.name).select_from(labels).where(labels.c.id == key).scalar_subquery(),
    )


def _type(context: Context, field: FieldValue, row: Row) -> SqlValue:
    shown = case(*((row.c.type == code, Sql(word(name))) for code, name in _SHOWN.items()))

    def equals(text: str) -> Clause:
        names = GEOMETRIES.get(text, (text,)) if text != "category" else ("category",)
        known = [CODES[name] for name in names if name in CODES]
        return row.c.type.in_(known) if known else context.never()

    return static_value(field, shown, equals)


def _area(context: Context, field: FieldValue, row: Row) -> SqlValue:
    """Square pixels of a box, and of a polygon by the shoelace formula."""
    dialect, fresh = context.dialect, context.names.next
    members = dialect.elements(row.c.geometry, ["vertices"], fresh("vertex"))
    x, y = (cast(dialect.json("number", members.c.value, [axis]), DOUBLE).text for axis in "xy")
    corners, edges = fresh("corners"), fresh("edges")

    def following(axis: str) -> str:
        name = f"{corners}.{axis}"
        order = f"OVER (ORDER BY {corners}.n)"
        return f"coalesce(lead({name}) {order}, first_value({name}) {order})"

    # A list keeps its order in both databases; row_number() makes that explicit.
    polygon = (
        f"(SELECT abs(sum({edges}.x1 * {edges}.y2 - {edges}.x2 * {edges}.y1)) / 2.0 FROM ("
        f"SELECT {corners}.x AS x1, {corners}.y AS y1, "
        f"{following('x')} AS x2, {following('y')} AS y2 FROM ("
        f"SELECT {x} AS x, {y} AS y, row_number() OVER () AS n FROM {members.source}"
        f") AS {corners}) AS {edges})"
    )
    area = case(
        (row.c.type == CODES["box"], row.c.width * row.c.height),
        (row.c.type == CODES["polygon"], Sql(polygon, members.values)),
    )
    return static_value(field, area)


def _match_area(context: Context, field: FieldValue, row: Row) -> SqlValue:
    """The area of the truth, or of the prediction where there is none."""
    found = []
    for table, key in (("annotation", "annotation_id"), ("prediction", "prediction_id")):
        one = context.alias(table, "measured")
        area = _area(context, field, one).expression
        found.append(select(area).select_from(one).where(one.c.id == row.c[key]).scalar_subquery())
    return static_value(field, call("coalesce", *found))


def _taxonomy(context: Context, field: FieldValue, row: Row) -> SqlValue:
    table = context.alias("taxonomy", "taxonomy")
    name = (
        select(table.c.name)
        .select_from(table)
        .where(table.c.id == row.c.taxonomy_id)
        .scalar_subquery()
    )

    def equals(text: str) -> Clause:
        key = context.catalog.taxonomies.get(text)
        return context.never() if key is None else row.c.taxonomy_id == key

    return static_value(field, name, equals)


def _axis(columns: dict[str, str], place: str) -> Builder:
    """Position or size: columns of a box, geometry of a cuboid, no value for the rest."""

    def build(context: Context, field: FieldValue, row: Row) -> SqlValue:
        axis = field.field.name[-1]
        number = context.dialect.json("number", row.c.geometry, [place, axis])
        cuboid = cast(number, DOUBLE)
        branches: list[tuple[Clause, Sql]] = [(row.c.type == CODES["cuboid"], cuboid)]
        if axis in columns:
            branches.insert(0, (row.c.type == CODES["box"], row.c[columns[axis]]))
        return static_value(field, case(*branches))

    return build


def _model(context: Context, field: FieldValue, row: Row) -> SqlValue:
    def equals(text: str) -> Clause:
        keys = [run.id for run in context.catalog.runs if text in {*run.model_ids, run.name}]
        return row.c.model_run_id.in_(keys) if keys else context.never()

    names = [(row.c.model_run_id == run.id, run.model_ids[-1]) for run in context.catalog.runs]
    return static_value(field, case(*names) if names else cast(NULL, "TEXT"), equals)


def _scene_length(context: Context, field: FieldValue, row: Row) -> SqlValue:
    item = context.alias("item", "frame")
    frames = (
        select(Sql(f"count(DISTINCT {item.name}.frame)"))
        .select_from(item)
        .where(item.c.scene_id == row.c.id)
    )
    return static_value(field, frames.scalar_subquery())


def _slice_name(context: Context, field: FieldValue, row: Row) -> SqlValue:
    table = context.alias("slice", "named")
    name = (
        select(table.c.name)
        .select_from(table)
        .where(table.c.id == row.c.slice_id)
        .scalar_subquery()
    )
    return static_value(field, name)


def _slice_id(context: Context, field: FieldValue, row: Row) -> SqlValue:
    def equals(text: str) -> Clause:
        try:
            return row.c.slice_id == identifiers.decode(identifiers.SLICE, text)
        except NotFoundError:
            return context.never()

    return static_value(field, context.dialect.public_id(identifiers.SLICE, row.c.slice_id), equals)


def _autotag_name(context: Context, field: FieldValue, row: Row) -> SqlValue:
    table = context.alias("autotag", "tag")
    name = (
        select(table.c.name)
        .select_from(table)
        .where(table.c.id == row.c.autotag_id)
        .scalar_subquery()
    )
    level = field.scope.root.detail[0]

    def equals(text: str) -> Clause:
        key = context.catalog.autotags.get((level, text))
        return context.never() if key is None else row.c.autotag_id == key

    return static_value(field, name, equals)


_BUILDERS: Final[dict[str, Builder]] = {
    **DERIVED,
    **OUTCOMES,
    "@area": _area,
    "@annotation_label": _label_of("annotation_label_id"),
    "@autotag_name": _autotag_name,
    "@created_at": _created_at,
    "@dimensions": _axis({"x": "width", "y": "height"}, "dimensions"),
    "@filename": _filename,
    "@index": _index,
    "@item_id": _public(identifiers.ITEM),
    "@label": _label,
    "@latitude": _latitude,
    "@longitude": _longitude,
    "@match_area": _match_area,
    "@match_label": _match_label,
    "@model": _model,
    "@object_id": _object_id,
    "@position": _axis({"x": "x", "y": "y"}, "position"),
    "@prediction_label": _label_of("prediction_label_id"),
    "@scale_metadata": _scale_metadata,
    "@scene_id": _public(identifiers.SCENE),
    "@scene_length": _scene_length,
    "@slice_id": _slice_id,
    "@slice_name": _slice_name,
    "@taxonomy": _taxonomy,
    "@type": _type,
}
