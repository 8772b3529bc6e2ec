"""Masks that do not lie over their picture pixel for pixel, or have colours for numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from nucleus_lab.errors import MediaError

_COLOUR_TYPE: Final = 25
"""Place in a PNG file that says what its pixels are."""

_COLOURED: Final = (2, 6)


def colours(path: Path, name: str) -> str:
    """Say whether a mask has colours instead of numbers.

    Args:
        path: A PNG file.
        name: What the caller calls it.

    Returns:
        The fault and what to do; empty where all pixels are grey, or numbers of a palette.
    """
    with path.open("rb") as file:
        head = file.read(_COLOUR_TYPE + 1)
    if head[_COLOUR_TYPE] not in _COLOURED:
        return ""
    from nucleus_lab.annotation import mask_pictures

    try:
        mask_pictures.read(path.read_bytes(), name)
    except MediaError as wrong:
        return wrong.message
    return ""


def fault(found: tuple[int, int], picture: Sequence[Any] | None) -> str:
    """Say what is wrong with the size of a mask.

    Args:
        found: Width and height of the mask.
        picture: Width and height of the picture; ``None`` where they are not known.

    Returns:
        The fault and what to do; empty where nothing is wrong or known.
    """
    if picture is None or None in picture or tuple(picture) == found:
        return ""
    return (
        f"it has {found[0]} x {found[1]} pixels and the picture {picture[0]} x {picture[1]}: "
        "give a mask of the size of the picture"
    )


def check(found: tuple[int, int], picture: Sequence[Any] | None, mask: str, item: str) -> None:
    """Hold a mask against the size of its picture.

    Args:
        found: Width and height of the mask.
        picture: Width and height of the picture; ``None`` where they are not known.
        mask: Where the mask is.
        item: Reference id of the item.

    Raises:
        MediaError: They differ.
    """
    reason = fault(found, picture)
    if reason:
        raise MediaError(f"the mask {mask!r} of item {item!r} does not fit: {reason}", path=mask)
