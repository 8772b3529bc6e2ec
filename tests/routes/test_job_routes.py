"""The routes of jobs: shapes that published clients read, filters, refusals."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from sqlalchemy import insert

from nucleus_lab.engine import Engine, clock, datasets
from nucleus_lab.engine.schema import job
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

pytestmark = pytest.mark.usefixtures("inline_jobs")


def ask(engine: Engine, method: str, path: str, payload: Any = None) -> tuple[int, Any]:
    answer = dispatch(engine, Request(method, path, payload))
    return answer.status, answer.payload


def add(engine: Engine, **values: Any) -> str:
    given = {"type": "modelMetrics", "status": "Completed", "created_at": clock.now()} | values
    with engine.store.write() as connection:
        key = connection.scalar(insert(job).values(**given).returning(job.c.id))
    return f"job_{key:013x}"


def test_a_status_has_the_shape_that_clients_read(engine: Engine) -> None:
    created = clock.now()
    key = add(
        engine,
        created_at=created,
        started_at=created + 1_000_000,
        finished_at=created + 3_500_000,
        completed_steps=3,
        total_steps=3,
        message='"all done"',
    )

    assert ask(engine, "GET", f"job/{key}") == (
        200,
        {
            "job_id": key,
            "status": "Completed",
            "message": "all done",
            "job_progress": "1.00",
            "completed_steps": 3,
            "total_steps": 3,
            "job_type": "modelMetrics",
            "lab": {
                "state": "Completed",
                "cancel_requested": False,
                "created_at": clock.iso(created),
                "started_at": clock.iso(created + 1_000_000),
                "finished_at": clock.iso(created + 3_500_000),
                "elapsed_s": 2.5,
                "remaining_s": None,
            },
        },
    )
    assert ask(engine, "GET", f"job/{key}/info") == (
        200,
        {
            "job_id": key,
            "job_last_known_status": "Completed",
            "job_type": "modelMetrics",
            "job_creation_time": clock.iso(created),
        },
    )
    assert ask(engine, "GET", f"job/{key}/errors") == (200, [])


def test_a_queued_job_looks_running_since_clients_wait_only_while_it_does(engine: Engine) -> None:
    key = add(engine, status="Queued")

    status, payload = ask(engine, "GET", f"job/{key}")

    assert (status, payload["status"], payload["job_progress"], payload["message"]) == (
        200,
        "Running",
        "0.00",
        {"status_log": "Waiting for a worker process"},
    )
    assert payload["lab"]["state"] == "Queued"
    assert ask(engine, "POST", f"lab/job/{key}/cancel")[1]["status"] == "Cancelled"


def test_jobs_are_listed_with_all_filters(engine: Engine) -> None:
    def at(text: str) -> int:
        return int(datetime.datetime.fromisoformat(text).timestamp() * 1e6)

    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
    old = add(engine, created_at=at("2026-01-05T10:00+00:00"), dataset_id=key)
    mid = add(engine, created_at=at("2026-02-05T10:00+00:00"), status="Errored")
    new = add(engine, created_at=at("2026-03-05T10:00+00:00"), type="metadataUpdate")

    def ids(**body: Any) -> list[str]:
        status, payload = ask(engine, "POST", "jobs/", body)
        assert status == 200, payload
        return [row["job_id"] for row in payload]

    assert ids() == [mid]
    assert ids(show_completed=True, limit=50_000) == [new, mid, old]
    assert ids(
        show_completed=True, job_types=[], dataset_id=None, from_date=None, to_date=None, limit=None
    ) == [new, mid, old]
    assert ids(show_completed=True, dataset_id=f"ds_{key:013x}") == [old]
    assert ids(show_completed=True, job_types=["metadataUpdate"]) == [new]
    assert ids(show_completed=True, from_date="2026-02-05") == [new, mid]
    assert ids(show_completed=True, to_date="2026-02-05") == [mid, old]
    assert ids(show_completed=True, to_date="2026-02-05T09:00:00") == [old]
    assert ids(show_completed=True, from_date="2026-02-05 12:00:00+01:00") == [new]
    assert ids(show_completed=True, limit=1) == [new]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"limit": 0}, "limit is 0: write 1 to 50,000"),
        ({"limit": 50_001}, "limit is 50001: write 1 to 50,000"),
        ({"limit": "many"}, "$.limit"),
        ({"from_date": "yesterday"}, "from_date is 'yesterday': write a date such as"),
        ({"job_types": "modelMetrics"}, "$.job_types"),
        ({"job_types": ["modelMetric"]}, "job_types has 'modelMetric': use some of"),
    ],
)
def test_a_wrong_filter_is_refused(engine: Engine, body: Any, message: str) -> None:
    status, payload = ask(engine, "POST", "jobs/", body)

    assert status == 400
    assert message in payload["error"]


@pytest.mark.parametrize("key", ["job_00000000000ff", "job_x", "ds_0000000000001", "42"])
def test_an_unknown_job_is_not_found(engine: Engine, key: str) -> None:
    for method, path in (
        ("GET", f"job/{key}"),
        ("GET", f"job/{key}/info"),
        ("GET", f"job/{key}/errors"),
        ("POST", f"lab/job/{key}/cancel"),
    ):
        status, payload = ask(engine, method, path)
        assert (status, payload["code"]) == (404, "not_found")
        assert key in payload["error"]
