"""The same-object rule: which conditions speak about one and the same object.

In a chain of ANDs all positive conditions whose paths reach into one collection hold for one
object of it; parentheses do not matter, and an OR joins when all its sides do. Negative conditions
never join: ``annotations.label != car`` means that there is no car.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundCondition, BoundValue, Many, Scope

_Key = tuple[str, int, bool, tuple[str, ...]]
_LEAVES = (bound.Test, bound.Member, bound.Matches, bound.Present)


def normal(condition: BoundCondition) -> BoundCondition:
    """Bring a condition into normal form.

    Args:
        condition: What the resolver read.

    Returns:
        The same condition, in which every property of many objects stands inside an
        :class:`~nucleus_lab.query.bound.Exists`.
    """
    if isinstance(condition, bound.All):
        return _conjunction(condition)
    if isinstance(condition, bound.AnyOf):
        if _key_of(condition) is not None:
            return _one_object([condition])
        return bound.AnyOf(tuple(normal(part) for part in condition.parts))
    if isinstance(condition, bound.Complement):
        return bound.Complement(normal(condition.part))
    if isinstance(condition, _LEAVES):
        return _one_object([condition])
    return condition


def _conjunction(condition: bound.All) -> BoundCondition:
    groups: dict[_Key, list[BoundCondition]] = {}
    parts: list[BoundCondition | _Key] = []
    for part in _flat(condition):
        key = _key_of(part)
        if key is None:
            parts.append(normal(part))
        else:
            if key not in groups:
                parts.append(key)
            groups.setdefault(key, []).append(part)
    done = tuple(_one_object(groups[part]) if isinstance(part, tuple) else part for part in parts)
    return done[0] if len(done) == 1 else bound.All(done)


def _flat(condition: bound.All) -> Iterator[BoundCondition]:
    for part in condition.parts:
        if isinstance(part, bound.All):
            yield from _flat(part)
        else:
            yield part


def many_of(value: BoundValue) -> Iterator[Many]:
    """Walk the properties of many objects in a value.

    Args:
        value: Any value.

    Yields:
        The properties, not those inside counts and aggregates.
    """
    for leaf in _leaves(value):
        if isinstance(leaf, Many):
            yield leaf


def _leaves(value: BoundValue) -> Iterator[BoundValue]:
    if isinstance(value, bound.Arithmetic):
        yield from _leaves(value.left)
        yield from _leaves(value.right)
    elif isinstance(value, bound.Call):
        for argument in value.arguments:
            yield from _leaves(argument)
    elif not isinstance(value, bound.Constant):
        yield value


def _operands(leaf: Any) -> tuple[BoundValue, ...]:
    if isinstance(leaf, bound.Matches):
        return leaf.operand, leaf.pattern
    return leaf.operands if isinstance(leaf, bound.Test) else (leaf.operand,)


def _key(many: Many) -> _Key:
    scope = many.inner.scope
    return scope.kind, id(scope.parent), scope.every_run, scope.detail


def _key_of(condition: BoundCondition) -> _Key | None:
    """Return the collection of which the condition is a pure formula."""
    if isinstance(condition, _LEAVES):
        leaves = [leaf for operand in _operands(condition) for leaf in _leaves(operand)]
        # Of a side of the row itself there is but one object: its conditions keep their order.
        keys = {
            _key(leaf) if isinstance(leaf, Many) and leaf.groupable and not leaf.bound else None
            for leaf in leaves
        }
        return keys.pop() if len(keys) == 1 else None
    if isinstance(condition, bound.All | bound.AnyOf) and condition.parts:
        keys = {_key_of(part) for part in condition.parts}
        return keys.pop() if len(keys) == 1 else None
    return None


def _one_object(parts: list[BoundCondition]) -> BoundCondition:
    """Let all parts speak about one object of each collection that they reach into."""
    shared: dict[_Key, Many] = {}
    for part in parts:
        for many in _all_many(part):
            first = shared.setdefault(_key(many), many)
            if many.inner.scope.root is not first.inner.scope.root:
                many.inner.scope.root.merged = first.inner.scope.root
    stripped = tuple(_strip(part) for part in parts)
    result: BoundCondition = stripped[0] if len(stripped) == 1 else bound.All(stripped)
    for many in reversed(shared.values()):
        if not many.bound:
            result = bound.Exists(many.inner.scope.root, result)
    return result


def _all_many(condition: BoundCondition) -> Iterator[Many]:
    if isinstance(condition, bound.All | bound.AnyOf):
        for part in condition.parts:
            yield from _all_many(part)
    elif isinstance(condition, _LEAVES):
        for operand in _operands(condition):
            yield from many_of(operand)


def _strip(condition: BoundCondition) -> BoundCondition:
    """Replace properties of many objects by properties of the one that the Exists binds."""
    if isinstance(condition, bound.All):
        return bound.All(tuple(_strip(part) for part in condition.parts))
    if isinstance(condition, bound.AnyOf):
        return bound.AnyOf(tuple(_strip(part) for part in condition.parts))
    where: list[BoundCondition] = []
    for many in _all_many(condition):
        where += [each for each in many.where if each not in where]
    leaf: Any = condition
    if isinstance(condition, bound.Test):
        leaf = replace(condition, operands=tuple(strip_value(each) for each in condition.operands))
    elif isinstance(condition, bound.Matches):
        sides = map(strip_value, _operands(condition))
        leaf = bound.Matches(next(sides), condition.operator, next(sides), condition.place)
    elif isinstance(condition, _LEAVES):
        leaf = replace(condition, operand=strip_value(condition.operand))
    return bound.All((*where, leaf)) if where else leaf


def strip_value(value: BoundValue) -> BoundValue:
    """Replace properties of many objects by properties of one.

    Args:
        value: Any value.

    Returns:
        The value for one object.
    """
    if isinstance(value, Many):
        return value.inner
    if isinstance(value, bound.Arithmetic):
        return replace(value, left=strip_value(value.left), right=strip_value(value.right))
    if isinstance(value, bound.Call):
        return replace(value, arguments=tuple(strip_value(each) for each in value.arguments))
    return value


def aggregate(function: str, operand: BoundValue, place: bound.Place) -> bound.Aggregate | None:
    """Fold the values of many objects into one.

    Args:
        function: ``min``, ``max``, ``sum`` or ``avg``.
        operand: A value that reaches into one collection.
        place: Where it stands.

    Returns:
        The aggregate; ``None`` when the value does not reach into exactly one collection.
    """
    found = list(many_of(operand))
    free = [many for many in found if not many.bound]
    if len({_key(many) for many in free}) != 1:
        return None
    scope: Scope = free[0].inner.scope.root
    where: list[BoundCondition] = []
    for many in found:
        if not many.bound and many.inner.scope.root is not scope:
            many.inner.scope.root.merged = scope
        where += [normal(each) for each in many.where if each not in where]
    return bound.Aggregate(function, scope, tuple(where), strip_value(operand), place)
