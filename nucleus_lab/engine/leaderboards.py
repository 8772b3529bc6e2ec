"""Leaderboards: the evaluations on benchmarks, ranked by a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import benchmarks, evaluations_v2, model_versions, models
from nucleus_lab.engine.evaluation_request import IOU_THRESHOLD, Collapse, Metric
from nucleus_lab.engine.evaluation_run_v2 import load
from nucleus_lab.engine.evaluation_schema import evaluation_v2
from nucleus_lab.engine.schema import model, model_run
from nucleus_lab.evaluation.charts import GRID, counts_at
from nucleus_lab.evaluation.rows import rows_at

_C: Final = evaluation_v2.c
_STORED: Final[dict[str, tuple[str, str]]] = {
    "MAP_50": ("mapSummary", "mapAt50"),
    "MAP_50_95": ("mapSummary", "mapAt5095"),
    "AP_SMALL": ("apBySize", "small"),
    "AP_MEDIUM": ("apBySize", "medium"),
    "AP_LARGE": ("apBySize", "large"),
}


def ranking(
    connection: Connection,
    metric: Metric,
    benchmark_ids: Sequence[str],
    *,
    confidence_threshold: float = 0.0,
    model_ids: Sequence[str] | None = None,
    mine: str | None = None,
    collapse: Collapse = "bestPerModel",
) -> list[dict[str, Any]]:
    """Rank the evaluations that succeeded on benchmarks.

    Args:
        connection: The open transaction.
        metric: What to rank by. Precision, recall and F1 are those at IoU 0.5.
        benchmark_ids: Ids of benchmarks on the wire.
        confidence_threshold: Predictions below it do not count, for precision, recall and F1.
        model_ids: Only these models.
        mine: Only the evaluations that this caller made.
        collapse: ``bestPerModel`` keeps the best evaluation of each model.

    Returns:
        Entries with ``score`` and ``rank``, the best first; equal scores have equal ranks.
        Evaluations without the number (no annotation is small, say) are left out.
    """
    scored = []
    for row in _rows(connection, benchmark_ids, model_ids, mine):
        score = _score(connection, row, metric, confidence_threshold)
        if score is not None:
            scored.append((score, row))
    kept = _best(scored) if collapse == "bestPerModel" else scored
    kept.sort(key=lambda entry: (-entry[0], entry[1].id))
    return [
        {**_entry(row), "score": score, "rank": rank}
        for rank, (score, row) in zip(_ranks([score for score, _ in kept]), kept, strict=True)
    ]


def f1_curves(
    connection: Connection,
    benchmark_ids: Sequence[str],
    *,
    model_ids: Sequence[str] | None = None,
    top_n: int = 5,
) -> list[dict[str, Any]]:
    """Return F1 by confidence threshold for the best models.

    Args:
        connection: The open transaction.
        benchmark_ids: Ids of benchmarks on the wire.
        model_ids: Only these models.
        top_n: Models at most.

    Returns:
        Entries with ``points``, ``best_f1`` and ``rank``, the best first.
    """
    scored = []
    for row in _rows(connection, benchmark_ids, model_ids, None):
        points = _f1_points(wire.decode(row.results)["curve"])
        scored.append((max(score for _, score in points), row, points))
    scored.sort(key=lambda entry: (-entry[0], entry[1].id))
    best: dict[int, Any] = {}
    for entry in scored:
        best.setdefault(entry[1].model_id, entry)
    kept = list(best.values())[:top_n]
    return [
        {
            **_entry(row),
            "best_f1": best,
            "points": [
                {"confidence_threshold": threshold, "score": score} for threshold, score in points
            ],
            "rank": rank,
        }
        for rank, (best, row, points) in zip(_ranks([one[0] for one in kept]), kept, strict=True)
    ]


def _rows(
    connection: Connection,
    benchmark_ids: Sequence[str],
    model_ids: Sequence[str] | None,
    mine: str | None,
) -> list[Row[Any]]:
    keys = [benchmarks.row_of(connection, public).id for public in dict.fromkeys(benchmark_ids)]
    statement = (
        select(
            _C.id, _C.name, _C.model_id, _C.model_run_id, _C.results, _C.benchmark_id,
            model.c.name.label("model_name"), model.c.metadata.label("model_metadata"),
            model_run.c.name.label("run_name"),
        )
        .join(model, model.c.id == _C.model_id)
        .outerjoin(model_run, model_run.c.id == _C.model_run_id)
        .where(_C.benchmark_id.in_(keys), _C.status == evaluations_v2.SUCCEEDED)
        .order_by(_C.id)
    )  # fmt: skip
    if model_ids is not None:
        wanted = [models.key_of(connection, public) for public in model_ids]
        statement = statement.where(_C.model_id.in_(wanted))
    if mine is not None:
        statement = statement.where(_C.created_by == mine)
    return list(connection.execute(statement))


def _score(connection: Connection, row: Row[Any], metric: Metric, threshold: float) -> float | None:
    results = wire.decode(row.results)
    if metric in _STORED:
        chart, name = _STORED[metric]
        found: float | None = results["charts"][chart][name]
        return found
    curve = results["curve"]
    place = threshold * (GRID - 1)
    if abs(place - round(place)) < 1e-9:
        at = round(place)
        right, made = curve["tp"][at], curve["predictions"][at]
    else:  # between the stored thresholds: count
        rows, _ = rows_at(load(connection, row.id), IOU_THRESHOLD)
        counts = counts_at(rows, [threshold])
        right, made = counts["tp"][0], counts["predictions"][0]
    return _rate(metric, right, made, curve["truths"])


def _rate(metric: Metric, right: int, made: int, truths: int) -> float:
    """Precision, recall or F1 of ``right`` true positives; 0 where there is nothing to share."""
    top, whole = right, made
    if metric == "RECALL":
        whole = truths
    elif metric == "F1":
        top, whole = 2 * right, made + truths
    return top / whole if whole else 0.0


def _f1_points(curve: dict[str, Any]) -> list[tuple[float, float]]:
    return [
        (round(at / (GRID - 1), 2), _rate("F1", right, made, curve["truths"]))
        for at, (right, made) in enumerate(zip(curve["tp"], curve["predictions"], strict=True))
    ]


def _best(scored: Sequence[tuple[float, Row[Any]]]) -> list[tuple[float, Row[Any]]]:
    best: dict[int, tuple[float, Row[Any]]] = {}
    for score, row in scored:  # oldest first: of equal ones the newest stays
        known = best.get(row.model_id)
        if known is None or score >= known[0]:
            best[row.model_id] = (score, row)
    return list(best.values())


def _ranks(scores: Sequence[float]) -> list[int]:
    ranks: list[int] = []
    for place, score in enumerate(scores):
        ranks.append(ranks[-1] if place and score == scores[place - 1] else place + 1)
    return ranks


def _entry(row: Row[Any]) -> dict[str, Any]:
    run = row.model_run_id
    return {
        "evaluation_id": identifiers.encode(identifiers.EVALUATION_V2, row.id),
        "evaluation_name": row.name,
        "benchmark_id": identifiers.encode(identifiers.BENCHMARK, row.benchmark_id),
        "model_run_id": None if run is None else identifiers.encode(identifiers.RUN, run),
        "model_run_name": row.run_name,
        "model_id": identifiers.encode(identifiers.MODEL, row.model_id),
        "model_name": row.model_name,
        **model_versions.version_of(wire.decode(row.model_metadata) if row.model_metadata else {}),
    }
