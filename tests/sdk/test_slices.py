"""Slices through the SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    DatasetItem,
    NotFoundError,
    SliceBuilderFilterAutotag,
    SliceBuilderFilters,
    SliceBuilderMethods,
    SliceType,
)
from nucleus_lab.errors import ConflictError, InvalidInputError


@pytest.fixture
def dataset(client: Any) -> Any:
    made = client.create_dataset("x")
    made.append([DatasetItem(f"https://example.org/{name}.jpg", name) for name in "abcd"])
    made.annotate([BoxAnnotation("car", 1, 2, 3, 4, "c")])
    return made


def test_a_slice_holds_the_items_in_the_order_given(client: Any, dataset: Any) -> None:
    made = dataset.create_slice("foggy", ["c", "a"])

    assert made.id == made.slice_id
    assert made.id.startswith("slc_")
    assert [item.reference_id for item in made.items] == ["c", "a"]
    assert made.dataset_items() == made.items == list(made.items_generator(page_size=1))
    rows = made.items_and_annotations()
    assert list(made.items_and_annotation_generator()) == rows
    assert [row["item"].reference_id for row in rows] == ["c", "a"]
    assert rows[0]["annotations"]["box"] == [BoxAnnotation("car", 1, 2, 3, 4, "c")]
    assert rows[1]["annotations"]["box"] == []
    assert dataset.slices == client.slices == [made]


def test_a_slice_describes_itself(client: Any, dataset: Any) -> None:
    made = client.get_slice(dataset.create_slice("foggy").id)

    info = made.info()

    assert (info["name"], info["slice_id"], info["dataset_id"], info["type"]) == (
        "foggy",
        made.id,
        dataset.id,
        "dataset_item",
    )
    assert (made.name, made.dataset_id, made.type) == ("foggy", dataset.id, "dataset_item")
    assert (made.pending_job_count, made.items, made.tags) == (0, [], [])
    assert abs(made.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert info["created_at"] == made.created_at
    assert repr(made) == f"Slice(slice_id={made.id!r}, name='foggy', type='dataset_item')"


def test_items_are_appended_once(client: Any, dataset: Any) -> None:
    made = dataset.create_slice("s", ["a"])

    assert made.append(["a", "b"]) == {"slice_id": made.id, "new_items": ["b"]}
    answer = client.append_to_slice(made.id, ["b", "c"], dataset.id)
    assert answer == {"slice_id": made.id, "new_items": ["c"]}
    assert [item.reference_id for item in made.items] == ["a", "b", "c"]
    with pytest.raises(NotFoundError, match="nothing"):
        made.append(["d", "nothing"])
    assert len(made.items) == 3


def test_a_slice_of_objects_holds_annotations_and_predictions(client: Any, dataset: Any) -> None:
    model = client.create_model("m", "m")
    dataset.upload_predictions(model, [BoxPrediction("bus", 5, 6, 7, 8, "a", confidence=0.5)])
    ids = [item.dataset_item_id for item in dataset.items]
    truth = dataset.rows([ids[2]])[0]["annotations"][0]["id"]
    found = dataset.rows([ids[0]], model=model)[0]["predictions"][0]["id"]

    objects = dataset.create_slice_by_ids("o", annotation_ids=[truth], prediction_ids=[found])
    items = dataset.create_slice_by_ids("i", dataset_item_ids=[ids[3], ids[0]])

    assert objects.type == SliceType.OBJECT
    assert objects.items == [
        BoxAnnotation("car", 1, 2, 3, 4, "c"),
        BoxPrediction("bus", 5, 6, 7, 8, "a", confidence=0.5),
    ]
    assert [item.reference_id for item in items.items] == ["d", "a"]
    with pytest.raises(InvalidInputError, match="give one of"):
        dataset.create_slice_by_ids("m", dataset_item_ids=ids, annotation_ids=[truth])


def test_predictions_of_a_slice_are_exported(client: Any, dataset: Any) -> None:
    model = client.create_model("m", "m")
    box = BoxPrediction("bus", 5, 6, 7, 8, "a", confidence=0.5)
    dataset.upload_predictions(model, [box, BoxPrediction("bus", 5, 6, 7, 8, "b", confidence=1)])

    rows = dataset.create_slice("s", ["d", "a"]).export_predictions(model)

    assert [row["item"].reference_id for row in rows] == ["d", "a"]
    assert [row["predictions"]["box"] for row in rows] == [[], [box]]


def test_slices_are_found_by_name_and_type(dataset: Any) -> None:
    first, second = dataset.create_slice("a/b c"), dataset.create_slice("second")

    assert dataset.get_slices() == [first, second]
    assert dataset.get_slices(name="a/b c") == [first]
    assert dataset.get_slices(slice_type=SliceType.DATASET_ITEM) == [first, second]
    with pytest.raises(NotFoundError, match="type 'object'"):
        dataset.get_slices(slice_type="object")
    with pytest.raises(NotFoundError, match="name 'third'"):
        dataset.get_slices(name="third")


def test_a_name_is_given_once(dataset: Any) -> None:
    dataset.create_slice("s")

    with pytest.raises((ConflictError, InvalidInputError), match="'s'"):
        dataset.create_slice("s")


def test_too_many_items_at_once_are_refused(dataset: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"10,?000"):
        dataset.create_slice("s", [str(n) for n in range(10_001)])
    assert dataset.slices == []


def test_a_slice_is_tagged_and_deleted(client: Any, dataset: Any) -> None:
    made = dataset.create_slice("s", ["a"])
    made.add_tags(["one", "two"])

    assert made.tags == ["one", "two"]
    client.delete_slice(made.id)
    assert dataset.slices == []
    assert dataset.size == 4
    with pytest.raises(NotFoundError, match=made.id):
        made.info()


def test_builder_values_check_their_range() -> None:
    autotag = SliceBuilderFilterAutotag("tag_1", [-0.5, 0.5])

    assert SliceBuilderFilters("slc_1", autotag).autotag == autotag
    assert SliceBuilderMethods("Random") is SliceBuilderMethods.RANDOM
    for wrong in ([0.5], [0.5, -0.5], [-2, 0], [0, 0, 0]):
        with pytest.raises(InvalidInputError, match="score_range"):
            SliceBuilderFilterAutotag("tag_1", wrong)
