"""What an evaluation covers: items of one dataset or many, and whose predictions on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, union

from nucleus_lab import identifiers
from nucleus_lab.engine import predictions_anywhere, runs
from nucleus_lab.engine.evaluation_schema import benchmark_item
from nucleus_lab.engine.schema import annotation, item, prediction, slice_, slice_member

if TYPE_CHECKING:
    from nucleus_lab.evaluation.objects import Ints

_MEMBERS = slice_member.c


@dataclass(frozen=True, slots=True)
class Portion:
    """The part of an evaluation that lies in one dataset.

    Attributes:
        dataset_id: Primary key of the dataset.
        run_id: Primary key of the run with the predictions; 0 where there are none.
        items: Primary keys of the items; ``None`` for all.
    """

    dataset_id: int
    run_id: int
    items: Ints | None = None


def runs_by_dataset(connection: Connection, model_id: int, run_id: int | None) -> dict[int, int]:
    """Find the predictions to evaluate.

    Args:
        connection: The open transaction.
        model_id: Primary key of the model.
        run_id: Primary key of one of its runs; ``None`` for the predictions of the model itself.

    Returns:
        Primary key of the run or its part by that of the dataset.
    """
    if run_id is None:
        return predictions_anywhere.runs_of(
            connection, identifiers.encode(identifiers.MODEL, model_id)
        )
    row = runs.get(connection, identifiers.encode(identifiers.RUN, run_id))
    return {dataset_id: part for part, dataset_id in runs.parts(connection, row)}


def of_benchmark(
    connection: Connection, benchmark_id: int, predicted: dict[int, int]
) -> list[Portion]:
    """Return what an evaluation on a benchmark covers: all its items, predicted or not.

    Args:
        connection: The open transaction.
        benchmark_id: Primary key.
        predicted: What :func:`runs_by_dataset` returned.

    Returns:
        One portion a dataset.
    """
    members = select(item.c.dataset_id, item.c.id).join(
        benchmark_item, benchmark_item.c.item_id == item.c.id
    )
    rows = connection.execute(members.where(benchmark_item.c.benchmark_id == benchmark_id))
    return _portions([(row[0], row[1]) for row in rows], predicted)


def of_slice(connection: Connection, slice_id: int, predicted: dict[int, int]) -> list[Portion]:
    """Return what an evaluation on a slice covers.

    Args:
        connection: The open transaction.
        slice_id: Primary key.
        predicted: What :func:`runs_by_dataset` returned.

    Returns:
        The portion of its dataset, or nothing where the slice is gone.
    """
    owner = connection.scalar(select(slice_.c.dataset_id).where(slice_.c.id == slice_id))
    keys = items_of_slice(connection, slice_id)
    return [] if owner is None else _portions([(owner, key) for key in keys], predicted)


def items_of_slice(connection: Connection, slice_id: int) -> list[int]:
    """Find the items of a slice of any kind: its own, those of its scenes and of its objects.

    Args:
        connection: The open transaction.
        slice_id: Primary key.

    Returns:
        Primary keys.
    """
    member = select(_MEMBERS.member_id).where(_MEMBERS.slice_id == slice_id)
    statement = union(
        select(item.c.id).where(item.c.id.in_(member.where(_MEMBERS.member == "item"))),
        select(item.c.id).where(item.c.scene_id.in_(member.where(_MEMBERS.member == "scene"))),
        *(
            select(table.c.item_id).where(
                table.c.id.in_(member.where(_MEMBERS.member == table.name)),
                table.c.item_id.is_not(None),
            )
            for table in (annotation, prediction)
        ),
    )
    return sorted(connection.scalars(statement))


def of_datasets(predicted: dict[int, int]) -> list[Portion]:
    """Return what an evaluation without benchmark and slice covers: whole datasets.

    Args:
        predicted: What :func:`runs_by_dataset` returned.

    Returns:
        One portion a dataset that has predictions.
    """
    return [Portion(dataset_id, run_id) for dataset_id, run_id in sorted(predicted.items())]


def _portions(items: list[tuple[int, int]], predicted: dict[int, int]) -> list[Portion]:
    import numpy as np

    by_dataset: dict[int, list[int]] = {}
    for dataset_id, key in items:
        by_dataset.setdefault(dataset_id, []).append(key)
    return [
        Portion(dataset_id, predicted.get(dataset_id, 0), np.array(keys, np.int64))
        for dataset_id, keys in sorted(by_dataset.items())
    ]
