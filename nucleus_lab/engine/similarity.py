"""Similarity search: what lies nearest to a vector, a picture, an item or an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select

from nucleus_lab import identifiers
from nucleus_lab.engine import embedders, embeddings, references, slice_members, vector_set
from nucleus_lab.engine.embedding_schema import embedding
from nucleus_lab.engine.vector_set import MEMBERS
from nucleus_lab.engine.vector_values import read_vector
from nucleus_lab.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.embeddings import IndexRow, Level

MOST_FOUND: Final = 10_000


class Found(NamedTuple):
    """One thing that was found.

    Attributes:
        member: ``item``, ``annotation`` or ``prediction``.
        key: Its primary key.
        item_id: Primary key of its item.
        score: Cosine, -1 to 1.
    """

    member: str
    key: int
    item_id: int
    score: float


def check_limit(limit: int) -> None:
    """Refuse a number of results that makes no sense.

    Args:
        limit: How many are wanted.

    Raises:
        InvalidInputError: It is below 1, or above 10,000.
    """
    if not 1 <= limit <= MOST_FOUND:
        raise InvalidInputError(f"limit is {limit}: use 1 to {MOST_FOUND}", path="limit")


def nearest(
    engine: Engine,
    index: IndexRow,
    query: NDArray[Any],
    limit: int,
    *,
    without: tuple[str, int] | None = None,
) -> list[Found]:
    """Find what lies nearest to a vector.

    Args:
        engine: The workspace.
        index: Where to look.
        query: Shape ``(dimension,)``, 32-bit floats.
        limit: At most so many.
        without: Kind and primary key of what is not to be found: what was asked with.

    Returns:
        By falling score; equal scores in the order in which they were indexed.
    """
    import numpy as np

    loaded = vector_set.load(engine, index)
    scores = loaded.cosines(query)
    if without is not None:
        kind = MEMBERS.index(without[0])
        scores[(loaded.keys == without[1]) & (loaded.members == kind)] = -np.inf
    if limit < len(scores):
        best = np.argpartition(scores, len(scores) - limit)[-limit:]
        # Of several that are as good as the last one, the first indexed.
        best = np.concatenate([best, np.flatnonzero(scores == scores[best].min())])
        best = np.unique(best)
    else:
        best = np.arange(len(scores))
    best = best[np.argsort(-scores[best], kind="stable")][:limit]
    return [
        Found(
            MEMBERS[loaded.members[line]],
            int(loaded.keys[line]),
            int(loaded.item_ids[line]),
            float(np.clip(scores[line], -1.0, 1.0)),
        )
        for line in best
        if np.isfinite(scores[line])
    ]


def vector_of(engine: Engine, index: IndexRow, member: str, key: int, shown: str) -> NDArray[Any]:
    """Return the vector of a thing.

    Args:
        engine: The workspace.
        index: The index.
        member: ``item``, ``annotation`` or ``prediction``.
        key: Its primary key.
        shown: What the caller calls it, for messages.

    Returns:
        Shape ``(dimension,)``.

    Raises:
        ConflictError: It has none yet.
    """
    import numpy as np

    loaded = vector_set.load(engine, index)
    kind = MEMBERS.index(member)
    lines = np.flatnonzero((loaded.keys == key) & (loaded.members == kind))
    if not len(lines):
        remedy = f"create_{index.level}_index()" if index.kind == "internal" else "your own index"
        raise ConflictError(f"{shown} has no embedding in the {index.kind} index: {remedy} adds it")
    found: NDArray[Any] = loaded.take(lines[:1])[0]
    return found


def of_thing(
    connection: Connection, dataset_id: int, reference_id: str | None, object_id: str | None
) -> tuple[str, int]:
    """Find the item or the object that a caller names.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_id: Of an item, or ``None``.
        object_id: Of an annotation or a prediction.

    Returns:
        Kind of member and primary key.

    Raises:
        InvalidInputError: The id is of something else.
    """
    if reference_id is not None:
        return "item", references.key_of(connection, dataset_id, reference_id)
    members = slice_members.of_ids(connection, dataset_id, [object_id or ""])
    member, keys = next(iter(members.items()))
    if member not in embeddings.OBJECTS:
        raise InvalidInputError(
            f"object_id is {object_id!r}: ids of objects begin with {identifiers.ANNOTATION}_ or "
            f"{identifiers.PREDICTION}_",
            path="object_id",
        )
    return member, keys[0]


def of_values(index: IndexRow, values: list[Any]) -> NDArray[Any]:
    """Read the vector that a caller gives.

    Args:
        index: Where it is to be looked for.
        values: What was given.

    Returns:
        Shape ``(dimension,)``.
    """
    return read_vector(values, index.dimension, "vector")


def of_picture(engine: Engine, index: IndexRow, content: bytes) -> NDArray[Any]:
    """Embed a picture that is not a part of the dataset.

    Args:
        engine: The workspace.
        index: Where it is to be looked for.
        content: The file.

    Returns:
        Shape ``(dimension,)``.

    Raises:
        ConflictError: The index was made elsewhere, or by another embedder.
        MediaError: It is no picture.
    """
    from nucleus_lab.engine import pictures

    embedder = embedders.chosen(engine)
    if index.embedder != embedder.name:
        raise ConflictError(
            f"the primary {index.level} index was made by {index.embedder!r}, and a picture can "
            f"only be embedded by {embedder.name!r}: give a vector, or choose the other index with "
            "set_primary_index"
        )
    most = engine.settings.max_pixels
    # As pictures of the dataset are seen: small.
    side = engine.media.thumbnails.size(128)
    small = (
        pictures.shrink(content, side, "the picture", most) if index.level == "image" else content
    )
    made: NDArray[Any] = embedder.embed([pictures.pixels(small, "the picture", most)])[0]
    return made


def lacking(
    connection: Connection, index: IndexRow, members: list[tuple[str, int]]
) -> list[tuple[str, int]]:
    """Find which things have no vector.

    Args:
        connection: The open transaction.
        index: The index.
        members: Kinds and primary keys.

    Returns:
        Those without, in order.
    """
    columns = embedding.c
    have: set[tuple[str, int]] = set()
    for start in range(0, len(members), 500):
        part = members[start : start + 500]
        rows = select(columns.member, columns.member_id).where(
            columns.embedding_index_id == index.id,
            columns.member_id.in_([key for _, key in part]),
        )
        have.update((row[0], row[1]) for row in connection.execute(rows))
    return [member for member in members if member not in have]


def level_of(text: str) -> Level:
    """Read the level that a caller names.

    Args:
        text: ``Image`` or ``Object``, in any case.

    Returns:
        ``image`` or ``object``.

    Raises:
        InvalidInputError: It is anything else.
    """
    if text.lower() == "image":
        return "image"
    if text.lower() == "object":
        return "object"
    raise InvalidInputError(f"level is {text!r}: use 'Image' or 'Object'", path="level")
