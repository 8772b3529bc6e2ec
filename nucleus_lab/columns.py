"""Items and boxes as columns: what file formats read and what bulk routes carry.

A million boxes as a million payloads cost seconds before anything is stored. As columns they are
a dozen lists, which cross the seam in milliseconds and go to the database row-wise by ``zip``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nucleus_lab.errors import InvalidInputError


@dataclass(slots=True)
class ItemColumns:
    """Dataset items, one list an attribute, all of one length.

    Attributes:
        reference_id: Unique name of each item in its dataset.
        location: URL or local path of each picture, as the source wrote it.
        width: Pixels; ``None`` where unknown.
        height: Pixels; ``None`` where unknown.
        metadata: One mapping an item, ``None`` where empty; an empty list when no item has any.
    """

    reference_id: list[str] = field(default_factory=list)
    location: list[str] = field(default_factory=list)
    width: list[int | None] = field(default_factory=list)
    height: list[int | None] = field(default_factory=list)
    metadata: list[dict[str, Any] | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.reference_id)

    def check(self) -> None:
        """Hold the lists against each other.

        Raises:
            InvalidInputError: Two lists differ in length.
        """
        _same_length(self, len(self), optional=("metadata",))


@dataclass(slots=True)
class BoxColumns:
    """Boxes of the items of an :class:`ItemColumns`, one list an attribute.

    Attributes:
        item: Index into the items, 0-based, ascending.
        label: Class name.
        annotation_id: Unique name of each box on its item.
        x: Left edge in pixels.
        y: Top edge in pixels.
        width: Pixels, 0 or above.
        height: Pixels, 0 or above.
        confidence: 0 to 1, for predictions; an empty list for ground truth.
        metadata: One mapping a box, ``None`` where empty; an empty list when no box has any.
    """

    item: list[int] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    annotation_id: list[str] = field(default_factory=list)
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    width: list[float] = field(default_factory=list)
    height: list[float] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    metadata: list[dict[str, Any] | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.item)

    def check(self, items: int) -> None:
        """Hold the lists against each other and the indexes against the items.

        Args:
            items: Number of items that ``item`` may point at.

        Raises:
            InvalidInputError: Two lists differ in length, or an index is out of range.
        """
        _same_length(self, len(self), optional=("confidence", "metadata"))
        if not self.item:
            return
        rising = sorted(self.item)  # as good as free where it is, which is the rule
        if rising[0] < 0 or rising[-1] >= items:
            raise InvalidInputError(
                f"boxes.item must lie between 0 and {items - 1}, found {rising[0]} to {rising[-1]}"
            )


def _same_length(columns: ItemColumns | BoxColumns, length: int, optional: tuple[str, ...]) -> None:
    for name in columns.__slots__:
        size = len(getattr(columns, name))
        if size != length and not (size == 0 and name in optional):
            raise InvalidInputError(
                f"column {name} has {size} values, the first column has {length}"
            )


@dataclass(slots=True)
class Collection:
    """What a file format holds: items, their boxes, and every other annotation as a value.

    Attributes:
        items: The items.
        boxes: Their boxes.
        others: Annotations that are not boxes (polygons, keypoints, masks, categories).
        missing: Local pictures that the source names and that do not exist.
        problems: Entries that were left out, each with file, place, fault and remedy.
        scenes: Scenes, of formats that have them; there are no items beside them then.
        finished: Reference ids of the items whose labeling is finished; ``None`` where that is not
            known, or all are.
        read_file: Reads the file of an item that is not on this machine, where there is a way.
    """

    items: ItemColumns = field(default_factory=ItemColumns)
    boxes: BoxColumns = field(default_factory=BoxColumns)
    others: list[Any] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    scenes: list[Any] = field(default_factory=list)
    finished: set[str] | None = None
    read_file: Callable[[Any], bytes] | None = None
