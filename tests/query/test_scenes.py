"""Queries about scenes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from query_world import CODE, NOW
from sqlalchemy import insert

from nucleus_lab.engine import queries, query_rows, schema


@pytest.fixture
def scenes(engine: Any) -> Any:
    """Three scenes: lidar with two frames, video with one item, and one without any."""
    with engine.store.write() as connection:

        def add(table: Any, *rows: dict[str, Any]) -> None:
            connection.execute(insert(table), list(rows))

        add(
            schema.dataset,
            {"id": 1, "name": "s", "is_scene": True, "use_privacy_mode": False, "created_at": NOW},
        )
        add(schema.label, {"id": 1, "dataset_id": 1, "name": "pedestrian"})
        base = {"dataset_id": 1, "created_at": NOW}
        add(
            schema.scene,
            *(
                {
                    **base,
                    "id": number + 1,
                    "reference_id": f"scene_{number}",
                    "type": kind,
                    "position": number,
                    "metadata": json.dumps(metadata),
                    "frame_rate": rate,
                }
                for number, (kind, metadata, rate) in enumerate([
                    ("lidar", {"foo": "baz", "weather": "rain"}, None),
                    ("video", {"foo": "bar"}, 25.0),
                    ("lidar", {}, None),
                ])
            ),
        )
        frames = [(1, 0, "camera", "front"), (1, 1, "camera", "rear"), (2, 0, None, "front")]
        add(
            schema.item,
            *(
                {
                    **base,
                    "id": number + 1,
                    "reference_id": f"item_{number}",
                    "position": number,
                    "kind": "image",
                    "location": f"https://x.test/{number}.jpg",
                    "scene_id": scene,
                    "frame": frame,
                    "sensor": sensor,
                    "metadata": json.dumps({"camera": camera}),
                }
                for number, (scene, frame, sensor, camera) in enumerate(frames)
            ),
        )
        add(
            schema.annotation,
            *(
                {
                    "item_id": item,
                    "annotation_id": f"a{item}",
                    "type": CODE["cuboid"],
                    "label_id": 1,
                }
                for item in (1, 2)
            ),
        )
    return engine


EXPECTED = {
    'scene.metadata.foo = "baz"': [1],
    "scene.metadata.foo != baz": [2, 3],
    "metadata.camera = front": [1, 2],
    "metadata.camera = front AND metadata.camera = rear": [1],
    "annotations.cuboid.pedestrian > 1": [1],
    "items.count > 1 AND scene.metadata.weather = rain": [1],
    "items[metadata.camera = rear]": [1],
    "length = 2": [1],
    "frame_rate > 10": [2],
    "type = lidar ORDER BY reference_id DESC": [3, 1],
    "ref_id = scene_1": [2],
    "": [1, 2, 3],
}


@pytest.mark.parametrize("text", EXPECTED)
def test_scenes_are_found(text: str, scenes: Any) -> None:
    with scenes.store.read() as connection:
        found = queries.select_rows(connection, 1, text, "scenes")

        assert queries.keys_of(connection, found) == EXPECTED[text]


def test_items_of_a_scene_are_found(scenes: Any) -> None:
    with scenes.store.read() as connection:
        found = queries.select_rows(connection, 1, "scene.metadata.foo = baz AND frame > 0")

        assert queries.keys_of(connection, found) == [2]


def test_scene_payloads_hold_their_frames(scenes: Any) -> None:
    with scenes.store.read() as connection:
        lidar, video = query_rows.payloads(connection, 1, "scenes", [1, 2])

    assert [{k: v["ref_id"] for k, v in frame.items()} for frame in lidar["frames"]] == [
        {"camera": "item_0"},
        {"camera": "item_1"},
    ]
    assert (video["frame_rate"], [item["ref_id"] for item in video["frames"]]) == (25.0, ["item_2"])
