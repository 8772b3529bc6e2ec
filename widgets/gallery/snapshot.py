"""The contact sheet that a saved notebook keeps: first pictures with their overlays, and the count.

Each picture is one ``img`` whose source is a small SVG with the thumbnail and the outlines inside.
That survives the sanitising of notebooks that are not trusted, which drops ``svg`` elements, and
nothing in an image can run.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import quote

from nucleus_lab.errors import NucleusError
from nucleus_lab.widgets.gallery.masks import page_mask
from nucleus_lab.widgets.palette import UNKNOWN

SHOWN: Final = 24
_WIDTH: Final = 168
_HEIGHT: Final = 126
_LEGEND: Final = 12
_FONT: Final = "var(--jp-ui-font-family, system-ui, sans-serif)"
_SAFE: Final = "/:;=,+-.() "

_PLACELESS: Final = frozenset({"category", "multicategory", "cuboid"})


def contact_sheet(
    listing: Mapping[str, Any],
    pictures: Sequence[bytes],
    *,
    visible: Callable[[Mapping[str, Any]], bool],
    mask: Callable[[str], bytes],
) -> str:
    """Draw the first items.

    Args:
        listing: What the page gets: counts, labels and first rows.
        pictures: Thumbnails of the rows, ``b""`` where there is none.
        visible: Whether a shape is shown.
        mask: Gives the PNG of a mask by the id of its annotation.

    Returns:
        Self-contained HTML.
    """
    painted = {one["label"]: one["colour"] for one in listing["labels"]}
    rows = listing["rows"][:SHOWN]
    tiles = []
    for row, picture in zip(rows, [*pictures, *([b""] * len(rows))], strict=False):
        shown = [shape for shape in row["shapes"] if visible(shape)]
        tiles.append(_tile(row, picture, shown, painted, mask))
    return (
        f'<div style="font-family: {_FONT}; font-size: 13px">'
        f"<p><b>{escape(listing['name'])}</b> {escape(_counted(listing, len(rows)))}</p>"
        f"{_legend(listing, painted)}<div>{''.join(tiles)}</div></div>"
    )


def _counted(listing: Mapping[str, Any], shown: int) -> str:
    count, total = listing["count"], listing["total"]
    text = f"{count:,} of {total:,} items" if total is not None else f"{count:,} items"
    if count == 1 and total is None:
        text = "1 item"
    if listing["slice"] is not None:
        text += f" of the slice {listing['slice']}"
    if listing["query"]:
        text += f" where {listing['query']}"
    return f"{text}, the first {shown} shown" if shown < count else text


def _legend(listing: Mapping[str, Any], painted: Mapping[str, str]) -> str:
    entries = []
    for one in listing["labels"][:_LEGEND]:
        numbers = f"{one['ground_truth']:,}"
        if listing["model"]:
            numbers += f" / {one['predictions']:,}"
        entries.append(
            f'<span style="color: {painted[one["label"]]}">&#9632;</span> '
            f"{escape(one['label'])} <small>{numbers}</small>"
        )
    if len(listing["labels"]) > _LEGEND:
        entries.append(f"and {len(listing['labels']) - _LEGEND} more labels")
    if listing["model"]:
        entries.append("<small>ground truth solid, predictions dashed</small>")
    return f"<p>{' &nbsp; '.join(entries)}</p>" if entries else ""


def _tile(
    row: Mapping[str, Any],
    picture: bytes,
    shown: Sequence[Mapping[str, Any]],
    painted: Mapping[str, str],
    mask: Callable[[str], bytes],
) -> str:
    name = str(row["reference_id"])
    predictions = sum(1 for shape in shown if shape["prediction"])
    alternative = f"{name}: {len(shown) - predictions} annotations"
    if predictions:
        alternative += f", {predictions} predictions"
    drawing = _drawing(row, picture, shown, painted, mask)
    source = f"data:image/svg+xml,{quote(drawing, safe=_SAFE)}"
    chips = " ".join(_chip(shape) for shape in shown if shape["type"] in _PLACELESS)
    # Cut in the middle: what tells ids apart is often their end.
    caption = escape(name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}")
    return (
        f'<div style="display: inline-block; width: {_WIDTH}px; margin: 0 8px 8px 0; '
        'vertical-align: top; overflow: hidden">'
        f'<img src="{source}" width="{_WIDTH}" height="{_HEIGHT}" alt="{escape(alternative)}" '
        f'title="{escape(name)}"><br><small>{caption}{" " + chips if chips else ""}</small></div>'
    )


def _chip(shape: Mapping[str, Any]) -> str:
    text = ", ".join(shape.get("labels") or [shape["label"]])
    if shape.get("confidence") is not None:
        text += f" {shape['confidence']:.2f}"
    return f"<i>{escape(text)}</i>"


def _drawing(
    row: Mapping[str, Any],
    picture: bytes,
    shown: Sequence[Mapping[str, Any]],
    painted: Mapping[str, str],
    mask: Callable[[str], bytes],
) -> str:
    small, size = _shrunk(picture)
    width, height = row.get("width") or size[0], row.get("height") or size[1]
    scale = min(_WIDTH / width, _HEIGHT / height) if width and height else 0.0
    left, top = (_WIDTH - width * scale) / 2, (_HEIGHT - height * scale) / 2
    place = f'width="{width * scale:.1f}" height="{height * scale:.1f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}">',
        '<rect width="100%" height="100%" fill="#888" fill-opacity=".15"/>',
        f'<g transform="translate({left:.1f} {top:.1f})">',
    ]
    if small:
        parts.append(f'<image {place} href="{_embedded(small, "jpeg")}"/>')
    else:
        parts.append('<text x="50%" y="50%" font-size="11" fill="#888">no picture</text>')
    if scale:
        for shape in shown:
            if shape["type"] == "mask":
                layer = _tinted(shape, painted, mask)
                parts.append(f'<image {place} href="{_embedded(layer, "png")}"/>' if layer else "")
        parts.append(_outlines(shown, scale, painted))
    parts.append("</g></svg>")
    return "".join(parts)


def _embedded(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _shrunk(picture: bytes) -> tuple[bytes, tuple[int, int]]:
    from PIL import Image

    if not picture:
        return b"", (0, 0)
    with Image.open(io.BytesIO(picture)) as opened:
        small = opened.convert("RGB")
    size = small.size
    small.thumbnail((_WIDTH, _HEIGHT), Image.Resampling.BILINEAR, reducing_gap=None)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=64)
    return out.getvalue(), size


def _outlines(shown: Sequence[Mapping[str, Any]], scale: float, painted: Mapping[str, str]) -> str:
    """Outlines, one path for each label, source and kind, which keeps notebooks small."""
    paths: dict[tuple[str, bool, bool], list[str]] = {}
    for shape in shown:
        path = _path(shape, scale)
        if path:
            colour = painted.get(shape["label"], UNKNOWN)
            key = (colour, bool(shape["prediction"]), shape["type"] == "polygon")
            paths.setdefault(key, []).append(path)
    drawn = []
    for number, ((colour, prediction, filled), pieces) in enumerate(paths.items()):
        dash = ' stroke-dasharray="4 3"' if prediction else ""
        fill = f' fill="{colour}" fill-opacity=".16"' if filled else ""
        drawn.append(
            f'<defs><path id="p{number}" d="{"".join(pieces)}"/></defs>'
            f'<use href="#p{number}" stroke="#000" stroke-opacity=".5" stroke-width="2.5"/>'
            f'<use href="#p{number}" stroke="{colour}" stroke-width="1.4"{dash}{fill}/>'
        )
    return f'<g fill="none">{"".join(drawn)}</g>'


def _path(shape: Mapping[str, Any], scale: float) -> str:
    geometry = shape.get("geometry") or {}
    if shape["type"] == "box":
        x, y, width, height = (geometry[key] * scale for key in ("x", "y", "width", "height"))
        return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"
    if shape["type"] == "polygon":
        return f"{_chain(geometry.get('vertices') or (), scale)}z"
    if shape["type"] == "line":
        return _chain(geometry.get("vertices") or (), scale)
    if shape["type"] == "keypoints":
        return _skeleton(geometry, scale)
    return ""


def _chain(points: Sequence[Mapping[str, float]], scale: float) -> str:
    steps = [f"{point['x'] * scale:.1f} {point['y'] * scale:.1f}" for point in points]
    return f"M{'L'.join(steps)}" if steps else ""


def _skeleton(geometry: Mapping[str, Any], scale: float) -> str:
    points = geometry.get("keypoints") or []
    known = [point.get("x") is not None and point.get("y") is not None for point in points]
    lines = [
        _chain((points[start], points[end]), scale)
        for start, end in geometry.get("skeleton") or ()
        if max(start, end) < len(points) and known[start] and known[end]
    ]
    dots = [
        f"M{point['x'] * scale - 1.5:.1f} {point['y'] * scale:.1f}h3"
        for point, there in zip(points, known, strict=True)
        if there
    ]
    return "".join([*lines, *dots])


def _tinted(
    shape: Mapping[str, Any], painted: Mapping[str, str], mask: Callable[[str], bytes]
) -> bytes:
    """A transparent PNG of the segments; nothing where the mask cannot be read."""
    import numpy as np
    from PIL import Image

    segments = shape.get("segments") or ()
    try:
        grey = page_mask(mask(shape["id"]), [one["index"] for one in segments], _WIDTH)
    except NucleusError:
        return b""
    table = np.zeros((256, 4), dtype=np.uint8)
    for at, one in enumerate(segments[:255]):
        colour = painted.get(one["label"], UNKNOWN)
        table[at + 1] = (*bytes.fromhex(colour[1:]), 120)
    with Image.open(io.BytesIO(grey)) as opened:
        pixels = table[np.asarray(opened)]
    out = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(out, "PNG", compress_level=6)
    return out.getvalue()
