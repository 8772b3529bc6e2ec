"""How an evaluation compares: classes made of labels, allowed pairs, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.evaluation_schema import label_match_set
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.evaluation.predicates import Operator

ONE_CLASS: Final = "object"
"""The class of everything where labels are ignored."""

MOST_GROUPS: Final = 10_000

Scope = Literal["item", "annotation"]
Target = Literal["groundTruth", "prediction"]


class RollupGroup(msgspec.Struct, omit_defaults=True):
    """Labels that are compared as one class.

    Attributes:
        class_name: Name of the class.
        labels: The labels.
        className: The name in the other spelling that clients use.
    """

    labels: list[str]
    class_name: str | None = None
    className: str | None = None


class MetadataExclusion(msgspec.Struct, tag_field="type", tag="metadata"):
    """Leaves out items by their metadata.

    Attributes:
        key: Key of the metadata, or a path with dots.
        op: How to compare.
        value: What to compare with.
        scope: Whole items, always.
    """

    key: str
    op: Operator
    value: Any = None
    scope: Literal["item"] = "item"


class LabelExclusion(msgspec.Struct, tag_field="type", tag="labels"):
    """Leaves out objects with certain labels, or the items that have any.

    Attributes:
        scope: Objects or whole items.
        target: Which side is looked at.
        labels: The labels as annotated.
    """

    scope: Scope
    target: Target
    labels: list[str]


class BoxAreaExclusion(msgspec.Struct, tag_field="type", tag="boxArea"):
    """Leaves out objects whose box is too small or too large, or the items that have any.

    Attributes:
        scope: Objects or whole items.
        target: Which side is looked at.
        min: Smallest area that stays, in square pixels.
        max: Largest area that stays.
    """

    scope: Scope
    target: Target
    min: float | None = None
    max: float | None = None


ExclusionRule = MetadataExclusion | LabelExclusion | BoxAreaExclusion


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """How to compare.

    Attributes:
        class_agnostic: Labels are ignored: everything is one class.
        allowed_label_matches: Pairs (label of the annotation, label of the prediction) that count
            as right besides equal ones.
        rollup_groups: ``{"class_name", "labels"}``; a label in none of them is its own class.
        exclusion_rules: What is left out, as the wire carries it.
    """

    class_agnostic: bool = False
    allowed_label_matches: tuple[tuple[str, str], ...] = ()
    rollup_groups: tuple[dict[str, Any], ...] | None = None
    exclusion_rules: tuple[dict[str, Any], ...] | None = None

    def __post_init__(self) -> None:
        ways = [
            name
            for name in ("class_agnostic", "allowed_label_matches", "rollup_groups")
            if getattr(self, name)
        ]
        if len(ways) > 1:
            raise InvalidInputError(
                f"{' and '.join(ways)} were given together: they are three ways to say which "
                "labels are the same, so choose one"
            )

    def given(self) -> dict[str, Any]:
        """Return the configuration as it is stored.

        Returns:
            Plain values.
        """
        return {
            "class_agnostic": self.class_agnostic,
            "allowed_label_matches": [list(pair) for pair in self.allowed_label_matches],
            "rollup_groups": self.rollup_groups,
            "exclusion_rules": self.exclusion_rules,
        }

    @classmethod
    def of(cls, stored: dict[str, Any]) -> EvaluationConfig:
        """Read back what :meth:`given` returned.

        Args:
            stored: The stored values.

        Returns:
            The configuration.
        """
        rules = stored["exclusion_rules"]
        return cls(
            stored["class_agnostic"],
            tuple((truth, prediction) for truth, prediction in stored["allowed_label_matches"]),
            tuple(stored["rollup_groups"]) if stored["rollup_groups"] else None,
            tuple(rules) if rules else None,
        )

    def class_of(self, label: str) -> str:
        """Name the class that a label belongs to.

        Args:
            label: A label as annotated.

        Returns:
            The class.
        """
        if self.class_agnostic:
            return ONE_CLASS
        for group in self.rollup_groups or ():
            if label in group["labels"]:
                return str(group["class_name"])
        return label


def groups_of(
    given: Sequence[RollupGroup] | None, path: str = "rollupGroups"
) -> list[dict[str, Any]]:
    """Check roll-up groups.

    Args:
        given: What the caller sent.
        path: Where it stands in the body, for messages.

    Returns:
        The groups as they are stored.

    Raises:
        InvalidInputError: A group has no name or no labels, or a name or a label stands twice.
    """
    owner: dict[str, str] = {}
    found: list[dict[str, Any]] = []
    if given is not None and len(given) > MOST_GROUPS:
        raise InvalidInputError(f"{path} has {len(given)} groups: {MOST_GROUPS} are allowed")
    for index, group in enumerate(given or ()):
        name, place = group.class_name or group.className or "", f"{path}[{index}]"
        if not name.strip():
            raise InvalidInputError(f"{place} has no class_name: name the class", path=place)
        if not group.labels:
            raise InvalidInputError(f"{place} ({name!r}) has no labels: list some", path=place)
        if any(other["class_name"] == name for other in found):
            raise InvalidInputError(
                f"{place} is a second group {name!r}: put all its labels into one", path=place
            )
        for label in group.labels:
            if owner.setdefault(label, name) != name:
                raise InvalidInputError(
                    f"{place} lists {label!r}, which is in group {owner[label]!r} too: a label "
                    "belongs to one class",
                    path=place,
                )
        found.append({"class_name": name, "labels": list(dict.fromkeys(group.labels))})
    return found


def rules_of(
    given: Sequence[ExclusionRule] | None, path: str = "exclusionRules"
) -> list[dict[str, Any]]:
    """Check exclusion rules.

    Args:
        given: What the caller sent.
        path: Where it stands in the body, for messages.

    Returns:
        The rules as they are stored.

    Raises:
        InvalidInputError: A rule says nothing, or what cannot be compared.
    """
    for index, rule in enumerate(given or ()):
        fault = _fault_of(rule)
        if fault:
            raise InvalidInputError(f"{path}[{index}]: {fault}", path=f"{path}[{index}]")
    return [
        {name: value for name, value in msgspec.to_builtins(rule).items() if value is not None}
        for rule in given or ()
    ]


def _fault_of(rule: ExclusionRule) -> str:
    match rule:
        case LabelExclusion(labels=[]):
            return "it lists no labels, so it would leave out nothing: name some"
        case BoxAreaExclusion(min=None, max=None):
            return "it has neither min nor max, so it would leave out nothing: give one"
        case BoxAreaExclusion(min=float(low), max=float(high)) if low > high:
            return f"min is {low:g} and max {high:g}, so it would leave out everything: swap them"
        case MetadataExclusion():
            return fault_of_predicate(rule.key, rule.op, rule.value)
    return ""


def fault_of_predicate(key: str, operator: str, value: Any) -> str:
    """Say what is wrong with a comparison of metadata.

    Args:
        key: Key of the metadata.
        operator: How to compare.
        value: What to compare with.

    Returns:
        The fault, or an empty text.
    """
    if not key:
        return "key is empty: name a key of the metadata"
    if operator == "IN" and not isinstance(value, list):
        return f"op IN needs a list of values, and value is {value!r}"
    if operator in {"GT", "LT"} and (
        isinstance(value, bool) or not isinstance(value, (int, float, str))
    ):
        return f"op {operator} needs a number or a text, and value is {value!r}"
    if operator == "EQ" and isinstance(value, (list, dict)):
        return "op EQ compares with one value: use IN for a list"
    if value is None:
        return "value is missing: say what to compare with"
    return ""


def create_set(
    connection: Connection,
    name: str,
    groups: Sequence[dict[str, Any]] = (),
    pairs: Sequence[tuple[str, str]] = (),
) -> int:
    """Store a set of labels that count as the same.

    Args:
        connection: The open write transaction.
        name: A name for people.
        groups: Roll-up groups.
        pairs: Allowed pairs; give one of the two.

    Returns:
        Primary key.

    Raises:
        InvalidInputError: Both are given, or neither.
    """
    if bool(groups) == bool(pairs):
        raise InvalidInputError(
            "a set of allowed label matches is made of rollup_groups or of "
            f"allowed_label_matches: {'both were' if groups else 'neither was'} given"
        )
    row = {
        "name": name,
        "rollup_groups": document(list(groups)),
        "allowed_label_matches": document([list(pair) for pair in pairs]),
        "created_at": clock.now(),
    }
    made = insert(label_match_set).values(row).returning(label_match_set.c.id)
    key: int = connection.execute(made).scalar_one()
    return key


def read_set(connection: Connection, public_id: str) -> dict[str, Any]:
    """Read a set.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.

    Returns:
        ``id``, ``name``, ``rollup_groups``, ``allowed_label_matches`` (pairs) and ``created_at``.

    Raises:
        NotFoundError: There is none.
    """
    key = identifiers.decode(identifiers.LABEL_MATCHES, public_id)
    row = connection.execute(select(label_match_set).where(label_match_set.c.id == key)).first()
    if row is None:
        raise NotFoundError(
            f"there is no set of allowed label matches {public_id!r}: it was deleted, or never was"
        )
    return _set(row)


def list_sets(connection: Connection) -> list[dict[str, Any]]:
    """List the sets.

    Args:
        connection: The open transaction.

    Returns:
        As :func:`read_set`, oldest first.
    """
    rows = connection.execute(select(label_match_set).order_by(label_match_set.c.id))
    return [_set(row) for row in rows]


def _set(row: Any) -> dict[str, Any]:
    pairs = wire.decode(row.allowed_label_matches) if row.allowed_label_matches else []
    return {
        "id": identifiers.encode(identifiers.LABEL_MATCHES, row.id),
        "name": row.name,
        "rollup_groups": wire.decode(row.rollup_groups) if row.rollup_groups else [],
        "allowed_label_matches": [
            {"ground_truth_label": truth, "model_prediction_label": prediction}
            for truth, prediction in pairs
        ],
        "created_at": clock.iso(row.created_at),
    }


def remove_set(connection: Connection, public_id: str) -> None:
    """Delete a set; evaluations keep what they were made with.

    Args:
        connection: The open write transaction.
        public_id: Id on the wire.
    """
    found = read_set(connection, public_id)
    key = identifiers.decode(identifiers.LABEL_MATCHES, found["id"])
    connection.execute(delete(label_match_set).where(label_match_set.c.id == key))
