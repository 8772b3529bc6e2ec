"""Vectors as callers give them and get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_NUMBERS: Final = 16_384
"""Numbers of one vector at most."""

_LARGEST: Final = 3.0e38  # of a 32-bit float


def check_dimension(dimension: int) -> None:
    """Refuse a length that no vector has.

    Args:
        dimension: Numbers of a vector.

    Raises:
        InvalidInputError: It is below 1, or above 16,384.
    """
    if not 1 <= dimension <= MOST_NUMBERS:
        raise InvalidInputError(
            f"embedding_dimension is {dimension}: a vector has 1 to {MOST_NUMBERS} numbers",
            path="embedding_dimension",
        )


def read_vector(values: Any, dimension: int, owner: str) -> NDArray[Any]:
    """Read a vector.

    Args:
        values: What was given.
        dimension: Numbers that are wanted.
        owner: What it is, for messages.

    Returns:
        Shape ``(dimension,)``, 32-bit floats.

    Raises:
        InvalidInputError: It is no list of so many finite numbers.
    """
    import numpy as np

    if not isinstance(values, list):
        raise InvalidInputError(
            f"{owner} is a {type(values).__name__}: a list of numbers is wanted"
        )
    if len(values) != dimension:
        raise InvalidInputError(f"{owner} has {len(values)} numbers, and {dimension} are wanted")
    for place, value in enumerate(values):
        if type(value) not in {int, float} or not abs(value) < _LARGEST:
            raise InvalidInputError(
                f"{owner} has {str(value)[:40]!r} at place {place}: a finite number is wanted"
            )
    return np.array(values, np.float32)


def written(vectors: NDArray[Any]) -> list[list[float]]:
    """Write vectors as JSON holds them: 0.1 is 0.1, and not what 32 bits make of it.

    Args:
        vectors: Shape ``(n, dimension)``, 32-bit floats.

    Returns:
        Lists of the shortest numbers that mean the same 32 bits.
    """
    found: list[list[float]] = vectors.astype("U16").astype("float64").tolist()
    return found
