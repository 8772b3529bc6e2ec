"""Laws of every annotation and prediction: payload, text, repr and row bring the same back."""

from __future__ import annotations

from dataclasses import fields, replace

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from value_strategies import BY_CLASS

import nucleus_lab.annotation as values
from nucleus_lab.annotation import (
    ANNOTATION_TYPES,
    ANNOTATION_WIRE,
    PREDICTION_WIRE,
    TYPES_BY_CODE,
    Annotation,
    Prediction,
    SceneCategoryAnnotation,
)
from nucleus_lab.wire import decode, encode, plain

CLASSES = pytest.mark.parametrize("kind", BY_CLASS, ids=lambda kind: kind.__name__)
FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def wire_of(value):
    """The element type of an upload of this value."""
    return PREDICTION_WIRE if isinstance(value, Prediction) else ANNOTATION_WIRE


def test_every_registered_class_is_tried():
    registered = {
        kind for entry in ANNOTATION_TYPES.values() for kind in (entry.annotation, entry.prediction)
    }

    assert registered <= set(BY_CLASS)


@CLASSES
@FEW
@given(data=st.data())
def test_payload_brings_back_an_equal_value(kind, data):
    value = data.draw(BY_CLASS[kind])

    assert kind.from_json(value.to_payload()) == value


@CLASSES
@FEW
@given(data=st.data())
def test_json_text_brings_back_an_equal_value(kind, data):
    value = data.draw(BY_CLASS[kind])

    assert kind.from_json(decode(value.to_json())) == value


@CLASSES
@FEW
@given(data=st.data())
def test_repr_brings_back_an_equal_value(kind, data):
    value = data.draw(BY_CLASS[kind])

    assert eval(repr(value), vars(values)) == value


@CLASSES
@FEW
@given(data=st.data())
def test_base_class_reads_any_type(kind, data):
    value = data.draw(BY_CLASS[kind])
    base = Prediction if isinstance(value, Prediction) else Annotation

    again = base.from_json(value.to_payload())

    if isinstance(value, SceneCategoryAnnotation):  # a category like any other on the wire
        assert (again.label, again.reference_id) == (value.label, value.reference_id)
    else:
        assert again == value


@CLASSES
@FEW
@given(data=st.data())
def test_row_brings_back_the_payload(kind, data):
    value = data.draw(BY_CLASS[kind])
    payload = value.to_payload()
    entry = ANNOTATION_TYPES[payload["type"]]

    [wire] = msgspec.convert([plain(payload)], list[wire_of(value)])
    row = entry.to_row(wire)
    again = entry.to_payload(value.reference_id, row, getattr(value, "confidence", None))

    if isinstance(value, SceneCategoryAnnotation):
        assert again.pop("track_reference_id") is None
    assert again == payload
    assert list(again) == list(payload)


@CLASSES
@FEW
@given(data=st.data())
def test_json_text_and_python_values_validate_alike(kind, data):
    value = data.draw(BY_CLASS[kind])
    payload = value.to_payload()
    entry = ANNOTATION_TYPES[payload["type"]]

    from_values = msgspec.convert(plain(payload), wire_of(value))
    from_text = msgspec.json.decode(encode(payload), type=wire_of(value))

    assert entry.to_row(from_values) == entry.to_row(from_text)


@CLASSES
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_values_are_slotted_dataclasses(kind, data):
    value = data.draw(BY_CLASS[kind])

    assert not hasattr(value, "__dict__")
    assert replace(value) == value
    assert {field.name for field in fields(value)} >= {"reference_id"}


def test_codes_and_names_find_the_same_types():
    assert {entry.code: entry for entry in ANNOTATION_TYPES.values()} == TYPES_BY_CODE
    assert {entry.name: (entry.code, entry.group) for entry in ANNOTATION_TYPES.values()} == {
        "box": (1, "box"),
        "line": (2, "line"),
        "polygon": (3, "polygon"),
        "keypoints": (4, "keypoints"),
        "cuboid": (5, "cuboid"),
        "category": (6, "category"),
        "multicategory": (7, "multicategory"),
        "mask": (8, "segmentation"),
    }
