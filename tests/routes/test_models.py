"""Routes of models."""

from __future__ import annotations

import pytest

from nucleus_lab.errors import InvalidInputError, ModelCreationError, NotFoundError

from .conftest import box


def test_a_model_is_created_and_described(ask, model):
    row = ask("GET", f"model/{model}")

    assert row.pop("created_at").endswith("Z")
    assert row == {
        "id": model,
        "name": "Detector",
        "ref_id": "detector",
        "metadata": {"epochs": 3},
        "tags": [],
        "trained_slice_ids": [],
        "bundle_name": None,
    }
    assert [one["id"] for one in ask("GET", "models/")["models"]] == [model]


def test_a_taken_reference_id_is_refused_with_the_model_that_has_it(ask, model):
    with pytest.raises(ModelCreationError, match=model):
        ask("POST", "models/add", {"name": "Other", "reference_id": "detector"})


def test_tags_are_added_once_and_removing_an_unknown_one_is_refused(ask, model):
    ask("POST", f"model/{model}/tag", {"tags": ["a", "b"]})
    ask("POST", f"model/{model}/tag", {"tags": ["b", "c"]})
    ask("DELETE", f"model/{model}/tag", {"tags": ["a", "unknown"]})

    assert ask("GET", f"model/{model}")["tags"] == ["b", "c"]
    said = r"Deleted 0 tags from model. The specified tag\(s\) were not found."
    with pytest.raises(InvalidInputError, match=said):
        ask("DELETE", f"model/{model}/tag", {"tags": ["unknown"]})


def test_trained_slices_are_noted(ask, model, five):
    first, second = (
        ask("POST", f"dataset/{five}/create_slice", {"name": name, "allow_empty": 1})["slice_id"]
        for name in ("first", "second")
    )
    ask("POST", f"model/{model}/trainedSliceId", {"trained_slice_ids": [first]})
    body = {"annotations": [], "trained_slice_id": second}
    ask("POST", f"dataset/{five}/model/{model}/uploadPredictions", body)
    ask("DELETE", f"model/{model}/trainedSliceId", {"trained_slice_ids": [first]})

    assert ask("GET", f"model/{model}")["trained_slice_ids"] == [second]


def test_a_trained_slice_that_is_not_there_is_refused(ask, model, five):
    body = {"annotations": [box(0)], "trained_slice_id": "slc_99"}

    with pytest.raises(NotFoundError, match="slc_99"):
        ask("POST", f"model/{model}/trainedSliceId", {"trained_slice_ids": ["slc_99"]})
    with pytest.raises(NotFoundError, match="slc_99"):
        ask("POST", f"dataset/{five}/model/{model}/uploadPredictions", body)
    assert ask("GET", f"model/{model}")["trained_slice_ids"] == []
    assert ask("GET", f"dataset/{five}/model_runs") == []


def test_deleting_a_model_takes_its_predictions_along(ask, model, five):
    ask("POST", f"dataset/{five}/model/{model}/uploadPredictions", {"annotations": [box(0)]})

    answer = ask("DELETE", f"model/{model}", {})

    assert answer == {"msg": "Model deletion running in an async job"}
    assert ask("GET", f"dataset/{five}/model_runs") == []
    with pytest.raises(NotFoundError, match=model):
        ask("GET", f"model/{model}")
