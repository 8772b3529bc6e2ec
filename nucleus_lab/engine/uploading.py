"""Uploads of items: payloads and their pictures become rows; the same for a request and a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from nucleus_lab import wire
from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import (
    cameras,
    datasets,
    indexing,
    items,
    metadata_schemas,
    references,
    uploaded_vectors,
)
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.location import is_local

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.datasets import DatasetRow

MOST_ERRORS: Final = 10_000
"""Entries of ``error_payload`` at most; ``upload_errors`` counts all."""

_URL_STARTS: Final = frozenset({"http:", "https", "s3://", "gs://"})

Name = Annotated[str, msgspec.Meta(min_length=1)]
Extent = Annotated[int, msgspec.Meta(ge=1)]


class ItemWire(msgspec.Struct, kw_only=True, gc=False):
    """Payload of an item.

    Attributes:
        reference_id: The caller's id of it.
        image_url: URL of the picture, or the local path of the file that comes along.
        pointcloud_url: URL of the point cloud.
        metadata: Mapping of anything JSON can hold.
        width: Pixels.
        height: Pixels.
        embedding_info: ``index_id`` and ``embedding_vector``.
        update: Overwrite; overrides what the request says.
    """

    reference_id: Name
    image_url: Name | None = None
    pointcloud_url: Name | None = None
    metadata: dict[str, Any] | None = None
    width: Extent | None = None
    height: Extent | None = None
    embedding_info: dict[str, Any] | None = None
    update: bool | None = None


@dataclass(slots=True)
class Uploaded:
    """What became of the items of one call.

    Attributes:
        new: Stored.
        updated: Already there, and overwritten.
        ignored: Already there, and left alone.
        errors: One entry for each item that could not be taken.
    """

    new: int = 0
    updated: int = 0
    ignored: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def counters(self) -> dict[str, Any]:
        """Return the counters as an answer carries them.

        Returns:
            The four counters, and ``error_payload`` when there are errors.
        """
        answer: dict[str, Any] = {
            "new_items": self.new,
            "updated_items": self.updated,
            "ignored_items": self.ignored,
            "upload_errors": len(self.errors),
        }
        if self.errors:
            answer["error_payload"] = self.errors[:MOST_ERRORS]
        return answer


def check_takes_items(row: DatasetRow) -> None:
    """Refuse single items for a dataset of scenes.

    Args:
        row: The dataset.

    Raises:
        InvalidInputError: It holds scenes.
    """
    if row.is_scene:
        raise InvalidInputError(
            f"dataset {row.public_id} holds scenes and takes no single items: create a dataset "
            "with is_scene=False for them"
        )


def append(
    engine: Engine,
    row: DatasetRow,
    payloads: Sequence[ItemWire],
    files: Sequence[wire.FilePart] = (),
    *,
    update: bool,
) -> Uploaded:
    """Store items and the pictures that came along.

    Args:
        engine: The workspace.
        row: The dataset.
        payloads: The items in order.
        files: Pictures: one an item in the same order, or found by their names.
        update: Whether to overwrite items whose reference id is taken.

    Returns:
        What became of them; one picture that cannot be read loses none of the others.

    Raises:
        InvalidInputError: The dataset takes no single items, or an item has no location or two.
        DuplicateIDError: A reference id stands twice.
    """
    check_takes_items(row)
    names = [payload.reference_id for payload in payloads]
    references.refuse_twice("reference id", names, "give each item one of its own")
    places = [_location(payload) for payload in payloads]
    result = Uploaded()
    rows = [
        ItemRow(
            payload.reference_id,
            "image" if payload.pointcloud_url is None else "pointcloud",
            place,
            None,
            payload.width,
            payload.height,
            wire.encode(payload.metadata).decode() if payload.metadata else None,
            datasets.document(payload.embedding_info),
        )
        for payload, place in zip(payloads, places, strict=True)
    ]
    overwrite = [update if payload.update is None else payload.update for payload in payloads]
    if row.use_privacy_mode:
        rows = [entry for entry in rows if _known_size(entry, result)]
    elif files or not all_urls(places):
        rows = with_pictures(engine, row.id, rows, files, result, overwrite=all(overwrite))
    rows = fitting(row, rows, result)
    with engine.store.write(bulk=True) as connection, collector_paused():
        datasets.lock(connection, row.id)
        if any(overwrite) and not all(overwrite):
            chosen = {name for name, flag in zip(names, overwrite, strict=True) if flag}
            parts = [
                ([entry for entry in rows if (entry[0] in chosen) is flag], flag)
                for flag in (False, True)
            ]
        else:
            parts = [(rows, all(overwrite) and bool(overwrite))]
        for part, flag in parts:
            counts = items.insert(connection, row.id, part, update=flag)
            result.new += counts.new
            result.updated += counts.updated
            result.ignored += counts.ignored
    if result.new or result.updated:
        indexing.index_new(engine, row.id)
    if any(entry.embedding_info for entry in rows):
        payload = {"level": "image", "run_id": None, "update": any(overwrite)}
        uploaded_vectors.submit(engine, row.id, payload)
    return result


def fitting(row: DatasetRow, rows: Sequence[ItemRow], result: Uploaded) -> list[ItemRow]:
    """Leave out items whose metadata has no usable camera, or breaks the schema of the dataset.

    Args:
        row: The dataset.
        rows: The items.
        result: Where to note those that are left out.

    Returns:
        The others, in order.
    """
    schema = metadata_schemas.read(row.item_metadata_schema)
    kept: list[ItemRow] = []
    if not schema and not any(map(cameras.fault_in, [entry.metadata for entry in rows])):
        return list(rows)
    for entry in rows:
        unseen = cameras.fault_in(entry.metadata)
        if unseen is not None:
            message = f"item {entry.reference_id!r}: {unseen}"
            result.errors.append(_error(entry, message, cameras.CODE))
            continue
        metadata = wire.decode(entry.metadata) if entry.metadata and schema else None
        wrong = metadata_schemas.fault(schema, metadata)
        if wrong is None:
            kept.append(entry)
        else:
            message = f"Metadata type conflict: item {entry.reference_id!r}: {wrong}"
            result.errors.append(_error(entry, message, metadata_schemas.CODE))
    return kept


def _location(payload: ItemWire) -> str:
    places = [place for place in (payload.image_url, payload.pointcloud_url) if place]
    if len(places) != 1:
        raise InvalidInputError(
            f"item {payload.reference_id!r} has {len(places)} locations: give either image_url or "
            "pointcloud_url",
            reference_id=payload.reference_id,
        )
    return places[0]


def _known_size(row: ItemRow, result: Uploaded) -> bool:
    if row.width and row.height and not is_local(row.location):
        return True
    result.errors.append(
        _error(
            row,
            f"item {row.reference_id!r} needs a URL, a width and a height: a dataset in privacy "
            "mode reads no pictures",
            "invalid_input",
        )
    )
    return False


def _error(row: ItemRow, message: str, code: str) -> dict[str, Any]:
    return {
        "reference_id": row.reference_id,
        "image_url": row.location,
        "error": message,
        "code": code,
    }


def with_pictures(
    engine: Engine,
    dataset_id: int,
    rows: Sequence[ItemRow],
    files: Sequence[wire.FilePart],
    result: Uploaded,
    *,
    overwrite: bool,
) -> list[ItemRow]:
    """Take in the pictures of local items, outside any transaction.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.
        rows: The items.
        files: Pictures: one an item in the same order, or found by their names.
        result: Where to note items whose picture cannot be taken.
        overwrite: Whether known items are overwritten; otherwise their pictures are not read.

    Returns:
        The items with key and size of their pictures; those without a readable one are left out.
    """
    parts = [part for part in files if part.field == "image"]
    in_order = len(parts) == len(rows)
    by_name = {part.filename: part for part in parts}
    local = [
        (index, parts[index] if in_order else by_name.get(row.location))
        for index, row in enumerate(rows)
        if is_local(row.location)
    ]
    if local and not overwrite:
        with engine.store.read() as connection:
            names = [rows[index].reference_id for index, _ in local]
            known = references.keys_of(connection, dataset_id, names)
        local = [(index, part) for index, part in local if rows[index].reference_id not in known]
    present = [part for _, part in local if part is not None]
    taken = iter(engine.media.ingest_many(present) if present else [])
    ready: list[ItemRow | None] = list(rows)
    for index, part in local:
        row = rows[index]
        picture = next(taken) if part is not None else _not_sent(row)
        if isinstance(picture, MediaError):
            result.errors.append(_error(row, picture.message, picture.code))
            ready[index] = None
        else:
            ready[index] = row._replace(
                media_key=picture.key,
                width=picture.width,
                height=picture.height,
                phash=picture.phash,
            )
    return [row for row in ready if row is not None]


def all_urls(locations: Iterable[str]) -> bool:
    """Recognise the common case, that nothing is local, without parsing each location.

    Args:
        locations: URLs or paths.

    Returns:
        Whether all are surely URLs.
    """
    return {location[:5] for location in locations} <= _URL_STARTS


def _not_sent(row: ItemRow) -> MediaError:
    return MediaError(
        f"the picture {row.location!r} of item {row.reference_id!r} is a local path and no file "
        "came along: send the file with the request, or give a URL"
    )
