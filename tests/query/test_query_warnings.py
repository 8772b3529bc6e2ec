"""What the SDK tells about a query besides its answer, over both transports."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import BoxAnnotation, BoxPrediction, DatasetItem, Frame, LidarScene
from nucleus_lab.annotation import CuboidAnnotation, Point3D
from nucleus_lab.errors import InvalidInputError, QueryError
from nucleus_lab.query_help import QueryWarning


@pytest.fixture
def dataset(client: Any) -> Any:
    """Four remote pictures; the last has no weather."""
    made = client.create_dataset("told")
    weather = ["fog", "fog", "rain"]
    made.append([
        DatasetItem(
            f"https://example.test/{n}.jpg",
            f"{n}.jpg",
            metadata={"weather": weather[n]} if n < 3 else {"speed": 3},
        )
        for n in range(4)
    ])
    made.annotate([
        BoxAnnotation(label, 10 * n, 0, 10, 10, f"{item}.jpg")
        for item in range(3)
        for n, label in enumerate(("car", "bus"))
    ])
    return made


def told(ask: Any) -> list[str]:
    """Run something and return its warnings."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        ask()
    assert all(each.category is QueryWarning for each in found)
    return [str(each.message) for each in found]


def test_a_contradiction_is_told_with_what_was_meant(dataset: Any) -> None:
    text = "annotations.label = car AND annotations.label = bus"

    with pytest.warns(QueryWarning, match="W3"):
        found = dataset.query_items(text)

    assert found.warnings == [
        (
            "W3: annotations.label = car AND annotations.label = bus are about one object and "
            "never hold together; for one of each write annotations.car > 0 AND annotations.bus > 0"
        )
    ]
    assert list(found) == []
    assert len(list(dataset.query_items("annotations.car > 0 AND annotations.bus > 0"))) == 3
    assert (
        told(lambda: dataset.count("annotations[label = car] AND annotations[label = bus]")) == []
    )
    assert told(lambda: dataset.count("annotations.label = car OR annotations.label = bus")) == []


def test_a_not_that_keeps_items_without_the_key_is_told(dataset: Any) -> None:
    text = "NOT metadata.weather = fog"

    assert told(lambda: dataset.count(text)) == [
        (
            "W4: NOT metadata.weather = fog keeps items without metadata.weather; to leave them "
            "out add AND EXISTS metadata.weather"
        )
    ]
    assert told(lambda: dataset.count('NOT ref_id = "0.jpg"')) == []
    dataset.update_item_metadata({"3.jpg": {"weather": "sun"}})
    assert told(lambda: dataset.count(text)) == []


def test_unknown_names_are_told_with_the_nearest(dataset: Any) -> None:
    assert told(lambda: dataset.count("annotations.cra = 0")) == [
        "W1: there is no class or taxonomy 'cra'; did you mean 'car'?"
    ]
    assert told(lambda: list(dataset.query_objects("label != bsu"))) == [
        "W1: there is no class 'bsu'; did you mean 'bus'?"
    ]


def test_an_unknown_slice_is_told_with_the_nearest_until_there_is_one(dataset: Any) -> None:
    none = ["W1: there is no slice 'train'; the dataset has no slice"]
    assert told(lambda: dataset.count("slice = train")) == none
    dataset.create_slice("train", ["0.jpg"])
    assert told(lambda: dataset.count("slice = train")) == []
    assert told(lambda: dataset.count("slice != trian")) == [
        "W1: there is no slice 'trian'; did you mean 'train'?"
    ]
    assert told(lambda: dataset.count("slice.name IN (train, holdout)")) == [
        "W1: there is no slice 'holdout'; there are train"
    ]
    assert told(lambda: dataset.count("slice IS NULL OR slice.id = slc_unknown")) == []


def test_names_of_other_tools_are_told_with_those_of_here(dataset: Any) -> None:
    assert told(lambda: dataset.count("annotations.width > 5")) == [
        "W1: there is no class or taxonomy 'width'; did you mean 'annotations.dimensions.x'?"
    ]
    assert told(lambda: dataset.count("metadata.weather = None")) == [
        "W2: 'None' is a text here; for no value write metadata.weather IS NULL"
    ]
    assert told(lambda: dataset.count("autotag.image = foggy")) == [
        "W1: there is no image autotag 'foggy'"
    ]
    with pytest.raises(QueryError, match=r"did you mean metadata\.weather\?"):
        dataset.count("weather = fog")
    dataset.update_item_metadata({"3.jpg": {"lens": {"maker": "a"}}})
    with pytest.raises(QueryError, match=r"did you mean metadata\.lens\.maker\?"):
        dataset.count("lens.maker = a")
    assert told(lambda: dataset.count("metadata.lens = a")) == [
        "W2: metadata.lens holds keys, not a value; write metadata.lens.maker"
    ]


@pytest.mark.parametrize(
    "text", ["2024-5-1", "05/01/2024", "1.5.2024", "2024-13-45", "today", "Yesterday"]
)
def test_what_is_meant_as_a_date_and_ranked_as_a_text_is_told(dataset: Any, text: str) -> None:
    meant = f"W2: {text!r} is ranked as a text, letter by letter; write a date as 2024-05-31, "
    asked = f'NOT (metadata.weather < "{text}" AND metadata.speed > 2)'

    assert meant + "or now() - 1d" in told(lambda: dataset.count(asked))


@pytest.mark.parametrize(
    "query",
    [
        'metadata.weather > "2024-05-31"',
        'metadata.weather > "1.2.3"',
        'metadata.weather > "today I saw"',
        "metadata.weather > 2024-05-31",
        'ref_id > "2024-5-1"',
    ],
)
def test_dates_and_texts_are_ranked_without_a_word(dataset: Any, query: str) -> None:
    assert told(lambda: dataset.count(query)) == []


def test_the_count_of_a_class_is_told_from_its_metadata(dataset: Any) -> None:
    assert told(lambda: dataset.count("annotations.car.count > 0")) == [
        (
            "W2: annotations.car.count is the metadata 'count' of a class; did you mean "
            "'annotations.car'?"
        )
    ]
    assert told(lambda: dataset.count("annotations.car.area > 0")) == [
        (
            "W2: annotations.car.area is the metadata 'area' of a class; did you mean "
            "'annotations[label = car AND area …]'?"
        )
    ]
    assert told(lambda: dataset.count('annotations.car."area" > 0')) == []


def test_an_empty_answer_says_why(dataset: Any) -> None:
    with pytest.warns(QueryWarning, match="W2: 'fgo' is never seen"):
        found = dataset.query_items("metadata.weather IN (fgo) AND annotations.car > 0")

    assert found.empty_because == (
        "metadata.weather IN (fgo) matches nothing; values: fog 2, rain 1"
    )
    assert dataset.query_items("metadata.weather = fog").empty_because is None


def cloud(folder: Path) -> DatasetItem:
    """A point cloud of a row of ten points, a metre apart."""
    file = folder / "cloud.json"
    points = [{"x": float(x), "y": 0.0, "z": 0.0} for x in range(10)]
    file.write_text(json.dumps({"points": points, "device_position": {"x": 0, "y": 0, "z": 0}}))
    return DatasetItem(pointcloud_location=str(file), reference_id="cloud")


def test_points_inside_cuboids_are_counted(client: Any, tmp_path: Path) -> None:
    scenes = client.create_dataset("lidar", is_scene=True)
    frame = Frame(lidar=cloud(tmp_path))
    job = scenes.append([LidarScene("s", [frame], {"route": "north"})], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    sizes = {"long": (5.0, 0.0), "turned": (5.0, 1.5707963267948966), "far": (1.0, 0.0)}
    cuboids = [
        CuboidAnnotation(
            label,
            Point3D(100.0 if label == "far" else 2.0, 0.0, 0.0),
            Point3D(size, 1.0, 1.0),
            yaw,
            "cloud",
            label,
        )
        for label, (size, yaw) in sizes.items()
    ]
    scenes.annotate(cuboids)

    def found(text: str) -> set[str]:
        return {each.label for each in scenes.query_objects(text)}

    assert found("points = 5") == {"long"}
    assert found("annotations.type = cuboid AND annotations.points < 10") == set(sizes)
    assert found("points = 1") == {"turned"}
    assert found("points = 0") == {"far"}
    cuboids[0].dimensions = Point3D(30.0, 1.0, 1.0)
    scenes.annotate(cuboids[:1], update=True)
    assert found("points = 10") == {"long"}
    with pytest.warns(QueryWarning, match=r"W5: route is scene metadata; write scene\.metadata"):
        assert list(scenes.query_scenes("metadata.route = north")) == []


def test_matches_are_read_at_a_threshold(dataset: Any, client: Any) -> None:
    model = client.create_model("m", "m")
    boxes = [
        BoxPrediction("car", 0, 0, 10, 8, "0.jpg", confidence=0.9),
        BoxPrediction("car", 0, 0, 10, 4, "1.jpg", confidence=0.8),
        BoxPrediction("car", 2, 0, 10, 10, "0.jpg", confidence=0.7),
        BoxPrediction("car", 90, 90, 10, 10, "2.jpg", confidence=0.6),
    ]
    dataset.upload_predictions(model, boxes)
    dataset.calculate_evaluation_metrics(model).sleep_until_complete(verbose_std_out=False)

    def overlaps(text: str, kind: str, **more: Any) -> list[float]:
        found = dataset.query_objects(text, kind, model.id, **more)
        return [round(each.iou, 2) for each in found]

    assert overlaps("", "iou") == [0.8, 0.11, 0.4]
    assert overlaps("", "iou", iou_threshold=0.5) == [0.8]
    assert overlaps("", "false_positive") == [0.11, 0.0]
    assert overlaps("", "false_positive", iou_threshold=0.5) == [0.0, 0.0, 0.0]
    assert overlaps("best_iou > 0.3", "false_positive", iou_threshold=0.5) == [0.0]
    assert overlaps("best_iou = 0", "false_positive") == [0.0]
    assert dataset.count("matches.fn > 1", iou_threshold=0.9) == 3
    lost = list(dataset.query_objects("", "false_negative", model.id, iou_threshold=0.9))
    assert all(each.model_prediction_id is None for each in lost)
    explained = dataset.explain(
        "", level="matches", model=model, match_type="iou", iou_threshold=0.5
    )
    assert explained.count == 1
    with pytest.raises(InvalidInputError, match="iou_threshold is 3"):
        dataset.count("matches.fn > 1", iou_threshold=3)
