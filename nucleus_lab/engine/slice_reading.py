"""Reading what a slice holds: items, scenes, annotations and predictions."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Table, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import pages, reading, scene_reading, slice_members, slices
from nucleus_lab.engine.export_rows import export_rows
from nucleus_lab.engine.schema import annotation, item, prediction, scene
from nucleus_lab.engine.statements import Statement, among, json_list
from nucleus_lab.errors import ConflictError

_MOST_SCENES: Final = 30
"""Scenes of a page of an export at most: each may have thousands of items."""


def _page(
    connection: Connection, row: slices.SliceRow, token: str | None, size: int | None
) -> tuple[list[tuple[str, int, int]], str | None]:
    """Read members, all of them without a size."""
    if size is not None:
        reading.check_page_size(size)
    after = pages.place_of(token, token) if token else -1
    wanted = None if size is None else size + 1
    found = slice_members.listing(connection, row.id, after=after, size=wanted)
    if size is None or len(found) <= size:
        return found, None
    found.pop()
    return found, str(found[-1][2])


def members_page(
    connection: Connection, row: slices.SliceRow, token: str | None, size: int | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Read some members of a slice in the order in which they were added.

    Args:
        connection: The open transaction.
        row: The slice.
        token: What the page before returned; ``None`` for the first page.
        size: Members at most; ``None`` for all.

    Returns:
        Payloads, each with its ``id``, and the token of the next page or ``None``.
    """
    found, following = _page(connection, row, token, size)
    payloads: dict[tuple[str, int], dict[str, Any]] = {}
    for member in dict.fromkeys(kind for kind, _, _ in found):
        keys = [key for kind, key, _ in found if kind == member]
        if member == "item":
            rows = reading.by_keys(connection, row.dataset_id, keys)
            payloads |= {(member, values[0]): reading.item_payload(values) for values in rows}
        elif member == "scene":
            payloads |= {(member, key): value for key, value in scenes(connection, keys).items()}
        else:
            table = annotation if member == "annotation" else prediction
            payloads |= {
                (member, key): value for key, value in objects(connection, table, keys).items()
            }
    ordered = [payloads[kind, key] for kind, key, _ in found if (kind, key) in payloads]
    return ordered, following


def export_page(
    connection: Connection,
    row: slices.SliceRow,
    token: str | None,
    size: int | None,
    run_id: int | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Read some items of a slice with all their objects.

    Args:
        connection: The open transaction.
        row: The slice, of items or scenes.
        token: What the page before returned; ``None`` for the first page.
        size: Items at most; ``None`` for all.
        run_id: Primary key of the run whose predictions to give; ``None`` for annotations.

    Returns:
        Rows of a training export, and the token of the next page or ``None``.
    """
    items, following = items_page(connection, row, token, size)
    return export_rows(connection, items, run_id), following


def items_page(
    connection: Connection, row: slices.SliceRow, token: str | None, size: int | None
) -> tuple[list[reading.ItemValues], str | None]:
    """Read some items of a slice, without their objects.

    Args:
        connection: The open transaction.
        row: The slice.
        token: What the page before returned; ``None`` for the first page.
        size: Items at most; ``None`` for all.

    Returns:
        The items, and the token of the next page or ``None``. A slice of scenes gives the items of
        its scenes; its pages end with a scene.

    Raises:
        ConflictError: The slice holds objects.
    """
    if row.type == "scene":
        most = None if size is None else min(size, _MOST_SCENES)
        found, following = _page(connection, row, token, most)
        inside = scene_reading.items_of(connection, row.dataset_id, [key for _, key, _ in found])
        # Scenes come sorted by key; the slice has an order of its own.
        place = {key: position for _, key, position in found}
        inside.sort(key=lambda entry: place[entry.scene])
        return [entry.values for entry in inside], following
    if row.type != "dataset_item":
        raise ConflictError(
            f"slice {row.public_id} holds members of type {row.type}: only a slice of items or "
            "scenes can be exported for training"
        )
    found, following = _page(connection, row, token, size)
    return reading.by_keys(connection, row.dataset_id, [key for _, key, _ in found]), following


def _by_keys(table: Table) -> Any:
    statement = reading.object_rows(table, among(table.c.id, "keys"), of_run=False)
    return statement.add_columns(item.c.reference_id).join(item, item.c.id == table.c.item_id)


_BY_KEYS = {
    "annotation": Statement(lambda: _by_keys(annotation)),
    "prediction": Statement(lambda: _by_keys(prediction)),
}


def objects(connection: Connection, table: Table, keys: list[int]) -> dict[int, dict[str, Any]]:
    """Read objects on items by their primary keys.

    Args:
        connection: The open transaction.
        table: ``annotation`` or ``prediction``.
        keys: Primary keys.

    Returns:
        Payloads with ``id`` and ``dataset_item_id``, by primary key.
    """
    scored = table is prediction
    prefix = identifiers.PREDICTION if scored else identifiers.ANNOTATION
    found = {}
    for *values, reference_id in _BY_KEYS[table.name].rows(connection, keys=json_list(keys)):
        payload = reading.payload_of(reference_id, tuple(values), scored=scored)
        payload["id"] = identifiers.encode(prefix, values[1])
        payload["dataset_item_id"] = identifiers.encode(identifiers.ITEM, values[0])
        found[values[1]] = payload
    return found


def scenes(connection: Connection, keys: list[int]) -> dict[int, dict[str, Any]]:
    """Read scenes without their frames.

    Args:
        connection: The open transaction.
        keys: Primary keys.

    Returns:
        ``id``, ``reference_id``, ``type`` and ``metadata``, by primary key.
    """
    rows = connection.execute(
        select(scene.c.id, scene.c.reference_id, scene.c.type, scene.c.metadata).where(
            among(scene.c.id, "keys")
        ),
        {"keys": json_list(keys)},
    )
    return {
        row.id: {
            "id": identifiers.encode(identifiers.SCENE, row.id),
            "reference_id": row.reference_id,
            "type": row.type,
            "metadata": wire.decode(row.metadata) if row.metadata else {},
        }
        for row in rows
    }
