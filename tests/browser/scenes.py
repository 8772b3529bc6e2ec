"""What the notebooks of the browser tests show; imported by their kernels."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    DatasetItem,
    Keypoint,
    KeypointsAnnotation,
    LineAnnotation,
    NucleusClient,
    Point,
    PolygonAnnotation,
    Segment,
    SegmentationAnnotation,
)

HOSTILE = '"><img src=x onerror=window.hacked=1><script>window.hacked=2</script>'
WIDTH, HEIGHT = 400, 300

folder = Path(tempfile.mkdtemp(prefix="scenes-"))
client = NucleusClient(workspace=folder / "workspace")


def _black(name: str) -> str:
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / name)
    return str(folder / name)


def desk() -> tuple[Any, Any]:
    """Six black pictures with known shapes on the first, and predictions of two confidences."""
    dataset = client.create_dataset("desk")
    names = ["first.png", "second.png", "third.png", "fourth.png", "fifth.png", HOSTILE]
    dataset.append([
        DatasetItem(_black(f"{number}.png"), name, metadata={"number": number, "note": HOSTILE})
        for number, name in enumerate(names)
    ])
    joints = [Keypoint(320, 40), Keypoint(360, 80), Keypoint(visible=False)]
    Image.new("L", (WIDTH, HEIGHT)).save(folder / "mask.png")
    with Image.open(folder / "mask.png") as mask:
        mask.paste(4, (0, 200, 200, 300))
        mask.save(folder / "mask.png")
    dataset.annotate([
        BoxAnnotation("cup", 100, 60, 200, 120, "first.png", annotation_id="box"),
        PolygonAnnotation("leaf", [Point(20, 20), Point(80, 20), Point(50, 80)], "first.png"),
        LineAnnotation("rim", [Point(0, 190), Point(399, 190)], "first.png"),
        KeypointsAnnotation("hand", joints, ["a", "b", "c"], [[0, 1]], "first.png"),
        SegmentationAnnotation(
            str(folder / "mask.png"), [Segment("table", 4)], "second.png", annotation_id="mask"
        ),
        CategoryAnnotation(HOSTILE, HOSTILE),
        BoxAnnotation(HOSTILE, 10, 10, 50, 50, HOSTILE, annotation_id="box"),
    ])
    model = client.create_model("detector", "detector")
    dataset.upload_predictions(
        model,
        [
            BoxPrediction("cup", 104, 64, 200, 120, "first.png", confidence=0.9),
            BoxPrediction("cup", 20, 200, 60, 60, "first.png", confidence=0.3),
        ],
    )
    return dataset, model


class Repeated:
    """A dataset whose list of items is repeated, so that it is long without long uploads."""

    def __init__(self, dataset: Any, times: int) -> None:
        self._dataset = dataset
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)

    def item_ids(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._dataset.item_ids(*args, **kwargs) * self._times


def crowd(count: int) -> Any:
    """So many items, of which 500 are different."""
    different = 500
    dataset = client.create_dataset("crowd")
    picture = _black("crowd.png")
    dataset.append([DatasetItem(picture, f"item {number}") for number in range(different)])
    dataset.annotate([
        BoxAnnotation("cup", 10 + number % 200, 20, 90, 90, f"item {number}", annotation_id="b")
        for number in range(different)
    ])
    return Repeated(dataset, count // different)


def refused(count: int) -> Any:
    """A job that completes and refuses every box: their pictures do not exist."""
    dataset = client.create_dataset("refused")
    boxes = [BoxAnnotation("cup", at, 1, 9, 9, "nowhere.png") for at in range(count)]
    return dataset.annotate(boxes, asynchronous=True)


def upload(count: int) -> Any:
    """A job of a worker process: so many boxes on a hundred pictures."""
    dataset = client.create_dataset("uploads")
    picture = _black("upload.png")
    dataset.append([DatasetItem(picture, f"upload {number}") for number in range(100)])
    boxes = [
        BoxAnnotation("cup", 1, 1, 9, 9, f"upload {number % 100}", annotation_id=f"box {number}")
        for number in range(count)
    ]
    return dataset.annotate(boxes, asynchronous=True)
