"""Which stored files the rows of a workspace refer to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from nucleus_lab import identifiers
from nucleus_lab.annotation.segmentation import MASK
from nucleus_lab.engine.schema import (
    annotation,
    dataset,
    deleted_annotation,
    item,
    prediction,
)
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.wire import decode


def referenced_keys(connection: Connection) -> Iterator[str]:
    """Find every key that a row names.

    Args:
        connection: The open transaction.

    Yields:
        Keys; the same one may come more than once.
    """
    from nucleus_lab.engine.sample_schema import sample  # a start that sweeps nothing needs it not

    yield from connection.scalars(select(item.c.media_key).where(item.c.media_key.is_not(None)))
    for file in (sample.c.media_key, sample.c.values_key):
        yield from connection.scalars(select(file).where(file.is_not(None)))
    for table in (annotation, prediction, deleted_annotation):
        masks = select(table.c.geometry, table.c.extra).where(table.c.type == MASK.code)
        for geometry, extra in connection.execute(masks):
            key = mask_key(geometry, extra)
            if key:
                yield key


def mask_key(geometry: str | None, extra: str | None) -> str | None:
    """Return the stored file of a mask.

    Args:
        geometry: JSON text of the column.
        extra: JSON text of the column.

    Returns:
        The key under ``media_key``; ``None`` for a mask that stays at its URL.
    """
    for text in (extra, geometry):
        document: Any = decode(text) if text else None
        if isinstance(document, dict) and document.get("media_key"):
            return str(document["media_key"])
    return None


_SOURCES: Final = Statement(
    lambda: (
        select(item.c.id, item.c.location, item.c.media_key, dataset.c.use_privacy_mode)
        .join(dataset, dataset.c.id == item.c.dataset_id)
        # By their keys: SQLite would go through all items of the dataset instead.
        .where(item.c.dataset_id + 0 == bindparam("dataset_id"), among(item.c.id, "ids"))
    )
)


def sources(
    connection: Connection, dataset_id: int, item_ids: Sequence[int | None]
) -> list[Source | None]:
    """Find the pictures of items.

    Args:
        connection: The open transaction.
        dataset_id: Row of the dataset.
        item_ids: Rows of items; ``None`` for one that cannot exist.

    Returns:
        In the same order; ``None`` where the dataset has no such item.
    """
    wanted = json_list(key for key in item_ids if key is not None)
    rows = _SOURCES.rows(connection, dataset_id=dataset_id, ids=wanted)
    found = {key: Source(place, stored, bool(private)) for key, place, stored, private in rows}
    return [found.get(key) if key is not None else None for key in item_ids]


class MaskPlace(NamedTuple):
    """A mask and the picture that it lies over.

    Attributes:
        source: Where the mask is.
        reference_id: Name of the item.
        size: Width and height of the picture of the item, each ``None`` where it is not known.
    """

    source: Source
    reference_id: str
    size: tuple[int | None, int | None]


def mask_place(connection: Connection, dataset_id: int, object_id: str) -> MaskPlace:
    """Find the picture of a mask.

    Args:
        connection: The open transaction.
        dataset_id: Row of the dataset.
        object_id: Public id of an annotation or a prediction.

    Returns:
        Where the mask is, and what it lies over.

    Raises:
        NotFoundError: The dataset has no such object.
        InvalidInputError: The object is no mask.
    """
    prefix, table = identifiers.ANNOTATION, annotation
    if object_id.startswith(f"{identifiers.PREDICTION}_"):
        prefix, table = identifiers.PREDICTION, prediction
    key = identifiers.decode(prefix, object_id)
    row = connection.execute(
        select(
            table.c.type,
            table.c.geometry,
            table.c.extra,
            dataset.c.use_privacy_mode,
            item.c.reference_id,
            item.c.width,
            item.c.height,
        )
        .join(item, item.c.id == table.c.item_id)
        .join(dataset, dataset.c.id == item.c.dataset_id)
        .where(table.c.id == key, item.c.dataset_id == dataset_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"the dataset has no annotation or prediction {object_id!r}")
    if row.type != MASK.code:
        raise InvalidInputError(f"{object_id} is no segmentation mask", object_id=object_id)
    url = str(decode(row.geometry)["mask_url"])
    source = Source(url, mask_key(row.geometry, row.extra), bool(row.use_privacy_mode))
    return MaskPlace(source, row.reference_id, (row.width, row.height))
