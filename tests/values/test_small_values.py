"""Tracks, taxonomies, matches, upload responses, jobs and dataset info."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from value_strategies import metadata, name

from nucleus_lab.dataset_info import DatasetInfo
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation_match import ConfusionCategory, EvaluationMatch
from nucleus_lab.job import CustomerJobTypes, JobStatus
from nucleus_lab.taxonomy import Taxonomy
from nucleus_lab.track import Track
from nucleus_lab.upload_response import UploadResponse


@given(st.builds(Track, name, st.none() | name, metadata))
def test_track_payload_and_repr_bring_back_an_equal_track(track):
    assert Track.from_json(track.to_payload()) == track
    assert eval(repr(track)) == track


@pytest.mark.parametrize(("overwrite", "expected"), [(False, {"a": 1, "b": 2}), (True, {"b": 2})])
def test_track_update_merges_or_overwrites(overwrite, expected):
    sent = []

    class Recorder:
        def make_request(self, *request):
            sent.append(request)

    track = Track("t", "ds_1", {"a": 1}, Recorder())
    track.update({"b": 2}, overwrite_metadata=overwrite)

    body = {"reference_id": "t", "metadata": {"b": 2}, "overwrite": overwrite}
    assert sent == [(body, "dataset/ds_1/tracks", "POST")]
    assert track.metadata == expected


def test_taxonomy_round_trip():
    taxonomy = Taxonomy("clothes", "category", ["dress", "coat"])

    assert Taxonomy.from_json(taxonomy.to_payload()) == taxonomy == eval(repr(taxonomy))


@pytest.mark.parametrize(
    ("kind", "labels", "message"),
    [
        ("tree", ["a"], "type 'tree': use category or multicategory"),
        ("category", ["a", "a"], "'a'"),
    ],
)
def test_taxonomy_is_refused_with_what_is_wrong(kind, labels, message):
    with pytest.raises(InvalidInputError, match=message):
        Taxonomy("clothes", kind, labels)


@pytest.mark.parametrize(
    ("row", "category"),
    [
        ({"true_positive": True, "model_prediction_label": "a"}, "TP"),
        ({"model_prediction_label": "a", "ground_truth_annotation_label": "a"}, "TP"),
        ({"model_prediction_label": "a", "ground_truth_annotation_label": "b"}, "FP"),
        ({"model_prediction_label": "a"}, "FP"),
        ({"ground_truth_annotation_label": "a"}, "FN"),
    ],
    ids=["flag", "equal labels", "other label", "prediction alone", "annotation alone"],
)
def test_match_category_follows_flag_and_labels(row, category):
    payload = {"model_run_id": "run_1", "iou": 0.5, "dataset_item_id": "di_1"} | row

    match = EvaluationMatch.from_json(payload)

    assert match.confusion_category == category
    assert EvaluationMatch.from_json(match.to_payload()) == match
    assert eval(repr(match)) == match


def test_match_says_which_category_it_is():
    match = EvaluationMatch("run_1", "FN", 0, "di_1")

    assert match.confusion_category is ConfusionCategory.FALSE_NEGATIVE


def test_upload_responses_add_up():
    first = {"dataset_id": "ds_1", "new_items": 1, "updated_items": 2, "ignored_items": 3}
    second = first | {"upload_errors": 1, "error_payload": ["bad"]}

    response = UploadResponse.from_json(first)
    response.update_response(second)

    assert response == UploadResponse("ds_1", 2, 4, 6, 1, ["bad"])
    assert UploadResponse.from_json(response.json()) == response == eval(repr(response))
    assert "error_payload" not in UploadResponse.from_json(first).to_payload()
    with pytest.raises(InvalidInputError, match="ds_2"):
        response.update_response(first | {"dataset_id": "ds_2"})


def test_job_names_are_those_of_the_wire():
    assert f"{CustomerJobTypes.UPLOAD_LIDAR_SCENE}" == "uploadLidarScene"
    assert "uploadVideoScene" in CustomerJobTypes.options()
    assert CustomerJobTypes("modelMetrics") is CustomerJobTypes.MODEL_METRICS


def test_job_states_say_whether_it_goes_on():
    failed = {status.value for status in JobStatus if status.failed}
    waiting = {status.value for status in JobStatus if not status.finished}

    assert waiting == {"Queued", "Running"}
    assert failed == {
        "Errored",
        "Errored_Server",
        "Errored_User",
        "Errored_Partial",
        "Errored_Hanging",
    }


def test_dataset_info_validates_and_keeps_unknown_keys():
    payload = {"dataset_id": "ds_1", "name": "n", "length": 3, "model_run_ids": ["run_1"]}

    info = DatasetInfo(**payload, colour="red")

    assert info == DatasetInfo.model_validate(payload | {"colour": "red"})
    assert info.model_dump(exclude_unset=True) == payload | {"colour": "red"}
    assert (info.slice_ids, info.tags, info.item_metadata_schema) == ([], None, None)
    with pytest.raises(ValueError, match="length"):
        DatasetInfo(**payload | {"length": "many"})


def test_values_import_no_heavy_library():
    code = (
        "import sys\n"
        "import nucleus_lab.annotation, nucleus_lab.prediction, nucleus_lab.scene\n"
        "import nucleus_lab.taxonomy, nucleus_lab.evaluation_match, nucleus_lab.upload_response\n"
        "import nucleus_lab.job\n"
        "heavy = {'numpy', 'pydantic', 'sqlalchemy', 'PIL', 'httpx', 'starlette', 'IPython'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
