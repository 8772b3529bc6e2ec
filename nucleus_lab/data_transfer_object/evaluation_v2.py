"""What Evaluation V2 answers and is asked with: charts, examples, filters, leaderboards.

Fields have the names that stand on the wire. Each is read as an attribute or by its name in
brackets: ``charts.mapSummary.mapAt50``, ``charts["mapSummary"]["mapAt50"]``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

import msgspec

from nucleus_lab import wire
from nucleus_lab.errors import InvalidInputError


class Record:
    """What all values here can do."""

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None

    @classmethod
    def from_json(cls, payload: Any) -> Self:
        """Read a value from its payload; keys that this version does not know are ignored.

        Args:
            payload: Plain values.

        Returns:
            The value.

        Raises:
            InvalidInputError: The payload has another shape.
        """
        try:
            return wire.convert(payload, cls)
        except msgspec.ValidationError as fault:
            raise InvalidInputError(f"this is no {cls.__name__}: {fault}") from fault

    def to_payload(self) -> dict[str, Any]:
        """Return the value as plain values.

        Returns:
            Mappings, lists, numbers and text.
        """
        payload: dict[str, Any] = msgspec.to_builtins(self)
        return payload

    def _repr_html_(self) -> str:
        from nucleus_lab.data_transfer_object.charts_page import record_html

        return record_html(self)


@dataclass
class RangeNum(Record):
    """Bounds, both inclusive; ``None`` for none."""

    min: float | None = None
    max: float | None = None


@dataclass
class MetadataPredicate(Record):
    """A comparison of metadata: ``EQ``, ``IN`` (one of a list), ``GT`` or ``LT``."""

    key: str
    op: Literal["EQ", "IN", "GT", "LT"]
    value: Any = None


_WIRE_NAMES = {
    "confidence_range": "confidenceRange",
    "iou_range": "iouRange",
    "pred_labels": "predLabels",
    "gt_labels": "gtLabels",
    "item_metadata": "itemMetadata",
    "prediction_metadata": "predictionMetadata",
    "gt_area_range": "gtAreaRange",
    "label_equality": "labelEquality",
    "has_ground_truth": "hasGroundTruth",
    "tide_background": "tideBackground",
    "slice_ids": "sliceIds",
}


@dataclass
class EvaluationV2FilterArgs(Record):
    """Which rows of an evaluation are counted or shown; all that is given has to hold.

    Args:
        confidence_range: Of predictions. Those outside are left out before matching, and what
            they would have found counts as missed.
        iou_range: Of rows, 0 to 1.
        pred_labels: Class or label of the prediction.
        gt_labels: Class or label of the annotation.
        item_metadata: Comparisons of the metadata of the item.
        prediction_metadata: Comparisons of the metadata of the prediction.
        gt_area_range: Area of the annotation in square pixels.
        label_equality: ``EQ`` or ``NEQ``: rows with both objects whose classes are (not) equal.
        has_ground_truth: Rows with an annotation, or without one.
        tide_background: False positives on background, or everything else.
        slice_ids: Items, scenes or objects of any of these slices.
    """

    confidence_range: RangeNum | None = None
    iou_range: RangeNum | None = None
    pred_labels: list[str] | None = None
    gt_labels: list[str] | None = None
    item_metadata: list[MetadataPredicate] | None = None
    prediction_metadata: list[MetadataPredicate] | None = None
    gt_area_range: RangeNum | None = None
    label_equality: Literal["EQ", "NEQ"] | None = None
    has_ground_truth: bool | None = None
    tide_background: bool | None = None
    slice_ids: list[str] | None = None

    def to_api_filters(self) -> dict[str, Any]:
        """Return the filters as the wire carries them.

        Returns:
            What is given, under the names of the wire.
        """
        given = {
            _WIRE_NAMES[entry.name]: getattr(self, entry.name)
            for entry in fields(self)
            if getattr(self, entry.name) is not None
        }
        found: dict[str, Any] = msgspec.to_builtins(given)
        return found


@dataclass
class MapSummary(Record):
    """COCO mean average precision; ``None`` where nothing could be measured."""

    mapAt50: float | None = None
    mapAt75: float | None = None
    mapAt5095: float | None = None


@dataclass
class PerClassAp(Record):
    """COCO average precision of a class, the mean over IoU 0.50 to 0.95."""

    classLabel: str
    ap: float


@dataclass
class ConfusionEntry(Record):
    """A cell of the confusion matrix; ``background`` stands for "no object"."""

    gtLabel: str
    predLabel: str
    count: int


@dataclass
class ScoreHistogramBucket(Record):
    """How many predictions have a confidence between two bounds."""

    bucketMin: float
    bucketMax: float
    count: int


@dataclass
class TotalCounts(Record):
    """True and false positives, false negatives, and predictions with a confidence."""

    tp: int
    fp: int
    fn: int
    predsWithConfidence: int


@dataclass
class ApBySize(Record):
    """COCO average precision of objects below 32², up to 96², and above 96² square pixels."""

    small: float | None = None
    medium: float | None = None
    large: float | None = None


@dataclass
class PrCurvePoint(Record):
    """A point of the precision-recall curve of a class, the surest predictions first."""

    classLabel: str
    recall: float
    precision: float


@dataclass
class TideAttribution(Record):
    """How many predictions are right, or wrong for which cause; and how many objects are missed.

    The causes are those of TIDE (Bolya et al. 2020).
    """

    truePositive: int
    localization: int
    classification: int
    both: int
    duplicate: int
    background: int
    missed: int


@dataclass
class EvaluationV2Charts(Record):
    """All charts of an evaluation."""

    mapSummary: MapSummary
    perClassAp: list[PerClassAp]
    confusionMatrix: list[ConfusionEntry]
    scoreHistogram: list[ScoreHistogramBucket]
    computedIouRanges: list[float]
    totalCounts: TotalCounts
    apBySize: ApBySize
    prCurve: list[PrCurvePoint]
    tideAttribution: TideAttribution

    def _repr_html_(self) -> str:
        from nucleus_lab.data_transfer_object.charts_page import charts_html

        return charts_html(self)


@dataclass
class EvaluationV2MatchExample(Record):
    """A row of an evaluation: a prediction, or an annotation that nothing found.

    Attributes:
        id: Of the row.
        evaluation_id: Of the evaluation.
        dataset_item_id: Of the item.
        true_positive: Whether the prediction is right.
        match_type: ``TP``, ``FP`` or ``FN``.
        model_prediction_id: Of the prediction; ``None`` for a miss.
        ground_truth_annotation_id: Of the annotation; ``None`` for a prediction alone.
        pred_canonical_label: Class of the prediction.
        gt_canonical_label: Class of the annotation.
        pred_raw_label: Label of the prediction before any roll-up.
        gt_raw_label: Label of the annotation before any roll-up.
        iou: Overlap of the two; of one alone, the highest overlap with anything.
        confidence: Of the prediction.
        gt_area: Of the annotation, in square pixels.
        item_metadata: Of the item as it is now.
        prediction_metadata: Of the prediction as it is now.
        prediction_row: The prediction as it is now; ``None`` when it is gone.
        annotation_row: The annotation as it is now; ``None`` when it is gone.
        reference_id: The caller's id of the item.
        cause: Why a prediction counts as it does; a name of :class:`TideAttribution`.
    """

    id: str
    evaluation_id: str
    dataset_item_id: str
    true_positive: bool
    match_type: str
    model_prediction_id: str | None = None
    ground_truth_annotation_id: str | None = None
    pred_canonical_label: str | None = None
    gt_canonical_label: str | None = None
    pred_raw_label: str | None = None
    gt_raw_label: str | None = None
    iou: float | None = None
    confidence: float | None = None
    gt_area: float | None = None
    item_metadata: dict[str, Any] | None = None
    prediction_metadata: dict[str, Any] | None = None
    prediction_row: dict[str, Any] | None = None
    annotation_row: dict[str, Any] | None = None
    reference_id: str | None = None
    cause: str | None = None


@dataclass
class EvaluationV2ExamplesPage(Record):
    """A page of rows, and how many there are on all pages."""

    rows: list[EvaluationV2MatchExample]
    total: int

    def _repr_html_(self) -> str:
        from nucleus_lab.data_transfer_object.charts_page import examples_html

        return examples_html(self)


@dataclass
class EvaluationV2FilterMetadataField(Record):
    """A key of the items' metadata: ``string``, ``number`` or ``boolean``, and its values."""

    key: str
    value_type: str
    values: list[str] = field(default_factory=list)


@dataclass
class EvaluationV2FilterSchema(Record):
    """What the rows of an evaluation can be filtered by."""

    gt_labels: list[str]
    pred_labels: list[str]
    metadata_fields: list[EvaluationV2FilterMetadataField]


@dataclass
class LeaderboardRankingEntry(Record):
    """An evaluation on a leaderboard."""

    evaluation_id: str
    score: float
    rank: int
    evaluation_name: str | None = None
    model_run_id: str | None = None
    model_run_name: str | None = None
    model_id: str | None = None
    model_name: str | None = None
    model_version_major: int | None = None
    model_version_minor: int | None = None
    model_version_label: str | None = None
    parent_model_project_id: str | None = None


@dataclass
class LeaderboardF1CurvePoint(Record):
    """F1 when predictions below a confidence do not count."""

    confidence_threshold: float
    score: float


@dataclass
class LeaderboardF1CurveEntry(Record):
    """F1 by confidence threshold of one evaluation."""

    evaluation_id: str
    points: list[LeaderboardF1CurvePoint]
    rank: int
    evaluation_name: str | None = None
    model_run_id: str | None = None
    model_run_name: str | None = None
    model_id: str | None = None
    model_name: str | None = None
    best_f1: float | None = None


@dataclass
class BenchmarkItemsPage(Record):
    """A page of the items of a benchmark, and how many it has."""

    item_ids: list[str]
    total: int
