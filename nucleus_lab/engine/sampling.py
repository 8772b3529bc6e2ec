"""Smart samples: a slice of some things of a dataset, drawn at random or spread far apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection, select

from nucleus_lab import identifiers
from nucleus_lab.engine import embedding_export, embeddings, slice_members, slices, vector_set
from nucleus_lab.engine.embeddings import OBJECTS
from nucleus_lab.engine.schema import autotag, autotag_score, item
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.engine.vector_set import MEMBERS
from nucleus_lab.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine

METHODS: Final = ("Random", "Uniqueness")
JOB: Final = "sliceQuery"

_TELL_EVERY: Final = 64

Member = tuple[str, int]


class Filters(NamedTuple):
    """What to sample from.

    Attributes:
        slice_id: Primary key of a slice, or ``None``.
        autotag_id: Primary key of an autotag, or ``None``.
        lowest: Lowest score of the autotag.
        highest: Highest score.
    """

    slice_id: int | None = None
    autotag_id: int | None = None
    lowest: float = -1.0
    highest: float = 1.0


def check_method(method: str) -> str:
    """Read the name of a method.

    Args:
        method: ``Random`` or ``Uniqueness``, in any case; also as published clients write the
            member of an enumeration.

    Returns:
        The name.

    Raises:
        InvalidInputError: There is no such method.
    """
    for name in METHODS:
        if method.rpartition(".")[2].lower() == name.lower():
            return name
    raise InvalidInputError(
        f"sampleMethod is {method!r}: use {' or '.join(METHODS)}", path="sampleMethod"
    )


def check_range(scores: Sequence[float]) -> tuple[float, float]:
    """Read a range of scores.

    Args:
        scores: Lowest and highest.

    Returns:
        Both.

    Raises:
        InvalidInputError: They are not two numbers within -1 and 1, the lower one first.
    """
    if len(scores) != 2 or not -1 <= scores[0] <= scores[1] <= 1:
        raise InvalidInputError(
            f"filters.autotag.range is {list(scores)}: give two numbers within -1 and 1, the lower "
            "one first",
            path="filters.autotag.range",
        )
    return scores[0], scores[1]


def of_objects(connection: Connection, filters: Filters) -> bool:
    """Say whether a sample is one of objects rather than items.

    Args:
        connection: The open transaction.
        filters: What to sample from.

    Returns:
        Whether the slice holds objects, or the autotag scores them.
    """
    by_slice = filters.slice_id is not None and _slice(connection, filters).type == "object"
    if filters.autotag_id is None:
        return by_slice
    level = connection.scalar(select(autotag.c.level).where(autotag.c.id == filters.autotag_id))
    return by_slice or level == "object"


def _slice(connection: Connection, filters: Filters) -> slices.SliceRow:
    return slices.get(connection, identifiers.encode(identifiers.SLICE, filters.slice_id or 0))


def candidates(connection: Connection, dataset_id: int, filters: Filters) -> list[Member]:
    """Find what a sample is drawn from.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        filters: What to sample from.

    Returns:
        Kind and primary key, in a fixed order; items, or objects.
    """
    objects = of_objects(connection, filters)
    found: list[tuple[Member, int]]
    if filters.slice_id is not None:
        row = _slice(connection, filters)
        if objects and row.type == "object":
            found = _with_items(connection, row)
        else:
            keys = embedding_export.items_of_slice(connection, row)
            found = [(("item", key), key) for key in keys]
    else:
        rows = select(item.c.id).where(item.c.dataset_id == dataset_id).order_by(item.c.position)
        found = [(("item", key), key) for key in connection.scalars(rows)]
    if filters.autotag_id is None:
        return [member for member, _ in found]
    return _scored(connection, filters, found)


def _with_items(connection: Connection, row: slices.SliceRow) -> list[tuple[Member, int]]:
    members = [(kind, key) for kind, key, _ in slice_members.listing(connection, row.id)]
    owner: dict[Member, int] = {}
    for kind, table in OBJECTS.items():
        keys = json_list(key for member, key in members if member == kind)
        rows = select(table.c.id, table.c.item_id).where(among(table.c.id, "keys"))
        owner |= {(kind, key): of for key, of in connection.execute(rows, {"keys": keys})}
    return [(member, owner[member]) for member in members if owner.get(member) is not None]


def _scored(
    connection: Connection, filters: Filters, found: list[tuple[Member, int]]
) -> list[Member]:
    columns = autotag_score.c
    rows = connection.execute(
        select(columns.member, columns.member_id, columns.item_id)
        .where(
            columns.autotag_id == filters.autotag_id,
            columns.score >= filters.lowest,
            columns.score <= filters.highest,
        )
        .order_by(columns.member, columns.member_id)
    ).all()
    scored = {(row[0], row[1]): row[2] for row in rows}
    kinds = {member[0] for member, _ in found}
    if kinds <= {"item"} and any(member[0] != "item" for member in scored):
        inside = {of for _, of in found}  # objects by their score, on the items that are allowed
        return [member for member, of in scored.items() if of in inside]
    # Objects of a slice go by the score of their item where the tag is one of items.
    return [member for member, of in found if member in scored or ("item", of) in scored]


def draw(members: Sequence[Member], count: int) -> list[Member]:
    """Draw at random, each with the same chance.

    Args:
        members: What from.
        count: At most so many.

    Returns:
        Those drawn, in the order given.
    """
    import numpy as np

    if count >= len(members):
        return list(members)
    chosen = np.random.default_rng().choice(len(members), count, replace=False)
    return [members[place] for place in np.sort(chosen)]


def unlike(
    engine: Engine,
    dataset_id: int,
    members: Sequence[Member],
    count: int,
    tell: Callable[[int, int], None],
) -> tuple[list[Member], int]:
    """Choose things that lie as far apart as possible.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.
        members: What to choose from: items, or objects.
        count: At most so many.
        tell: Called with the number chosen and the number wanted.

    Returns:
        Those chosen, the most telling first; and how many have no embedding and were left out.

    Raises:
        ConflictError: None has an embedding.
    """
    import numpy as np

    if not members:
        return [], 0
    level: embeddings.Level = "image" if members[0][0] == "item" else "object"
    with engine.store.read() as connection:
        index = embeddings.needed(connection, dataset_id, level)
    loaded = vector_set.load(engine, index)
    wanted = set(members)
    lines = [
        line
        for line in loaded.live().tolist()
        if (MEMBERS[loaded.members[line]], int(loaded.keys[line])) in wanted
    ]
    if not lines:
        raise ConflictError(
            f"none of {len(members)} candidates has an embedding in the primary {level} index: "
            f"create_{level}_index() makes them"
        )
    chosen = np.array(lines)[spread(loaded.units(np.array(lines)), count, tell)]
    found = [(MEMBERS[loaded.members[line]], int(loaded.keys[line])) for line in chosen]
    return found, len(members) - len(lines)


def spread(
    units: NDArray[Any], count: int, tell: Callable[[int, int], None] = lambda *_: None
) -> list[int]:
    """Choose vectors so that none is far from all that are chosen.

    The first is the one nearest to the mean; then always the one that is least like any chosen.

    Args:
        units: Shape ``(n, dimension)``, each of length 1.
        count: At most so many.
        tell: Called now and then with the number chosen and the number wanted.

    Returns:
        Places, in the order of choice.

    Source:
        T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical
        Computer Science 38 (1985): at most twice the best possible distance.
    """
    import numpy as np

    wanted = min(count, len(units))
    chosen = [int(np.argmax(units @ units.mean(0)))]
    likeness = units @ units[chosen[0]]
    likeness[chosen[0]] = np.inf
    while len(chosen) < wanted:
        farthest = int(np.argmin(likeness))
        np.maximum(likeness, units @ units[farthest], out=likeness)
        likeness[farthest] = np.inf
        chosen.append(farthest)
        if len(chosen) % _TELL_EVERY == 0:
            tell(len(chosen), wanted)
    return chosen
