"""Annotations that are deleted and kept."""

from __future__ import annotations

import pytest
from PIL import Image

from nucleus_lab.errors import InvalidInputError, NotFoundError, PayloadTooLargeError
from nucleus_lab.wire import FilePart

from .conftest import box

pytestmark = pytest.mark.usefixtures("inline_jobs")


def annotate(ask, ds, *values, **more):
    return ask("POST", f"dataset/{ds}/annotate", {"annotations": list(values), **more})


def delete(ask, ds, *names, **more):
    job = ask("DELETE", f"annotation/{ds}", {"reference_ids": list(names), **more})
    return ask("GET", f"job/{job['job_id']}")["message"]


def kept(ask, ds, **more):
    return ask("POST", f"lab/dataset/{ds}/deletedAnnotations", more)["annotations"]


def restore(ask, ds, *ids):
    return ask("POST", f"lab/dataset/{ds}/restoreAnnotations", {"annotation_ids": list(ids)})


def boxes(ask, ds, name):
    return ask("GET", f"dataset/{ds}/refloc/{name}")["annotations"].get("box", [])


def test_deleted_annotations_are_listed_and_come_back_as_they_were(ask, five):
    category = {"label": "wet", "type": "category", "geometry": {}, "reference_id": "r1",
                "metadata": {"k": [1, "ä"]}, "track_reference_id": "t"}  # fmt: skip
    given = [box(0, metadata={"a": 1.5}), box(1), box(1, "bus", embedding_vector=[0.5, 1.0])]
    annotate(ask, five, *given, category)
    before = {n: ask("GET", f"dataset/{five}/refloc/r{n}")["annotations"] for n in (0, 1)}
    ids = [ask("GET", f"dataset/{five}/refloc/r{n}")["item"]["id"] for n in (0, 1)]
    rows = ask("POST", f"lab/dataset/{five}/rows", {"item_ids": ids})["rows"]
    keys = [one["id"] for row in rows for one in row["annotations"]]

    said = delete(ask, five, "r0", "r1")

    assert said == {"dataset_id": five, "annotations_deleted": 4, "history_kept": True}
    assert (boxes(ask, five, "r0"), boxes(ask, five, "r1")) == ([], [])
    listed = kept(ask, five)
    assert [row["id"] for row in listed] == keys
    assert [row["annotation"] for row in listed] == [*given, category]
    assert all(row["deleted_at"].endswith("Z") for row in listed)
    of_first = kept(ask, five, reference_ids=["r0"])
    assert [row["annotation"] for row in of_first] == given[:1]
    answer = restore(ask, five, *keys)
    assert answer == {"dataset_id": five, "annotations_restored": 4, "annotations_ignored": 0}
    after = {n: ask("GET", f"dataset/{five}/refloc/r{n}")["annotations"] for n in (0, 1)}
    assert after == before
    assert ask("POST", f"lab/dataset/{five}/rows", {"item_ids": ids})["rows"] == rows
    assert kept(ask, five) == []


def test_without_history_nothing_remains_of_now_or_before(ask, five):
    annotate(ask, five, box(0), box(1))
    delete(ask, five, "r0", "r1")
    annotate(ask, five, box(0, "bus"))

    said = delete(ask, five, "r0", keep_history=False)

    assert said == {"dataset_id": five, "annotations_deleted": 1, "history_kept": False}
    assert [row["annotation"]["reference_id"] for row in kept(ask, five)] == ["r1"]


def test_what_took_the_place_of_a_deleted_annotation_stays(ask, five):
    annotate(ask, five, box(0))
    delete(ask, five, "r0")
    annotate(ask, five, box(0, metadata={"n": 2}))
    delete(ask, five, "r0")
    first, second = (row["id"] for row in kept(ask, five))

    newest = restore(ask, five, first, second)
    again = restore(ask, five, first)

    assert (newest["annotations_restored"], newest["annotations_ignored"]) == (1, 1)
    assert (again["annotations_restored"], again["annotations_ignored"]) == (0, 1)
    assert first in again["errors"][0]
    assert boxes(ask, five, "r0") == [box(0, metadata={"n": 2})]
    assert [row["id"] for row in kept(ask, five)] == [first]


def test_they_come_in_pages(ask, five):
    annotate(ask, five, *(box(n) for n in range(5)))
    delete(ask, five, *(f"r{n}" for n in range(5)))
    route = f"lab/dataset/{five}/deletedAnnotations"

    found, token = [], None
    while True:
        answer = ask("POST", route, {"pageSize": 2, "pageToken": token})
        found.append([row["annotation"]["reference_id"] for row in answer["annotations"]])
        token = answer["nextPageToken"]
        if token is None:
            break

    assert found == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    with pytest.raises(InvalidInputError, match="pageToken"):
        ask("POST", route, {"pageToken": "²"})
    with pytest.raises(NotFoundError, match="nothing"):
        ask("POST", route, {"reference_ids": ["nothing"]})


def test_what_is_not_kept_here_is_not_restored(ask, five):
    annotate(ask, five, box(0), box(1))
    delete(ask, five, "r0")
    key = kept(ask, five)[0]["id"]
    other = ask("POST", "dataset/create", {"name": "other"})["dataset_id"]

    with pytest.raises(NotFoundError, match=key):
        restore(ask, other, key)
    with pytest.raises(NotFoundError, match="ann_00000000003e7"):
        restore(ask, five, key, "ann_00000000003e7")
    with pytest.raises(NotFoundError):
        restore(ask, five, "di_1")
    with pytest.raises(PayloadTooLargeError, match="10000"):
        restore(ask, five, *[key] * 10_001)
    assert boxes(ask, five, "r0") == []


def test_they_go_with_their_item_their_taxonomy_and_their_dataset(ask, five, engine):
    taxonomy = {"taxonomy_name": "weather", "type": "category", "labels": ["wet"]}
    ask("POST", f"dataset/{five}/add_taxonomy", taxonomy)
    wet = {"label": "wet", "type": "category", "geometry": {}, "reference_id": "r1",
           "taxonomy_name": "weather"}  # fmt: skip
    annotate(ask, five, box(0), box(1), box(2), wet)
    delete(ask, five, "r0", "r1", "r2")

    ask("DELETE", f"dataset/{five}/refloc/r0")
    ask("DELETE", f"dataset/{five}/taxonomy/weather")

    assert [row["annotation"] for row in kept(ask, five)] == [box(1), box(2)]
    ask("DELETE", f"dataset/{five}")
    from nucleus_lab.engine.schema import deleted_annotation

    with engine.store.read() as connection:
        assert connection.execute(deleted_annotation.select()).all() == []


def test_a_deleted_mask_keeps_its_file_as_long_as_it_is_kept(ask, five, engine, tmp_path):
    path = tmp_path / "m.png"
    Image.new("L", (4, 3)).save(path)
    mask = {"type": "mask", "mask_url": str(path), "annotations": [], "reference_id": "r0"}
    body = {"segmentations": [mask]}
    ask("POST", f"dataset/{five}/annotate", body, files=[FilePart("mask", str(path), str(path))])

    delete(ask, five, "r0")
    assert engine.media.sweep(grace_s=0) == 0
    key = kept(ask, five)[0]["id"]
    restore(ask, five, key)
    assert ask("GET", f"lab/dataset/{five}/mask/{key}") == path.read_bytes()
    delete(ask, five, "r0", keep_history=False)

    assert engine.media.sweep(grace_s=0) == 1
