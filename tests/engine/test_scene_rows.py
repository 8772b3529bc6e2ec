"""Scenes in both databases: rows, structure, what hangs on them, and what a deletion leaves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from nucleus_lab.annotation import ANNOTATION_WIRE, PREDICTION_WIRE
from nucleus_lab.engine import (
    annotating,
    datasets,
    models,
    scene_export,
    scene_reading,
    scene_uploads,
    scenes,
    taxonomies,
    tracks,
    whole_schema,
)
from nucleus_lab.engine.datasets import DatasetRow
from nucleus_lab.engine.scene_wire import LidarSceneWire, VideoSceneWire
from nucleus_lab.errors import InvalidInputError


@pytest.fixture
def dataset(engine: Any) -> DatasetRow:
    with engine.store.write() as connection:
        key = datasets.create(connection, "s", is_scene=True)
        taxonomies.add(connection, key, "weather", "category", ["fog", "sun"], extend=False)
    with engine.store.read() as connection:
        return datasets.by_key(connection, key)


def lidar(name: str, frames: int = 2, **more: Any) -> LidarSceneWire:
    listed = [
        {
            "lidar": {"reference_id": f"{name}-c{at}", "url": "https://e.org/c.json"},
            "front": {"reference_id": f"{name}-p{at}", "url": "https://e.org/p.jpg"},
        }
        for at in range(frames)
    ]
    return msgspec.convert({"reference_id": name, "frames": listed, **more}, LidarSceneWire)


def video(name: str, frames: int = 2, **more: Any) -> VideoSceneWire:
    listed = [
        {"reference_id": f"{name}-{at}", "url": "https://e.org/p.jpg"} for at in range(frames)
    ]
    payload = {"reference_id": name, "frame_rate": 29.97, "frames": listed, **more}
    return msgspec.convert(payload, VideoSceneWire)


def annotate(engine: Any, row: DatasetRow, *payloads: dict[str, Any], update: bool = False) -> Any:
    values = msgspec.convert(list(payloads), list[ANNOTATION_WIRE])
    return annotating.annotate(engine, row, values, update=update)


def category(name: str, label: str = "fog", **more: Any) -> dict[str, Any]:
    return {
        "type": "category", "label": label, "reference_id": name, "taxonomy_name": "weather", **more
    }  # fmt: skip


def box(name: str, annotation_id: str | None, **more: Any) -> dict[str, Any]:
    geometry = {"x": 1, "y": 2, "width": 3, "height": 4}
    return {
        "type": "box", "label": "car", "reference_id": name, "annotation_id": annotation_id,
        "geometry": geometry, **more,
    }  # fmt: skip


def counted(engine: Any) -> dict[str, int]:
    with engine.store.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in whole_schema.metadata.sorted_tables
            if table.name not in {"job", "job_error", "api_key", "alembic_version", "model"}
        }


def test_positions_and_structure_are_kept(engine: Any, dataset: DatasetRow) -> None:
    counts = scene_uploads.put(engine, dataset, [lidar("b"), video("a"), lidar("c")], update=False)

    assert (counts.new, counts.errors) == (3, [])
    with engine.store.read() as connection:
        listed = scene_reading.listing(connection, dataset.id)
        assert [row["reference_id"] for row in listed] == ["b", "a", "c"]
        keys, token = scene_reading.page(connection, dataset.id, None, None, 2)
        rest, end = scene_reading.page(connection, dataset.id, None, token, 2)
        assert (len(keys), len(rest), end) == (2, 1, None)
        found = scene_reading.payloads(connection, [*keys, *rest])
        assert found[keys[1]]["frame_rate"] == 29.97
        assert [sorted(frame) for frame in found[keys[0]]["frames"]] == [["front", "lidar"]] * 2
        for wrong in ("x", "1", "1-x"):
            with pytest.raises(InvalidInputError, match="was not made here"):
                scene_reading.page(connection, dataset.id, None, wrong, 2)
        with pytest.raises(InvalidInputError, match="pageSize is 0"):
            scene_reading.page(connection, dataset.id, None, None, 0)


def test_a_failed_scene_leaves_no_row(engine: Any, dataset: DatasetRow) -> None:
    scene_uploads.put(engine, dataset, [lidar("a")], update=False)
    before = counted(engine)
    clash = lidar("z", tracks=[{"reference_id": "t"}])
    clash.frames[1]["front"].reference_id = "a-p1"

    counts = scene_uploads.put(engine, dataset, [clash], update=False)

    assert "belongs to another scene" in counts.errors[0]
    assert counted(engine) == before


def test_categories_of_scenes_are_stored_once(engine: Any, dataset: DatasetRow) -> None:
    scene_uploads.put(engine, dataset, [lidar("a"), lidar("b")], update=False)
    with engine.store.write() as connection:
        model = models.create(connection, "m", "m")

    first = annotate(engine, dataset, category("a"), category("b"), category("a-p0"), box("a", "1"))
    again = annotate(engine, dataset, category("a", "sun"), category("b", "sun"))
    forced = annotate(engine, dataset, category("a", "sun", metadata={"k": 1}), update=True)

    def counts(answer: dict[str, Any]) -> tuple[int, int]:
        return answer["annotations_processed"], answer["annotations_ignored"]

    assert [counts(first), counts(again), counts(forced)] == [(3, 0), (0, 2), (1, 0)]
    assert "Item with id a doesn't exist" in first["errors"][0]  # a box lies on no scene
    predicted = msgspec.convert([category("a", confidence=0.5)], list[PREDICTION_WIRE])
    for update, wanted in ((False, (1, 0)), (False, (0, 1)), (True, (1, 0))):
        public = f"prj_{model:013x}"
        answer = annotating.predict(engine, dataset, public, predicted, update=update)
        assert (answer["predictions_processed"], answer["predictions_ignored"]) == wanted
    with engine.store.read() as connection:
        run = models.run_on(connection, f"prj_{model:013x}", dataset.id)
        truth = scene_reading.with_objects(connection, dataset.id, "a")["annotations"]["category"]
        rated = scene_reading.with_objects(connection, dataset.id, "a", run)["annotations"]
    assert [(row["label"], row["metadata"]) for row in truth] == [("sun", {"k": 1})]
    assert [row["confidence"] for row in rated["category"]] == [0.5]


def test_tracks_of_a_scene_are_those_it_came_with_and_those_in_it(
    engine: Any, dataset: DatasetRow
) -> None:
    given = [{"reference_id": "given", "metadata": {"a": 1}}]
    scene_uploads.put(engine, dataset, [lidar("a", tracks=given), lidar("b")], update=False)
    annotate(
        engine,
        dataset,
        box("a-p0", "1", track_reference_id="red"),
        box("a-p1", "1", track_reference_id="red"),
        box("b-p1", "1", track_reference_id="blue"),
    )

    with engine.store.write() as connection:
        datasets.lock(connection, dataset.id)
        a, b = (scenes.key_of(connection, dataset.id, name) for name in "ab")
        found = tracks.of_scenes(connection, dataset.id, [a, b])
        assert {key: [t["reference_id"] for t in rows] for key, rows in found.items()} == {
            a: ["given", "red"],
            b: ["blue"],
        }
        tracks.change(connection, dataset.id, "given", {"b": 2}, overwrite=False)
        listed = tracks.listing(connection, dataset.id)
        assert [(t["reference_id"], t["metadata"]) for t in listed] == [
            ("given", {"a": 1, "b": 2}), ("blue", {}), ("red", {}),
        ]  # fmt: skip
        assert tracks.remove(connection, dataset.id, ["given", "red"]) == 2
        assert tracks.of_scenes(connection, dataset.id, [a, b]).keys() == {b}


def test_objects_without_track_or_id_cannot_be_exported_by_track(
    engine: Any, dataset: DatasetRow
) -> None:
    scene_uploads.put(engine, dataset, [video("v")], update=False)
    polygon = {
        "type": "polygon", "label": "pond", "reference_id": "v-0",
        "geometry": {"vertices": [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 0, "y": 3}]},
    }  # fmt: skip
    annotate(engine, dataset, polygon, box("v-1", "b", metadata={"track_id": 7}))

    with engine.store.read() as connection:
        key = scenes.key_of(connection, dataset.id, "v")
        with pytest.raises(InvalidInputError, match="'pond' of item 'v-0' has neither"):
            scene_export.rows(connection, dataset.id, [key])
    annotate(engine, dataset, {**polygon, "track_reference_id": "p"}, update=True)
    with engine.store.read() as connection:
        rows = scene_export.rows(connection, dataset.id, [key])
    assert rows[0]["annotations"].keys() == {"p", "7"}
    frame = rows[0]["annotations"]["p"]["frames"][0]
    assert (frame["type"], frame["width"], frame["height"]) == ("polygon", 4, 3)


def test_nothing_is_left_of_a_deleted_dataset_or_scene(engine: Any, dataset: DatasetRow) -> None:
    from nucleus_lab.engine import deletion, slice_members, slices

    empty = counted(engine)
    given = [{"reference_id": "given"}]
    scene_uploads.put(engine, dataset, [lidar("a", tracks=given)], update=False)
    annotate(engine, dataset, category("a"), box("a-p0", "1", track_reference_id="red"))
    with engine.store.write() as connection:
        key = scenes.key_of(connection, dataset.id, "a")
        chosen = slices.create(connection, dataset.id, "x", "scene")
        slice_members.add(connection, chosen, "scene", [key])
        datasets.lock(connection, dataset.id)
        scenes.remove(connection, dataset.id, key)
    # The names of labels and tracks, and an empty slice, belong to the dataset.
    kept = {"label": 2, "track": 2, "slice": 1}
    assert counted(engine) == {**empty, **kept}
    scene_uploads.put(engine, dataset, [lidar("a", tracks=given)], update=False)
    annotate(engine, dataset, category("a"))

    with engine.store.write() as connection:
        deletion.delete_dataset(connection, dataset.id)

    assert set(counted(engine).values()) == {0}
