"""What all annotations share, and the registry of their types.

A type is one module: the annotation, the prediction, the payload structs and the way into a
database row and back, closed by a call of :func:`annotation_type`. Everything else (routes,
store, exports, evaluation) finds it in :data:`ANNOTATION_TYPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from nucleus_lab.annotation.quantity import Fraction
from nucleus_lab.annotation.rows import ObjectRow
from nucleus_lab.wire import encode


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

    @classmethod
    def from_payloads(cls, payloads: Iterable[dict[str, Any]]) -> list[Any]:
        """Make the annotations that many payloads of this type describe.

        Args:
            payloads: What :meth:`to_payload` returns.

        Returns:
            One annotation a payload, in order.
        """
        return [cls.from_json(payload) for payload in payloads]

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
