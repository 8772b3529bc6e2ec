"""Computing one Evaluation V2: read, compare, chart, store; all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import evaluation_scope
from nucleus_lab.engine.evaluation_config import EvaluationConfig
from nucleus_lab.engine.evaluation_read import read
from nucleus_lab.engine.evaluation_request import IOU_THRESHOLD
from nucleus_lab.engine.evaluation_schema import evaluation_v2, evaluation_v2_part
from nucleus_lab.engine.mask_objects import MaskObjects
from nucleus_lab.engine.store import Store
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation.charts import charts, operating_curve
from nucleus_lab.evaluation.frame import Frame
from nucleus_lab.evaluation.rows import rows_at

Progress = Callable[[int, int, str], None]

_READ, _CHARTED, _TOTAL = 50, 80, 100
_PART_BYTES: Final = 32 * 1024 * 1024
_WAITING: Final = ("pending", "computing")


class WithdrawnError(Exception):
    """The evaluation was cancelled or deleted while it was computed."""


def evaluate(
    store: Store, key: int, progress: Progress, *, masks: MaskObjects | None = None
) -> dict[str, Any]:
    """Compute an evaluation and store what was found.

    Args:
        store: The database.
        key: Primary key of the evaluation.
        progress: Told the steps done, the steps in all, and what is going on.
        masks: What reads masks; without it they are not evaluated.

    Returns:
        What the message of the job says.

    Raises:
        WithdrawnError: It was cancelled or deleted meanwhile.
        InvalidInputError: There is nothing to compare.
    """
    with store.write() as connection:
        _still_wanted(connection, key, status="computing")
    if masks is not None:
        _prepare(store, key, masks, progress)
    with store.read() as connection:
        row = _row(connection, key)
        config = EvaluationConfig.of(wire.decode(row.options))
        frame, stats = read(
            connection,
            _portions(connection, row),
            config,
            lambda done, total: progress(
                _READ * done // max(total, 1), _TOTAL, f"reading item {done:,} of {total:,}"
            ),
            masks,
        )
    _check(frame, stats)
    progress(_READ, _TOTAL, "computing charts")
    rows, causes = rows_at(frame, IOU_THRESHOLD)
    found = charts(frame, rows, causes)
    results = {"charts": found, "curve": operating_curve(frame, rows)}
    content = frame.to_bytes()
    progress(_CHARTED, _TOTAL, f"storing {len(rows):,} matches")
    with store.write() as connection:
        _still_wanted(
            connection,
            key,
            status="succeeded",
            results=wire.encode(results).decode(),
            exclusion_stats=wire.encode(stats).decode(),
        )
        connection.execute(
            delete(evaluation_v2_part).where(evaluation_v2_part.c.evaluation_v2_id == key)
        )
        connection.execute(
            insert(evaluation_v2_part),
            [
                {
                    "evaluation_v2_id": key,
                    "part": part,
                    "content": content[start : start + _PART_BYTES],
                }
                for part, start in enumerate(range(0, len(content), _PART_BYTES))
            ],
        )
    return {
        "evaluation_id": identifiers.encode(identifiers.EVALUATION_V2, key),
        **found["mapSummary"],
        **found["totalCounts"],
    }


def _row(connection: Connection, key: int) -> Row[Any]:
    row = connection.execute(select(evaluation_v2).where(evaluation_v2.c.id == key)).first()
    if row is None:
        raise WithdrawnError
    return row


def _prepare(store: Store, key: int, masks: MaskObjects, progress: Progress) -> None:
    """Read masks before the transaction that reads all else: they may have to be fetched."""
    with store.read() as connection:
        portions = _portions(connection, _row(connection, key))
    for portion in portions:
        masks.prepare(
            portion.dataset_id,
            portion.run_id,
            None if portion.items is None else portion.items.tolist(),
            lambda done, total: progress(0, _TOTAL, f"reading masks: {done:,} of {total:,}"),
        )


def _still_wanted(connection: Connection, key: int, **values: Any) -> None:
    mine = (evaluation_v2.c.id == key) & evaluation_v2.c.status.in_(_WAITING)
    if connection.execute(update(evaluation_v2).where(mine).values(**values)).rowcount == 0:
        raise WithdrawnError


def _portions(connection: Connection, row: Row[Any]) -> list[evaluation_scope.Portion]:
    predicted = evaluation_scope.runs_by_dataset(connection, row.model_id, row.model_run_id)
    if row.benchmark_id is not None:
        return evaluation_scope.of_benchmark(connection, row.benchmark_id, predicted)
    if row.slice_id is not None:
        return evaluation_scope.of_slice(connection, row.slice_id, predicted)
    return evaluation_scope.of_datasets(predicted)


def _check(frame: Frame, stats: dict[str, Any]) -> None:
    if len(frame.truths):
        return
    if stats["excluded_items"] or stats["excluded_annotations"]:
        raise InvalidInputError(
            f"the exclusion rules left out all annotations ({stats['excluded_annotations']:,} on "
            f"{stats['excluded_items']:,} excluded items and elsewhere): loosen them"
        )
    raise InvalidInputError(
        f"there are no annotations to compare with on the {len(frame.items):,} items: add ground "
        "truth, dataset.annotate(...), and retry the evaluation"
    )


def load(connection: Connection, key: int) -> Frame:
    """Read back what an evaluation measured.

    Args:
        connection: The open transaction.
        key: Primary key of an evaluation that succeeded.

    Returns:
        The frame.
    """
    columns = evaluation_v2_part.c
    parts = select(columns.content).where(columns.evaluation_v2_id == key).order_by(columns.part)
    return Frame.from_bytes(b"".join(bytes(part) for part in connection.scalars(parts)))
