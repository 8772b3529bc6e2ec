"""Tracks: one thing followed over several items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nucleus_lab.annotation.payloads import reading
from nucleus_lab.errors import InvalidInputError


@dataclass(slots=True)
class Track:
    """The name under which annotations of one thing are joined, and what is known about it.

    A track comes into being with the first upload that names it in ``track_reference_id``.

    Args:
        reference_id: The name, unique in the dataset.
        dataset_id: Public id of the dataset; ``None`` before the upload.
        metadata: Anything JSON can hold, by key.
        client: What :meth:`update` sends its request with; set on tracks that were read.
    """

    reference_id: str
    dataset_id: str | None = None
    metadata: dict[str, Any] | None = None
    client: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.metadata = self.metadata or {}

    @classmethod
    def from_json(cls, payload: dict[str, Any], client: Any = None) -> Track:
        """Make a track from its payload.

        Args:
            payload: ``reference_id``, ``dataset_id`` and perhaps ``metadata``.
            client: Sends later updates.

        Returns:
            The track.
        """
        with reading("track", payload):
            name, dataset_id = str(payload["reference_id"]), payload.get("dataset_id")
            return cls(name, dataset_id, payload.get("metadata"), client)

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``reference_id``, ``dataset_id`` and ``metadata``.
        """
        return {
            "reference_id": self.reference_id,
            "dataset_id": self.dataset_id,
            "metadata": self.metadata,
        }

    def update(self, metadata: dict[str, Any], overwrite_metadata: bool = False) -> None:
        """Change the metadata of the stored track.

        Args:
            metadata: Keys to set.
            overwrite_metadata: Forget the keys that are not given.

        Raises:
            InvalidInputError: The track was made here and not read from a dataset.
        """
        if self.client is None:
            raise InvalidInputError(
                f"track {self.reference_id!r} was not read from a dataset: take it from "
                "Dataset.tracks, or from a scene that was read"
            )
        self.client.make_request(
            {
                "reference_id": self.reference_id,
                "metadata": metadata,
                "overwrite": overwrite_metadata,
            },
            f"dataset/{self.dataset_id}/tracks",
            "POST",
        )
        self.metadata = (
            dict(metadata) if overwrite_metadata else {**(self.metadata or {}), **metadata}
        )
