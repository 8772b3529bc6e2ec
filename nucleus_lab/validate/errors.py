"""The errors of scenario tests."""

from __future__ import annotations

from nucleus_lab.errors import InvalidInputError, NotFoundError


class CreateScenarioTestError(InvalidInputError):
    """A scenario test cannot be made of what was given."""

    code = "create_scenario_test"


class EvalFunctionNotAvailableError(NotFoundError):
    """The server does not have an evaluation function."""

    code = "eval_function_not_available"
