"""Rules that the entries of methods set: what may lie where, which arguments are lists, and what is
answered, in-process and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nucleus_lab
from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CuboidAnnotation,
    CuboidPrediction,
    DatasetItem,
    LidarScene,
    Point3D,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)
from nucleus_lab.errors import InvalidInputError

CAMERA = {
    "position": {"x": 0, "y": 0, "z": 0},
    "heading": {"x": 0, "y": 0, "z": 0, "w": 1},
    "fx": 7.0,
    "fy": 7.0,
    "cx": 4.0,
    "cy": 3.0,
}


@pytest.fixture
def dataset(client: Any) -> Any:
    made = client.create_dataset("x")
    made.append([DatasetItem(f"https://example.org/{name}.jpg", name) for name in "abc"])
    return made


@pytest.fixture
def model(client: Any) -> Any:
    return client.create_model("Detector", "detector-1", tags=["new", "new"])


@pytest.fixture
def scenes(client: Any, tmp_path: Path) -> Any:
    """A dataset with one scene: a point cloud and a picture."""
    (tmp_path / "0.bin").write_bytes(np.ones((3, 4), "<f4").tobytes())
    Image.new("RGB", (8, 6)).save(tmp_path / "0.png")
    scene = LidarScene("s")
    cloud = DatasetItem(pointcloud_location=str(tmp_path / "0.bin"), reference_id="cloud")
    scene.add_item(0, "lidar", cloud)
    scene.add_item(0, "front", DatasetItem(tmp_path / "0.png", "front"))
    made = client.create_dataset("scenes", is_scene=True)
    made.append([scene], asynchronous=True).sleep_until_complete(False)
    return made


# -- cuboids ------------------------------------------------------------------------------------


def test_a_cuboid_lies_in_a_point_cloud_and_on_no_picture(scenes: Any, model: Any) -> None:
    spot, size = Point3D(1, 2, 3), Point3D(4, 2, 1.5)
    kept = CuboidAnnotation("car", spot, size, 0, "cloud", "c")
    flat = CuboidAnnotation("car", spot, size, 0, "front", "c")

    answer = scenes.annotate([kept, flat])

    assert answer["annotations_processed"] == 1
    (told,) = answer["errors"]
    assert "cuboid 'c' of item 'front' was left out: the item is a picture" in told
    assert scenes.refloc("cloud")["annotations"]["cuboid"] == [kept]
    assert scenes.refloc("front")["annotations"]["cuboid"] == []
    guess = CuboidPrediction("car", spot, size, 0, "front", confidence=0.5)
    refused = scenes.upload_predictions(model, [guess])
    assert (refused["predictions_processed"], len(refused["errors"])) == (0, 1)


def test_a_job_leaves_out_cuboids_on_pictures_and_says_so(dataset: Any) -> None:
    flat = CuboidAnnotation("car", Point3D(1, 2, 3), Point3D(4, 2, 1), 0, "a", "c")

    job = dataset.annotate([flat], asynchronous=True)
    job.sleep_until_complete(False)

    assert job.status()["message"]["annotation_upload"]["errored"] == 1
    assert "cuboid 'c' of item 'a' was left out" in job.errors()[0]
    assert dataset.refloc("a")["annotations"] == {}


# -- cameras ------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_camera_that_lacks_a_part_is_refused_whole(dataset: Any, asynchronous: bool) -> None:
    good = {"camera_params": CAMERA, "n": 1}
    bad = {"camera_params": {"fx": 1}, "n": 2}

    with pytest.raises(InvalidInputError, match=r"item 'b': camera_params has no position.*fy"):
        dataset.update_item_metadata({"a": good, "b": bad}, asynchronous=asynchronous)

    assert [item.metadata for item in dataset.items] == [{}, {}, {}]
    dataset.update_item_metadata({"a": good})
    assert dataset.refloc("a")["item"].camera_params.cx == 4.0


def test_other_clients_cannot_store_a_camera_that_nobody_can_read(
    client: Any, dataset: Any
) -> None:
    cameras = {"d": {"fx": 1}, "e": None, "f": "front", "g": CAMERA}
    rows = [
        {"reference_id": name, "image_url": f"s3://b/{name}", "metadata": {"camera_params": camera}}
        for name, camera in cameras.items()
    ]

    answer = client.make_request({"items": rows}, f"dataset/{dataset.id}/append")

    assert (answer["new_items"], answer["upload_errors"]) == (1, 3)
    assert "item 'd': camera_params has no position" in answer["error_payload"][0]["error"]
    assert [item.reference_id for item in dataset.items] == ["a", "b", "c", "g"]


def test_a_scene_with_such_a_camera_is_left_out(client: Any) -> None:
    made = client.create_dataset("scenes", is_scene=True)
    cloud = {"reference_id": "l", "url": "https://e.com/l.json", "type": "pointcloud"}
    front = {"reference_id": "f", "url": "https://e.com/f.jpg", "type": "image"}
    frame = {"lidar": cloud, "front": {**front, "camera_params": {"fx": 1}}}
    body = {"scenes": [{"reference_id": "s", "frames": [frame]}]}

    with pytest.raises(InvalidInputError, match=r"item 'f': camera_params has no position"):
        client.make_request(body, f"{made.id}/upload_scenes")

    assert (made.scenes, made.items) == ([], [])


# -- masks --------------------------------------------------------------------------------------


@pytest.fixture
def pictured(client: Any, tmp_path: Path) -> Any:
    Image.new("RGB", (8, 6)).save(tmp_path / "p.png")
    made = client.create_dataset("pictures")
    made.append([DatasetItem(str(tmp_path / "p.png"), "p")])
    return made


def test_a_mask_is_found_by_the_id_that_it_keeps(pictured: Any, model: Any, tmp_path: Path) -> None:
    Image.new("L", (8, 6), 1).save(tmp_path / "m.png")
    mask = SegmentationAnnotation(str(tmp_path / "m.png"), [Segment("road", 1)], "p", "mine")
    guess = SegmentationPrediction(str(tmp_path / "m.png"), [Segment("road", 1)], "p", "guess")
    pictured.annotate([mask])
    pictured.upload_predictions(model, [guess])

    assert pictured.ground_truth_loc("p", "mine") == mask
    assert pictured.prediction_loc(model, "p", "guess") == guess
    with pytest.raises(nucleus_lab.NotFoundError, match="no annotation 'guess'"):
        pictured.ground_truth_loc("p", "guess")


def test_a_mask_is_a_png_of_numbers(pictured: Any, tmp_path: Path) -> None:
    Image.new("RGB", (8, 6), (255, 0, 0)).save(tmp_path / "red.png")
    Image.new("RGB", (8, 6), (1, 1, 1)).save(tmp_path / "grey.png")
    Image.new("L", (8, 6), 1).save(tmp_path / "m.jpg")

    def upload(name: str) -> Any:
        mask = SegmentationAnnotation(str(tmp_path / name), [Segment("road", 1)], "p")
        return pictured.annotate([mask])

    assert "it is a JPEG file: a mask is a PNG" in upload("m.jpg")["errors"][0]
    assert "has colours" in upload("red.png")["errors"][0]
    assert pictured.refloc("p")["annotations"] == {}
    assert upload("grey.png")["annotations_processed"] == 1


# -- arguments ----------------------------------------------------------------------------------

BOX = BoxAnnotation("car", 1, 2, 3, 4, "a")

LISTS: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("items", lambda c, d: d.append(DatasetItem("https://example.org/n.jpg", "n"))),
    ("items", lambda c, d: d.append(None)),
    ("annotations", lambda c, d: d.annotate(BOX)),
    ("annotations", lambda c, d: d.annotate(None)),
    ("predictions", lambda c, d: d.upload_predictions("prj_1", BOX)),
    ("reference_ids", lambda c, d: d.delete_annotations("a")),
    ("reference_ids", lambda c, d: d.create_slice("s", "abc")),
    ("reference_ids", lambda c, d: c.append_to_slice("slc_1", "abc", d.id)),
    ("annotation_ids", lambda c, d: d.create_slice_by_ids("s", annotation_ids="ann_1")),
    ("labels", lambda c, d: d.add_taxonomy("t", "category", "abc")),
    ("track_reference_ids", lambda c, d: d.delete_tracks("red_car")),
    ("task_ids", lambda c, d: d.ingest_tasks("task_1")),
    ("task_ids", lambda c, d: c.download_pointcloud_tasks("scn_1", 0)),
    ("allowed_file_types", lambda c, d: d.add_items_from_dir("/", allowed_file_types="jpg")),
]


@pytest.mark.parametrize(("name", "call"), LISTS)
def test_one_value_in_the_place_of_a_list_is_refused(
    client: Any, dataset: Any, name: str, call: Callable[[Any, Any], Any]
) -> None:
    with pytest.raises(InvalidInputError, match=rf"^{name} is .*: give a list of "):
        call(client, dataset)

    assert (dataset.size, dataset.slices, dataset.taxonomies) == (3, [], [])


WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("batch_size is 'a': use 1 or more", lambda d: d.append([], batch_size="a")),
    ("batch_size is None: use 1 or more", lambda d: d.annotate([BOX], batch_size=None)),
    (
        "local_files_per_upload_request is 'a'",
        lambda d: d.append([], local_files_per_upload_request="a"),
    ),
    ("sample_size is '3': use 1 or more", lambda d: d.build_slice("s", "3", "Random")),
    ("cache_directory is None", lambda d: d.items_and_annotation_chip_generator(8, 8, None)),
    ("mapping is a list", lambda d: d.update_item_metadata([1])),
    ("model is None: give a Model", lambda d: d.export_predictions(None)),
    ("model is None: give a Model", lambda d: d.calculate_evaluation_metrics(None)),
    ("model is None: give a Model", lambda d: d.create_slice("s").export_predictions(None)),
    ("None is no id", lambda d: d.refloc(None)),
    ("'' is no id", lambda d: d.delete_item("")),
    (
        r"dataset_item_ids\[0\] is 'ann_1', the id of an annotation: .* belongs in annotation_ids",
        lambda d: d.create_slice_by_ids("s", ["ann_1"]),
    ),
    (
        r"prediction_ids\[1\] is 'ann_1', the id of an annotation: give ids of predictions",
        lambda d: d.create_slice_by_ids("s", prediction_ids=["pred_1", "ann_1"]),
    ),
    (
        r"scene_ids\[0\] is 'crossing', which is no id: give ids of scenes \(scn_…\)$",
        lambda d: d.create_slice_by_ids("s", scene_ids=["crossing"]),
    ),
    (
        r"annotation_ids\[0\] is None, which is no id",
        lambda d: d.create_slice_by_ids("s", annotation_ids=[None]),
    ),
]


@pytest.mark.parametrize(("told", "call"), WRONG)
def test_a_wrong_argument_of_a_method_is_named(
    dataset: Any, told: str, call: Callable[[Any], Any]
) -> None:
    with pytest.raises(InvalidInputError, match=told):
        call(dataset)


def test_a_generator_is_as_good_as_a_list(dataset: Any) -> None:
    new = (DatasetItem(f"https://example.org/{name}.jpg", name) for name in "de")

    assert dataset.append(new).new_items == 2


def test_whether_a_dataset_holds_scenes_is_said_by_a_truth_value(client: Any) -> None:
    with pytest.raises(InvalidInputError, match="bool"):
        client.create_dataset("x", is_scene="no")
    assert client.create_dataset("y", is_scene=None).is_scene is False


# -- answers ------------------------------------------------------------------------------------


def test_a_job_tells_of_each_object_without_an_item_which_it_was(dataset: Any) -> None:
    lost = BoxAnnotation("car", 50, 60, 70, 80, "bad_ref_id", annotation_id="attempted")

    job = dataset.annotate([lost, BOX], asynchronous=True)
    job.sleep_until_complete(False)

    (told,) = map(json.loads, job.errors())
    assert told == {
        "annotation": {
            "label": "car",
            "type": "box",
            "geometry": {"x": 50, "y": 60, "width": 70, "height": 80},
            "referenceId": "bad_ref_id",
            "annotationId": "attempted",
            "metadata": {},
        },
        "error": f"Item with id bad_ref_id doesn't exist in dataset {dataset.id}.",
    }


def test_a_deleted_index_names_a_job_that_has_ended_well(client: Any, dataset: Any) -> None:
    vectors = {"a": [1.0, 2.0], "b": [2.0, 1.0]}
    dataset.create_custom_index([vectors], 2).sleep_until_complete(False)

    answer = dataset.delete_custom_index()

    job = client.get_job(answer["job_id"])
    job.sleep_until_complete(False)
    assert (answer["dataset_id"], answer["message"]) == (dataset.id, "Custom image index deleted")
    assert (job.job_type, job.status()["message"]["embeddings_deleted"]) == ("embeddingDelete", 2)


def test_a_slice_gives_the_items_that_carry_its_members(
    dataset: Any, model: Any, scenes: Any
) -> None:
    dataset.annotate([BOX, BoxAnnotation("car", 9, 9, 9, 9, "a")])
    dataset.upload_predictions(model, [BoxPrediction("car", 1, 2, 3, 4, "c", confidence=0.5)])
    rows = dataset.rows([item.dataset_item_id for item in dataset.items], model=model)
    truths = [truth["id"] for truth in rows[0]["annotations"]]
    guesses = [guess["id"] for guess in rows[2]["predictions"]]

    objects = dataset.create_slice_by_ids("o", annotation_ids=truths, prediction_ids=guesses)
    whole = scenes.create_slice("s", ["s"])

    assert objects.dataset_items() == [dataset.items[0], dataset.items[2]]
    assert len(objects.items) == 3
    assert whole.dataset_items() == scenes.items
    assert [item.reference_id for item in scenes.items] == ["cloud", "front"]


def test_raw_items_are_a_list_that_also_answers_to_the_key_of_the_published_client(
    dataset: Any,
) -> None:
    made = dataset.create_slice("s", ["b"]).export_raw_items()

    (row,) = made
    assert (made[0], made["raw_dataset_items"], row["ref_id"]) == (row, [row], "b")


def test_a_scenario_test_without_functions_compares_boxes(
    client: Any, dataset: Any, model: Any
) -> None:
    dataset.annotate([BOX])
    dataset.upload_predictions(model, [BoxPrediction("car", 1, 2, 3, 4, "a", confidence=0.5)])
    scenario = client.validate.create_scenario_test("sample", dataset.create_slice("s", ["a"]).id)

    model.evaluate(["sample"]).sleep_until_complete(False)

    assert len(scenario.get_eval_functions()) == 4
    assert all(evaluation.passed for evaluation in scenario.get_eval_history())


def test_a_model_knows_each_of_its_tags_once(client: Any, model: Any) -> None:
    assert model.tags == client.get_model(model.id).tags == ["new"]


def test_modules_are_attributes_of_the_package() -> None:
    names = ("annotation", "constants", "prediction", "utils", "job", "scene", "errors")

    assert [getattr(nucleus_lab, name).__name__ for name in names] == [
        f"nucleus_lab.{name}" for name in names
    ]
