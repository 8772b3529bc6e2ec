"""Payloads that are sent ahead of an asynchronous call, as published clients do it.

The client asks for a signed URL, sends the payloads there as NDJSON (one JSON value a line), and
then starts the job with nothing but the request id. The body waits as a file until the job ends.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.engine import signatures
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.free_space import free_bytes
from nucleus_lab.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
)
from nucleus_lab.wire import decode, refuse_nul

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Uploads:
    """The staged payloads of one workspace.

    Args:
        engine: The open workspace.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._folder = engine.workspace / "uploads"

    def sign(self, dataset_id: int, request_id: str) -> str:
        """Return a token that permits one upload for a while.

        Args:
            dataset_id: Row of the dataset.
            request_id: What the caller calls the upload.

        Returns:
            Text that is safe in a URL.

        Raises:
            InvalidInputError: The request id has other characters than letters, digits, ``_``
                and ``-``, or more than 128.
        """
        _check_request_id(request_id)
        expires = int(time.time() + self._engine.settings.upload_url_s)
        claim = f"{dataset_id}.{expires}.{request_id}"
        return f"{claim}.{signatures.signature(self._engine.workspace, claim)}"

    def receive(self, token: str, body: bytes) -> None:
        """Keep the body of an upload until its job ends; a second one replaces the first.

        Args:
            token: What :meth:`sign` returned.
            body: NDJSON.

        Raises:
            ForbiddenError: The token is not ours, or has expired.
            PayloadTooLargeError: The body exceeds ``settings.max_upload_bytes``.
            StorageFullError: No space is left.
        """
        claim, _, signature = token.rpartition(".")
        # Claims of other uses begin with a word.
        ours = claim.partition(".")[0].isdigit()
        if not ours or not signatures.is_signed(self._engine.workspace, claim, signature):
            raise ForbiddenError("this upload URL was not made by this server: ask for a new one")
        dataset_id, expires, request_id = claim.split(".", 2)
        if int(expires) < time.time():
            raise ForbiddenError("this upload URL has expired: ask for a new one")
        most = self._engine.settings.max_upload_bytes
        if len(body) > most:
            raise PayloadTooLargeError(
                f"the upload has {len(body):,} bytes and {most:,} are allowed: send fewer objects "
                "in each call, or raise max_upload_bytes in settings.toml"
            )
        self._sweep()
        path = self._path(int(dataset_id), request_id)
        temporary = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
        with storage_failures(str(path), lambda: free_bytes(self._folder)):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    file.write(body)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    def check(self, dataset_id: int, request_id: str) -> None:
        """Make sure that an upload has arrived; handlers call it before they submit the job.

        Args:
            dataset_id: Row of the dataset.
            request_id: What the caller calls the upload.

        Raises:
            NotFoundError: Nothing was uploaded under this id, or its job has ended.
        """
        _check_request_id(request_id)
        if not self._path(dataset_id, request_id).is_file():
            raise NotFoundError(
                f"nothing was uploaded under the request id {request_id!r} for this dataset, or "
                "its job has ended: ask for a signed URL and send the payloads there first",
                request_id=request_id,
            )

    def read(self, dataset_id: int, request_id: str) -> Iterator[Any]:
        """Read the objects of an upload, one at a time.

        Args:
            dataset_id: Row of the dataset.
            request_id: What the caller calls the upload.

        Yields:
            Plain values in order.

        Raises:
            NotFoundError: Nothing was uploaded under this id.
            InvalidInputError: A line is no JSON; the message has its number.
        """
        self.check(dataset_id, request_id)
        with self._path(dataset_id, request_id).open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.isspace():
                    continue
                try:
                    refuse_nul(line)
                    value = decode(line)
                except (InvalidInputError, UnicodeDecodeError) as fault:
                    shown = line[:80].decode(errors="replace").rstrip()
                    raise InvalidInputError(
                        f"line {number} of the upload {request_id!r} is not valid JSON "
                        f"({fault.__cause__ or fault}): {shown!r}; nothing after it was read",
                        line=number,
                    ) from fault
                yield value

    def count(self, dataset_id: int, request_id: str) -> int:
        """Count the objects of an upload without reading them, for a progress bar.

        Args:
            dataset_id: Row of the dataset.
            request_id: What the caller calls the upload.

        Returns:
            Lines with something on them.
        """
        self.check(dataset_id, request_id)
        with self._path(dataset_id, request_id).open("rb") as file:
            return sum(1 for line in file if not line.isspace())

    def discard(self, dataset_id: int, request_id: str) -> None:
        """Remove an upload; nothing happens when it is gone.

        Args:
            dataset_id: Row of the dataset.
            request_id: What the caller calls the upload.
        """
        if _REQUEST_ID.fullmatch(request_id):
            self._path(dataset_id, request_id).unlink(missing_ok=True)

    def _path(self, dataset_id: int, request_id: str) -> Path:
        return self._folder / f"{dataset_id}-{request_id}.ndjson"

    def _sweep(self) -> None:
        """Remove uploads whose job was never started."""
        if not self._folder.is_dir():
            return
        oldest = time.time() - self._engine.settings.sweep_grace_s
        for path in self._folder.iterdir():
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:  # its job ended in this moment
                continue


def _check_request_id(request_id: str) -> None:
    if not _REQUEST_ID.fullmatch(request_id):
        raise InvalidInputError(
            f"the request id {request_id[:140]!r} cannot be used: 1 to 128 letters, digits, _ and -"
        )
