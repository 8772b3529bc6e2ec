"""The door to the formats of samples: which kind a file is of, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from nucleus_lab.errors import InvalidInputError, NucleusError

if TYPE_CHECKING:
    from nucleus_lab.formats.samples.recording import Recording

MOST_BYTES: Final = 100 * 1024**2
"""Of one file."""

KINDS: Final = {
    ".json": "json",
    ".cbor": "cbor",
    ".csv": "csv",
    ".txt": "csv",
    ".wav": "wav",
    ".jpg": "image",
    ".jpeg": "image",
    ".png": "image",
    ".mp4": "video",
    ".avi": "video",
    ".parquet": "parquet",
}
"""Kinds of files by the ends of their names."""

_BEGINNINGS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG", "image"),
    (0, b"\xff\xd8\xff", "image"),
    (8, b"WAVE", "wav"),
    (8, b"AVI ", "video"),
    (4, b"ftyp", "video"),
    (0, b"PAR1", "parquet"),
)


@dataclass(frozen=True, slots=True)
class Content:
    """A file of a sample.

    Attributes:
        kind: ``series`` for a recording (also of sound), ``image`` or ``video``.
        recording: The recording; ``None`` for pictures and videos.
        file: The picture or the video; of a recording the whole file.
        device_type: Kind of device, where a picture's file names one.
        device_name: Its own name.
    """

    kind: str
    recording: Recording | None
    file: bytes
    device_type: str = ""
    device_name: str | None = None


def kind_of(content: bytes, filename: str) -> str:
    """Tell the kind of a file, by what it begins with and else by its name.

    Args:
        content: The file.
        filename: Its name.

    Returns:
        ``json``, ``cbor``, ``csv``, ``wav``, ``image``, ``video`` or ``parquet``.

    Raises:
        InvalidInputError: It is of no kind that is known.
    """
    for at, mark, kind in _BEGINNINGS:
        if content[at : at + len(mark)] == mark:
            return kind
    named = KINDS.get(PurePosixPath(filename).suffix.lower())
    if named in {"json", "cbor", None}:
        head = content[:64].lstrip()
        if head[:1] == b"{":
            return "json"
        if head and 0xA0 <= content[0] <= 0xBF:
            return "cbor"
    if named is None:
        raise InvalidInputError(
            f"{filename} is of no kind that can be read: {', '.join(sorted(KINDS))} are possible",
            path=filename,
        )
    return named


def read(content: bytes, filename: str, key: str | None = None) -> Content:
    """Read a file.

    Args:
        content: The file.
        filename: Its name.
        key: HMAC key with which signatures are checked; ``None`` checks none.

    Returns:
        What is in it. Pictures and videos are told by their kind alone.

    Raises:
        InvalidInputError: It cannot be read; the message has the place in the file.
    """
    if not content:
        raise InvalidInputError(f"{filename} is empty (0 bytes)", path=filename)
    kind = kind_of(content, filename)
    if kind in {"image", "video"}:
        return Content(kind, None, content)
    try:
        return _series(kind, content, key)
    except NucleusError as fault:
        if kind == "csv":  # published clients look for what the message begins with
            raise InvalidInputError(f"{fault.message} ({filename})", path=filename) from fault
        raise InvalidInputError(f"{filename}: {fault.message}", path=filename) from fault


def _series(kind: str, content: bytes, key: str | None) -> Content:
    # Each format is loaded when a file of it comes.
    if kind == "csv":
        from nucleus_lab.formats.samples.separated import read_csv

        return Content("series", read_csv(content), content)
    if kind == "wav":
        from nucleus_lab.formats.samples.wave import read_wav

        return Content("series", read_wav(content), content)
    if kind == "parquet":
        from nucleus_lab.formats.samples.parquet import read_parquet

        return Content("series", read_parquet(content), content)
    from nucleus_lab.formats.samples import acquisition

    reader = acquisition.read_json if kind == "json" else acquisition.read_cbor
    found = reader(content, key)
    if isinstance(found, acquisition.Embedded):
        return Content("image", None, found.content, found.device_type, found.device_name)
    return Content("series", found, content)
