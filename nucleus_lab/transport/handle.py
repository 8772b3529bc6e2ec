"""What every handle is: the public id of a thing, and the connection that asks about it."""

from __future__ import annotations

from urllib.parse import quote

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.transport.connection import Connection


def segment(value: object) -> str:
    """Write a value as one segment of a route.

    Args:
        value: An id or a reference id; slashes, spaces and any letters are fine.

    Returns:
        The percent-encoded text.

    Raises:
        InvalidInputError: There is none: it is ``None`` or empty.
    """
    if value is None or value == "":
        raise InvalidInputError(f"{value!r} is no id: give the id or reference id of what you mean")
    return quote(str(value), safe="")


class Handle:
    """A thing in a workspace. Two handles are equal when they stand for the same thing.

    Args:
        public_id: Its id.
        client: The connection that asks.

    Attributes:
        id: ``public_id``.
    """

    def __init__(self, public_id: str, client: Connection) -> None:
        self.id = public_id
        self._client = client

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Handle) or other.id != self.id:
            return False
        return other._client.target == self._client.target

    def __hash__(self) -> int:
        return hash(self.id)
