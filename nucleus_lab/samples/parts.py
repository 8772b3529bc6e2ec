"""One sample as it travels: a file, and what is said of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from io import BufferedReader, TextIOBase
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.samples.naming import extension_of, random_name
from nucleus_lab.samples.sample_type import Sample
from nucleus_lab.wire import FilePart, encode, plain

FIELD: Final = "data"
"""Name of every part of an upload."""

LABELS_FILE: Final = "structured_labels.labels"

_PLAIN_LABEL: Final = re.compile(r"[!-$&-~]([ -$&-~]*[!-$&-~])?")  # no %, no space at either end


@dataclass(slots=True)
class Parcel:
    """A sample that is ready to be sent.

    Attributes:
        sample: The sample.
        file: Its content.
        category: Where it goes.
        label: Its label; ``None`` to have one inferred from the name.
        unlabeled: Whether no label may be inferred, since the name is made up.
        metadata: Keys and values.
        boxes: Bounding boxes.
        structured_labels: Labels of parts.
    """

    sample: Sample
    file: FilePart
    category: str
    label: str | None
    unlabeled: bool
    metadata: dict[str, Any] | None
    boxes: list[Any] | None
    structured_labels: list[Any] | None

    @property
    def size(self) -> int:
        """Bytes of the content."""
        if self.file.path is not None:
            return Path(self.file.path).stat().st_size
        return len(self.file.content or b"")

    def headers(self) -> dict[str, str]:
        """Say what is said of the sample when it travels alone.

        Returns:
            Headers, ASCII text.
        """
        said: dict[str, str] = {}
        if self.label is not None:
            plain_label = _PLAIN_LABEL.fullmatch(self.label)
            said["x-label"] = self.label if plain_label else quote(self.label, safe="")
        elif self.unlabeled:
            said["x-no-label"] = "1"
        if self.boxes:
            said["x-bounding-boxes"] = json.dumps(self.boxes)
        if self.metadata:
            said["x-metadata"] = json.dumps(self.metadata)
        return said

    def files(self) -> list[FilePart]:
        """Return the parts of the request when the sample travels alone.

        Returns:
            The content, and the labels of its parts where it has such.
        """
        if not self.structured_labels:
            return [self.file]
        body = {
            "version": 1,
            "type": "structured-labels",
            "structuredLabels": {self.file.filename: self.structured_labels},
        }
        return [self.file, FilePart(FIELD, LABELS_FILE, content=json.dumps(body).encode())]

    def entry(self) -> dict[str, Any]:
        """Say what is said of the sample when it travels with others, as in ``info.labels``.

        Returns:
            Plain values.
        """
        said: dict[str, Any] = {"path": self.file.filename, "category": self.category}
        if self.structured_labels:
            said["label"] = {"type": "multi-label", "labels": self.structured_labels}
            if self.label is not None or self.unlabeled:
                said["label"]["label"] = self.label or ""
        elif self.label is not None:
            said["label"] = {"type": "label", "label": self.label}
        elif self.unlabeled:
            said["label"] = {"type": "unlabeled"}
        if self.metadata:
            said["metadata"] = self.metadata
        if self.boxes:
            said["boundingBoxes"] = self.boxes
        return said


def parcel(sample: Sample) -> Parcel:
    """Make a sample ready to be sent. The sample is not changed.

    Args:
        sample: The sample.

    Returns:
        The parcel.

    Raises:
        InvalidInputError: It holds something that cannot be sent; the message says what.
    """
    if not isinstance(sample, Sample):
        raise InvalidInputError(
            f"{sample!r:.80} is of type {type(sample).__name__}: samples are Sample objects"
        )
    name = None if sample.filename is None else str(sample.filename)
    file = _file(sample.data, name)
    # As with published clients, 0 and "" are no labels.
    label = str(sample.label) if sample.label else None
    return Parcel(
        sample,
        file,
        sample.category or "split",
        label,
        unlabeled=sample.unlabeled or (not name and file.path is None),
        metadata=_plain(sample.metadata, "metadata", dict),
        boxes=_plain(sample.bounding_boxes, "bounding_boxes", list),
        structured_labels=_plain(sample.structured_labels, "structured_labels", list),
    )


def _plain(value: Any, name: str, kind: type) -> Any:
    if not value:
        return None
    if isinstance(value, str) and kind is list:  # published clients leave JSON text behind
        value = json.loads(value)
    if not isinstance(value, Mapping if kind is dict else (list, tuple)):
        wanted = "a mapping" if kind is dict else "a list"
        raise InvalidInputError(f"{name} is of type {type(value).__name__}: use {wanted}")
    try:
        return plain(value)
    except InvalidInputError as fault:
        raise InvalidInputError(f"{name}: {fault}") from fault


def _file(data: Any, name: str | None) -> FilePart:
    path = _path_of(data)
    if path is not None:
        return FilePart(FIELD, name or Path(path).name, path=path)
    content = content_of(data)
    if name is None:
        name = random_name(extension_of(content))
    return FilePart(FIELD, name, content=content)


def _path_of(data: Any) -> str | None:
    """Find the file that a content is the whole of, which then need not be read here."""
    if isinstance(data, PathLike):
        path = Path(fspath(data)).expanduser()
        if not path.is_file():
            raise MediaError(f"there is no file {str(path)!r}: check the path", path=str(path))
        return str(path)
    if isinstance(data, BufferedReader) and not data.closed and data.seekable():
        name = data.name
        if isinstance(name, str) and data.tell() == 0 and Path(name).is_file():
            return str(Path(name).absolute())
    return None


def content_of(data: Any) -> bytes:
    """Read the content of a sample; a file stays where it was.

    Args:
        data: Text, bytes, a file, a path, or a :class:`DataAcquisition`.

    Returns:
        The bytes.

    Raises:
        InvalidInputError: It is nothing that can be read.
    """
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    if isinstance(data, PathLike):
        return Path(fspath(data)).expanduser().read_bytes()
    if callable(getattr(data, "read", None)):
        return _read(data)
    if is_dataclass(data) and not isinstance(data, type):
        return encode(plain(asdict(data)))
    raise InvalidInputError(
        f"data is of type {type(data).__name__}: use text, bytes, a file opened with 'rb', the "
        "path of a file, or a DataAcquisition; numpy_timeseries_to_sample and "
        "pandas_dataframe_to_sample make samples of arrays and frames"
    )


def _read(file: Any) -> bytes:
    if getattr(file, "closed", False):
        raise InvalidInputError("data is a file that was closed: open it again")
    seekable = getattr(file, "seekable", None)
    start = file.tell() if callable(seekable) and seekable() else None
    content = file.read()
    if start is not None:
        file.seek(start)  # so that it can be sent, or looked at, again
    if isinstance(content, str) or isinstance(file, TextIOBase):
        return str(content).encode()
    return bytes(content)


__all__ = ["FIELD", "Parcel", "content_of", "parcel"]
