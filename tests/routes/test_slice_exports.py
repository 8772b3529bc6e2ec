"""Slices exported for other programs: files by signed URLs, objects with what belongs to them."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from PIL import Image

from nucleus_lab.errors import ConflictError, ForbiddenError, NotFoundError
from nucleus_lab.wire import FilePart

from .conftest import box, item
from .test_slice_routes import create

pytestmark = pytest.mark.usefixtures("inline_jobs")


def test_objects_are_exported_raw_with_their_item_and_their_match(ask, five, model):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0), box(1)]})
    route = f"dataset/{five}/model/{model}"
    found = [box(1, confidence=0.5), box(2, confidence=0.5)]
    ask("POST", f"{route}/uploadPredictions", {"annotations": found})
    ids = [ask("GET", f"dataset/{five}/refloc/r{n}")["item"]["id"] for n in (0, 1, 2)]
    rows = ask("POST", f"lab/dataset/{five}/rows", {"item_ids": ids, "model_id": model})["rows"]
    truth = [one["id"] for row in rows for one in row["annotations"]]
    predicted = [one["id"] for row in rows for one in row["predictions"]]
    slc = create(ask, five, object_ids=[*truth, *predicted])

    apart = ask("GET", f"slice/{slc}/export_raw_json")
    body = {"allowed_label_matches": [], "class_agnostic": True}
    job = ask("POST", f"{route}/calculateEvaluationMetrics", body)["job_id"]
    assert ask("GET", f"job/{job}")["status"] == "Completed"
    joined = ask("GET", f"slice/{slc}/export_raw_json")

    def told(entries):
        names = [sorted(set(entry) - {"item"}) for entry in entries]
        return [
            (entry["item"]["ref_id"], *name) for entry, name in zip(entries, names, strict=True)
        ]

    assert told(apart) == [
        ("r0", "annotation"),
        ("r1", "annotation"),
        ("r1", "prediction"),
        ("r2", "prediction"),
    ]
    assert told(joined) == [
        ("r0", "annotation"),
        ("r1", "annotation", "prediction"),
        ("r2", "prediction"),
    ]
    extra = {"id": truth[1], "dataset_item_id": ids[1]}
    assert joined[1]["annotation"] == box(1) | extra
    assert joined[1]["item"] == ask("GET", f"dataset/{five}/refloc/r1")["item"]


def test_only_objects_are_exported_raw(ask, five):
    slc = create(ask, five, reference_ids=["r1"])

    with pytest.raises(ConflictError, match="dataset_item"):
        ask("GET", f"slice/{slc}/export_raw_json")


def test_files_are_read_by_signed_urls_until_they_expire(ask, engine, ds, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 3), "red").save(path)
    part = FilePart("image", str(path), str(path))
    body = [{"reference_id": "stored", "image_url": str(path)}]
    ask("POST", f"dataset/{ds}/append", body, files=[part])
    ask("POST", f"dataset/{ds}/append", {"items": [item(0)]})
    slc = create(ask, ds, reference_ids=["r0", "stored"])
    route = f"slice/{slc}/exportRawItems"

    remote, stored = ask("GET", route, base_url="https://lab.test/v1")["raw_dataset_items"]
    own = ask("GET", route)["raw_dataset_items"][1]["scale_url"]

    assert remote == {
        "id": remote["id"],
        "ref_id": "r0",
        "metadata": {"number": 0},
        "original_url": "https://example.org/0.jpg",
        "scale_url": "https://example.org/0.jpg",
    }
    assert stored["original_url"] == str(path)
    signed = stored["scale_url"].removeprefix("https://lab.test/v1/")
    assert ask("GET", signed) == path.read_bytes()
    assert own.startswith("file:///")
    assert Path(url2pathname(urlsplit(own).path)).read_bytes() == path.read_bytes()
    forged = signed.replace("lab/media/media.1", "lab/media/media.2")
    for wrong in (forged, "lab/media/x", "lab/media/media.1.1.9.", "lab/media/..."):
        with pytest.raises(ForbiddenError, match="not made by this server"):
            ask("GET", wrong)
    later = time.time() + engine.settings.media_url_s + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(ForbiddenError, match="expired"):
        ask("GET", signed)


def test_a_signed_url_dies_with_its_item(ask, ds, tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (4, 3)).save(path)
    part = FilePart("image", str(path), str(path))
    ask(
        "POST",
        f"dataset/{ds}/append",
        [{"reference_id": "a", "image_url": str(path)}],
        files=[part],
    )
    slc = create(ask, ds, reference_ids=["a"])
    rows = ask("GET", f"slice/{slc}/exportRawItems", base_url="https://lab.test")
    signed = rows["raw_dataset_items"][0]["scale_url"].removeprefix("https://lab.test/")

    ask("DELETE", f"dataset/{ds}/refloc/a")

    with pytest.raises(NotFoundError, match="deleted"):
        ask("GET", signed)
