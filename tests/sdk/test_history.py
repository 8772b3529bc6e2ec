"""Undoing deletions, declared metadata types and raw exports of slices, through the SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname, urlopen

import pytest
from PIL import Image

from nucleus_lab import BoxAnnotation, BoxPrediction, DatasetItem, NotFoundError
from nucleus_lab.errors import ConflictError, InvalidInputError

TRUTH = [
    BoxAnnotation("car", 1, 2, 3, 4, "a", "one", metadata={"k": [1, None]}),
    BoxAnnotation("bus", 5, 6, 7, 8, "a"),
    BoxAnnotation("car", 1, 2, 3, 4, "b"),
]


@pytest.fixture
def dataset(client: Any) -> Any:
    made = client.create_dataset("x")
    made.append([DatasetItem(f"https://example.org/{name}.jpg", name) for name in "abc"])
    made.annotate(TRUTH)
    return made


def boxes(dataset: Any) -> list[list[Any]]:
    return [row["annotations"]["box"] for row in dataset.items_and_annotations()]


def test_a_deletion_is_undone(dataset: Any) -> None:
    before = boxes(dataset)
    dataset.delete_annotations(["a", "b"]).sleep_until_complete(verbose_std_out=False)
    assert boxes(dataset) == [[], [], []]

    kept = dataset.deleted_annotations()
    answer = dataset.restore_annotations([row["id"] for row in kept])

    assert [row["annotation"] for row in kept] == TRUTH
    assert abs(kept[0]["deleted_at"] - datetime.now(UTC)) < timedelta(minutes=5)
    assert answer == {"dataset_id": dataset.id, "annotations_restored": 3, "annotations_ignored": 0}
    assert boxes(dataset) == before
    assert dataset.deleted_annotations() == []


def test_a_deletion_without_history_is_final(dataset: Any) -> None:
    dataset.delete_annotations(["a"]).sleep_until_complete(verbose_std_out=False)
    first = dataset.deleted_annotations(["a"])[0]["id"]
    job = dataset.delete_annotations(["a", "b"], keep_history=False)
    job.sleep_until_complete(verbose_std_out=False)

    assert dataset.deleted_annotations() == []
    with pytest.raises(NotFoundError, match=first):
        dataset.restore_annotations([first])
    with pytest.raises(NotFoundError, match="nobody"):
        dataset.deleted_annotations(["nobody"])
    assert dataset.restore_annotations([])["annotations_restored"] == 0


def test_a_schema_holds_for_items_and_annotations(client: Any) -> None:
    schema = {"speed": {"type": "number"}}
    dataset = client.create_dataset(
        "x", item_metadata_schema=schema, annotation_metadata_schema=schema
    )
    good = DatasetItem("https://example.org/a.jpg", "a", metadata={"speed": 1})
    wrong = DatasetItem("https://example.org/b.jpg", "b", metadata={"speed": "1"})

    answer = dataset.append([good, wrong])
    sent = [BoxAnnotation("car", 1, 2, 3, 4, "a", "1", metadata={"speed": "1"}), TRUTH[1]]
    annotated = dataset.annotate(sent)

    assert (answer.new_items, answer.upload_errors, dataset.items) == (1, 1, [good])
    assert "Metadata type conflict: item 'b'" in answer.error_payload[0]["error"]
    assert annotated["annotations_processed"] == 1
    assert "annotation '1' of item 'a'" in annotated["errors"][0]
    job = dataset.append([wrong], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    assert ["type conflict" in error for error in job.errors()] == [True]
    with pytest.raises(InvalidInputError, match="item 'a'"):
        dataset.update_item_metadata({"a": {"speed": "fast"}})
    info = dataset.info()
    assert info.item_metadata_schema == info.annotation_metadata_schema == schema
    with pytest.raises(InvalidInputError, match=r"annotation_metadata_schema\.speed"):
        client.create_dataset("y", annotation_metadata_schema={"speed": {"type": "int"}})


def test_the_files_of_a_slice_are_read_without_a_key(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "ä b.png"
    Image.new("RGB", (4, 3), "red").save(path)
    dataset = client.create_dataset("x")
    dataset.append([DatasetItem(str(path), "a", metadata={"n": 1})])

    answer = dataset.create_slice("s", ["a"]).export_raw_items()

    (row,) = answer
    assert answer["raw_dataset_items"] == [row]  # as scripts of the published client ask
    assert (row["ref_id"], row["metadata"], row["original_url"]) == ("a", {"n": 1}, str(path))
    assert row["id"] == dataset.items[0].dataset_item_id
    url = urlsplit(row["scale_url"])
    if client.embedded:
        assert url.scheme == "file"
        content = Path(url2pathname(url.path)).read_bytes()
    else:
        with urlopen(row["scale_url"]) as answered:
            content = answered.read()
            assert answered.headers["content-type"] == "image/png"
    assert content == path.read_bytes()


def test_objects_are_exported_with_their_items(client: Any, dataset: Any) -> None:
    model = client.create_model("m", "m")
    found = BoxPrediction("bus", 5, 6, 7, 8, "c", confidence=0.5)
    dataset.upload_predictions(model, [found])
    ids = [item.dataset_item_id for item in dataset.items]
    rows = dataset.rows(ids, model=model)
    truth = rows[0]["annotations"][1]["id"]
    made = dataset.create_slice_by_ids(
        "o", annotation_ids=[truth], prediction_ids=[rows[2]["predictions"][0]["id"]]
    )

    first, second = made.export_raw_json()

    assert (first["item"]["reference_id"], first["annotation"]["id"]) == ("a", truth)
    assert BoxAnnotation.from_json(first["annotation"]) == TRUTH[1]
    assert BoxPrediction.from_json(second["prediction"]) == found
    assert [row["annotations"]["box"] for row in made.items_and_annotations()] == [[TRUTH[1]]]
    assert [row["predictions"]["box"] for row in made.export_predictions(model)] == [[found]]
    with pytest.raises(ConflictError, match="dataset_item"):
        dataset.create_slice("items", ["a"]).export_raw_json()
    with pytest.raises(ConflictError, match="object"):
        made.export_raw_items()
