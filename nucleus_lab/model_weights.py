"""Weights of models: what is known about them, and how they travel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nucleus_lab.errors import MediaError, PayloadTooLargeError
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment
from nucleus_lab.transport.progress import progress_bar

MODEL_WEIGHTS_MAX_BYTES: Final = 10 * 1024**3
"""Largest file of weights."""


@dataclass
class ModelWeights:
    """What is known about the weights of a model.

    Attributes:
        model_project_id: Id of the model.
        present: Whether there is a file.
        status: ``uploaded``, or ``None`` without a file.
        size_bytes: Its size.
        original_filename: Its name when it was uploaded.
        content_type: Its media type.
        download_url: Where it can be read for a while.
        checksum_sha256: Its checksum in hexadecimal digits.
    """

    model_project_id: str | None = None
    present: bool = False
    status: str | None = None
    size_bytes: int | None = None
    original_filename: str | None = None
    content_type: str | None = None
    download_url: str | None = None
    checksum_sha256: str | None = None

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> ModelWeights:
        """Read the value from its payload.

        Args:
            payload: What a route answers.

        Returns:
            The value.
        """
        return cls(
            payload.get("modelProjectId"),
            bool(payload.get("present", False)),
            payload.get("status"),
            payload.get("sizeBytes"),
            payload.get("originalFilename"),
            payload.get("contentType"),
            payload.get("downloadUrl"),
            payload.get("checksumSha256"),
        )


def upload(
    client: Connection,
    model_id: str,
    path: str | os.PathLike[str],
    *,
    content_type: str | None = None,
    original_filename: str | None = None,
    checksum_sha256: str | None = None,
    progress: bool = True,
) -> ModelWeights:
    """Send a file of weights, part by part.

    Args:
        client: The connection that asks.
        model_id: Id of the model.
        path: The file.
        content_type: Its media type.
        original_filename: Name to keep.
        checksum_sha256: Its checksum.
        progress: Show a progress bar.

    Returns:
        What is known about the file.

    Raises:
        MediaError: There is no such file.
        PayloadTooLargeError: It is larger than 10 GiB.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise MediaError(f"there is no file {file}: correct the path", path=str(file))
    size = file.stat().st_size
    if size > MODEL_WEIGHTS_MAX_BYTES:
        raise PayloadTooLargeError(
            f"{file} has {size:,} bytes, weights may have {MODEL_WEIGHTS_MAX_BYTES:,} (10 GiB)"
        )
    given = {
        "declaredSizeBytes": size,
        "originalFilename": original_filename or file.name,
        "contentType": content_type,
        "checksumSha256": checksum_sha256,
    }
    route = f"model/{segment(model_id)}/weights"
    announced = client.make_request(
        {key: value for key, value in given.items() if value is not None}, f"{route}/presign"
    )
    parts = announced.get("parts") or [{"partNumber": 1, "url": announced["uploadUrl"]}]
    sent = []
    with file.open("rb") as content, _bar(client, size, file.name, show=progress) as written:
        for part in parts:
            chunk = content.read(announced["partSizeBytes"])
            etag = client.put(part["url"], chunk)["etag"]
            sent.append({"partNumber": part["partNumber"], "eTag": etag})
            written(len(chunk))
    payload: dict[str, Any] = {"uploadId": announced["uploadId"]}
    if len(parts) > 1:
        payload["parts"] = sent
    return ModelWeights.from_json(client.make_request(payload, f"{route}/finalize"))


def download(
    client: Connection, model_id: str, path: str | os.PathLike[str], *, progress: bool = True
) -> str:
    """Write the weights of a model to a file, which is there as a whole or not at all.

    Args:
        client: The connection that asks.
        model_id: Id of the model.
        path: Where to; folders are made as needed.
        progress: Show a progress bar.

    Returns:
        The path.
    """
    target = Path(path).expanduser()
    route = f"model/{segment(model_id)}/weights"
    size = client.make_request(None, route, "GET").get("sizeBytes", 0)
    url = client.make_request(None, f"{route}/download?json=1", "GET")["url"]
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with _bar(client, size, target.name, show=progress) as written:
            client.save(url, unfinished, written)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return str(target)


@contextmanager
def _bar(
    client: Connection, size: int, title: str, *, show: bool
) -> Iterator[Callable[[int], object]]:
    """Count bytes, on a bar where one is wanted."""
    if not show:
        yield lambda _count: None
        return
    with progress_bar(client, size, title, unit="B", unit_scale=True) as bar:
        yield bar.update


class WeightsMethods(Handle):
    """What a model does with its weights."""

    def upload_weights(
        self,
        path: str | os.PathLike[str],
        *,
        content_type: str | None = None,
        original_filename: str | None = None,
        checksum_sha256: str | None = None,
        progress: bool = True,
    ) -> ModelWeights:
        """Store a file with the weights of the model, in place of the one before.

        Args:
            path: The file, of any format, up to 10 GiB.
            content_type: Its media type.
            original_filename: Name to keep; that of the file when left out.
            checksum_sha256: Its checksum in hexadecimal digits.
            progress: Show a progress bar.

        Returns:
            What is known about the file.
        """
        return upload(
            self._client,
            self.id,
            path,
            content_type=content_type,
            original_filename=original_filename,
            checksum_sha256=checksum_sha256,
            progress=progress,
        )

    def download_weights(self, path: str | os.PathLike[str], *, progress: bool = True) -> str:
        """Write the weights of the model to a file.

        Args:
            path: Where to; folders are made as needed.
            progress: Show a progress bar.

        Returns:
            The path.

        Raises:
            NotFoundError: The model has no weights.
        """
        return download(self._client, self.id, path, progress=progress)

    def weights(self) -> ModelWeights:
        """Ask what weights the model has.

        Returns:
            What is known; ``present`` is False when there are none.
        """
        known = self._client.make_request(None, f"model/{segment(self.id)}/weights", "GET")
        return ModelWeights.from_json(known)

    def delete_weights(self) -> bool:
        """Delete the weights of the model.

        Returns:
            Whether there were any.
        """
        return bool(
            self._client.make_request({}, f"model/{segment(self.id)}/weights", "DELETE")["deleted"]
        )
