"""Upload responses: what became of the items of an upload."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nucleus_lab.errors import InvalidInputError


@dataclass(slots=True)
class UploadResponse:
    """Counts of an upload, summed over its requests.

    Args:
        dataset_id: Public id of the dataset.
        new_items: Items that were not there before.
        updated_items: Items that were there and were changed (``update=True``).
        ignored_items: Items that were there and were left alone.
        upload_errors: Items that were refused.
        error_payload: One entry for each refused item.
    """

    dataset_id: str
    new_items: int = 0
    updated_items: int = 0
    ignored_items: int = 0
    upload_errors: int = 0
    error_payload: list[Any] = field(default_factory=list)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> UploadResponse:
        """Make it from an answer.

        Args:
            payload: ``dataset_id``, the four counts and perhaps ``error_payload``.

        Returns:
            The same as a value.
        """
        return cls(
            payload["dataset_id"],
            payload.get("new_items", 0),
            payload.get("updated_items", 0),
            payload.get("ignored_items", 0),
            payload.get("upload_errors", 0),
            list(payload.get("error_payload") or ()),
        )

    def update_response(self, payload: dict[str, Any]) -> None:
        """Add the counts of a further request.

        Args:
            payload: Its answer.

        Raises:
            InvalidInputError: It belongs to another dataset.
        """
        other = UploadResponse.from_json(payload)
        if other.dataset_id != self.dataset_id:
            raise InvalidInputError(
                f"an answer for dataset {other.dataset_id} cannot be added to one for "
                f"{self.dataset_id}"
            )
        self.new_items += other.new_items
        self.updated_items += other.updated_items
        self.ignored_items += other.ignored_items
        self.upload_errors += other.upload_errors
        self.error_payload += other.error_payload

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``dataset_id`` and the counts; ``error_payload`` when there is any.
        """
        payload: dict[str, Any] = {
            "dataset_id": self.dataset_id,
            "new_items": self.new_items,
            "updated_items": self.updated_items,
            "ignored_items": self.ignored_items,
            "upload_errors": self.upload_errors,
        }
        if self.error_payload:
            payload["error_payload"] = self.error_payload
        return payload

    def json(self) -> dict[str, Any]:
        """Return the payload, under the name that published clients use.

        Returns:
            What :meth:`to_payload` returns.
        """
        return self.to_payload()
