"""How evaluations V2 end: failing, cancelled, retried, deleted, refused; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asking_v2 import RULES, evaluated, finished, left, totals
from seeding import Seeded, box
from sqlalchemy import update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock, evaluations_v2
from nucleus_lab.engine.evaluation_run_v2 import WithdrawnError, evaluate
from nucleus_lab.engine.evaluation_schema import evaluation_v2
from nucleus_lab.engine.schema import job

pytestmark = pytest.mark.usefixtures("inline_jobs")


@pytest.mark.parametrize("route", ["dataset/{0.ds}", "model/{0.prj}", "modelRun/{1}"])
def test_evaluations_go_with_what_they_are_about(seeded: Seeded, route: str) -> None:
    run = identifiers.encode(identifiers.RUN, seeded.run_id)
    made = seeded.ask("POST", f"modelRun/{run}/evaluationsV2", {})["evaluation_id"]
    finished(seeded, made)
    assert left(seeded) == [1, 1, 0]

    seeded.ask("DELETE", route.format(seeded, run))

    assert left(seeded) == [0, 0, 0]


def test_an_evaluation_without_ground_truth_fails_and_succeeds_when_retried(
    make_seeded: Callable[..., Seeded],
) -> None:
    of = make_seeded()
    of.add_items(["a.jpg"])
    of.add("a.jpg", "car", score=0.5, **box(0, 0, 10, 10))
    ev = of.ask("POST", f"model/{of.prj}/evaluationsV2", {"name": "n"})["evaluation_id"]
    failed = finished(of, ev)
    assert (failed["status"], "add ground truth" in failed["error_message"]) == ("failed", True)
    assert of.refusal("POST", f"evaluationsV2/{ev}/charts", {})[0] == 409
    assert of.refusal("POST", f"evaluationsV2/{ev}/cancel", {})[0] == 409

    of.add("a.jpg", "car", **box(0, 0, 10, 10))
    again = of.ask("POST", f"evaluationsV2/{ev}/retry", {})["evaluation_id"]

    assert finished(of, again)["status"] == "succeeded"
    assert of.ask("GET", f"evaluationsV2/{again}")["name"] == "n"
    assert totals(of, again) == (1, 0, 0)
    assert of.refusal("POST", f"evaluationsV2/{again}/retry", {})[0] == 409


def test_rules_that_leave_nothing_say_so(seeded: Seeded) -> None:
    rule = {"type": "boxArea", "scope": "annotation", "target": "groundTruth", "max": 1}
    ev = seeded.ask("POST", f"model/{seeded.prj}/evaluationsV2", {RULES: [rule]})["evaluation_id"]

    failed = finished(seeded, ev)

    assert failed["status"] == "failed"
    assert "the exclusion rules left out all annotations" in failed["error_message"]


def waiting(of: Seeded) -> str:
    """An evaluation whose job nobody runs."""
    with of.engine.store.write() as connection:
        row = {"type": "evaluationV2", "status": "Running", "created_at": clock.now()}
        # A process of another host that is heard of now and then.
        row |= {"worker_host": "elsewhere", "worker_pid": 1, "worker_started": 1.0}
        row |= {"heartbeat_at": clock.now(), "payload": '{"evaluation_id":0}', "total_steps": 100}
        number = connection.execute(job.insert().values(row).returning(job.c.id)).scalar_one()
        config = evaluations_v2.EvaluationConfig().given()
        values = {"model_id": of.model_id, "created_by": "", "status": "computing"}
        values |= {"options": wire.encode(config).decode(), "created_at": clock.now()}
        made = evaluation_v2.insert().values(job_id=number, **values).returning(evaluation_v2.c.id)
        key = connection.execute(made).scalar_one()
    return identifiers.encode(identifiers.EVALUATION_V2, key)


def test_a_running_evaluation_is_cancelled_at_once_and_stores_nothing(seeded: Seeded) -> None:
    ev = waiting(seeded)
    assert seeded.ask("GET", f"evaluationsV2/{ev}")["status"] == "computing"
    assert seeded.refusal("POST", f"evaluationsV2/{ev}/retry", {})[0] == 409

    cancelled = seeded.ask("POST", f"evaluationsV2/{ev}/cancel", {})

    assert (cancelled["status"], cancelled["error_message"]) == ("cancelled", None)
    assert seeded.ask("GET", f"job/{cancelled['job_id']}")["lab"]["cancel_requested"] is True
    key = identifiers.decode(identifiers.EVALUATION_V2, ev)
    with pytest.raises(WithdrawnError):
        evaluate(seeded.engine.store, key, lambda *_: None)
    again = seeded.ask("POST", f"evaluationsV2/{ev}/retry", {})["evaluation_id"]
    assert finished(seeded, again)["status"] == "succeeded"
    assert left(seeded) == [2, 1, 0]


def test_cancelling_in_the_middle_of_the_work_stores_nothing(seeded: Seeded) -> None:
    ev = waiting(seeded)
    key = identifiers.decode(identifiers.EVALUATION_V2, ev)

    def progress(_done: int, _total: int, text: str) -> None:
        if "storing" in text:
            seeded.ask("POST", f"evaluationsV2/{ev}/cancel", {})

    with pytest.raises(WithdrawnError):
        evaluate(seeded.engine.store, key, progress)
    assert (left(seeded)[1], seeded.ask("GET", f"evaluationsV2/{ev}")["status"]) == (0, "cancelled")


def test_an_evaluation_whose_process_died_has_failed(seeded: Seeded) -> None:
    ev = waiting(seeded)
    with seeded.engine.store.write() as connection:
        connection.execute(update(job).values(heartbeat_at=1))

    found = seeded.ask("GET", f"evaluationsV2/{ev}")

    assert (found["status"], "WorkerLost" in found["error_message"]) == ("failed", True)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"rollupGroups": [{"class_name": "", "labels": ["a"]}]}, "has no class_name"),
        ({"rollupGroups": [{"class_name": "v", "labels": []}]}, "has no labels"),
        (
            {"rollupGroups": [{"class_name": "v", "labels": ["a"]},
                              {"className": "w", "labels": ["a"]}]},
            "is in group 'v' too",
        ),
        ({"class_agnostic": True, "rollupGroups": [{"class_name": "v", "labels": ["a"]}]},
         "choose"),
        ({RULES: [{"type": "boxArea", "scope": "item", "target": "prediction"}]}, "min nor max"),
        ({RULES: [{"type": "labels", "scope": "item", "target": "prediction", "labels": []}]},
         "lists no labels"),
        ({RULES: [{"type": "metadata", "key": "k", "op": "IN", "value": 3}]}, "needs a list"),
        ({RULES: [{"type": "metadata", "key": "", "op": "EQ", "value": 3}]}, "key is empty"),
        ({RULES: [{"type": "other"}]}, "type"),
        ({"slice_id": "slc_0000000ffffff"}, "slice"),
        ({"allowed_label_matches_id": "alm_0000000ffffff"}, "allowed label matches"),
    ],
)  # fmt: skip
def test_a_configuration_that_means_nothing_is_refused(
    seeded: Seeded, body: dict[str, Any], text: str
) -> None:
    status, error = seeded.refusal("POST", f"model/{seeded.prj}/evaluationsV2", body)

    assert (status in {400, 404}, text in error) == (True, True), error
    assert left(seeded) == [0, 0, 0]


@pytest.mark.parametrize(
    "body",
    [
        {"filters": {"gtLabel": ["car"]}},
        {"filters": {"iouRange": {"min": 1, "max": 0}}},
        {"filters": {"itemMetadata": [{"key": "n", "op": "NE", "value": 1}]}},
        {"filters": {"sliceIds": ["slc_0000000ffffff"]}},
        {"filters": {"labelEquality": "eq"}},
        {"limit": 101},
        {"sort_by": "label"},
        {"sort_order": "up"},
        {"match_type": "TN"},
        {"iouThreshold": 1.5},
    ],
)
def test_what_cannot_be_looked_at_is_refused(seeded: Seeded, body: dict[str, Any]) -> None:
    ev = evaluated(seeded)

    assert seeded.refusal("POST", f"evaluationsV2/{ev}/examples", body)[0] in {400, 404}


def test_a_model_without_predictions_is_refused(make_seeded: Callable[..., Seeded]) -> None:
    of = make_seeded()
    made = of.ask("POST", "models/add", {"name": "n", "reference_id": "n"})["model_id"]

    status, text = of.refusal("POST", f"model/{made}/evaluationsV2", {})

    assert (status, "upload some first" in text) == (400, True)
