"""Exclusion rules: what an evaluation leaves out before it compares anything.

Every rule is judged on all items and objects of the evaluation; what one of them drops, no other
brings back. ``EvaluationV2.exclusion_stats`` says how much each has dropped::

    benchmark.create_evaluation_v2(
        model_id=model,
        exclusion_rules=[
            BoxAreaExclusionRule(scope="annotation", target="groundTruth", min=32**2),
            MetadataExclusionRule(key="weather", op="IN", value=["fog", "snow"]),
        ],
    )
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

ExclusionScope = Literal["item", "annotation"]
ExclusionTarget = Literal["groundTruth", "prediction"]
MetadataOp = Literal["EQ", "IN", "GT", "LT"]


@dataclass
class MetadataExclusionRule:
    """Leaves out items by their metadata.

    Args:
        key: Key of the metadata, or a path of keys with dots between them.
        op: ``EQ``, ``IN`` (one of a list), ``GT`` or ``LT``.
        value: What to compare with.
        scope: Whole items, always.
    """

    key: str
    op: MetadataOp
    value: Any
    scope: ExclusionScope = "item"

    def to_api_dict(self) -> dict[str, Any]:
        """Return the rule as the wire carries it.

        Returns:
            Its payload.
        """
        return {
            "type": "metadata",
            "scope": self.scope,
            "key": self.key,
            "op": self.op,
            "value": self.value,
        }


@dataclass
class LabelExclusionRule:
    """Leaves out objects with certain labels, or every item that has one of them.

    Args:
        scope: ``annotation`` for the objects, ``item`` for the items.
        target: ``groundTruth`` or ``prediction``: the side that is looked at.
        labels: The labels as annotated, before any roll-up.
    """

    scope: ExclusionScope
    target: ExclusionTarget
    labels: list[str] = field(default_factory=list)

    def to_api_dict(self) -> dict[str, Any]:
        """Return the rule as the wire carries it.

        Returns:
            Its payload.
        """
        return {
            "type": "labels",
            "scope": self.scope,
            "target": self.target,
            "labels": list(self.labels),
        }


@dataclass
class BoxAreaExclusionRule:
    """Leaves out objects whose box is smaller or larger than bounds, or every item with one.

    Args:
        scope: ``annotation`` for the objects, ``item`` for the items.
        target: ``groundTruth`` or ``prediction``: the side that is looked at.
        min: Smallest area that stays, in square pixels; give it or ``max``.
        max: Largest area that stays.
    """

    scope: ExclusionScope
    target: ExclusionTarget
    min: float | None = None
    max: float | None = None

    def to_api_dict(self) -> dict[str, Any]:
        """Return the rule as the wire carries it.

        Returns:
            Its payload.
        """
        bounds = {"min": self.min, "max": self.max}
        return {
            "type": "boxArea",
            "scope": self.scope,
            "target": self.target,
            **{name: bound for name, bound in bounds.items() if bound is not None},
        }


EvaluationV2ExclusionRule = MetadataExclusionRule | LabelExclusionRule | BoxAreaExclusionRule


def rule_payloads(
    rules: Iterable[EvaluationV2ExclusionRule | dict[str, Any]] | None,
) -> list[dict[str, Any]] | None:
    """Return rules as the wire carries them.

    Args:
        rules: Rules, or their payloads; ``None`` for none.

    Returns:
        The payloads, ``None`` for ``None``.
    """
    if rules is None:
        return None
    return [dict(rule) if isinstance(rule, dict) else rule.to_api_dict() for rule in rules]
