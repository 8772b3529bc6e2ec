"""What a client is handed of stored samples: acquisition text or files, many in one answer.

An answer is a line of JSON, one entry a sample with the ``size`` of its content, and then the
contents one after the other: numbers are written once and never parsed again on the way, and the
bytes of pictures and sound stay bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from nucleus_lab import wire
from nucleus_lab.errors import InvalidInputError

_FILES: Final = {"image": "image", "video": "video", "audio": "wav"}


def file_kind(sensors: Sequence[Any]) -> str | None:
    """Say as what kind of file a sample is handed out.

    Args:
        sensors: Its sensors as the wire has them.

    Returns:
        ``image``, ``video`` or ``wav``; ``None`` for a time series, which becomes text.
    """
    if not sensors:
        return None
    name = sensors[0].get("name")
    if name == "audio" and sensors[0].get("units", "wav") != "wav":
        return None
    return _FILES.get(str(name))


def acquisition(
    sensors: Sequence[Any], values: Any, interval_ms: Any, device_type: Any, device_name: Any
) -> bytes:
    """Write a time series in data acquisition form.

    Args:
        sensors: Its sensors as the wire has them.
        values: One list a reading.
        interval_ms: Milliseconds between two readings.
        device_type: Kind of device that recorded.
        device_name: Its own name, or ``None``.

    Returns:
        JSON text.
    """
    return msgspec.json.encode({
        "protected": {"ver": "v1", "alg": "none", "iat": None},
        "payload": {
            "device_type": device_type,
            "sensors": [{"name": each["name"], "units": each.get("units")} for each in sensors],
            "values": values,
            "interval_ms": interval_ms,
            "device_name": device_name,
        },
        "signature": None,
    })


def pack(entries: Sequence[dict[str, Any]], contents: Sequence[bytes]) -> bytes:
    """Write an answer.

    Args:
        entries: What is said of each sample.
        contents: The content of each.

    Returns:
        The answer.
    """
    told = [
        {**entry, "size": len(content)} for entry, content in zip(entries, contents, strict=True)
    ]
    return b"".join([wire.encode(told), b"\n", *contents])


def unpack(answer: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Read an answer.

    Args:
        answer: What :func:`pack` wrote.

    Yields:
        Each entry with its content.

    Raises:
        InvalidInputError: It is cut off, or no such answer.
    """
    end = answer.find(b"\n")
    entries = wire.decode(answer[:end]) if end > 0 else None
    if not isinstance(entries, list) or end + 1 + sum(each["size"] for each in entries) != len(
        answer
    ):
        raise InvalidInputError(
            f"the answer with the contents of samples is cut off, or no such answer "
            f"({len(answer):,} bytes): ask again"
        )
    at = end + 1
    for entry in entries:
        yield entry, answer[at : at + entry["size"]]
        at += entry["size"]
