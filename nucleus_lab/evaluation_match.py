"""Evaluation matches: which prediction met which annotation, and what that counts as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ConfusionCategory(StrEnum):
    """What a match counts as."""

    TRUE_POSITIVE = "TP"
    FALSE_POSITIVE = "FP"
    FALSE_NEGATIVE = "FN"


@dataclass(slots=True)
class EvaluationMatch:
    """A prediction and the annotation it overlaps most, or one of both alone.

    Args:
        model_run_id: Run that made the prediction.
        confusion_category: What it counts as.
        iou: Overlap from 0 to 1; 0 without a partner.
        dataset_item_id: Public id of the item.
        model_prediction_id: Public id of the prediction; ``None`` for a missed annotation.
        ground_truth_annotation_id: Public id of the annotation; ``None`` for a prediction alone.
        model_prediction_label: Label of the prediction.
        ground_truth_annotation_label: Label of the annotation.
    """

    model_run_id: str
    confusion_category: ConfusionCategory
    iou: float
    dataset_item_id: str
    model_prediction_id: str | None = None
    ground_truth_annotation_id: str | None = None
    model_prediction_label: str | None = None
    ground_truth_annotation_label: str | None = None

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={str(value) if name == 'confusion_category' else value!r}"
            for name, value in ((name, getattr(self, name)) for name in self.__slots__)
        )
        return f"EvaluationMatch({shown})"

    def __post_init__(self) -> None:
        self.confusion_category = ConfusionCategory(self.confusion_category)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> EvaluationMatch:
        """Make a match from its payload.

        Args:
            payload: A row of an answer.

        Returns:
            The match: a true positive if it is flagged or both labels are equal, a false positive
            if there is a prediction, else a false negative.
        """
        predicted = payload.get("model_prediction_label")
        true = payload.get("ground_truth_annotation_label")
        if payload.get("true_positive") or (predicted is not None and predicted == true):
            category = ConfusionCategory.TRUE_POSITIVE
        elif predicted is not None:
            category = ConfusionCategory.FALSE_POSITIVE
        else:
            category = ConfusionCategory.FALSE_NEGATIVE
        return cls(
            payload["model_run_id"],
            category,
            payload["iou"],
            payload["dataset_item_id"],
            payload.get("model_prediction_id"),
            payload.get("ground_truth_annotation_id"),
            predicted,
            true,
        )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            The keys that :meth:`from_json` reads.
        """
        return {
            "model_run_id": self.model_run_id,
            "true_positive": self.confusion_category is ConfusionCategory.TRUE_POSITIVE,
            "iou": self.iou,
            "dataset_item_id": self.dataset_item_id,
            "model_prediction_id": self.model_prediction_id,
            "ground_truth_annotation_id": self.ground_truth_annotation_id,
            "model_prediction_label": self.model_prediction_label,
            "ground_truth_annotation_label": self.ground_truth_annotation_label,
        }
