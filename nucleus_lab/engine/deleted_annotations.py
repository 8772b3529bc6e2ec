"""Annotations that were deleted and kept: list them, bring them back, remove them for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, literal, literal_column, select

from nucleus_lab import identifiers
from nucleus_lab.engine import clock, pages, reading
from nucleus_lab.engine.schema import annotation, deleted_annotation, item
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import NotFoundError, PayloadTooLargeError

MOST_AT_ONCE: Final = 10_000
"""Annotations that one call restores at most."""

# What a row has in either table. Named as they are, JSON documents are copied without being read.
_SHARED: Final = [
    column.name
    for column in deleted_annotation.c
    if column.name not in {"dataset_id", "deleted_at"}
]


def keep(connection: Connection, dataset_id: int, item_ids: Sequence[int]) -> None:
    """Copy the annotations of items that are about to be deleted.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        item_ids: Primary keys of the items.
    """
    columns: list[Any] = [literal_column(f"annotation.{name}") for name in _SHARED]
    rows = (
        select(*columns, literal(dataset_id), literal(clock.now()))
        .select_from(annotation)
        .where(among(annotation.c.item_id, "items"))
    )
    names = [*_SHARED, "dataset_id", "deleted_at"]
    copy = insert(deleted_annotation).from_select(names, rows)
    connection.execute(copy, {"items": json_list(item_ids)})


def forget(connection: Connection, dataset_id: int, item_ids: Sequence[int]) -> None:
    """Remove for good what was kept of items.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        item_ids: Primary keys of the items.
    """
    columns = deleted_annotation.c
    gone = delete(deleted_annotation).where(
        columns.dataset_id == dataset_id, among(columns.item_id, "items")
    )
    connection.execute(gone, {"items": json_list(item_ids)})


def page(
    connection: Connection,
    dataset_id: int,
    token: str | None,
    size: int,
    item_ids: Sequence[int] | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Read some of the annotations that were kept, in the order of their first upload.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        token: What the page before returned; ``None`` for the first page.
        size: Annotations at most.
        item_ids: Only those of these items.

    Returns:
        ``id``, ``deleted_at`` and ``annotation``, the payload, of each; the token of the next
        page or ``None``.

    """
    reading.check_page_size(size)
    after = pages.place_of(token, token) if token else 0
    columns = deleted_annotation.c
    condition = (columns.dataset_id == dataset_id) & (columns.id > after)
    given = {}
    if item_ids is not None:
        condition &= among(columns.item_id, "items")
        given = {"items": json_list(item_ids)}
    rows = (
        reading
        .object_rows(deleted_annotation, condition)
        .add_columns(item.c.reference_id, columns.deleted_at)
        .join(item, item.c.id == columns.item_id)
        .order_by(columns.id)
        .limit(size + 1)
    )
    found = connection.execute(rows, given).all()
    following = None
    if len(found) > size:
        found = found[:size]
        following = str(found[-1][1])
    return [
        {
            "id": identifiers.encode(identifiers.ANNOTATION, row[1]),
            "deleted_at": clock.iso(row[-1]),
            "annotation": reading.payload_of(row[-2], tuple(row[:-2]), scored=False),
        }
        for row in found
    ], following


def restore(
    connection: Connection, dataset_id: int, public_ids: Sequence[str]
) -> tuple[int, list[str]]:
    """Bring annotations back under the ids that they had.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        public_ids: Their ids.

    Returns:
        How many came back, and the ids of those whose item has another annotation in their place.

    Raises:
        PayloadTooLargeError: Too many ids.
        NotFoundError: One was not kept; nothing is restored, and the message names up to five.
    """
    if len(public_ids) > MOST_AT_ONCE:
        raise PayloadTooLargeError(
            f"{len(public_ids)} ids were given and a call takes {MOST_AT_ONCE}: restore the rest "
            "with further calls"
        )
    names = {identifiers.decode(identifiers.ANNOTATION, name): name for name in public_ids}
    columns = deleted_annotation.c
    given = {"keys": json_list(names)}
    rows = connection.execute(
        select(columns.id, columns.item_id, columns.annotation_id)
        .where(columns.dataset_id == dataset_id, among(columns.id, "keys"))
        .order_by(columns.id.desc()),
        given,
    ).all()
    missing = [name for key, name in names.items() if key not in {row.id for row in rows}]
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise NotFoundError(
            f"no deleted annotation {shown} is kept: Dataset.deleted_annotations lists those that "
            "are; nothing was restored"
        )
    taken = {tuple(row) for row in connection.execute(
        select(annotation.c.item_id, annotation.c.annotation_id).where(
            among(annotation.c.item_id, "items")
        ),
        {"items": json_list({row.item_id for row in rows})},
    )}  # fmt: skip
    back: list[int] = []
    left: list[int] = []
    for row in rows:  # the newest of two in one place comes back
        place = (row.item_id, row.annotation_id)
        (left if place in taken else back).append(row.id)
        taken.add(place)
    given = {"keys": json_list(back)}
    same: list[Any] = [literal_column(f"deleted_annotation.{name}") for name in _SHARED]
    copied = select(*same).select_from(deleted_annotation).where(among(columns.id, "keys"))
    connection.execute(insert(annotation).from_select(_SHARED, copied), given)
    connection.execute(delete(deleted_annotation).where(among(columns.id, "keys")), given)
    return len(back), [names[key] for key in names if key in set(left)]
