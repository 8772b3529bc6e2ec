"""Reading what an evaluation compares into one frame, exclusion rules applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, bindparam, select

from nucleus_lab import wire
from nucleus_lab.engine.evaluation_arrays import DatasetArrays
from nucleus_lab.engine.evaluation_config import EvaluationConfig
from nucleus_lab.engine.evaluation_scope import Portion
from nucleus_lab.engine.mask_objects import MaskObjects
from nucleus_lab.engine.schema import item, prediction
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.evaluation.candidates import candidates
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.objects import Flags, Ints, Objects
from nucleus_lab.evaluation.predicates import holds, value_at

Progress = Callable[[int, int], None]
"""Told how many items were read, and how many there are."""

_PART: Final = 5_000

_METADATA = Statement(
    lambda: select(item.c.id, item.c.metadata).where(
        among(item.c.id, "wanted"), item.c.metadata.is_not(None)
    )
)
_UNSCORED = Statement(
    lambda: select(prediction.c.id).where(
        prediction.c.model_run_id == bindparam("run"), prediction.c.confidence.is_(None)
    )
)


@dataclass(slots=True)
class _Side:
    """Annotations or predictions while they are read: their labels are still those of people."""

    objects: Objects
    image: Ints
    block: Ints


def read(
    connection: Connection,
    portions: Sequence[Portion],
    config: EvaluationConfig,
    progress: Progress,
    masks: MaskObjects | None = None,
) -> tuple[Frame, dict[str, Any]]:
    """Read annotations and predictions, and find which of them overlap.

    Args:
        connection: The open transaction.
        portions: What to read.
        config: How to compare.
        progress: Told while it goes on.
        masks: What reads masks, prepared for all portions; without it they are not evaluated.

    Returns:
        The frame, and what the exclusion rules left out.
    """
    reader = _Reader(connection, portions, progress, masks)
    truths, predictions = reader.sides()
    kept, stats = _exclude(connection, reader, truths, predictions, config)
    stats["not_evaluated"] = reader.skipped
    items = np.flatnonzero(kept[0])
    place = np.full(len(reader.items), -1, np.int64)
    place[items] = np.arange(len(items))
    sides = [
        _renumbered(side, flags, place, len(items))
        for side, flags in ((truths, kept[1]), (predictions, kept[2]))
    ]
    classes = sorted({config.class_of(label) for label in reader.labels})
    number = {name: index for index, name in enumerate(classes)}
    class_of = np.array([number[config.class_of(label)] for label in reader.labels], np.int64)
    raw = [side.label for side in sides]
    for side in sides:
        side.label = class_of[side.label]
    frame = Frame(
        reader.items[items],
        classes,
        reader.labels,
        sides[0],
        sides[1],
        raw[0],
        raw[1],
        ~np.isin(sides[1].key, reader.unscored),
        candidates(sides[0], sides[1]),
        frozenset(
            (number[truth], number[predicted])
            for truth, predicted in config.allowed_label_matches
            if truth in number and predicted in number
        ),
    )
    return frame, stats


class _Reader:
    """Reads the objects of all portions; items and labels are numbered over all of them."""

    def __init__(
        self,
        connection: Connection,
        portions: Sequence[Portion],
        progress: Progress,
        masks: MaskObjects | None,
    ) -> None:
        self._progress = progress
        self._arrays = [
            DatasetArrays(connection, portion.dataset_id, portion.run_id, masks)
            for portion in portions
        ]
        self._wanted = [
            np.ones(len(arrays.item_keys), np.bool_)
            if portion.items is None
            else np.isin(arrays.item_keys, portion.items)
            for arrays, portion in zip(self._arrays, portions, strict=True)
        ]
        self.items: Ints = np.concatenate([
            np.zeros(0, np.int64),
            *(
                arrays.item_keys[wanted]
                for arrays, wanted in zip(self._arrays, self._wanted, strict=True)
            ),
        ])
        self.labels: list[str] = []
        self._numbers: dict[str, int] = {}
        self.skipped: dict[str, int] = {}
        keys = [
            row[0]
            for portion in portions
            if portion.run_id
            for row in _UNSCORED.rows(connection, run=portion.run_id)
        ]
        # The row of a mask has no confidence of its own; its segments may say theirs.
        scored = masks.scored if masks is not None else ()
        self.unscored: Ints = np.array([key for key in keys if key not in scored], np.int64)

    def sides(self) -> tuple[_Side, _Side]:
        """Read annotations and predictions."""
        parts: tuple[list[_Side], list[_Side]] = ([], [])
        first, done = 0, 0
        total = sum(len(arrays.item_keys) for arrays in self._arrays)
        for arrays, wanted in zip(self._arrays, self._wanted, strict=True):
            place = np.cumsum(wanted) - 1 + first
            labels = self._labels(arrays.labels)
            for part in arrays.parts(_PART):
                self._progress(done, total)
                for side, objects in zip(parts, (part.truths, part.predictions), strict=True):
                    side.append(self._placed(objects, wanted, place, labels))
                if wanted.all():
                    for name, number in part.skipped.items():
                        self.skipped[name] = self.skipped.get(name, 0) + number
                done += part.items
            first += int(wanted.sum())
        return _joined(parts[0]), _joined(parts[1])

    def _labels(self, names: Sequence[str]) -> Ints:
        for name in names:
            if name not in self._numbers:
                self._numbers[name] = len(self.labels)
                self.labels.append(name)
        return np.array([self._numbers[name] for name in names], np.int64)

    @staticmethod
    def _placed(objects: Objects, wanted: Flags, place: Ints, labels: Ints) -> _Side:
        block, at = np.divmod(objects.group, max(len(wanted), 1))
        if not wanted.all():
            inside = wanted[at]
            objects, block, at = objects.take(inside), block[inside], at[inside]
        if len(objects):
            objects.label = labels[objects.label]
        return _Side(objects, place[at] if len(at) else at, block)


def _joined(parts: Sequence[_Side]) -> _Side:
    none = np.zeros(0, np.int64)
    return _Side(
        Objects.joined([part.objects for part in parts]),
        np.concatenate([none, *(part.image for part in parts)]),
        np.concatenate([none, *(part.block for part in parts)]),
    )


def _renumbered(side: _Side, kept: Flags, place: Ints, items: int) -> Objects:
    found = side.objects if kept.all() else side.objects.take(kept)
    # Categories of the k-th taxonomy stand k blocks above the things that have a shape.
    found.group = place[side.image[kept]] + side.block[kept] * items
    return found


_Kept = tuple[Flags, Flags, Flags]


def _exclude(
    connection: Connection,
    reader: _Reader,
    truths: _Side,
    predictions: _Side,
    config: EvaluationConfig,
) -> tuple[_Kept, dict[str, Any]]:
    """Judge every rule on everything that was read; what one rule drops, none brings back."""
    sides = {"groundTruth": truths, "prediction": predictions}
    dropped = {name: np.zeros(len(side.image), np.bool_) for name, side in sides.items()}
    items = np.zeros(len(reader.items), np.bool_)
    told: list[dict[str, Any]] = []
    rules = config.exclusion_rules or ()
    metadata: dict[int, Any] = {}
    if any(rule["type"] == "metadata" for rule in rules):
        metadata = metadata_of(connection, reader.items)
    for rule in rules:
        if rule["type"] == "metadata":
            hit = np.array(
                [_matches(metadata.get(key), rule) for key in reader.items.tolist()], np.bool_
            )
            items |= hit
            told.append({"rule": rule, "items": int(hit.sum()), "objects": 0})
            continue
        side = sides[rule["target"]]
        objects = _hit(side.objects, rule, reader.labels)
        if rule["scope"] == "annotation":
            dropped[rule["target"]] |= objects
            told.append({"rule": rule, "items": 0, "objects": int(objects.sum())})
        else:
            hit = np.zeros(len(items), np.bool_)
            hit[side.image[objects]] = True
            items |= hit
            told.append({"rule": rule, "items": int(hit.sum()), "objects": 0})
    for name, side in sides.items():
        dropped[name] |= items[side.image]
    stats = {
        "excluded_items": int(items.sum()),
        "excluded_annotations": int(dropped["groundTruth"].sum()),
        "excluded_predictions": int(dropped["prediction"].sum()),
        "rules": told,
    }
    return (~items, ~dropped["groundTruth"], ~dropped["prediction"]), stats


def _hit(objects: Objects, rule: dict[str, Any], labels: Sequence[str]) -> Flags:
    if rule["type"] == "labels":
        named = [index for index, name in enumerate(labels) if name in set(rule["labels"])]
        return np.isin(objects.label, named)
    area = objects.boxes[:, 2] * objects.boxes[:, 3]
    low, high = rule.get("min", -np.inf), rule.get("max", np.inf)
    outside: Flags = (area < low) | (area > high)
    return outside


def _matches(metadata: Any, rule: dict[str, Any]) -> bool:
    return metadata is not None and holds(
        value_at(metadata, rule["key"]), rule["op"], rule.get("value")
    )


def metadata_of(connection: Connection, items: Ints) -> dict[int, Any]:
    """Read the metadata of items.

    Args:
        connection: The open transaction.
        items: Primary keys.

    Returns:
        Metadata by key; items without any, and those that are gone, are not in it.
    """
    rows = _METADATA.rows(connection, wanted=json_list(items.tolist()))
    # One decoding call for all of them costs a third of one call each.
    values = wire.decode(f"[{','.join(_text(row[1]) for row in rows)}]")
    return {row[0]: value for row, value in zip(rows, values, strict=True)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else bytes(value).decode()
