"""A dataset with every kind of object and hostile texts, and a page that asks for it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    Dataset,
    DatasetItem,
    Keypoint,
    KeypointsAnnotation,
    LineAnnotation,
    Model,
    NucleusClient,
    Point,
    PolygonAnnotation,
    Segment,
    SegmentationAnnotation,
)

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
COUNT = 40


class Page:
    """The other end of a widget's messages."""

    comm_id = "page"

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self._numbers = itertools.count()
        widget.comm = self

    # What ipywidgets calls on a comm.
    def send(self, data: dict[str, Any], buffers: Any = None) -> None:
        if data["method"] == "custom":
            self.sent.append((data["content"], [bytes(part) for part in buffers or []]))

    def on_msg(self, callback: Any) -> None:
        """Questions are put in by :meth:`ask`."""

    def close(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing is open."""

    def ask(self, subject: str, **body: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Ask, and return the answer and its buffers."""
        number = f"q{next(self._numbers)}"
        question = {"lab": "ask", "id": number, "subject": subject, "body": body}
        self.widget._handle_custom_msg(question, [])
        return next(pair for pair in reversed(self.sent) if pair[0].get("id") == number)

    def news(self, subject: str) -> list[dict[str, Any]]:
        return [content["body"] for content, _ in self.sent if content.get("subject") == subject]


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dataset, Model]]:
    """Forty pictures of 80 by 60; the first has one object of every kind. Read only."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(COUNT):
        picture = Image.new("RGB", (80, 60), (number * 5, 90, 160))
        picture.save(folder / f"{number}.png")
    mask = Image.new("L", (80, 60))
    mask.paste(3, (0, 0, 40, 60))
    mask.paste(7, (40, 0, 80, 60))
    mask.save(folder / "mask.png")
    with NucleusClient(workspace=tmp_path_factory.mktemp("workspace")) as client:
        dataset = client.create_dataset(f"shop {HOSTILE}")
        dataset.append([
            DatasetItem(
                str(folder / f"{number}.png"),
                HOSTILE if number == 0 else f"item {number}",
                metadata={"number": number, "note": HOSTILE},
            )
            for number in range(COUNT)
        ])
        dataset.annotate(_every_kind(folder / "mask.png"))
        model = client.create_model("detector", "detector")
        dataset.upload_predictions(
            model,
            [
                BoxPrediction("cup", 10, 12, 20, 20, HOSTILE, confidence=0.8, annotation_id="p0"),
                BoxPrediction(HOSTILE, 1, 2, 9, 9, "item 1", confidence=0.3, annotation_id="p1"),
            ],
        )
        dataset.create_slice("two", reference_ids=["item 7", "item 3"])
        yield dataset, model


def _every_kind(mask: Path) -> list[Any]:
    joints = [Keypoint(5, 5), Keypoint(9, 9), Keypoint(visible=False)]
    corners = [Point(40, 5), Point(70, 5), Point(55, 30)]
    segments = [Segment("cup", 3), Segment("leaf", 7)]
    return [
        BoxAnnotation("cup", 10, 10, 20, 20, HOSTILE, annotation_id="b", metadata={"n": HOSTILE}),
        PolygonAnnotation("leaf", corners, HOSTILE, annotation_id="p"),
        LineAnnotation("rim", [Point(0, 50), Point(79, 50)], HOSTILE, annotation_id="l"),
        KeypointsAnnotation("hand", joints, ["a", "b", "c"], [[0, 1]], HOSTILE, annotation_id="k"),
        CategoryAnnotation(HOSTILE, HOSTILE),
        SegmentationAnnotation(str(mask), segments, HOSTILE, annotation_id="m"),
        *(BoxAnnotation("cup", 1, 1, 5, 5, f"item {n}", annotation_id="b") for n in range(1, 11)),
    ]


@pytest.fixture
def dataset(stocked: tuple[Dataset, Model]) -> Dataset:
    return stocked[0]


@pytest.fixture
def model(stocked: tuple[Dataset, Model]) -> Model:
    return stocked[1]


def png(picture: Image.Image) -> bytes:
    """A picture as the bytes of a PNG."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
