"""The only door to the engine: one table of routes, the same for both transports."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import msgspec

from nucleus_lab import wire
from nucleus_lab.errors import InvalidInputError, NucleusAPIError, NucleusError
from nucleus_lab.json_values import is_plain
from nucleus_lab.routes.table import TABLE, Call, Route
from nucleus_lab.wire import Binary, Request, Response, encode, plain, refuse_nul

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

__all__ = ["TABLE", "Call", "Route", "dispatch", "refused"]

_log = logging.getLogger(__name__)


def _read_body(body: Any, payload: Any) -> Any:
    """Validate a body: JSON text straight into its type, plain values by conversion."""
    if body is None:
        if payload is not None and not isinstance(payload, (bytes, bytearray, memoryview)):
            plain(payload)  # refused here as HTTP would, though the route reads none of it
        return None
    if body is bytes:
        return _raw_body(payload)
    try:
        if isinstance(payload, (bytes, bytearray, memoryview)):
            refuse_nul(payload)
            return wire.decoder_of(body).decode(payload or b"{}")
        return _from_objects(body, {} if payload is None else payload)
    except msgspec.ValidationError as fault:
        raise InvalidInputError(f"the body does not fit this route: {fault}") from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise InvalidInputError(f"the body is not valid JSON: {fault}") from fault
    except RecursionError as fault:
        raise InvalidInputError(
            "the body is nested too deeply: 1,000 levels are far more than any route has"
        ) from fault


@cache
def _bulk_body(body: Any) -> Any:
    """Return the struct, alone or in a union, that says which of its values are open."""
    kinds = getattr(body, "__args__", (body,))
    return next((kind for kind in kinds if hasattr(kind, "open_values")), None)


def _from_objects(body: Any, payload: Any) -> Any:
    """Validate what a caller in this process gave, which may be more than JSON can hold."""
    bulk = _bulk_body(body)
    if bulk is not None:
        # A bulk body says which of its values the type leaves open: only those are looked into,
        # and nothing is copied. What is not plain goes the slow way, which reduces or names it.
        try:
            found = wire.convert(payload, bulk)
        except msgspec.ValidationError:
            found = None
        if found is not None:
            values = found.open_values()
            if values is not None and is_plain(values):
                _refuse_nul_in(found)
                return found
    return wire.convert(plain(payload), body)


_CLEAN = frozenset({int, float, bool, type(None)})


@cache
def _fields_with_text(kind: Any) -> list[str]:
    """Return the fields of a checked record that may hold text: not columns of numbers."""
    found = []
    for name, hint in get_type_hints(kind).items():
        (inner,) = get_args(hint) if get_origin(hint) is list else (None,)
        if inner is None or not set(get_args(inner) or (inner,)) <= _CLEAN:
            found.append(name)
    return found


_NAMES = frozenset({str, type(None)})


def _refuse_nul_in(found: Any) -> None:
    """Look for U+0000 in a bulk body, whose columns of names are joined rather than walked."""
    # A second pass, and yet the cheaper way: one walk of all that was given, for U+0000 and for
    # what is not plain, takes three times as long as both (measured, 100,000 boxes).
    kind: Any = type(found)
    for name in _fields_with_text(kind):
        value = getattr(found, name)
        if _are_clean_names(value):
            continue
        kinds = set(map(type, value)) if isinstance(value, list) else {type(value)}
        if kinds <= _CLEAN:
            continue
        if kinds <= _NAMES and isinstance(value, list):
            if "\0" in "".join(filter(None, value)):
                refuse_nul(encode(value))
        elif _is_columns(value):
            _refuse_nul_in(value)
        else:
            refuse_nul(encode(value))


def _are_clean_names(value: Any) -> bool:
    """Whether a field of a body is a column of texts without U+0000; nothing may be missing."""
    try:
        return "\0" not in "".join(value) if isinstance(value, list) else False
    except TypeError:  # some value is no text
        return False


def _is_columns(value: Any) -> bool:
    """Whether a field of a body is a record of columns."""
    names = getattr(value, "__struct_fields__", None) or getattr(value, "__slots__", None)
    return names is not None and isinstance(getattr(value, next(iter(names))), list)


def _raw_body(payload: Any) -> bytes:
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return bytes(payload)
    if payload is None:
        return b""
    raise InvalidInputError("this route takes raw bytes and no JSON")


def _check_path(path: str) -> None:
    if "%00" in path:
        raise InvalidInputError(f"the path {path} holds the character U+0000: leave it out")


def dispatch(engine: Engine, request: Request) -> Response:
    """Answer one request: match the route, validate the body, call the handler.

    Args:
        engine: The workspace that answers; a user with a key of her own is answered by what she
            sees of it.
        request: The request; never changed.

    Returns:
        The answer. Every refusal becomes an answer with a status of 400 and above; nothing is
        raised, so that both transports see the same.
    """
    entry: Route | None = None
    try:
        _check_path(request.path)
        entry, parameters = TABLE.match(request.method, request.path)
        call = Call(
            _read_body(entry.body, request.payload),
            request.query,
            request.files,
            request.caller,
            request.base_url,
            request.headers,
        )
        if request.user:
            engine = engine.seen_by(request.user)
        answer = entry.handler(engine, call, **parameters)
    except NucleusError as refusal:
        return _refused(entry, refusal)
    except Exception:  # noqa: BLE001 - the trace is logged; the caller gets an answer, not a crash
        _log.exception("%s %s failed", request.method, request.path)
        fault = NucleusAPIError(
            f"{request.method} {request.path} failed inside the engine; the log has the trace"
        )
        return _refused(entry, fault)
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Binary):
        return Response(200, answer.content, answer.media_type)
    return Response(200, answer)


def _refused(entry: Route | None, refusal: NucleusError) -> Response:
    if entry is None:
        return Response(refusal.status_code, refusal.to_wire())
    return entry.refused(refusal)


def refused(method: str, path: str, refusal: NucleusError) -> Response:
    """Answer an error that was met before a handler was asked, such as a wrong key.

    Args:
        method: HTTP method of the request.
        path: Its path below the endpoint.
        refusal: The error.

    Returns:
        The answer, as the protocol of the route has it.
    """
    try:
        entry = TABLE.match(method, path)[0]
    except NucleusError:
        entry = None
    return _refused(entry, refusal)
