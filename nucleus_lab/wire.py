"""What crosses between the SDK and the engine: requests, responses and plain values.

Both transports carry the same things. In-process a payload is passed as Python objects after
:func:`plain` has reduced it to what JSON can hold; over HTTP it is the JSON text of the same.
"""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec

from nucleus_lab.errors import InvalidInputError

JSON = "application/json"
OCTETS = "application/octet-stream"


@dataclass(slots=True)
class FilePart:
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


@dataclass(slots=True)
class Request:
    """One call of a route.

    Attributes:
        method: ``GET``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
        path: Route below the endpoint, without a leading slash, percent-encoded as sent.
        payload: Plain values, the raw JSON text as ``bytes`` (over HTTP), or ``None``.
        query: Decoded query string.
        files: Files beside the payload, in order.
        caller: Name of the key that was presented; ``""`` in-process.
        base_url: Endpoint under which the caller reaches this server; ``""`` in-process.
    """

    method: str
    path: str
    payload: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[FilePart] = ()
    caller: str = ""
    base_url: str = ""


@dataclass(slots=True)
class Response:
    """The answer to a :class:`Request`.

    Attributes:
        status: HTTP status.
        payload: Plain values for JSON; ``bytes`` for any other media type.
        media_type: ``application/json``, or the type of the bytes.
    """

    status: int
    payload: Any
    media_type: str = JSON


@dataclass(slots=True)
class Binary:
    """What a route handler returns to answer with bytes instead of JSON."""

    content: bytes
    media_type: str = OCTETS


def _reduce(value: Any) -> Any:
    """Turn what msgspec does not know into plain values; used as its ``enc_hook``."""
    item = getattr(value, "tolist", None)  # numpy arrays and scalars
    if callable(item):
        return item()
    raise NotImplementedError(type(value).__name__)


_NATIVE = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta, uuid.UUID)


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
        InvalidInputError: A value cannot be carried by JSON (an object, bytes, NaN, infinity);
            the message gives its path.
    """
    try:
        reduced = msgspec.to_builtins(
            payload, str_keys=True, enc_hook=_reduce, builtin_types=(bytes,)
        )
    except (TypeError, NotImplementedError, msgspec.ValidationError) as refusal:
        path, kind = _first_unsupported(payload, "$")
        raise InvalidInputError(
            f"{path} holds a {kind}, which JSON cannot carry: use text, numbers, booleans, "
            "lists, mappings or None",
            path=path,
        ) from refusal
    fault = None if _holds_only_json(reduced) else _first_not_json(reduced, "$")
    if fault:
        path, kind = fault
        raise InvalidInputError(
            f"{path} is {kind}, which JSON cannot carry: leave it out or use a finite number",
            path=path,
        )
    return reduced


def _first_unsupported(value: Any, path: str) -> tuple[str, str]:
    """Find what made msgspec refuse; only runs on the way to an error message."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            found = _first_unsupported(inner, f"{path}.{key}")
            if found[0]:
                return found
        return "", ""
    if isinstance(value, (list, tuple, set, frozenset)):
        for index, inner in enumerate(value):
            found = _first_unsupported(inner, f"{path}[{index}]")
            if found[0]:
                return found
        return "", ""
    try:
        msgspec.to_builtins(value, enc_hook=_reduce)
    except (TypeError, NotImplementedError):
        return path, type(value).__name__
    return "", ""


_FLOAT = frozenset({float})
_HARMLESS = frozenset({str, int, bool, type(None)})
_TEXT = frozenset({str})
_SEQUENCES = frozenset({list, tuple})
_PLAIN = _HARMLESS | _SEQUENCES | {float, dict}


def _holds_only_json(reduced: Any) -> bool:
    """Whether reduced values hold no NaN, infinity or bytes; the hot loop of :func:`plain`."""
    # Level by level, so that what is done for each value is done in C: a batch of boxes has five
    # levels, and its numbers stand alone on the last.
    level = [reduced]
    while level:
        kinds = set(map(type, level))
        if bytes in kinds:
            return False
        if float in kinds and not _all_finite(_of(float, level, kinds)):
            return False
        inner: list[Any] = []
        if dict in kinds:
            inner.extend(chain.from_iterable(map(dict.values, _of(dict, level, kinds))))
        for kind in (list, tuple):
            if kind in kinds:
                for values in _of(kind, level, kinds):
                    # A column of a million names or numbers is done with here.
                    held = set(map(type, values))
                    if held == _FLOAT:
                        if not _all_finite(values):
                            return False
                    elif not held <= _HARMLESS:
                        inner.extend(values)
        level = inner
    return True


def is_plain(values: Sequence[Any]) -> bool:
    """Say whether values are already what :func:`plain` would make of them.

    Args:
        values: Any nesting of mappings, sequences and scalars.

    Returns:
        True only when every value, at any depth, is a dict with text for keys, a list, a tuple,
        text, a finite number, a boolean or ``None``.
    """
    level: list[Any] = list(values)
    while level:
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if float in kinds and not _all_finite(_of(float, level, kinds)):
            return False
        inner: list[Any] = []
        for kind in kinds & _SEQUENCES:
            inner.extend(chain.from_iterable(_of(kind, level, kinds)))
        if dict in kinds:
            mappings = _of(dict, level, kinds)
            if not set(map(type, chain.from_iterable(mappings))) <= _TEXT:
                return False
            inner.extend(chain.from_iterable(map(dict.values, mappings)))
        level = inner
    return True


def _of(kind: type, values: list[Any], kinds: set[type]) -> list[Any]:
    return values if len(kinds) == 1 else [value for value in values if type(value) is kind]


def _all_finite(numbers: list[float]) -> bool:
    # A sum is finite only if every summand is; that of large finite ones may not be.
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))


def _first_not_json(value: Any, path: str) -> tuple[str, str] | None:
    """Find what :func:`_holds_only_json` saw; only runs on the way to an error message."""
    if isinstance(value, (dict, list, tuple)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            place = f"{path}.{key}" if isinstance(value, dict) else f"{path}[{key}]"
            found = _first_not_json(inner, place)
            if found:
                return found
        return None
    if isinstance(value, bytes):
        return path, "bytes"
    if isinstance(value, float) and not math.isfinite(value):
        return path, str(value)
    return None


_encoder = msgspec.json.Encoder(enc_hook=_reduce)


def encode(payload: Any) -> bytes:
    """Return compact JSON text of plain values.

    Args:
        payload: What :func:`plain` returns.

    Returns:
        UTF-8 text.
    """
    return _encoder.encode(payload)


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
