"""Model runs that callers make themselves, on one dataset or on any number of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, literal, or_, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.schema import (
    dataset,
    evaluation,
    match,
    model_run,
    prediction,
    slice_member,
)
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError


class RunRow(NamedTuple):
    """One run.

    Attributes:
        id: Primary key.
        model_id: Primary key of its model.
        dataset_id: Primary key of its dataset; ``None`` for a run of no dataset.
        name: Unique among the runs of the model on the dataset.
        metadata: Anything JSON can hold.
    """

    id: int
    model_id: int
    dataset_id: int | None
    name: str
    metadata: dict[str, Any]

    @property
    def public_id(self) -> str:
        """Id on the wire."""
        return identifiers.encode(identifiers.RUN, self.id)


def get(connection: Connection, public_id: str) -> RunRow:
    """Find a run.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        The run.

    Raises:
        NotFoundError: There is none.
    """
    key = identifiers.decode(identifiers.RUN, public_id)
    columns = model_run.c
    wanted = select(columns.id, columns.model_id, columns.dataset_id, columns.name)
    row = connection.execute(wanted.add_columns(columns.metadata).where(columns.id == key)).first()
    if row is None:
        raise NotFoundError(f"there is no model run {public_id!r}: it was deleted, or never was")
    metadata = wire.decode(row.metadata) if row.metadata else {}
    return RunRow(row.id, row.model_id, row.dataset_id, row.name, metadata)


def create(
    connection: Connection,
    model_id: int,
    dataset_id: int | None,
    name: str,
    metadata: dict[str, Any] | None = None,
) -> int:
    """Create a run.

    Args:
        connection: The open write transaction; the dataset is locked.
        model_id: Primary key of the model.
        dataset_id: Primary key of the dataset; ``None`` for a run that takes predictions on items
            of any dataset.
        name: Human-readable name.
        metadata: Anything JSON can hold.

    Returns:
        The primary key.

    Raises:
        InvalidInputError: The name is empty.
        ConflictError: The model has a run of this name on the dataset.
    """
    if not name.strip():
        raise InvalidInputError("a model run needs a name: name is empty", path="name")
    columns = model_run.c
    if dataset_id is not None:
        taken = select(columns.id).where(
            columns.model_id == model_id, columns.dataset_id == dataset_id, columns.name == name
        )
        if connection.scalar(taken) is not None:
            raise ConflictError(
                f"the model has a run {name!r} on this dataset: give the new run another name"
            )
    return _insert(connection, model_id, dataset_id, name, metadata=metadata)


def _insert(
    connection: Connection, model_id: int, dataset_id: int | None, name: str, **values: Any
) -> int:
    row = {
        "model_id": model_id,
        "dataset_id": dataset_id,
        "name": name,
        "created_at": clock.now(),
        **values,
        "metadata": document(values.get("metadata")),
    }
    key: int = connection.scalar(insert(model_run).values(row).returning(model_run.c.id))
    return key


def part_for(connection: Connection, run_id: int, dataset_id: int) -> int:
    """Find or make the part of a run that holds its predictions on a dataset.

    Args:
        connection: The open write transaction; the dataset is locked.
        run_id: Primary key of the run.
        dataset_id: Primary key of the dataset.

    Returns:
        Primary key of the part; of the run itself where it is of this dataset.

    Raises:
        InvalidInputError: The run is of another dataset.
        NotFoundError: The run was deleted meanwhile.
    """
    run = get(connection, identifiers.encode(identifiers.RUN, run_id))
    if run.dataset_id == dataset_id:
        return run.id
    if run.dataset_id is not None:
        raise InvalidInputError(
            f"run {run.public_id} is of dataset "
            f"{identifiers.encode(identifiers.DATASET, run.dataset_id)} and takes no predictions "
            f"on items of {identifiers.encode(identifiers.DATASET, dataset_id)}: create a run "
            "without a dataset"
        )
    part = _part(connection, run.id, dataset_id)
    if part is not None:
        return part
    # The name is unique among the runs of the model on the dataset.
    name = f"{run.name} ({run.public_id})"
    return _insert(connection, run.model_id, dataset_id, name, parent_id=run.id)


def _part(connection: Connection, run_id: int, dataset_id: int) -> int | None:
    return connection.scalar(
        select(model_run.c.id).where(
            model_run.c.parent_id == run_id, model_run.c.dataset_id == dataset_id
        )
    )


def part_on(connection: Connection, run: RunRow, dataset_id: int) -> int:
    """Find the part of a run that holds its predictions on a dataset.

    Args:
        connection: The open transaction.
        run: The run.
        dataset_id: Primary key of the dataset.

    Returns:
        Primary key of the part; of the run itself where it is of this dataset.

    Raises:
        NotFoundError: The run has no predictions there.
    """
    part = run.id if run.dataset_id == dataset_id else _part(connection, run.id, dataset_id)
    if part is None:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(f"there is no model run {run.public_id!r} on dataset {shown}")
    return part


def parts(connection: Connection, run: RunRow) -> list[tuple[int, int]]:
    """List the datasets that a run has predictions on.

    Args:
        connection: The open transaction.
        run: The run.

    Returns:
        Primary keys of each part and its dataset, oldest first.
    """
    columns = model_run.c
    rows = select(columns.id, columns.dataset_id).where(
        or_(columns.id == run.id, columns.parent_id == run.id), columns.dataset_id.is_not(None)
    )
    return [(row[0], row[1]) for row in connection.execute(rows.order_by(columns.id))]


def of_model(connection: Connection, model_id: int) -> list[str]:
    """List the runs of a model.

    Args:
        connection: The open transaction.
        model_id: Primary key of the model.

    Returns:
        Ids on the wire, oldest first.
    """
    columns = model_run.c
    rows = select(columns.id).where(columns.model_id == model_id, columns.parent_id.is_(None))
    return [
        identifiers.encode(identifiers.RUN, key)
        for key in connection.scalars(rows.order_by(columns.id))
    ]


def remove(connection: Connection, run: RunRow) -> None:
    """Delete a run with its predictions and evaluations.

    Args:
        connection: The open write transaction.
        run: The run.
    """
    keys = [run.id, *(part for part, _ in parts(connection, run))]
    touched = select(model_run.c.dataset_id).where(model_run.c.id.in_(keys))
    evaluations = select(evaluation.c.id).where(evaluation.c.model_run_id.in_(keys))
    predictions = select(prediction.c.id).where(prediction.c.model_run_id.in_(keys))
    for statement in (
        update(dataset)
        .where(dataset.c.id.in_(touched))
        .values(change_seq=dataset.c.change_seq + 1),
        delete(slice_member).where(
            slice_member.c.member == "prediction", slice_member.c.member_id.in_(predictions)
        ),
        delete(match).where(match.c.evaluation_id.in_(evaluations)),
        delete(evaluation).where(evaluation.c.model_run_id.in_(keys)),
        delete(prediction).where(prediction.c.model_run_id.in_(keys)),
        delete(model_run).where(model_run.c.parent_id == run.id),
        delete(model_run).where(model_run.c.id == run.id),
    ):
        connection.execute(statement)


_COPIED = tuple(column.name for column in prediction.c if column.name not in {"id", "model_run_id"})


def copy(connection: Connection, source: int, target: int, *, rename: str | None = None) -> int:
    """Copy the predictions of one part of a run to another.

    Args:
        connection: The open write transaction; the dataset of both is locked.
        source: Primary key of the part to read.
        target: Primary key of the part to write.
        rename: Is put behind the ids that are taken; with ``None`` such predictions are left out.

    Returns:
        How many were copied.
    """
    there = prediction.alias()
    columns = prediction.c
    name: Any = columns.annotation_id
    if rename is not None:
        taken = (
            select(there.c.id)
            .where(
                there.c.model_run_id == target,
                there.c.item_id == columns.item_id,
                there.c.annotation_id == columns.annotation_id,
            )
            .exists()
        )
        name = func.concat(name, literal(f" ({rename})"))
        rows = _rows(source, target, name).where(taken)
        renamed = _copied(connection, rows)
        # What was there is told from what was just copied by its name alone.
        rest = _rows(source, target, columns.annotation_id)
        return renamed + _copied(connection, rest)
    return _copied(connection, _rows(source, target, name))


def _rows(source: int, target: int, name: Any) -> Any:
    chosen = [name if column == "annotation_id" else prediction.c[column] for column in _COPIED]
    # ON CONFLICT after a SELECT needs a WHERE on SQLite, which this has.
    return select(literal(target), *chosen).where(prediction.c.model_run_id == source)


def _copied(connection: Connection, rows: Any) -> int:
    # Each dialect is a quarter of the time that SQLAlchemy takes to import: only the one in use.
    make: Any
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as make
    else:
        from sqlalchemy.dialects.sqlite import insert as make
    names = ["model_run_id", *_COPIED]
    statement = make(prediction).from_select(names, rows).on_conflict_do_nothing()
    return int(connection.execute(statement).rowcount)
