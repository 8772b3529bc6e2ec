"""Routes of the presets that callers keep for their evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import evaluation_presets
from nucleus_lab.engine.evaluation_config import ExclusionRule, RollupGroup, groups_of, rules_of
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


class PresetBody(msgspec.Struct):
    """Body of a new preset.

    Attributes:
        name: Unique among the presets that the caller is shown.
        rollupGroups: Labels that are compared as one class.
        exclusionRules: What is left out.
    """

    name: str
    rollupGroups: list[RollupGroup] | None = None
    exclusionRules: list[ExclusionRule] | None = None


class ChangeBody(msgspec.Struct):
    """Body of a change: what is left out stays, ``null`` clears."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    rollupGroups: list[RollupGroup] | msgspec.UnsetType | None = msgspec.UNSET
    exclusionRules: list[ExclusionRule] | msgspec.UnsetType | None = msgspec.UNSET


@route("GET", "evaluationV2Presets")
def list_presets(engine: Engine, call: Call[None]) -> list[dict[str, Any]]:
    """List the presets that the caller is shown."""
    with engine.store.read() as connection:
        return evaluation_presets.listing(connection)


@route("POST", "evaluationV2Presets", body=PresetBody)
def create_preset(engine: Engine, call: Call[PresetBody]) -> dict[str, Any]:
    """Store a preset."""
    body = call.body
    values = {
        "name": body.name,
        "rollup_groups": groups_of(body.rollupGroups),
        "exclusion_rules": rules_of(body.exclusionRules),
    }
    with engine.store.write() as connection:
        return evaluation_presets.create(connection, call.caller, values)


@route("PATCH", "evaluationV2Presets/{prev}", body=ChangeBody)
def change_preset(engine: Engine, call: Call[ChangeBody], prev: str) -> dict[str, Any]:
    """Change a preset."""
    body = call.body
    values: dict[str, Any] = {}
    if body.name is not msgspec.UNSET:
        values["name"] = body.name
    if body.rollupGroups is not msgspec.UNSET:
        values["rollup_groups"] = groups_of(body.rollupGroups)
    if body.exclusionRules is not msgspec.UNSET:
        values["exclusion_rules"] = rules_of(body.exclusionRules)
    with engine.store.write() as connection:
        return evaluation_presets.change(connection, prev, values)


@route("DELETE", "evaluationV2Presets/{prev}")
def delete_preset(engine: Engine, call: Call[None], prev: str) -> dict[str, Any]:
    """Delete a preset."""
    with engine.store.write() as connection:
        evaluation_presets.remove(connection, prev)
    return {"id": prev, "deleted": True}
