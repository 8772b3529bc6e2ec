"""Run-length masks become their exact outlines."""

from __future__ import annotations

import numpy as np
import shapely
from hotcoco import mask as reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nucleus_lab.formats.coco.masks import outlines
from nucleus_lab.formats.coco.records import Rle

Mask = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
masks = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 1)
)


def _runs(mask: Mask) -> list[int]:
    flat = mask.flatten(order="F").tolist()
    counts, value = [0], 0
    for pixel in flat:
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return counts


@given(masks)
def test_the_outline_holds_exactly_the_pixels_of_the_mask(mask: Mask) -> None:
    height, width = mask.shape
    text = reference.encode(np.asfortranarray(mask))["counts"]
    compressed = text.decode() if isinstance(text, bytes) else text

    rings, holes = outlines(Rle((height, width), compressed), "mask")

    assert sum(shapely.Polygon(ring).area for ring in rings) - holes == mask.sum()
    centres = shapely.points(*np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5))
    covered = np.zeros(mask.shape, bool)
    for ring in rings:
        covered |= shapely.contains(shapely.Polygon(ring), centres)
    assert (covered | ~mask.astype(bool)).all()


@given(masks)
def test_compressed_and_plain_counts_mean_the_same(mask: Mask) -> None:
    height, width = mask.shape
    text = reference.encode(np.asfortranarray(mask))["counts"]
    compressed = text.decode() if isinstance(text, bytes) else text

    assert outlines(Rle((height, width), compressed), "") == outlines(
        Rle((height, width), _runs(mask)), ""
    )
