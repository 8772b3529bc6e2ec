"""Which labels a benchmark tells apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import evaluation_config
from nucleus_lab.engine.evaluation_config import EvaluationConfig
from nucleus_lab.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Which labels a benchmark tells apart; at most one of the three is given.

    Attributes:
        rollup_groups: Checked groups.
        allowed_label_matches_id: Id of a set.
        class_agnostic: Labels are ignored.
        given: Whether the caller said anything at all.
    """

    rollup_groups: list[dict[str, Any]] = field(default_factory=list)
    allowed_label_matches_id: str | None = None
    class_agnostic: bool | None = None
    given: bool = False

    def __post_init__(self) -> None:
        ways = [
            name
            for name, value in (
                ("rollupGroups", self.rollup_groups),
                ("allowed_label_matches_id", self.allowed_label_matches_id),
                ("class_agnostic", self.class_agnostic is not None),
            )
            if value
        ]
        if len(ways) > 1:
            raise InvalidInputError(
                f"{' and '.join(ways)} were given together: they are three ways to say which "
                "labels are the same, so choose one"
            )

    def columns(self, connection: Connection, name: str) -> dict[str, Any]:
        """Store a new set where groups are given, and return the columns of the benchmark.

        Args:
            connection: The open write transaction.
            name: Name of the benchmark.

        Returns:
            ``label_match_set_id`` and ``class_agnostic``.

        Raises:
            InvalidInputError: The set has no roll-up groups.
        """
        key = None
        if self.rollup_groups:
            key = evaluation_config.create_set(connection, name, self.rollup_groups)
        elif self.allowed_label_matches_id is not None:
            found = evaluation_config.read_set(connection, self.allowed_label_matches_id)
            if not found["rollup_groups"]:
                raise InvalidInputError(
                    f"{found['id']} allows pairs of labels and has no roll-up groups: a benchmark "
                    "takes sets that are made of roll-up groups alone",
                    path="allowed_label_matches_id",
                )
            key = identifiers.decode(identifiers.LABEL_MATCHES, found["id"])
        return {"label_match_set_id": key, "class_agnostic": self.class_agnostic}


def rules(row: Row[Any]) -> list[dict[str, Any]]:
    """Return what every evaluation on a benchmark leaves out.

    Args:
        row: The benchmark.

    Returns:
        Its exclusion rules.
    """
    found: list[dict[str, Any]] = wire.decode(row.exclusion_rules) if row.exclusion_rules else []
    return found


def with_rules(config: EvaluationConfig, row: Row[Any]) -> EvaluationConfig:
    """Add the rules of a benchmark to those of an evaluation on it.

    They hold whatever else an evaluation leaves out: models are ranked on the same things.

    Args:
        config: How the evaluation compares.
        row: The benchmark.

    Returns:
        The configuration; a rule that both have stands in it once.
    """
    own = list(config.exclusion_rules or ())
    added = [rule for rule in rules(row) if rule not in own]
    return replace(config, exclusion_rules=tuple(added + own) or None)


def config_of(connection: Connection, row: Row[Any]) -> EvaluationConfig:
    """Say how an evaluation on a benchmark compares when its caller gives no groups.

    Args:
        connection: The open transaction.
        row: The benchmark.

    Returns:
        The configuration.
    """
    groups: list[dict[str, Any]] = []
    if row.label_match_set_id is not None:
        public = identifiers.encode(identifiers.LABEL_MATCHES, row.label_match_set_id)
        groups = evaluation_config.read_set(connection, public)["rollup_groups"]
    return EvaluationConfig(
        class_agnostic=bool(row.class_agnostic),
        rollup_groups=tuple(groups) or None,
    )
