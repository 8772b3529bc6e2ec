"""Boxes that cross the seam as columns are stored like boxes that cross it as payloads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab import BoxAnnotation, BoxPrediction, DatasetItem
from nucleus_lab.annotation.box_columns import columns_of
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.json_values import is_plain
from nucleus_lab.wire import plain

# Whether text holds U+0000 is another question, which is_plain() leaves to others.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.binary()
ODD = st.sampled_from([np.float32(1.5), np.arange(2), {1, 2}, math.nan, object()])
ANYTHING = st.recursive(
    SCALARS | ODD,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT | st.integers(), inner),
    max_leaves=8,
)


@given(ANYTHING)
def test_plain_values_are_those_that_reducing_leaves_alone(value: Any) -> None:
    try:
        reduced = plain([value])
    except InvalidInputError:
        assert not is_plain([value])
    else:
        if is_plain([value]):
            assert repr(reduced) == repr([value])


def boxes(kind: type, **more: Any) -> list[Any]:
    return [
        kind(
            "car",
            1,
            2.5,
            3,
            4,
            "r0",
            annotation_id="a",
            metadata={"shade": "red", "n": [1, None]},
            **more,
        ),
        kind("bus", 0.1, 0, 0, 0, "r1", annotation_id="b", **more),
        kind("car", 7, 7, 7, 7, "r0", annotation_id="c", **more),
    ]


@pytest.mark.parametrize("update", [False, True])
def test_columns_and_payloads_store_the_same(client: Any, update: bool) -> None:
    model = client.create_model("m", "m")
    truths = boxes(BoxAnnotation)
    guesses = boxes(BoxPrediction, confidence=0.5)

    def upload(dataset: Any, objects: list[Any], route: str, as_columns: bool) -> dict[str, Any]:
        payloads = [box.to_payload() for box in objects]
        body = {"boxes": columns_of(objects)} if as_columns else {"annotations": payloads}
        answer = client.make_request({**body, "update": update}, f"dataset/{dataset.id}/{route}")
        return {name: value for name, value in answer.items() if isinstance(value, int)}

    def everything(name: str, as_columns: bool) -> list[Any]:
        dataset = client.create_dataset(name)
        dataset.append([DatasetItem(f"https://example.org/{n}.jpg", f"r{n}") for n in range(2)])
        found: list[Any] = []
        for objects, route in (
            (truths, "annotate"),
            (guesses, f"model/{model.id}/uploadPredictions"),
        ):
            found += [upload(dataset, objects, route, as_columns) for _ in range(2)]
        for reference_id in ("r0", "r1"):
            found.append(dataset.refloc(reference_id)["annotations"])
            found.append(dataset.predictions_refloc(model, reference_id))
        return found

    columns = everything("columns", True)

    assert columns == everything("payloads", False)
    assert columns[4] == {"box": truths[::2]}
    assert columns[5] == {"box": guesses[::2]}


def test_boxes_of_unknown_items_are_named_and_the_others_kept(client: Any) -> None:
    dataset = client.create_dataset("unknown")
    dataset.append([DatasetItem("https://example.org/0.jpg", "r0")])

    answer = dataset.annotate(boxes(BoxAnnotation))

    assert (answer["annotations_processed"], len(answer["errors"])) == (2, 1)
    assert "Item with id r1 doesn't exist" in answer["errors"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": [1.0]}, "boxes.x has 1 values"),
        ({"width": [-1, 1, 1]}, "width"),
        ({"label": ["a", None, "b"]}, "label"),
        ({"metadata": [{"a": math.nan}, None, None]}, "nan"),
    ],
)
def test_columns_that_do_not_fit_change_nothing(
    client: Any, change: dict[str, Any], said: str
) -> None:
    dataset = client.create_dataset("bad")
    dataset.append([DatasetItem(f"https://example.org/{n}.jpg", f"r{n}") for n in range(2)])
    columns = columns_of(boxes(BoxAnnotation)) or {}

    with pytest.raises(InvalidInputError, match=said):
        client.make_request({"boxes": {**columns, **change}}, f"dataset/{dataset.id}/annotate")

    assert dataset.refloc("r0")["annotations"] == {}


@pytest.mark.parametrize(
    "odd",
    [
        {"embedding_vector": [1.0]},
        {"track_reference_id": "t"},
    ],
)
def test_boxes_with_more_than_numbers_travel_as_payloads(odd: dict[str, Any]) -> None:
    assert (
        columns_of([*boxes(BoxAnnotation), BoxAnnotation("car", 0, 0, 1, 1, "r0", **odd)]) is None
    )
