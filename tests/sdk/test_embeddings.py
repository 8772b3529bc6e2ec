"""Embeddings, similarity, autotags and samples from the SDK, in-process and over HTTP."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import BoxAnnotation, DatasetItem
from nucleus_lab.async_job import AsyncJob, EmbeddingsExportJob
from nucleus_lab.errors import (
    ConflictError,
    InvalidInputError,
    JobError,
    MediaError,
    NotFoundError,
)
from nucleus_lab.slice import (
    SliceBuilderFilterAutotag,
    SliceBuilderFilters,
    SliceBuilderMethods,
)


def finished(job):
    job.sleep_until_complete(verbose_std_out=False)
    return job.status()["message"]


@pytest.fixture
def photographs(shared_data, client):
    """A dataset of photographs of blood, of hands and of streets, and their paths."""
    found = {}
    for kind, pattern in [("blood", "bccd/images/*.jpg"), ("hand", "sign_digits/0/*.JPG")]:
        for path in sorted(shared_data.glob(pattern))[:12]:
            found[f"{kind}/{path.name}"] = path
    for path in sorted(shared_data.glob("coco40_panoptic_yolo/**/*.jpg"))[:12]:
        found[f"photo/{path.name}"] = path
    assert len(found) == 36
    dataset = client.create_dataset("photographs")
    dataset.append([DatasetItem(str(path), name) for name, path in found.items()])
    return dataset, found


@pytest.fixture
def indexed(photographs):
    """The same with an image index."""
    dataset, found = photographs
    finished(dataset.create_image_index())
    return dataset, found


def kinds(rows):
    return [row["item"].reference_id.partition("/")[0] for row in rows]


@pytest.mark.shared_data
def test_real_photographs_are_found_learnt_and_sampled(client, indexed):
    dataset, found = indexed
    blood = [name for name in found if name.startswith("blood")]
    hands = [name for name in found if name.startswith("hand")]
    photos = [name for name in found if name.startswith("photo")]

    status = dataset.get_image_indexing_status()
    assert (status["embedding_count"], status["image_count"]) == (36, 36)
    assert "object_count" not in status
    assert kinds(dataset.similar(blood[0], limit=5)) == ["blood"] * 5
    by_path = dataset.similar(picture=found[hands[0]], limit=3)
    assert by_path[0]["item"].reference_id == hands[0]
    assert by_path[0]["score"] == pytest.approx(1.0, abs=1e-5)
    with Image.open(found[hands[0]]) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    assert dataset.similar(picture=pixels, limit=1)[0]["item"].reference_id == hands[0]

    made = dataset.create_autotag("blood cells", blood[:4], [*hands[:2], *photos[:4]])
    finished(made["job"])
    tagged = [row["ref_id"] for row in dataset.autotag_items("blood cells")["autotagItems"]]
    assert set(blood) <= set(tagged)
    assert len(tagged) <= 14
    queried = {item.reference_id for item in dataset.query_items('autotag.image = "blood cells"')}
    assert queried == set(tagged)
    training = dataset.autotag_training_items("blood cells")
    chosen = [row["ref_id"] for row in training["autotagPositiveTrainingItems"]]
    assert chosen == blood[:4]
    metrics = client.get_autotag_refinement_metrics(made["autotag"]["id"])
    assert metrics["total_refinement_steps"] == 1
    assert 0 < metrics["lab"]["precision"] <= 1

    job, slice_id = dataset.build_slice("three", 3, SliceBuilderMethods.UNIQUENESS)
    finished(job)
    assert (
        len({item.reference_id.partition("/")[0] for item in client.get_slice(slice_id).items}) > 1
    )
    filters = SliceBuilderFilters(autotag=SliceBuilderFilterAutotag(made["autotag"]["id"], [0, 1]))
    job, slice_id = dataset.build_slice("tagged", 5, "random", filters)
    finished(job)
    assert {item.reference_id for item in client.get_slice(slice_id).items} <= set(tagged)
    assert client.delete_autotag(made["autotag"]["id"]) == {}
    assert dataset.list_autotags() == []


@pytest.mark.shared_data
def test_an_export_is_the_same_as_a_list_and_as_files(client, indexed):
    dataset, found = indexed
    rows = dataset.export_embeddings(asynchronous=False)
    job = dataset.export_embeddings()
    made = dataset.create_slice("two", list(found)[:2])

    assert [row["reference_id"] for row in rows] == list(found)
    assert type(job) is EmbeddingsExportJob
    urls = job.result_urls()
    assert client.embedded == urls[0].startswith("file:")
    with urllib.request.urlopen(urls[0]) as file:
        assert json.load(file) == rows
    assert made.export_embeddings(asynchronous=False) == rows[:2]
    with urllib.request.urlopen(made.export_embeddings().result_urls()[0]) as file:
        assert json.load(file) == rows[:2]


@pytest.fixture
def dataset(client):
    """A dataset of five items."""
    made = client.create_dataset("five")
    made.append([DatasetItem(f"https://example.org/{n}.jpg", f"r{n}") for n in range(5)])
    return made


def test_custom_vectors_come_from_files_and_mappings(dataset, tmp_path):
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"r0": [0.1, 0.2], "r1": [1, 2]}))
    mapping = {"r2": np.array([3, 4], np.float32)}

    message = finished(dataset.create_custom_index([path, str(path), mapping], embedding_dim=2))

    assert message["embeddings_processed"] == 3  # the same file twice counts once
    assert dataset.export_embeddings(asynchronous=False) == [
        {"reference_id": "r0", "embedding_vector": [0.1, 0.2]},
        {"reference_id": "r1", "embedding_vector": [1.0, 2.0]},
        {"reference_id": "r2", "embedding_vector": [3.0, 4.0]},
    ]
    index = dataset.embedding_indexes[0]
    assert (index["index_type"], index["index_level"], index["is_primary"]) == (
        "Custom", "Image", True,
    )  # fmt: skip
    assert dataset.set_primary_index(custom=True) == {"success": True}
    assert dataset.delete_custom_index()["embeddings_deleted"] == 3
    assert dataset.embedding_indexes == []


@pytest.mark.parametrize(
    ("content", "fault", "text"),
    [
        (None, MediaError, "cannot be read"),
        ("{", InvalidInputError, "not valid JSON"),
        ("[1, 2]", InvalidInputError, "holds a list"),
    ],
)
def test_a_bad_file_of_vectors_is_named(dataset, tmp_path, content, fault, text):
    path = tmp_path / "vectors.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(fault, match=text):
        dataset.create_custom_index([os.fspath(path)], 2)
    with pytest.raises(InvalidInputError, match="embeddings_urls is empty"):
        dataset.create_custom_index([], 2)


def test_vectors_with_nan_never_leave_the_caller(dataset):
    with pytest.raises(InvalidInputError, match="cannot carry"):
        dataset.create_custom_index([{"r0": [float("nan"), 1]}], 2)


def test_continuous_indexing_is_a_switch(dataset):
    on = dataset.set_continuous_indexing()
    off = dataset.set_continuous_indexing(enable=False)

    assert isinstance(on["backfill_job"], AsyncJob)
    assert (on["backfill_job"].job_type, on["dataset_id"]) == ("indexingImage", dataset.id)
    assert set(off) == {"dataset_id", "message"}


def test_an_object_index_needs_to_know_of_what(dataset):
    for wrong in ({}, {"model_run_id": "run_1", "gt_only": True}):
        with pytest.raises(InvalidInputError, match="either gt_only=True or model_run_id"):
            dataset.create_object_index(**wrong)


@pytest.mark.shared_data
def test_objects_of_real_photographs_are_indexed(photographs):
    dataset, found = photographs
    names = list(found)[:3]
    dataset.annotate([BoxAnnotation("a", 10, 10, 90, 90, reference_id=name) for name in names])

    assert finished(dataset.create_object_index(gt_only=True))["embeddings_created"] == 3
    status = dataset.get_object_indexing_status()
    assert (status["object_count"], status["percent_indexed"]) == (3, 100.0)
    assert "image_count" not in status
    rows = dataset.similar(picture=found[names[0]], level="Object")
    assert {row["object_id"][:4] for row in rows} == {"ann_"}
    assert rows[0]["annotation"].label == "a"


def test_searches_say_what_is_missing(dataset):
    with pytest.raises(InvalidInputError, match="give one of"):
        dataset.similar()
    with pytest.raises(InvalidInputError, match="give one of"):
        dataset.similar("r0", vector=[1])
    with pytest.raises(ConflictError, match="create_image_index"):
        dataset.similar("r0")
    with pytest.raises(MediaError, match="cannot be read"):
        dataset.similar(picture="/gone.jpg")
    with pytest.raises(InvalidInputError, match="picture is a"):
        dataset.similar(picture=3.5)


def test_bad_samples_are_refused_before_they_are_sent(dataset):
    with pytest.raises(InvalidInputError, match="use 'Random' or 'Uniqueness'"):
        dataset.build_slice("a", 3, "Best")
    with pytest.raises(InvalidInputError, match="use 1 or more"):
        dataset.build_slice("a", 0, "Random")


def test_unknown_autotags_are_not_found(client, dataset):
    with pytest.raises(NotFoundError, match="The autotag x/y was not found in dataset"):
        dataset.autotag_items("x/y")
    with pytest.raises(NotFoundError, match="The autotag x/y was not found in dataset"):
        dataset.autotag_training_items("x/y")
    for ask in (client.delete_autotag, client.get_autotag_refinement_metrics):
        with pytest.raises(NotFoundError, match="there is no autotag"):
            ask("tag_9")


def test_another_place_than_a_path_is_no_picture(dataset, tmp_path):
    with pytest.raises(MediaError, match="cannot be read"):
        dataset.similar(picture=Path(tmp_path))


def test_pictures_in_privacy_mode_are_not_fetched_to_be_indexed(client):
    made = client.create_dataset("private", use_privacy_mode=True)
    made.append([DatasetItem("https://example.org/1.jpg", "r", width=8, height=8)])
    job = made.create_image_index()

    with pytest.raises(JobError, match="privacy mode"):
        job.sleep_until_complete(verbose_std_out=False)
    assert "never fetched here" in job.errors()[0]
