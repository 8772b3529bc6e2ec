"""CPU cost of the first seconds: import, open a workspace, first query, first item; the command.

Run ``python -m benchmarks.startup``. Each figure is the best of several new processes, with
compiled modules cached as a user has them. The floors, in the same run, are importing SQLAlchemy
alone; for the server, importing it with uvicorn and click, and for a help page, with click.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.request

from nucleus_lab import DatasetItem, NucleusClient

RUNS = 7
LIMIT_IMPORT = 0.2
LIMIT_OPEN = 0.3

STEPS = """
import sys, time
clock = time.process_time
times = [clock()]
from nucleus_lab import NucleusClient; times.append(clock())
client = NucleusClient(workspace=sys.argv[1]); times.append(clock())
dataset = client.get_dataset(sys.argv[2])
assert dataset.count("metadata.a = 1") == 333; times.append(clock())
assert dataset.refloc("r5")["item"].reference_id == "r5"; times.append(clock())
print(*(after - before for before, after in zip(times, times[1:])))
"""
NEW = """
import sys, time
from nucleus_lab import NucleusClient
start = time.process_time()
NucleusClient(workspace=sys.argv[1] + "/new-" + str(time.time_ns())).create_dataset("first")
print(time.process_time() - start)
"""
ALONE = "import time; t = time.process_time(); import sqlalchemy; print(time.process_time() - t)"
COMMAND = "from nucleus_lab.cli import main; main()"


def fresh(program: str, *arguments: str) -> list[float]:
    """Return the CPU seconds that a new process counts of itself."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [float(number) for number in done.stdout.split()]


def whole(program: str, *arguments: str, served: str | None = None) -> float:
    """Return the CPU seconds of a process from its first instruction to its last.

    Args:
        program: What Python runs.
        *arguments: Of the program.
        served: A route of the server that the program starts: it is asked once, then stopped.
    """
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-u", "-c", program, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        if served is not None:
            endpoint = process.stdout.readline().strip()
            with urllib.request.urlopen(f"{endpoint}/{served}") as answer:
                assert answer.status == 200
            process.terminate()
        process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Print the figures; 1 when a limit is missed."""
    with tempfile.TemporaryDirectory() as folder:
        with NucleusClient(workspace=folder) as client:
            dataset = client.create_dataset("startup")
            dataset.append([
                DatasetItem(f"https://example.org/{n}.jpg", f"r{n}", {"a": n % 3})
                for n in range(1000)
            ])
        runs = [
            (*fresh(STEPS, folder, dataset.id), *fresh(NEW, folder), *fresh(ALONE))
            for _ in range(RUNS)
        ]
        served = f"dataset/{dataset.id}/size"
        serve = ("serve", "--workspace", folder, "--port", "0")
        commands = [
            (
                whole(COMMAND, *serve, served=served),
                whole("import sqlalchemy, uvicorn, click"),
                whole(COMMAND, "--help"),
                whole("import click"),
            )
            for _ in range(RUNS)
        ]
    imported, opened, query, item, new, alone = (min(column) for column in zip(*runs, strict=True))
    server, server_floor, page, page_floor = (min(column) for column in zip(*commands, strict=True))
    together = opened + query
    print(f"CPU seconds in a new process, best of {RUNS}")
    print(f"floor: import sqlalchemy alone      {alone:.3f}")
    print(f"from nucleus_lab import NucleusClient {imported:.3f}   limit {LIMIT_IMPORT}")
    print(
        f"open a workspace and first query    {together:.3f}   limit {LIMIT_OPEN}, "
        f"{together / alone:.2f} x floor"
    )
    print(f"first refloc after it               {item:.3f}")
    print(f"new workspace and first dataset     {new:.3f}   limit 0.5")
    print("CPU seconds of a whole process, the interpreter included")
    print(
        f"nucleus-lab serve, one answer, stop {server:.3f}   "
        f"{server / server_floor:.2f} x its libraries"
    )
    print(f"nucleus-lab --help                  {page:.3f}   {page / page_floor:.2f} x its library")
    return int(imported > LIMIT_IMPORT or together > LIMIT_OPEN or new > 0.5)


if __name__ == "__main__":
    sys.exit(main())
