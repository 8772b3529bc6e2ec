"""Scenes through the SDK: read, exported, queried, held by slices."""

from __future__ import annotations

from typing import Any

import pytest
from made_scenes import lidar, uploaded, video

from nucleus_lab import (
    BoxAnnotation,
    CategoryAnnotation,
    CuboidAnnotation,
    CuboidPrediction,
    LidarScene,
    Point3D,
    SceneCategoryAnnotation,
    SceneCategoryPrediction,
)
from nucleus_lab.errors import InvalidInputError

pytestmark = pytest.mark.usefixtures("inline_jobs")


def test_a_scene_is_read_with_everything_on_it(client: Any, dataset: Any) -> None:
    uploaded(dataset, [lidar("a", frames=2)])
    dataset.add_taxonomy("weather", "category", ["fog", "sun"])
    scene_class = SceneCategoryAnnotation("fog", "a", "weather", {"sure": True})
    item_class = CategoryAnnotation("sun", "a/front/0", "weather")
    solid = CuboidAnnotation("car", Point3D(1, 2, 3), Point3D(4, 2, 1), 0.5, "a/cloud/1", "1")
    box = BoxAnnotation("car", 1, 2, 3, 4, "a/front/1")

    assert dataset.annotate([scene_class, item_class, solid, box])["annotations_processed"] == 4

    whole = dataset.scene_and_annotations("a")
    assert whole["scene"] == lidar("a", frames=2)
    assert whole["annotations"] == {"category": [scene_class]}
    assert [(row["frame"], row["sensor"]) for row in whole["items"]] == [
        (0, "lidar"), (0, "front"), (1, "lidar"), (1, "front"),
    ]  # fmt: skip
    assert [dict(row["annotations"]) for row in whole["items"]] == [
        {}, {"category": [item_class]}, {"cuboid": [solid]}, {"box": [box]},
    ]  # fmt: skip
    rows = dataset.items_and_annotations()
    assert rows[2] == {
        "item": dataset.refloc("a/cloud/1")["item"],
        "annotations": {"cuboid": [solid]},
    }
    model = client.create_model("m", "m")
    predicted = CuboidPrediction(
        "car", Point3D(1, 2, 3), Point3D(4, 2, 1), 0.5, "a/cloud/1", 0.7, "p"
    )
    rated = SceneCategoryPrediction("sun", "a", "weather", 0.25)
    dataset.upload_predictions(model, [predicted, rated])
    whole = dataset.scene_and_annotations("a", model)
    assert whole["predictions"]["category"] == [rated]
    assert whole["items"][2]["predictions"]["cuboid"] == [predicted]


def test_a_scene_has_one_category_in_each_taxonomy(client: Any, dataset: Any) -> None:
    uploaded(dataset, [lidar("a", frames=1)])
    dataset.add_taxonomy("weather", "category", ["fog", "sun"])
    dataset.annotate([SceneCategoryAnnotation("fog", "a", "weather")])

    def now() -> list[str]:
        found = dataset.scene_and_annotations("a")["annotations"]["category"]
        return [entry.label for entry in found]

    again = dataset.annotate([SceneCategoryAnnotation("sun", "a", "weather")])
    assert (again["annotations_processed"], again["annotations_ignored"], now()) == (0, 1, ["fog"])
    again = dataset.annotate([SceneCategoryAnnotation("sun", "a", "weather")], update=True)
    assert (again["annotations_processed"], now()) == (1, ["sun"])
    refused = dataset.annotate([SceneCategoryAnnotation("hail", "a", "weather")])
    assert refused["annotations_processed"] == 0
    assert "hail" in refused["errors"][0]
    lost = dataset.annotate([SceneCategoryAnnotation("sun", "nobody", "weather")])
    assert "Item with id nobody doesn't exist" in lost["errors"][0]


def test_scenes_are_exported_by_track(dataset: Any) -> None:
    uploaded(
        dataset, [video("v", frames=3, city="Oslo"), video("w", frames=1), video("x", frames=1)]
    )
    boxes = [
        BoxAnnotation("car", at, 2, 3, 4, f"v-{at}", f"b{at}", {"n": at}, track_reference_id="red")
        for at in range(3)
    ]
    boxes.append(BoxAnnotation("dog", 1, 1, 2, 2, "v-1", "rex"))
    boxes.append(BoxAnnotation("cat", 1, 1, 2, 2, "v-2", "1", {"track_id": "tom"}))
    dataset.annotate(boxes)
    ids = {item.reference_id: item.dataset_item_id for item in dataset.items}

    rows = list(dataset.scene_and_annotation_generator(page_size=2))

    assert [row["scene"]["reference_id"] for row in rows] == ["v", "w", "x"]
    assert rows[0]["scene"] == {
        "id": dataset.scenes[0].id,
        "reference_id": "v",
        "metadata": {"city": "Oslo"},
        "type": "video",
        "fileLocation": "https://example.org/v-0.jpg",
    }
    tracks = rows[0]["annotations"]
    assert tracks.keys() == {"red", "rex", "tom"}
    assert tracks["red"] == {
        "label": "car",
        "name": "red",
        "frames": [
            {
                "left": at, "top": 2, "width": 3, "height": 4, "key": str(at),
                "metadata": {"n": at}, "dataset_item_id": ids[f"v-{at}"],
            }
            for at in range(3)
        ],
    }  # fmt: skip
    of_scenes = dataset.create_slice("scenes", reference_ids=["x", "w"])
    chosen = dataset.scene_and_annotation_generator(slice_id=of_scenes.id)
    assert [row["scene"]["reference_id"] for row in chosen] == ["w", "x"]
    of_items = dataset.create_slice_by_ids("items", dataset_item_ids=[ids["v-2"]])
    chosen = dataset.scene_and_annotation_generator(slice_id=of_items.id)
    assert [row["scene"]["reference_id"] for row in chosen] == ["v"]
    exported = of_scenes.items_and_annotations()
    assert [row["item"].reference_id for row in exported] == ["x-0", "w-0"]
    with pytest.raises(InvalidInputError, match="page_size is 31"):
        dataset.scene_and_annotation_generator(page_size=31)


def test_queries_find_scenes(dataset: Any) -> None:
    uploaded(dataset, [lidar("a", weather="fog"), lidar("b", frames=1)])
    uploaded(dataset, [video("v")])

    def found(query: str) -> list[str]:
        return [scene.reference_id for scene in dataset.query_scenes(query)]

    assert found("type = lidar") == ["a", "b"]
    assert found("length >= 3") == ["a", "v"]
    assert found('scene.metadata.weather = "fog"') == ["a"]
    assert next(iter(dataset.query_scenes("type = video"))) == video("v")
    assert found("frame_rate = 5") == ["v"]
    assert dataset.count("frame = 1") == 3


def test_slices_hold_scenes(dataset: Any) -> None:
    uploaded(dataset, [lidar("a"), lidar("b"), lidar("c")])
    ids = {row.reference_id: row.id for row in dataset.scenes}

    by_name = dataset.create_slice("x", reference_ids=["c", "a"])
    by_id = dataset.create_slice_by_ids("y", scene_ids=[ids["b"]])
    by_id.append(["c", "b"])

    assert (by_name.type, by_id.type) == ("scene", "scene")
    assert [scene.reference_id for scene in by_name.items] == ["c", "a"]
    assert [scene.reference_id for scene in by_id.items] == ["b", "c"]
    assert all(isinstance(scene, LidarScene) for scene in by_id.items)
