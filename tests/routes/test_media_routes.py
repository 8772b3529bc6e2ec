"""The routes of pictures: thumbnails in one frame each, whole pictures, masks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab.engine import Engine
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, unframe


def encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


JPEG = encoded(Image.new("RGB", (300, 200), "orange"), "JPEG")
TIFF = encoded(Image.new("RGB", (30, 20), "orange"), "TIFF")
MASK = encoded(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30)), "PNG")


def ask(engine: Engine, method: str, path: str, payload: Any = None, files: Any = ()) -> Any:
    answer = dispatch(engine, Request(method, path, payload, files=files))
    assert answer.status == 200, answer.payload
    return answer


class Filled:
    """A dataset with a JPEG, a TIFF with a mask, and a picture at a URL that is not fetched."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        made = ask(engine, "POST", "dataset/create", {"name": "d"})
        self.dataset = made.payload["dataset_id"]
        path = f"dataset/{self.dataset}"
        items = [
            {"reference_id": name, "image_url": url, "metadata": {}}
            for name, url in (("a", "/p/a.jpg"), ("b", "/p/b.tif"), ("c", "ftp://x/c.png"))
        ]
        for item, content in zip(items, (JPEG, TIFF), strict=False):
            part = FilePart("image", item["image_url"], content=content)
            ask(engine, "POST", f"{path}/append", [item], files=[part])
        remote = items[2] | {"image_url": "https://example.invalid/c.png"}
        ask(engine, "POST", f"{path}/append", {"items": [remote]})
        mask = {
            "type": "mask",
            "mask_url": "/p/m.png",
            "annotations": [{"label": "x", "index": 1}],
            "reference_id": "b",
        }
        box = {
            "type": "box",
            "label": "x",
            "reference_id": "b",
            "geometry": {"x": 1, "y": 2, "width": 3, "height": 4},
        }
        ask(
            engine,
            "POST",
            f"{path}/annotate",
            {"segmentations": [mask]},
            files=[FilePart("mask", "/p/m.png", content=MASK)],
        )
        ask(engine, "POST", f"{path}/annotate", {"annotations": [box]})
        page = ask(engine, "POST", f"{path}/itemsPage", {}).payload["items"]
        self.items = {row["reference_id"]: row["id"] for row in page}
        self.objects = self._objects()

    def _objects(self) -> dict[str, str]:
        from sqlalchemy import select

        from nucleus_lab.engine.schema import annotation

        with self.engine.store.read() as connection:
            rows = connection.execute(select(annotation.c.id, annotation.c.type)).all()
        return {"mask" if kind == 8 else "box": f"ann_{key:013x}" for key, kind in rows}

    def id(self, reference_id: str) -> str:
        return str(self.items[reference_id])


@pytest.fixture
def filled(workspace: Path) -> Iterator[Filled]:
    from nucleus_lab.engine.settings import Settings

    engine = Engine(workspace, settings=Settings(fetch=()))
    yield Filled(engine)
    engine.close()


def test_thumbnails_come_in_order_with_empty_frames_for_holes(filled: Filled) -> None:
    ids = [filled.id("b"), "di_00000000000ff", "nonsense", filled.id("a"), filled.id("c")]

    answer = ask(
        filled.engine, "POST", f"lab/dataset/{filled.dataset}/thumbnails", {"item_ids": ids}
    )

    parts = unframe(answer.payload)
    assert answer.media_type == "application/octet-stream"
    assert [len(part) > 0 for part in parts] == [True, False, False, True, False]
    assert [Image.open(io.BytesIO(parts[n])).size for n in (0, 3)] == [(30, 20), (256, 171)]


def test_items_of_another_dataset_are_holes(filled: Filled) -> None:
    other = ask(filled.engine, "POST", "dataset/create", {"name": "e"}).payload["dataset_id"]
    body = {"item_ids": [filled.id("a")], "size": 128}

    answer = ask(filled.engine, "POST", f"lab/dataset/{other}/thumbnails", body)

    assert unframe(answer.payload) == [b""]


def test_whole_pictures_are_what_browsers_read(filled: Filled) -> None:
    path = f"lab/dataset/{filled.dataset}/image"

    jpeg = ask(filled.engine, "GET", f"{path}/{filled.id('a')}")
    tiff = ask(filled.engine, "GET", f"{path}/{filled.id('b')}")

    assert (jpeg.media_type, jpeg.payload) == ("image/jpeg", JPEG)
    assert tiff.media_type == "image/png"
    assert Image.open(io.BytesIO(tiff.payload)).size == (30, 20)


def test_a_mask_keeps_its_values(filled: Filled) -> None:
    path = f"lab/dataset/{filled.dataset}/mask/{filled.objects['mask']}"

    answer = ask(filled.engine, "GET", path)

    assert (answer.media_type, answer.payload) == ("image/png", MASK)


def test_a_sweep_keeps_the_pictures_and_the_mask(filled: Filled) -> None:
    assert filled.engine.media.sweep(grace_s=-1) == 0

    test_a_mask_keeps_its_values(filled)
    test_whole_pictures_are_what_browsers_read(filled)


def test_refusals_name_what_is_wrong(filled: Filled) -> None:
    base = f"lab/dataset/{filled.dataset}"
    cases = [
        ("GET", "lab/dataset/ds_00000000000ff/image/di_1", None, 404, "no dataset"),
        ("GET", f"{base}/image/di_00000000000ff", None, 404, "has no item"),
        ("GET", f"{base}/image/nonsense", None, 404, "ids of a dataset item look like"),
        ("GET", f"{base}/image/{filled.id('c')}", None, 403, "may not be fetched"),
        ("GET", f"{base}/mask/ann_00000000000ff", None, 404, "no annotation or prediction"),
        ("GET", f"{base}/mask/pred_0000000000001", None, 404, "no annotation or prediction"),
        ("GET", f"{base}/mask/{filled.objects['box']}", None, 400, "no segmentation mask"),
        ("POST", f"{base}/thumbnails", {"item_ids": [], "size": 0}, 400, "size is 0"),
        ("POST", f"{base}/thumbnails", {"item_ids": ["x"] * 1001}, 400, "1000 are allowed"),
        ("POST", f"{base}/thumbnails", {}, 400, "item_ids"),
    ]

    for method, path, body, status, message in cases:
        answer = dispatch(filled.engine, Request(method, path, body))
        assert (answer.status, message in answer.payload["error"]) == (status, True), answer


def test_a_stored_picture_that_was_damaged_by_hand_is_named(filled: Filled) -> None:
    for path in (filled.engine.workspace / "media").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:30])

    answer = dispatch(
        filled.engine, Request("GET", f"lab/dataset/{filled.dataset}/image/{filled.id('b')}")
    )
    small = ask(
        filled.engine,
        "POST",
        f"lab/dataset/{filled.dataset}/thumbnails",
        {"item_ids": [filled.id("a"), filled.id("b")]},
    )

    assert (answer.status, answer.payload["code"]) == (400, "media_error")
    assert "/p/b.tif" in answer.payload["error"]
    assert unframe(small.payload) == [b"", b""]
