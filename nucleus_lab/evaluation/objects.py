"""Objects of many images as arrays: what evaluation compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

Ring = npt.NDArray[np.float64]
"""Corners of a polygon, shape ``(corners, 2)``, ``x y`` in pixels, not closed."""

Runs = dict[str, Any]
"""Pixels of a mask in runs, as COCO writes them: ``size`` (height, width) and ``counts``."""


@dataclass(slots=True)
class Objects:
    """Annotations or predictions, one array an attribute, all of one length ``n``.

    Attributes:
        group: What is compared with what: objects of one group may pair, objects of two never do.
            The number of the image, or of image and taxonomy for categories. ``(n,)``, int64.
        label: Number of the class; -1 for an object without a label. ``(n,)``, int64.
        boxes: Bounds as ``x y width height`` in pixels, ``(n, 4)``, float64.
        confidence: 0 to 1 for predictions; ones for ground truth. ``(n,)``, float64.
        key: Key of the row that each object came from. ``(n,)``, int64.
        polygons: Corners of the objects that are polygons, by index. An object that is not in
            here, nor in ``masks``, is its box.
        masks: Pixels of the objects that are masks, by index. A mask shares a group only with
            masks of its size.
    """

    group: Ints
    label: Ints
    boxes: Floats
    confidence: Floats
    key: Ints
    polygons: Mapping[int, Ring] = field(default_factory=dict)
    masks: Mapping[int, Runs] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.group)

    @classmethod
    def of(
        cls,
        group: Any,
        label: Any,
        boxes: Any,
        *,
        confidence: Any = None,
        key: Any = None,
        polygons: Mapping[int, Any] | None = None,
        masks: Mapping[int, Runs] | None = None,
    ) -> Objects:
        """Make objects from anything that numpy reads.

        Args:
            group: Number of the group of each object.
            label: Number of the class of each object.
            boxes: ``x y width height`` of each object.
            confidence: 0 to 1; ones when left out.
            key: Row keys; 0, 1, 2 … when left out.
            polygons: Corners of the objects that are polygons, by index.
            masks: Pixels of the objects that are masks, by index.

        Returns:
            The objects.

        Raises:
            ValueError: The lengths differ.
        """
        groups = np.asarray(group, np.int64).reshape(-1)
        count = len(groups)
        found = cls(
            groups,
            np.asarray(label, np.int64).reshape(-1),
            np.asarray(boxes, np.float64).reshape(-1, 4),
            np.ones(count)
            if confidence is None
            else np.asarray(confidence, np.float64).reshape(-1),
            np.arange(count) if key is None else np.asarray(key, np.int64).reshape(-1),
            {index: np.asarray(ring, np.float64) for index, ring in (polygons or {}).items()},
            dict(masks or {}),
        )
        for name in ("label", "boxes", "confidence", "key"):
            if len(getattr(found, name)) != count:
                raise ValueError(f"{name} has {len(getattr(found, name))} rows, group has {count}")
        return found

    @classmethod
    def joined(cls, parts: Sequence[Objects]) -> Objects:
        """Join objects.

        Args:
            parts: Objects whose groups count over all parts.

        Returns:
            All objects in order.
        """
        if not parts:
            return cls.of([], [], [])
        polygons: dict[int, Ring] = {}
        masks: dict[int, Runs] = {}
        start = 0
        for part in parts:
            polygons.update({start + index: ring for index, ring in part.polygons.items()})
            masks.update({start + index: runs for index, runs in part.masks.items()})
            start += len(part)
        return cls(
            np.concatenate([part.group for part in parts]),
            np.concatenate([part.label for part in parts]),
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.confidence for part in parts]),
            np.concatenate([part.key for part in parts]),
            polygons,
            masks,
        )

    def take(self, chosen: Ints | Flags) -> Objects:
        """Return some of the objects.

        Args:
            chosen: Indexes, or one flag an object.

        Returns:
            The chosen objects in the order asked.
        """
        polygons: dict[int, Ring] = {}
        masks: dict[int, Runs] = {}
        if self.polygons or self.masks:
            indexes = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
            places = {int(old): new for new, old in enumerate(indexes)}
            polygons = {places[old]: ring for old, ring in self.polygons.items() if old in places}
            masks = {places[old]: runs for old, runs in self.masks.items() if old in places}
        return Objects(
            self.group[chosen],
            self.label[chosen],
            self.boxes[chosen],
            self.confidence[chosen],
            self.key[chosen],
            polygons,
            masks,
        )
