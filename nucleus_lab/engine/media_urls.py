"""URLs under which the pictures of a workspace can be read without a key, for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from nucleus_lab import identifiers
from nucleus_lab.engine import media_references, signatures
from nucleus_lab.engine.datasets import DatasetRow
from nucleus_lab.errors import ForbiddenError, NotFoundError
from nucleus_lab.location import is_local

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.reading import ItemValues
    from nucleus_lab.engine.thumbnails import Source

_RASTER: Final = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}


def accessible(engine: Engine, row: DatasetRow, values: ItemValues, base_url: str) -> str:
    """Return a URL that reads the file of an item and needs no key.

    Args:
        engine: The workspace.
        row: The dataset of the item.
        values: The item.
        base_url: Endpoint under which the caller reaches this server; ``""`` in-process.

    Returns:
        A signed URL of this server that expires; in-process the URL of the stored file. Of an
        item whose file was never stored: its own URL, unless that needs the rights of the server
        and the dataset is not in privacy mode.
    """
    location, media_key = str(values[3]), values[7]
    if media_key is not None and not base_url:
        return engine.media.path(media_key).resolve().as_uri()
    plain = location.startswith(("http://", "https://")) or is_local(location)
    if not base_url or (media_key is None and (plain or row.use_privacy_mode)):
        return location
    expires = int(time.time() + engine.settings.media_url_s)
    claim = f"media.{row.id}.{values[0]}.{expires}"
    token = f"{claim}.{signatures.signature(engine.workspace, claim)}"
    return f"{base_url.rstrip('/')}/lab/media/{token}"


def mirrored(engine: Engine, row: DatasetRow, values: ItemValues, base_url: str) -> str:
    """Return where the workspace itself has the picture of an item.

    Args:
        engine: The workspace.
        row: The dataset of the item.
        values: The item.
        base_url: Endpoint under which the caller reaches this server; ``""`` in-process.

    Returns:
        A route of this server; in-process the path of the stored file. Of a picture at a URL, the
        route that fetches it where the settings allow that, in-process the path of what was
        fetched. Where the workspace has nothing, or the dataset is in privacy mode: the location
        of the item.
    """
    location, media_key = str(values[3]), values[7]
    if media_key is None and (row.use_privacy_mode or is_local(location)):
        return location
    if not base_url:
        if media_key is not None:
            return str(engine.media.path(media_key))
        kept = engine.media.thumbnails.remote.kept(location)
        return location if kept is None else str(kept)
    if media_key is None and not engine.media.thumbnails.remote.is_allowed(location):
        return location
    kind = "image" if values[2] == "image" else "pointcloud"
    public_id = identifiers.encode(identifiers.ITEM, values[0])
    return f"{base_url.rstrip('/')}/lab/dataset/{row.public_id}/{kind}/{public_id}"


def source_of(engine: Engine, token: str) -> Source:
    """Find the file that a signed URL permits to read.

    Args:
        engine: The workspace.
        token: The last segment of a URL that :func:`accessible` made.

    Returns:
        Where the file is.

    Raises:
        ForbiddenError: The token is not ours, or has expired.
        NotFoundError: The item was deleted since.
    """
    claim, _, signature = token.rpartition(".")
    if not (
        claim.startswith("media.") and signatures.is_signed(engine.workspace, claim, signature)
    ):
        raise ForbiddenError("this URL was not made by this server: export the items again")
    _, dataset_id, item_id, expires = claim.split(".")
    if int(expires) < time.time():
        raise ForbiddenError("this URL has expired: export the items again")
    with engine.store.read() as connection:
        source = media_references.sources(connection, int(dataset_id), [int(item_id)])[0]
    if source is None:
        raise NotFoundError("the item of this URL was deleted")
    return source


def media_type(content: bytes) -> str:
    """Name the type of a file by what it begins with.

    Args:
        content: The file.

    Returns:
        The media type of a picture; plain octets for everything else, which a browser saves
        rather than runs.
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    for start, kind in _RASTER.items():
        if content.startswith(start):
            return kind
    return "application/octet-stream"
