"""Logic over plain records: two truth values, and the rule of the one object.

In a chain of ANDs, all positive conditions that speak about one collection alone hold for one and
the same object of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from plain_paths import Env, Reach, Read


@dataclass(frozen=True)
class Leaf:
    """A positive condition about values."""

    reads: tuple[Read, ...]
    test: Callable[[Env], bool]


@dataclass(frozen=True)
class Whole:
    """A condition about the row as it is: brackets, functions."""

    test: Callable[[Env], bool]


@dataclass(frozen=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition = Leaf | Whole | All | AnyOf | Not
Objects = Callable[[Reach, Env], list[Any]]


def about(condition: Condition) -> Reach | None:
    """The collection that a positive condition speaks about, where it is but one."""
    found: set[Reach | None] = set()
    if isinstance(condition, Leaf):
        found = {leaf for read in condition.reads for leaf in read.leaves}
    elif isinstance(condition, All | AnyOf):
        found = {about(part) for part in condition.parts}
    return found.pop() if len(found) == 1 else None


def holds(condition: Condition, env: Env, objects: Objects) -> bool:
    """Tell whether a condition holds for a row."""
    if isinstance(condition, Whole):
        return condition.test(env)
    if isinstance(condition, Not):
        return not holds(condition.part, env, objects)
    if isinstance(condition, AnyOf):
        return any(holds(part, env, objects) for part in condition.parts)
    if isinstance(condition, Leaf):
        return some_choice(
            (reach for read in condition.reads for reach in read.reaches),
            env,
            objects,
            lambda inner: _leaf(condition, inner),
        )
    groups: dict[Reach, list[Condition]] = {}
    for part in _flat(condition):
        reach = about(part)
        if reach is None:
            if not holds(part, env, objects):
                return False
        else:
            groups.setdefault(reach, []).append(part)
    return all(
        some_choice([reach], env, objects, lambda inner, parts=parts: all(
            holds(part, inner, objects) for part in parts
        ))
        for reach, parts in groups.items()
    )  # fmt: skip


def _leaf(leaf: Leaf, env: Env) -> bool:
    tests = (test for read in leaf.reads for test in read.where)
    return all(test(env) for test in tests) and leaf.test(env)


def _flat(condition: All) -> Iterable[Condition]:
    """Parentheses around an AND inside an AND change nothing."""
    for part in condition.parts:
        if isinstance(part, All):
            yield from _flat(part)
        else:
            yield part


def some_choice(
    reaches: Iterable[Reach], env: Env, objects: Objects, test: Callable[[Env], bool]
) -> bool:
    """Tell whether some choice of objects passes, one of each collection not chosen yet."""
    return any(test(inner) for inner in choices(reaches, env, objects))


def choices(reaches: Iterable[Reach], env: Env, objects: Objects) -> Iterable[Env]:
    """Walk every choice of objects."""
    free = [reach for reach in dict.fromkeys(reaches) if reach not in env.chosen]
    for chosen in product(*(objects(reach, env) for reach in free)):
        yield env.choosing(dict(zip(free, chosen, strict=True)))
