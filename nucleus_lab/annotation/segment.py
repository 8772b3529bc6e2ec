"""Segments: what the pixel values of a mask stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from operator import index as whole
from typing import Annotated, Any

import msgspec

from nucleus_lab.annotation.payloads import reading
from nucleus_lab.errors import InvalidInputError


@dataclass(slots=True)
class Segment:
    """What one pixel value of a mask stands for: a class, or one instance of a class.

    Args:
        label: Class name.
        index: Pixel value, 0 to 255.
        metadata: Anything JSON can hold, by key.

    Raises:
        InvalidInputError: The index is no whole number.
    """

    label: str
    index: int
    metadata: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        try:
            self.index = int(self.index) if isinstance(self.index, str) else whole(self.index)
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"index is {self.index!r}: give the pixel value as a whole number", field="index"
            ) from None

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Segment:
        """Make a segment from its payload.

        Args:
            payload: ``label``, ``index`` and perhaps ``metadata``.

        Returns:
            The segment.
        """
        with reading("segment", payload):
            return cls(payload.get("label", ""), payload["index"], payload.get("metadata"))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``label`` and ``index``; ``metadata`` unless it is ``None``.
        """
        payload: dict[str, Any] = {"label": self.label, "index": self.index}
        if self.metadata is not None:
            payload["metadata"] = self.metadata
        return payload


def numbered(segments: Sequence[Segment | str], *, semantic: bool) -> list[Segment]:
    """Give labels the numbers that no segment has.

    Args:
        segments: Labels, and segments that keep their index.
        semantic: Whether equal labels share one number.

    Returns:
        A segment for each.
    """
    taken = {segment.index for segment in segments if isinstance(segment, Segment)}
    free = (number for number in count(1) if number not in taken)
    classes: dict[str, int] = {}
    found = []
    for segment in segments:
        if isinstance(segment, Segment):
            found.append(segment)
        elif semantic:
            found.append(Segment(segment, classes.get(segment) or next(free)))
            classes.setdefault(segment, found[-1].index)
        else:
            found.append(Segment(segment, next(free)))
    return found


class SegmentWire(msgspec.Struct, gc=False):
    """One segment on the wire.

    Attributes:
        label: Class name.
        index: Pixel value; as text too, as the published examples write it.
        metadata: Mapping of anything JSON can hold.
    """

    label: str
    index: Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=r"^\d{1,9}$")]
    metadata: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.index = int(self.index)
