"""What every evaluation function is: called with arguments, compared with a number."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

from nucleus_lab.validate.constants import ThresholdComparison
from nucleus_lab.validate.data_transfer_objects.eval_function import (
    EvalFunctionEntry,
    EvaluationCriterion,
)


class EvalFunctionConfig:
    """An evaluation function with the arguments that it is given.

    Calling it sets arguments; comparing it with a number makes a criterion::

        functions = client.validate.eval_functions
        functions.bbox_recall(iou_threshold=0.7) >= 0.9

    Args:
        eval_func_entry: What the server says about the function.

    Attributes:
        eval_func_entry: As given.
        id: Id of the function, starts with ``ef_``.
        name: Its name.
        eval_func_arguments: The arguments.
    """

    NAME: ClassVar[str] = ""
    """Name of the function that the class stands for; empty for one that stands for any."""

    def __init__(self, eval_func_entry: EvalFunctionEntry) -> None:
        self.eval_func_entry = eval_func_entry
        self.id = eval_func_entry.id
        self.name = eval_func_entry.name
        self.eval_func_arguments: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<EvalFunction: name={self.name}, id={self.id}>"

    @classmethod
    def expected_name(cls) -> str:
        """Return the name of the function that this class stands for.

        Returns:
            The name; empty for a class that stands for any.
        """
        return cls.NAME

    def __call__(self, **kwargs: Any) -> Self:
        """Set arguments.

        Args:
            **kwargs: Arguments of the function.

        Returns:
            The function with these arguments; the one that was called is not changed.
        """
        made = copy.copy(self)
        made.eval_func_arguments = {**self.eval_func_arguments, **kwargs}
        return made

    def __gt__(self, other: float) -> EvaluationCriterion:
        return self._criterion(ThresholdComparison.GREATER_THAN, other)

    def __ge__(self, other: float) -> EvaluationCriterion:
        return self._criterion(ThresholdComparison.GREATER_THAN_EQUAL_TO, other)

    def __lt__(self, other: float) -> EvaluationCriterion:
        return self._criterion(ThresholdComparison.LESS_THAN, other)

    def __le__(self, other: float) -> EvaluationCriterion:
        return self._criterion(ThresholdComparison.LESS_THAN_EQUAL_TO, other)

    def _criterion(self, comparison: ThresholdComparison, value: float) -> EvaluationCriterion:
        return EvaluationCriterion(self.id, comparison, value, self.eval_func_arguments)
