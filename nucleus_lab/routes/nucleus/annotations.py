"""Routes that take and delete annotations and take predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.annotation import ANNOTATION_TYPES, ANNOTATION_WIRE, PREDICTION_WIRE
from nucleus_lab.annotation.box_columns import BoxesWire
from nucleus_lab.engine import annotating, datasets, models
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_MASK = ANNOTATION_TYPES["mask"]
_MASKS = (_MASK.wire, _MASK.prediction_wire)


class AnnotateBody(msgspec.Struct):
    """Body of ``dataset/{ds}/annotate``."""

    annotations: list[ANNOTATION_WIRE] = []
    segmentations: list[_MASK.wire] = []  # type: ignore[name-defined]
    boxes: BoxesWire | None = None  # what our own client sends in place of many payloads
    update: bool = False
    requestId: str | None = None

    def open_values(self) -> list[Any] | None:
        """Return the values that may hold anything."""
        return _metadata(self)


class PredictBody(msgspec.Struct):
    """Body of ``dataset/{ds}/model/{prj}/uploadPredictions``."""

    annotations: list[PREDICTION_WIRE] = []
    segmentations: list[_MASK.prediction_wire] = []  # type: ignore[name-defined]
    boxes: BoxesWire | None = None
    update: bool = False
    requestId: str | None = None
    trained_slice_id: str | None = None

    def every_payload(self) -> list[Any]:
        """Return all predictions as payloads, those that came as columns too.

        Returns:
            Validated payloads.
        """
        boxes: list[Any] = []
        if self.boxes is not None:
            self.boxes.check()
            boxes = self.boxes.structs(scored=True)
        return [*self.annotations, *self.segmentations, *boxes]

    def open_values(self) -> list[Any] | None:
        """Return the values that may hold anything."""
        return _metadata(self)


def _metadata(body: AnnotateBody | PredictBody) -> list[Any] | None:
    """Return the metadata of objects; ``None`` when there are masks, whose segments have some."""
    if body.segmentations or any(kind in _MASKS for kind in set(map(type, body.annotations))):
        return None
    found: list[Any] = [value.metadata for value in body.annotations if value.metadata]
    return [*found, body.boxes.metadata] if body.boxes else found


class DeleteBody(msgspec.Struct):
    """Body of ``annotation/{ds}``."""

    reference_ids: list[str] = []
    keep_history: bool = True


@route("POST", "dataset/{ds}/annotate", body=AnnotateBody)
def annotate(engine: Engine, call: Call[AnnotateBody], ds: str) -> dict[str, Any]:
    """Store annotations, now or in a job."""
    body = call.body
    if body.boxes is not None:
        body.boxes.check()
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
    if call.query.get("async") == "1" and body.requestId:
        engine.uploads.check(row.id, body.requestId)
        payload = {"requestId": body.requestId, "update": body.update}
        return engine.jobs.submit("uploadAnnotations", payload, dataset_id=row.id)
    values = [*body.annotations, *body.segmentations] if body.segmentations else body.annotations
    answer = annotating.annotate(
        engine, row, values, call.files, update=body.update, boxes=body.boxes
    )
    if call.query.get("async") != "1":
        return answer
    return engine.jobs.submit("uploadAnnotations", {"done": answer}, dataset_id=row.id)


@route("POST", "dataset/{ds}/model/{prj}/uploadPredictions", body=PredictBody)
def upload_predictions(
    engine: Engine, call: Call[PredictBody], ds: str, prj: str
) -> dict[str, Any]:
    """Store predictions of a model, now or in a job."""
    body = call.body
    if body.boxes is not None:
        body.boxes.check()
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        models.key_of(connection, prj)
    if call.query.get("async") == "1" and body.requestId:
        engine.uploads.check(row.id, body.requestId)
        payload = {
            "requestId": body.requestId,
            "update": body.update,
            "model_id": prj,
            "trained_slice_id": body.trained_slice_id,
        }
        return engine.jobs.submit("uploadPredictions", payload, dataset_id=row.id)
    values = [*body.annotations, *body.segmentations] if body.segmentations else body.annotations
    answer = annotating.predict(
        engine,
        row,
        prj,
        values,
        call.files,
        update=body.update,
        trained_slice_id=body.trained_slice_id,
        boxes=body.boxes,
    )
    if call.query.get("async") != "1":
        return answer
    return engine.jobs.submit("uploadPredictions", {"done": answer}, dataset_id=row.id)


@route("DELETE", "annotation/{ds}", body=DeleteBody)
def delete_annotations(engine: Engine, call: Call[DeleteBody], ds: str) -> dict[str, Any]:
    """Delete all annotations of items, in a job."""
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
    payload = {
        "reference_ids": call.body.reference_ids,
        "keep_history": call.body.keep_history,
    }
    return engine.jobs.submit("annotationDeletion", payload, dataset_id=row.id)
