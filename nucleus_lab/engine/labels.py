"""The dictionary of label texts of a dataset: rows hold small numbers instead of words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, func, or_, select

from nucleus_lab.engine import bulk_write
from nucleus_lab.engine.schema import annotation, item, label, prediction, slice_member
from nucleus_lab.engine.statements import Statement, among, json_list

_KEYS = Statement(
    lambda: select(label.c.name, label.c.id).where(
        label.c.dataset_id == bindparam("dataset_id"), among(label.c.name, "wanted")
    )
)

_NAMES = Statement(lambda: select(label.c.id, label.c.name).where(among(label.c.id, "wanted")))


def names_of(connection: Connection, keys: Collection[int | None]) -> dict[int | None, str | None]:
    """Return the texts of labels: once a page, where a join would look one up for every object.

    Args:
        connection: The open transaction.
        keys: Primary keys; ``None`` stands for no label.

    Returns:
        Text by primary key; ``None`` by ``None``.
    """
    names: dict[int | None, str | None] = {None: None}
    wanted = [key for key in keys if key is not None]
    if wanted:
        names.update(_NAMES.rows(connection, wanted=json_list(wanted)))
    return names


def keys_of(connection: Connection, dataset_id: int, names: Collection[str]) -> dict[str, int]:
    """Return the numbers of labels; new labels are added.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        names: Label texts.

    Returns:
        Primary key by text, for all of them.
    """
    if not names:
        return {}
    wanted = json_list(names)
    found: dict[str, int] = dict(_KEYS.rows(connection, dataset_id=dataset_id, wanted=wanted))
    if len(found) == len(set(names)):
        return found
    new = sorted(set(names) - found.keys())
    rows = [(dataset_id, name) for name in new]
    bulk_write.upsert(connection, label, ["dataset_id", "name"], rows, key=["dataset_id", "name"])
    return dict(_KEYS.rows(connection, dataset_id=dataset_id, wanted=wanted))


def _counts(table: Table, *conditions: Any) -> Any:
    counts = select(table.c.label_id, func.count().label("number")).where(*conditions)
    per_label = counts.group_by(table.c.label_id).subquery()
    counted = select(label.c.name, per_label.c.number)
    counted = counted.join(per_label, per_label.c.label_id == label.c.id)
    return counted.order_by(per_label.c.number.desc(), label.c.name)


def _of_dataset(table: Table) -> Any:
    """Objects by their labels: no label is of two datasets."""
    own = select(label.c.id).where(label.c.dataset_id == bindparam("dataset_id"))
    return table.c.label_id.in_(own)


_OF_RUN = prediction.c.model_run_id == bindparam("run_id")
_ANNOTATIONS = Statement(
    lambda: _counts(
        annotation,
        annotation.c.item_id.in_(
            select(item.c.id).where(item.c.dataset_id == bindparam("dataset_id"))
        ),
    )
)
_ANNOTATIONS_BY_LABEL = Statement(
    lambda: _counts(annotation, _of_dataset(annotation), annotation.c.item_id.is_not(None))
)
_PREDICTIONS = Statement(lambda: _counts(prediction, _OF_RUN))
_PREDICTIONS_BY_LABEL = Statement(lambda: _counts(prediction, _of_dataset(prediction), _OF_RUN))


def annotation_counts(
    connection: Connection, dataset_id: int, *, by_label: bool = False
) -> list[dict[str, Any]]:
    """Count the annotations of each label on items.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        by_label: Go through an index of labels, where there is one: a small part of the time on
            a large dataset. Without that index every annotation of the workspace would be read.

    Returns:
        ``label`` and ``count``, most frequent first.
    """
    statement = _ANNOTATIONS_BY_LABEL if by_label else _ANNOTATIONS
    rows = statement.rows(connection, dataset_id=dataset_id)
    return [{"label": name, "count": count} for name, count in rows]


def prediction_counts(
    connection: Connection, run_id: int, *, by_label_of: int | None = None
) -> list[dict[str, Any]]:
    """Count the predictions of each label.

    Args:
        connection: The open transaction.
        run_id: Primary key of the model run.
        by_label_of: Primary key of the run's dataset, to go through an index of labels, where
            there is one.

    Returns:
        ``label`` and ``count``, most frequent first.
    """
    if by_label_of is None:
        rows = _PREDICTIONS.rows(connection, run_id=run_id)
    else:
        rows = _PREDICTIONS_BY_LABEL.rows(connection, run_id=run_id, dataset_id=by_label_of)
    return [{"label": name, "count": count} for name, count in rows]


_MEMBER = slice_member.c
_IN_SLICE = Statement(
    lambda: (
        select(label.c.name)
        .join(annotation, annotation.c.label_id == label.c.id)
        .join(
            slice_member,
            or_(
                and_(_MEMBER.member == "annotation", _MEMBER.member_id == annotation.c.id),
                and_(_MEMBER.member == "item", _MEMBER.member_id == annotation.c.item_id),
            ),
        )
        .where(slice_member.c.slice_id == bindparam("slice_id"))
        .distinct()
        .order_by(label.c.name)
    )
)


def names_in_slice(connection: Connection, slice_id: int) -> list[str]:
    """Return the labels of the annotations that a slice holds, or whose items it holds.

    Args:
        connection: The open transaction.
        slice_id: Primary key of the slice.

    Returns:
        Label texts, sorted.
    """
    return [name for (name,) in _IN_SLICE.rows(connection, slice_id=slice_id)]
