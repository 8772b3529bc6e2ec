"""Uploading annotations and predictions: checks, batches, masks, and one summed answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

from nucleus_lab.annotation import Annotation, SegmentationAnnotation
from nucleus_lab.annotation.box_columns import columns_of
from nucleus_lab.bulk import batches, collector_paused
from nucleus_lab.dataset.uploads import (
    EMBEDDED_ROWS,
    file_part,
    files_a_request,
    positive,
    refuse_missing,
    with_progress,
)
from nucleus_lab.errors import DuplicateIDError, InvalidInputError
from nucleus_lab.location import is_local
from nucleus_lab.prediction import Prediction
from nucleus_lab.transport.connection import Connection
from nucleus_lab.wire import FilePart

Ask = Callable[..., dict[str, Any]]

_KEY: Final = attrgetter("reference_id", "annotation_id")


def check_objects(objects: Sequence[Any], *, predictions: bool) -> None:
    """Refuse what no route could take, before anything is sent.

    Args:
        objects: What the caller wants to upload.
        predictions: Whether predictions are expected.

    Raises:
        InvalidInputError: One is not an annotation (or prediction).
        DuplicateIDError: Two on one item have the same id.
    """
    kinds = set(map(type, objects))
    if not all(issubclass(kind, Annotation) for kind in kinds) or any(
        issubclass(kind, Prediction) is not predictions for kind in kinds
    ):
        _refuse_kind(objects, predictions)
    # No two keys alike is the common case, and told at C speed; whether two that are alike mean
    # anything (two without an id do not) is looked at one by one.
    with collector_paused():
        if not all(hasattr(kind, "annotation_id") for kind in kinds) or (
            len(set(map(_KEY, objects))) != len(objects)
        ):
            _refuse_twice(objects)


def _refuse_kind(objects: Sequence[Any], predictions: bool) -> None:
    wanted, other = (
        ("a prediction, such as BoxPrediction", "annotate")
        if predictions
        else ("an annotation, such as BoxAnnotation", "upload_predictions")
    )
    for index, thing in enumerate(objects):
        if not isinstance(thing, Annotation):
            remedy = f"use {wanted}"
        elif isinstance(thing, Prediction) is not predictions:
            remedy = f"upload it by Dataset.{other}"
        else:
            continue
        raise InvalidInputError(f"object {index} is a {type(thing).__name__}: {remedy}")


def _refuse_twice(objects: Sequence[Any]) -> None:
    seen: set[tuple[Any, Any, Any]] = set()
    for thing in objects:
        name = getattr(thing, "annotation_id", None)
        item = getattr(thing, "dataset_item_id", None) or thing.reference_id
        key = (getattr(thing, "dataset_id", None), item, name)
        if name is not None and key in seen:
            raise DuplicateIDError(
                f"annotation id {name!r} stands twice on item {item!r} in one call: give each "
                "object of an item an id of its own; nothing was uploaded",
                reference_id=item,
                annotation_id=name,
            )
        seen.add(key)


def upload_objects(
    client: Connection,
    ask: Ask,
    objects: Sequence[Annotation],
    request: dict[str, Any],
    *,
    batch_size: int,
    remote_files: int,
    local_files: int,
) -> dict[str, Any]:
    """Upload objects in as many requests as it takes.

    Args:
        client: The connection that asks.
        ask: Sends a payload, with ``files`` where there are any, and brings back the answer.
        objects: Annotations or predictions, checked.
        request: What the route wants besides the objects.
        batch_size: Objects of a request, masks apart; more in-process, where it costs nothing.
        remote_files: Masks with a URL of a request.
        local_files: Masks with a local file of a request, 1 to 10.

    Returns:
        The answers as one: numbers summed, lists joined. ``{}`` when there was nothing.
    """
    positive("batch_size", batch_size)
    positive("remote_files_per_upload_request", remote_files)
    files = files_a_request(client, local_files)
    masks = [thing for thing in objects if isinstance(thing, SegmentationAnnotation)]
    others = objects
    if masks:
        others = [thing for thing in objects if not isinstance(thing, SegmentationAnnotation)]
    local = [mask for mask in masks if is_local(mask.mask_url)]
    refuse_missing((mask.reference_id, mask.mask_url) for mask in local)
    remote = [mask for mask in masks if not is_local(mask.mask_url)] if local else masks
    total: dict[str, Any] = {}
    for batch in with_progress(client, local, files, "masks"):
        payload = {
            "segmentations": [mask.to_payload() for mask in batch],
            "update": request["update"],
        }
        parts = [_mask_part(mask) for mask in batch]
        add_answer(total, ask(payload, files=parts))
    for batch in batches(remote, EMBEDDED_ROWS if client.embedded else remote_files):
        add_answer(total, ask({"segmentations": [mask.to_payload() for mask in batch], **request}))
    if client.embedded:
        batch_size = max(batch_size, EMBEDDED_ROWS)
    for chunk in with_progress(client, others, batch_size, "annotations"):
        with collector_paused():
            columns = columns_of(chunk)
            if columns is not None:
                add_answer(total, ask({"boxes": columns, **request}))
            else:
                payloads = [thing.to_payload() for thing in chunk]
                add_answer(total, ask({"annotations": payloads, **request}))
    return total


def _mask_part(mask: SegmentationAnnotation) -> FilePart:
    """Make the part of a mask; those of some formats are drawn anew as they are sent."""
    draw = getattr(mask, "content", None)
    if draw is None:
        return file_part("mask", mask.mask_url)
    return FilePart("mask", mask.mask_url, content=draw())


def add_answer(total: dict[str, Any], answer: dict[str, Any]) -> None:
    """Add the answer of one request to those before it.

    Args:
        total: Changed: numbers are summed, lists joined, anything else replaced.
        answer: The answer.
    """
    for key, value in answer.items():
        if isinstance(value, (int, list)) and not isinstance(value, bool) and key in total:
            total[key] += value
        else:
            total[key] = value
