"""Deleting with all that hangs on it, in whole statements.

The database would cascade too, one row at a time; it looks for the dependants of every single row
and is an order of magnitude slower.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, ScalarSelect, delete, select, update

from nucleus_lab.engine import (
    column_indexes,
    deleted_annotations,
    embedding_removal,
    evaluation_deletion,
    indexes,
    scenario_deletion,
    schema,
)
from nucleus_lab.engine.embedding_schema import (
    autotag_example,
    autotag_refinement,
    embedding,
    embedding_index,
    embedding_segment,
)
from nucleus_lab.engine.evaluation_schema import benchmark_item, evaluation_v2
from nucleus_lab.engine.labeling_schema import labeling_task, labeling_task_item
from nucleus_lab.engine.schema import (
    annotation,
    autotag,
    autotag_score,
    dataset,
    deleted_annotation,
    evaluation,
    item,
    match,
    model_run,
    prediction,
    scene,
    scene_track,
    slice_,
    slice_member,
)
from nucleus_lab.engine.statements import among, json_list


def _runs_of(dataset_id: int) -> ScalarSelect[int]:
    return select(model_run.c.id).where(model_run.c.dataset_id == dataset_id).scalar_subquery()


def _evaluations_of(dataset_id: int) -> ScalarSelect[int]:
    runs = evaluation.c.model_run_id.in_(_runs_of(dataset_id))
    return select(evaluation.c.id).where(runs).scalar_subquery()


def delete_dataset(connection: Connection, dataset_id: int) -> None:
    """Delete a dataset, its items, annotations, predictions, slices and all else of it.

    Args:
        connection: The open write transaction.
        dataset_id: Primary key.
    """
    ours: Any = lambda table: select(table.c.id).where(table.c.dataset_id == dataset_id)  # noqa: E731
    of_dataset = evaluation_v2.c.dataset_id == dataset_id
    of_runs = evaluation_v2.c.model_run_id.in_(_runs_of(dataset_id))
    evaluation_deletion.forget(connection, of_dataset | of_runs)
    evaluation_deletion.forget_items(connection, benchmark_item.c.item_id.in_(ours(item)))
    scenario_deletion.forget_dataset(connection, dataset_id)
    for statement in (
        delete(match).where(match.c.evaluation_id.in_(_evaluations_of(dataset_id))),
        delete(evaluation).where(evaluation.c.model_run_id.in_(_runs_of(dataset_id))),
        delete(prediction).where(prediction.c.model_run_id.in_(_runs_of(dataset_id))),
        delete(autotag_score).where(autotag_score.c.autotag_id.in_(ours(autotag))),
        delete(autotag_example).where(autotag_example.c.autotag_id.in_(ours(autotag))),
        delete(autotag_refinement).where(autotag_refinement.c.autotag_id.in_(ours(autotag))),
        delete(embedding).where(embedding.c.embedding_index_id.in_(ours(embedding_index))),
        delete(embedding_segment).where(
            embedding_segment.c.embedding_index_id.in_(ours(embedding_index))
        ),
        delete(slice_member).where(slice_member.c.slice_id.in_(ours(slice_))),
        delete(annotation).where(annotation.c.item_id.in_(ours(item))),
        delete(annotation).where(annotation.c.scene_id.in_(ours(scene))),
        delete(scene_track).where(scene_track.c.scene_id.in_(ours(scene))),
        delete(deleted_annotation).where(deleted_annotation.c.dataset_id == dataset_id),
    ):
        connection.execute(statement)
    _delete_tasks(connection, labeling_task_item.c.dataset_id == dataset_id, {})
    for table in (
        model_run, autotag, embedding_index, slice_, schema.saved_query, item, scene, schema.track,
        schema.label, schema.taxonomy,
    ):  # fmt: skip
        connection.execute(delete(table).where(table.c.dataset_id == dataset_id))
    connection.execute(delete(dataset).where(dataset.c.id == dataset_id))
    indexes.drop(connection, dataset_id)
    column_indexes.drop_unneeded(connection)


def delete_items(connection: Connection, dataset_id: int, item_ids: list[int]) -> None:
    """Delete items of one dataset with their annotations, predictions and memberships.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key.
        item_ids: Primary keys of the items.
    """
    keys = {"keys": json_list(item_ids)}
    delete_annotations(connection, dataset_id, item_ids)
    deleted_annotations.forget(connection, dataset_id, item_ids)
    of_items = select(prediction.c.id).where(
        prediction.c.model_run_id.in_(_runs_of(dataset_id)), among(prediction.c.item_id, "keys")
    )
    _delete_members(connection, dataset_id, "prediction", of_items, keys)
    for statement in (
        delete(prediction).where(
            prediction.c.model_run_id.in_(_runs_of(dataset_id)), among(prediction.c.item_id, "keys")
        ),
        delete(match).where(
            match.c.evaluation_id.in_(_evaluations_of(dataset_id)), among(match.c.item_id, "keys")
        ),
    ):
        connection.execute(statement, keys)
    evaluation_deletion.forget_items(connection, among(benchmark_item.c.item_id, "keys"), keys)
    _delete_tasks(connection, among(labeling_task_item.c.item_id, "keys"), keys)
    of_items = select(item.c.id).where(among(item.c.id, "keys"))
    _delete_members(connection, dataset_id, "item", of_items, keys)
    connection.execute(delete(item).where(among(item.c.id, "keys")), keys)
    connection.execute(
        update(dataset).where(dataset.c.id == dataset_id).values(positions_dense=False)
    )


def delete_annotations(connection: Connection, dataset_id: int, item_ids: list[int]) -> int:
    """Delete the annotations of items.

    Matches of an evaluation keep the key of an annotation that is gone: they say what was measured.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key.
        item_ids: Primary keys of the items.

    Returns:
        How many annotations went.
    """
    keys = {"keys": json_list(item_ids)}
    of_items = select(annotation.c.id).where(among(annotation.c.item_id, "keys"))
    _delete_members(connection, dataset_id, "annotation", of_items, keys)
    gone = connection.execute(delete(annotation).where(among(annotation.c.item_id, "keys")), keys)
    return gone.rowcount


def delete_annotation_rows(connection: Connection, dataset_id: int, keys: list[int]) -> int:
    """Delete annotations by their primary keys.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key.
        keys: Primary keys of annotations of the dataset.

    Returns:
        How many went.
    """
    given = {"keys": json_list(keys)}
    ours = select(annotation.c.id).where(among(annotation.c.id, "keys"))
    _delete_members(connection, dataset_id, "annotation", ours, given)
    gone = connection.execute(delete(annotation).where(among(annotation.c.id, "keys")), given)
    return gone.rowcount


def delete_predictions(
    connection: Connection, dataset_id: int, run_id: int, item_ids: list[int]
) -> None:
    """Delete what a run predicted on items.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        run_id: Primary key of the run.
        item_ids: Primary keys of the items.
    """
    keys = {"keys": json_list(item_ids)}
    ours = (prediction.c.model_run_id == run_id) & among(prediction.c.item_id, "keys")
    _delete_members(connection, dataset_id, "prediction", select(prediction.c.id).where(ours), keys)
    connection.execute(delete(prediction).where(ours), keys)


def _delete_tasks(connection: Connection, condition: Any, values: dict[str, str]) -> None:
    """Delete the ties of items to labeling tasks, and the tasks that no item shows any more."""
    if connection.execute(delete(labeling_task_item).where(condition), values).rowcount:
        tied = select(labeling_task_item.c.labeling_task_id)
        connection.execute(delete(labeling_task).where(labeling_task.c.id.not_in(tied)))


def delete_choices(connection: Connection, dataset_id: int, taxonomy_id: int) -> None:
    """Delete the annotations and predictions that were chosen from a taxonomy.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        taxonomy_id: Primary key of the taxonomy.
    """
    items = select(item.c.id).where(item.c.dataset_id == dataset_id)
    chosen = {
        annotation: (annotation.c.taxonomy_id == taxonomy_id) & annotation.c.item_id.in_(items),
        prediction: (prediction.c.taxonomy_id == taxonomy_id)
        & prediction.c.model_run_id.in_(_runs_of(dataset_id)),
    }
    for table, condition in chosen.items():
        keys = select(table.c.id).where(condition)
        _delete_members(connection, dataset_id, table.name, keys, {})
        connection.execute(delete(table).where(condition))
    # Taxonomies have keys of their own: what was chosen from one is of its dataset.
    kept = deleted_annotation.c.taxonomy_id == taxonomy_id
    connection.execute(delete(deleted_annotation).where(kept))


def _delete_members(
    connection: Connection, dataset_id: int, member: str, keys_of: Any, values: dict[str, str]
) -> None:
    """Take rows out of the slices, autotags and embedding indexes that list them."""
    embedding_removal.forget(connection, dataset_id, member, keys_of, values)
    for table, parent in (
        (slice_member, slice_),
        (autotag_score, autotag),
        (autotag_example, autotag),
    ):
        parents = select(parent.c.id).where(parent.c.dataset_id == dataset_id)
        if connection.scalar(parents.limit(1)) is None:
            continue
        connection.execute(
            delete(table).where(
                table.c[f"{parent.name}_id"].in_(parents),
                table.c.member == member,
                table.c.member_id.in_(keys_of),
            ),
            values,
        )
