"""What reading and writing a payload has in common for all types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nucleus_lab.annotation.quantity import fraction
from nucleus_lab.errors import InvalidInputError


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
        "reference_id": payload["reference_id"],
        "annotation_id": payload.get("annotation_id"),
        "metadata": payload.get("metadata") or {},
        "track_reference_id": payload.get("track_reference_id"),
    }


def score_fields(payload: dict[str, Any]) -> dict[str, Any]:
    """Read the fields that predictions have.

    Args:
        payload: The payload.

    Returns:
        Keyword arguments.
    """
    return {"confidence": payload.get("confidence"), "class_pdf": payload.get("class_pdf")}


def set_score(value: Any, confidence: Any, class_pdf: dict[str, float] | None) -> None:
    """Set the fields that predictions have.

    Args:
        value: The prediction.
        confidence: 0 to 1, or ``None``.
        class_pdf: Probability of each class, or ``None``.
    """
    value.confidence = fraction(confidence, "confidence")
    value.class_pdf = class_pdf


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
    return payload
