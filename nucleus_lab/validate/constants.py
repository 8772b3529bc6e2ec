"""Words that scenario tests use."""

from __future__ import annotations

from enum import Enum


class ThresholdComparison(str, Enum):  # noqa: UP042 - scripts compare members with text
    """How a result is held against a threshold."""

    GREATER_THAN = "greater_than"
    GREATER_THAN_EQUAL_TO = "greater_than_equal_to"
    LESS_THAN = "less_than"
    LESS_THAN_EQUAL_TO = "less_than_equal_to"


class EntityLevel(str, Enum):  # noqa: UP042 - as above
    """What an evaluation function gives a result for."""

    TRACK = "track"
    ITEM = "item"
    SCENE = "scene"
