"""Masks for the page: small, and with the place of the segment instead of its index."""

from __future__ import annotations

import io
from collections.abc import Sequence

from nucleus_lab.errors import MediaError

MOST_SEGMENTS = 255
"""One byte a pixel names so many segments; the rest is not drawn."""


def page_mask(png: bytes, indexes: Sequence[int], pixels: int) -> bytes:
    """Make a mask that the page can colour.

    Args:
        png: The mask: its pixel values are indexes of segments. Colour pictures count as
            ``red + 256 green + 65536 blue``, as panoptic masks of COCO are written.
        indexes: Index of each segment, in the order of the annotation's list.
        pixels: Longer side of the result; masks are never enlarged.

    Returns:
        A grey PNG: 0 for nothing, ``n`` for the n-th segment of the list.

    Raises:
        MediaError: The mask is no readable picture.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(png)) as picture:
            scale = min(1.0, pixels / max(picture.size))
            size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            # A mean of two indexes is a third segment, so the nearest pixel it is.
            values = np.asarray(picture.resize(size, Image.Resampling.NEAREST)).astype(np.int64)
    except (UnidentifiedImageError, OSError) as fault:
        raise MediaError(f"the mask is no readable picture: {fault}") from fault
    if values.ndim == 3:
        colour = values.shape[2] >= 3  # otherwise grey with transparency
        high = 256 * values[..., 1] + 65536 * values[..., 2] if colour else 0
        values = values[..., 0] + high
    known = np.array(list(indexes[:MOST_SEGMENTS]) or [-1], dtype=np.int64)
    order = np.argsort(known, kind="stable")
    at = np.clip(np.searchsorted(known[order], values), 0, len(known) - 1)
    places = np.where(known[order][at] == values, order[at] + 1, 0).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(places).save(out, "PNG", compress_level=1)
    return out.getvalue()
