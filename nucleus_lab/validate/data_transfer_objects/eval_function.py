"""Evaluation functions and criteria as they cross the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.validate.constants import ThresholdComparison


@dataclass(frozen=True)
class EvaluationCriterion:
    """A function, and what its result has to be.

    Made by comparing a function with a number: ``functions.bbox_iou() > 0.5``.

    Attributes:
        eval_function_id: Id of the function, starts with ``ef_``.
        threshold_comparison: How the result is compared.
        threshold: The number.
        eval_func_arguments: Arguments of the function.

    Raises:
        InvalidInputError: The id is none of a function, or the threshold is no number.
    """

    eval_function_id: str
    threshold_comparison: ThresholdComparison
    threshold: float
    eval_func_arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not str(self.eval_function_id).startswith("ef_"):
            raise InvalidInputError(
                f"eval_function_id is {self.eval_function_id!r}: ids of evaluation functions start "
                "with 'ef_'"
            )
        number = self.threshold
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not isfinite(number):
            raise InvalidInputError(
                f"an evaluation function is compared with {number!r}: use a number, as in "
                "functions.bbox_iou() > 0.5"
            )


@dataclass(frozen=True)
class EvalFunctionEntry:
    """An evaluation function as the server describes it.

    Attributes:
        id: Starts with ``ef_``.
        name: Unique.
        is_public: Every workspace has it.
        user_id: Whose it is.
        is_external_function: Its results are uploaded.
        serialized_fn: Left out.
        raw_source: Left out.
        level: What it gives a result for.
    """

    id: str
    name: str
    is_public: bool
    user_id: str
    is_external_function: bool = False
    serialized_fn: str | None = None
    raw_source: str | None = None
    level: str = "item"

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> EvalFunctionEntry:
        """Read a function.

        Args:
            payload: A row of the answer.

        Returns:
            The function.
        """
        known = {key: payload[key] for key in cls.__dataclass_fields__ if key in payload}
        return cls(**known)
