"""Reading pictures with Pillow: what is a picture, is it whole, how does it look small.

Pictures are never turned. Boxes are in pixels as stored, so the EXIF orientation, which only asks
a viewer to turn the picture, is ignored here and taken out of what browsers get. Of a file with
several frames the first one counts.
"""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from nucleus_lab.engine.perceptual_hash import LEAST_SIDE, perceptual_hash
from nucleus_lab.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""Formats that are read, by Pillow's names; a few others in its wheel run outside programs."""

_BROWSER_TYPES: Final = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}
_DEEP_MODES: Final = ("I", "F")  # and every mode beginning with "I;": more than 8 bits a pixel
_ORIENTATION: Final = 0x0112  # Exif 2.3, tag 274
_UPRIGHT: Final = 1

# A picture of 100 megapixels takes 300 MB while it is decoded: one at a time.
_LARGE_PIXELS: Final = 32_000_000
_large = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a stored picture.

    Attributes:
        key: Name of its content in the media store.
        width: Pixels, as stored.
        height: Pixels, as stored.
        format: Pillow's name, such as ``JPEG``.
        phash: What it looks like, 64 characters 0 and 1; ``None`` where nobody asked.
    """

    key: str
    width: int
    height: int
    format: str
    phash: str | None = field(default=None, compare=False)


@lru_cache(maxsize=1)
def _openers() -> tuple[tuple[Any, Any], ...]:
    """Return constructor and test of each format.

    They are called directly: ``Image.open`` would hold the size against a limit that is global to
    the process, and warn or raise before ours is asked.
    """
    Image.init()
    return tuple(Image.OPEN[name] for name in FORMATS if name in Image.OPEN)


def open_picture(content: bytes, name: str, max_pixels: int) -> Image.Image:
    """Read the header of a picture.

    Args:
        content: The file.
        name: What the caller calls it, for messages.
        max_pixels: Most pixels allowed.

    Returns:
        The picture, not yet decoded.

    Raises:
        MediaError: The file is empty, no picture, or too large.
    """
    if not content:
        raise MediaError(
            f"{name} is empty (0 bytes): copy or download the picture again", path=name
        )
    head = content[:16]
    for build, accepts in _openers():
        accepted = accepts is None or accepts(head)
        if not accepted or isinstance(accepted, str):  # a text says why it cannot be read
            continue
        try:
            picture: Image.Image = build(io.BytesIO(content), None)
        except Exception as fault:
            raise MediaError(
                f"{name} begins like a picture but its header cannot be read ({fault}): it is "
                "damaged or cut off; copy or download it again",
                path=name,
            ) from fault
        width, height = picture.size
        if width * height > max_pixels:
            raise MediaError(
                f"{name} has {width} x {height} pixels ({width * height / 1e6:.0f} megapixels) and "
                f"{max_pixels / 1e6:g} megapixels are allowed: cut or shrink it, or raise "
                "max_pixels in settings.toml of the workspace",
                path=name,
                width=width,
                height=height,
            )
        return picture
    raise MediaError(
        f"{name} is not a picture that can be read: {', '.join(FORMATS)} are possible",
        path=name,
    )


def check(content: bytes, name: str, max_pixels: int) -> tuple[int, int, str, str]:
    """Decode a picture to make sure that it is whole, and see what it looks like.

    Args:
        content: The file.
        name: What the caller calls it, for messages.
        max_pixels: Most pixels allowed.

    Returns:
        Width and height in pixels, the format, and the perceptual hash.

    Raises:
        MediaError: The file is empty, no picture, too large, damaged or cut off.
    """
    picture = open_picture(content, name, max_pixels)
    width, height = picture.size
    # A draft of a JPEG reads all of the file and calculates a 64th of the pixels.
    picture.draft("L", (max(width // 8, LEAST_SIDE), max(height // 8, LEAST_SIDE)))
    with _decoding(name, width * height):
        picture.load()
        seen = perceptual_hash(_displayable(picture))
    return width, height, picture.format or "", seen


def shrink(content: bytes, size: int, name: str, max_pixels: int) -> bytes:
    """Make a thumbnail.

    Args:
        content: The file.
        size: Longest side in pixels; a smaller picture keeps its size.
        name: What the caller calls it, for messages.
        max_pixels: Most pixels allowed.

    Returns:
        A JPEG; a PNG where the picture is transparent somewhere.

    Raises:
        MediaError: The file is empty, no picture, too large, damaged or cut off.
    """
    picture = open_picture(content, name, max_pixels)
    width, height = picture.size
    # A JPEG is decoded at the half, quarter or eighth that is just large enough.
    scale = size / max(width, height)
    picture.draft("RGB", (max(round(width * scale), 1), max(round(height * scale), 1)))
    with _decoding(name, width * height):
        picture.load()
        small = _displayable(picture)
        small.thumbnail((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
    if small.mode == "RGBA" and small.getchannel("A").getextrema() == (255, 255):
        small = small.convert("RGB")
    if small.mode == "RGBA":
        return _encoded(small, "PNG", compress_level=3)
    return _encoded(small, "JPEG", quality=82)


def pixels(content: bytes, name: str, max_pixels: int) -> Any:
    """Decode a picture to what calculations take.

    Args:
        content: The file.
        name: What the caller calls it, for messages.
        max_pixels: Most pixels allowed.

    Returns:
        An array of shape ``(height, width, 3)``, RGB from 0 to 255; black where it is transparent.

    Raises:
        MediaError: The file is empty, no picture, too large, damaged or cut off.
    """
    import numpy as np

    picture = open_picture(content, name, max_pixels)
    with _decoding(name, picture.width * picture.height):
        picture.load()
        shown = _displayable(picture)
        if shown.mode == "RGBA":
            # What is transparent may hold any colour; nobody sees it.
            behind = Image.new("RGBA", shown.size, (0, 0, 0, 255))
            shown = Image.alpha_composite(behind, shown)
        return np.asarray(shown.convert("RGB"))


def for_browser(content: bytes, name: str, max_pixels: int) -> tuple[bytes, str]:
    """Return a picture as every browser shows it, pixel for pixel as stored.

    Args:
        content: The file.
        name: What the caller calls it, for messages.
        max_pixels: Most pixels allowed.

    Returns:
        The bytes (unchanged where possible, else PNG) and their media type.

    Raises:
        MediaError: The file is empty, no picture, too large, damaged or cut off.
    """
    picture = open_picture(content, name, max_pixels)
    media_type = _BROWSER_TYPES.get(picture.format or "")
    turned = _is_turned(picture)
    if media_type == "image/jpeg" and turned:
        return _without_exif(content), media_type
    if media_type and not turned and not _is_deep(picture.mode):
        return content, media_type
    with _decoding(name, picture.width * picture.height):
        picture.load()
        shown = _displayable(picture)
    return _encoded(shown, "PNG", compress_level=3), "image/png"


@contextmanager
def _decoding(name: str, pixels: int) -> Iterator[None]:
    """Turn whatever a decoder raises into a MediaError; large pictures take turns."""
    try:
        with _large if pixels > _LARGE_PIXELS else nullcontext():
            yield
    except MemoryError as fault:
        raise MediaError(
            f"{name} needs more memory than there is ({pixels / 1e6:.0f} megapixels): cut or "
            "shrink it",
            path=name,
        ) from fault
    except Exception as fault:
        raise MediaError(
            f"{name} is damaged or cut off ({fault}): copy or download it again", path=name
        ) from fault


def _is_turned(picture: Image.Image) -> bool:
    try:
        return bool(picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT)
    except Exception:  # noqa: BLE001 - unreadable EXIF turns nothing
        return False


def _is_deep(mode: str) -> bool:
    return mode in _DEEP_MODES or mode.startswith("I;")


def _displayable(picture: Image.Image) -> Image.Image:
    """Convert a decoded picture to 8 bits of L, RGB or RGBA."""
    if _is_deep(picture.mode):
        return _stretched(picture)
    if picture.mode in {"L", "RGB", "RGBA"}:
        return picture if "transparency" not in picture.info else picture.convert("RGBA")
    if picture.has_transparency_data or picture.mode in {"LA", "La", "PA", "RGBa"}:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _stretched(picture: Image.Image) -> Image.Image:
    """Spread the values of a deep picture over 0 to 255: medical and depth images use a part."""
    import numpy as np

    values = np.asarray(picture, dtype=np.float32)
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return Image.new("L", picture.size)
    low, high = float(finite.min()), float(finite.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    spread = np.nan_to_num((values - low) * scale, nan=0.0, posinf=255.0, neginf=0.0)
    return Image.fromarray(spread.clip(0, 255).astype(np.uint8))


def _encoded(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _without_exif(content: bytes) -> bytes:
    """Leave the EXIF segments out of a JPEG; every pixel stays as it is.

    Returns:
        The shorter file.

    Source:
        ITU-T T.81 annex B (markers and segment lengths), Exif 2.3 section 4.5.4 (APP1).
    """
    kept = [content[:2]]
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xDA:  # start of scan: picture data from here on
            break
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if not (marker == 0xE1 and content[at + 4 : at + 10] == b"Exif\0\0"):
            kept.append(content[at:end])
        at = end
    kept.append(content[at:])
    return b"".join(kept)


def as_png(content: bytes, name: str, max_pixels: int) -> bytes:
    """Return a mask as a PNG with the same values.

    Args:
        content: The file.
        name: What the caller calls it, for messages.
        max_pixels: Most pixels allowed.

    Returns:
        The bytes, unchanged when they are a PNG.

    Raises:
        MediaError: The file is empty, no picture, too large, damaged or cut off.
    """
    picture = open_picture(content, name, max_pixels)
    if picture.format == "PNG":
        return content
    with _decoding(name, picture.width * picture.height):
        return _encoded(picture, "PNG")
