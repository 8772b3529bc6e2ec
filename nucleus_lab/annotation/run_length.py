"""Run-length masks as COCO writes them: ``size`` is height and width, ``counts`` text or numbers.

Runs alternate background and foreground down the columns. Text holds the same numbers, compressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_PIXELS: Final = 200_000_000


def decode(rle: Mapping[str, Any], where: str = "the mask") -> NDArray[np.uint8]:
    """Draw a mask.

    Args:
        rle: ``size`` and ``counts``, compressed (text or bytes) or not (numbers).
        where: What it is, for messages.

    Returns:
        0 and 1, shape ``(height, width)``.

    Raises:
        InvalidInputError: It is no run-length mask, or its runs do not fit its size.
    """
    import numpy as np

    if not isinstance(rle, Mapping) or not {"size", "counts"} <= rle.keys():
        raise InvalidInputError(
            f"{where} is {rle!r}: a run-length mask is a mapping with size [height, width] and "
            "counts"
        )
    counts = runs(rle["size"], rle["counts"], where)
    height, width = map(int, rle["size"])
    values = np.arange(len(counts), dtype=np.uint8) & 1
    return np.repeat(values, counts).reshape((height, width), order="F")


def encode(mask: Any) -> dict[str, Any]:
    """Write a mask down in runs.

    Args:
        mask: Anything that numpy reads, shape ``(height, width)``; what is not 0 is foreground.

    Returns:
        ``size`` and ``counts`` as compressed text, ready for JSON.

    Raises:
        InvalidInputError: It has not two dimensions, or no pixel.
    """
    import numpy as np
    from hotcoco import mask as codec

    pixels = np.asarray(mask)
    if pixels.ndim != 2 or not pixels.size:
        raise InvalidInputError(
            f"a mask of the shape {pixels.shape} cannot be encoded: give height x width"
        )
    counts = codec.encode(np.asfortranarray(pixels != 0, dtype=np.uint8))["counts"]
    text = counts.decode("ascii") if isinstance(counts, bytes) else str(counts)
    return {"size": [*map(int, pixels.shape)], "counts": text}


def runs(size: Any, counts: Any, where: str) -> NDArray[np.int64]:
    """Read the lengths of the runs and hold them against the size.

    Args:
        size: Height and width.
        counts: Text, bytes or numbers.
        where: What it is, for messages.

    Returns:
        The lengths, background first.

    Raises:
        InvalidInputError: The size is none, or the runs do not fit it.
    """
    import numpy as np

    try:
        height, width = (int(side) for side in size)
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"{where} has the size {size!r}: write [height, width] in pixels"
        ) from None
    if not (0 < height * width <= MOST_PIXELS and height > 0):
        raise InvalidInputError(
            f"{where} has a mask of {width} x {height} pixels, which is no size"
        )
    if isinstance(counts, bytes):
        counts = counts.decode("latin-1")
    if isinstance(counts, str):
        counts = _uncompressed(counts, where)
    try:
        numbers = np.asarray(counts, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInputError(
            f"{where} has counts that are neither text nor whole numbers"
        ) from None
    if numbers.ndim != 1 or numbers.sum() != height * width or (numbers < 0).any():
        raise InvalidInputError(
            f"{where} has a mask whose runs cover {int(numbers.sum())} pixels, not the "
            f"{height * width} of its size {width} x {height}: leave the entry out or repair it"
        )
    return numbers


def _uncompressed(text: str, where: str) -> list[int]:
    # 5 bits a character, low bits first, from the fourth run on as the difference to the run two
    # before. Source: COCO API, common/maskApi.c, rleFrString.
    counts: list[int] = []
    at = 0
    while at < len(text):
        value = shift = 0
        more = True
        while more:
            if at == len(text) or not 48 <= ord(text[at]) < 112:
                raise InvalidInputError(
                    f"{where} has compressed mask counts that are cut short or hold "
                    f"a wrong character at {at}: leave the entry out or repair it"
                )
            piece = ord(text[at]) - 48
            value |= (piece & 0x1F) << shift
            more = bool(piece & 0x20)
            at += 1
            shift += 5
            if not more and piece & 0x10:
                value |= -1 << shift
        if len(counts) > 2:
            value += counts[-2]
        counts.append(value)
    return counts
