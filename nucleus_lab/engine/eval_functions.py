"""Evaluation functions: those that every workspace has, and external ones that callers name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from nucleus_lab import identifiers
from nucleus_lab.engine import clock
from nucleus_lab.engine.scenario_schema import external_function
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

PREFIX: Final = "ef_"
_LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """One evaluation function.

    Attributes:
        public_id: The id on the wire, starts with ``ef_``.
        name: Unique.
        external: Its results are uploaded; nothing here computes them.
        level: ``item``, ``scene`` or ``track``: what it gives a result for.
    """

    public_id: str
    name: str
    external: bool = False
    level: str = "item"

    def payload(self) -> dict[str, Any]:
        """Return the function as the wire carries it.

        Returns:
            Its payload; no function has source code.
        """
        return {
            "id": self.public_id,
            "name": self.name,
            "is_public": not self.external,
            "is_external_function": self.external,
            "user_id": "workspace",
            "serialized_fn": None,
            "raw_source": None,
            "level": self.level,
        }


def _known() -> Mapping[str, Any]:
    # Metrics load numpy, which a listing of tests has no need of.
    from nucleus_lab.metrics.functions import EVAL_FUNCTIONS

    return EVAL_FUNCTIONS


def listing(connection: Connection) -> list[FunctionRow]:
    """Return all functions: first those that every workspace has, then external ones by age.

    Args:
        connection: The open transaction.

    Returns:
        The functions.
    """
    columns = external_function.c
    rows = connection.execute(select(columns.id, columns.name, columns.level).order_by(columns.id))
    return [
        *(FunctionRow(f"{PREFIX}{name}", name) for name in _known()),
        *(_external(*row) for row in rows),
    ]


def _external(key: int, name: str, level: str) -> FunctionRow:
    public = identifiers.encode(identifiers.EXTERNAL_FUNCTION, key)
    return FunctionRow(public, name, True, level)


def get(connection: Connection, public_id: str) -> FunctionRow:
    """Return a function.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        The function.

    Raises:
        NotFoundError: There is no such function.
    """
    name = public_id.removeprefix(PREFIX)
    if public_id.startswith(PREFIX) and name in _known():
        return FunctionRow(public_id, name)
    if public_id.startswith(f"{identifiers.EXTERNAL_FUNCTION}_"):
        key = identifiers.decode(identifiers.EXTERNAL_FUNCTION, public_id)
        columns = external_function.c
        row = connection.execute(
            select(columns.id, columns.name, columns.level).where(columns.id == key)
        ).first()
        if row is not None:
            return _external(*row)
    raise NotFoundError(
        f"there is no evaluation function {public_id!r}: see client.validate.eval_functions"
    )


def check_arguments(function: FunctionRow, arguments: Mapping[str, Any]) -> None:
    """Make sure that a function can be computed with these arguments.

    Args:
        function: The function.
        arguments: As given by a caller.

    Raises:
        InvalidInputError: There is no such argument, or a value is not allowed.
    """
    if not function.external:
        _known()[function.name].build(function.name, arguments)
    elif arguments:
        raise InvalidInputError(
            f"{function.name} is external and takes no arguments; {sorted(arguments)} were given"
        )


def create_external(connection: Connection, name: str, level: str) -> FunctionRow:
    """Name a function that is computed elsewhere.

    Args:
        connection: The open write transaction.
        name: 1 to 255 characters without spaces, unique.
        level: ``item``, ``scene`` or ``track``.

    Returns:
        The function.

    Raises:
        InvalidInputError: The name is not allowed.
        ConflictError: The name is taken.
    """
    if not 1 <= len(name) <= _LONGEST_NAME or " " in name or "\0" in name:
        raise InvalidInputError(
            f"the name of an evaluation function is {name[:40]!r}: use 1 to {_LONGEST_NAME} "
            "characters without spaces",
            path="name",
        )
    columns = external_function.c
    taken = connection.scalar(select(columns.id).where(columns.name == name))
    if taken is not None or name in _known():
        raise ConflictError(f"there is an evaluation function {name!r} already: use another name")
    row = {"name": name, "level": level, "created_at": clock.now()}
    key: int = connection.scalar(insert(external_function).values(row).returning(columns.id))
    return _external(key, name, level)
