"""Multicategories: several classes for a whole item, within a taxonomy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from nucleus_lab.annotation.base import (
    Annotation,
    AnnotationType,
    ObjectWire,
    Prediction,
    annotation_type,
    prediction_wire,
)
from nucleus_lab.annotation.category import taxonomy_fields, taxonomy_key
from nucleus_lab.annotation.payloads import (
    add_score,
    reading,
    score_fields,
    set_score,
    set_target,
    shown,
)
from nucleus_lab.annotation.rows import ObjectRow, add_extra, extra_of, json_text, json_value


@dataclass(slots=True)
class MultiCategoryAnnotation(Annotation):
    """Several classes of a whole item. An item has one such set in each taxonomy.

    Args:
        labels: Class names, each one of the taxonomy's labels.
        reference_id: Item that they describe.
        taxonomy_name: The taxonomy; the default one when ``None``.
        metadata: Anything JSON can hold, by key.
        track_reference_id: Name that groups the objects of one thing over several items.

    Example:
        >>> MultiCategoryAnnotation(["dress", "navy"], "image_1", "clothing").labels
        ['dress', 'navy']
    """

    TYPE: ClassVar[str] = "multicategory"

    labels: list[str]
    reference_id: str
    taxonomy_name: str | None = None
    metadata: dict[str, Any] | None = None
    track_reference_id: str | None = None

    def __post_init__(self) -> None:
        self.metadata = self.metadata or {}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> MultiCategoryAnnotation:
        """Make the annotation from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The annotation.
        """
        with reading("multicategory", payload):
            return cls(
                labels=payload["labels"],
                track_reference_id=payload.get("track_reference_id"),
                **taxonomy_fields(payload),
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``labels``, ``type``, an empty ``geometry`` and the ids; ``taxonomy_name`` if set.
        """
        payload = {
            "labels": self.labels,
            "type": "multicategory",
            "geometry": {},
            "reference_id": self.reference_id,
            "metadata": self.metadata,
            "track_reference_id": self.track_reference_id,
        }
        if self.taxonomy_name:
            payload["taxonomy_name"] = self.taxonomy_name
        return payload


@dataclass(slots=True, init=False)
class MultiCategoryPrediction(MultiCategoryAnnotation, Prediction):
    """Several classes that a model predicted for a whole item.

    Args:
        labels: Class names, each one of the taxonomy's labels.
        reference_id: Item that they describe; may be left out where
            ``dataset_item_id`` is given.
        taxonomy_name: The taxonomy; the default one when ``None``.
        confidence: 0 to 1.
        metadata: Anything JSON can hold, by key.
        class_pdf: Probability of each class, 0 to 1.
        track_reference_id: Name that groups the objects of one thing over several items.
        dataset_item_id: Id of the item, starts with ``di_``: instead of ``reference_id``. Not
            compared.
        dataset_id: Dataset in which ``reference_id`` is looked up, where that is not said
            otherwise. Not compared.

    Raises:
        InvalidInputError: The confidence lies outside 0 to 1.
    """

    confidence: float | None = None
    class_pdf: dict[str, float] | None = None
    dataset_item_id: str | None = field(default=None, compare=False)
    dataset_id: str | None = field(default=None, compare=False)

    __repr__ = shown

    def __init__(
        self,
        labels: list[str],
        reference_id: str | None = None,
        taxonomy_name: str | None = None,
        confidence: float | None = None,
        metadata: dict[str, Any] | None = None,
        class_pdf: dict[str, float] | None = None,
        track_reference_id: str | None = None,
        *,
        dataset_item_id: str | None = None,
        dataset_id: str | None = None,
    ) -> None:
        MultiCategoryAnnotation.__init__(
            self,
            labels,
            reference_id,  # type: ignore[arg-type]
            taxonomy_name,
            metadata,
            track_reference_id,
        )
        set_score(self, confidence, class_pdf)
        set_target(self, dataset_item_id, dataset_id)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> MultiCategoryPrediction:
        """Make the prediction from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The prediction.
        """
        with reading("multicategory", payload):
            return cls(
                labels=payload["labels"],
                track_reference_id=payload.get("track_reference_id"),
                **taxonomy_fields(payload),
                **score_fields(payload),
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            That of the annotation; ``confidence`` and ``class_pdf`` unless they are ``None``.
        """
        return add_score(MultiCategoryAnnotation.to_payload(self), self)


class MultiCategoryWire(ObjectWire, kw_only=True, gc=False, tag_field="type", tag="multicategory"):
    """Payload of a multicategory.

    Attributes:
        labels: Class names.
        taxonomy_name: The taxonomy.
    """

    labels: list[str]
    taxonomy_name: str | None = None


def _to_row(wire: Any) -> ObjectRow:
    return (
        taxonomy_key("multicategory", wire.taxonomy_name),
        None,
        wire.taxonomy_name or None,
        None,
        None,
        None,
        None,
        None,
        json_text(wire.metadata),
        wire.track_reference_id,
        extra_of(wire, labels=wire.labels),
    )


def _to_payload(
    reference_id: str, row: ObjectRow, confidence: float | None = None
) -> dict[str, Any]:
    extra = json_value(row[10]) or {}
    payload = {
        "labels": extra.get("labels", []),
        "type": "multicategory",
        "geometry": {},
        "reference_id": reference_id,
        "metadata": json_value(row[8]) or {},
        "track_reference_id": row[9],
    }
    if row[2]:
        payload["taxonomy_name"] = row[2]
    add_extra(payload, extra, confidence)
    return payload


MULTICATEGORY = annotation_type(
    AnnotationType(
        name="multicategory",
        code=7,
        group="multicategory",
        annotation=MultiCategoryAnnotation,
        prediction=MultiCategoryPrediction,
        geometric=False,
        wire=MultiCategoryWire,
        prediction_wire=prediction_wire(MultiCategoryWire),
        to_row=_to_row,
        to_payload=_to_payload,
    )
)
