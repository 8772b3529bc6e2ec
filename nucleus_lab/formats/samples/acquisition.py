"""Data acquisition files, JSON or CBOR: a signed envelope around sensors, an interval and values.

After a CBOR envelope that says ``Ref-Binary-<type>`` in place of values, a byte 0xFF and the
little-endian numbers follow, sensor by sensor within each reading.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.samples.recording import (
    MOST_SENSORS,
    Recording,
    Sensor,
    shown,
    table_of,
    text_of,
)

_TYPES: Final = {
    "i8": "<i1", "u8": "<u1", "i16": "<i2", "u16": "<u2", "i32": "<i4", "u32": "<u4",
    "f32": "<f4", "f64": "<f8",
}  # fmt: skip
_NUMBERS: Final = re.compile(r"ref-binary-([iuf]\d+)\b", re.IGNORECASE)
_PICTURE: Final = re.compile(r"ref-binary-(image/[\w.+-]+)(?: \((\d+) bytes\))?", re.IGNORECASE)
_UNSIGNED: Final = b"0" * 64


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture that an acquisition file carries.

    Attributes:
        content: The file of the picture.
        media_type: Such as ``image/jpeg``.
        device_type: Kind of device that took it.
        device_name: Its own name.
    """

    content: bytes
    media_type: str
    device_type: str
    device_name: str | None


def read_json(content: bytes, key: str | None = None) -> Recording | Embedded:
    """Read an acquisition in JSON.

    Args:
        content: The file.
        key: HMAC key with which signatures are checked; ``None`` checks none.

    Returns:
        The recording.

    Raises:
        InvalidInputError: It is no acquisition; the message has line and column, or the path.
    """
    try:
        document = json.loads(content)
    except json.JSONDecodeError as fault:
        raise InvalidInputError(
            f"not valid JSON in line {fault.lineno}, column {fault.colno}: {fault.msg}"
        ) from fault
    except UnicodeDecodeError as fault:
        raise InvalidInputError(f"not UTF-8 text at byte {fault.start}") from fault
    except (ValueError, RecursionError) as fault:  # a number of thousands of digits, or deep lists
        raise InvalidInputError(f"not JSON that can be read: {fault}") from fault
    return _read(document, b"", content, key)


def read_cbor(content: bytes, key: str | None = None) -> Recording | Embedded:
    """Read an acquisition in CBOR.

    Args:
        content: The file.
        key: HMAC key with which signatures are checked; ``None`` checks none.

    Returns:
        The recording, or the picture that the file carries.

    Raises:
        InvalidInputError: It is no acquisition.
    """
    import cbor2

    file = io.BytesIO(content)
    try:
        document = cbor2.CBORDecoder(file).decode()
    except (cbor2.CBORError, ValueError, OverflowError, RecursionError, MemoryError) as fault:
        raise InvalidInputError(f"not CBOR that can be read: {fault}") from fault
    rest = content[file.tell() :]
    return _read(document, rest, content, key)


def _read(document: Any, rest: bytes, content: bytes, key: str | None) -> Recording | Embedded:
    if not isinstance(document, dict) or not isinstance(document.get("payload"), dict):
        raise InvalidInputError(
            'not a data acquisition file: an object with "protected", "signature" and "payload" is '
            "needed",
            path="payload",
        )
    method, valid = _signature(document, content, key)
    payload = document["payload"]
    sensors = _sensors(payload.get("sensors"))
    kind = _optional_text(payload, "device_type") or ""
    name = _optional_text(payload, "device_name")
    values = payload.get("values")
    reference = _reference(values)
    if reference is not None and (found := _PICTURE.match(reference)):
        return Embedded(_picture(found, rest), found[1].lower(), kind, name)
    interval = _interval(payload.get("interval_ms"))
    table: NDArray[Any]
    if reference is not None:
        table = _referenced(reference, rest, len(sensors))
    else:
        if not isinstance(values, list):
            raise InvalidInputError(
                f"payload.values is {shown(values)}: a list of readings is needed",
                path="payload.values",
            )
        table = table_of(values, len(sensors), "payload.values")
    if not len(table):
        raise InvalidInputError("payload.values is empty: nothing was recorded")
    if len(table) > 1 and not interval:
        raise InvalidInputError(
            f"payload.interval_ms is 0 and there are {len(table)} readings: write the milliseconds "
            "between two of them",
            path="payload.interval_ms",
        )
    return Recording(sensors, table, interval, kind, name, method, valid)


def _signature(document: Any, content: bytes, key: str | None) -> tuple[str, bool]:
    protected = document.get("protected")
    if protected is None:
        protected = {}
    if not isinstance(protected, dict):
        raise InvalidInputError(
            f'protected is {shown(protected)}: {{"ver": "v1", "alg": "none"}} is possible',
            path="protected",
        )
    if protected.get("ver") not in ("v1", None):  # a tuple, for what has no hash
        raise InvalidInputError(
            f"protected.ver is {shown(protected['ver'])}: only v1 is known", path="protected.ver"
        )
    method = protected.get("alg") or "none"
    if method not in ("HS256", "none"):
        raise InvalidInputError(
            f"protected.alg is {shown(method)}: HS256 or none is possible", path="protected.alg"
        )
    given = document.get("signature")
    if method == "none" or not key or not isinstance(given, str) or not given.isascii():
        return method, False
    zeroed = content.replace(given.encode(), _UNSIGNED, 1)
    proof = hmac.new(key.encode(), zeroed, hashlib.sha256).hexdigest()
    return method, hmac.compare_digest(proof, given.lower())


def _sensors(given: Any) -> tuple[Sensor, ...]:
    if not isinstance(given, list) or not given:
        raise InvalidInputError(
            f'payload.sensors is {shown(given)}: write [{{"name": "accX", "units": "m/s2"}}, …], '
            "one a column",
            path="payload.sensors",
        )
    if len(given) > MOST_SENSORS:
        raise InvalidInputError(f"payload.sensors has {len(given):,}: {MOST_SENSORS:,} are allowed")
    found = []
    for index, entry in enumerate(given):
        place = f"payload.sensors[{index}]"
        if not isinstance(entry, dict):
            raise InvalidInputError(
                f"{place} is {shown(entry)}: an object with name and units is needed", path=place
            )
        name = text_of(entry.get("name"), f"{place}.name")
        units = entry.get("units")
        found.append(Sensor(name, "N/A" if units is None else text_of(units, f"{place}.units")))
    return tuple(found)


def _optional_text(payload: Any, name: str) -> str | None:
    value = payload.get(name)
    return None if value is None else text_of(value, f"payload.{name}")


def _interval(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float, type(None))):
        raise InvalidInputError(
            f"payload.interval_ms is {shown(given)}: a number of milliseconds is needed",
            path="payload.interval_ms",
        )
    try:
        number = float(given or 0)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < 0:
        raise InvalidInputError(
            f"payload.interval_ms is {number}: a number of milliseconds above 0 is needed",
            path="payload.interval_ms",
        )
    return number


def _reference(values: Any) -> str | None:
    """The text in place of values; firmware wraps it in one list or two, or says it per sensor."""
    for _ in range(3):
        if isinstance(values, list) and len(values) == 1 and isinstance(values[0], (str, list)):
            values = values[0]
    if isinstance(values, list) and values and all(value == values[0] for value in values[1:9]):
        values = values[0]
    return values if isinstance(values, str) else None


def _behind(rest: bytes) -> bytes:
    if rest[:1] != b"\xff":
        raise InvalidInputError(
            "payload.values refers to binary data, and the byte 0xFF that begins it is not there"
        )
    return rest[1:]


def _picture(found: re.Match[str], rest: bytes) -> bytes:
    data = _behind(rest)
    size = int(found[2]) if found[2] and len(found[2]) < 16 else len(data)
    if size > len(data):
        raise InvalidInputError(
            f"the picture behind the envelope has {len(data):,} bytes, not {size:,}: it is cut off"
        )
    return data[:size]


def _referenced(reference: str, rest: bytes, width: int) -> NDArray[Any]:
    found = _NUMBERS.match(reference)
    if found is None or found[1].lower() not in _TYPES:
        raise InvalidInputError(
            f"payload.values is {shown(reference)}: Ref-Binary-i16 or another of "
            f"{', '.join(_TYPES)} is possible",
            path="payload.values",
        )
    kind = np.dtype(_TYPES[found[1].lower()])
    data = _behind(rest)
    if len(data) % (kind.itemsize * width):
        raise InvalidInputError(
            f"the {len(data):,} bytes behind the envelope are no whole number of readings of "
            f"{width} x {kind.itemsize} bytes: the file is cut off"
        )
    table = np.frombuffer(data, kind).reshape(-1, width)
    if not np.isfinite(table).all():
        row, column = (int(at) for at in np.argwhere(~np.isfinite(table))[0])
        if np.isinf(table).any():
            raise InvalidInputError(f"reading {row}, sensor {column} is not a finite number")
    return table
