"""Stored evaluations: what may be evaluated and how, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock, column_indexes, indexes, labels, models, runs
from nucleus_lab.engine.datasets import DatasetRow
from nucleus_lab.engine.schema import (
    annotation,
    evaluation,
    item,
    label,
    prediction,
)
from nucleus_lab.errors import InvalidInputError, NotFoundError


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How to match.

    Attributes:
        class_agnostic: Objects of any labels may pair; a pair with different labels is no true
            positive. Otherwise only objects with equal or allowed labels pair.
        allowed_label_matches: Pairs (label of the annotation, label of the prediction).
        iou_threshold: Overlap from which a pair counts in the report, 0 to 1. Stored matches
            have no threshold.
        confidence_threshold: Predictions below it are left out before matching, 0 to 1.
    """

    class_agnostic: bool = True
    allowed_label_matches: tuple[tuple[str, str], ...] = ()
    iou_threshold: float = 0.5
    confidence_threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.allowed_label_matches and self.class_agnostic:
            raise InvalidInputError(
                "allowed_label_matches was given while class_agnostic is True: pass class_agnostic="
                "False with it, since a class-agnostic matching pairs any labels"
            )
        for name in ("iou_threshold", "confidence_threshold"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InvalidInputError(f"{name} is {value}: use a number from 0 to 1", path=name)

    def given(self) -> dict[str, Any]:
        """Return the options as a caller would write them.

        Returns:
            Plain values.
        """
        return {
            "class_agnostic": self.class_agnostic,
            "allowed_label_matches": [
                {"ground_truth_label": truth, "model_prediction_label": predicted}
                for truth, predicted in self.allowed_label_matches
            ],
            "iou_threshold": self.iou_threshold,
            "confidence_threshold": self.confidence_threshold,
        }

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> EvaluationOptions:
        """Read back what :meth:`given` returned.

        Args:
            given: The options.

        Returns:
            The options.
        """
        pairs = given["allowed_label_matches"]
        return cls(
            given["class_agnostic"],
            tuple((pair["ground_truth_label"], pair["model_prediction_label"]) for pair in pairs),
            given["iou_threshold"],
            given["confidence_threshold"],
        )


def run_to_evaluate(connection: Connection, of_dataset: DatasetRow, model_id: str) -> int:
    """Find the run whose predictions an evaluation compares, and check that it can.

    Args:
        connection: The open transaction.
        of_dataset: The dataset.
        model_id: Id of the model on the wire.

    Returns:
        Primary key of the run.

    Raises:
        NotFoundError: There is no such model.
        InvalidInputError: The model has no predictions in the dataset, or the dataset has no
            annotations.
    """
    key = models.key_of(connection, model_id)
    run = models.run_of(connection, key, of_dataset.id)
    check_comparable(connection, of_dataset, run, f"model {model_id}")
    return run or 0


def check_comparable(
    connection: Connection, of_dataset: DatasetRow, run: int | None, owner: str
) -> None:
    """Refuse to evaluate where there is nothing to compare.

    Args:
        connection: The open transaction.
        of_dataset: The dataset.
        run: Primary key of the run; ``None`` for a model without one.
        owner: Whose predictions they are, for messages.

    Raises:
        InvalidInputError: There are no predictions, or the dataset has no annotations.
    """
    predicted = select(prediction.c.id).where(prediction.c.model_run_id == run).limit(1)
    if run is None or connection.scalar(predicted) is None:
        raise InvalidInputError(
            f"{owner} has no predictions in dataset {of_dataset.public_id} "
            f"({of_dataset.name!r}): upload some first, dataset.upload_predictions(model, ...)"
        )
    annotated = (
        select(annotation.c.id)
        .join(item, item.c.id == annotation.c.item_id)
        .where(item.c.dataset_id == of_dataset.id)
    )
    if connection.scalar(annotated.limit(1)) is None:
        raise InvalidInputError(
            f"dataset {of_dataset.public_id} ({of_dataset.name!r}) has no annotations to compare "
            "predictions with: add ground truth first, dataset.annotate(...)"
        )


def unknown_labels(
    connection: Connection, dataset_id: int, options: EvaluationOptions
) -> list[str]:
    """Find labels in the options that the dataset does not have, which often are misspelled.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        options: How to match.

    Returns:
        One text a label, made for the errors of the job.
    """
    if not options.allowed_label_matches:
        return []
    known = set(connection.scalars(select(label.c.name).where(label.c.dataset_id == dataset_id)))
    return [
        f"allowed_label_matches[{index}].{side} is {name!r}, which is no label of this dataset"
        for index, pair in enumerate(options.allowed_label_matches)
        for side, name in zip(("ground_truth_label", "model_prediction_label"), pair, strict=True)
        if name not in known
    ]


def latest(connection: Connection, of_dataset: DatasetRow, model_id: str) -> tuple[int, int]:
    """Find the evaluation of a model on a dataset.

    Args:
        connection: The open transaction.
        of_dataset: The dataset.
        model_id: Id of the model on the wire.

    Returns:
        Primary keys of the newest evaluation and of its run.

    Raises:
        NotFoundError: There is no such model, or no evaluation of it here.
    """
    if model_id.startswith(f"{identifiers.RUN}_"):
        run: int | None = runs.part_on(connection, runs.get(connection, model_id), of_dataset.id)
    else:
        run = models.run_of(connection, models.key_of(connection, model_id), of_dataset.id)
    newest = (
        select(evaluation.c.id, evaluation.c.model_run_id)
        .where(evaluation.c.model_run_id == run, evaluation.c.status == "succeeded")
        .order_by(evaluation.c.id.desc())
    )
    row = connection.execute(newest.limit(1)).first()
    if row is None:
        raise NotFoundError(
            f"model {model_id} has not been evaluated on dataset {of_dataset.public_id}: call "
            "dataset.calculate_evaluation_metrics(model) and wait for the job"
        )
    return row[0], row[1]


def report(connection: Connection, of_dataset: DatasetRow, model_id: str) -> dict[str, Any]:
    """Return the stored report of a model on a dataset.

    Args:
        connection: The open transaction.
        of_dataset: The dataset.
        model_id: Id of the model on the wire.

    Returns:
        The payload of an :class:`~nucleus_lab.evaluation.report.EvaluationReport`.
    """
    key, run = latest(connection, of_dataset, model_id)
    columns = evaluation.c
    text, seen, created_at = connection.execute(
        select(columns.report, columns.change_seq, columns.created_at).where(columns.id == key)
    ).one()
    payload: dict[str, Any] = wire.decode(text)
    payload |= {
        "stale": seen != of_dataset.change_seq,
        "evaluation_id": identifiers.encode(identifiers.EVALUATION, key),
        "model_id": identifiers.encode(identifiers.MODEL, models.key_of(connection, model_id)),
        "model_run_id": identifiers.encode(identifiers.RUN, run),
        "dataset_id": of_dataset.public_id,
        "created_at": clock.iso(created_at),
        "label_order": _label_order(connection, of_dataset.id),
    }
    return payload


def _label_order(connection: Connection, dataset_id: int) -> list[str]:
    """Labels by their frequency, unless finding them takes long."""
    quick = column_indexes.LABELS["annotations"].name in column_indexes.existing(connection)
    if not quick and indexes.size_of(connection, dataset_id) >= indexes.LARGE:
        return []
    counts = labels.annotation_counts(connection, dataset_id, by_label=quick)
    return [each["label"] for each in counts]
