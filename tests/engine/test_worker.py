"""Worker processes: they outlive who started them, share one queue, are missed when they die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import insert, select, update

from nucleus_lab import identifiers
from nucleus_lab.engine import Engine, clock
from nucleus_lab.engine.liveness import SILENCE_US, Runner, reason_gone, this_process
from nucleus_lab.engine.schema import job
from nucleus_lab.engine.settings import Settings
from nucleus_lab.engine.worker import sweep_now_and_then
from nucleus_lab.engine.worker_slots import WorkerSlots

HERE = Path(__file__).parent
SETTINGS = Settings(job_modules=("job_kinds_for_tests",), worker_idle_s=1.5)


@pytest.fixture(autouse=True)
def _quick_workers() -> None:
    """Workers start here as they do for users."""


@pytest.fixture
def engine(
    workspace: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """An engine whose worker processes know the kinds of the tests and end soon."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    opened = Engine(workspace, database_url=database_url, settings=SETTINGS)
    yield opened
    opened.close()


def row(handle: dict[str, Any]) -> int:
    return identifiers.decode(identifiers.JOB, handle["job_id"])


def until(claim: Any, timeout_s: float = 30) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := claim()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


def ended(engine: Engine, key: int) -> dict[str, Any]:
    found: dict[str, Any] = until(
        lambda: (status := engine.jobs.status(key))["status"] != "Running" and status
    )
    return found


def pid_of(engine: Engine, key: int) -> int | None:
    with engine.store.read() as connection:
        pid: int | None = connection.scalar(select(job.c.worker_pid).where(job.c.id == key))
        return pid


def runner_of(engine: Engine, key: int) -> psutil.Process:
    """The process that runs a job, once one does."""
    return psutil.Process(until(lambda: pid_of(engine, key)))


def live_workers(workspace: Path) -> int:
    return WorkerSlots(workspace / "workers", SETTINGS.workers).taken()


def python(program: str, engine: Engine, *arguments: str) -> subprocess.Popen[str]:
    """Start another process that opens the same workspace, as a second notebook would."""
    head = (
        "import json, sys, time\n"
        "from pathlib import Path\n"
        "from nucleus_lab.engine import Engine\n"
        "from nucleus_lab.engine.settings import Settings\n"
        "engine = Engine(sys.argv[1], database_url=sys.argv[2] or None,"
        " settings=Settings(job_modules=('job_kinds_for_tests',), worker_idle_s=1.5))\n"
    )
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            head + program,
            str(engine.workspace),
            engine.database_url or "",
            *arguments,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_job_whose_worker_is_killed_ends_errored_with_the_reason(
    engine: Engine, tmp_path: Path
) -> None:
    key = row(engine.jobs.submit("test.steps", {"total": 4, "folder": str(tmp_path)}))
    worker = runner_of(engine, key)

    worker.send_signal(signal.SIGKILL)
    status = ended(engine, key)

    host = this_process().host
    reason = (
        f"WorkerLost: worker process {worker.pid} on {host} ended before the job did: it was "
        "killed, ran out of memory, or the machine went down. What it had committed is kept; "
        "submit the job again"
    )
    assert (status["status"], status["message"]) == ("Errored", {"final_error": reason})
    assert engine.jobs.errors(key) == [reason]
    assert status["lab"]["finished_at"] is not None


def test_a_dead_worker_is_found_by_a_list_and_by_the_next_to_open_the_workspace(
    engine: Engine,
) -> None:
    keys = [row(engine.jobs.submit("test.die", {})) for _ in range(2)]
    for key in keys:
        until(lambda key=key: (pid := pid_of(engine, key)) and not psutil.pid_exists(pid))

    Engine(engine.workspace, database_url=engine.database_url, settings=SETTINGS).close()

    with engine.store.read() as connection:
        states = list(connection.scalars(select(job.c.status)))
    assert states == ["Errored", "Errored"]
    assert [handle["job_last_known_status"] for handle in engine.jobs.list()] == ["Errored"] * 2


def test_the_next_job_runs_after_a_worker_was_killed(engine: Engine) -> None:
    for _ in range(3):
        key = row(engine.jobs.submit("test.die", {}))
        assert ended(engine, key)["status"] == "Errored"

    assert ended(engine, row(engine.jobs.submit("test.echo", {})))["status"] == "Completed"


def test_a_worker_that_is_told_to_stop_says_so(engine: Engine, tmp_path: Path) -> None:
    key = row(engine.jobs.submit("test.steps", {"total": 4, "folder": str(tmp_path)}))

    runner_of(engine, key).terminate()

    assert ended(engine, key)["message"] == {
        "final_error": "WorkerStopped: the worker process was told to stop"
    }


def test_a_job_completes_after_the_process_that_submitted_it_is_gone(
    engine: Engine, tmp_path: Path
) -> None:
    program = (
        "handle = engine.jobs.submit('test.steps', {'total': 1, 'folder': sys.argv[3]})\n"
        "print(handle['job_id'], flush=True)\n"
        "time.sleep(60)\n"
    )
    notebook = python(program, engine, str(tmp_path))
    assert notebook.stdout is not None
    key = row({"job_id": notebook.stdout.readline().strip()})
    worker = runner_of(engine, key)

    notebook.send_signal(signal.SIGINT)  # an interrupt in a notebook goes to its process group
    notebook.kill()
    notebook.communicate()
    for step in range(2):
        (tmp_path / str(step)).touch()

    assert ended(engine, key)["status"] == "Completed"
    assert worker.pid != notebook.pid
    assert os.getpgid(worker.pid) == worker.pid if worker.is_running() else True


def test_two_processes_share_one_queue_and_each_job_runs_once(
    engine: Engine, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    program = (
        "for number in range(int(sys.argv[4]), int(sys.argv[4]) + 20):\n"
        "    engine.jobs.submit('test.note', {'path': sys.argv[3], 'number': number})\n"
        "deadline = time.monotonic() + 60\n"
        "while time.monotonic() < deadline:\n"
        "    jobs = engine.jobs.list(show_completed=True)\n"
        "    if all(job['job_last_known_status'] != 'Running' for job in jobs): break\n"
        "    time.sleep(0.02)\n"
        "print(json.dumps([job['job_last_known_status'] for job in jobs]))\n"
    )

    both = [python(program, engine, str(notes), str(start)) for start in (0, 100)]

    answers = [json.loads(process.communicate(timeout=90)[0]) for process in both]
    assert all(set(states) == {"Completed"} for states in answers)
    lines = [line.split() for line in notes.read_text().splitlines()]
    assert sorted(int(number) for number, _ in lines) == [*range(20), *range(100, 120)]
    assert len({pid for _, pid in lines}) <= SETTINGS.workers


def test_an_idle_worker_ends_and_leaves_no_zombie(engine: Engine) -> None:
    key = row(engine.jobs.submit("test.echo", {}))
    worker = runner_of(engine, key)
    ended(engine, key)
    assert live_workers(engine.workspace) == 1

    until(lambda: live_workers(engine.workspace) == 0)

    until(lambda: not worker.is_running())
    assert not (engine.workspace / "logs" / "worker.log").read_text()


def test_a_worker_that_goes_idle_sweeps_now_and_then(engine: Engine) -> None:
    lost = engine.workspace / "media" / "00" / ("0" * 40)
    lost.parent.mkdir(parents=True)
    lost.write_bytes(b"nobody wants me")
    os.utime(lost, (1, 1))

    ended(engine, row(engine.jobs.submit("test.echo", {})))

    until(lambda: not lost.exists())
    assert sweep_now_and_then(engine) == 0  # it was done not long ago


def test_a_worker_ends_when_its_workspace_is_deleted(engine: Engine, tmp_path: Path) -> None:
    worker = runner_of(engine, row(engine.jobs.submit("test.echo", {})))

    engine.workspace.rename(tmp_path / "moved")

    until(lambda: not worker.is_running())
    (tmp_path / "moved").rename(engine.workspace)


def test_a_file_named_like_a_standard_module_does_not_reach_the_worker(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("raise SystemError('mine')")
    monkeypatch.chdir(tmp_path)

    assert ended(engine, row(engine.jobs.submit("test.echo", {})))["status"] == "Completed"


def test_no_password_shows_in_the_command_line_of_a_worker(engine: Engine) -> None:
    worker = runner_of(
        engine,
        row(engine.jobs.submit("test.note", {"path": os.devnull, "number": 1, "sleep_s": 1})),
    )

    assert worker.cmdline()[1:] == ["-P", "-m", "nucleus_lab.engine.worker"]


def test_a_queued_job_without_a_worker_gets_one_from_whoever_looks(engine: Engine) -> None:
    with engine.store.write() as connection:  # as if the worker had died before it claimed
        key = connection.scalar(
            insert(job)
            .values(type="test.echo", status="Queued", created_at=clock.now())
            .returning(job.c.id)
        )
    assert live_workers(engine.workspace) == 0

    assert ended(engine, key)["status"] == "Completed"


def test_a_worker_on_another_machine_is_missed_after_two_minutes_of_silence(
    engine: Engine,
) -> None:
    with engine.store.write() as connection:
        key = connection.scalar(
            insert(job)
            .values(
                type="test.echo",
                status="Running",
                created_at=clock.now(),
                started_at=clock.now(),
                worker_host="elsewhere",
                worker_pid=os.getpid(),
                worker_started=0.0,
                heartbeat_at=clock.now(),
            )
            .returning(job.c.id)
        )
    assert engine.jobs.status(key)["status"] == "Running"

    with engine.store.write() as connection:
        connection.execute(update(job).values(heartbeat_at=clock.now() - SILENCE_US - 1))

    assert engine.jobs.status(key)["message"]["final_error"].startswith(
        f"WorkerLost: worker process {os.getpid()} on elsewhere has not reported for 120 seconds"
    )


def test_a_pid_that_came_round_again_is_another_process() -> None:
    me = this_process()
    earlier = Runner(me.host, me.pid, me.started - 1000)

    assert reason_gone(me, 0) == ""
    assert reason_gone(earlier, clock.now()) == ""  # it reports: the clock was set meanwhile
    assert "ended before the job did" in reason_gone(earlier, clock.now() - 60_000_000)


def test_a_slot_is_free_again_when_its_holder_is_gone(tmp_path: Path) -> None:
    slots = WorkerSlots(tmp_path / "workers", 2)
    assert slots.taken() == 0

    held = [slots.take(), slots.take()]

    assert None not in held
    assert (slots.take(), slots.taken()) == (None, 2)
    os.close(held[0])
    assert slots.taken() == 1
    os.close(held[1])


def test_a_worker_starts_without_what_only_jobs_need() -> None:
    program = (
        "import sys, time; start = time.process_time()\n"
        "import nucleus_lab.engine.worker, nucleus_lab.engine.job_runs\n"
        "heavy = {'numpy', 'PIL', 'alembic', 'fsspec', 'httpx', 'pydantic', 'psutil'}\n"
        "print(sorted(heavy & set(sys.modules)), time.process_time() - start)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.startswith("[] "), done.stdout + done.stderr
