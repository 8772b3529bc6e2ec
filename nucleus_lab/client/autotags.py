"""The autotags of a workspace, by their ids."""

from __future__ import annotations

from typing import Any

from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment


class AutotagCalls(Connection):
    """Delete autotags, and ask how good they are."""

    def delete_autotag(self, autotag_id: str) -> dict[str, Any]:
        """Delete an autotag with its examples and scores.

        Args:
            autotag_id: Id, starts with ``tag_``.

        Returns:
            An empty mapping.
        """
        answer: dict[str, Any] = self.make_request({}, f"autotag/{segment(autotag_id)}", "DELETE")
        return answer

    def get_autotag_refinement_metrics(self, autotag_id: str) -> dict[str, Any]:
        """Ask how an autotag was refined, and how good it is.

        Args:
            autotag_id: Id, starts with ``tag_``.

        Returns:
            ``total_refinement_steps``, ``average_positives_selected_per_refinement`` and
            ``average_ms_taken_in_refinement``; under ``lab`` the numbers of ``positives`` and
            ``negatives``, and ``precision`` and ``recall`` as cross-validation measured them
            (``None`` with fewer than two examples of a kind).
        """
        answer: dict[str, Any] = self.make_request(
            None, f"autotag/{segment(autotag_id)}/refinementMetrics", "GET"
        )
        return answer
