"""What reading and writing a payload has in common for all types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Final

from nucleus_lab.annotation.quantity import fraction
from nucleus_lab.errors import InvalidInputError

_TARGET: Final = ("dataset_item_id", "dataset_id")


@contextmanager
def reading(what: str, payload: Any) -> Iterator[None]:
    """Turn a missing or misshapen key of a payload into a clear error.

    Args:
        what: What the payload should describe.
        payload: The payload.

    Yields:
        Nothing; the payload is read inside the block.

    Raises:
        InvalidInputError: A key is missing or of the wrong shape.
    """
    try:
        yield
    except InvalidInputError:
        raise
    except (KeyError, TypeError, AttributeError, IndexError) as fault:
        raise unreadable(what, payload, fault) from fault


def unreadable(what: str, payload: Any, fault: Exception) -> InvalidInputError:
    """Say what is wrong with a payload.

    Args:
        what: What the payload should describe.
        payload: The payload.
        fault: What went wrong while it was read.

    Returns:
        The error to raise.
    """
    reason = f"it has no {fault}" if isinstance(fault, KeyError) else str(fault)
    shown = repr(payload)
    shown = shown if len(shown) <= 300 else f"{shown[:297]}..."
    return InvalidInputError(f"this is no payload of a {what}: {reason}; found {shown}")


def shared_fields(payload: dict[str, Any]) -> dict[str, Any]:
    """Read the fields that all labelled types have.

    Args:
        payload: The payload.

    Returns:
        Keyword arguments; the label is 0 where there is none, as published clients read it.
    """
    return {
        "label": payload.get("label", 0),
        "reference_id": reference_id_of(payload),
        "annotation_id": payload.get("annotation_id"),
        "metadata": payload.get("metadata") or {},
        "track_reference_id": payload.get("track_reference_id"),
    }


def reference_id_of(payload: dict[str, Any]) -> Any:
    """Read the reference id of a payload.

    Args:
        payload: The payload.

    Returns:
        The reference id; ``None`` for a prediction that names its item by the id of that.
    """
    if "reference_id" not in payload and item_id_of(payload) is not None:
        return None
    return payload["reference_id"]


def item_id_of(payload: dict[str, Any]) -> str | None:
    """Read by which id a payload names its item.

    Args:
        payload: The payload.

    Returns:
        The id under ``item_id``, as it is uploaded, or ``dataset_item_id``, as it is read.
    """
    return payload.get("item_id") or payload.get("dataset_item_id")


def score_fields(payload: dict[str, Any]) -> dict[str, Any]:
    """Read the fields that predictions have.

    Args:
        payload: The payload.

    Returns:
        Keyword arguments.
    """
    scores = {"confidence": payload.get("confidence"), "class_pdf": payload.get("class_pdf")}
    return {**scores, **target_fields(payload)}


def target_fields(payload: dict[str, Any]) -> dict[str, Any]:
    """Read the fields by which predictions name their item instead of by a reference id.

    Args:
        payload: The payload.

    Returns:
        Keyword arguments.
    """
    return {"dataset_item_id": item_id_of(payload), "dataset_id": payload.get("dataset_id")}


def set_score(value: Any, confidence: Any, class_pdf: dict[str, float] | None) -> None:
    """Set the fields that predictions have.

    Args:
        value: The prediction.
        confidence: 0 to 1, or ``None``.
        class_pdf: Probability of each class, or ``None``.
    """
    value.confidence = fraction(confidence, "confidence")
    value.class_pdf = class_pdf


def set_target(value: Any, dataset_item_id: str | None, dataset_id: str | None) -> None:
    """Set by which ids a prediction names its item.

    Args:
        value: The prediction; its reference id is set.
        dataset_item_id: Id of the item, or ``None``.
        dataset_id: Id of the dataset in which the reference id is looked up, or ``None``.

    Raises:
        InvalidInputError: It names no item at all.
    """
    if value.reference_id is None and dataset_item_id is None:
        raise InvalidInputError(
            f"a {type(value).__name__} names no item: give reference_id or dataset_item_id"
        )
    value.dataset_item_id = dataset_item_id
    value.dataset_id = dataset_id


def add_target(payload: dict[str, Any], value: Any) -> dict[str, Any]:
    """Add the keys by which a prediction names its item to a payload.

    Args:
        payload: That of the annotation.
        value: The prediction.

    Returns:
        The same payload.
    """
    if value.dataset_item_id is not None:
        payload["item_id"] = value.dataset_item_id
    if value.dataset_id is not None:
        payload["dataset_id"] = value.dataset_id
    return payload


def shown(value: Any) -> str:
    """Write a prediction as the call that makes it.

    Args:
        value: The prediction.

    Returns:
        Its fields; the two by which few predictions name their item only where they are set.
    """
    parts = [
        f"{field.name}={getattr(value, field.name)!r}"
        for field in fields(value)
        if field.name not in _TARGET or getattr(value, field.name) is not None
    ]
    return f"{type(value).__qualname__}({', '.join(parts)})"


def add_score(payload: dict[str, Any], value: Any) -> dict[str, Any]:
    """Add the keys that predictions have to a payload.

    Args:
        payload: That of the annotation.
        value: The prediction.

    Returns:
        The same payload.
    """
    if value.confidence is not None:
        payload["confidence"] = value.confidence
    if value.class_pdf is not None:
        payload["class_pdf"] = value.class_pdf
    return add_target(payload, value)
