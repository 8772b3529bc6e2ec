"""Taxonomies: the labels that categories of a dataset may have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nucleus_lab.errors import InvalidInputError


class TaxonomyType(StrEnum):
    """How many labels of the taxonomy an item can have."""

    CATEGORY = "category"
    MULTICATEGORY = "multicategory"


@dataclass(slots=True)
class Taxonomy:
    """A named list of labels in a dataset.

    Args:
        taxonomy_name: Unique name in the dataset.
        type: ``category`` for one label an item, ``multicategory`` for several.
        labels: The labels; an update only adds to them.

    Raises:
        InvalidInputError: The type is neither, or a label comes twice.
    """

    taxonomy_name: str
    type: str
    labels: list[str]

    def __post_init__(self) -> None:
        try:
            self.type = TaxonomyType(self.type).value
        except ValueError:
            raise InvalidInputError(
                f"taxonomy {self.taxonomy_name!r} has the type {self.type!r}: use "
                f"{' or '.join(TaxonomyType)}",
                field="type",
            ) from None
        repeated = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if repeated:
            raise InvalidInputError(
                f"taxonomy {self.taxonomy_name!r} has {', '.join(map(repr, repeated))} twice: "
                "labels must differ",
                field="labels",
            )

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Taxonomy:
        """Make a taxonomy from its payload.

        Args:
            payload: ``taxonomy_name``, ``type`` and ``labels``.

        Returns:
            The taxonomy.
        """
        return cls(payload["taxonomy_name"], payload["type"], payload["labels"])

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``taxonomy_name``, ``type`` and ``labels``.
        """
        return {"taxonomy_name": self.taxonomy_name, "type": self.type, "labels": self.labels}
