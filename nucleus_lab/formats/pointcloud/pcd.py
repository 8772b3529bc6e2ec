"""Point Cloud Library files: ``DATA ascii``, ``binary`` and ``binary_compressed``.

Source: "The PCD (Point Cloud Data) file format", documentation of the Point Cloud Library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nucleus_lab.errors import MediaError
from nucleus_lab.formats.pointcloud.cloud import PointCloud, refuse_size
from nucleus_lab.formats.pointcloud.lzf import unpack
from nucleus_lab.formats.pointcloud.records import cloud_of, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES: Final = {
    ("F", 4): "<f4", ("F", 8): "<f8",
    ("I", 1): "<i1", ("I", 2): "<i2", ("I", 4): "<i4", ("I", 8): "<i8",
    ("U", 1): "<u1", ("U", 2): "<u2", ("U", 4): "<u4", ("U", 8): "<u8",
}  # fmt: skip
_MOST_HEADER: Final = 64 * 1024
_MOST_COUNT: Final = 4096  # the longest feature histograms of PCL have some hundred numbers


@dataclass(slots=True)
class _Header:
    names: list[str]
    types: list[str]
    counts: list[int]
    points: int
    data: str
    body: int

    @property
    def record(self) -> np.dtype[Any]:
        """One point of ``DATA binary``; ``_`` pads, and may stand several times."""
        parts = zip(self.types, self.counts, strict=True)
        return np.dtype([(f"f{at}", kind, (count,)) for at, (kind, count) in enumerate(parts)])


def read(content: bytes, name: str) -> PointCloud:
    """Read a PCD file.

    Args:
        content: The file.
        name: What the caller calls it.

    Returns:
        Its points; those that are NaN, as PCL writes missing returns, are left out.

    Raises:
        MediaError: The header cannot be read, the data is cut off or damaged, or has no x, y, z.
    """
    header = _header(content, name)
    body = content[header.body :]
    if header.data == "ascii":
        columns = _ascii(body, header, name)
    elif header.data == "binary":
        columns = _binary(body, header, name)
    elif header.data == "binary_compressed":
        columns = _compressed(body, header, name)
    else:
        raise MediaError(
            f"{name} has DATA {header.data}: ascii, binary and binary_compressed are possible",
            path=name,
        )
    return cloud_of(columns, name)


def _header(content: bytes, name: str) -> _Header:
    words: dict[str, list[str]] = {}
    at = 0
    while "DATA" not in words:
        end = content.find(b"\n", at, _MOST_HEADER)
        if end < 0:
            raise MediaError(
                f"{name} has a PCD header without a DATA line: it is cut off; copy it again",
                path=name,
            )
        line = content[at:end].decode("ascii", "replace").strip()
        at = end + 1
        if line and not line.startswith("#"):
            key, *rest = line.split()
            words[key.upper()] = rest
    try:
        names = words["FIELDS"]
        sizes = [int(word) for word in words["SIZE"]]
        counts = [int(word) for word in words.get("COUNT", ["1"] * len(names))]
        types = [
            _TYPES[kind.upper(), size] for kind, size in zip(words["TYPE"], sizes, strict=True)
        ]
        width, height = int(words["WIDTH"][0]), int(words.get("HEIGHT", ["1"])[0])
        points = int(words["POINTS"][0]) if "POINTS" in words else width * height
        data = words["DATA"][0].lower()
        if not (len(names) == len(types) == len(counts)):
            raise ValueError("FIELDS, SIZE, TYPE and COUNT differ in length")  # noqa: TRY301
        if not 1 <= min(counts, default=0) <= max(counts) <= _MOST_COUNT:
            raise ValueError(f"COUNT is {counts}")  # noqa: TRY301
    except (KeyError, IndexError, ValueError) as fault:
        raise MediaError(
            f"{name} has a PCD header that cannot be read ({fault}): it needs FIELDS, SIZE, TYPE, "
            "COUNT, WIDTH, HEIGHT, POINTS and DATA",
            path=name,
        ) from fault
    refuse_size(points, name)
    return _Header(names, types, counts, points, data, at)


def _ascii(body: bytes, header: _Header, name: str) -> dict[str, NDArray[np.float64]]:
    values = table(body, sum(header.counts), header.points, name)
    starts = np.cumsum([0, *header.counts[:-1]]).tolist()
    return {field: values[:, at] for field, at in zip(header.names, starts, strict=True)}


def _refuse_short(found: int, wanted: int, name: str) -> None:
    if found < wanted:
        raise MediaError(
            f"{name} announces {wanted:,} bytes of points and has {found:,}: it is cut off; copy "
            "it again",
            path=name,
        )


def _binary(body: bytes, header: _Header, name: str) -> dict[str, Any]:
    record = header.record
    _refuse_short(len(body), header.points * record.itemsize, name)
    values = np.frombuffer(body, dtype=record, count=header.points)
    return {field: values[f"f{at}"][:, 0] for at, field in enumerate(header.names)}


def _compressed(body: bytes, header: _Header, name: str) -> dict[str, Any]:
    packed_size = int.from_bytes(body[:4], "little")
    size = int.from_bytes(body[4:8], "little")
    _refuse_short(len(body), 8 + packed_size, name)
    if size != header.points * header.record.itemsize:
        raise MediaError(
            f"{name} unpacks to {size:,} bytes and its header announces "
            f"{header.points * header.record.itemsize:,}: it is damaged; write it again",
            path=name,
        )
    try:
        flat = unpack(body[8 : 8 + packed_size], size)
    except ValueError as fault:
        raise MediaError(
            f"{name} cannot be unpacked ({fault}): it is damaged; copy or write it again", path=name
        ) from fault
    # Columns stand one after the other, each whole.
    columns: dict[str, Any] = {}
    at = 0
    for field, kind, count in zip(header.names, header.types, header.counts, strict=True):
        wide = np.dtype(kind).itemsize * count * header.points
        values = np.frombuffer(flat[at : at + wide], dtype=kind)
        columns[field] = values.reshape(header.points, count)[:, 0]
        at += wide
    return columns
