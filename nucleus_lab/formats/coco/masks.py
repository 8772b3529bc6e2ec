"""Run-length masks as outlines along their pixel edges.

Runs go down the columns; shapely unites one rectangle a run, without ever drawing the mask. That is
exact: the area of the outline is the number of pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.annotation.run_length import runs

if TYPE_CHECKING:
    from nucleus_lab.formats.coco.records import Rle


def outlines(mask: Rle, where: str) -> tuple[list[list[tuple[float, float]]], float]:
    """Trace a mask.

    Args:
        mask: The run-length mask.
        where: File and entry, for the message.

    Returns:
        One ring of x, y for each connected part, largest first, and the pixels inside holes, which
        a ring cannot leave out.

    Raises:
        InvalidInputError: The runs do not fit the size.
    """
    import shapely

    columns, starts, ends = _runs(mask, where)
    shape: Any = shapely.simplify(
        shapely.union_all(shapely.box(columns, starts, columns + 1, ends)), 0.0
    )
    parts = [part for part in shapely.get_parts(shape).tolist() if not part.is_empty]
    parts.sort(key=lambda part: (-part.area, part.bounds))
    holes = sum(shapely.Polygon(ring).area for part in parts for ring in part.interiors)
    # A shapely ring repeats its first point at the end; ours do not.
    return [[(x, y) for x, y in part.exterior.coords[:-1]] for part in parts], holes


def _runs(mask: Rle, where: str) -> tuple[Any, Any, Any]:
    import numpy as np

    height = mask.size[0]
    counts = runs(mask.size, mask.counts, where)
    # Runs alternate background and foreground down the columns; one that spans columns is cut.
    edges = np.cumsum(counts)
    starts, ends = edges[0::2][: len(counts) // 2], edges[1::2]
    keep = ends > starts
    starts, ends = starts[keep], ends[keep]
    first, last = starts // height, (ends - 1) // height
    pieces = last - first + 1
    which = np.repeat(np.arange(len(starts)), pieces)
    columns = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    top = np.maximum(starts[which], columns * height) - columns * height
    bottom = np.minimum(ends[which], (columns + 1) * height) - columns * height
    return columns, top, bottom
