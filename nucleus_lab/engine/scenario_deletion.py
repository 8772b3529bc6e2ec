"""Scenario tests go with their slices, evaluations with their models.

Written out, since models and datasets are deleted where the database does not cascade.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from nucleus_lab.engine.scenario_schema import (
    scenario_criterion,
    scenario_evaluation,
    scenario_result,
    scenario_test,
)
from nucleus_lab.engine.schema import slice_


def forget_dataset(connection: Connection, dataset_id: int) -> None:
    """Delete the tests on the slices of a dataset.

    Args:
        connection: The open write transaction.
        dataset_id: Primary key of the dataset.
    """
    ours = select(slice_.c.id).where(slice_.c.dataset_id == dataset_id)
    tests = select(scenario_test.c.id).where(scenario_test.c.slice_id.in_(ours))
    _delete_evaluations(connection, scenario_evaluation.c.scenario_test_id.in_(tests))
    for column in (scenario_criterion.c.scenario_test_id, scenario_test.c.id):
        connection.execute(delete(column.table).where(column.in_(tests)))


def forget_model(connection: Connection, model_id: int) -> None:
    """Delete the evaluations of a model, and let go of it where it is the baseline.

    Args:
        connection: The open write transaction.
        model_id: Primary key of the model.
    """
    _delete_evaluations(connection, scenario_evaluation.c.model_id == model_id)
    connection.execute(
        update(scenario_test)
        .where(scenario_test.c.baseline_model_id == model_id)
        .values(baseline_model_id=None)
    )


def _delete_evaluations(connection: Connection, condition: Any) -> None:
    keys = select(scenario_evaluation.c.id).where(condition)
    connection.execute(
        delete(scenario_result).where(scenario_result.c.scenario_evaluation_id.in_(keys))
    )
    connection.execute(delete(scenario_evaluation).where(condition))
