"""Scenes as a dataset lists them: without their frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ScenesListEntry:
    """What is known of a scene before it is read.

    Args:
        id: Public id, starts with ``scn_``.
        reference_id: The caller's id of it.
        type: ``lidar`` or ``video``.
        metadata: Anything JSON can hold, by key.
    """

    id: str
    reference_id: str
    type: str
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> ScenesListEntry:
        """Make the entry from its payload.

        Args:
            payload: ``id``, ``reference_id``, ``type`` and perhaps ``metadata``.

        Returns:
            The entry.
        """
        return cls(
            payload["id"], payload["reference_id"], payload["type"], payload.get("metadata") or {}
        )
