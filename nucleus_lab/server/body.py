"""Reading request bodies: JSON text, raw bytes, and files in several parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import unquote

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from nucleus_lab.errors import InvalidInputError, PayloadTooLargeError
from nucleus_lab.wire import FilePart

PAYLOAD_PARTS: Final = ("items", "serialized_request")
"""Names under which clients send the JSON of a request that carries files."""

MOST_HEADER_BYTES: Final = 32 * 1024  # a path of 4,096 characters, percent-encoded, and some


@dataclass(slots=True)
class Body:
    """A request body.

    Attributes:
        payload: JSON text or raw bytes; ``None`` when there is none.
        files: Files beside it, in order.
    """

    payload: bytes | None = None
    files: list[FilePart] = field(default_factory=list)


async def read_plain(chunks: AsyncIterator[bytes], limit: int) -> Body:
    """Read a body that is one thing.

    Args:
        chunks: The body as it arrives.
        limit: Bytes at most.

    Returns:
        The body.

    Raises:
        PayloadTooLargeError: It is larger.
    """
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        parts.append(chunk)
    return Body(b"".join(parts) or None)


async def read_parts(
    chunks: AsyncIterator[bytes],
    boundary: str,
    folder: Path,
    limit: int,
    payload_limit: int,
    *,
    payload_needed: bool = True,
) -> Body:
    """Read a body of several parts; files go straight to disk.

    Args:
        chunks: The body as it arrives.
        boundary: What separates the parts.
        folder: Where to put files; the caller removes it.
        limit: Bytes at most, all together.
        payload_limit: Bytes of the JSON part at most.
        payload_needed: Whether there must be one; some routes take files alone.

    Returns:
        The body.

    Raises:
        PayloadTooLargeError: It is larger.
        InvalidInputError: It is not well formed.
    """
    reader = _Reader(folder, payload_limit)
    size = 0
    try:
        parser = MultipartParser(
            boundary.encode("latin-1", "replace"),
            {
                "on_part_begin": reader.begin,
                "on_header_field": reader.header_name,
                "on_header_value": reader.header_value,
                "on_header_end": reader.header_end,
                "on_headers_finished": reader.open,
                "on_part_data": reader.data,
                "on_part_end": reader.close,
                "on_end": reader.end,
            },
            max_header_size=MOST_HEADER_BYTES,
        )
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            parser.write(chunk)
        parser.finalize()
    except MultipartParseError as fault:
        raise InvalidInputError(f"the multipart body is not well formed: {fault}") from fault
    finally:
        reader.close()
    if not reader.complete:
        raise InvalidInputError("the multipart body ends before its last boundary: send it again")
    if reader.body.payload is None and payload_needed:
        raise InvalidInputError(
            f"the multipart body has no part {' or '.join(PAYLOAD_PARTS)} that says what the "
            "files are"
        )
    return reader.body


def too_large(limit: int) -> PayloadTooLargeError:
    """Make the error of a body that exceeds a limit.

    Args:
        limit: Bytes at most.

    Returns:
        The error.
    """
    return PayloadTooLargeError(
        f"the body exceeds {limit:,} bytes: send fewer rows or files in one request", limit=limit
    )


class _Reader:
    """Takes the parts from the parser's callbacks."""

    def __init__(self, folder: Path, payload_limit: int) -> None:
        self.body = Body()
        self.complete = False
        self._folder = folder
        self._limit = payload_limit
        self._headers: dict[str, bytes] = {}
        self._name = b""
        self._value = b""
        self._file: BinaryIO | None = None
        self._payload: list[bytes] | None = None
        self._size = 0

    def begin(self) -> None:
        self._headers = {}

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def open(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if filename is not None:
            path = self._folder / str(len(self.body.files))
            self._file = path.open("wb")
            original = unquote(filename.decode("utf-8", "replace"))
            self.body.files.append(FilePart(name, original, path=str(path)))
        elif name in PAYLOAD_PARTS:
            if self.body.payload is not None:
                raise InvalidInputError(f"the multipart body has two payloads, also {name!r}")
            self._payload = []
            self._size = 0
        else:
            raise InvalidInputError(
                f"the part {name!r} is neither a file nor one of {', '.join(PAYLOAD_PARTS)}"
            )

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif self._payload is not None:
            self._size += end - start
            if self._size > self._limit:
                raise too_large(self._limit)
            self._payload.append(data[start:end])

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._payload is not None:
            self.body.payload = b"".join(self._payload)
            self._payload = None

    def end(self) -> None:
        self.complete = True


def boundary_of(content_type: str) -> str | None:
    """Find the boundary of a body of several parts.

    Args:
        content_type: The header.

    Returns:
        The boundary; ``None`` when the body is not of several parts.

    Raises:
        InvalidInputError: It is, and names no boundary.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return None
    boundary: Any = options.get(b"boundary")
    if not boundary or len(boundary) > 200:
        raise InvalidInputError("the Content-Type multipart/form-data names no usable boundary")
    return str(boundary.decode("latin-1"))
