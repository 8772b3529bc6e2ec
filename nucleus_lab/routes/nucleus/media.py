"""Routes that answer pictures: thumbnails, whole pictures, masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, media_references
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.routes.table import Call, route
from nucleus_lab.wire import Binary, frame

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_MOST_THUMBNAILS = 1000


class ThumbnailsBody(msgspec.Struct):
    """Which thumbnails are wanted."""

    item_ids: list[str]
    size: int = 256


@route("POST", "lab/dataset/{ds}/thumbnails", body=ThumbnailsBody)
def thumbnails(engine: Engine, call: Call[ThumbnailsBody], ds: str) -> Binary:
    """Answer small pictures of many items at once.

    Args:
        engine: The open workspace.
        call: Ids of the items and the longest side in pixels.
        ds: Id of the dataset.

    Returns:
        One frame a picture, in the order of the ids; an empty one where there is none.

    Raises:
        InvalidInputError: Too many ids, or a size out of range.
    """
    wanted = call.body.item_ids
    if len(wanted) > _MOST_THUMBNAILS:
        raise InvalidInputError(
            f"item_ids has {len(wanted)} ids and {_MOST_THUMBNAILS} are allowed: ask in parts"
        )
    keys = [_row_or_none(text) for text in wanted]
    with engine.store.read() as connection:
        dataset = datasets.get(connection, ds)
        sources = media_references.sources(connection, dataset.id, keys)
    return Binary(frame(engine.media.thumbnails.many(sources, call.body.size)))


@route("GET", "lab/dataset/{ds}/image/{di}")
def image(engine: Engine, call: Call[None], ds: str, di: str) -> Binary:
    """Answer the picture of an item as browsers can show it, pixel for pixel as stored.

    Args:
        engine: The open workspace.
        call: Unused.
        ds: Id of the dataset.
        di: Id of the item.

    Returns:
        The bytes and their media type.

    Raises:
        NotFoundError: The dataset has no such item.
    """
    from nucleus_lab.engine import pictures

    key = identifiers.decode(identifiers.ITEM, di)
    with engine.store.read() as connection:
        dataset = datasets.get(connection, ds)
        source = media_references.sources(connection, dataset.id, [key])[0]
    if source is None:
        raise NotFoundError(f"dataset {ds} has no item {di}: it was deleted, or never was")
    content = engine.media.thumbnails.original(source)
    return Binary(*pictures.for_browser(content, source.location, engine.settings.max_pixels))


@route("GET", "lab/dataset/{ds}/mask/{obj}")
def mask(engine: Engine, call: Call[None], ds: str, obj: str) -> Binary:
    """Answer the picture of a segmentation mask with its values as stored.

    Args:
        engine: The open workspace.
        call: Unused.
        ds: Id of the dataset.
        obj: Id of the annotation or prediction.

    Returns:
        A PNG; of a mask at a URL only where it has the size of its picture.
    """
    from nucleus_lab.engine import mask_sizes, pictures

    with engine.store.read() as connection:
        dataset = datasets.get(connection, ds)
        source, name, size = media_references.mask_place(connection, dataset.id, obj)
    content = engine.media.thumbnails.original(source)
    most = engine.settings.max_pixels
    # One that came with an upload was held against its picture then.
    if source.media_key is None:
        with pictures.open_picture(content, source.location, most) as picture:
            mask_sizes.check(picture.size, size, source.location, name)
    return Binary(pictures.as_png(content, source.location, most), "image/png")


def _row_or_none(text: str) -> int | None:
    try:
        return identifiers.decode(identifiers.ITEM, text)
    except NotFoundError:
        return None
