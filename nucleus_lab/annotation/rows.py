"""Annotations and predictions as rows of a table: the columns, the keys, what has no column."""

from __future__ import annotations

from struct import pack
from typing import Any, Final, TypeAlias

from nucleus_lab.wire import decode, encode

ObjectRow: TypeAlias = tuple[
    str,
    str | None,
    str | None,
    float | None,
    float | None,
    float | None,
    float | None,
    str | None,
    str | None,
    str | None,
    str | None,
]
"""One annotation or prediction as columns of a table, in this order:

====  ======================  ===================================================================
0     key                     what makes it the same on a second upload: the caller's id; when
                              none was given, a digest of type, label and geometry; for a category
                              one key per taxonomy; for a mask one constant
1     label                   ``None`` for a mask and a multicategory
2     taxonomy                name of the taxonomy; ``None`` for the default one and for geometry
3-6   x, y, width, height     bounds in pixels; of a cuboid, its footprint in metres; ``None``
                              without geometry
7     geometry                JSON text of the exact geometry; ``None`` for a box and a category
8     metadata                JSON text; ``None`` when empty
9     track_reference_id      the caller's name of the track
10    extra                   JSON text of what has no column (``embedding_vector``, ``task_id``,
                              ``class_pdf``, ``labels``, whether the id was given); mostly ``None``
====  ======================  ===================================================================

The reference id and a prediction's confidence have columns of their own beside it.
"""

UNNAMED: Final = "unnamed"
"""Key in ``extra``: no id was given, so none is shown."""


def digest(kind: str, label: Any, numbers: list[Any], names: str = "") -> str:
    """Return the key of an object that has no id: equal for equal objects in every process.

    Args:
        kind: The type.
        label: The label.
        numbers: The geometry, flattened; ``None`` counts as NaN, 1 equals 1.0.
        names: Further text that belongs to the geometry.

    Returns:
        A key that cannot be taken for an id of the caller.
    """
    from hashlib import blake2b  # loads OpenSSL

    known = [float("nan") if number is None else number for number in numbers]
    text = f"{kind}\0{label}\0{names}\0".encode()
    return f"nucleus:{blake2b(text + pack(f'<{len(known)}d', *known), digest_size=16).hexdigest()}"


def extra_of(wire: Any, **more: Any) -> str | None:
    """Return the ``extra`` column: what a payload holds and no column takes.

    Args:
        wire: Struct of an annotation or a prediction.
        **more: Further entries; those that are ``None`` are left out.

    Returns:
        JSON text, or ``None`` when there is nothing.
    """
    extra = {
        "embedding_vector": wire.embedding_vector,
        "task_id": wire.task_id,
        "class_pdf": wire.class_pdf,
        **more,
    }
    kept = {key: value for key, value in extra.items() if value is not None}
    return encode(kept).decode() if kept else None


def json_text(value: Any) -> str | None:
    """Return JSON text for a column.

    Args:
        value: Plain values.

    Returns:
        The text, or ``None`` when ``value`` is empty.
    """
    return encode(value).decode() if value else None


def json_value(text: Any) -> Any:
    """Read the JSON text of a column.

    Args:
        text: The text; a driver may have decoded it already.

    Returns:
        Plain values.
    """
    return decode(text) if isinstance(text, (str, bytes)) else text


def add_extra(payload: dict[str, Any], extra: dict[str, Any], confidence: float | None) -> None:
    """Add the optional keys of a payload: confidence, class distribution, task.

    Args:
        payload: The payload to complete.
        extra: The ``extra`` column.
        confidence: Of a prediction.
    """
    if confidence is not None:
        payload["confidence"] = confidence
    if "class_pdf" in extra:
        payload["class_pdf"] = extra["class_pdf"]
    if "task_id" in extra:
        payload["task_id"] = extra["task_id"]
