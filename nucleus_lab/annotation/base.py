"""What all annotations share, and the registry of their types.

A type is one module: the annotation, the prediction, the payload structs and the way into a
database row and back, closed by a call of :func:`annotation_type`. Everything else (routes,
store, exports, evaluation) finds it in :data:`ANNOTATION_TYPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from struct import pack
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from nucleus_lab.annotation.quantity import Fraction, fraction
from nucleus_lab.errors import InvalidInputError
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


class ObjectWire(msgspec.Struct, kw_only=True, gc=False):
    """Keys that the payloads of all types share; unknown keys are tolerated.

    Attributes:
        reference_id: Item (or scene) that carries the object.
        annotation_id: The caller's id.
        metadata: Mapping of anything JSON can hold.
        track_reference_id: The caller's name of the track.
        task_id: Sent by newer clients; stored and given back.
    """

    reference_id: str
    annotation_id: str | None = None
    metadata: dict[str, Any] | None = None
    track_reference_id: str | None = None
    task_id: str | None = None

    # Fields of predictions and of some types only; here so that readers need no getattr.
    class_pdf: ClassVar[dict[str, Any] | None] = None
    embedding_vector: ClassVar[list[Any] | None] = None


class PredictionWire(ObjectWire):
    """The further keys of a prediction payload; what ``prediction_wire`` structs look like.

    Attributes:
        confidence: 0 to 1.
        class_pdf: Probability of each class, 0 to 1.
        item_id: Public id of the item, which newer clients send in place of ``reference_id``.
        dataset_id: Dataset of that item.
    """

    confidence: Fraction | None = None
    class_pdf: dict[str, Fraction] | None = None  # type: ignore[misc]
    item_id: str | None = None
    dataset_id: str | None = None


def prediction_wire(wire: type[ObjectWire], *, scored: bool = True) -> type[PredictionWire]:
    """Derive the struct of a prediction from the struct of its annotation.

    Args:
        wire: Struct of the annotation, with its tag.
        scored: Whether there is a confidence and a class distribution; masks have neither.

    Returns:
        A struct with the same tag, an optional ``reference_id`` and the keys of
        :class:`PredictionWire`.
    """
    fields: list[Any] = [
        ("reference_id", str | None, None),
        ("item_id", str | None, None),
        ("dataset_id", str | None, None),
    ]
    if scored:
        fields += [
            ("confidence", Fraction | None, None),
            ("class_pdf", dict[str, Fraction] | None, None),
        ]
    config = wire.__struct_config__
    struct: Any = msgspec.defstruct(
        wire.__name__.replace("Wire", "PredictionWire"),
        fields,
        bases=(wire,),
        namespace={} if scored else {"confidence": None},
        module=wire.__module__,
        tag_field=config.tag_field,
        tag=config.tag,
        kw_only=True,
        gc=False,
    )
    return struct  # type: ignore[no-any-return]


class Annotation:
    """Base of every annotation and prediction: a label and where it is.

    ``Annotation.from_json`` reads a payload of any type.
    """

    __slots__ = ()

    TYPE: ClassVar[str] = ""
    """The ``type`` of the payload."""

    reference_id: str

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Annotation:
        """Make the annotation that a payload describes.

        Args:
            payload: What :meth:`to_payload` returns, or a row of an answer.

        Returns:
            An instance of the class that the ``type`` names; a segmentation for an unknown or
            missing type.
        """
        return _type_of(payload).annotation.from_json(payload)

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            A mapping that JSON can hold.
        """
        raise NotImplementedError

    def to_json(self) -> str:
        """Return the payload as JSON text.

        Returns:
            Compact JSON.
        """
        return encode(self.to_payload()).decode()

    def has_local_files_to_upload(self) -> bool:
        """Say whether a file on this machine has to travel along.

        Returns:
            ``False``; only a segmentation can have one.
        """
        return False


class Prediction(Annotation):
    """Base of every prediction: an annotation made by a model.

    ``Prediction.from_json`` reads a payload of any type.
    """

    __slots__ = ()

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Annotation:
        """Make the prediction that a payload describes.

        Args:
            payload: What :meth:`to_payload` returns, or a row of an answer.

        Returns:
            An instance of the class that the ``type`` names; a segmentation for an unknown or
            missing type.
        """
        return _type_of(payload).prediction.from_json(payload)


@dataclass(frozen=True, slots=True)
class AnnotationType:
    """One type of annotation and everything the rest of the package needs to know about it.

    Attributes:
        name: Value of ``type`` in payloads.
        code: Number in the database; never given to another type.
        group: Key under which exports list it.
        annotation: Class of the ground truth.
        prediction: Class of the prediction.
        geometric: Whether it has a place in the picture.
        wire: Struct that validates a payload of the annotation.
        prediction_wire: Struct that validates a payload of the prediction.
        to_row: Turns either struct into an :data:`ObjectRow`.
        to_payload: Turns a reference id and the stored row back into the payload; a third
            argument is the confidence of a prediction.
    """

    name: str
    code: int
    group: str
    annotation: type[Annotation]
    prediction: type[Annotation]
    geometric: bool
    wire: type[ObjectWire]
    prediction_wire: type[PredictionWire]
    to_row: Callable[[Any], ObjectRow]
    to_payload: Callable[..., dict[str, Any]]


ANNOTATION_TYPES: dict[str, AnnotationType] = {}
"""Every type by the ``type`` of its payload."""

TYPES_BY_CODE: dict[int, AnnotationType] = {}
"""Every type by its number in the database."""


def annotation_type(entry: AnnotationType) -> AnnotationType:
    """Add a type to the registry.

    Args:
        entry: The type.

    Returns:
        The same entry.

    Raises:
        ValueError: Name or code is taken.
    """
    if entry.name in ANNOTATION_TYPES or entry.code in TYPES_BY_CODE:
        raise ValueError(f"annotation type {entry.name!r} or its code {entry.code} is taken")
    ANNOTATION_TYPES[entry.name] = entry
    TYPES_BY_CODE[entry.code] = entry
    return entry


def _type_of(payload: dict[str, Any]) -> AnnotationType:
    found = ANNOTATION_TYPES.get(payload.get("type", ""))
    return found or ANNOTATION_TYPES["mask"]


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


__all__ = [
    "ANNOTATION_TYPES",
    "TYPES_BY_CODE",
    "UNNAMED",
    "Annotation",
    "AnnotationType",
    "ObjectRow",
    "ObjectWire",
    "Prediction",
    "PredictionWire",
    "add_extra",
    "add_score",
    "annotation_type",
    "digest",
    "extra_of",
    "json_text",
    "json_value",
    "prediction_wire",
    "reading",
    "score_fields",
    "set_score",
    "shared_fields",
    "unreadable",
]
