"""Evaluations V2, asked for through the routes."""

from __future__ import annotations

import time
from typing import Any

from seeding import Seeded
from sqlalchemy import func, select

from nucleus_lab.engine.evaluation_schema import benchmark_item, evaluation_v2, evaluation_v2_part

RULES = "exclusionRules"


def finished(of: Seeded, public_id: str) -> dict[str, Any]:
    """Wait for the end of an evaluation."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = of.ask("GET", f"evaluationsV2/{public_id}")
        if found["status"] not in {"pending", "computing"}:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{public_id} has not ended")


def evaluated(of: Seeded, **body: Any) -> str:
    made = of.ask("POST", f"model/{of.prj}/evaluationsV2", body)["evaluation_id"]
    assert finished(of, made)["status"] == "succeeded"
    return made


def totals(of: Seeded, ev: str, **body: Any) -> tuple[int, int, int]:
    found = of.ask("POST", f"evaluationsV2/{ev}/charts", body)["totalCounts"]
    return found["tp"], found["fp"], found["fn"]


def left(of: Seeded) -> list[int]:
    with of.engine.store.read() as connection:
        return [
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (evaluation_v2, evaluation_v2_part, benchmark_item)
        ]
