"""What a slice can hold, and how one is sampled: plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nucleus_lab.errors import InvalidInputError


class SliceType(StrEnum):
    """What the members of a slice are."""

    DATASET_ITEM = "dataset_item"
    OBJECT = "object"
    SCENE = "scene"


class SliceBuilderMethods(StrEnum):
    """How a slice is sampled from a dataset."""

    RANDOM = "Random"
    UNIQUENESS = "Uniqueness"


@dataclass(slots=True)
class SliceBuilderFilterAutotag:
    """Sample only from what an autotag scores within a range.

    Attributes:
        autotag_id: Id of the autotag.
        score_range: Lowest and highest score, each between -1 and 1.
    """

    autotag_id: str
    score_range: Sequence[float]

    def __post_init__(self) -> None:
        low_high = list(self.score_range)
        if len(low_high) != 2 or not -1 <= low_high[0] <= low_high[1] <= 1:
            raise InvalidInputError(
                f"score_range is {low_high}: give two numbers within -1 and 1, the lower one first"
            )


@dataclass(slots=True)
class SliceBuilderFilters:
    """Sample only from a part of the dataset.

    Attributes:
        slice_id: Sample from this slice.
        autotag: Sample by the scores of an autotag.
    """

    slice_id: str | None = None
    autotag: SliceBuilderFilterAutotag | None = None
