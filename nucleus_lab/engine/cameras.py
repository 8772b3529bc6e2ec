"""Cameras in the metadata of items: what is stored there can be read again by everyone.

Every client reads ``metadata.camera_params`` into a camera, and refuses an item whose camera lacks
a part. Such an item would bar the way to all items of its dataset, so it is never stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nucleus_lab import wire
from nucleus_lab.camera import CameraParams
from nucleus_lab.errors import InvalidInputError

KEY: Final = "camera_params"
"""Key in the metadata of an item that holds its camera."""

CODE: Final = "camera_params"
"""Of an entry in ``error_payload`` whose camera cannot be used."""

_WRITTEN: Final = f'"{KEY}"'


def fault(metadata: Mapping[str, Any] | None) -> str | None:
    """Say what is wrong with the camera in metadata.

    Args:
        metadata: Plain values.

    Returns:
        A sentence, or ``None``.
    """
    if not metadata or KEY not in metadata:
        return None
    given = metadata[KEY]
    if not isinstance(given, dict):
        return f"camera_params is {wire.encode(given).decode()[:80]}: write an object"
    try:
        CameraParams.from_json(given)
    except InvalidInputError as wrong:
        return wrong.message
    return None


def fault_in(text: str | None) -> str | None:
    """Say what is wrong with the camera in metadata as it is stored.

    Args:
        text: JSON text, or ``None``.

    Returns:
        A sentence, or ``None``.
    """
    if text is None or _WRITTEN not in text:
        return None
    return fault(wire.decode(text))


def merged(text: str | None, new: Mapping[str, Any]) -> str | None:
    """Set keys of stored metadata; the other keys stay.

    The new value of a key wins, and ``None`` is one like any other, except for the camera: nothing
    can read a camera that is ``None``, so that ``None`` takes the camera away.

    Args:
        text: JSON text as it is stored, or ``None``.
        new: New values by key.

    Returns:
        JSON text to store, ``None`` where no key is left.
    """
    values = {**(wire.decode(text) if text else {}), **new}
    if values.get(KEY, values) is None:
        del values[KEY]
    return wire.encode(values).decode() if values else None


def refuse(changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse new metadata of items as a whole where a camera in it cannot be used.

    Args:
        changes: New values by key, by reference id; a camera of ``None`` is to be taken away.

    Raises:
        InvalidInputError: A camera lacks a part; the message names the item.
    """
    for name, metadata in changes.items():
        wrong = fault(metadata) if metadata.get(KEY) is not None else None
        if wrong:
            raise InvalidInputError(
                f"item {name!r}: {wrong}, or null to take the camera away; nothing was changed",
                reference_id=name,
                path=KEY,
            )
