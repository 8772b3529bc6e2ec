"""A further annotation type is one module: everything reads it from the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec
import pytest

from nucleus_lab.annotation import ANNOTATION_TYPES, TYPES_BY_CODE, Annotation, AnnotationType
from nucleus_lab.annotation.base import ObjectWire, annotation_type, prediction_wire


@dataclass(slots=True)
class CircleAnnotation(Annotation):
    TYPE: ClassVar[str] = "circle"

    radius: float
    reference_id: str

    @classmethod
    def from_json(cls, payload):
        return cls(payload["radius"], payload["reference_id"])

    def to_payload(self):
        return {"type": "circle", "radius": self.radius, "reference_id": self.reference_id}


class CircleWire(ObjectWire, kw_only=True, tag_field="type", tag="circle"):
    radius: float


def entry_for(code):
    return AnnotationType(
        name="circle",
        code=code,
        group="circle",
        annotation=CircleAnnotation,
        prediction=CircleAnnotation,
        geometric=True,
        wire=CircleWire,
        prediction_wire=prediction_wire(CircleWire),
        to_row=lambda wire: (wire.radius,),
        to_payload=lambda reference_id, row: {"radius": row[0], "reference_id": reference_id},
    )


@pytest.fixture
def circle():
    entry = annotation_type(entry_for(99))
    yield entry
    del ANNOTATION_TYPES["circle"], TYPES_BY_CODE[99]


def test_registered_type_is_found_by_name_code_and_payload(circle):
    value = CircleAnnotation(2.5, "i")

    assert ANNOTATION_TYPES["circle"] is TYPES_BY_CODE[99] is circle
    assert Annotation.from_json(value.to_payload()) == value


def test_prediction_struct_is_derived(circle):
    wire = msgspec.convert(
        {"type": "circle", "radius": 1.0, "item_id": "di_1", "confidence": 0.5},
        circle.prediction_wire,
    )

    assert (wire.radius, wire.item_id, wire.confidence, wire.reference_id) == (1, "di_1", 0.5, None)


@pytest.mark.parametrize("code", [1, 99])
def test_name_and_code_are_given_once(circle, code):
    with pytest.raises(ValueError, match="is taken"):
        annotation_type(entry_for(code))
