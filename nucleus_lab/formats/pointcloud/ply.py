"""Stanford polygon files: the vertices of ``ascii`` and binary ones of both byte orders.

Source: Greg Turk, "The PLY polygon file format", 1994.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from nucleus_lab.errors import MediaError
from nucleus_lab.formats.pointcloud.cloud import PointCloud, refuse_size
from nucleus_lab.formats.pointcloud.records import cloud_of, table

_TYPES: Final = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1",
    "short": "i2", "int16": "i2", "ushort": "u2", "uint16": "u2",
    "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
_MOST_HEADER: Final = 64 * 1024


@dataclass(slots=True)
class _Element:
    name: str
    count: int
    columns: list[tuple[str, str]] = field(default_factory=list)
    lists: bool = False


def read(content: bytes, name: str) -> PointCloud:
    """Read the vertices of a PLY file; faces and the like are passed over.

    Args:
        content: The file.
        name: What the caller calls it.

    Returns:
        Its points; those that are NaN are left out.

    Raises:
        MediaError: The header cannot be read, the data is cut off, or there is no x, y, z.
    """
    order, elements, at = _header(content, name)
    for element in elements:
        if element.name == "vertex":
            return cloud_of(_vertices(content, at, order, element, name), name)
        at = _passed_over(content, at, order, element, name)
    raise MediaError(f"{name} has no element vertex: a point cloud needs one", path=name)


def _header(content: bytes, name: str) -> tuple[str, list[_Element], int]:
    order = ""
    elements: list[_Element] = []
    at = 0
    try:
        while True:
            end = content.index(b"\n", at, _MOST_HEADER)
            words = content[at:end].decode("ascii", "replace").split()
            at = end + 1
            if words[:1] == ["end_header"]:
                break
            if words[:1] == ["format"]:
                order = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}[
                    words[1]
                ]
            elif words[:1] == ["element"]:
                elements.append(_Element(words[1], int(words[2])))
                refuse_size(elements[-1].count, name)
            elif words[:2] == ["property", "list"]:
                elements[-1].lists = True
            elif words[:1] == ["property"]:
                elements[-1].columns.append((words[2], _TYPES[words[1]]))
        if not order:
            raise ValueError("it has no format line")  # noqa: TRY301
    except (KeyError, IndexError, ValueError) as fault:
        raise MediaError(
            f"{name} has a PLY header that cannot be read ({fault}): copy it again, or write it "
            "with another program",
            path=name,
        ) from fault
    return order, elements, at


def _record(element: _Element, order: str) -> np.dtype[Any]:
    return np.dtype([(f"f{at}", order + kind) for at, (_, kind) in enumerate(element.columns)])


def _vertices(content: bytes, at: int, order: str, element: _Element, name: str) -> dict[str, Any]:
    if element.lists:
        raise MediaError(
            f"{name} has a list among the properties of its vertices: write them without it",
            path=name,
        )
    names = [column for column, _ in element.columns]
    if order == "=":
        values = table(content[at:], len(names), element.count, name)
        return {column: values[:, place] for place, column in enumerate(names)}
    record = _record(element, order)
    wanted = element.count * record.itemsize
    if len(content) - at < wanted:
        raise MediaError(
            f"{name} announces {element.count:,} vertices in {wanted:,} bytes and has "
            f"{len(content) - at:,}: it is cut off; copy it again",
            path=name,
        )
    rows = np.frombuffer(content, dtype=record, count=element.count, offset=at)
    return {column: rows[f"f{place}"] for place, column in enumerate(names)}


def _passed_over(content: bytes, at: int, order: str, element: _Element, name: str) -> int:
    """Return where the element after one ends that comes before the vertices."""
    if order == "=":
        for _ in range(element.count):
            at = content.find(b"\n", at) + 1
            if at == 0:
                raise MediaError(f"{name} ends before its vertices: copy it again", path=name)
        return at
    if element.lists:
        raise MediaError(
            f"{name} has the element {element.name} with a list before its vertices: write the "
            "vertices first",
            path=name,
        )
    return at + element.count * _record(element, order).itemsize
