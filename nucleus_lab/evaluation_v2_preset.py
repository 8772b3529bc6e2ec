"""EvaluationV2Preset: a configuration of evaluations that is kept under a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation_v2 import RollupGroup, group_payloads, groups_from
from nucleus_lab.evaluation_v2_exclusions import rule_payloads
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

UNSET: Final[Any] = object()
"""Default of arguments for which ``None`` means "clear it"."""


@dataclass
class EvaluationV2Preset:
    """Roll-up groups and exclusion rules under a name, which only their maker sees.

    ::

        preset = client.create_evaluation_v2_preset("vehicles",
                                                    rollup_groups=[RollupGroup("vehicle", [...])])
        benchmark.create_evaluation_v2(model_id=model, preset=preset)

    Attributes:
        id: Id, starts with ``prev_``.
        name: Unique among its maker's.
        rollup_groups: Labels that are compared as one class.
        exclusion_rules: What is left out, as payloads.
        created_by_user_id: Name of the maker's key.
        created_at: ISO time in UTC.
        updated_at: ISO time in UTC.
        deleted_at: ``None``: one that was deleted is gone.
    """

    id: str
    name: str
    rollup_groups: list[RollupGroup] | None = None
    exclusion_rules: list[dict[str, Any]] | None = None
    created_by_user_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    deleted_at: str | None = None
    _client: Connection | None = field(repr=False, default=None)

    @classmethod
    def from_json(
        cls, payload: dict[str, Any], client: Connection | None = None
    ) -> EvaluationV2Preset:
        """Make a handle from a payload.

        Args:
            payload: What a route answers.
            client: The connection that asks.

        Returns:
            The handle.
        """
        names = "exclusion_rules created_by_user_id created_at updated_at deleted_at"
        return cls(
            payload["id"],
            payload["name"],
            groups_from(payload.get("rollup_groups")),
            _client=client,
            **{name: payload.get(name) for name in names.split()},
        )

    def _ask(self, payload: Any, method: str) -> Any:
        if self._client is None:
            raise InvalidInputError(
                f"preset {self.id} was made without a client: find it by "
                "client.list_evaluation_v2_presets()"
            )
        return self._client.make_request(payload, f"evaluationV2Presets/{segment(self.id)}", method)

    def update(
        self,
        *,
        name: str = UNSET,
        rollup_groups: list[RollupGroup] | None = UNSET,
        exclusion_rules: list[Any] | None = UNSET,
    ) -> EvaluationV2Preset:
        """Change what is given; ``None`` clears groups or rules.

        Args:
            name: New name.
            rollup_groups: New groups.
            exclusion_rules: New rules, or their payloads.

        Returns:
            This handle, renewed.
        """
        payload: dict[str, Any] = {}
        if name is not UNSET:
            payload["name"] = name
        if rollup_groups is not UNSET:
            payload["rollupGroups"] = group_payloads(rollup_groups)
        if exclusion_rules is not UNSET:
            payload["exclusionRules"] = rule_payloads(exclusion_rules)
        now = EvaluationV2Preset.from_json(self._ask(payload, "PATCH"), self._client)
        self.__dict__.update(now.__dict__)
        return self

    def delete(self) -> None:
        """Delete the preset."""
        self._ask({}, "DELETE")
