"""Job kinds that only the tests know; worker processes import this module by its name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from nucleus_lab.engine import Engine
from nucleus_lab.engine.work import Task, job_kind
from nucleus_lab.errors import InvalidInputError


@job_kind("test.echo")
def echo(engine: Engine, task: Task) -> dict[str, Any]:
    return {"got": task.payload, "dataset_id": task.dataset_id}


@job_kind("test.note")
def note(engine: Engine, task: Task) -> str:
    """Leave one line for each run, so that a test can count them."""
    time.sleep(task.payload.get("sleep_s", 0))
    with Path(task.payload["path"]).open("a") as file:
        file.write(f"{task.payload['number']} {os.getpid()}\n")
    return "noted"


@job_kind("test.fail")
def fail(engine: Engine, task: Task) -> None:
    task.error("item a: too small")
    task.error("item b: too large")
    raise InvalidInputError("nothing fits")


@job_kind("test.die")
def die(engine: Engine, task: Task) -> None:
    task.progress(1, 4, {"status_log": "about to die"})
    time.sleep(task.payload.get("after_s", 0))
    os.kill(os.getpid(), signal.SIGKILL)


@job_kind("test.steps")
def steps(engine: Engine, task: Task) -> None:
    """Go on step by step as the test lets it: one file a step, or until told to stop."""
    total = task.payload["total"]
    for done in range(total + 1):
        task.progress(done, total, {"status_log": f"step {done}"})
        while not (Path(task.payload["folder"]) / str(done)).exists():
            task.checkpoint()
            time.sleep(0.005)


@job_kind("test.transaction")
def in_transaction(engine: Engine, task: Task) -> str:
    """Report from inside a write transaction that stays open for a while."""
    from nucleus_lab.engine import datasets

    with engine.store.write() as connection:
        for done in range(30):
            datasets.create(connection, f"d{done}")
            task.progress(done, 30, "writing")
            task.error(f"entry {done}")
            time.sleep(0.02)
    return "written"


@job_kind("test.many_errors")
def many_errors(engine: Engine, task: Task) -> None:
    for number in range(task.payload["count"]):
        task.error(f"error {number}")
        if number == 5000:
            time.sleep(0.3)  # let the first ones be written


@job_kind("test.count_upload")
def count_upload(engine: Engine, task: Task) -> dict[str, Any]:
    assert task.dataset_id is not None
    return {"objects": list(engine.uploads.read(task.dataset_id, task.payload["requestId"]))}


@job_kind("test.odd")
def odd(engine: Engine, task: Task) -> Any:
    """Hand back what cannot be stored, or say it in an odd way."""
    if task.payload["how"] == "answer":
        return {"found": object()}
    if task.payload["how"] == "progress":
        task.progress(1, 2, {"nan": float("nan")})
    raise ValueError("a\udcff.jpg \0 end")
