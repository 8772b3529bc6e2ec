"""Lists of samples: what a query string asks for, counted, in pages, or as one condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.sql.elements import ColumnElement

from nucleus_lab.engine.sample_rows import payload
from nucleus_lab.engine.sample_schema import sample
from nucleus_lab.engine.statements import JSONList, json_list
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import decode

MOST: Final = 10_000
"""Samples in one page."""

ALL: Final = "all"
_C: Final = sample.c


def page(
    connection: Connection, project_id: int, query: Mapping[str, str]
) -> tuple[list[dict[str, Any]], int]:
    """List samples, the newest first.

    Args:
        connection: The open transaction.
        project_id: Row of the project.
        query: Filters, ``limit`` and ``offset``.

    Returns:
        One page, and how many there are in all.
    """
    limit = whole_number(query, "limit")
    if limit is not None and limit > MOST:
        raise InvalidInputError(f"limit is {limit}: {MOST:,} is most", path="limit")
    rows = select(sample).order_by(_C.id.desc()).limit(MOST if limit is None else limit)
    found = connection.execute(
        filtered(rows.offset(whole_number(query, "offset") or 0), connection, project_id, query)
    )
    return [payload(row) for row in found], count(connection, project_id, query)


def count(connection: Connection, project_id: int, query: Mapping[str, str]) -> int:
    """Count samples.

    Args:
        connection: The open transaction.
        project_id: Row of the project.
        query: Filters.

    Returns:
        How many there are.
    """
    every = select(func.count()).select_from(sample)
    return int(connection.scalar(filtered(every, connection, project_id, query)) or 0)


def ids(connection: Connection, project_id: int, query: Mapping[str, str]) -> list[int]:
    """Find the samples that a batch is about.

    Args:
        connection: The open transaction.
        project_id: Row of the project.
        query: Filters; ``ids`` among them.

    Returns:
        Their ids, the newest first.
    """
    wanted = filtered(select(_C.id).order_by(_C.id.desc()), connection, project_id, query)
    return list(connection.scalars(wanted))


def filtered(
    statement: Select[Any], connection: Connection, project_id: int, query: Mapping[str, str]
) -> Select[Any]:
    """Add the filters of a query string to a statement.

    Args:
        statement: Selects from the samples.
        connection: The open transaction.
        project_id: Row of the project.
        query: ``category``, ``labels``, ``ids`` and ``excludeIds`` (JSON lists), ``filename`` and
            ``search`` (a part of the name), ``minId``, ``maxId``, ``minLength``, ``maxLength``,
            ``minFrequency``, ``maxFrequency``, ``signatureValidity``, ``includeDisabled``.

    Returns:
        The statement.

    Raises:
        InvalidInputError: A value cannot be read.
    """
    conditions: list[ColumnElement[bool]] = [_C.sample_project_id == project_id]
    category = query.get("category")
    if category and category != ALL:
        conditions.append(_C.category == checked_category(category))
    for name, column, wanted in (
        ("labels", _C.label, str),
        ("ids", _C.id, int),
        ("excludeIds", _C.id, int),
    ):
        members = _members(query, name, wanted)
        if members is not None:
            parameter = f"{name}_list"
            among = column.op("NOT IN" if name == "excludeIds" else "IN", is_comparison=True)
            conditions.append(among(JSONList(parameter, column.type)))
            statement = statement.params({parameter: json_list(members)})
    position = func.instr if connection.dialect.name == "sqlite" else func.strpos
    conditions += [
        position(_C.filename, text) > 0
        for text in (query.get("filename"), query.get("search"))
        if text
    ]
    conditions += _bounds(query)
    conditions += _states(query)
    return statement.where(*conditions)


def checked_category(text: str) -> str:
    """Make sure that a category exists.

    Args:
        text: Its name.

    Returns:
        Its name.

    Raises:
        InvalidInputError: There is none of this name.
    """
    from nucleus_lab.formats.samples.labels import CATEGORIES

    if text not in CATEGORIES:
        raise InvalidInputError(
            f"category is {text!r}: {', '.join(CATEGORIES)} are possible", path="category"
        )
    return text


def _members(query: Mapping[str, str], name: str, kind: type) -> list[Any] | None:
    text = query.get(name)
    if not text or text == "null":
        return None
    try:
        found = decode(text)
    except InvalidInputError:
        found = None
    fits = isinstance(found, list) and all(
        isinstance(member, kind) and not isinstance(member, bool) for member in found
    )
    if not fits or (kind is str and "\0" in "".join(found)):
        told = "texts" if kind is str else "whole numbers"
        raise InvalidInputError(
            f"{name} is {text[:60]!r}: a JSON list of {told} is needed", path=name
        )
    if kind is int and any(abs(number) >= 2**63 for number in found):
        raise InvalidInputError(f"{name} holds a number that is no id", path=name)
    return list(found)


def wanted_ids(query: Mapping[str, str], most: int) -> list[int]:
    """Read the parameter ``ids``, which must be there.

    Args:
        query: The parameters.
        most: How many may be asked for at once.

    Returns:
        The ids in the order given.

    Raises:
        InvalidInputError: It is absent or no list of ids, or has too many.
    """
    found: list[int] = _members(query, "ids", int) or []
    if not 0 < len(found) <= most:
        raise InvalidInputError(f"ids has {len(found):,} ids: give 1 to {most:,}", path="ids")
    return found


def _bounds(query: Mapping[str, str]) -> list[ColumnElement[bool]]:
    readings = func.coalesce(_C.crop_end, _C.readings) - func.coalesce(_C.crop_start, 0)
    length = readings * _C.interval_ms
    pace = 1000.0 / func.nullif(_C.interval_ms, 0.0)
    found = []
    for name, test in (
        ("minId", _C.id.__ge__),
        ("maxId", _C.id.__lt__),
        ("minLength", length.__ge__),
        ("maxLength", length.__le__),
        ("minFrequency", pace.__ge__),
        ("maxFrequency", pace.__le__),
    ):
        if name in query and query[name] != "":
            found.append(test(_number(query, name)))
    return found


def _states(query: Mapping[str, str]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name, column, values in (
        ("signatureValidity", _C.signature_valid, {"both": None, "valid": True, "invalid": False}),
        ("includeDisabled", _C.is_disabled, {"both": None, "enabled": False, "disabled": True}),
    ):
        text = query.get(name) or "both"
        if text not in values:
            raise InvalidInputError(
                f"{name} is {text!r}: {', '.join(values)} are possible", path=name
            )
        if values[text] is not None:
            found.append(column.is_(values[text]))
    return found


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """Read a whole number of a query string.

    Args:
        query: The parameters.
        name: Which of them.

    Returns:
        The number; ``None`` when it is absent, empty or ``null``, as clients write an absent one.

    Raises:
        InvalidInputError: It is no number from 0.
    """
    text = query.get(name)
    if text is None or text in {"", "null"}:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise InvalidInputError(f"{name} is {text!r}: a whole number from 0 is needed", path=name)
    return int(text)


def _number(query: Mapping[str, str], name: str) -> float:
    text = query[name]
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < 9e15:
        raise InvalidInputError(f"{name} is {text!r}: a number is needed", path=name)
    return number
