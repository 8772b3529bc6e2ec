"""Embedding indexes: which things have a vector, and where it is.

A dataset has at most four: of images and of objects, each made here (internal) or given by the
caller (custom). The first one of a level is its primary index, which autotags, similarity search
and smart sampling read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import Connection, func, insert, select, update

from nucleus_lab import identifiers
from nucleus_lab.engine import bulk_write, clock, datasets
from nucleus_lab.engine.embedding_schema import embedding, embedding_index, embedding_segment
from nucleus_lab.engine.schema import annotation, item, prediction
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine

Level = Literal["image", "object"]
Kind = Literal["internal", "custom"]

CUSTOM: Final = "custom"
"""Embedder of vectors that the caller made."""

OBJECTS: Final = {"annotation": annotation, "prediction": prediction}


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One embedding index.

    Attributes:
        id: Primary key.
        dataset_id: Primary key of its dataset.
        level: ``image`` or ``object``.
        kind: ``internal`` or ``custom``.
        embedder: Name and version of what made the vectors.
        dimension: Numbers of a vector.
        is_primary: Whether autotags and similarity search read it.
        change_seq: Raised when vectors come or go.
    """

    id: int
    dataset_id: int
    level: str
    kind: str
    embedder: str
    dimension: int
    is_primary: bool
    change_seq: int

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return identifiers.encode(identifiers.EMBEDDING_INDEX, self.id)


def listing(connection: Connection, dataset_id: int) -> list[IndexRow]:
    """Return the indexes of a dataset, oldest first.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        The indexes.
    """
    columns = [embedding_index.c[name] for name in IndexRow.__dataclass_fields__]
    rows = select(*columns).where(embedding_index.c.dataset_id == dataset_id)
    return [IndexRow(*row) for row in connection.execute(rows.order_by(embedding_index.c.id))]


def find(connection: Connection, dataset_id: int, level: Level, kind: Kind) -> IndexRow | None:
    """Return one index of a dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        level: ``image`` or ``object``.
        kind: ``internal`` or ``custom``.

    Returns:
        The index, or ``None``.
    """
    rows = listing(connection, dataset_id)
    return next((row for row in rows if (row.level, row.kind) == (level, kind)), None)


def primary(connection: Connection, dataset_id: int, level: Level) -> IndexRow | None:
    """Return the index that autotags, similarity search and sampling read.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        level: ``image`` or ``object``.

    Returns:
        The index, or ``None``.
    """
    rows = listing(connection, dataset_id)
    return next((row for row in rows if row.level == level and row.is_primary), None)


def needed(connection: Connection, dataset_id: int, level: Level) -> IndexRow:
    """Return the primary index, for what cannot do without.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        level: ``image`` or ``object``.

    Returns:
        The index.

    Raises:
        ConflictError: There is none yet.
    """
    row = primary(connection, dataset_id, level)
    if row is None:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise ConflictError(
            f"dataset {shown} has no {level} index yet: call create_{level}_index() or "
            "create_custom_index() and wait for its job"
        )
    return row


def set_primary(connection: Connection, dataset_id: int, level: Level, kind: Kind) -> None:
    """Choose the index that autotags, similarity search and sampling read.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        level: ``image`` or ``object``.
        kind: ``internal`` or ``custom``.

    Raises:
        NotFoundError: There is no such index.
    """
    wanted = find(connection, dataset_id, level, kind)
    if wanted is None:
        raise unknown(dataset_id, level, kind)
    columns = embedding_index.c
    ours = (columns.dataset_id == dataset_id) & (columns.level == level)
    change = update(embedding_index).where(ours)
    connection.execute(change.values(is_primary=columns.id == wanted.id))


def unknown(dataset_id: int, level: Level, kind: Kind) -> NotFoundError:
    """Say that an index does not exist.

    Args:
        dataset_id: Primary key of the dataset.
        level: ``image`` or ``object``.
        kind: ``internal`` or ``custom``.

    Returns:
        The error to raise.
    """
    shown = identifiers.encode(identifiers.DATASET, dataset_id)
    call = "create_custom_index" if kind == "custom" else f"create_{level}_index"
    return NotFoundError(f"dataset {shown} has no {kind} {level} index: {call} makes one")


def add(
    engine: Engine,
    dataset_id: int,
    target: tuple[Level, Kind, str],
    members: Sequence[tuple[str, int, int]],
    vectors: NDArray[Any],
    *,
    replace: bool = False,
) -> int:
    """Store vectors: the file first, then its rows in one transaction.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.
        target: Level, kind and embedder of the index; it is made with its first vectors.
        members: Kind (``item``, ``annotation``, ``prediction``), primary key and primary key of
            the item of what each vector is of.
        vectors: Shape ``(n, dimension)``, in the same order.
        replace: Whether a vector that is there already is replaced.

    Returns:
        How many were stored; things that were deleted meanwhile, or have a vector, are left out.

    Raises:
        ConflictError: The index has vectors of another length, or of another embedder.
    """
    if not members:
        return 0
    file = engine.vectors.write(vectors)
    try:
        with engine.store.write() as connection:
            datasets.lock(connection, dataset_id)
            row = _ensure(connection, dataset_id, target, int(vectors.shape[1]))
            kept = _existing(connection, members)
            values = {"embedding_index_id": row.id, "file": file, "count": len(members)}
            made = insert(embedding_segment).values(values).returning(embedding_segment.c.id)
            segment = connection.scalar(made)
            lines = sorted(
                (row.id, *member, segment, line)
                for line, member in enumerate(members)
                if member[:2] in kept
            )
            stored = bulk_write.upsert(
                connection,
                embedding,
                [column.name for column in embedding.c],
                lines,
                key=["embedding_index_id", "member", "member_id"],
                update=["item_id", "segment_id", "line"] if replace else [],
            )
            changed(connection, row.id)
    except BaseException:
        engine.vectors.remove([file])
        raise
    return stored


def _ensure(
    connection: Connection, dataset_id: int, target: tuple[Level, Kind, str], dimension: int
) -> IndexRow:
    level, kind, embedder = target
    row = find(connection, dataset_id, level, kind)
    if row is not None:
        check_fits(row, embedder, dimension)
        return row
    first = primary(connection, dataset_id, level) is None
    values = {
        "dataset_id": dataset_id,
        "level": level,
        "kind": kind,
        "embedder": embedder,
        "dimension": dimension,
        "is_primary": first,
    }
    made = insert(embedding_index).values(created_at=clock.now(), **values)
    key = connection.scalar(made.returning(embedding_index.c.id))
    return IndexRow(key, dataset_id, level, kind, embedder, dimension, first, 0)


def check_fits(row: IndexRow, embedder: str, dimension: int) -> None:
    """Refuse vectors that cannot be compared with those of an index.

    Args:
        row: The index.
        embedder: What made the vectors.
        dimension: Their length.

    Raises:
        ConflictError: They differ in length, or were made by something else.
    """
    if row.dimension != dimension:
        raise ConflictError(
            f"the {row.kind} {row.level} index has vectors of {row.dimension} numbers, and "
            f"{dimension} were given: all of an index have one length; delete_custom_index("
            f"image={row.level == 'image'}) makes room for others",
            dimension=row.dimension,
        )
    if row.embedder != embedder:
        raise ConflictError(
            f"the {row.kind} {row.level} index was made by {row.embedder!r}, not by {embedder!r}"
        )


def _existing(
    connection: Connection, members: Sequence[tuple[str, int, int]]
) -> set[tuple[str, int]]:
    """Return which of the things are still there."""
    found: set[tuple[str, int]] = set()
    for kind in {member[0] for member in members}:
        table = item if kind == "item" else OBJECTS[kind]
        wanted = json_list(member[1] for member in members if member[0] == kind)
        rows = select(table.c.id).where(among(table.c.id, "wanted"))
        found.update((kind, key) for key in connection.scalars(rows, {"wanted": wanted}))
    return found


def changed(connection: Connection, index_id: int) -> None:
    """Note that vectors of an index came or went.

    Args:
        connection: The open write transaction; the dataset is locked.
        index_id: Primary key of the index.
    """
    change = update(embedding_index).where(embedding_index.c.id == index_id)
    connection.execute(change.values(change_seq=embedding_index.c.change_seq + 1))


def count(connection: Connection, row: IndexRow, run_id: int | None = None) -> int:
    """Count the vectors of an index.

    Args:
        connection: The open transaction.
        row: The index.
        run_id: Of an index of objects: count predictions of this run; ``None`` counts ground truth.

    Returns:
        How many of the things that exist have one.
    """
    member, table = "item", item
    if row.level == "object":
        member = "annotation" if run_id is None else "prediction"
        table = OBJECTS[member]
    wanted = (
        select(func.count())
        .select_from(embedding.join(table, table.c.id == embedding.c.member_id))
        .where(embedding.c.embedding_index_id == row.id, embedding.c.member == member)
    )
    if run_id is not None:
        wanted = wanted.where(prediction.c.model_run_id == run_id)
    return connection.scalar(wanted) or 0
