"""Tokens of paged reads: where the page before ended."""

from __future__ import annotations

from nucleus_lab.errors import InvalidInputError


def place_of(text: str, token: str) -> int:
    """Read the number in a page token.

    Args:
        text: The number.
        token: The token, for the message.

    Returns:
        The number, one that every database can hold.

    Raises:
        InvalidInputError: It is none, so the token was not made here.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInputError(f"pageToken {token!r} was not made here: begin with null")
    return int(text)
