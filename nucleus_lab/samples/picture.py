"""A picture with its boxes, as one SVG element."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from nucleus_lab.errors import MediaError
from nucleus_lab.samples.chart import colours_of

LARGEST: Final = 640
"""Pixels of the longer side that are kept."""


def svg(content: bytes, boxes: Sequence[Mapping[str, Any]] = ()) -> tuple[str, tuple[int, int]]:
    """Draw a picture and its boxes.

    Args:
        content: A picture that Pillow reads.
        boxes: ``{"label", "x", "y", "width", "height"}`` each, in pixels.

    Returns:
        An SVG element that needs nothing else, and the size of the picture.

    Raises:
        MediaError: It is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as opened:
            width, height = opened.size
            opened.draft("RGB", (LARGEST, LARGEST))
            opened.thumbnail((LARGEST, LARGEST))
            small = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, ValueError) as fault:
        raise MediaError(f"it cannot be read as a picture ({fault})") from fault
    buffer = io.BytesIO()
    small.save(buffer, "PNG" if width * height <= 128 * 128 else "JPEG")
    kind = "png" if width * height <= 128 * 128 else "jpeg"
    text = base64.b64encode(buffer.getvalue()).decode()
    shown = min(max(width, 160), LARGEST)
    size = 12 * width / shown  # letters of 12 pixels, however large the picture is
    colours = colours_of(str(each["label"]) for each in boxes)
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{len(boxes)} boxes" '
    parts = [
        head + f'style="display:block;width:{shown}px;max-width:100%">',
        f'<image href="data:image/{kind};base64,{text}" width="{width}" height="{height}"/>',
    ]
    for each in boxes:
        label = str(each["label"])
        x, y, wide, high = (float(each[name]) for name in ("x", "y", "width", "height"))
        colour = colours[label]
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" fill="none" '
            f'stroke="{colour}" stroke-width="{size / 5:.2f}"><title>{escape(label)}</title></rect>'
            f'<text x="{x:g}" y="{max(y - size / 4, size):g}" font-size="{size:.1f}" '
            f'font-family="sans-serif" fill="{colour}" stroke="white" paint-order="stroke" '
            f'stroke-width="{size / 6:.2f}">{escape(label)}</text>'
        )
    parts.append("</svg>")
    return "".join(parts), (width, height)
