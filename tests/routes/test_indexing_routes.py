"""Embedding indexes through the routes, on both databases; jobs run where they are submitted."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import wire
from nucleus_lab.engine import Engine, datasets, embeddings, vector_set
from nucleus_lab.engine.settings import Settings
from nucleus_lab.engine.vector_merging import merge
from nucleus_lab.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, decode

from .conftest import asking, box, item

pytestmark = pytest.mark.usefixtures("inline_jobs")


def picture(colour: tuple[int, int, int], stripes: int = 0) -> bytes:
    """A PNG of one colour with dark vertical stripes."""
    pixels = np.full((48, 64, 3), colour, np.uint8)
    for place in range(stripes):
        pixels[:, place * 8 : place * 8 + 4] //= 3
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


COLOURS = {"red": (220, 20, 20), "blue": (20, 20, 220), "green": (20, 200, 20)}


def append(engine, ds, names, **more):
    files = []
    payloads = []
    for number, name in enumerate(names):
        content = picture(COLOURS[name.partition("-")[0]], number % 5)
        files.append(FilePart("image", f"{name}.png", "image/png", content))
        payloads.append({"reference_id": name, "image_url": f"{name}.png", **more})
    answer = dispatch(engine, Request("POST", f"dataset/{ds}/append", payloads, {}, files))
    assert answer.status == 200, answer.payload
    return answer.payload


NAMES = [f"{colour}-{number}" for number in range(4) for colour in COLOURS]


@pytest.fixture
def pictures(engine, ask, ds):
    """Id of a dataset with twelve pictures of three colours."""
    append(engine, ds, NAMES)
    return ds


@pytest.fixture
def indexed(ask, pictures):
    """The same with an image index."""
    done(ask, ask("POST", f"indexing/{pictures}/internal/image"))
    return pictures


def done(ask, job):
    status = ask("GET", f"job/{job['job_id']}")
    assert status["status"] == "Completed", status
    return status["message"]


def failed(ask, job):
    status = ask("GET", f"job/{job['job_id']}")
    assert status["status"] == "Errored", status
    return status["message"]["final_error"]


def send_vectors(ask, engine, ds, vectors, dimension, name="vectors"):
    text = b"".join(wire.encode([key, vector]) + b"\n" for key, vector in vectors.items())
    url = ask("GET", f"dataset/{ds}/signedUrl/{name}")["signed_url"]
    assert dispatch(engine, Request("PUT", url, text)).status == 200
    body = {"embeddings_urls": [], "embedding_dimension": dimension, "requestId": name}
    return ask("POST", f"indexing/{ds}", body)


def status(ask, ds, **body):
    answer = ask("POST", f"dataset/{ds}/indexingStatus", {"image": True, **body})
    answer.pop("additional_context")
    return answer


def test_an_image_index_covers_all_pictures_and_nothing_is_embedded_twice(ask, engine, pictures):
    first = done(ask, ask("POST", f"indexing/{pictures}/internal/image"))
    before = ask("GET", f"dataset/{pictures}/embeddings")
    append(engine, pictures, ["red-9"])
    between = status(ask, pictures)
    second = done(ask, ask("POST", f"indexing/{pictures}/internal/image"))

    assert [first["embeddings_created"], second["embeddings_created"]] == [12, 1]
    assert between == {"embedding_count": 12, "image_count": 13, "percent_indexed": 92.31}
    assert status(ask, pictures)["percent_indexed"] == 100.0
    assert ask("GET", f"dataset/{pictures}/embeddings")[:12] == before
    assert [row["reference_id"] for row in before] == NAMES
    lengths = [np.linalg.norm(row["embedding_vector"]) for row in before]
    assert lengths == pytest.approx([1.0] * 12, abs=1e-5)


def test_an_item_whose_picture_is_replaced_is_embedded_anew(ask, engine, indexed):
    old = ask("GET", f"dataset/{indexed}/embeddings")[0]
    part = FilePart("image", "red-0.png", "image/png", picture(COLOURS["blue"]))
    body = [{"reference_id": "red-0", "image_url": "red-0.png", "update": True}]
    dispatch(engine, Request("POST", f"dataset/{indexed}/append", body, {}, [part]))

    assert status(ask, indexed)["embedding_count"] == 11
    done(ask, ask("POST", f"indexing/{indexed}/internal/image"))
    assert ask("GET", f"dataset/{indexed}/embeddings")[0] != old


def test_new_metadata_alone_leaves_the_embedding(ask, indexed):
    ask("POST", f"dataset/{indexed}/metadata",
        {"metadata": [{"reference_id": "red-0", "metadata": {"a": 1}}]})  # fmt: skip

    assert status(ask, indexed)["embedding_count"] == 12


def test_pictures_that_cannot_be_read_are_named_and_the_others_indexed(ask, pictures):
    lost = item(1, image_url="/gone/picture.jpg")
    # A path that an older client sent without its file cannot come in by append: a URL that may
    # not be fetched can.
    lost["image_url"] = "s3://bucket/none.jpg"
    ask("POST", f"dataset/{pictures}/append", {"items": [lost]})

    job = ask("POST", f"indexing/{pictures}/internal/image")

    message = done(ask, job)
    assert (message["embeddings_created"], message["errored"]) == (12, 1)
    errors = ask("GET", f"job/{job['job_id']}/errors")
    assert len(errors) == 1
    assert "'r1' has no embedding" in errors[0]


def test_a_job_that_can_embed_nothing_fails(ask, ds):
    ask("POST", f"dataset/{ds}/append", {"items": [item(1, image_url="s3://bucket/none.jpg")]})

    job = ask("POST", f"indexing/{ds}/internal/image")

    assert "none of 1 images could be embedded" in failed(ask, job)
    assert ask("GET", f"dataset/{ds}/embeddingIndexes") == {"embedding_indexes": []}


def test_an_empty_dataset_is_indexed_at_once(ask, ds):
    message = done(ask, ask("POST", f"indexing/{ds}/internal/image"))

    assert message["embeddings_created"] == 0
    empty = {"embedding_count": 0, "image_count": 0, "percent_indexed": 0.0}
    assert status(ask, ds) == empty
    assert ask("GET", f"dataset/{ds}/embeddings") == []


def boxes(ds, ask, model=None):
    payloads = [
        box(0, reference_id=name, annotation_id=f"{name}-{label}", label=label)
        | ({"confidence": 0.5} if model else {})
        for name in NAMES[:3]
        for label in ("a", "b")
    ]
    payloads[0]["geometry"] = {"x": 500, "y": 2, "width": 5, "height": 5}
    route = f"dataset/{ds}/model/{model}/uploadPredictions" if model else f"dataset/{ds}/annotate"
    return ask("POST", route, {"annotations": payloads})


def test_objects_are_embedded_as_they_are_cut_out(ask, pictures, model):
    boxes(pictures, ask)
    run = boxes(pictures, ask, model)["model_run_id"]

    truth = ask("POST", f"indexing/{pictures}/internal/object", {"ingest_gt_only": True})
    assert done(ask, truth)["embeddings_created"] == 5
    assert "lies outside of the picture" in ask("GET", f"job/{truth['job_id']}/errors")[0]
    objects = status(ask, pictures, image=False)
    predicted = status(ask, pictures, image=False, model_run_id=run)
    assert objects == {"embedding_count": 5, "object_count": 6, "percent_indexed": 83.33}
    assert predicted == {"embedding_count": 0, "object_count": 6, "percent_indexed": 0.0}
    done(ask, ask("POST", f"indexing/{pictures}/internal/object", {"model_run_id": run}))
    assert status(ask, pictures, image=False, model_run_id=run)["embedding_count"] == 5


@pytest.mark.parametrize("body", [{}, {"ingest_gt_only": True, "model_run_id": "run_1"}])
def test_an_object_index_is_of_one_source(ask, ds, body):
    with pytest.raises(InvalidInputError, match="either gt_only=True"):
        ask("POST", f"indexing/{ds}/internal/object", body)


def test_custom_vectors_come_back_as_they_were_given(ask, engine, pictures):
    given = {"red-0": [0.1, 1.432, -3.829], "blue-0": [1, 2, 3e-7]}

    message = done(ask, send_vectors(ask, engine, pictures, given, 3))

    assert message == {"embeddings_processed": 2, "errored": 0}
    expected = [{"reference_id": name, "embedding_vector": given[name]} for name in given]
    assert ask("GET", f"dataset/{pictures}/embeddings") == expected
    done(ask, send_vectors(ask, engine, pictures, {"red-0": [9, 9, 9]}, 3, "again"))
    assert ask("GET", f"dataset/{pictures}/embeddings")[0]["embedding_vector"] == [9, 9, 9]


def test_faulty_custom_vectors_are_named_and_the_others_kept(ask, engine, pictures):
    given = {
        "red-0": [1, 2, 3],
        "blue-0": [1, 2],
        "green-0": "text",
        "red-1": [1, None, 3],
        "blue-1": [1, 10**400, 3],
        "blue-2": [1e39, 1, 1],
        "blue-3": [True, 1, 1],
        "nobody": [1, 2, 3],
    }
    job = send_vectors(ask, engine, pictures, given, 3)

    assert done(ask, job) == {"embeddings_processed": 1, "errored": 7}
    errors = "\n".join(ask("GET", f"job/{job['job_id']}/errors"))
    for name in [*given][1:]:
        assert name in errors


def test_custom_vectors_of_another_length_are_refused_until_the_index_is_deleted(
    ask, engine, pictures
):
    done(ask, send_vectors(ask, engine, pictures, {"red-0": [1, 2, 3]}, 3))

    with pytest.raises(ConflictError, match="vectors of 3 numbers, and 2 were given"):
        send_vectors(ask, engine, pictures, {"red-0": [1, 2]}, 2, "other")
    gone = ask("DELETE", f"indexing/{pictures}", {"image": True})
    assert gone["embeddings_deleted"] == 1
    done(ask, send_vectors(ask, engine, pictures, {"red-0": [1, 2]}, 2, "third"))


@pytest.mark.parametrize(
    ("body", "fault", "text"),
    [
        ({"embedding_dimension": 3}, InvalidInputError, "embeddings_urls is empty"),
        ({"embedding_dimension": 0, "embeddings_urls": ["https://a/b"]}, InvalidInputError, "is 0"),
        (
            {"embedding_dimension": 3, "embeddings_urls": ["/etc/hosts"]},
            InvalidInputError,
            "no URL",
        ),
        ({"embedding_dimension": 3, "embeddings_urls": ["ftp://a/b"]}, InvalidInputError, "ftp"),
        ({"embedding_dimension": 3, "requestId": "nothing"}, NotFoundError, "nothing was uploaded"),
        ({"embedding_dimension": "3", "embeddings_urls": []}, InvalidInputError, "does not fit"),
    ],
)
def test_bad_custom_indexes_are_refused(ask, ds, body, fault, text):
    with pytest.raises(fault, match=text):
        ask("POST", f"indexing/{ds}", body)


def test_the_primary_index_is_the_first_one_until_another_is_chosen(ask, engine, indexed):
    done(ask, send_vectors(ask, engine, indexed, {"red-0": [1, 2, 3]}, 3))

    def primary():
        rows = ask("GET", f"dataset/{indexed}/embeddingIndexes")["embedding_indexes"]
        return [(row["index_type"], row["is_primary"], row["embedding_dimension"]) for row in rows]

    assert primary() == [("Internal", True, 248), ("Custom", False, 3)]
    assert ask("POST", f"indexing/{indexed}/setPrimary", {"custom": True}) == {"success": True}
    assert len(ask("GET", f"dataset/{indexed}/embeddings")) == 1
    ask("DELETE", f"indexing/{indexed}", {"image": True})
    assert primary() == [("Internal", True, 248)]
    with pytest.raises(NotFoundError, match="no custom image index"):
        ask("POST", f"indexing/{indexed}/setPrimary", {"custom": True})
    with pytest.raises(NotFoundError, match="no custom object index"):
        ask("DELETE", f"indexing/{indexed}", {"image": False})


def test_continuous_indexing_embeds_what_is_appended(ask, engine, pictures):
    answer = ask("POST", f"indexing/{pictures}/setContinuous", {"enable": True})
    assert status(ask, pictures)["percent_indexed"] == 100.0
    append(engine, pictures, ["red-7", "blue-7"])
    after = status(ask, pictures)
    off = ask("POST", f"indexing/{pictures}/setContinuous", {"enable": False})
    append(engine, pictures, ["red-8"])

    assert set(answer) == {
        "dataset_id", "message", "job_id", "job_last_known_status", "job_type", "job_creation_time",
    }  # fmt: skip
    assert off == {"dataset_id": pictures, "message": "Continuous indexing is off"}
    assert after == {"embedding_count": 14, "image_count": 14, "percent_indexed": 100.0}
    assert status(ask, pictures)["embedding_count"] == 14


def test_deleted_items_lose_their_vectors_and_files_merge_without_them(ask, engine, indexed):
    for name in NAMES[:6]:
        ask("DELETE", f"dataset/{indexed}/refloc/{name}")
    left = [row["reference_id"] for row in ask("GET", f"dataset/{indexed}/embeddings")]
    with engine.store.read() as connection:
        row = datasets.get(connection, indexed)
        index = embeddings.primary(connection, row.id, "image")
    before = vector_set.load(engine, index)
    kept = before.take(before.live())

    assert merge(engine, index) == 1

    after = vector_set.load(engine, index)
    assert left == NAMES[6:]
    assert (len(before.keys), len(after.keys)) == (12, 6)
    assert np.array_equal(after.take(after.live()), kept)
    assert len(list((engine.workspace / "vectors").iterdir())) == 1


def test_many_small_files_become_one(ask, engine, ds):
    ask("POST", f"indexing/{ds}/setContinuous", {"enable": True})
    for name in NAMES:
        append(engine, ds, [name])

    assert [row["reference_id"] for row in ask("GET", f"dataset/{ds}/embeddings")] == NAMES
    assert len(list((engine.workspace / "vectors").iterdir())) <= 9


def test_a_deleted_dataset_leaves_no_rows_and_its_files_are_swept(ask, engine, indexed):
    ask("DELETE", f"dataset/{indexed}")

    assert engine.vectors.sweep(grace_s=0) == 1
    assert list((engine.workspace / "vectors").iterdir()) == []


def test_a_sweep_leaves_files_that_rows_name(ask, engine, indexed):
    assert engine.vectors.sweep(grace_s=0) == 0
    assert len(ask("GET", f"dataset/{indexed}/embeddings")) == 12


def test_another_embedder_replaces_the_vectors(ask, engine, indexed):
    with engine.store.write() as connection:
        connection.exec_driver_sql("UPDATE embedding_index SET embedder = 'colour-gradient-0'")

    message = done(ask, ask("POST", f"indexing/{indexed}/internal/image"))

    rows = ask("GET", f"dataset/{indexed}/embeddingIndexes")["embedding_indexes"]
    assert message["embeddings_created"] == 12
    assert [(row["embedding_type"], row["is_primary"]) for row in rows] == [
        ("colour-gradient-1", True)
    ]


def test_an_unknown_embedder_is_refused_before_anything_is_queued(workspace):
    settings = Settings(inline_jobs=True, embedder="clip-9")
    engine = Engine(workspace, settings=settings)
    try:
        ask = asking(engine)
        ds = ask("POST", "dataset/create", {"name": "a"})["dataset_id"]
        with pytest.raises(InvalidInputError, match="known are colour-gradient-1"):
            ask("POST", f"indexing/{ds}/internal/image")
    finally:
        engine.close()


def test_an_export_job_writes_files_and_of_a_slice_only_its_items(ask, engine, indexed):
    body = {"name": "some", "reference_ids": ["blue-1", "red-0"]}
    slc = ask("POST", f"dataset/{indexed}/create_slice", body)["slice_id"]

    whole = done(ask, ask("POST", f"dataset/{indexed}/async_export_embeddings"))
    part = done(ask, ask("POST", f"dataset/{slc}/async_export_embeddings", {}))

    def read(message):
        return [
            row
            for url in message["result"]
            for row in decode(Path(url.removeprefix("file://")).read_bytes())
        ]

    rows = ask("GET", f"dataset/{indexed}/embeddings")
    assert read(whole) == rows
    wanted = [row for row in rows if row["reference_id"] in {"blue-1", "red-0"}]
    assert read(part) == wanted
    assert ask("GET", f"slice/{slc}/embeddings") == wanted


def test_a_forged_export_url_is_refused(ask, engine):
    for token in ("x", "export.a.json.1.aa", "media.1.1.9999999999.aa"):
        with pytest.raises(ForbiddenError, match="not made by this server"):
            ask("GET", f"lab/export/{token}")


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", "indexing/{ds}/internal/image"),
        ("POST", "indexing/{ds}/setContinuous"),
        ("POST", "indexing/{ds}/setPrimary"),
        ("DELETE", "indexing/{ds}"),
        ("POST", "dataset/{ds}/async_export_embeddings"),
        ("GET", "dataset/{ds}/embeddings"),
        ("GET", "dataset/{ds}/embeddingIndexes"),
        ("GET", "{ds}/list_autotags"),
    ],
)
def test_an_unknown_dataset_is_not_found(ask, method, route):
    with pytest.raises(NotFoundError):
        ask(method, route.format(ds="ds_00000000000ff"), {})


KILLED = """
import os, signal, sys
from nucleus_lab.engine import Engine, embeddings
from nucleus_lab.engine.settings import Settings
from nucleus_lab.engine.work import index_pictures

index_pictures.AT_ONCE = index_pictures.KEPT_AT_ONCE = 4
calls = 0
changed = embeddings.changed

def kill_at_second(connection, index_id):
    global calls
    calls += 1
    changed(connection, index_id)
    if calls == 2:  # the file of the second batch is written, and its rows are not yet kept
        os.kill(os.getpid(), signal.SIGKILL)

embeddings.changed = kill_at_second
engine = Engine(sys.argv[1], database_url=sys.argv[2] or None, settings=Settings(inline_jobs=True))
engine.jobs.submit("indexingImage", {}, dataset_id=1)
"""


def test_a_killed_job_leaves_no_row_without_its_file_and_is_taken_up_again(ask, engine, pictures):
    command = [sys.executable, "-c", KILLED, str(engine.workspace), engine.database_url or ""]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == -9, ended.stderr

    files = {path.name for path in (engine.workspace / "vectors").iterdir()}
    with engine.store.read() as connection:
        query = "SELECT file, count FROM embedding_segment"
        segments = connection.exec_driver_sql(query).all()
    assert [(count, name in files) for name, count in segments] == [(4, True)]
    assert len(files) == 2
    assert status(ask, pictures)["embedding_count"] == 4
    message = done(ask, ask("POST", f"indexing/{pictures}/internal/image"))
    assert message["embeddings_created"] == 8
    assert engine.vectors.sweep(grace_s=0) == 1
    assert len(ask("GET", f"dataset/{pictures}/embeddings")) == 12


def test_a_lost_file_is_named(ask, engine, indexed):
    for path in (engine.workspace / "vectors").iterdir():
        path.unlink()

    answer = dispatch(engine, Request("GET", f"dataset/{indexed}/embeddings"))

    assert answer.status == 500
    assert "is missing from the workspace" in json.dumps(answer.payload)
