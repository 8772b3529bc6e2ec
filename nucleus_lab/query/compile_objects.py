"""How objects hang on the rows that a query returns, and how they are told apart and counted."""

from __future__ import annotations

from typing import Final

from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.query import bound
from nucleus_lab.query.bound import Scope
from nucleus_lab.query.context import Context
from nucleus_lab.query.dialects import Clause
from nucleus_lab.query.sources import CODES, MASK
from nucleus_lab.query.sql import ONE, TRUE, Sql, and_, call, case, or_
from nucleus_lab.query.sql_select import Row, select
from nucleus_lab.query.values import JSONSource

_TABLES: Final = {
    "items": "item",
    "annotations": "annotation",
    "predictions": "prediction",
    "matches": "match",
    "scenes": "scene",
    "slices": "slice_member",
    "autotags": "autotag_score",
    "examples": "autotag_example",
    "tracks": "track",
}
_MEMBERS: Final = {
    "items": "item",
    "annotations": "annotation",
    "predictions": "prediction",
    "scenes": "scene",
}
_GEOMETRIC: Final = sorted(entry.code for entry in ANNOTATION_TYPES.values() if entry.geometric)


def table_of(scope: Scope) -> str:
    """Name the table of a scope.

    Args:
        scope: The scope.

    Returns:
        The name of its table.
    """
    return _TABLES[scope.kind]


def link(context: Context, scope: Scope, row: Row) -> list[Clause]:
    """Say which rows of a scope belong to its parent.

    Args:
        context: The statement.
        scope: The scope.
        row: Its alias.

    Returns:
        Conditions that all have to hold.

    Raises:
        TypeError: The scope has no parent.
    """
    if scope.parent is None:
        raise TypeError("a row of the result hangs on nothing")
    parent_scope = scope.parent.root
    parent = context.row(parent_scope)
    if scope.kind in {"annotations", "predictions", "matches"}:
        parts = [_of_items(context, parent_scope, parent, row, scope.kind)]
        if scope.kind == "predictions" and not scope.every_run:
            parts.append(row.c.model_run_id == run_of(context))
        if scope.kind == "matches":
            evaluation = context.catalog.evaluation(run_of(context))
            parts.append(
                context.never() if evaluation is None else row.c.evaluation_id == evaluation
            )
        return parts
    if scope.kind == "items":
        return [row.c.scene_id == parent.c.id]
    if scope.kind == "scenes":
        return [row.c.id == parent.c.scene_id]
    if scope.kind == "tracks":
        return [_tracks_of(context, parent_scope, parent, row)]
    if scope.kind == "slices":
        return [_slice_members(context, parent_scope, parent, row)]
    return _scores(context, scope, parent_scope, parent, row)


def run_of(context: Context) -> int:
    """Return the model run that ``predictions`` means.

    Args:
        context: The statement.

    Returns:
        Its key; -1, which no run has, when there is none.
    """
    catalog = context.catalog
    if catalog.run_id is not None:
        return catalog.run_id
    return catalog.runs[0].id if len(catalog.runs) == 1 else -1


def _of_items(context: Context, parent_scope: Scope, parent: Row, row: Row, kind: str) -> Clause:
    if parent_scope.kind == "items":
        return row.c.item_id == parent.c.id
    items = context.alias("item", "frame")
    frames = select(items.c.id).select_from(items).where(items.c.scene_id == parent.c.id)
    inside: Clause = row.c.item_id.in_(frames)
    return inside if kind == "matches" else or_(inside, row.c.scene_id == parent.c.id)


def _tracks_of(context: Context, parent_scope: Scope, parent: Row, row: Row) -> Clause:
    """Tracks that an item shows; of a scene also those that it was uploaded with."""
    if parent_scope.kind != "scenes":
        item = next(each for scope, each in context.rows.items() if scope.kind == "items")
        shown = context.alias("annotation", "shown")
        names = select(shown.c.track_reference_id).select_from(shown)
        names = names.where(shown.c.item_id == item.c.id)
        return and_(row.c.dataset_id == item.c.dataset_id, row.c.reference_id.in_(names))
    shown, frames = context.alias("annotation", "shown"), context.alias("item", "frame")
    names = select(shown.c.track_reference_id).select_from(shown, frames)
    names = names.where(frames.c.id == shown.c.item_id, frames.c.scene_id == parent.c.id)
    whole = context.alias("annotation", "whole")
    wide = select(whole.c.track_reference_id).select_from(whole)
    wide = wide.where(whole.c.scene_id == parent.c.id)
    listed = context.alias("scene_track", "listed")
    keys = select(listed.c.track_id).select_from(listed)
    keys = keys.where(listed.c.scene_id == parent.c.id)
    return and_(
        row.c.dataset_id == parent.c.dataset_id,
        or_(row.c.reference_id.in_(names), row.c.reference_id.in_(wide), row.c.id.in_(keys)),
    )


def _slice_members(context: Context, parent_scope: Scope, parent: Row, row: Row) -> Clause:
    name = _MEMBERS.get(parent_scope.kind)
    own = and_(row.c.member == name, row.c.member_id == parent.c.id)
    if parent_scope.kind not in {"annotations", "predictions", "matches"}:
        return own
    item = next(each for scope, each in context.rows.items() if scope.kind == "items")
    of_item = and_(row.c.member == "item", row.c.member_id == item.c.id)
    return of_item if name is None else or_(own, of_item)


def _scores(
    context: Context, scope: Scope, parent_scope: Scope, parent: Row, row: Row
) -> list[Clause]:
    level, *tag = scope.detail
    keys = [
        key
        for (kind, name), key in context.catalog.autotags.items()
        if kind == level and (not tag or name == tag[0])
    ]
    parts: list[Clause] = [row.c.autotag_id.in_(keys) if keys else context.never()]
    if parent_scope.kind in {"annotations", "predictions"}:
        parts += [row.c.member == _MEMBERS[parent_scope.kind], row.c.member_id == parent.c.id]
    elif level == "image":
        parts += [row.c.member == "item", row.c.member_id == parent.c.id]
    else:
        parts.append(row.c.item_id == parent.c.id)
    return parts


def types_of(context: Context, scope: Scope, types: tuple[str, ...]) -> Clause:
    """Test the type of an object.

    Args:
        context: The statement.
        scope: The object.
        types: Names of annotation types; ``geometric`` for all that have a place.

    Returns:
        The condition.
    """
    row = context.row(scope)
    if types == ("geometric",):
        plain = scope.root.kind in context.catalog.plain
        return TRUE if plain else row.c.type.in_(_GEOMETRIC)
    codes = [CODES[name] for name in types]
    return row.c.type == codes[0] if len(codes) == 1 else row.c.type.in_(codes)


def label_of(context: Context, scope: Scope, label: str) -> Clause:
    """Test the label of an object; a mask or multicategory has several.

    Args:
        context: The statement.
        scope: The object.
        label: The label.

    Returns:
        The condition.
    """
    row = context.row(scope)
    key = context.catalog.labels.get(label)
    own = context.never() if key is None else row.c.label_id == key
    if scope.root.kind in context.catalog.plain:
        return own
    labels = context.dialect.elements(row.c.extra, ["labels"], context.names.next("choice"))
    chosen = select(ONE).select_from(labels).where(context.dialect.element(labels, "text") == label)
    return or_(
        own,
        and_(row.c.type == MASK, _segments(context, row, label) > 0),
        and_(row.c.type == CODES["multicategory"], chosen.exists()),
    )


def _segments(context: Context, row: Row, label: str | None) -> Sql:
    members = context.dialect.elements(
        row.c.geometry, ["annotations"], context.names.next("segment")
    )
    counted = select(call("count", Sql("*"))).select_from(members)
    if label is not None:
        named = JSONSource(context.dialect, members.c.value, ["label"]).get("text")
        counted = counted.where(named == label)
    return counted.scalar_subquery()


def segment_count(context: Context, node: bound.Count, row: Row) -> Sql | None:
    """Say how often each row counts: a mask as often as it has segments, all else once.

    Args:
        context: The statement.
        node: The count.
        row: Alias of the objects.

    Returns:
        The weight; ``None`` when every row counts once.
    """
    if node.scope.kind not in {"annotations", "predictions"}:
        return None
    if node.types and node.types != ("geometric",) and "mask" not in node.types:
        return None
    if node.scope.root.kind in context.catalog.plain:
        return None
    return case((row.c.type == MASK, _segments(context, row, node.label)), else_=ONE)
