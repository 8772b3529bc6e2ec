"""Predictions that name their item by its id, or their dataset beside the reference id."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from value_strategies import BY_CLASS

from nucleus_lab import BoxPrediction, DatasetItem, SegmentationPrediction
from nucleus_lab import annotation as values
from nucleus_lab.annotation import Prediction
from nucleus_lab.errors import DuplicateIDError, InvalidInputError
from nucleus_lab.wire import decode

PREDICTIONS = [kind for kind in BY_CLASS if issubclass(kind, Prediction)]
FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("kind", PREDICTIONS, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data(), named=st.sampled_from(["item", "both", "dataset"]))
def test_payload_text_and_repr_bring_back_the_target(kind, data, named):
    value = data.draw(BY_CLASS[kind])
    given = {key: getattr(value, key) for key in kind.__dataclass_fields__ if key != "TYPE"}
    if named == "item":
        given["reference_id"] = None
    if named in {"item", "both"}:
        given["dataset_item_id"] = "di_0000000000007"
    if named in {"dataset", "both"}:
        given["dataset_id"] = "ds_0000000000001"
    one = kind(**given)

    payload = one.to_payload()
    target = (one.reference_id, payload.get("item_id"), payload.get("dataset_id"))
    assert target == (
        given["reference_id"], given.get("dataset_item_id"), given.get("dataset_id"),
    )  # fmt: skip
    for again in (
        kind.from_json(payload),
        kind.from_json(decode(one.to_json())),
        eval(repr(one), vars(values)),
    ):
        assert again == one
        assert again.to_payload() == payload


@pytest.mark.parametrize("kind", PREDICTIONS, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_a_prediction_of_no_item_is_refused_and_a_plain_one_looks_as_ever(kind, data):
    value = data.draw(BY_CLASS[kind])
    given = {key: getattr(value, key) for key in kind.__dataclass_fields__ if key != "TYPE"}

    with pytest.raises(InvalidInputError, match="names no item: give reference_id or dataset_item"):
        kind(**{**given, "reference_id": None})
    with pytest.raises(InvalidInputError):
        kind.from_json({k: v for k, v in value.to_payload().items() if k != "reference_id"})
    assert "dataset_i" not in repr(value)
    assert not {"item_id", "dataset_id"} & set(value.to_payload())


def test_an_id_made_up_for_a_box_is_that_of_the_published_client():
    box = BoxPrediction("car", 1, 2, 3, 4, dataset_item_id="di_1")

    assert box.annotation_id == "car-1-2-3-4-None"
    assert box == BoxPrediction("car", 1, 2, 3, 4, dataset_item_id="di_2")
    assert repr(box).endswith("class_pdf=None, dataset_item_id='di_1')")


def test_a_mask_takes_the_id_of_its_item_by_place_as_published():
    mask = SegmentationPrediction("https://x/m.png", [], None, None, "di_1")

    assert mask.to_payload()["item_id"] == "di_1"


@pytest.fixture
def places(client):
    """Two datasets with items of the same name, a model, and the ids of the items."""
    made = [client.create_dataset(name) for name in ("here", "there")]
    for dataset in made:
        dataset.append([DatasetItem(f"https://x/{n}.jpg", str(n)) for n in range(2)])
    ids = [dataset.refloc("1")["item"].dataset_item_id for dataset in made]
    return made, client.create_model("m", "m"), ids


def box(**more):
    return BoxPrediction("car", 1, 2, 3, 4, annotation_id="b", **more)


def test_a_model_takes_predictions_by_the_ids_of_their_items(places):
    made, model, ids = places

    stored = model.upload_predictions([box(dataset_item_id=public) for public in ids])

    assert stored["predictions_processed"] == 2
    for dataset, public in zip(made, ids, strict=True):
        (read,) = model.predictions_loc(public)["box"]
        assert (read.reference_id, read.dataset_item_id) == ("1", public)
        assert dataset.predictions_refloc(model, "1")["box"] == [read]


def test_the_dataset_says_which_item_of_a_name_is_meant(places):
    made, model, ids = places

    unclear = model.upload_predictions([box(reference_id="1")])
    stored = model.upload_predictions([
        box(reference_id="1", dataset_id=made[1].id),
        box(reference_id="5", dataset_id=made[0].id),
    ])

    assert "or name the dataset by dataset_id" in unclear["errors"][0]
    assert stored["predictions_processed"] == 1
    assert stored["errors"] == [f"Item with id 5 doesn't exist in dataset {made[0].id}"]
    assert [len(model.predictions_loc(public).get("box", [])) for public in ids] == [0, 1]


def test_a_dataset_takes_predictions_by_the_ids_of_its_items_alone(places):
    made, model, ids = places

    stored = made[0].upload_predictions(model, [box(dataset_item_id=public) for public in ids])

    assert stored["predictions_processed"] == 1
    assert ids[1] in stored["errors"][0]
    with pytest.raises(DuplicateIDError, match=f"stands twice on item '{ids[0]}'"):
        made[0].upload_predictions(model, [box(dataset_item_id=ids[0])] * 2)
