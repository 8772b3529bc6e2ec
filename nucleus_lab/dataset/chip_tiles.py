"""Where the chips of a picture lie, and what of its boxes falls on each: plain arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nucleus_lab.errors import InvalidInputError


class Tile(NamedTuple):
    """The place of one chip in its picture, in pixels; the right and lower edge are outside."""

    x0: int
    y0: int
    x1: int
    y1: int


def check_sizes(chip_size: int, stride_size: int) -> None:
    """Refuse sizes that make no tiling.

    Args:
        chip_size: Side of a chip in pixels.
        stride_size: Distance of two chips in pixels.

    Raises:
        InvalidInputError: One is no whole number above 0, or the stride leaves gaps.
    """
    for name, value in (("chip_size", chip_size), ("stride_size", stride_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InvalidInputError(f"{name} is {value!r}: use a whole number of pixels, 1 or more")
    if stride_size > chip_size:
        raise InvalidInputError(
            f"stride_size {stride_size} is larger than chip_size {chip_size}: what lies between "
            "two chips would be on none"
        )


def tiles(
    width: int, height: int, chip_size: int, stride_size: int, *, upstream: bool = False
) -> Iterator[Tile]:
    """Lay chips over a picture, column by column.

    Args:
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        chip_size: Side of a chip in pixels; a smaller picture gives a smaller chip.
        stride_size: Distance of two chips in pixels at most.
        upstream: Lay them as the published client does, gaps included.

    Yields:
        The places. The first chip touches the left and upper border, the last one the right and
        lower border.
    """
    offsets = _published if upstream else _covering
    for x in offsets(width, chip_size, stride_size):
        for y in offsets(height, chip_size, stride_size):
            yield Tile(x, y, min(x + chip_size, width), min(y + chip_size, height))


def _covering(size: int, chip: int, stride: int) -> list[int]:
    """Spread as few chips as cover every pixel with no step above the stride."""
    rest = max(size - chip, 0)
    steps = -(-rest // stride)
    return [round(step * rest / steps) for step in range(steps + 1)] if steps else [0]


def _published(size: int, chip: int, stride: int) -> list[int]:
    """Repeat the offsets of the published client.

    They begin every stride below ``size - stride`` and are then stretched so that the last chip
    ends at the border. A picture no larger than the stride gets none; two that are a chip apart
    become one; and where the stride is as large as the chip, stretching tears gaps.

    Returns:
        The offsets along one side.
    """
    plain = range(0, size - stride, stride)
    if len(plain) < 2:
        return list(plain)
    return [round(offset * (size - chip) / plain[-1]) for offset in plain]


def boxes_on(tile: Tile, boxes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Cut boxes at the edges of a chip.

    Args:
        tile: The chip.
        boxes: Payloads with ``label`` and ``geometry``, in pixels of the picture.

    Returns:
        ``label``, ``type`` and ``geometry`` in pixels of the chip, of the boxes that lie on it
        with some area.
    """
    found = []
    for box in boxes:
        geometry = box["geometry"]
        left = _within(geometry["x"], tile.x0, tile.x1)
        top = _within(geometry["y"], tile.y0, tile.y1)
        width = _within(geometry["x"] + geometry["width"], tile.x0, tile.x1) - left
        height = _within(geometry["y"] + geometry["height"], tile.y0, tile.y1) - top
        if width > 0 and height > 0:
            cut = {"x": left, "y": top, "width": width, "height": height}
            found.append({"label": box["label"], "type": "box", "geometry": cut})
    return found


def _within(value: float, low: int, high: int) -> float:
    return max(min(value, high), low) - low
