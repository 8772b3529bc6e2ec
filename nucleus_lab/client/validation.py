"""The door to scenario tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nucleus_lab.transport.connection import Connection

if TYPE_CHECKING:
    from nucleus_lab.validate import Validate


class ValidationCalls(Connection):
    """Reach what makes and lists scenario tests."""

    @property
    def validate(self) -> Validate:
        """Scenario tests: what makes, lists and evaluates them."""
        from nucleus_lab.validate import Validate  # few sessions need it

        return Validate(self)
