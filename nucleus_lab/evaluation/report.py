"""What an evaluation found, as a value: numbers, curves, the confusion matrix, the worst images."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from nucleus_lab import wire
from nucleus_lab.errors import InvalidInputError

BACKGROUND = None
"""Stands for "nothing there" in a confusion matrix: the other side of a miss or false detection."""

_HTML_ROWS = 50


@dataclass(slots=True)
class Curve:
    """Precision and recall as the confidence threshold falls.

    Attributes:
        confidence: Predictions at or above it are kept; falling.
        precision: True positives among the kept predictions.
        recall: Annotations that the kept predictions find; rising.
    """

    confidence: list[float] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)

    def best_f1(self) -> tuple[float, float]:
        """Find the threshold that balances precision and recall best.

        Returns:
            The highest F1 and the confidence threshold that gives it; zeros without points.
        """
        best = (0.0, 0.0)
        for confidence, precision, recall in zip(
            self.confidence, self.precision, self.recall, strict=True
        ):
            if precision + recall > 0:
                best = max(best, (2 * precision * recall / (precision + recall), confidence))
        return best


@dataclass(slots=True)
class ClassMetrics:
    """How well one class, or all classes together, came out.

    ``None`` stands for a number that cannot be had: precision without predictions, recall and
    average precision without annotations.

    Attributes:
        label: Name of the class; ``""`` for all classes together.
        annotations: Annotations.
        predictions: Predictions at or above the confidence threshold.
        true_positives: Predictions in a pair with the right labels and enough overlap.
        false_positives: The other predictions.
        false_negatives: Annotations that no true positive holds.
        precision: Share of predictions that are true positives.
        recall: Share of annotations that were found.
        f1: Harmonic mean of precision and recall.
        ap: COCO average precision, IoU 0.50 to 0.95; for all classes the mean (mAP).
        ap50: Likewise at IoU 0.50.
        ap75: Likewise at IoU 0.75.
        curve: Precision and recall over the stored pairs, at the report's IoU threshold.
        coco_curve: COCO's interpolated precision at recall 0.00, 0.01 … 1.00 and IoU 0.50; empty
            where ``ap50`` is ``None``.
    """

    label: str
    annotations: int
    predictions: int
    true_positives: int
    false_positives: int
    false_negatives: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    ap: float | None = None
    ap50: float | None = None
    ap75: float | None = None
    curve: Curve = field(default_factory=Curve)
    coco_curve: list[float] = field(default_factory=list)


@dataclass(slots=True)
class ConfusionMatrix:
    """Which label was taken for which.

    Attributes:
        labels: Class names; the background has the index after the last.
        cells: Row (annotation), column (prediction) and count of every cell that is not zero.
    """

    labels: list[str] = field(default_factory=list)
    cells: list[tuple[int, int, int]] = field(default_factory=list)

    def to_rows(self) -> list[list[int]]:
        """Return the whole square.

        Returns:
            One list a row: annotations of each label and, last, predictions on background; in
            each, the predictions of each label and, last, the misses.
        """
        size = len(self.labels) + 1
        rows = [[0] * size for _ in range(size)]
        for row, column, count in self.cells:
            rows[row][column] = count
        return rows

    def count(self, ground_truth: str | None, prediction: str | None) -> int:
        """Return one cell.

        Args:
            ground_truth: Label of the annotations; ``None`` for background.
            prediction: Label of the predictions; ``None`` for background.

        Returns:
            The count; 0 for a label that is not in the matrix.
        """
        size = len(self.labels)
        place = {name: index for index, name in enumerate(self.labels)}
        row = size if ground_truth is BACKGROUND else place.get(ground_truth, -1)
        column = size if prediction is BACKGROUND else place.get(prediction, -1)
        return sum(number for at, over, number in self.cells if (at, over) == (row, column))


@dataclass(slots=True)
class ItemResults:
    """How each item came out, one list an attribute; items without any object are left out.

    Attributes:
        reference_id: Name of the item.
        true_positives: Right predictions.
        false_positives: Wrong predictions.
        false_negatives: Annotations that were not found.
        mean_iou: Mean overlap of the pairs, whatever their labels; ``None`` without a pair.
    """

    reference_id: list[str] = field(default_factory=list)
    true_positives: list[int] = field(default_factory=list)
    false_positives: list[int] = field(default_factory=list)
    false_negatives: list[int] = field(default_factory=list)
    mean_iou: list[float | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.reference_id)


@dataclass(slots=True)
class EvaluationReport:
    """The result of ``Dataset.calculate_evaluation_metrics``, read with ``Dataset.evaluation``.

    Attributes:
        overall: All classes together; its ``ap`` is the mean over classes (mAP).
        classes: One entry a class, by name.
        confusion: Which label was taken for which.
        items: How each item came out.
        iou_threshold: Overlap from which a pair counts.
        confidence_threshold: Predictions below it were left out before matching.
        options: Matching options as given.
        ap_by_size: COCO average precision of ``small`` (below 32² pixels), ``medium`` and
            ``large`` (above 96²) objects.
        ap_protocol: ``bbox``, or ``segm`` where polygons or masks took part.
        not_evaluated: How many objects of each type were left out: what is compared are boxes,
            polygons, the segments of masks, and categories, each where both sides have some.
        stale: The dataset changed after the evaluation; calculate the metrics again.
        evaluation_id: Id of the stored evaluation.
        model_id: Id of the model.
        model_run_id: Id of the run that holds the predictions.
        dataset_id: Id of the dataset.
        created_at: When it was stored, ISO 8601 in UTC.
        label_order: The labels of the dataset, the most frequent first; plots and galleries take
            their colours in this order. Empty where counting them would take long.
    """

    overall: ClassMetrics
    classes: list[ClassMetrics]
    confusion: ConfusionMatrix
    items: ItemResults
    iou_threshold: float = 0.5
    confidence_threshold: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)
    ap_by_size: dict[str, float | None] = field(default_factory=dict)
    ap_protocol: Literal["bbox", "segm"] = "bbox"
    not_evaluated: dict[str, int] = field(default_factory=dict)
    stale: bool = False
    evaluation_id: str = ""
    model_id: str = ""
    model_run_id: str = ""
    dataset_id: str = ""
    created_at: str = ""
    label_order: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, payload: dict[str, Any] | str | bytes) -> EvaluationReport:
        """Read a report back.

        Args:
            payload: What :meth:`to_payload` or :meth:`to_json` returned.

        Returns:
            An equal report.

        Raises:
            InvalidInputError: The payload is no report; the message has the path of the fault.
        """
        values = wire.decode(payload) if isinstance(payload, (str, bytes)) else payload
        try:
            return wire.convert(values, cls)
        except msgspec.ValidationError as fault:
            raise InvalidInputError(f"this is no evaluation report: {fault}") from fault

    def to_payload(self) -> dict[str, Any]:
        """Return the report as plain values.

        Returns:
            Mappings, lists, numbers and text, as JSON holds them.
        """
        payload: dict[str, Any] = msgspec.to_builtins(self)
        return payload

    def to_json(self) -> str:
        """Return the report as JSON text.

        Returns:
            Compact JSON.
        """
        return wire.encode(self.to_payload()).decode()

    def for_class(self, label: str) -> ClassMetrics:
        """Return the metrics of one class.

        Args:
            label: Name of the class.

        Returns:
            Its metrics.

        Raises:
            KeyError: Neither an annotation nor a prediction has this label.
        """
        for found in self.classes:
            if found.label == label:
                return found
        known = ", ".join(repr(entry.label) for entry in self.classes[:20])
        raise KeyError(f"no class {label!r} was evaluated; there are {known}")

    def worst(self, n: int = 20, *, by: Literal["score", "errors", "iou"] = "score") -> list[str]:
        """Name the items where the model does worst.

        The score of an item is ``true positives / (true positives + false positives + false
        negatives)``: 1 where everything is right, 0 where nothing is.

        Args:
            n: At most so many.
            by: ``"score"``, the lowest first, and of equal ones the one with more errors, then
                with the lower mean overlap; ``"errors"``, the most false positives and negatives
                first; ``"iou"``, the lowest mean overlap first, items without a pair left out.
                Remaining ties stand in the order of the dataset.

        Returns:
            Reference ids, the worst first; made for ``dataset.create_slice``. Items without an
            error are left out, except by ``"iou"``.

        Raises:
            InvalidInputError: ``by`` is none of the three.
        """
        if by not in {"score", "errors", "iou"}:
            raise InvalidInputError(f"by={by!r} is not possible: use 'score', 'errors' or 'iou'")
        items = self.items
        columns = zip(
            items.true_positives,
            items.false_positives,
            items.false_negatives,
            items.mean_iou,
            strict=True,
        )
        ranked: list[tuple[float, float, float, int]] = []
        for index, (right, false, missed, iou) in enumerate(columns):
            errors = false + missed
            overlap = 0.0 if iou is None else iou
            if by == "iou" and iou is not None:
                ranked.append((overlap, -errors, 0.0, index))
            elif by == "score" and errors:
                ranked.append((right / (right + errors), -errors, overlap, index))
            elif by == "errors" and errors:
                ranked.append((-errors, right / (right + errors), overlap, index))
        return [items.reference_id[entry[-1]] for entry in sorted(ranked)[: max(n, 0)]]

    def __repr__(self) -> str:
        overall, stale = self.overall, ", stale" if self.stale else ""
        return (
            f"EvaluationReport(items={len(self.items)}, annotations={overall.annotations}, "
            f"predictions={overall.predictions}, precision={_number(overall.precision)}, "
            f"recall={_number(overall.recall)}, f1={_number(overall.f1)}, "
            f"mAP={_number(overall.ap)}, AP50={_number(overall.ap50)}{stale})"
        )

    def _repr_html_(self) -> str:
        names = [
            "class",
            "annotations",
            "predictions",
            "TP",
            "FP",
            "FN",
            "precision",
            "recall",
            "F1",
        ]
        names += ["AP", "AP50", "AP75"]
        head = "".join(f"<th>{name}</th>" for name in names)
        rows = [_row(self.overall, "all classes", "th")]
        rows += [_row(entry, entry.label, "td") for entry in self.classes[:_HTML_ROWS]]
        notes = [f"IoU ≥ {self.iou_threshold:g}", f"confidence ≥ {self.confidence_threshold:g}"]
        if len(self.classes) > _HTML_ROWS:
            notes.append(f"{len(self.classes) - _HTML_ROWS} more classes in <code>.classes</code>")
        notes += [
            f"{count:,} {html.escape(kind)} not evaluated"
            for kind, count in self.not_evaluated.items()
        ]
        if self.stale:
            notes.append("<b>the dataset changed since: calculate the metrics again</b>")
        # Wider than a narrow page: a box of its own that the keyboard can reach and scroll.
        return (
            '<div style="overflow-x:auto" tabindex="0" role="group" aria-label="Metrics">'
            f"<table><caption style='text-align:left'>{' · '.join(notes)}</caption>"
            f"<thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _row(metrics: ClassMetrics, name: str, cell: str) -> str:
    counts = (
        metrics.annotations,
        metrics.predictions,
        metrics.true_positives,
        metrics.false_positives,
        metrics.false_negatives,
    )
    shares = (metrics.precision, metrics.recall, metrics.f1, metrics.ap, metrics.ap50, metrics.ap75)
    values = [*(f"{count:,}" for count in counts), *(_number(share) for share in shares)]
    cells = "".join(f"<{cell}>{value}</{cell}>" for value in values)
    return f"<tr><th>{html.escape(name)}</th>{cells}</tr>"
