"""Datasets: their rows, their change counter, what they hold."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Integer, bindparam, func, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock, metadata_schemas
from nucleus_lab.engine.schema import dataset, item, model_run, scene, slice_
from nucleus_lab.engine.statements import Statement
from nucleus_lab.errors import InvalidInputError, NotFoundError


class DatasetRow(msgspec.Struct, frozen=True):
    """One dataset.

    Attributes:
        id: Primary key.
        name: Its name; need not be unique.
        is_scene: Whether it holds scenes rather than single items.
        use_privacy_mode: Whether its pictures stay where their URLs say.
        item_metadata_schema: JSON text, or ``None``.
        annotation_metadata_schema: JSON text, or ``None``.
        created_at: Microseconds since 1970 in UTC.
        change_seq: Raised by every transaction that changes the dataset.
    """

    id: int
    name: str
    is_scene: bool
    use_privacy_mode: bool
    item_metadata_schema: str | None
    annotation_metadata_schema: str | None
    created_at: int
    change_seq: int

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return identifiers.encode(identifiers.DATASET, self.id)


def _columns() -> list[Any]:
    return [dataset.c[name] for name in DatasetRow.__struct_fields__]


_ONE = Statement(lambda: select(*_columns()).where(dataset.c.id == bindparam("id")))
_LOCK = Statement(
    lambda: (
        update(dataset)
        .where(dataset.c.id == bindparam("id"))
        .values(change_seq=dataset.c.change_seq + bindparam("raised", type_=Integer()))
    )
)
_TAKE_POSITIONS = Statement(
    lambda: (
        update(dataset)
        .where(dataset.c.id == bindparam("id"))
        .values(next_position=dataset.c.next_position + bindparam("number", type_=Integer()))
        .returning(dataset.c.next_position)
    )
)
_ALL = Statement(lambda: select(*_columns()).order_by(dataset.c.id))


def _row(values: tuple[Any, ...]) -> DatasetRow:
    key, name, is_scene, privacy, *rest = values
    return DatasetRow(key, name, bool(is_scene), bool(privacy), *rest)


def get(connection: Connection, public_id: str) -> DatasetRow:
    """Return a dataset.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        The dataset.

    Raises:
        NotFoundError: There is no such dataset.
    """
    values = _ONE.first(connection, id=identifiers.decode(identifiers.DATASET, public_id))
    if values is None:
        raise NotFoundError(
            f"there is no dataset {public_id!r}: it was deleted, or it is in another workspace"
        )
    return _row(values)


def by_key(connection: Connection, key: int | None) -> DatasetRow:
    """Return the dataset of a job.

    Args:
        connection: The open transaction.
        key: Primary key.

    Returns:
        The dataset.

    Raises:
        NotFoundError: It was deleted since.
    """
    values = None if key is None else _ONE.first(connection, id=key)
    if values is None:
        raise NotFoundError("the dataset of this job was deleted")
    return _row(values)


def listing(connection: Connection) -> list[DatasetRow]:
    """Return all datasets.

    Args:
        connection: The open transaction.

    Returns:
        The datasets in the order of their creation.
    """
    return [_row(values) for values in _ALL.rows(connection)]


def create(
    connection: Connection,
    name: str,
    *,
    is_scene: bool = False,
    use_privacy_mode: bool = False,
    item_metadata_schema: dict[str, Any] | None = None,
    annotation_metadata_schema: dict[str, Any] | None = None,
) -> int:
    """Create a dataset.

    Args:
        connection: The open write transaction.
        name: Its name; need not be unique.
        is_scene: Whether it will hold scenes rather than single items.
        use_privacy_mode: Whether its pictures stay where their URLs say.
        item_metadata_schema: Declared types of item metadata.
        annotation_metadata_schema: Declared types of annotation metadata.

    Returns:
        The primary key.

    Raises:
        InvalidInputError: The name is empty, or a schema does not say what a key holds.
    """
    if not name.strip():
        raise InvalidInputError("a dataset needs a name: name is empty", path="name")
    metadata_schemas.check(item_metadata_schema, "item_metadata_schema")
    metadata_schemas.check(annotation_metadata_schema, "annotation_metadata_schema")
    row = {
        "name": name,
        "is_scene": is_scene,
        "use_privacy_mode": use_privacy_mode,
        "item_metadata_schema": document(item_metadata_schema),
        "annotation_metadata_schema": document(annotation_metadata_schema),
        "created_at": clock.now(),
    }
    key: int = connection.scalar(insert(dataset).values(row).returning(dataset.c.id))
    return key


def document(value: Any) -> str | None:
    """Return a value as a JSON column holds it.

    Args:
        value: Plain values.

    Returns:
        JSON text, ``None`` for anything empty.
    """
    return wire.encode(value).decode() if value else None


def lock(connection: Connection, dataset_id: int, *, changes: bool = True) -> None:
    """Take a dataset for writing and raise its change counter; first thing of every write.

    On PostgreSQL this makes writers of one dataset take turns, as SQLite does for all.

    Args:
        connection: The open write transaction.
        dataset_id: Primary key.
        changes: Whether the write changes what derived data is made from; slices do not.
    """
    _LOCK.execute(connection, id=dataset_id, raised=int(changes))


def take_positions(connection: Connection, dataset_id: int, count: int) -> int:
    """Reserve positions for new items; the dataset is locked.

    Args:
        connection: The open write transaction.
        dataset_id: Primary key.
        count: How many.

    Returns:
        The first of them.
    """
    rows = _TAKE_POSITIONS.rows(connection, id=dataset_id, number=count)
    end: int = rows[0][0]
    return end - count


def size(connection: Connection, dataset_id: int) -> int:
    """Count the items of a dataset, frames of scenes included.

    Args:
        connection: The open transaction.
        dataset_id: Primary key.

    Returns:
        The number of items.
    """
    return connection.scalar(select(func.count()).where(item.c.dataset_id == dataset_id)) or 0


def info(connection: Connection, row: DatasetRow) -> dict[str, Any]:
    """Describe a dataset as ``dataset/{ds}/info`` answers.

    Args:
        connection: The open transaction.
        row: The dataset.

    Returns:
        Wire values.
    """
    scenes = scene.c.dataset_id == row.id
    length = connection.scalar(select(func.count()).where(scenes)) if row.is_scene else None
    answer: dict[str, Any] = {
        "dataset_id": row.public_id,
        "name": row.name,
        "length": size(connection, row.id) if length is None else length,
        "is_scene": row.is_scene,
        "use_privacy_mode": row.use_privacy_mode,
        "created_at": clock.iso(row.created_at),
        "change_seq": row.change_seq,
        "model_run_ids": run_ids(connection, row.id),
        "slice_ids": slice_ids(connection, row.id),
        "tags": tags(connection, row.id),
    }
    for name in ("item_metadata_schema", "annotation_metadata_schema"):
        text = getattr(row, name)
        answer[name] = wire.decode(text) if text else None
    return answer


def run_ids(connection: Connection, dataset_id: int) -> list[str]:
    """Return the model runs on a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key.

    Returns:
        Their ids on the wire, oldest first.
    """
    # A part of a run goes under the id of the whole.
    shown = func.coalesce(model_run.c.parent_id, model_run.c.id)
    runs = select(shown).where(model_run.c.dataset_id == dataset_id).order_by(model_run.c.id)
    return [identifiers.encode(identifiers.RUN, key) for key in connection.scalars(runs)]


def slice_ids(connection: Connection, dataset_id: int) -> list[str]:
    """Return the slices of a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key.

    Returns:
        Their ids on the wire, oldest first.
    """
    slices = select(slice_.c.id).where(slice_.c.dataset_id == dataset_id).order_by(slice_.c.id)
    return [identifiers.encode(identifiers.SLICE, key) for key in connection.scalars(slices)]


def tags(connection: Connection, dataset_id: int) -> list[str]:
    """Return the tags of a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key.

    Returns:
        Free words in the order in which they were added.
    """
    text = connection.scalar(select(dataset.c.tags).where(dataset.c.id == dataset_id))
    return wire.decode(text) if text else []


def set_tags(connection: Connection, dataset_id: int, words: list[str]) -> list[str]:
    """Replace the tags of a dataset.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key.
        words: All tags from now on; one that comes twice counts once.

    Returns:
        The tags.
    """
    kept = list(dict.fromkeys(words))
    change = update(dataset).where(dataset.c.id == dataset_id).values(tags=document(kept))
    connection.execute(change)
    return kept
