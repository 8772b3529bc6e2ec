"""What a dataset says about itself; the one value that the published client makes with pydantic."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class DatasetInfo(BaseModel):
    """High-level facts about a dataset.

    Attributes:
        dataset_id: Public id.
        name: Name that the user gave.
        length: Number of items.
        model_run_ids: Public ids of the runs that predicted on it.
        slice_ids: Public ids of its slices.
        annotation_metadata_schema: Schema of annotation metadata.
        item_metadata_schema: Schema of item metadata.
        tags: Free words.
    """

    # "model_" starts the name of a documented field. Keys that a newer server adds are kept.
    model_config = ConfigDict(protected_namespaces=(), extra="allow")

    dataset_id: str
    name: str
    length: int
    model_run_ids: list[str] = Field(default_factory=list)
    slice_ids: list[str] = Field(default_factory=list)
    annotation_metadata_schema: dict[str, Any] | None = None
    item_metadata_schema: dict[str, Any] | None = None
    tags: list[str] | None = None
