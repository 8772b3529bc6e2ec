"""What a picture looks like in 64 bits: pictures that look alike differ in few of them.

The picture is shrunk to 32 by 32 shades of grey, its 8 by 8 lowest frequencies are taken (discrete
cosine transform), and each bit says whether a frequency lies above their median.

Source:
    Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section
    3.2.1, the DCT based hash.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

    from nucleus_lab.evaluation.objects import Floats

_SIDE: Final = 32
_LOW: Final = 8

LEAST_SIDE: Final = 2 * _SIDE
"""A picture that is shrunk beforehand keeps at least so many pixels a side."""


@cache
def _cosines() -> Floats:
    """The lowest frequencies along one axis."""
    frequency, place = np.ogrid[:_LOW, :_SIDE]
    waves: Floats = np.cos(np.pi * (2 * place + 1) * frequency / (2 * _SIDE))
    return waves


def perceptual_hash(picture: Image.Image) -> str:
    """Say what a picture looks like.

    Args:
        picture: A decoded picture of 8 bits a channel.

    Returns:
        64 characters, each 0 or 1, from the lowest frequency on, row by row.
    """
    from PIL import Image

    small = picture.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    if small.mode == "RGBA":  # what cannot be seen does not count
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    waves = _cosines()
    low = waves @ np.asarray(small.convert("L"), np.float64) @ waves.T
    # A flat picture has frequencies of rounding errors alone, whose signs mean nothing.
    low[np.abs(low) < 1e-6] = 0.0
    bits = (low > np.median(low)).reshape(-1)
    return "".join("1" if bit else "0" for bit in bits.tolist())
