"""Reading the payloads of a job: one that does not fit loses none of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from nucleus_lab import wire
from nucleus_lab.engine.work import Task


def converted(
    payloads: Sequence[Any], kind: Any, task: Task, refused: Callable[[str], Any]
) -> list[Any]:
    """Validate payloads.

    Args:
        payloads: Plain values.
        kind: What each must be, a msgspec type.
        task: Where to report those that do not fit.
        refused: Called with the reason of each.

    Returns:
        Those that fit.
    """
    try:
        values: list[Any] = wire.convert(payloads, list[kind])
        return values
    except msgspec.ValidationError:
        pass  # some do not fit: each is read alone, to tell which
    found = []
    for payload in payloads:
        try:
            found.append(wire.convert(payload, kind))
        except msgspec.ValidationError as fault:
            shown = wire.encode(payload).decode()
            text = f"{fault}: {shown if len(shown) <= 300 else shown[:297] + '...'}"
            task.error(text)
            refused(text)
    return found
