"""API keys of a workspace: shown once, stored as a hash.

A key holds 256 random bits, so a plain digest keeps it as safe as a slow one would; slow digests
are for passwords, which people choose.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from nucleus_lab.engine import clock
from nucleus_lab.engine.schema import api_key
from nucleus_lab.engine.statements import Statement
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

PREFIX: Final = "lab_"
_LONGEST: Final = 200

_ACTIVE: Final = Statement(
    lambda: select(api_key.c.name, api_key.c.hash, api_key.c.user).where(
        api_key.c.hash == bindparam("hash"), api_key.c.revoked_at.is_(None)
    )
)

_ANY: Final = Statement(lambda: select(api_key.c.id).where(api_key.c.revoked_at.is_(None)).limit(1))


class Caller(NamedTuple):
    """Whose key was presented.

    Attributes:
        key: Name of the key; ``""`` without one.
        user: The user whose it is; ``""`` for a key of the team.
    """

    key: str = ""
    user: str = ""


def create(engine: Engine, name: str, user: str = "") -> str:
    """Make a key.

    Args:
        engine: The open workspace.
        name: What it is for; unique among the keys that are not revoked.
        user: Whose it is: what she makes belongs to her, and she sees that and what is shared.
            All keys of a user see the same. ``""`` makes a key of the team, which sees everything
            and makes what is shared.

    Returns:
        The key. It is stored nowhere and cannot be shown again.

    Raises:
        InvalidInputError: A name is empty, too long or has control characters.
        ConflictError: A key of this name is in use.
    """
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise InvalidInputError(f"the key name {name!r} cannot be used: 1 to {_LONGEST} characters")
    if user != user.strip() or len(user) > _LONGEST or not user.isprintable():
        raise InvalidInputError(
            f"the user name {user!r} cannot be used: 1 to {_LONGEST} characters, no blank at an end"
        )
    key = PREFIX + secrets.token_urlsafe(32)
    with engine.store.write() as connection:
        if _active_ids(connection, name):
            raise ConflictError(
                f"there is a key named {name!r}: revoke it first, or choose another name"
            )
        connection.execute(
            insert(api_key).values(name=name, user=user, hash=_digest(key), created_at=clock.now())
        )
    return key


def listing(engine: Engine) -> list[dict[str, Any]]:
    """List all keys, oldest first.

    Args:
        engine: The open workspace.

    Returns:
        ``name``, ``user`` (``None`` for a key of the team), ``created_at`` and ``revoked_at`` (ISO
        text or ``None``) of each.
    """
    columns = api_key.c
    statement = select(columns.name, columns.user, columns.created_at, columns.revoked_at)
    with engine.store.read() as connection:
        rows = connection.execute(statement.order_by(api_key.c.id)).all()
    return [
        {
            "name": row.name,
            "user": row.user or None,
            "created_at": clock.iso(row.created_at),
            "revoked_at": None if row.revoked_at is None else clock.iso(row.revoked_at),
        }
        for row in rows
    ]


def revoke(engine: Engine, name: str) -> None:
    """Make a key useless, in every process at once.

    Args:
        engine: The open workspace.
        name: Its name.

    Raises:
        NotFoundError: No key of this name is in use.
    """
    with engine.store.write() as connection:
        ids = _active_ids(connection, name)
        if not ids:
            used = select(api_key.c.name).where(api_key.c.revoked_at.is_(None)).distinct()
            known = sorted(connection.scalars(used))
            raise NotFoundError(
                f"there is no key named {name!r} in use; there are: "
                f"{', '.join(map(repr, known)) or 'none'}"
            )
        change = update(api_key).where(api_key.c.id.in_(ids))
        connection.execute(change.values(revoked_at=clock.now()))


def any_active(engine: Engine) -> bool:
    """Tell whether the workspace has a key in use.

    Args:
        engine: The open workspace.

    Returns:
        True when there is at least one.
    """
    with engine.store.read() as connection:
        return _ANY.first(connection) is not None


def verify(engine: Engine, presented: str) -> Caller | None:
    """Find out whose key was presented.

    The database is asked every time, by an index, so that a revoked key stops working at once
    wherever it was revoked.

    Args:
        engine: The open workspace.
        presented: The key as it came.

    Returns:
        Whose it is; ``None`` when it is unknown or revoked.
    """
    digest = _digest(presented)
    with engine.store.read() as connection:
        row = _ACTIVE.first(connection, hash=digest)
    if row is None or not hmac.compare_digest(row[1], digest):
        return None
    return Caller(str(row[0]), str(row[2]))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _active_ids(connection: Connection, name: str) -> list[int]:
    statement = select(api_key.c.id).where(api_key.c.name == name, api_key.c.revoked_at.is_(None))
    return list(connection.scalars(statement))
