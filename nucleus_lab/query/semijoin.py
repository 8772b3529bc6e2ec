"""Conditions about the objects of items, answered from the index of labels in one pass.

Asked for one item at a time, an index of labels is entered once for each item of the dataset. Where
all rows of a query are wanted and its condition is about one class, reading the entries of that
class from end to end is up to twice as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from sqlalchemy import func, select
from sqlalchemy.sql.expression import FromClause

from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundCondition, Scope
from nucleus_lab.query.compile_objects import segment_count
from nucleus_lab.query.context import Context
from nucleus_lab.query.dialects import Clause

_OBJECTS: Final = {"annotations", "predictions"}
_PLAIN: Final = {"@dimensions", "@position", "confidence"}
_FLIPPED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


Rare = Callable[[FromClause, list[Clause]], bool]
"""Tells whether few rows of a table of objects meet conditions, so that all are worth a look."""


class Conditions(Protocol):
    """What this module needs of the compiler of conditions."""

    context: Context
    rare: Rare | None

    def condition(self, node: BoundCondition) -> Clause:
        """Compile a condition."""
        ...

    def enter(self, scope: Scope) -> tuple[FromClause, list[Clause]]:
        """Give a scope its alias, and say how it hangs on its parent."""
        ...

    def counted(self, node: bound.Count) -> tuple[FromClause, list[Clause]]:
        """Give what is counted its alias, and say what it has to be."""
        ...


def _threshold(node: bound.Test) -> tuple[bound.Count, str, float] | None:
    """Read ``count > number``; ``None`` for any other test."""
    if len(node.operands) != 2:
        return None
    left, right = node.operands
    sign = node.operators[0]
    if isinstance(left, bound.Constant):
        left, right, sign = right, left, _FLIPPED[sign]
    if not isinstance(left, bound.Count) or not isinstance(right, bound.Constant):
        return None
    return (left, sign, right.value) if right.kind == "number" else None


def at_least_one(node: bound.Test) -> bound.Count | None:
    """Tell whether a test asks only whether there is any object.

    Args:
        node: The test.

    Returns:
        What it counts; ``None`` when the number matters.
    """
    found = _threshold(node)
    if found is None or found[1:] not in {(">", 0), (">=", 1)}:
        return None
    return found[0]


def semijoin(compiler: Conditions, node: BoundCondition) -> Clause | None:
    """Compile a condition that is the whole of a query, when looking at objects first is faster.

    Args:
        compiler: The compiler of conditions.
        node: The condition.

    Returns:
        The condition; ``None`` when it is better to look at the objects of each item.
    """
    if isinstance(node, bound.Exists):
        scope, parts = node.scope.root, _parts(node.where)
        if not _of_items(scope) or not parts or scope.every_run:
            return None
        catalog = compiler.context.catalog
        known = scope.kind in catalog.plain and scope.kind in catalog.indexed_labels
        labelled = known and any(_names_label(part) for part in parts)
        if labelled and len(parts) == 1:
            return None  # most classes are on many items, and the first object of each will do
        if not labelled and (compiler.rare is None or not all(map(_cheap, parts))):
            return None
        row, linked = compiler.enter(scope)
        where = [*linked[1:], *(compiler.condition(part) for part in parts)]
        if not labelled and not (compiler.rare is not None and compiler.rare(row, where)):
            return None
        return _items(compiler, scope).in_(select(row.c.item_id).where(*where))
    return _grouped(compiler, node) if isinstance(node, bound.Test) else None


def _grouped(compiler: Conditions, node: bound.Test) -> Clause | None:
    found = _threshold(node)
    if found is None or at_least_one(node) is not None:
        return None
    counted, sign, number = found
    scope = counted.scope.root
    if counted.label is None or not _of_items(scope) or scope.every_run:
        return None
    if scope.kind not in compiler.context.catalog.indexed_labels:
        return None
    row, parts = compiler.counted(counted)
    if segment_count(compiler.context, counted, row) is not None:
        return None
    if sign in {"<", "<="} or number < 0 or (number == 0 and sign != ">"):
        return None  # items without any such object are among the answers
    total = func.count()
    having = {"=": total == number, ">": total > number, ">=": total >= number}[sign]
    grouped = select(row.c.item_id).where(*parts[1:]).group_by(row.c.item_id).having(having)
    return _items(compiler, scope).in_(grouped)


def _of_items(scope: Scope) -> bool:
    parent = scope.parent
    return scope.kind in _OBJECTS and parent is not None and parent.root.kind == "items"


def _items(compiler: Conditions, scope: Scope) -> Clause:
    if scope.parent is None:
        raise TypeError("these objects hang on nothing")
    key: Clause = compiler.context.row(scope.parent).c.id
    return key


def _parts(condition: BoundCondition | None) -> list[BoundCondition]:
    if condition is None:
        return []
    if isinstance(condition, bound.All):
        return [each for part in condition.parts for each in _parts(part)]
    return [condition]


def _cheap(part: BoundCondition) -> bool:
    """Tell whether a condition reads plain columns of its object alone."""
    if not isinstance(part, bound.Test):
        return False
    values: list[Any] = list(part.operands)
    fields = [each for each in values if isinstance(each, bound.FieldValue)]
    known = all(isinstance(each, bound.FieldValue | bound.Constant) for each in values)
    return known and all(each.field.source in _PLAIN for each in fields)


def _names_label(part: BoundCondition) -> bool:
    if isinstance(part, bound.OfLabel):
        return True
    if not isinstance(part, bound.Test) or part.operators != ("=",):
        return False
    left, right = part.operands
    return (
        isinstance(left, bound.FieldValue)
        and left.field.source == "@label"
        and isinstance(right, bound.Constant)
        and right.kind == "text"
    )
