"""Presets: configurations of evaluations that people keep under a name.

They belong to the user whose key made them, and those of team keys to everyone: see
:mod:`nucleus_lab.engine.ownership`. A preset outlives the key that made it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.evaluation_schema import evaluation_preset
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

_C: Final = evaluation_preset.c


def listing(connection: Connection) -> list[dict[str, Any]]:
    """List the presets that the caller is shown, oldest first.

    Args:
        connection: The open transaction.

    Returns:
        Their payloads.
    """
    rows = select(evaluation_preset).order_by(_C.id)
    return [_payload(row) for row in connection.execute(rows)]


def create(connection: Connection, caller: str, values: dict[str, Any]) -> dict[str, Any]:
    """Store a preset.

    Args:
        connection: The open write transaction.
        caller: Name of the caller's key.
        values: ``name``, and checked ``rollup_groups`` and ``exclusion_rules``.

    Returns:
        Its payload.
    """
    _check_name(connection, values["name"], None)
    now = clock.now()
    row = {**_columns(values), "created_by": caller, "created_at": now, "updated_at": now}
    made = insert(evaluation_preset).values(row).returning(_C.id)
    return _read(connection, connection.execute(made).scalar_one())


def change(connection: Connection, public_id: str, values: dict[str, Any]) -> dict[str, Any]:
    """Change a preset.

    Args:
        connection: The open write transaction.
        public_id: Id on the wire.
        values: What changes; ``None`` clears groups or rules.

    Returns:
        Its payload.
    """
    key = identifiers.decode(identifiers.EVALUATION_PRESET, public_id)
    _read(connection, key)
    if "name" in values:
        _check_name(connection, values["name"], key)
    row = {**_columns(values), "updated_at": clock.now()}
    connection.execute(update(evaluation_preset).where(_C.id == key).values(row))
    return _read(connection, key)


def remove(connection: Connection, public_id: str) -> None:
    """Delete a preset.

    Args:
        connection: The open write transaction.
        public_id: Id on the wire.
    """
    key = identifiers.decode(identifiers.EVALUATION_PRESET, public_id)
    _read(connection, key)
    connection.execute(delete(evaluation_preset).where(_C.id == key))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    documents: dict[str, Any] = {
        name: document(values[name])
        for name in ("rollup_groups", "exclusion_rules")
        if name in values
    }
    return {**({"name": values["name"]} if "name" in values else {}), **documents}


def _check_name(connection: Connection, name: str | None, own: int | None) -> None:
    if not name or not name.strip():
        raise InvalidInputError("a preset needs a name: name is empty", path="name")
    taken = select(_C.id).where(_C.name == name, _C.id != (own or 0))
    if connection.scalar(taken) is not None:
        raise ConflictError(
            f"there is a preset {name!r} already: choose another name, or change that one"
        )


def _read(connection: Connection, key: int) -> dict[str, Any]:
    row = connection.execute(select(evaluation_preset).where(_C.id == key)).first()
    if row is None:
        shown = identifiers.encode(identifiers.EVALUATION_PRESET, key)
        raise NotFoundError(f"there is no preset {shown}: it was deleted, or never was")
    return _payload(row)


def _payload(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": identifiers.encode(identifiers.EVALUATION_PRESET, row.id),
        "name": row.name,
        "rollup_groups": wire.decode(row.rollup_groups) if row.rollup_groups else None,
        "exclusion_rules": wire.decode(row.exclusion_rules) if row.exclusion_rules else None,
        "created_by_user_id": row.created_by or None,
        "created_at": clock.iso(row.created_at),
        "updated_at": clock.iso(row.updated_at),
        "deleted_at": None,
    }
