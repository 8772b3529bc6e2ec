"""Scenes beside their items: what their pictures look like, and the types of their metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import (
    BoxPrediction,
    DatasetItem,
    Frame,
    LidarScene,
    NucleusClient,
    Segment,
    SegmentationPrediction,
    VideoScene,
)
from nucleus_lab.errors import InvalidInputError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose jobs run at once."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "settings.toml").write_text("inline_jobs = true\nfetch = []\n")
    return folder


def noise(path: Path, seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).resize((60, 60)).save(path)
    return str(path)


def test_pictures_of_scenes_are_deduplicated(client: NucleusClient, tmp_path: Path) -> None:
    dataset = client.create_dataset("s", is_scene=True)
    seeds = [1, 2, 1, 3]
    items = [
        DatasetItem(noise(tmp_path / f"{at}.png", seed), f"v{at}") for at, seed in enumerate(seeds)
    ]
    dataset.append([VideoScene("v", 5, items=items)], asynchronous=True)

    assert all(dataset.refloc(f"v{at}")["item"].phash for at in range(4))
    kept = dataset.deduplicate(threshold=4).result()
    assert sorted(kept.unique_reference_ids) == ["v0", "v1", "v3"]


def test_frames_cut_out_of_a_video_are_deduplicated(client: NucleusClient, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.width = stream.height = 60
        stream.pix_fmt = "bgr0"
        for seed in (1, 1, 2):
            noise(tmp_path / "frame.png", seed)
            with Image.open(tmp_path / "frame.png") as picture:
                frame = av.VideoFrame.from_image(picture)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    dataset = client.create_dataset("s", is_scene=True)
    dataset.append([VideoScene("v", video_location=str(path))], asynchronous=True)

    kept = dataset.deduplicate(threshold=4).result()

    assert sorted(kept.unique_reference_ids) == ["v_frame_000000", "v_frame_000002"]


SCHEMA = {"speed": {"type": "number"}}


def lidar(name: str, scene: Any = None, item: Any = None) -> LidarScene:
    cloud = DatasetItem(
        pointcloud_location=f"https://h/{name}.json", reference_id=f"{name}-c", metadata=item or {}
    )
    return LidarScene(name, [Frame(lidar=cloud)], metadata=scene or {})


def test_metadata_of_scenes_is_held_to_the_schema(client: NucleusClient) -> None:
    dataset = client.create_dataset("s", is_scene=True, item_metadata_schema=SCHEMA)
    scenes = [
        lidar("good", {"speed": 1, "free": "x"}, {"speed": 2.5}),
        lidar("bad", {"speed": "fast"}),
        lidar("worse", {}, {"speed": True}),
    ]

    job = dataset.append(scenes, asynchronous=True)

    told = " ".join(job.errors())
    assert [scene.reference_id for scene in dataset.scenes] == ["good"]
    assert "Metadata type conflict: scene 'bad': metadata.speed is \"fast\"" in told
    assert "Metadata type conflict: item 'worse-c': metadata.speed is true" in told
    with pytest.raises(InvalidInputError, match=r"scene 'good': .*nothing was changed"):
        dataset.update_scene_metadata({"good": {"speed": "slow"}})
    assert dataset.get_scene("good").metadata == {"speed": 1, "free": "x"}


def test_metadata_of_predictions_is_held_to_the_schema(client: NucleusClient) -> None:
    dataset = client.create_dataset("d", annotation_metadata_schema=SCHEMA)
    dataset.append([DatasetItem("https://h/a.jpg", "a")])
    model = client.create_model("m", "m")

    def box(name: str, speed: Any) -> BoxPrediction:
        return BoxPrediction("car", 1, 2, 3, 4, "a", 0.5, name, {"speed": speed})

    wrong = [Segment("x", 1, {"speed": "fast"})]
    answer = dataset.upload_predictions(
        model,
        [box("good", 3), box("bad", "3"), SegmentationPrediction("https://h/m.png", wrong, "a")],
    )

    assert answer["predictions_processed"] == 1
    assert len(answer["errors"]) == 2
    assert all("Metadata type conflict" in text for text in answer["errors"])
    found = dataset.predictions_refloc(model, "a")
    assert [entry.annotation_id for entry in found["box"]] == ["good"]
    job = dataset.upload_predictions(model, [box("late", "4")], asynchronous=True)
    assert "Metadata type conflict" in " ".join(job.errors())
