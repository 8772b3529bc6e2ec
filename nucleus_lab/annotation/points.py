"""Points: in a picture, in space, and of a lidar scan; and outlines made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from nucleus_lab.annotation.payloads import unreadable
from nucleus_lab.annotation.quantity import Coordinate, finite
from nucleus_lab.bulk import listed
from nucleus_lab.errors import InvalidInputError


def _numbers(payload: Any, keys: str, what: str) -> list[Any]:
    """Read numbers by their keys."""
    try:
        return [payload[key] for key in keys]
    except (KeyError, TypeError, IndexError) as fault:
        raise unreadable(what, payload, fault) from fault


@dataclass(slots=True)
class Point:
    """A point in a picture.

    Args:
        x: Pixels from the left border.
        y: Pixels from the top border.

    Raises:
        InvalidInputError: A coordinate is no finite number.
    """

    x: float
    y: float

    def __post_init__(self) -> None:
        self.x = finite(self.x, "x")
        self.y = finite(self.y, "y")

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Point:
        """Make a point from its payload.

        Args:
            payload: ``x`` and ``y``.

        Returns:
            The point.
        """
        return cls(*_numbers(payload, "xy", "point"))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``x`` and ``y``.
        """
        return {"x": self.x, "y": self.y}


@dataclass(slots=True)
class Point3D:
    """A point, or the lengths of three edges, in space.

    Args:
        x: Metres.
        y: Metres.
        z: Metres.

    Raises:
        InvalidInputError: A coordinate is no finite number.
    """

    x: float
    y: float
    z: float

    def __post_init__(self) -> None:
        self.x = finite(self.x, "x")
        self.y = finite(self.y, "y")
        self.z = finite(self.z, "z")

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Point3D:
        """Make a point from its payload.

        Args:
            payload: ``x``, ``y`` and ``z``.

        Returns:
            The point.
        """
        return cls(*_numbers(payload, "xyz", "point in space"))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``x``, ``y`` and ``z``.
        """
        return {"x": self.x, "y": self.y, "z": self.z}

    def to_list(self) -> list[float]:
        """Return the coordinates.

        Returns:
            ``[x, y, z]``.
        """
        return [self.x, self.y, self.z]


@dataclass(slots=True)
class LidarPoint(Point3D):
    """A point of a lidar scan.

    Args:
        x: Metres.
        y: Metres.
        z: Metres.
        i: Intensity of the return.

    Raises:
        InvalidInputError: A number is not finite.
    """

    i: float

    def __post_init__(self) -> None:
        Point3D.__post_init__(self)
        self.i = finite(self.i, "i")

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> LidarPoint:
        """Make a point from its payload.

        Args:
            payload: ``x``, ``y``, ``z`` and ``i``.

        Returns:
            The point.
        """
        return cls(*_numbers(payload, "xyzi", "lidar point"))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``x``, ``y``, ``z`` and ``i``.
        """
        return {"x": self.x, "y": self.y, "z": self.z, "i": self.i}

    def to_list(self) -> list[float]:
        """Return the numbers.

        Returns:
            ``[x, y, z, i]``.
        """
        return [self.x, self.y, self.z, self.i]


class Vertex(msgspec.Struct, gc=False):
    """One vertex of an outline on the wire.

    Attributes:
        x: Pixels.
        y: Pixels.
    """

    x: Coordinate
    y: Coordinate


class Corner(msgspec.Struct, gc=False):
    """A point in space on the wire.

    Attributes:
        x: Metres.
        y: Metres.
        z: Metres.
    """

    x: Coordinate
    y: Coordinate
    z: Coordinate


def read_vertices(vertices: Iterable[Any]) -> list[Point]:
    """Return vertices as points.

    Args:
        vertices: Points, or mappings with ``x`` and ``y``.

    Returns:
        The points.

    Raises:
        InvalidInputError: They are no list, or one is neither; the message has its index.
    """
    points = []
    for index, vertex in enumerate(listed("vertices", vertices, "points")):
        if isinstance(vertex, Point):
            points.append(vertex)
        elif isinstance(vertex, dict) and "x" in vertex and "y" in vertex:
            points.append(
                Point(
                    finite(vertex["x"], f"vertices[{index}].x"),
                    finite(vertex["y"], f"vertices[{index}].y"),
                )
            )
        else:
            raise InvalidInputError(
                f"vertices[{index}] is {vertex!r}: give a Point or a mapping with x and y",
                field=f"vertices[{index}]",
            )
    return points


def in_space(value: Any, name: str) -> Point3D:
    """Return a point in space.

    Args:
        value: A point, or a mapping with ``x``, ``y`` and ``z``.
        name: Name of the field for the message.

    Returns:
        The point.

    Raises:
        InvalidInputError: It is neither.
    """
    if isinstance(value, Point3D):
        return value
    if isinstance(value, dict) and value.keys() >= {"x", "y", "z"}:
        return Point3D.from_json(value)
    raise InvalidInputError(
        f"{name} is {value!r}: give a Point3D, or a mapping with x, y and z", field=name
    )


def bounds(
    points: Iterable[tuple[float, float]],
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return the smallest box around points.

    Args:
        points: Pairs of x and y.

    Returns:
        ``x y width height``; four times ``None`` when there is no point.
    """
    known = list(points)
    if not known:
        return None, None, None, None
    xs = [x for x, _ in known]
    ys = [y for _, y in known]
    left, top = min(xs), min(ys)
    return left, top, max(xs) - left, max(ys) - top
