"""Slices of objects: their items for training, and everything about each object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from nucleus_lab import identifiers
from nucleus_lab.engine import pages, reading, slice_members, slice_reading, slices
from nucleus_lab.engine.schema import annotation, item, match, prediction, slice_member
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import ConflictError


def export_page(
    connection: Connection,
    row: slices.SliceRow,
    token: str | None,
    size: int | None,
    run_id: int | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Read some items that carry objects of a slice, each with those of its objects alone.

    Args:
        connection: The open transaction.
        row: The slice; it holds objects.
        token: What the page before returned; ``None`` for the first page.
        size: Items at most; ``None`` for all.
        run_id: Primary key of the run whose predictions to give; ``None`` for annotations.

    Returns:
        Rows of a training export, and the token of the next page or ``None``.

    """
    if size is not None:
        reading.check_page_size(size)
    after = pages.place_of(token, token) if token else -1
    table = annotation if run_id is None else prediction
    first = func.min(slice_member.c.position).label("first")
    found = (
        select(table.c.item_id, first)
        .join(table, table.c.id == slice_member.c.member_id)
        .where(
            slice_member.c.slice_id == row.id,
            slice_member.c.member == table.name,
            table.c.item_id.is_not(None),
        )
        .group_by(table.c.item_id)
        .having(first > after)
        .order_by(first)
    )
    if run_id is not None:
        found = found.where(prediction.c.model_run_id == run_id)
    if size is not None:
        found = found.limit(size + 1)
    places = [(key, place) for key, place in connection.execute(found)]
    following = None
    if size is not None and len(places) > size:
        places.pop()
        following = str(places[-1][1])
    items = reading.by_keys(connection, row.dataset_id, [key for key, _ in places])
    return _only_members(connection, row, items, table, run_id), following


def _only_members(
    connection: Connection,
    row: slices.SliceRow,
    items: Sequence[reading.ItemValues],
    table: Table,
    run_id: int | None,
) -> list[dict[str, Any]]:
    found = reading.objects_by_item(connection, [values[0] for values in items], run_id)
    keys = json_list(entry[1] for objects in found.values() for entry in objects)
    members = set(
        connection.scalars(
            select(slice_member.c.member_id).where(
                slice_member.c.slice_id == row.id,
                slice_member.c.member == table.name,
                among(slice_member.c.member_id, "keys"),
            ),
            {"keys": keys},
        )
    )
    rows = []
    for values in items:
        exported: dict[str, Any] = {"item": reading.item_payload(values)}
        for group in reading.GROUPS:
            exported[group] = []
        kept = [entry for entry in found[values[0]] if entry[1] in members]
        reading.grouped(values[1], kept, scored=run_id is not None, into=exported)
        masks = exported[reading.SINGLE]
        exported[reading.SINGLE] = masks[0] if masks else None
        rows.append(exported)
    return rows


def raw(connection: Connection, row: slices.SliceRow) -> list[dict[str, Any]]:
    """Read every object of a slice with its item, its match and its scene.

    Args:
        connection: The open transaction.
        row: The slice.

    Returns:
        In the order of the slice: ``item``; ``annotation``, ``prediction`` or, where the newest
        evaluation matched two members of the slice, both in one entry; ``scene`` where the item
        is a part of one.

    Raises:
        ConflictError: The slice holds no objects.
    """
    if row.type != "object":
        raise ConflictError(
            f"slice {row.public_id} holds members of type {row.type}: only a slice of objects has "
            "a raw JSON export; read its items by Slice.items_and_annotations"
        )
    members = slice_members.listing(connection, row.id)
    keys: dict[str, list[int]] = {"annotation": [], "prediction": []}
    for kind, key, _ in members:
        keys[kind].append(key)
    objects = {
        table.name: slice_reading.objects(connection, table, keys[table.name])
        for table in (annotation, prediction)
    }
    partners = _partners(connection, keys["annotation"], keys["prediction"])
    told = set(partners.values())
    items = _items(connection, row.dataset_id, objects)
    entries = []
    for kind, key, _ in members:
        payload = objects[kind].get(key)
        if payload is None or (kind == "prediction" and key in told):
            continue
        entry = {**items.get(payload["dataset_item_id"], {}), kind: payload}
        if kind == "annotation" and key in partners:
            entry["prediction"] = objects["prediction"][partners[key]]
        entries.append(entry)
    return entries


def _partners(
    connection: Connection, annotations: Sequence[int], predictions: Sequence[int]
) -> dict[int, int]:
    """Pair annotations with the predictions that the newest evaluation matched them to."""
    if not annotations or not predictions:
        return {}
    pairs = (
        select(match.c.annotation_id, match.c.prediction_id)
        .where(
            among(match.c.annotation_id, "annotations"), among(match.c.prediction_id, "predictions")
        )
        .order_by(match.c.evaluation_id)
    )
    given = {"annotations": json_list(annotations), "predictions": json_list(predictions)}
    newest = {row.annotation_id: row.prediction_id for row in connection.execute(pairs, given)}
    # A later evaluation may match one prediction to another annotation: each is told once.
    once = {found: truth for truth, found in newest.items()}
    return {truth: found for found, truth in once.items()}


def _items(
    connection: Connection, dataset_id: int, objects: dict[str, dict[int, dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Return ``item`` and, where there is one, ``scene``, by public id of the item."""
    public = {
        payload["dataset_item_id"] for found in objects.values() for payload in found.values()
    }
    keys = [identifiers.decode(identifiers.ITEM, name) for name in sorted(public)]
    rows = connection.execute(
        select(item.c.id, item.c.scene_id).where(
            item.c.scene_id.is_not(None), among(item.c.id, "keys")
        ),
        {"keys": json_list(keys)},
    ).all()
    scene_of = {row.id: row.scene_id for row in rows}
    scenes = slice_reading.scenes(connection, sorted(set(scene_of.values())))
    found = {}
    for values in reading.by_keys(connection, dataset_id, keys):
        payload = reading.item_payload(values)
        found[payload["id"]] = {"item": payload}
        if values[0] in scene_of:
            found[payload["id"]]["scene"] = scenes[scene_of[values[0]]]
    return found
