"""What file names say: the label, the category, what the content is."""

from __future__ import annotations

import codecs
import secrets
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nucleus_lab.samples.sample_type import Sample

_IN_PATHS: Final = ("testing", "anomaly", "training")
_BEGINNINGS: Final = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"RIFF", ".wav"),
    (b"PAR1", ".parquet"),
    (b"{", ".json"),
)


def infer_category_and_label_from_filename(sample: Sample, file: str) -> None:
    """Give a sample the label and the category that the path of its file says.

    The label is the file's name up to the first dot. The category is ``testing``, ``anomaly`` or
    ``training``, the first of them that stands anywhere in the path; without any, it stays.

    ::

        samples.upload_directory("my-dataset", transform=infer_category_and_label_from_filename)

    Args:
        sample: Its ``label`` and ``category`` are set.
        file: Such as ``my-dataset/training/wave.1.cbor``.
    """
    path = str(file)
    sample.label = PurePath(path).name.partition(".")[0]
    for category in _IN_PATHS:
        if category in path:
            sample.category = category
            break


def random_name(extension: str) -> str:
    """Make up a file name.

    Args:
        extension: With its dot.

    Returns:
        16 hexadecimal digits and the extension.
    """
    return secrets.token_hex(8) + extension


def extension_of(content: bytes) -> str:
    """Say by its first bytes what a content without a name is.

    Args:
        content: The content.

    Returns:
        An extension with its dot.
    """
    for beginning, extension in _BEGINNINGS:
        if content.startswith(beginning):
            return ".avi" if content[8:12] == b"AVI " else extension
    if content[4:8] == b"ftyp":
        return ".mp4"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content[:4096])
    except UnicodeDecodeError:
        return ".cbor"
    return ".csv"
