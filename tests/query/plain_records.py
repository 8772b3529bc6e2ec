"""A dataset as plain Python records: what the store holds, without a database.

The evaluator of the tests (``plain_evaluator``) reads these, and ``record_storage`` writes the same
into tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Thing:
    """An annotation or a prediction; ``labels`` are those of a multicategory or of segments."""

    id: int
    name: str
    type: str
    label: str | None = None
    labels: list[str] = field(default_factory=list)
    taxonomy: str | None = None
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    vertices: list[tuple[float, float]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    track: str | None = None
    confidence: float | None = None
    run: int | None = None
    points: int | None = None
    scores: dict[str, float] = field(default_factory=dict)
    examples: dict[str, bool] = field(default_factory=dict)
    slices: list[str] = field(default_factory=list)
    item: Item | None = None

    @property
    def all_labels(self) -> list[str]:
        """Every label that it has."""
        own = [] if self.label is None else [self.label]
        return [*own, *(self.labels if self.type in {"mask", "multicategory"} else [])]


@dataclass(eq=False)
class Match:
    """A row of an evaluation; ``part`` is 1 or 2 where a threshold rejected the ``pair``.

    ``right`` and ``wrong`` are the best overlap of the prediction with annotations of a right label
    and of others, and which, where that is another than the one of the pair.
    """

    id: int
    item: Item
    truth: Thing | None
    prediction: Thing | None
    iou: float | None
    flag: bool
    best: float | None
    part: int = 0
    right: tuple[float, Thing] | None = None
    wrong: tuple[float, Thing] | None = None
    pair: Match | None = None

    @property
    def confidence(self) -> float | None:
        """That of the prediction."""
        return None if self.prediction is None else self.prediction.confidence

    @property
    def category(self) -> str:
        """A flagged pair, or one with equal labels, is right; else a prediction is wrong."""
        one, other = self.truth, self.prediction
        same = one is not None and other is not None and one.label == other.label is not None
        if self.flag or same:
            return "tp"
        return "fp" if other is not None else "fn"

    def tide(self, threshold: float | None) -> str | None:
        """The error of TIDE at a threshold; 0.5 where there is none."""
        least = 0.5 if threshold is None else threshold
        if self.prediction is not None:
            return (self.pair or self).cause(least)
        for row in self.item.matches:
            cause = None if row.prediction is None else row.cause(least)
            about = {"localization": row.nearest("tp"), "classification": row.nearest("fp")}
            if cause in about and about[cause][1] is self.truth:
                return None
        return "missed"

    def cause(self, least: float) -> str | None:
        """Why the prediction of a stored row is wrong; of no rejected pair."""
        if self.category == "tp" and self.iou is not None and self.iou >= least:
            return None
        right, wrong = self.nearest("tp")[0], self.nearest("fp")[0]
        if 0 < right < least:
            return "localization"
        if wrong >= least and wrong:
            return "classification"
        if right:
            return "duplicate"
        return "both" if wrong else "background"

    def nearest(self, category: str) -> tuple[float, Thing | None]:
        """The best overlap of the right (``tp``) or of other labels; nothing is 0."""
        kept = self.right if category == "tp" else self.wrong
        paired = (self.category == "tp") == (category == "tp")
        if kept is None and paired and self.iou is not None and self.iou >= 0.1:
            return self.iou, self.truth
        return kept or (0.0, None)


@dataclass(eq=False)
class Item:
    """An item with everything that belongs to it."""

    id: int
    ref: str
    index: int
    location: str
    metadata: dict[str, Any]
    kind: str = "image"
    width: int | None = None
    height: int | None = None
    phash: str | None = None
    created_at: int = 0
    scene: Scene | None = None
    frame: int | None = None
    sensor: str | None = None
    annotations: list[Thing] = field(default_factory=list)
    predictions: list[Thing] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    slices: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    examples: dict[str, bool] = field(default_factory=dict)


@dataclass(eq=False)
class Scene:
    """A scene; objects here are those of the scene as a whole."""

    id: int
    ref: str
    index: int
    type: str
    metadata: dict[str, Any]
    frame_rate: float | None = None
    created_at: int = 0
    items: list[Item] = field(default_factory=list)
    annotations: list[Thing] = field(default_factory=list)
    predictions: list[Thing] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)
    slices: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Track:
    """A track, joined to its objects by its name."""

    id: int
    ref: str
    metadata: dict[str, Any] | None


@dataclass(eq=False)
class Run:
    """A model run and the names that its model goes by."""

    id: int
    names: list[str]


@dataclass(eq=False)
class Records:
    """A whole dataset.

    ``slices`` and the autotags have keys; ``evaluated`` are the runs with an evaluation.
    """

    id: int
    items: list[Item] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    evaluated: list[int] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    taxonomies: list[str] = field(default_factory=list)
    tags: dict[tuple[str, str], int] = field(default_factory=dict)
    slices: dict[str, int] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)

    @property
    def annotations(self) -> list[Thing]:
        """Those of all items."""
        return [each for item in self.items for each in item.annotations]

    def track_objects(self, track: Track) -> list[Thing]:
        """Annotations of items that name a track."""
        return [each for each in self.annotations if each.track == track.ref]

    def matches_at(self, item: Item, run: int, threshold: float | None) -> list[Match]:
        """Rows of an evaluation as a threshold reads them: a rejected pair gives two."""
        if run not in self.evaluated:
            return []
        found = []
        for row in item.matches:
            pair = row.truth is not None and row.prediction is not None
            loose = pair and row.iou is not None and threshold is not None and row.iou < threshold
            if not loose:
                found.append(row)
                continue
            wrong = Match(row.id, item, None, row.prediction, None, False, row.iou, 1, pair=row)
            missed = Match(row.id, item, row.truth, None, None, False, None, 2, pair=row)
            found += [wrong, missed]
        return found
