"""Numbers as values and as wire types: which are allowed, and what is said about the others.

NaN, infinity and negative sizes are refused twice with the same bounds: where a value is made
(:func:`finite`, :func:`size`, :func:`fraction`) and where a payload is read (:data:`Coordinate`,
:data:`Size`, :data:`Fraction`), since payloads also come from clients that check nothing.
"""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, Final, TypeAlias

from msgspec import Meta

from nucleus_lab.errors import InvalidInputError

LARGEST: Final = 1.7976931348623157e308
"""The largest finite double: a bound that only infinity exceeds and that NaN never meets."""

EXACT: Final = 2**53
"""Largest whole number up to which every integer is also a double."""

# msgspec refuses bounds on a bare union, hence a union of two bounded types: whole numbers stay
# whole on the wire.
Coordinate: TypeAlias = (
    Annotated[float, Meta(ge=-LARGEST, le=LARGEST)] | Annotated[int, Meta(ge=-EXACT, le=EXACT)]
)
"""A finite number."""

Size: TypeAlias = Annotated[float, Meta(ge=0.0, le=LARGEST)] | Annotated[int, Meta(ge=0, le=EXACT)]
"""A finite number of at least 0."""

Fraction: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)] | Annotated[int, Meta(ge=0, le=1)]
"""A number between 0 and 1."""


def finite(value: Any, field: str) -> Any:
    """Return a finite number as a plain ``int`` or ``float``.

    Args:
        value: A Python or numpy number.
        field: Name of the field for the error message.

    Returns:
        The number; numpy scalars become Python numbers.

    Raises:
        InvalidInputError: It is no number, NaN or infinite.
    """
    number = value
    if type(number) is not float and type(number) is not int:
        item = getattr(value, "item", None)  # numpy scalars
        number = item() if callable(item) and getattr(value, "ndim", 0) == 0 else value
        if type(number) is not float and type(number) is not int:
            raise InvalidInputError(
                f"{field} is {value!r}, a {type(value).__name__}: give a number", field=field
            )
    if not -inf < number < inf:
        raise InvalidInputError(f"{field} is {value!r}: give a finite number", field=field)
    return number


def size(value: Any, field: str) -> Any:
    """Return a finite number of at least 0 as a plain ``int`` or ``float``.

    Args:
        value: A Python or numpy number.
        field: Name of the field for the error message.

    Returns:
        The number.

    Raises:
        InvalidInputError: It is no number, not finite, or negative.
    """
    number = finite(value, field)
    if number < 0:
        raise InvalidInputError(
            f"{field} is {value!r}: a size cannot be negative, give 0 or more", field=field
        )
    return number


def fraction(value: Any, field: str) -> Any:
    """Return a number between 0 and 1, or ``None`` for ``None``.

    Args:
        value: A Python or numpy number, or ``None``.
        field: Name of the field for the error message.

    Returns:
        The number as a plain ``int`` or ``float``.

    Raises:
        InvalidInputError: It is no number or lies outside 0 to 1.
    """
    if value is None:
        return None
    number = finite(value, field)
    if not 0 <= number <= 1:
        raise InvalidInputError(f"{field} is {value!r}: give a number between 0 and 1", field=field)
    return number
