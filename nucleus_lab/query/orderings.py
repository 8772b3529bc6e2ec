"""What an ordering compares: of many values the least or the greatest."""

from __future__ import annotations

from sqlalchemy import Double, Text, case, cast, func, select

from nucleus_lab.query.dialects import Sql, SQLite
from nucleus_lab.query.json_path import TYPES, json_value
from nucleus_lab.query.values import Aliases, JSONSource, SqlValue


def extremes(value: SqlValue, fold: str, names: Aliases, dialect: SQLite) -> list[Sql]:
    """Read what an ordering compares.

    Args:
        value: The value.
        fold: ``min`` or ``max``: which of many values counts.
        names: Fresh aliases.
        dialect: The database.

    Returns:
        One expression; of metadata two, since its numbers and texts have no common order.
    """
    if value.kind == "json":
        kinds = []
        for kind in ("number", "text"):
            found = [_extreme(each, kind, fold, names.next("member")) for each in value.sources]
            kinds.append(found[0] if len(found) == 1 else func.coalesce(*found, type_=TYPES[kind]))
        return [cast(kinds[0], Double()), dialect.by_code_point(kinds[1])]
    if value.kind != "text":
        return [value.expression]
    texts = [value.expression, *(each(fold) for each in value.folds)]
    text = texts[0] if len(texts) == 1 else func.coalesce(*texts, type_=Text())
    return [dialect.by_code_point(text)]


def _extreme(source: JSONSource, kind: str, fold: str, name: str) -> Sql:
    """Read a value as one kind; of a list, its least or greatest member of that kind."""
    value = source.get(kind)
    if not source.may_be("array"):
        return value
    alias = source.dialect.elements(source.column, source.path, name)
    member = source.dialect.element(alias, kind)
    if kind == "text":
        member = source.dialect.by_code_point(member)
    folded = select(getattr(func, fold)(member)).select_from(alias).correlate_except(alias)
    is_list = json_value("kind", source.column, source.path) == "array"
    return func.coalesce(value, case((is_list, folded.scalar_subquery())), type_=TYPES[kind])
