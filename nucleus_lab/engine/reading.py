"""Reading items with their annotations or predictions, as the wire carries them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, bindparam, select

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_TYPES, TYPES_BY_CODE
from nucleus_lab.annotation.segmentation import KEY as MASK_KEY
from nucleus_lab.engine import pages, references
from nucleus_lab.engine.schema import annotation, item, label, prediction, taxonomy
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import InvalidInputError, NotFoundError

Groups = dict[str, list[dict[str, Any]]]

MOST_ROWS: Final = 100_000
"""Rows of one page at most."""

_KEY: Final = itemgetter(1)

GROUPS: Final = tuple(dict.fromkeys(entry.group for entry in ANNOTATION_TYPES.values()))
"""Keys of a type-keyed export, in order."""

SINGLE: Final = ANNOTATION_TYPES["mask"].group
"""The group of which an export row holds one object or null."""


def _item_columns() -> list[Any]:
    columns = item.c
    return [
        columns.id, columns.reference_id, columns.kind, columns.location, columns.width,
        columns.height, columns.metadata, columns.media_key, columns.position, columns.phash,
    ]  # fmt: skip


def _one_item(condition: Any) -> Any:
    return select(*_item_columns()).where(item.c.dataset_id == bindparam("dataset_id"), condition)


_BY_REFERENCE = Statement(lambda: _one_item(item.c.reference_id == bindparam("wanted")))
_BY_KEY = Statement(lambda: _one_item(item.c.id == bindparam("wanted")))
_BY_POSITION = Statement(lambda: _one_item(item.c.position == bindparam("wanted")))
_BY_KEYS = Statement(
    lambda: select(*_item_columns()).where(
        among(item.c.id, "wanted"),
        # By their keys: SQLite would go through all items of the dataset instead.
        item.c.dataset_id + 0 == bindparam("dataset_id"),
    )
)
_PAGE = Statement(
    lambda: (
        _one_item(item.c.position > bindparam("after"))
        .order_by(item.c.position)
        .limit(bindparam("size"))
    )
)
_POSITION = Statement(
    lambda: select(item.c.position).where(
        item.c.id == bindparam("key"), item.c.dataset_id == bindparam("dataset_id")
    )
)

ItemValues = tuple[Any, ...]
"""id, reference id, kind, location, width, height, metadata, media key, position, phash."""


def by_reference(connection: Connection, dataset_id: int, reference_id: str) -> ItemValues:
    """Read an item by its reference id.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        reference_id: What the caller calls it.

    Returns:
        The item.

    Raises:
        NotFoundError: The dataset has no such item.
    """
    found = _BY_REFERENCE.first(connection, dataset_id=dataset_id, wanted=reference_id)
    if found is None:
        raise references.unknown(reference_id, dataset_id)
    return found


def by_public_id(connection: Connection, dataset_id: int, public_id: str) -> ItemValues:
    """Read an item by its id on the wire.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        public_id: Its id.

    Returns:
        The item.

    Raises:
        NotFoundError: The dataset has no such item.
    """
    key = identifiers.decode(identifiers.ITEM, public_id)
    found = _BY_KEY.first(connection, dataset_id=dataset_id, wanted=key)
    if found is None:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(f"dataset {shown} has no item {public_id!r}")
    return found


def by_position(connection: Connection, dataset_id: int, position: int) -> ItemValues:
    """Read an item by its position; the positions of the dataset are dense.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        position: 0 for the first.

    Returns:
        The item.

    Raises:
        NotFoundError: The dataset has fewer items.
    """
    found = _BY_POSITION.first(connection, dataset_id=dataset_id, wanted=position)
    if found is None:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(
            f"dataset {shown} has no item at index {position}: indexes run from 0 to its size - 1"
        )
    return found


def by_keys(connection: Connection, dataset_id: int, keys: Sequence[int]) -> list[ItemValues]:
    """Read items by their primary keys.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        keys: Primary keys; those that are not in the dataset are left out.

    Returns:
        The items in the order asked.
    """
    rows = _BY_KEYS.rows(connection, dataset_id=dataset_id, wanted=json_list(keys))
    found = {row[0]: row for row in rows}
    return [found[key] for key in keys if key in found]


def page(
    connection: Connection, dataset_id: int, token: str | None, size: int
) -> tuple[list[ItemValues], str | None]:
    """Read some items in the order of the dataset.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        token: What the page before returned; ``None`` for the first page.
        size: Items at most.

    Returns:
        The items, and the token of the next page or ``None``.

    Raises:
        InvalidInputError: The token is not ours, or the size is out of range.
    """
    check_page_size(size)
    after = -1
    if token:
        position, _, key = token.partition("-")
        # Where its item is now: positions move up when gaps are closed between two pages.
        place, last = pages.place_of(position, token), pages.place_of(key, token)
        row = _POSITION.first(connection, dataset_id=dataset_id, key=last)
        after = place if row is None else row[0]
    rows = _PAGE.rows(connection, dataset_id=dataset_id, after=after, size=size + 1)
    if len(rows) <= size:
        return rows, None
    rows.pop()
    return rows, f"{rows[-1][8]}-{rows[-1][0]}"


def check_page_size(size: int) -> None:
    """Refuse a page size that is out of range.

    Args:
        size: Rows asked for.

    Raises:
        InvalidInputError: It is below 1 or above the limit.
    """
    if not 1 <= size <= MOST_ROWS:
        raise InvalidInputError(f"pageSize is {size}: use 1 to {MOST_ROWS}", path="pageSize")


def item_payload(values: ItemValues) -> dict[str, Any]:
    """Return an item as the wire carries it.

    Args:
        values: The item.

    Returns:
        Its payload; every id that any client reads is in it.
    """
    key, reference_id, kind, location, width, height, metadata, _, _, phash = values
    public = f"di_{key:013x}"  # identifiers.encode, without the call: once an item
    payload = {
        "id": public,
        "dataset_item_id": public,
        "ref_id": reference_id,
        "reference_id": reference_id,
        "image_url" if kind == "image" else "pointcloud_url": location,
        "metadata": wire.decode(metadata) if metadata else {},
    }
    if width is not None:
        payload["width"] = width
        payload["height"] = height
    if phash is not None:
        payload["phash"] = phash
    return payload


def _object_columns(table: Table) -> list[Any]:
    columns = table.c
    own = [columns.item_id, columns.id, columns.type]
    own.append(columns.confidence if "confidence" in columns else columns.id)
    shared = [
        columns.annotation_id, label.c.name, taxonomy.c.name, columns.x, columns.y, columns.width,
        columns.height, columns.geometry, columns.metadata, columns.track_reference_id,
        columns.extra,
    ]  # fmt: skip
    return own + shared


def object_rows(table: Table, condition: Any, *, of_run: bool = True) -> Any:
    """Build a statement that reads objects.

    Args:
        table: ``annotation`` or ``prediction``.
        condition: Which ones.
        of_run: Whether predictions are of the run that the parameter ``run_id`` names.

    Returns:
        A SELECT whose rows are :data:`ObjectValues`.
    """
    joined = table.outerjoin(label, label.c.id == table.c.label_id)
    joined = joined.outerjoin(taxonomy, taxonomy.c.id == table.c.taxonomy_id)
    statement = select(*_object_columns(table)).select_from(joined).where(condition)
    if table is prediction and of_run:
        statement = statement.where(prediction.c.model_run_id == bindparam("run_id"))
    return statement


def _for_both(condition: Callable[[Any], Any]) -> dict[str, Statement]:
    """Make a statement for annotations and the same one for predictions."""

    def of(table: Table) -> Statement:
        return Statement(lambda: object_rows(table, condition(table.c)))

    return {"annotation": of(annotation), "prediction": of(prediction)}


_OF_ITEM: Final = _for_both(lambda columns: columns.item_id == bindparam("item_id"))
_OF_ITEMS: Final = _for_both(lambda columns: among(columns.item_id, "items"))
_ONE: Final = _for_both(
    lambda columns: and_(
        columns.item_id == bindparam("item_id"),
        columns.annotation_id == bindparam("annotation_id"),
    )
)

ObjectValues = tuple[Any, ...]
"""item key, key, type, confidence, then an annotation's row (:data:`annotation.ObjectRow`)."""


def objects_of(
    connection: Connection, item_key: int, run_id: int | None = None
) -> list[ObjectValues]:
    """Read the annotations, or the predictions of a run, of one item.

    Args:
        connection: The open transaction.
        item_key: Primary key of the item.
        run_id: Primary key of the run; ``None`` for annotations.

    Returns:
        The objects in the order of their upload.
    """
    if run_id is None:
        rows = _OF_ITEM["annotation"].rows(connection, item_id=item_key)
    else:
        rows = _OF_ITEM["prediction"].rows(connection, item_id=item_key, run_id=run_id)
    rows.sort(key=_KEY)
    return rows


def objects_by_item(
    connection: Connection, item_keys: Sequence[int], run_id: int | None = None
) -> dict[int, list[ObjectValues]]:
    """Read the annotations, or the predictions of a run, of many items.

    Args:
        connection: The open transaction.
        item_keys: Primary keys of the items.
        run_id: Primary key of the run; ``None`` for annotations.

    Returns:
        The objects of each item in the order of their upload; empty ones included.
    """
    wanted = json_list(item_keys)
    if run_id is None:
        cursor = _OF_ITEMS["annotation"].execute(connection, items=wanted)
    else:
        cursor = _OF_ITEMS["prediction"].execute(connection, items=wanted, run_id=run_id)
    found: dict[int, list[ObjectValues]] = {key: [] for key in item_keys}
    for row in cursor:
        found[row[0]].append(row)
    for rows in found.values():
        rows.sort(key=_KEY)
    return found


def one_object(
    connection: Connection, dataset_id: int, ids: str, run_id: int | None = None
) -> dict[str, Any]:
    """Read one annotation or prediction.

    Published clients send both ids with raw slashes, and the ids that they make for boxes hold the
    reference id, so where one ends and the other begins is known by what there is.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        ids: The caller's ids of the item and of the object with a slash between.
        run_id: Primary key of the run; ``None`` for annotations.

    Returns:
        Its payload.

    Raises:
        NotFoundError: There is no such item, or no such object on it.
    """
    pieces = ids.split("/")
    splits = {"/".join(pieces[:end]): "/".join(pieces[end:]) for end in range(1, len(pieces))}
    known = references.keys_of(connection, dataset_id, list(splits))
    scored = run_id is not None
    one = _ONE["prediction" if scored else "annotation"]
    run = {"run_id": run_id} if scored else {}
    for reference_id, key in known.items():
        row = one.first(connection, item_id=key, annotation_id=splits[reference_id], **run)
        if row is not None:
            return payload_of(reference_id, row, scored=scored)
    for reference_id, key in known.items():  # a mask is the one of its item, and keeps a name aside
        row = one.first(connection, item_id=key, annotation_id=MASK_KEY, **run)
        mask = None if row is None else payload_of(reference_id, row, scored=scored)
        if mask is not None and mask["annotation_id"] == splits[reference_id]:
            return mask
    if not known:
        raise references.unknown(ids.rpartition("/")[0] or ids, dataset_id)
    noun = "annotation" if run_id is None else "prediction"
    found = max(known, key=len)
    raise NotFoundError(f"item {found!r} has no {noun} {splits[found]!r}")


def payload_of(reference_id: str, row: ObjectValues, *, scored: bool) -> dict[str, Any]:
    """Return an object as the wire carries it.

    Args:
        reference_id: The caller's id of its item.
        row: The object.
        scored: Whether it is a prediction.

    Returns:
        Its payload.
    """
    to_payload = TYPES_BY_CODE[row[2]].to_payload
    return (
        to_payload(reference_id, row[4:], row[3]) if scored else to_payload(reference_id, row[4:])
    )


def grouped(
    reference_id: str, rows: Iterable[ObjectValues], *, scored: bool, into: Groups | None = None
) -> Groups:
    """Return objects by type, as reads of one item answer.

    Args:
        reference_id: The caller's id of their item.
        rows: The objects.
        scored: Whether they are predictions.
        into: Groups to add to; ``None`` for new ones.

    Returns:
        Payloads by group; only groups that have any.
    """
    groups: Groups = {} if into is None else into
    for row in rows:
        entry = TYPES_BY_CODE[row[2]]
        if scored:
            payload = entry.to_payload(reference_id, row[4:], row[3])
        else:
            payload = entry.to_payload(reference_id, row[4:])
        found = groups.get(entry.group)
        if found is None:
            groups[entry.group] = [payload]
        else:
            found.append(payload)
    return groups


def export_run(connection: Connection, dataset_id: int, run_id: int, into: Groups) -> None:
    """Read all predictions of a run by type.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        run_id: Primary key of the run.
        into: Groups to add to.
    """
    token: str | None = None
    while True:
        rows, token = page(connection, dataset_id, token, 10_000)
        found = objects_by_item(connection, [values[0] for values in rows], run_id)
        for values in rows:
            grouped(values[1], found[values[0]], scored=True, into=into)
        if token is None:
            return
