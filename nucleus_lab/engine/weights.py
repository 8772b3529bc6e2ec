"""Weights of models: files that arrive in parts under signed URLs, and leave the same way.

An upload is announced with its size. Its parts are written to their places in one file, so that
nothing is copied when the last one has arrived; only then does a row point at the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, insert, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock, models, signatures
from nucleus_lab.engine.evaluation_schema import model_weights
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.free_space import free_bytes
from nucleus_lab.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
)

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

MOST_BYTES: Final = 10 * 1024**3
PART_BYTES: Final = 16 * 1024**2
"""Size of all parts but the last; a file that is not larger arrives in one piece."""

_UPLOAD: Final = re.compile(r"[0-9a-f]{24}")
_CHECKSUM: Final = re.compile(r"[0-9a-fA-F]{64}")
_NO_SPACE_IN_NAMES: Final = 1024


@dataclass(frozen=True, slots=True)
class Announced:
    """What a caller says about a file before it comes.

    Attributes:
        size_bytes: Its size.
        content_type: Its media type.
        original_filename: Its name.
        checksum_sha256: Its checksum in hexadecimal digits, to be held against what arrives.
    """

    size_bytes: int
    content_type: str = wire.OCTETS
    original_filename: str | None = None
    checksum_sha256: str | None = None

    def check(self) -> None:
        """Refuse what cannot be stored.

        Raises:
            PayloadTooLargeError: The file is larger than 10 GiB.
            InvalidInputError: A value is none of its kind.
        """
        if self.size_bytes > MOST_BYTES:
            raise PayloadTooLargeError(
                f"the file has {self.size_bytes:,} bytes, weights may have {MOST_BYTES:,} (10 GiB)"
            )
        if self.size_bytes < 1:
            raise InvalidInputError(
                f"declaredSizeBytes is {self.size_bytes}: an empty file holds no weights",
                path="declaredSizeBytes",
            )
        if self.checksum_sha256 is not None and not _CHECKSUM.fullmatch(self.checksum_sha256):
            raise InvalidInputError(
                "checksumSha256 is no SHA-256 checksum: use its 64 hexadecimal digits",
                path="checksumSha256",
            )
        for name in ("content_type", "original_filename"):
            text = getattr(self, name) or ""
            if len(text) > _NO_SPACE_IN_NAMES or not text.isprintable():
                raise InvalidInputError(
                    f"{name} is {text[:40]!r}…: use up to {_NO_SPACE_IN_NAMES} printable characters"
                )


def announce(engine: Engine, model: str, file: Announced, base_url: str) -> dict[str, Any]:
    """Permit an upload.

    Args:
        engine: The open workspace.
        model: Id of the model on the wire.
        file: What will come.
        base_url: Endpoint under which the caller reaches this server; ``""`` in-process.

    Returns:
        ``uploadId`` and, for a small file, ``uploadUrl`` with ``requiredHeaders``; else ``parts``
        (``partNumber`` and ``url``) and ``partSizeBytes``.
    """
    file.check()
    with engine.store.read() as connection:
        key = models.key_of(connection, model)
    folder = _folder(engine)
    _sweep(engine, folder)
    upload = secrets.token_hex(12)
    note = {
        "model_id": key,
        "size_bytes": file.size_bytes,
        "content_type": file.content_type,
        "original_filename": file.original_filename,
        "checksum_sha256": file.checksum_sha256,
    }
    with storage_failures(str(folder), lambda: free_bytes(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{upload}.part").touch()
        (folder / f"{upload}.json").write_bytes(wire.encode(note))
    count = -(-file.size_bytes // PART_BYTES)
    urls = [_url(engine, f"put.{upload}.{number}", base_url) for number in range(1, count + 1)]
    answer: dict[str, Any] = {"uploadId": upload, "partSizeBytes": PART_BYTES}
    if count == 1:
        return {**answer, "uploadUrl": urls[0], "requiredHeaders": {}}
    parts = [{"partNumber": number, "url": url} for number, url in enumerate(urls, start=1)]
    return {**answer, "parts": parts}


def _url(engine: Engine, what: str, base_url: str) -> str:
    claim = f"weights.{what}.{int(time.time() + engine.settings.upload_url_s)}"
    token = f"{claim}.{signatures.signature(engine.workspace, claim)}"
    path = f"lab/weights/{token}"
    return f"{base_url.rstrip('/')}/{path}" if base_url else path


def _permitted(engine: Engine, token: str, what: str) -> list[str]:
    claim, _, signature = token.rpartition(".")
    ours = claim.startswith(f"weights.{what}.")
    if not ours or not signatures.is_signed(engine.workspace, claim, signature):
        raise ForbiddenError("this URL was not made by this server: ask for a new one")
    *words, expires = claim.split(".")
    if int(expires) < time.time():
        raise ForbiddenError("this URL has expired: ask for a new one")
    return words[2:]


def receive(engine: Engine, token: str, body: bytes) -> str:
    """Write a part to its place; a second one replaces the first.

    Args:
        engine: The open workspace.
        token: From a URL of :func:`announce`.
        body: The bytes of the part.

    Returns:
        Its ETag.

    Raises:
        InvalidInputError: The part has another size than it must have.
    """
    upload, number = _permitted(engine, token, "put")
    note = _note(engine, upload)
    start = (int(number) - 1) * PART_BYTES
    wanted = min(PART_BYTES, note["size_bytes"] - start)
    if len(body) != wanted:
        raise InvalidInputError(
            f"part {number} has {len(body):,} bytes and must have {wanted:,}: send it again"
        )
    etag = hashlib.sha256(body).hexdigest()[:32]
    folder = _folder(engine)
    with storage_failures(str(folder), lambda: free_bytes(folder)):
        with (folder / f"{upload}.part").open("r+b") as file:
            file.seek(start)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        (folder / f"{upload}.{number}.etag").write_text(etag)
    return etag


def finish(engine: Engine, model: str, upload: str, etags: dict[int, str] | None) -> dict[str, Any]:
    """Attach a file that has arrived to its model, in place of the one before.

    Args:
        engine: The open workspace.
        model: Id of the model on the wire.
        upload: What :func:`announce` called it.
        etags: ETag by part number, as the caller has seen them; ``None`` for a file in one piece.

    Returns:
        As :func:`describe`.

    Raises:
        NotFoundError: There is no such upload for this model.
        ConflictError: Parts are missing.
        InvalidInputError: An ETag or the checksum differs.
    """
    with engine.store.read() as connection:
        key = models.key_of(connection, model)
    note = _note(engine, upload)
    if note["model_id"] != key:
        raise _unknown(upload)
    folder = _folder(engine)
    _check_parts(folder, upload, -(-note["size_bytes"] // PART_BYTES), etags)
    part = folder / f"{upload}.part"
    with part.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    if note["checksum_sha256"] and checksum != note["checksum_sha256"].lower():
        raise InvalidInputError(
            f"what arrived has the SHA-256 checksum {checksum}, announced was "
            f"{note['checksum_sha256']}: upload the file again"
        )
    part.rename(folder / upload)
    row = {
        "model_id": key,
        "upload": upload,
        "size_bytes": note["size_bytes"],
        "original_filename": note["original_filename"],
        "content_type": note["content_type"],
        "checksum_sha256": checksum,
        "created_at": clock.now(),
    }
    with engine.store.write() as connection:
        models.key_of(connection, model)
        old = upload_of(connection, key)
        connection.execute(delete(model_weights).where(model_weights.c.model_id == key))
        connection.execute(insert(model_weights).values(row))
    _discard(folder, upload)
    forget(engine, old)
    return describe(engine, model, "")


def _check_parts(folder: Path, upload: str, count: int, etags: dict[int, str] | None) -> None:
    for number in range(1, count + 1):
        try:
            arrived = (folder / f"{upload}.{number}.etag").read_text()
        except FileNotFoundError:
            raise ConflictError(
                f"part {number} of {count} has not arrived: PUT it to its URL first", part=number
            ) from None
        if etags is not None and etags.get(number, "").strip('"') != arrived:
            raise InvalidInputError(
                f"part {number} arrived with the ETag {arrived!r}, not {etags.get(number)!r}: "
                "send it again",
                part=number,
            )


def _note(engine: Engine, upload: str) -> dict[str, Any]:
    if not _UPLOAD.fullmatch(upload):
        raise NotFoundError(f"there is no upload {upload[:60]!r}: ask for one at weights/presign")
    try:
        note: dict[str, Any] = wire.decode((_folder(engine) / f"{upload}.json").read_bytes())
    except FileNotFoundError:
        raise _unknown(upload) from None
    return note


def _unknown(upload: str) -> NotFoundError:
    return NotFoundError(
        f"there is no such upload {upload!r} for this model: it was finished, or is too old; ask "
        "for a new one"
    )


def describe(engine: Engine, model: str, base_url: str) -> dict[str, Any]:
    """Say what weights a model has.

    Args:
        engine: The open workspace.
        model: Id of the model on the wire.
        base_url: Endpoint under which the caller reaches this server; ``""`` in-process.

    Returns:
        ``modelProjectId``, ``present`` and, where there is a file, what is known about it.
    """
    with engine.store.read() as connection:
        key = models.key_of(connection, model)
        row = connection.execute(
            select(model_weights).where(model_weights.c.model_id == key)
        ).first()
    known: dict[str, Any] = {
        "modelProjectId": identifiers.encode(identifiers.MODEL, key),
        "present": row is not None,
    }
    if row is None:
        return known
    return {
        **known,
        "status": "uploaded",
        "sizeBytes": row.size_bytes,
        "originalFilename": row.original_filename,
        "contentType": row.content_type,
        "checksumSha256": row.checksum_sha256,
        "createdAt": clock.iso(row.created_at),
        "downloadUrl": _url(engine, f"get.{row.upload}", base_url),
    }


def file_of(engine: Engine, token: str) -> Path:
    """Find the file that a signed URL permits to read.

    Args:
        engine: The open workspace.
        token: From the ``downloadUrl`` of :func:`describe`.

    Returns:
        Its path.

    Raises:
        NotFoundError: It was deleted or replaced since.
    """
    (upload,) = _permitted(engine, token, "get")
    path = _folder(engine) / upload
    if not path.is_file():
        raise NotFoundError("the weights of this URL were deleted or replaced: ask for a new URL")
    return path


def remove(engine: Engine, model: str) -> bool:
    """Delete the weights of a model.

    Args:
        engine: The open workspace.
        model: Id of the model on the wire.

    Returns:
        Whether there were any.
    """
    with engine.store.write() as connection:
        key = models.key_of(connection, model)
        upload = upload_of(connection, key)
        connection.execute(delete(model_weights).where(model_weights.c.model_id == key))
    forget(engine, upload)
    return upload is not None


def upload_of(connection: Connection, model_id: int) -> str | None:
    """Name the file of a model's weights.

    Args:
        connection: The open transaction.
        model_id: Primary key of the model.

    Returns:
        The name, or ``None``.
    """
    wanted = select(model_weights.c.upload).where(model_weights.c.model_id == model_id)
    return connection.scalar(wanted)


def forget(engine: Engine, upload: str | None) -> None:
    """Remove the file of weights that no model has any more.

    Args:
        engine: The open workspace.
        upload: Its name, if there was one.
    """
    if upload is not None:
        (_folder(engine) / upload).unlink(missing_ok=True)


def _folder(engine: Engine) -> Path:
    return engine.workspace / "weights"


def _discard(folder: Path, upload: str) -> None:
    for path in folder.glob(f"{upload}.*"):
        path.unlink(missing_ok=True)


def _sweep(engine: Engine, folder: Path) -> None:
    """Remove what uploads left that never came to their end, once it is old."""
    if not folder.is_dir():
        return
    with engine.store.read() as connection:
        known = set(connection.scalars(select(model_weights.c.upload)))
    oldest = time.time() - engine.settings.sweep_grace_s
    for path in folder.iterdir():
        with suppress(OSError):
            if path.name not in known and path.stat().st_mtime < oldest:
                path.unlink()
