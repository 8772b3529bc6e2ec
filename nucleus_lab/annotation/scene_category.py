"""Categories of a whole scene: on the wire a category whose reference id is that of the scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from nucleus_lab.annotation.base import Annotation, Prediction
from nucleus_lab.annotation.category import taxonomy_fields
from nucleus_lab.annotation.payloads import add_target, reading, set_target, shown, target_fields
from nucleus_lab.annotation.quantity import fraction


@dataclass(slots=True)
class SceneCategoryAnnotation(Annotation):
    """The class of a whole scene. A scene has one in each taxonomy.

    Args:
        label: Class name, one of the taxonomy's labels.
        reference_id: Scene that it describes.
        taxonomy_name: The taxonomy; the default one when ``None``.
        metadata: Anything JSON can hold, by key.

    Example:
        >>> SceneCategoryAnnotation("running", "scene_1", "action").label
        'running'
    """

    TYPE: ClassVar[str] = "category"

    label: str
    reference_id: str
    taxonomy_name: str | None = None
    metadata: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.metadata = self.metadata or {}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> SceneCategoryAnnotation:
        """Make the annotation from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The annotation.
        """
        with reading("scene category", payload):
            return cls(label=payload["label"], **taxonomy_fields(payload))

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``label``, ``type``, an empty ``geometry`` and the ids; ``taxonomy_name`` if set.
        """
        payload = {
            "label": self.label,
            "type": "category",
            "geometry": {},
            "reference_id": self.reference_id,
            "metadata": self.metadata,
        }
        if self.taxonomy_name:
            payload["taxonomy_name"] = self.taxonomy_name
        return payload


@dataclass(slots=True, init=False)
class SceneCategoryPrediction(SceneCategoryAnnotation, Prediction):
    """The class that a model predicted for a whole scene.

    Args:
        label: Class name, one of the taxonomy's labels.
        reference_id: Scene that it describes; may be left out where
            ``dataset_item_id`` is given.
        taxonomy_name: The taxonomy; the default one when ``None``.
        confidence: 0 to 1.
        metadata: Anything JSON can hold, by key.
        dataset_item_id: Id of the item, starts with ``di_``: instead of ``reference_id``. Not
            compared.
        dataset_id: Dataset in which ``reference_id`` is looked up, where that is not said
            otherwise. Not compared.

    Raises:
        InvalidInputError: The confidence lies outside 0 to 1.
    """

    confidence: float | None = None
    dataset_item_id: str | None = field(default=None, compare=False)
    dataset_id: str | None = field(default=None, compare=False)

    __repr__ = shown

    def __init__(
        self,
        label: str,
        reference_id: str | None = None,
        taxonomy_name: str | None = None,
        confidence: float | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        dataset_item_id: str | None = None,
        dataset_id: str | None = None,
    ) -> None:
        SceneCategoryAnnotation.__init__(self, label, reference_id, taxonomy_name, metadata)  # type: ignore[arg-type]
        self.confidence = fraction(confidence, "confidence")
        set_target(self, dataset_item_id, dataset_id)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> SceneCategoryPrediction:
        """Make the prediction from its payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The prediction.
        """
        with reading("scene category", payload):
            return cls(
                label=payload["label"],
                confidence=payload.get("confidence"),
                **taxonomy_fields(payload),
                **target_fields(payload),
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            That of the annotation; ``confidence`` unless it is ``None``.
        """
        payload = SceneCategoryAnnotation.to_payload(self)
        if self.confidence is not None:
            payload["confidence"] = self.confidence
        return add_target(payload, self)
