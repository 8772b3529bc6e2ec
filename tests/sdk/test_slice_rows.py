"""What slices give out with their objects: the same as their datasets and as the wire says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    DatasetItem,
    PolygonAnnotation,
    Segment,
    SegmentationAnnotation,
)
from nucleus_lab.annotation import Point, PolygonPrediction
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.slice import handle


@pytest.fixture
def world(client: Any, tmp_path: Any) -> tuple[Any, Any]:
    """A dataset with objects of many types, and a model with predictions on it."""
    dataset = client.create_dataset("x")
    for name in "abcd":
        Image.fromarray(np.zeros((4, 6), np.uint8)).save(tmp_path / f"{name}.png")
    dataset.append([DatasetItem(str(tmp_path / f"{name}.png"), name) for name in "abcd"])
    dataset.add_taxonomy("t", "category", ["x", "y"])
    corners = [Point(0, 0), Point(3, 0), Point(3, 2)]
    dataset.annotate([
        BoxAnnotation("car", 1, 2, 3, 4, "a", metadata={"far": True}),
        BoxAnnotation("bus", 1, 1, 1, 1, "a", "plain"),
        BoxAnnotation("bus", 1, 1, 1, 1, "b", "tracked", track_reference_id="one"),
        PolygonAnnotation("car", corners, "b", "p"),
        CategoryAnnotation("x", "c", "t"),
        SegmentationAnnotation(str(tmp_path / "a.png"), [Segment("sky", 0)], "d"),
    ])
    model = client.create_model("m", "m")
    dataset.upload_predictions(
        model,
        [
            BoxPrediction("car", 1, 2, 3, 4, "a", 0.5, metadata={"why": 1}),
            BoxPrediction("car", 1, 2, 3, 4, "c", None, "sure"),
            BoxPrediction("bus", 1, 2, 3, 4, "c", 1, "spread", class_pdf={"bus": 0.5, "car": 0.5}),
            PolygonPrediction("car", corners, "b", 0.25, "p"),
        ],
    )
    return dataset, model


def test_a_slice_gives_the_same_rows_as_its_dataset(world: Any) -> None:
    dataset, _ = world
    by_name = {row["item"].reference_id: row for row in dataset.items_and_annotation_generator()}

    rows = list(dataset.create_slice("some", list("dab")).items_and_annotation_generator())

    assert [row["item"].reference_id for row in rows] == list("dab")
    assert rows == [by_name[name] for name in "dab"]
    groups = [sorted(row["annotations"]) for row in rows]
    assert groups == [["segmentation"], ["box"], ["box", "polygon"]]
    assert [type(box) for row in rows for box in row["annotations"]["box"]] == [BoxAnnotation] * 3


def test_pages_are_put_together(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, model = world
    some = dataset.create_slice("all", list("dcba"))
    whole = some.items_and_annotations(), some.export_predictions(model)

    monkeypatch.setattr(handle, "EXPORT_PAGE", 1)

    assert (some.items_and_annotations(), some.export_predictions(model)) == whole
    assert [len(part) for part in whole] == [4, 4]


def test_predictions_of_a_slice_are_those_of_the_dataset(world: Any) -> None:
    dataset, model = world

    rows = dataset.create_slice("some", list("cab")).export_predictions(model)

    assert [row["item"].reference_id for row in rows] == list("cab")
    for row in rows:
        name = row["item"].reference_id
        assert row["predictions"] == dataset.predictions_refloc(model, name)
    boxes = [box for row in rows for box in row["predictions"]["box"]]
    assert [(type(box), box.confidence, box.class_pdf) for box in boxes] == [
        (BoxPrediction, None, None),
        (BoxPrediction, 1, {"bus": 0.5, "car": 0.5}),
        (BoxPrediction, 0.5, None),
    ]
    assert [eval(repr(box)) for box in boxes] == boxes


def test_a_slice_of_objects_gives_those_objects_alone(world: Any) -> None:
    dataset, model = world
    ids = [row["annotations"][0]["id"] for row in dataset.rows(list(dataset.item_ids()))[:2]]
    some = dataset.create_slice_by_ids("objects", annotation_ids=ids)

    rows = list(some.items_and_annotation_generator())

    assert [(row["item"].reference_id, list(row["annotations"])) for row in rows] == [
        ("a", ["box"]), ("b", ["box"]),
    ]  # fmt: skip
    assert [len(row["annotations"]["box"]) for row in rows] == [1, 1]
    assert some.export_predictions(model) == []


def test_locations_that_the_workspace_serves_are_given_when_asked_for(
    client: Any, world: Any
) -> None:
    dataset, _ = world
    some = dataset.create_slice("some", list("ba"))
    own = [row["item"].image_location for row in some.items_and_annotation_generator()]

    served = [row["item"].image_location for row in some.items_and_annotation_generator(True)]
    of_dataset = [
        row["item"].image_location
        for row in dataset.items_and_annotation_generator(use_mirrored_images=True)
    ]

    assert served == of_dataset[1::-1]
    assert not set(served) & set(own)
    wide = client.make_request(
        {"pageToken": None, "pageSize": 10, "chip": True}, f"slice/{some.id}/exportForTrainingPage"
    )
    assert [row["item"]["processed_url"] for row in wide["data"]] == served


def test_what_there_is_not_is_refused(client: Any, world: Any) -> None:
    dataset, _ = world
    some = dataset.create_slice("some", ["a"])

    with pytest.raises(NotFoundError):
        some.export_predictions("prj_00000000000ff")
    with pytest.raises(NotFoundError):
        list(client.get_slice("slc_00000000000ff").items_and_annotation_generator())
    with pytest.raises(InvalidInputError):
        client.make_request({"pageSize": 0}, f"lab/slice/{some.id}/exportRows")


def test_a_slice_of_no_ids_is_refused(world: Any) -> None:
    dataset, _ = world

    with pytest.raises(InvalidInputError, match=r"make an empty slice by create_slice\(name\)"):
        dataset.create_slice_by_ids("none", dataset_item_ids=[])
    assert dataset.slices == []
