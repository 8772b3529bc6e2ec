"""Ground truth and predictions through the SDK: uploading, reading, deleting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    CategoryPrediction,
    DatasetItem,
    DuplicateIDError,
    Keypoint,
    KeypointsAnnotation,
    KeypointsPrediction,
    LineAnnotation,
    LinePrediction,
    MultiCategoryAnnotation,
    NotFoundError,
    Point,
    PolygonAnnotation,
    PolygonPrediction,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)
from nucleus_lab.errors import InvalidInputError, MediaError, QueryError
from nucleus_lab.taxonomy import Taxonomy

VERTICES = [Point(1, 2), Point(3.5, 4), Point(5, 1)]
TRUTH = [
    BoxAnnotation("car", 1, 2.5, 3, 4, "a", annotation_id="box/1 ü", metadata={"k": [1]}),
    BoxAnnotation("bus", 0, 0, 1, 1, "a"),
    LineAnnotation("lane", VERTICES, "a", annotation_id="line"),
    PolygonAnnotation("road", VERTICES, "a", annotation_id="polygon", track_reference_id="t"),
    KeypointsAnnotation(
        "person", [Keypoint(1, 2, True), Keypoint(None, None, False)], ["l", "r"], [[0, 1]], "a"
    ),
    CategoryAnnotation("day", "a", metadata={"m": 1}),
    SegmentationAnnotation("s3://bucket/a.png", [Segment("sky", 1), Segment("road", 2)], "a"),
    BoxAnnotation("car", 9, 9, 9, 9, "b"),
]
FOUND = [
    BoxPrediction("car", 1, 2, 3, 4, "a", confidence=0.5, class_pdf={"car": 0.5, "bus": 0.5}),
    LinePrediction("lane", VERTICES, "a", confidence=0, annotation_id="line"),
    PolygonPrediction("road", VERTICES, "a", confidence=1, annotation_id="polygon"),
    KeypointsPrediction("person", [Keypoint(1, 2, True)], ["l"], [], "a", confidence=0.25),
    CategoryPrediction("night", "a", confidence=0.75),
    SegmentationPrediction("s3://bucket/p.png", [Segment("sky", 1)], "b"),
    BoxPrediction("bus", 5, 5, 5, 5, "b", confidence=0.125),
]


@pytest.fixture
def dataset(client: Any) -> Any:
    made = client.create_dataset("x")
    made.append([DatasetItem(f"https://example.org/{name}.jpg", name) for name in "abc"])
    return made


@pytest.fixture
def model(client: Any) -> Any:
    return client.create_model("Detector", "detector-1")


def ordered(values: Any) -> list[Any]:
    def key(value: Any) -> tuple[str, ...]:
        name = getattr(value, "annotation_id", None)
        return value.TYPE, value.reference_id, str(name)

    return sorted(values, key=key)


def flat(groups: dict[str, list[Any]]) -> list[Any]:
    return ordered(value for values in groups.values() for value in values)


def test_every_type_comes_back_as_it_went_in(dataset: Any) -> None:
    answer = dataset.annotate(TRUTH)

    assert answer == {
        "dataset_id": dataset.id,
        "annotations_processed": len(TRUTH),
        "annotations_ignored": 0,
    }
    assert flat(dataset.refloc("a")["annotations"]) == ordered(TRUTH[:-1])
    assert dataset.refloc("b")["annotations"] == {"box": [TRUTH[-1]]}
    assert dataset.refloc("c")["annotations"]["box"] == []
    rows = dataset.items_and_annotations()
    assert [row["item"] for row in rows] == dataset.items
    assert [flat(row["annotations"]) for row in rows] == [
        ordered(TRUTH[:-1]),
        ordered(TRUTH[-1:]),
        [],
    ]


def test_a_query_chooses_what_is_exported(dataset: Any) -> None:
    dataset.annotate(TRUTH)
    dataset.update_item_metadata({"a": {"k": 1}, "b": {"k": 2}, "c": {"k": 3}})

    rows = list(dataset.items_and_annotation_generator(query="metadata.k > 1"))

    assert [row["item"].reference_id for row in rows] == ["b", "c"]
    assert rows[0]["annotations"] == {"box": [TRUTH[-1]]}
    with pytest.raises(QueryError):
        next(dataset.items_and_annotation_generator(query="metadata.k >"))


def test_numpy_numbers_are_welcome(dataset: Any) -> None:
    corners = np.array([[1.5, 2.5, 10.0, 20.0]], dtype=np.float32)

    dataset.annotate([BoxAnnotation("car", *row, "a", annotation_id="n") for row in corners])

    (found,) = dataset.refloc("a")["annotations"]["box"]
    assert (found.x, found.y, found.width, found.height) == (1.5, 2.5, 10.0, 20.0)


def test_one_annotation_is_found_by_its_ids(dataset: Any) -> None:
    dataset.annotate(TRUTH)

    assert dataset.ground_truth_loc("a", "box/1 ü") == TRUTH[0]
    with pytest.raises(NotFoundError, match="nothing"):
        dataset.ground_truth_loc("a", "nothing")


def test_an_existing_annotation_is_ignored_or_updated(dataset: Any) -> None:
    box = BoxAnnotation("car", 1, 2, 3, 4, "a", annotation_id="1")
    changed = BoxAnnotation("bus", 5, 6, 7, 8, "a", annotation_id="1", metadata={"k": 1})
    dataset.annotate([box])

    ignored = dataset.annotate([changed])
    assert (ignored["annotations_processed"], ignored["annotations_ignored"]) == (0, 1)
    assert dataset.ground_truth_loc("a", "1") == box
    updated = dataset.annotate([changed], update=True)
    assert (updated["annotations_processed"], updated["annotations_ignored"]) == (1, 0)
    assert dataset.ground_truth_loc("a", "1") == changed


def test_answers_of_several_requests_are_one(dataset: Any) -> None:
    boxes = [BoxAnnotation("car", n, 0, 1, 1, "a") for n in range(25)]
    lost = [BoxAnnotation("car", n, 0, 1, 1, f"lost {n}") for n in range(3)]

    answer = dataset.annotate([*boxes, *lost], batch_size=7)

    assert (answer["annotations_processed"], answer["annotations_ignored"]) == (25, 0)
    assert len(answer["errors"]) == 3
    assert "lost 0" in answer["errors"][0]
    assert len(dataset.refloc("a")["annotations"]["box"]) == 25


def test_objects_without_ids_may_share_an_item(dataset: Any) -> None:
    other = [Point(9, 9), Point(8, 8), Point(7, 9)]
    dataset.annotate([PolygonAnnotation("a", VERTICES, "a"), PolygonAnnotation("a", other, "a")])

    assert len(dataset.refloc("a")["annotations"]["polygon"]) == 2


def test_an_id_that_stands_twice_on_an_item_is_refused(dataset: Any) -> None:
    twins = [BoxAnnotation("car", n, 0, 1, 1, "a", annotation_id="1") for n in range(2)]
    cousin = BoxAnnotation("car", 0, 0, 1, 1, "b", annotation_id="1")

    with pytest.raises(DuplicateIDError, match="'1' stands twice on item 'a'"):
        dataset.annotate([cousin, *twins])
    assert dataset.refloc("b")["annotations"]["box"] == []
    assert dataset.annotate([cousin, twins[0]])["annotations_processed"] == 2


def test_truth_and_predictions_are_not_mixed_up(dataset: Any, model: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"0 is a BoxPrediction: .*upload_predictions"):
        dataset.annotate([FOUND[0]])
    with pytest.raises(InvalidInputError, match=r"1 is a BoxAnnotation: .*Dataset.annotate"):
        dataset.upload_predictions(model, [FOUND[0], TRUTH[0]])
    with pytest.raises(InvalidInputError, match="0 is a dict: use an annotation"):
        dataset.annotate([{}])


def test_nothing_to_upload_asks_nothing(dataset: Any, model: Any) -> None:
    assert dataset.annotate([]) == {}
    assert dataset.upload_predictions(model, []) == {}


def test_a_local_mask_travels_and_keeps_its_path(dataset: Any, tmp_path: Path) -> None:
    path = tmp_path / "mäsk 1.png"
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8)).save(path)
    masks = [
        SegmentationAnnotation(str(path), [Segment("sky", 1)], "a", annotation_id="m"),
        SegmentationAnnotation("https://example.org/m.png", [Segment("sky", 1)], "b"),
    ]

    answer = dataset.annotate([*masks, TRUTH[-1]])

    assert answer["annotations_processed"] == 3
    assert dataset.refloc("a")["annotations"] == {"segmentation": [masks[0]]}
    item = dataset.refloc("a")["item"].dataset_item_id
    (row,) = dataset.rows([item])
    content = dataset.mask_bytes(row["annotations"][0]["id"])
    assert content[:4] == b"\x89PNG"


def test_a_missing_mask_refuses_the_call(dataset: Any, tmp_path: Path) -> None:
    lost = SegmentationAnnotation(str(tmp_path / "no.png"), [Segment("sky", 1)], "a")

    with pytest.raises(MediaError, match=r"no\.png' \(of 'a'\)"):
        dataset.annotate([TRUTH[0], lost])
    assert dataset.refloc("a")["annotations"]["box"] == []


def test_predictions_of_every_type_come_back(dataset: Any, model: Any) -> None:
    answer = dataset.upload_predictions(model, FOUND)

    run = answer.pop("model_run_id")
    assert answer == {
        "dataset_id": dataset.id,
        "predictions_processed": len(FOUND),
        "predictions_ignored": 0,
    }
    assert dataset.model_runs == [run]
    assert flat(dataset.export_predictions(model)) == ordered(FOUND)
    assert flat(dataset.export_predictions(model.id)) == ordered(FOUND)
    assert flat(dataset.predictions_refloc(model, "a")) == ordered(FOUND[:5])
    assert flat(dataset.predictions_iloc(model, 1)) == ordered(FOUND[5:])
    assert dataset.predictions_refloc(model, "c")["box"] == []
    assert dataset.prediction_loc(model, "a", "line") == FOUND[1]
    assert dataset.refloc("a")["annotations"]["box"] == []


def test_later_predictions_join_the_run_of_the_model(dataset: Any, model: Any, client: Any) -> None:
    first = dataset.upload_predictions(model, FOUND[:1])
    again = dataset.upload_predictions(model, FOUND[:2])
    other = dataset.upload_predictions(client.create_model("Other", "other"), FOUND[:1])

    assert first["model_run_id"] == again["model_run_id"] != other["model_run_id"]
    assert (again["predictions_processed"], again["predictions_ignored"]) == (1, 1)
    assert client.get_model(first["model_run_id"]) == model
    assert client.get_model(model_run_id=first["model_run_id"]) == model


def test_a_model_without_predictions_is_told_apart_from_one_with_none_here(
    dataset: Any, model: Any
) -> None:
    with pytest.raises(NotFoundError, match=model.id):
        dataset.export_predictions(model)


@pytest.mark.parametrize("kind", ["annotate", "predict"])
def test_asynchronous_objects_arrive_through_a_job(dataset: Any, model: Any, kind: str) -> None:
    lost = BoxAnnotation("car", 0, 0, 1, 1, "lost")
    if kind == "annotate":
        job = dataset.annotate([*TRUTH, lost], asynchronous=True)
    else:
        job = dataset.upload_predictions(model, FOUND, asynchronous=True)

    job.sleep_until_complete(verbose_std_out=False)

    if kind == "annotate":
        assert job.job_type == "uploadAnnotations"
        assert [("lost" in error) for error in job.errors()] == [True]
        assert flat(dataset.refloc("a")["annotations"]) == ordered(TRUTH[:-1])
    else:
        assert (job.job_type, job.errors()) == ("uploadPredictions", [])
        assert flat(dataset.export_predictions(model)) == ordered(FOUND)


def test_asynchronous_masks_need_urls(dataset: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="masks need URLs"):
        dataset.annotate(
            [SegmentationAnnotation(str(tmp_path / "m.png"), [], "a")], asynchronous=True
        )


def test_annotations_of_items_are_deleted_by_a_job(dataset: Any) -> None:
    dataset.annotate(TRUTH)

    dataset.delete_annotations(["a"]).sleep_until_complete(verbose_std_out=False)

    assert [flat(row["annotations"]) for row in dataset.items_and_annotations()] == [
        [],
        ordered(TRUTH[-1:]),
        [],
    ]


def test_a_taxonomy_is_made_extended_used_and_deleted(dataset: Any) -> None:
    made = dataset.add_taxonomy("clothes", "category", ["shirt", "dress"])
    again = dataset.add_taxonomy("clothes", "category", ["hat"])
    longer = dataset.add_taxonomy("clothes", "category", ["hat"], update=True)
    several = dataset.add_taxonomy("colours", "multicategory", ["red", "blue"])

    assert [answer["status"] for answer in (made, again, longer, several)] == [
        "Taxonomy created",
        "Taxonomy already exists",
        "Taxonomy updated",
        "Taxonomy created",
    ]
    assert dataset.taxonomies == [
        Taxonomy("clothes", "category", ["shirt", "dress", "hat"]),
        Taxonomy("colours", "multicategory", ["red", "blue"]),
    ]
    used = [
        CategoryAnnotation("hat", "a", taxonomy_name="clothes"),
        MultiCategoryAnnotation(["red", "blue"], "a", taxonomy_name="colours"),
    ]
    assert dataset.annotate(used)["annotations_processed"] == 2
    assert flat(dataset.refloc("a")["annotations"]) == ordered(used)
    wrong = dataset.annotate([CategoryAnnotation("hat", "a", taxonomy_name="hats")])
    assert "Taxonomy hats does not exist in dataset" in wrong["errors"][0]
    assert dataset.delete_taxonomy("clothes")["status"] == "Taxonomy successfully deleted"
    assert flat(dataset.refloc("a")["annotations"]) == ordered(used[1:])


def test_rows_and_label_counts_serve_displays(dataset: Any, model: Any) -> None:
    dataset.annotate(TRUTH)
    dataset.upload_predictions(model, FOUND)
    ids = [item.dataset_item_id for item in dataset.items]

    b, a = dataset.rows([ids[1], ids[0]], model=model)

    assert (a["id"], a["reference_id"], b["reference_id"]) == (ids[0], "a", "b")
    assert len(a["annotations"]) == 7
    assert len(a["predictions"]) == 5
    assert {row["id"].split("_")[0] for row in a["annotations"]} == {"ann"}
    assert dataset.rows([ids[0]])[0]["predictions"] == []
    counts = dataset.label_counts(model)
    assert {row["label"]: row["count"] for row in counts["ground_truth"]}["car"] == 2
    assert {row["label"]: row["count"] for row in counts["predictions"]}["bus"] == 1
    assert dataset.label_counts()["predictions"] == []


def test_the_first_ids_are_those_of_the_whole_list(dataset: Any) -> None:
    dataset.annotate(TRUTH)
    whole = dataset.item_ids()

    assert dataset.item_ids(limit=1) == whole[:1]
    assert dataset.item_ids("ORDER BY ref_id DESC", limit=1) == whole[::-1][:1]
    assert dataset.item_ids("annotations.count >= 0", limit=100) == whole
    with pytest.raises(InvalidInputError, match="limit"):
        dataset.item_ids(limit=0)
    with pytest.raises(InvalidInputError, match="limit is not possible with a slice_id"):
        dataset.item_ids(slice_id="slc_0000000000001", limit=1)
