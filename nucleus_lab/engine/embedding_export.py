"""Embeddings on their way out: as lists, and as files that signed URLs read."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select

from nucleus_lab import wire
from nucleus_lab.engine import embeddings, references, signatures, slice_members, slices, vector_set
from nucleus_lab.engine.embeddings import OBJECTS
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.free_space import free_bytes
from nucleus_lab.engine.schema import item, slice_member
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.engine.vector_values import written
from nucleus_lab.errors import ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

ROWS_A_FILE: Final = 5_000

_FILE: Final = re.compile(r"[0-9a-f]{32}\.json")

Rows = list[dict[str, Any]]


def items_of_slice(connection: Connection, row: slices.SliceRow) -> list[int]:
    """Find the items of a slice: its members, those that carry them, or the frames of scenes.

    Args:
        connection: The open transaction.
        row: The slice.

    Returns:
        Primary keys in the order of the slice, none twice.
    """
    members = slice_members.listing(connection, row.id)
    found: dict[int, None] = {}
    owner: dict[tuple[str, int], int] = {}
    for kind, table in OBJECTS.items():
        keys = [key for member, key, _ in members if member == kind]
        rows = select(table.c.id, table.c.item_id).where(among(table.c.id, "keys"))
        for key, item_id in connection.execute(rows, {"keys": json_list(keys)}):
            owner[kind, key] = item_id
    for kind, key, _ in members:
        if kind == "item":
            found[key] = None
        elif (kind, key) in owner and owner[kind, key] is not None:
            found[owner[kind, key]] = None
    if row.type == "scene":
        frames = (
            select(item.c.id)
            .join(slice_member, slice_member.c.member_id == item.c.scene_id)
            .where(slice_member.c.slice_id == row.id, slice_member.c.member == "scene")
            .order_by(slice_member.c.position, item.c.position)
        )
        found.update(dict.fromkeys(connection.scalars(frames)))
    return list(found)


def rows(engine: Engine, dataset_id: int, item_ids: Sequence[int] | None) -> Iterator[Rows]:
    """Read the vectors of the primary index of images.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.
        item_ids: Only of these items; ``None`` for all.

    Yields:
        ``reference_id`` and ``embedding_vector`` of up to 5,000 items; items without are left out.
    """
    import numpy as np

    with engine.store.read() as connection:
        index = embeddings.primary(connection, dataset_id, "image")
    if index is None:
        return
    loaded = vector_set.load(engine, index)
    lines = loaded.live()
    if item_ids is not None:
        lines = lines[np.isin(loaded.keys[lines], np.array(item_ids, np.int64))]
    lines = lines[np.argsort(loaded.keys[lines], kind="stable")]
    for start in range(0, len(lines), ROWS_A_FILE):
        chosen = lines[start : start + ROWS_A_FILE]
        keys = loaded.keys[chosen].tolist()
        with engine.store.read() as connection:
            names = references.references_of(connection, dataset_id, keys)
        vectors = written(loaded.take(chosen))
        yield [
            {"reference_id": names[key], "embedding_vector": vector}
            for key, vector in zip(keys, vectors, strict=True)
            if key in names
        ]


class ExportFiles:
    """Files that jobs made for callers to fetch; they go after a day.

    Args:
        engine: The open workspace.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._root = engine.workspace / "exports"

    def write(self, found: Rows) -> str:
        """Write one file.

        Args:
            found: Its rows.

        Returns:
            Its name.

        Raises:
            StorageFullError: No space is left; nothing was kept.
        """
        name = f"{secrets.token_hex(16)}.json"
        path = self._root / name
        temporary = path.with_name(f"{name}.part")
        with storage_failures(str(self._root), lambda: free_bytes(self._root)):
            self._root.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    file.write(wire.encode(found))
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        return name

    def url(self, name: str, base_url: str) -> str:
        """Return the URL of a file.

        Args:
            name: Its name.
            base_url: Endpoint under which the caller reaches this server; ``""`` in-process.

        Returns:
            A signed URL that expires; in-process the URL of the file.
        """
        if not base_url:
            return (self._root / name).resolve().as_uri()
        expires = int(time.time() + self._engine.settings.media_url_s)
        claim = f"export.{name}.{expires}"
        token = f"{claim}.{signatures.signature(self._engine.workspace, claim)}"
        return f"{base_url.rstrip('/')}/lab/export/{token}"

    def read(self, token: str) -> bytes:
        """Return the file that a signed URL permits to read.

        Args:
            token: The last segment of the URL.

        Returns:
            The bytes.

        Raises:
            ForbiddenError: The token is not ours, or has expired.
            NotFoundError: The file was swept since.
        """
        claim, _, signature = token.rpartition(".")
        name, _, expires = claim.removeprefix("export.").rpartition(".")
        known = claim.startswith("export.") and _FILE.fullmatch(name) and expires.isdigit()
        if not (known and signatures.is_signed(self._engine.workspace, claim, signature)):
            raise ForbiddenError("this URL was not made by this server: export again")
        if int(expires) < time.time():
            raise ForbiddenError("this URL has expired: export again")
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError as fault:
            raise NotFoundError("the file of this URL was removed: export again") from fault

    def remove(self, names: Sequence[str]) -> None:
        """Remove files.

        Args:
            names: Their names.
        """
        for name in names:
            (self._root / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove files that were made longer ago than ``settings.sweep_grace_s``."""
        if not self._root.is_dir():
            return
        grace = max(self._engine.settings.sweep_grace_s, self._engine.settings.media_url_s)
        oldest = time.time() - grace
        for path in self._root.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
