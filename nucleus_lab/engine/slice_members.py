"""Members of slices: what may be one, what is one, and the way in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, Table, func, select

from nucleus_lab import identifiers
from nucleus_lab.engine import bulk_write, references
from nucleus_lab.engine.schema import (
    annotation,
    item,
    model_run,
    prediction,
    scene,
    slice_,
    slice_member,
)
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

MOST_AT_ONCE: Final = 10_000
"""Members of one call at most, as the protocol documents."""

_MEMBERS: Final = {
    identifiers.ITEM: "item",
    identifiers.SCENE: "scene",
    identifiers.ANNOTATION: "annotation",
    identifiers.PREDICTION: "prediction",
}
_TYPES: Final = {
    "item": "dataset_item",
    "scene": "scene",
    "annotation": "object",
    "prediction": "object",
}


def check_count(count: int) -> None:
    """Refuse more members than one call may carry.

    Args:
        count: How many were sent.

    Raises:
        InvalidInputError: Too many.
    """
    if count > MOST_AT_ONCE:
        raise InvalidInputError(
            f"{count} members were given and a call takes {MOST_AT_ONCE}: append the rest with "
            "further calls"
        )


def of_references(
    connection: Connection, dataset_id: int, reference_ids: Sequence[str], *, scenes: bool
) -> list[int]:
    """Find what a slice should hold by reference ids.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_ids: The caller's ids.
        scenes: Whether they are of scenes.

    Returns:
        Primary keys in the order given, none twice.

    Raises:
        NotFoundError: The dataset has no such item; the message names up to five.
    """
    wanted = list(dict.fromkeys(reference_ids))
    if scenes:
        rows = connection.execute(
            select(scene.c.reference_id, scene.c.id).where(
                scene.c.dataset_id == dataset_id, among(scene.c.reference_id, "wanted")
            ),
            {"wanted": json_list(wanted)},
        )
        known = {row[0]: row[1] for row in rows}
    else:
        known = references.keys_of(connection, dataset_id, wanted)
    missing = [name for name in wanted if name not in known]
    if missing:
        raise _unknown(missing, dataset_id)
    return [known[name] for name in wanted]


def of_ids(
    connection: Connection, dataset_id: int, public_ids: Iterable[str]
) -> dict[str, list[int]]:
    """Find what a slice should hold by ids on the wire.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        public_ids: Ids of items, scenes, annotations or predictions.

    Returns:
        Primary keys by kind of member, in the order given, none twice.

    Raises:
        NotFoundError: One is not in the dataset; the message names up to five.
    """
    wanted: dict[str, dict[int, str]] = {}
    for public in dict.fromkeys(public_ids):
        prefix = public.partition("_")[0]
        if prefix not in _MEMBERS:
            raise _unknown([public], dataset_id)
        wanted.setdefault(_MEMBERS[prefix], {})[identifiers.decode(prefix, public)] = public
    for member, keys in wanted.items():
        known = existing(connection, dataset_id, member, list(keys))
        missing = [public for key, public in keys.items() if key not in known]
        if missing:
            raise _unknown(missing, dataset_id)
    return {member: list(keys) for member, keys in wanted.items()}


def existing(connection: Connection, dataset_id: int, member: str, keys: Sequence[int]) -> set[int]:
    """Find which things a dataset has.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        member: ``item``, ``scene``, ``annotation`` or ``prediction``.
        keys: Primary keys.

    Returns:
        Those of them that are in the dataset.
    """
    table: Table = {
        "item": item,
        "scene": scene,
        "annotation": annotation,
        "prediction": prediction,
    }[member]
    rows = select(table.c.id).where(among(table.c.id, "keys"))
    if member == "annotation":
        rows = rows.join(item, item.c.id == annotation.c.item_id)
        rows = rows.where(item.c.dataset_id == dataset_id)
    elif member == "prediction":
        rows = rows.join(model_run, model_run.c.id == prediction.c.model_run_id)
        rows = rows.where(model_run.c.dataset_id == dataset_id)
    else:
        rows = rows.where(table.c.dataset_id == dataset_id)
    return set(connection.scalars(rows, {"keys": json_list(keys)}))


def _unknown(missing: Sequence[str], dataset_id: int) -> NotFoundError:
    shown = ", ".join(repr(name) for name in missing[:5])
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    public = identifiers.encode(identifiers.DATASET, dataset_id)
    return NotFoundError(f"dataset {public} has no {shown}{more}", missing=list(missing[:100]))


def type_of(members: Iterable[str]) -> str:
    """Return the type of a slice.

    Args:
        members: Kinds of what it will hold.

    Returns:
        ``dataset_item``, ``object`` or ``scene``.

    Raises:
        InvalidInputError: They do not go together.
    """
    kinds = {_TYPES[member] for member in members}
    if len(kinds) != 1:
        raise InvalidInputError(f"a slice cannot hold {' and '.join(sorted(kinds))} at once")
    return kinds.pop()


def add(connection: Connection, slice_id: int, member: str, keys: Sequence[int]) -> list[int]:
    """Add members; those that are in it already are left alone.

    Args:
        connection: The open write transaction; the dataset is locked.
        slice_id: Primary key of the slice.
        member: ``item``, ``scene``, ``annotation`` or ``prediction``.
        keys: Primary keys of the members, none twice.

    Returns:
        Primary keys of the new ones.

    Raises:
        ConflictError: The slice holds members of another kind.
    """
    kind = connection.scalar(select(slice_.c.type).where(slice_.c.id == slice_id))
    if kind != _TYPES[member]:
        raise ConflictError(f"the slice holds members of type {kind}, not {_TYPES[member]}")
    columns = slice_member.c
    present = set(
        connection.scalars(
            select(columns.member_id).where(
                columns.slice_id == slice_id,
                columns.member == member,
                among(columns.member_id, "keys"),
            ),
            {"keys": json_list(keys)},
        )
    )
    new = [key for key in keys if key not in present]
    last = select(func.coalesce(func.max(columns.position), -1)).where(columns.slice_id == slice_id)
    first = int(connection.scalar(last) or 0) + 1 if new else 0
    rows = [(slice_id, member, key, place) for place, key in enumerate(new, first)]
    names = ["slice_id", "member", "member_id", "position"]
    bulk_write.upsert(connection, slice_member, names, sorted(rows), key=())
    return new


def listing(
    connection: Connection, slice_id: int, *, after: int = -1, size: int | None = None
) -> list[tuple[str, int, int]]:
    """Read the members of a slice in the order in which they were added.

    Args:
        connection: The open transaction.
        slice_id: Primary key.
        after: Position of the last one that is known.
        size: At most this many.

    Returns:
        Kind, primary key and position of each.
    """
    columns = slice_member.c
    rows = (
        select(columns.member, columns.member_id, columns.position)
        .where(columns.slice_id == slice_id, columns.position > after)
        .order_by(columns.position)
        .limit(size)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(rows)]
