"""Routes of annotations and predictions."""

from __future__ import annotations

import pytest
from PIL import Image

from nucleus_lab.errors import DuplicateIDError, InvalidInputError, NotFoundError
from nucleus_lab.wire import FilePart

from .conftest import box


def category(number, label="wet", **more):
    return {
        "label": label,
        "type": "category",
        "geometry": {},
        "reference_id": f"r{number}",
        "metadata": {},
        "track_reference_id": None,
        **more,
    }


def polygon(number, **more):
    return {
        "label": "road",
        "type": "polygon",
        "geometry": {
            "vertices": [{"x": 0.0, "y": 0.0}, {"x": 9.0, "y": 0.0}, {"x": 0.0, "y": 9.0}]
        },
        "reference_id": f"r{number}",
        "annotation_id": None,
        "metadata": {},
        "embedding_vector": None,
        "track_reference_id": None,
        **more,
    }


def mask(number, **more):
    return {
        "type": "mask",
        "mask_url": f"https://example.org/mask{number}.png",
        "annotations": [{"label": "road", "index": 1}, {"label": "sky", "index": 2}],
        "annotation_id": None,
        "reference_id": f"r{number}",
        **more,
    }


def annotations_of(ask, ds, reference_id):
    return ask("GET", f"dataset/{ds}/refloc/{reference_id}")["annotations"]


def answer(ds, processed=0, ignored=0):
    return {"dataset_id": ds, "annotations_processed": processed, "annotations_ignored": ignored}


def test_annotations_come_back_as_they_were_sent_in_their_order(ask, five):
    sent = [
        box(0, "z"),
        box(0, "a", metadata={"occluded": True}, track_reference_id="t1"),
        box(0, "m", embedding_vector=[0.5, 0.25]),
        polygon(0),
        category(0),
    ]

    stored = ask("POST", f"dataset/{five}/annotate", {"annotations": sent})

    assert stored.pop("customObjectIndexingJobId").startswith("job_")  # one of them has a vector
    assert stored == answer(five, 5)

    assert annotations_of(ask, five, "r0") == {
        "box": sent[:3],
        "polygon": [sent[3]],
        "category": [sent[4]],
    }


def test_known_annotations_are_ignored_or_updated(ask, five):
    route = f"dataset/{five}/annotate"
    ask("POST", route, {"annotations": [box(0), box(1)]})
    changed = box(0, label="bus", annotation_id="car-0", metadata={"n": 1})

    ignored = ask("POST", route, {"annotations": [changed, box(2)], "update": False})
    kept = annotations_of(ask, five, "r0")
    updated = ask("POST", route, {"annotations": [changed, box(3)], "update": True})

    assert ignored == answer(five, 1, 1)
    assert kept == {"box": [box(0)]}
    assert updated == answer(five, 2, 0)
    assert annotations_of(ask, five, "r0") == {"box": [changed]}


def test_unknown_items_are_named_and_the_others_stored(ask, five):
    sent = [box(0), box(7), box(7, "bus"), box(8)]

    got = ask("POST", f"dataset/{five}/annotate", {"annotations": sent})
    none = ask("POST", f"dataset/{five}/annotate", {"annotations": [box(9)]})

    errors = got.pop("errors")
    assert got == answer(five, 1)
    assert ["r7" in errors[0], "2 objects" in errors[0], "r8" in errors[1]] == [True] * 3
    assert (none["annotations_processed"], len(none["errors"])) == (0, 1)


def test_an_id_twice_on_one_item_is_refused_and_nothing_stored(ask, five):
    with pytest.raises(DuplicateIDError, match=r"'car-0 .item r0.' stands twice"):
        ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0), box(1), box(0, "car")]})

    assert annotations_of(ask, five, "r1") == {}


def test_the_same_id_on_two_items_is_two_annotations(ask, five):
    sent = [box(0, annotation_id="same"), box(1, annotation_id="same")]

    assert ask("POST", f"dataset/{five}/annotate", {"annotations": sent}) == answer(five, 2)


@pytest.mark.parametrize("update", [False, True])
def test_equal_shapes_without_an_id_are_one(ask, five, update):
    body = {"annotations": [polygon(0), polygon(0)], "update": update}

    got = ask("POST", f"dataset/{five}/annotate", body)

    assert got == (answer(five, 2, 0) if update else answer(five, 1, 1))
    assert annotations_of(ask, five, "r0") == {"polygon": [polygon(0)]}


def test_one_mask_an_item_whatever_its_id(ask, five):
    route = f"dataset/{five}/annotate"

    first = ask("POST", route, {"segmentations": [mask(0, annotation_id="a")]})
    second = ask("POST", route, {"segmentations": [mask(0, annotation_id="b")]})
    third = ask("POST", route, {"segmentations": [mask(0, annotation_id="c")], "update": True})

    assert [first, second, third] == [answer(five, 1), answer(five, 0, 1), answer(five, 1)]
    assert annotations_of(ask, five, "r0") == {"segmentation": [mask(0, annotation_id="c")]}


def test_a_local_mask_keeps_the_path_that_the_caller_wrote(ask, engine, five, tmp_path):
    path = str(tmp_path / "mask.png")
    Image.new("L", (4, 4)).save(path)
    sent = [mask(0, mask_url=path), mask(1, mask_url="/lost.png"), mask(2)]
    files = [FilePart("mask", path, path=path)]

    got = ask("POST", f"dataset/{five}/annotate", {"segmentations": sent}, files=files)

    assert (got["annotations_processed"], len(got["errors"])) == (2, 1)
    assert "/lost.png" in got["errors"][0]
    assert annotations_of(ask, five, "r0")["segmentation"][0]["mask_url"] == path
    assert engine.media.sweep(grace_s=0) == 0


def test_one_category_for_each_taxonomy_of_an_item(ask, five):
    body = {"taxonomy_name": "weather", "type": "category", "labels": ["wet", "dry"]}
    ask("POST", f"dataset/{five}/add_taxonomy", body)
    route = f"dataset/{five}/annotate"
    named = category(0, taxonomy_name="weather")

    first = ask("POST", route, {"annotations": [category(0, "any"), named]})
    again = ask("POST", route, {"annotations": [category(0, "other"), named]})
    changed = category(0, "dry", taxonomy_name="weather")
    update = ask("POST", route, {"annotations": [changed], "update": True})

    assert [first, again, update] == [answer(five, 2), answer(five, 0, 2), answer(five, 1)]
    assert annotations_of(ask, five, "r0") == {"category": [category(0, "any"), changed]}


def test_an_unknown_taxonomy_or_label_stores_nothing_and_says_so(ask, five):
    body = {"taxonomy_name": "weather", "type": "category", "labels": ["wet"]}
    ask("POST", f"dataset/{five}/add_taxonomy", body)
    route = f"dataset/{five}/annotate"

    unknown = ask("POST", route, {"annotations": [box(0), category(0, taxonomy_name="mood")]})
    label = ask("POST", route, {"annotations": [category(0, "hot", taxonomy_name="weather")]})

    said = f"Input validation failed: Taxonomy mood does not exist in dataset {five}"
    assert said in unknown["errors"][0]
    assert (unknown["annotations_processed"], unknown["annotations_ignored"]) == (0, 0)
    assert "Label hot does not exist in taxonomy weather" in label["errors"][0]
    assert annotations_of(ask, five, "r0") == {}


def test_several_categories_of_one_taxonomy(ask, five):
    body = {"taxonomy_name": "things", "type": "multicategory", "labels": ["a", "b", "c"]}
    ask("POST", f"dataset/{five}/add_taxonomy", body)
    sent = category(0, taxonomy_name="things", type="multicategory", labels=["a", "c"])
    del sent["label"]

    ask("POST", f"dataset/{five}/annotate", {"annotations": [sent]})

    assert annotations_of(ask, five, "r0") == {"multicategory": [sent]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"geometry": {"x": 0, "y": 0, "width": -1, "height": 1}},
        {"geometry": {"x": 0, "y": 0, "width": 1}},
        {"type": "blob"},
        {"label": None},
        {"metadata": "text"},
    ],
    ids=["negative", "incomplete", "unknown type", "no label", "metadata is no mapping"],
)
def test_a_malformed_annotation_refuses_the_call_with_its_path(ask, five, wrong):
    with pytest.raises(InvalidInputError, match=r"\$\.annotations\[1\]"):
        ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0), box(1, **wrong)]})

    assert annotations_of(ask, five, "r0") == {}


def test_one_annotation_is_found_by_both_ids(ask, ds):
    url = "https://x/1.jpg"
    items = [{"reference_id": "a/b", "image_url": url}]
    ask("POST", f"dataset/{ds}/append", {"items": items})
    sent = box(0, reference_id="a/b", annotation_id="c d")
    ask("POST", f"dataset/{ds}/annotate", {"annotations": [sent]})

    assert ask("GET", f"dataset/{ds}/groundTruth/loc/a/b/c%20d") == sent
    with pytest.raises(NotFoundError, match="no annotation 'x'"):
        ask("GET", f"dataset/{ds}/groundTruth/loc/a/b/x")


def test_predictions_live_in_one_run_of_model_and_dataset(ask, five, model):
    route = f"dataset/{five}/model/{model}"
    sent = [box(0, confidence=0.75), box(1, "bus", confidence=0.0, class_pdf={"bus": 1.0})]

    first = ask("POST", f"{route}/uploadPredictions", {"annotations": sent})
    again = ask("POST", f"{route}/uploadPredictions", {"annotations": [*sent, box(9)]})
    changed = box(0, confidence=0.5)
    update = ask("POST", f"{route}/uploadPredictions", {"annotations": [changed], "update": True})

    run = first.pop("model_run_id")
    assert first == {"dataset_id": five, "predictions_processed": 2, "predictions_ignored": 0}
    assert (again["predictions_processed"], again["predictions_ignored"]) == (0, 2)
    assert "r9" in again["errors"][0]
    assert {again["model_run_id"], update["model_run_id"]} == {run}
    assert ask("GET", f"{route}/referenceId/r0")["annotations"] == {"box": [changed]}
    assert ask("GET", f"{route}/iloc/1")["annotations"] == {"box": [sent[1]]}
    assert ask("GET", f"{route}/loc/r1/bus-1") == sent[1]
    assert ask("GET", f"{route}/export") == {"box": [changed, sent[1]]}
    assert ask("GET", f"model/{run}")["id"] == model
    assert annotations_of(ask, five, "r0") == {}


def test_a_prediction_may_name_its_item_by_id(ask, five, model):
    key = ask("GET", f"dataset/{five}/refloc/r3")["item"]["id"]
    sent = box(3, reference_id=None, item_id=key)
    route = f"dataset/{five}/model/{model}"

    ask("POST", f"{route}/uploadPredictions", {"annotations": [sent, {**sent, "item_id": "di_x"}]})

    assert ask("GET", f"{route}/export") == {"box": [box(3)]}


def test_predictions_of_a_model_without_any_are_named_as_missing(ask, five, model):
    with pytest.raises(NotFoundError, match="no predictions"):
        ask("GET", f"dataset/{five}/model/{model}/referenceId/r0")
    with pytest.raises(NotFoundError, match="prj_0000000000077"):
        ask("POST", f"dataset/{five}/model/prj_0000000000077/uploadPredictions", {})


def test_the_export_has_every_group_in_every_row(ask, five):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(1)], "segmentations": [mask(1)]})

    page = ask("POST", f"dataset/{five}/exportForTrainingPage", {"pageSize": 2})
    everything = ask("GET", f"dataset/{five}/exportForTraining")["exportedRows"]

    groups = ("box", "polygon", "line", "keypoints", "cuboid", "category", "multicategory")
    empty = {name: [] for name in groups} | {"segmentation": None}
    first, second = page["data"]
    items = [row.pop("item")["reference_id"] for row in page["data"]]
    assert items == ["r0", "r1"]
    assert first == empty
    assert second == empty | {"box": [box(1)], "segmentation": mask(1)}
    assert [row["item"]["reference_id"] for row in everything] == [f"r{n}" for n in range(5)]


def test_taxonomies_are_created_extended_and_deleted(ask, five):
    route = f"dataset/{five}/add_taxonomy"
    body = {"taxonomy_name": "weather", "type": "category", "labels": ["wet"]}

    created = ask("POST", route, body)
    exists = ask("POST", route, {**body, "labels": ["dry"]})
    updated = ask("POST", route, {**body, "labels": ["dry", "wet"], "update": True})
    sent = [category(0, "dry", taxonomy_name="weather"), box(0)]
    ask("POST", f"dataset/{five}/annotate", {"annotations": sent})
    deleted = ask("DELETE", f"dataset/{five}/taxonomy/weather", {})

    assert created == {
        "dataset_id": five,
        "taxonomy_name": "weather",
        "status": "Taxonomy created",
    }
    assert [one["status"] for one in (exists, updated, deleted)] == [
        "Taxonomy already exists",
        "Taxonomy updated",
        "Taxonomy successfully deleted",
    ]
    assert annotations_of(ask, five, "r0") == {"box": [box(0)]}
    with pytest.raises(NotFoundError, match="weather does not exist"):
        ask("DELETE", f"dataset/{five}/taxonomy/weather", {})
    with pytest.raises(InvalidInputError, match="'category' or 'multicategory'"):
        ask("POST", route, {**body, "type": "tree"})
