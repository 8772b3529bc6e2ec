"""Routes of scenario tests on both databases: the JSON that clients read, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nucleus_lab.engine.scenario_schema import (
    scenario_criterion,
    scenario_evaluation,
    scenario_result,
    scenario_test,
)
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError, NucleusAPIError

from .conftest import box

Ask = Callable[..., Any]
TABLES = (scenario_test, scenario_criterion, scenario_evaluation, scenario_result)


@pytest.fixture
def engine(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Jobs run where they are submitted."""
    monkeypatch.setattr(engine, "settings", engine.settings.changed(inline_jobs=True))
    return engine


@pytest.fixture
def slc(ask: Ask, five: str, model: str) -> str:
    """Id of a slice whose items have boxes; the model found two of three."""
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(n) for n in range(3)]})
    found = {"annotations": [box(0, confidence=0.5), box(1, confidence=0.5)]}
    ask("POST", f"dataset/{five}/model/{model}/uploadPredictions", found)
    given = {"name": "s", "reference_ids": ["r0", "r1", "r2"]}
    slice_id: str = ask("POST", f"dataset/{five}/create_slice", given)["slice_id"]
    return slice_id


@pytest.fixture
def st(ask: Ask, slc: str) -> str:
    """Id of a test with a threshold."""
    functions = [
        {
            "id": "ef_bbox_recall",
            "eval_func_arguments": {"iou_threshold": 0.5, "prediction_filters": None},
            "threshold": 0.9,
        }
    ]
    given = {"name": "test", "slice_id": slc, "evaluation_functions": functions}
    test_id: str = ask("POST", "validate/scenario_test", given)["scenario_test_id"]
    return test_id


def counts(engine: Any) -> list[int]:
    from sqlalchemy import func, select

    with engine.store.read() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def test_functions_are_what_clients_read(ask: Ask) -> None:
    functions = ask("GET", "validate/eval_fn")["eval_functions"]

    assert len(functions) == 23
    assert functions[0] == {
        "id": "ef_bbox_iou",
        "name": "bbox_iou",
        "is_public": True,
        "is_external_function": False,
        "user_id": "workspace",
        "serialized_fn": None,
        "raw_source": None,
        "level": "item",
    }
    made = ask("POST", "validate/eval_fn", {"name": "mine", "level": "scene"})["eval_fn"]
    assert made == {
        **functions[0],
        "id": "ef_ext_0000000000001",
        "name": "mine",
        "is_public": False,
        "is_external_function": True,
        "level": "scene",
    }
    assert ask("GET", "validate/eval_fn")["eval_functions"] == [*functions, made]


def test_a_test_is_what_clients_read(ask: Ask, st: str, slc: str, model: str) -> None:
    info = ask("GET", f"validate/scenario_test/{st}/info")

    assert {key: info[key] for key in info if key != "created_at"} == {
        "id": st,
        "name": "test",
        "slice_id": slc,
        "baseline_model_id": None,
    }
    assert ask("GET", f"validate/scenario_test/{st}") == {"unit_test": info}
    assert ask("GET", "validate/scenario_test/details") == [info]
    assert ask("GET", f"validate/scenario_test/{st}/metrics") == {
        "scenario_test_metrics": [
            {
                "scenario_test_id": st,
                "eval_function_id": "ef_bbox_recall",
                "threshold": 0.9,
                "eval_func_arguments": {"iou_threshold": 0.5, "prediction_filters": None},
                "threshold_comparison": "greater_than_equal_to",
            }
        ]
    }
    answer = ask("POST", f"validate/scenario_test/{st}/set_baseline_model/{model}", {})
    assert answer == {"baseline_model_id": model}
    route = f"validate/metric/set_threshold/{st}/ef_bbox_recall"
    assert ask("POST", route, {"threshold": 0.5}) == {"threshold": 0.5}
    assert ask("POST", route, {"threshold": None}) == {"threshold": None}
    items = ask("GET", f"validate/scenario_test/{st}/items")
    assert [row["reference_id"] for row in items["dataset_items"]] == ["r0", "r1", "r2"]
    assert (items["scenes"], items["tracks"]) == ([], [])


def test_an_evaluation_is_what_clients_read(ask: Ask, st: str, model: str, five: str) -> None:
    job = ask("POST", f"validate/{model}/evaluate", {"test_names": ["test", "test"]})

    status = ask("GET", f"job/{job['job_id']}")
    assert (job["job_type"], status["status"]) == ("testEvaluation", "Completed")
    [evaluation] = ask("GET", f"validate/scenario_test/{st}/eval_history/details")
    assert status["message"] == {"evaluations": [evaluation["id"]], "passed": 0, "failed": 1}
    assert {key: evaluation[key] for key in evaluation if key not in {"id", "created_at"}} == {
        "scenario_test_id": st,
        "eval_function_id": "ef_bbox_recall",
        "model_id": model,
        "status": "completed",
        "result": pytest.approx(2 / 3),
        "pass": False,
    }
    answer = ask("GET", f"validate/eval/{evaluation['id']}/info")
    assert answer["scenario_test_evaluation"] == evaluation
    items = ask("POST", f"dataset/{five}/itemsPage", {})["items"]
    assert answer["scenario_test_item_evaluations"] == [
        {
            "evaluation_id": evaluation["id"],
            "scenario_test_id": st,
            "eval_function_id": "ef_bbox_recall",
            "dataset_item_id": items[place]["id"],
            "result": result,
            "weight": 1.0,
            "pass": result == 1.0,
        }
        for place, result in enumerate((1.0, 1.0, 0.0))
    ]


@pytest.mark.parametrize("whole", [False, True])
def test_everything_of_a_test_goes_with_it_and_with_its_dataset(
    engine: Any, ask: Ask, st: str, model: str, five: str, whole: bool
) -> None:
    ask("POST", f"validate/{model}/evaluate", {"test_names": ["test"]})
    assert counts(engine) == [1, 1, 1, 3]

    if whole:
        ask("DELETE", f"dataset/{five}")
    else:
        assert ask("DELETE", f"validate/scenario_test/{st}") == {"success": True}

    assert counts(engine) == [0, 0, 0, 0]


def test_evaluations_go_with_their_model_and_tests_stay(
    engine: Any, ask: Ask, st: str, model: str
) -> None:
    ask("POST", f"validate/scenario_test/{st}/set_baseline_model/{model}", {})
    ask("POST", f"validate/{model}/evaluate", {"test_names": ["test"]})

    ask("DELETE", f"model/{model}")

    assert counts(engine) == [1, 1, 0, 0]
    assert ask("GET", f"validate/scenario_test/{st}/info")["baseline_model_id"] is None


def test_an_evaluation_of_what_is_gone_ends_with_its_error(ask: Ask, st: str, model: str) -> None:
    other = ask("POST", "models/add", {"name": "o", "reference_id": "o"})["model_id"]
    ask("POST", f"validate/scenario_test/{st}/set_baseline_model/{other}", {})
    ask("POST", f"validate/metric/set_threshold/{st}/ef_bbox_recall", {"threshold": None})

    job = ask("POST", f"validate/{model}/evaluate", {"test_names": ["test"]})

    # The baseline has no predictions: the model is evaluated, and the job says so.
    assert ask("GET", f"job/{job['job_id']}")["status"] == "Completed"
    [text] = ask("GET", f"job/{job['job_id']}/errors")
    assert "baseline model of 'test' cannot be used" in text
    assert len(ask("GET", f"validate/scenario_test/{st}/eval_history/details")) == 1


UPLOAD = {
    "eval_function_id": "ef_ext_0000000000001",
    "result_per_ref_id": {"r0": 1.0, "r1": 0.0},
    "weight_per_ref_id": {"r0": 0.5},
    "overall_metric": 0.5 / 1.5,
    "level": "item",
}


@pytest.fixture
def upload(ask: Ask, slc: str, model: str) -> dict[str, Any]:
    """Results for a test with an external function."""
    external = ask("POST", "validate/eval_fn", {"name": "mine"})["eval_fn"]["id"]
    given = {"name": "own", "slice_id": slc, "evaluation_functions": [{"id": external}]}
    test_id = ask("POST", "validate/scenario_test", given)["scenario_test_id"]
    return {**UPLOAD, "unit_test_id": test_id, "model_id": model, "slice_id": slc}


def test_results_from_elsewhere_are_stored(ask: Ask, upload: dict[str, Any]) -> None:
    answer = ask("POST", "validate/scenario_test/upload_results", upload)

    found = ask("GET", f"validate/eval/{answer['evaluation_id']}/info")
    assert found["scenario_test_evaluation"]["result"] == pytest.approx(1 / 3)
    assert [(row["result"], row["weight"]) for row in found["scenario_test_item_evaluations"]] == [
        (1.0, 0.5),
        (0.0, 1.0),
    ]


UNFIT: list[tuple[dict[str, Any], type[NucleusAPIError], str]] = [
    ({"result_per_ref_id": {}}, InvalidInputError, "is empty"),
    ({"result_per_ref_id": {"r0": 1, "none": 0}}, NotFoundError, "'none'"),
    ({"weight_per_ref_id": {"r4": 1}}, InvalidInputError, "'r4', which has no result"),
    ({"weight_per_ref_id": {"r0": 2}}, InvalidInputError, "weight_per_ref_id"),
    ({"weight_per_ref_id": {"r0": 0, "r1": 0}}, InvalidInputError, "all weights are 0"),
    ({"overall_metric": 0.9}, InvalidInputError, "overall_metric is 0.9"),
    ({"level": "track"}, InvalidInputError, "level 'track'"),
    ({"level": "frame"}, InvalidInputError, "level"),
    ({"eval_function_id": "ef_bbox_iou"}, NotFoundError, "no function 'ef_bbox_iou'"),
    ({"model_id": "prj_0000000000099"}, NotFoundError, "model"),
    ({"slice_id": "slc_0000000000099"}, NotFoundError, "slice"),
    ({"unit_test_id": "st_0000000000099"}, NotFoundError, "scenario test"),
    ({"result_per_ref_id": {"r0": "high"}}, InvalidInputError, "result_per_ref_id"),
]


def test_results_that_do_not_fit_are_refused_whole(
    engine: Any, ask: Ask, upload: dict[str, Any]
) -> None:
    for change, kind, words in UNFIT:
        with pytest.raises(kind, match=words):
            ask("POST", "validate/scenario_test/upload_results", {**upload, **change})

    assert counts(engine) == [1, 1, 0, 0]


REFUSED: list[tuple[str, str, Any, type[NucleusAPIError], str]] = [
    ("POST", "validate/scenario_test", {"name": "x"}, InvalidInputError, "slice_id"),
    (
        "POST",
        "validate/scenario_test",
        {"name": "x", "slice_id": "{slc}", "evaluation_functions": []},
        InvalidInputError,
        "is empty",
    ),
    (
        "POST",
        "validate/scenario_test",
        {"name": "x", "slice_id": "slc_77", "evaluation_functions": [{"id": "ef_bbox_iou"}]},
        NotFoundError,
        "slc_77",
    ),
    (
        "POST",
        "validate/scenario_test",
        {"name": "x", "slice_id": "{slc}", "evaluation_functions": [{"id": "ef_none"}]},
        NotFoundError,
        "ef_none",
    ),
    (
        "POST",
        "validate/scenario_test",
        {
            "name": "x",
            "slice_id": "{slc}",
            "evaluation_functions": [
                {"id": "ef_bbox_iou", "eval_func_arguments": {"iou_threshold": "high"}}
            ],
        },
        InvalidInputError,
        "'high'",
    ),
    (
        "POST",
        "validate/scenario_test",
        {
            "name": "test",
            "slice_id": "{slc}",
            "evaluation_functions": [{"id": "ef_bbox_iou"}],
        },
        ConflictError,
        "another name",
    ),
    (
        "POST",
        "validate/scenario_test",
        {
            "name": "x",
            "slice_id": "{slc}",
            "evaluation_functions": [{"id": "ef_segmentation_to_poly_ap"}],
        },
        InvalidInputError,
        "needs the argument 'label'",
    ),
    (
        "POST",
        "validate/scenario_test_eval_function",
        {"scenario_test_name": "none", "eval_function_id": "ef_bbox_iou"},
        NotFoundError,
        "'none'",
    ),
    (
        "POST",
        "validate/scenario_test_eval_function",
        {"scenario_test_name": "test", "eval_function_id": "ef_bbox_recall"},
        ConflictError,
        "already",
    ),
    (
        "POST",
        "validate/metric/set_threshold/{st}/ef_bbox_iou",
        {"threshold": 1},
        NotFoundError,
        "ef_bbox_recall",
    ),
    (
        "POST",
        "validate/metric/set_threshold/{st}/ef_bbox_recall",
        {"threshold": "x"},
        InvalidInputError,
        "threshold",
    ),
    (
        "POST",
        "validate/scenario_test/{st}/set_baseline_model/prj_77",
        {},
        NotFoundError,
        "prj_77",
    ),
    ("POST", "validate/prj_77/evaluate", {"test_names": ["test"]}, NotFoundError, "prj_77"),
    ("POST", "validate/{model}/evaluate", {"test_names": []}, InvalidInputError, "empty"),
    ("POST", "validate/{model}/evaluate", {"test_names": [1]}, InvalidInputError, "test_names"),
    ("POST", "validate/prj_77/metrics", {}, NotFoundError, "prj_77"),
    ("POST", "validate/eval_fn", {"name": ""}, InvalidInputError, "without spaces"),
    ("POST", "validate/eval_fn", {"name": "cat_f1"}, ConflictError, "cat_f1"),
    (
        "POST",
        "validate/eval_fn",
        {"name": "x", "is_external_function": False, "raw_source": "1 + 1"},
        InvalidInputError,
        "of code",
    ),
    ("POST", "validate/eval_fn", {"name": "x", "level": "frame"}, InvalidInputError, "level"),
    ("GET", "validate/eval/sev_77/info", None, NotFoundError, "sev_77"),
    ("GET", "validate/eval/ev_1/info", None, NotFoundError, "ev_1"),
    ("GET", "validate/scenario_test/st_77/info", None, NotFoundError, "st_77"),
    ("GET", "validate/scenario_test/st_77/metrics", None, NotFoundError, "st_77"),
    ("GET", "validate/scenario_test/st_77/items", None, NotFoundError, "st_77"),
    ("GET", "validate/scenario_test/st_77/eval_history/details", None, NotFoundError, "st_77"),
    ("DELETE", "validate/scenario_test/st_77", {}, NotFoundError, "st_77"),
]


def test_bad_requests_are_refused_and_leave_nothing(
    engine: Any, ask: Ask, st: str, slc: str, model: str
) -> None:
    before = counts(engine)

    for method, route, payload, kind, words in REFUSED:
        place = route.replace("{st}", st).replace("{model}", model)
        given = payload
        if payload and payload.get("slice_id") == "{slc}":
            given = {**payload, "slice_id": slc}
        with pytest.raises(kind, match=words):
            ask(method, place, given)

    assert counts(engine) == before
