"""Masks as pictures: one whole number a pixel, which segments give a meaning."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.annotation import run_length
from nucleus_lab.errors import InvalidInputError, MediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_INDEX: Final = 65_535
"""Highest value of a pixel; up to 255 the picture has 8 bits, above 16."""

_PLAIN_MODES: Final = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L", "I;16N"})


def read(content: bytes, name: str, most_pixels: int = run_length.MOST_PIXELS) -> NDArray[np.int64]:
    """Read the number of each pixel.

    Args:
        content: A picture with one channel, or with three equal ones.
        name: What the caller calls it, for messages.
        most_pixels: Most pixels allowed.

    Returns:
        Shape ``(height, width)``.

    Raises:
        MediaError: It is no picture, damaged, too large, or has colours.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > most_pixels:
                raise MediaError(
                    f"{name} has {picture.width} x {picture.height} pixels and {most_pixels:,} are "
                    "allowed: shrink it",
                    path=name,
                )
            pixels = np.asarray(picture)
            mode = picture.mode
    except UnidentifiedImageError as fault:
        raise MediaError(
            f"{name} is no mask that can be read (it is no picture): give a whole PNG", path=name
        ) from fault
    except (OSError, ValueError, SyntaxError) as fault:
        raise MediaError(
            f"{name} is no mask that can be read ({fault}): give a whole PNG", path=name
        ) from fault
    except Image.DecompressionBombError as fault:
        raise MediaError(f"{name} is too large: {fault}", path=name) from fault
    if mode in {"RGB", "RGBA"}:
        if (pixels[..., 0] != pixels[..., 1]).any() or (pixels[..., 0] != pixels[..., 2]).any():
            raise MediaError(
                f"{name} has colours: a mask has one channel with a class or instance number in "
                "each pixel; convert the colours to numbers first",
                path=name,
            )
        pixels = pixels[..., 0]
    elif mode not in _PLAIN_MODES:
        raise MediaError(
            f"{name} is a picture of mode {mode}: a mask has one channel of whole numbers",
            path=name,
        )
    return pixels.astype(np.int64)


def paint(
    rles: Sequence[Mapping[str, Any]], indexes: Sequence[int], where: str
) -> NDArray[np.uint16]:
    """Draw run-length masks over each other, the first one lowest.

    Args:
        rles: The masks, all of one size.
        indexes: The number of each.
        where: What they belong to, for messages.

    Returns:
        Shape ``(height, width)``, 0 where no mask is.

    Raises:
        InvalidInputError: There is none, two differ in size, or a number is out of range.
    """
    import numpy as np

    if not rles:
        raise InvalidInputError(f"{where} has no run-length mask: give one or more")
    first = run_length.decode(rles[0], f"{where}: run-length mask 0")
    picture: NDArray[np.uint16] = np.zeros(first.shape, np.uint16)
    width, height = first.shape[1], first.shape[0]
    for at, (rle, index) in enumerate(zip(rles, indexes, strict=True)):
        if not 0 <= index <= MOST_INDEX:
            raise InvalidInputError(
                f"{where}: segment {at} has the index {index}: use 0 to {MOST_INDEX}"
            )
        drawn = run_length.decode(rle, f"{where}: run-length mask {at}")
        if drawn.shape != picture.shape:
            raise InvalidInputError(
                f"{where}: run-length mask {at} has {drawn.shape[1]} x {drawn.shape[0]} pixels and "
                f"the first one {width} x {height}: all need one size"
            )
        picture[drawn.astype(bool)] = index
    return picture


def write(pixels: NDArray[np.uint16], path: Path) -> None:
    """Write a mask as PNG, of 8 bits where they suffice.

    Args:
        pixels: The number of each pixel.
        path: The file; its folder is made, and an older file is replaced once this one is whole.

    Raises:
        MediaError: It cannot be written.
    """
    import numpy as np
    from PIL import Image

    small = int(pixels.max()) < 256
    picture = Image.fromarray(pixels.astype(np.uint8) if small else pixels)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            picture.save(temporary, "PNG")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as fault:
        raise MediaError(f"{path} cannot be written: {fault}", path=str(path)) from fault
