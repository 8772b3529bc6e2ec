"""Filters choose what a metric looks at, and say what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    KeypointsAnnotation,
    MultiCategoryAnnotation,
    MultiCategoryPrediction,
    Segment,
    SegmentationAnnotation,
    Track,
)
from nucleus_lab.annotation import AnnotationList
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics import (
    EverythingFilteredError,
    FieldFilter,
    MetadataFilter,
    PolygonRecall,
    SegmentFieldFilter,
    SegmentMetadataFilter,
    apply_filters,
)
from nucleus_lab.metrics.filtering import ensureDNFFilters, pretty_format_filters_with_or_and
from nucleus_lab.prediction import PredictionList

BOXES = [
    BoxAnnotation(label, 0, 0, size, 1, "a", f"{label}{size}", {"n": size, "kind": label[0]})
    for label, size in (("cat", 1), ("cat", 2), ("dog", 1), ("cow", 3))
]


def left(filters: Any) -> list[str | None]:
    return [box.annotation_id for box in apply_filters(BOXES, filters)]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (None, ["cat1", "cat2", "dog1", "cow3"]),
        ([], ["cat1", "cat2", "dog1", "cow3"]),
        ([FieldFilter("label", "==", "cat")], ["cat1", "cat2"]),
        ([FieldFilter("label", "=", "cat"), MetadataFilter("n", ">", 1)], ["cat2"]),
        ([[FieldFilter("label", "in", {"dog"})], [MetadataFilter("n", ">=", 3)]], ["dog1", "cow3"]),
        ([FieldFilter("label", "not in", ["cat", "dog"])], ["cow3"]),
        ([MetadataFilter("kind", "!=", "c"), FieldFilter("width", "<=", 1)], ["dog1"]),
        ([MetadataFilter("none", "==", 1, allow_missing=True)], []),
        ([MetadataFilter("none", "not in", [1], allow_missing=True)], []),
        ([SegmentFieldFilter("label", "==", "cat")], []),
    ],
)
def test_filters_keep_what_holds(filters: Any, names: list[str]) -> None:
    assert left(filters) == names
    if filters:  # what crosses the wire means the same
        plain = [[list(entry) if isinstance(entry, list) else entry][0] for entry in filters]
        written = json.loads(json.dumps(plain, default=list))
        assert left(written) == names
        assert ensureDNFFilters(written) == ensureDNFFilters(filters)


def test_segments_are_chosen_one_by_one_and_nothing_given_changes() -> None:
    segments = [
        Segment("cat", 1, {"far": True}),
        Segment("cat", 2, {"far": False}),
        Segment("x", 3),
    ]
    mask = SegmentationAnnotation("m.png", segments, "a")

    def kept(*filters: Any) -> list[int]:
        return [segment.index for segment in apply_filters([mask], filters)[0].annotations]

    assert kept(SegmentFieldFilter("label", "==", "cat")) == [1, 2]
    assert kept(
        SegmentFieldFilter("label", "==", "cat"), SegmentMetadataFilter("far", "==", True, True)
    ) == [1]
    assert kept(
        [SegmentMetadataFilter("far", "==", False, True)], [SegmentFieldFilter("index", ">", 2)]
    ) == [2, 3]
    assert len(mask.annotations) == 3


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ([FieldFilter("colour", "==", "red")], "no 'colour'.*allow_missing"),
        ([MetadataFilter("none", "==", 1)], "no 'none' among its metadata"),
        ([FieldFilter("label", "~", "cat")], "'~'.*not in"),
        ([["label", "==", "cat", False, "fields"]], "'fields'.*metadata"),
        ([FieldFilter("label", "in", "cat")], "list of values"),
        ([FieldFilter("label", ">", 3)], "cannot be compared"),
        ([["label", "=="]], "no filter"),
        ([[3, "==", 4]], "no list of filters|no filter"),
        ([FieldFilter("label", "==", "cat"), [FieldFilter("label", "==", "dog")]], "no filter"),
        ({"label": "cat"}, "use a list"),
        ([[]], "no list of filters"),
    ],
)
def test_a_faulty_filter_is_named(filters: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        apply_filters(BOXES, filters)


def test_filters_that_leave_nothing_say_what_there_was() -> None:
    annotations = AnnotationList(BOXES)
    metric = PolygonRecall(annotation_filters=[FieldFilter("label", "==", "cta")])

    with pytest.raises(EverythingFilteredError) as caught:
        metric(annotations, PredictionList())

    assert 'FieldFilter("label", "==", \'cta\')' in str(caught.value)
    assert "box_annotations: 4, labels ['cat', 'cow', 'dog']" in str(caught.value)


def test_filters_are_written_as_a_person_would() -> None:
    cat, far = FieldFilter("label", "==", "cat"), MetadataFilter("far", "in", [1])

    assert pretty_format_filters_with_or_and([[cat, far], [cat]]) == (
        '(FieldFilter("label", "==", \'cat\') and MetadataFilter("far", "in", [1])) or '
        'FieldFilter("label", "==", \'cat\')'
    )


def test_lists_sort_every_type_and_refuse_what_is_none() -> None:
    keypoints = KeypointsAnnotation("p", [], [], [], "a")
    made = AnnotationList()
    made.add_annotations([
        BOXES[0], keypoints, CategoryAnnotation("x", "a"), MultiCategoryAnnotation(["x"], "a"),
        SegmentationAnnotation("m.png", [], "a"),
    ])  # fmt: skip
    filled = {name: len(group) for name, group in made.items() if group}

    assert (len(made), filled) == (
        5,
        {
            "box_annotations": 1,
            "keypoints_annotations": 1,
            "category_annotations": 1,
            "multi_category_annotations": 1,
            "segmentation_annotations": 1,
        },
    )
    predictions = PredictionList()
    predictions.add_predictions([
        BoxPrediction("x", 0, 0, 1, 1, "a", 0.5),
        MultiCategoryPrediction(["x"], "a"),
    ])
    assert len(predictions) == 2
    for values in ([BOXES[0], Track("t", "ds_1")], [BoxPrediction("x", 0, 0, 1, 1, "a"), 3]):
        with pytest.raises(InvalidInputError, match="object 1"):
            predictions.add_predictions(values[1:] and [predictions.box_predictions[0], values[1]])
    assert len(predictions) == 2
