"""What crosses between the SDK and the engine: requests, responses and plain values.

Both transports carry the same things. In-process a payload is passed as Python objects after
:func:`plain` has reduced it to what JSON can hold; over HTTP it is the JSON text of the same.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, overload

import msgspec

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.json_values import (
    NUL_TOLD,
    first_not_json,
    first_unsupported,
    holds_only_json,
    reduce_numpy,
)

Kind = TypeVar("Kind")

JSON = "application/json"
OCTETS = "application/octet-stream"


class FilePart(msgspec.Struct):
    """One file that travels beside a payload (multipart over HTTP, a path in-process).

    Attributes:
        field: Name of the part, ``image`` or ``mask``.
        filename: Name as the caller wrote it: the full local path.
        path: Where the bytes are on this machine; ``None`` when ``content`` holds them.
        content: The bytes; ``None`` when ``path`` says where they are.
    """

    field: str
    filename: str
    path: str | None = None
    content: bytes | None = None


class Request(msgspec.Struct):
    """One call of a route.

    Attributes:
        method: ``GET``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
        path: Route below the endpoint, without a leading slash, percent-encoded as sent.
        payload: Plain values, the raw JSON text as ``bytes`` (over HTTP), or ``None``.
        query: Decoded query string.
        files: Files beside the payload, in order.
        caller: Name of the key that was presented; ``""`` in-process.
        base_url: Endpoint under which the caller reaches this server; ``""`` in-process.
        user: Whose key it is, who sees her own things and shared ones; ``""`` for a key of the
            team and in-process, which see all.
        headers: Headers by names in small letters, for routes whose protocol uses them.
        timeout: Seconds to wait for the answer over HTTP; ``None`` for as long as usual.
    """

    method: str
    path: str
    payload: Any = None
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    files: Sequence[FilePart] = ()
    caller: str = ""
    base_url: str = ""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    timeout: float | None = None
    user: str = ""


class Response(msgspec.Struct):
    """The answer to a :class:`Request`.

    Attributes:
        status: HTTP status.
        payload: Plain values for JSON; ``bytes`` for any other media type, or the path of a file
            that holds them.
        media_type: ``application/json``, or the type of the bytes.
        headers: Further headers; only HTTP carries them.
    """

    status: int
    payload: Any
    media_type: str = JSON
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


class Binary(msgspec.Struct):
    """What a route handler returns to answer with bytes instead of JSON."""

    content: bytes
    media_type: str = OCTETS


def plain(payload: Any) -> Any:
    """Reduce a payload to what JSON can hold, as a copy that shares nothing with the caller.

    Numpy scalars and arrays become numbers and lists, sets become lists, dates become
    ISO text, keys become text. Both transports send the result, so what passes in-process also
    passes over HTTP.

    Args:
        payload: Any nesting of mappings, sequences and scalars.

    Returns:
        Dicts, lists, tuples, text, numbers, booleans and ``None``.

    Raises:
        InvalidInputError: A value cannot be carried by JSON (an object, bytes, NaN, infinity), or
            a text holds U+0000, which no database takes; the message gives its path.
    """
    try:
        reduced = msgspec.to_builtins(
            payload, str_keys=True, enc_hook=reduce_numpy, builtin_types=(bytes,)
        )
    except (TypeError, NotImplementedError, msgspec.ValidationError) as refusal:
        path, kind = first_unsupported(payload, "$")
        raise InvalidInputError(
            f"{path} holds a {kind}, which JSON cannot carry: use text, numbers, booleans, "
            "lists, mappings or None",
            path=path,
        ) from refusal
    fault = None if holds_only_json(reduced) else first_not_json(reduced, "$")
    if fault:
        path, kind = fault
        if kind == NUL_TOLD:
            raise InvalidInputError(f"{path} holds {NUL_TOLD}: leave it out", path=path)
        raise InvalidInputError(
            f"{path} is {kind}, which JSON cannot carry: leave it out or use a finite number",
            path=path,
        )
    return reduced


_NUL = b"\\u0000"
_BACKSLASH = ord("\\")

_encoder = msgspec.json.Encoder(enc_hook=reduce_numpy)


def encode(payload: Any) -> bytes:
    """Return compact JSON text of plain values.

    Args:
        payload: What :func:`plain` returns.

    Returns:
        UTF-8 text.
    """
    return _encoder.encode(payload)


def encode_each(payloads: Sequence[Any]) -> list[str]:
    """Return the JSON text of each of many plain values, at a third of the cost of one by one.

    Args:
        payloads: What :func:`plain` returns.

    Returns:
        One text a value.
    """
    # Within JSON a line break is always escaped; only text that was taken over raw may hold one.
    texts = _encoder.encode_lines(payloads).decode().split("\n")[:-1]
    if len(texts) != len(payloads):
        return [_encoder.encode(payload).decode() for payload in payloads]
    return texts


def decode(text: bytes | str) -> Any:
    """Read JSON text.

    Args:
        text: UTF-8 bytes or text.

    Returns:
        Plain values.

    Raises:
        InvalidInputError: The text is no JSON; the message has the position.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise InvalidInputError(f"the body is not valid JSON: {fault}") from fault


def refuse_nul(text: bytes | bytearray | memoryview) -> None:
    """Refuse JSON text with the character U+0000, which PostgreSQL cannot store in any text.

    Args:
        text: The JSON text, where the character can only stand as an escape.

    Raises:
        InvalidInputError: It is there; the message has what stands before it.
    """
    body = bytes(text)
    at = body.find(_NUL)
    while at >= 0:
        slashes = 0
        while slashes < at and body[at - slashes - 1] == _BACKSLASH:
            slashes += 1
        if slashes % 2 == 0:  # otherwise the backslash is itself escaped, and this is plain text
            before = body[max(at - 40, 0) : at].decode("utf-8", "replace")
            raise InvalidInputError(f"the body holds {NUL_TOLD}, after {before!r}: leave it out")
        at = body.find(_NUL, at + 1)


_building = threading.Lock()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder_of(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the reader of JSON text of a kind, made once.

    Always use this or :func:`convert`, and never msgspec's own: what it learns about a Struct it
    notes on the class before it has learnt it all, and a second thread that comes by meanwhile ends
    the process (msgspec 0.22).

    Args:
        kind: What the text must hold: a Struct, ``list[Struct]``, ``dict`` …

    Returns:
        The reader; threads may share it.
    """
    found = _decoders.get(kind)
    if found is None:
        with _building:
            found = _decoders[kind] = msgspec.json.Decoder(kind)
    return found


@overload
def convert(values: Any, kind: type[Kind]) -> Kind: ...
@overload
def convert(values: Any, kind: Any) -> Any: ...
def convert(values: Any, kind: Any) -> Any:
    """Read plain values as a kind, as :func:`decoder_of` reads text.

    Args:
        values: Plain values.
        kind: What they must be.

    Returns:
        The values as that kind.
    """
    decoder_of(kind)  # all that msgspec has to learn
    return msgspec.convert(values, kind)


def frame(parts: Sequence[bytes]) -> bytes:
    """Pack several binary parts into one body.

    Args:
        parts: The parts in order; an empty one stands for "none".

    Returns:
        A count and the lengths as little-endian uint32, then the parts.
    """
    head = [len(parts), *(len(part) for part in parts)]
    return b"".join([*(number.to_bytes(4, "little") for number in head), *parts])


def unframe(body: bytes) -> list[bytes]:
    """Unpack what :func:`frame` packed.

    Args:
        body: The packed parts.

    Returns:
        The parts in order.

    Raises:
        InvalidInputError: The body is shorter than its own head says.
    """
    count = int.from_bytes(body[:4], "little")
    start = 4 + 4 * count
    parts = []
    for index in range(count):
        size = int.from_bytes(body[4 + 4 * index : 8 + 4 * index], "little")
        parts.append(body[start : start + size])
        start += size
    if start != len(body):
        raise InvalidInputError(f"a binary answer of {len(body)} bytes should have {start}")
    return parts
