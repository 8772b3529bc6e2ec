"""Results that were computed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from nucleus_lab.errors import InvalidInputError


@dataclass(frozen=True)
class EvaluationResult:
    """The result of an external function on one track, item or scene.

    Attributes:
        track_ref_id: Name of the track.
        item_ref_id: Reference id of the item.
        scene_ref_id: Reference id of the scene.
        score: The number.
        weight: How much it counts in the whole, 0 to 1.

    Raises:
        InvalidInputError: Not exactly one reference id is given, or the weight is out of range.

    Example:
        >>> EvaluationResult(item_ref_id="image_1", score=0.5).weight
        1
    """

    track_ref_id: str | None = None
    item_ref_id: str | None = None
    scene_ref_id: str | None = None
    score: float = 0
    weight: float = 1

    def __post_init__(self) -> None:
        given = [self.track_ref_id, self.item_ref_id, self.scene_ref_id]
        if sum(name is not None for name in given) != 1:
            raise InvalidInputError(
                "a result needs exactly one of track_ref_id, item_ref_id and scene_ref_id: "
                f"{given} were given"
            )
        if not 0 <= self.weight <= 1:
            raise InvalidInputError(f"weight is {self.weight}: use a number from 0 to 1")

    @property
    def level(self) -> str:
        """What the result is about: ``track``, ``item`` or ``scene``."""
        if self.track_ref_id is not None:
            return "track"
        return "item" if self.item_ref_id is not None else "scene"

    @property
    def reference_id(self) -> str:
        """The reference id that was given."""
        return self.track_ref_id or self.item_ref_id or self.scene_ref_id or ""
