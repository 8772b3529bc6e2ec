"""All that one evaluation measured, as arrays, and as bytes to keep.

A frame never changes: it holds the annotations and predictions as they were, so that charts and
examples say the same for as long as the evaluation is kept, whatever becomes of the dataset.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nucleus_lab import wire
from nucleus_lab.evaluation.candidates import Candidates
from nucleus_lab.evaluation.match import LabelRule
from nucleus_lab.evaluation.objects import Flags, Floats, Ints, Objects, Ring, Runs

_FORMAT: Final = 2
_FAST: Final = 1  # boxes hardly compress; a higher level costs ten times as much for a tenth


@dataclass(slots=True)
class Frame:
    """The objects of an evaluation and their overlaps.

    Attributes:
        items: Keys of the items; the number of an item is its place here.
        classes: Names of the classes that were compared, by label number of the objects.
        labels: Names of the labels as annotated, by number in ``truth_raw`` and
            ``prediction_raw``.
        truths: Annotations. ``group % len(items)`` is the item.
        predictions: Predictions, likewise.
        truth_raw: Number of the label that each annotation has.
        prediction_raw: Number of the label that each prediction has.
        scored: Whether each prediction has a confidence of its own.
        pairs: Which of them overlap.
        allowed: Pairs of class numbers (annotation, prediction) that are right besides equal ones.
    """

    items: Ints
    classes: list[str]
    labels: list[str]
    truths: Objects
    predictions: Objects
    truth_raw: Ints
    prediction_raw: Ints
    scored: Flags
    pairs: Candidates
    allowed: frozenset[tuple[int, int]] = frozenset()

    @property
    def rule(self) -> LabelRule:
        """Which classes are right for which."""
        return LabelRule(class_agnostic=False, allowed=self.allowed)

    def truth_area(self) -> Floats:
        """Return the area of each annotation.

        Returns:
            Square pixels; NaN for a category, which has no shape.
        """
        area: Floats = self.truths.boxes[:, 2] * self.truths.boxes[:, 3]
        for index, ring in self.truths.polygons.items():
            area[index] = ring_area(ring)
        area[self.truths.group >= len(self.items)] = np.nan
        if self.truths.masks:
            from hotcoco import mask as codec

            area[list(self.truths.masks)] = codec.area(list(self.truths.masks.values()))
        return area

    def to_bytes(self) -> bytes:
        """Return the frame as bytes.

        Returns:
            What :meth:`from_bytes` reads.
        """
        arrays: dict[str, Any] = {"items": self.items, "scored": self.scored}
        arrays |= {"truth_raw": _small(self.truth_raw)}
        arrays |= {"prediction_raw": _small(self.prediction_raw)}
        for name, objects in (("t", self.truths), ("p", self.predictions)):
            arrays |= {
                f"{name}_group": _small(objects.group),
                f"{name}_label": _small(objects.label),
            }
            arrays |= {f"{name}_boxes": objects.boxes, f"{name}_key": objects.key}
            owners = sorted(objects.polygons)
            rings = [objects.polygons[owner] for owner in owners]
            arrays[f"{name}_owners"] = np.array(owners, np.int64)
            arrays[f"{name}_corners"] = np.array([len(ring) for ring in rings], np.int64)
            arrays[f"{name}_rings"] = np.concatenate([*rings, np.zeros((0, 2))])
            arrays |= _packed(name, objects.masks)
        arrays["confidence"] = self.predictions.confidence
        arrays |= {"truth": _small(self.pairs.truth), "prediction": _small(self.pairs.prediction)}
        arrays["iou"] = self.pairs.iou
        head = {
            "format": _FORMAT,
            "classes": self.classes,
            "labels": self.labels,
            "allowed": sorted(map(list, self.allowed)),
        }
        arrays["head"] = np.frombuffer(wire.encode(head), np.uint8)
        file = io.BytesIO()
        np.savez(file, **arrays)
        return zlib.compress(file.getvalue(), _FAST)

    @classmethod
    def from_bytes(cls, content: bytes) -> Frame:
        """Read a frame back.

        Args:
            content: What :meth:`to_bytes` returned.

        Returns:
            An equal frame.
        """
        with np.load(io.BytesIO(zlib.decompress(content)), allow_pickle=False) as file:
            found = dict(file)
        head = wire.decode(found["head"].tobytes())
        return cls(
            found["items"],
            head["classes"],
            head["labels"],
            _objects(found, "t"),
            _objects(found, "p"),
            found["truth_raw"].astype(np.int64),
            found["prediction_raw"].astype(np.int64),
            found["scored"],
            Candidates(
                found["truth"].astype(np.int64), found["prediction"].astype(np.int64), found["iou"]
            ),
            frozenset((truth, prediction) for truth, prediction in head["allowed"]),
        )


def ring_area(ring: Ring) -> float:
    """Return the area of a polygon.

    Args:
        ring: Its corners.

    Returns:
        Square pixels.
    """
    x, y = ring.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _small(values: Ints) -> Any:
    return values.astype(np.int32) if values.max(initial=0) < 2**31 else values


def _objects(found: dict[str, Any], name: str) -> Objects:
    ends = np.cumsum(found[f"{name}_corners"])[:-1]
    rings = np.split(found[f"{name}_rings"], ends) if len(found[f"{name}_owners"]) else []
    return Objects(
        found[f"{name}_group"].astype(np.int64),
        found[f"{name}_label"].astype(np.int64),
        found[f"{name}_boxes"],
        found["confidence"] if name == "p" else np.ones(len(found[f"{name}_key"])),
        found[f"{name}_key"],
        dict(zip(found[f"{name}_owners"].tolist(), rings, strict=True)),
        _unpacked(found, name),
    )


def _packed(name: str, masks: Mapping[int, Runs]) -> dict[str, Any]:
    """Write masks as arrays: whose they are, how large, and their runs one after the other."""
    counts = [bytes(runs["counts"]) for runs in masks.values()]
    return {
        f"{name}_masks": np.array(list(masks), np.int64),
        f"{name}_mask_sizes": np.array([runs["size"] for runs in masks.values()]).reshape(-1, 2),
        f"{name}_mask_lengths": np.array([len(runs) for runs in counts], np.int64),
        f"{name}_mask_runs": np.frombuffer(b"".join(counts), np.uint8),
    }


def _unpacked(found: dict[str, Any], name: str) -> dict[int, Runs]:
    runs = found[f"{name}_mask_runs"].tobytes()
    ends = np.cumsum(found[f"{name}_mask_lengths"]).tolist()
    starts = [0, *ends][:-1]
    owners, sizes = found[f"{name}_masks"].tolist(), found[f"{name}_mask_sizes"].tolist()
    return {
        owner: {"size": size, "counts": runs[start:end]}
        for owner, size, start, end in zip(owners, sizes, starts, ends, strict=True)
    }
