"""Routes that list deleted annotations and bring them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import datasets, deleted_annotations, references
from nucleus_lab.routes.nucleus.items import PageBody
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class DeletedBody(PageBody):
    """Body of ``lab/dataset/{ds}/deletedAnnotations``."""

    reference_ids: list[str] | None = None


class RestoreBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/restoreAnnotations``."""

    annotation_ids: list[str]


@route("POST", "lab/dataset/{ds}/deletedAnnotations", body=DeletedBody)
def list_deleted(engine: Engine, call: Call[DeletedBody], ds: str) -> dict[str, Any]:
    """Answer some of the annotations that were deleted and kept."""
    body = call.body
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        items = None
        if body.reference_ids is not None:
            known = references.keys_of(connection, row.id, set(body.reference_ids))
            missing = [name for name in body.reference_ids if name not in known]
            if missing:
                raise references.unknown(missing[0], row.id)
            items = list(known.values())
        rows, token = deleted_annotations.page(
            connection, row.id, body.pageToken, body.pageSize, items
        )
    return {"annotations": rows, "nextPageToken": token}


@route("POST", "lab/dataset/{ds}/restoreAnnotations", body=RestoreBody)
def restore(engine: Engine, call: Call[RestoreBody], ds: str) -> dict[str, Any]:
    """Bring deleted annotations back."""
    with engine.store.write() as connection:
        row = datasets.get(connection, ds)
        datasets.lock(connection, row.id)
        count, left = deleted_annotations.restore(connection, row.id, call.body.annotation_ids)
    answer: dict[str, Any] = {
        "dataset_id": row.public_id,
        "annotations_restored": count,
        "annotations_ignored": len(left),
    }
    if left:
        answer["errors"] = [
            f"{name} was not restored: its item has another annotation with the same id"
            for name in left
        ]
    return answer
