"""What a query found, as the wire carries it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from nucleus_lab import identifiers
from nucleus_lab.engine import reading
from nucleus_lab.engine.schema import annotation, evaluation, item, label, match, prediction
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.query.readings import stored


def _objects_by_key(table: Table) -> Any:
    statement = reading.object_rows(table, among(table.c.id, "keys"), of_run=False)
    return statement.add_columns(item.c.reference_id).join(item, item.c.id == table.c.item_id)


_OBJECTS = {
    "annotations": Statement(lambda: _objects_by_key(annotation)),
    "predictions": Statement(lambda: _objects_by_key(prediction)),
}


_TRUTH: Final = ("ground_truth_annotation_id", "ground_truth_annotation_label")
_PREDICTION: Final = ("model_prediction_id", "model_prediction_label", "confidence")


def payloads(
    connection: Connection,
    dataset_id: int,
    level: str,
    keys: Sequence[int],
    *,
    rejected: bool = False,
) -> list[dict[str, Any]]:
    """Read rows by their keys.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        level: What the keys are of: ``items``, ``annotations``, ``predictions``, ``matches`` or
            ``scenes``.
        keys: Primary keys.
        rejected: The keys of matches are those of :mod:`nucleus_lab.query.readings`.

    Returns:
        A payload for each key, in the same order.
    """
    if level == "items":
        rows = reading.by_keys(connection, dataset_id, keys)
        return [reading.item_payload(values) for values in rows]
    if level == "matches" and rejected:
        return _readings(connection, keys)
    read = {"matches": _matches, "scenes": _scenes}.get(level)
    found = read(connection, keys) if read else _objects(connection, level, keys)
    return [found[key] for key in keys if key in found]


def _scenes(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    from nucleus_lab.engine import scene_reading

    return scene_reading.payloads(connection, keys)


def _objects(connection: Connection, level: str, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    scored = level == "predictions"
    prefix = identifiers.PREDICTION if scored else identifiers.ANNOTATION
    found = {}
    for *values, reference_id in _OBJECTS[level].rows(connection, keys=json_list(keys)):
        payload = reading.payload_of(reference_id, tuple(values), scored=scored)
        payload["id"] = identifiers.encode(prefix, values[1])
        payload["dataset_item_id"] = identifiers.encode(identifiers.ITEM, values[0])
        found[values[1]] = payload
    return found


def _matches(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    truth, predicted = label.alias(), label.alias()
    statement = (
        select(
            match,
            item.c.reference_id,
            evaluation.c.model_run_id,
            truth.c.name.label("truth_label"),
            predicted.c.name.label("prediction_label"),
        )
        .join(item, item.c.id == match.c.item_id)
        .join(evaluation, evaluation.c.id == match.c.evaluation_id)
        .outerjoin(truth, truth.c.id == match.c.annotation_label_id)
        .outerjoin(predicted, predicted.c.id == match.c.prediction_label_id)
        .where(among(match.c.id, "keys"))
    )
    rows = connection.execute(statement, {"keys": json_list(keys)}).all()
    return {row.id: _match_payload(row) for row in rows}


def _readings(connection: Connection, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Read matches at a threshold: of a rejected pair only the prediction or the annotation."""
    places = [stored(key) for key in keys]
    found = _matches(connection, sorted({key for key, _ in places}))
    shown = []
    for key, part in places:
        if key not in found:
            continue
        payload = found[key]
        if part:
            gone = _TRUTH if part == 1 else _PREDICTION
            payload = {**payload, **dict.fromkeys(gone), "iou": 0.0, "true_positive": False}
        shown.append(payload)
    return shown


def _match_payload(row: Any) -> dict[str, Any]:
    def public(prefix: str, key: int | None) -> str | None:
        return None if key is None else identifiers.encode(prefix, key)

    return {
        "model_run_id": public(identifiers.RUN, row.model_run_id),
        "iou": row.iou or 0.0,
        "dataset_item_id": public(identifiers.ITEM, row.item_id),
        "reference_id": row.reference_id,
        "true_positive": bool(row.true_positive),
        "model_prediction_id": public(identifiers.PREDICTION, row.prediction_id),
        "ground_truth_annotation_id": public(identifiers.ANNOTATION, row.annotation_id),
        "model_prediction_label": row.prediction_label,
        "ground_truth_annotation_label": row.truth_label,
        "confidence": row.confidence,
    }
