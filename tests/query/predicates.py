"""What predicates written by hand are made of."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from query_world import Item, Obj

Predicate = Callable[[Item], Any]


UTC = datetime.UTC


def at(item: Item, *path: str) -> Any:
    value: Any = item.metadata
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def number(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def equals(value: Any, text: str) -> bool:
    return any(isinstance(one, str) and one == text for one in each(value))


def moment(value: Any) -> datetime.datetime | None:
    if not isinstance(value, str) or len(value) < 10 or value[4] != "-":
        return None
    try:
        found = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def after(value: Any, text: str) -> bool:
    found = moment(value)
    return found is not None and found > day(text)


def before(value: Any, text: str) -> bool:
    found = moment(value)
    return found is not None and found < day(text)


def some(objects: list[Obj], test: Callable[[Obj], Any]) -> bool:
    return any(test(one) for one in objects)


def taxonomy(objects: list[Obj], name: str, label: str) -> bool:
    return some(objects, lambda o: o.taxonomy == name and (o.label == label or label in o.labels))


def sized(o: Obj) -> bool:
    return o.type in {"box", "cuboid"}


def audit(item: Item, wanted: str) -> bool:
    task = at(item, "scale_metadata") or {}
    return wanted in {task.get("audit_status"), task.get("task_audit_status")}


def speed(item: Item) -> Any:
    """The speed as rank operators see it: true counts as 1, text has no order with numbers."""
    value = at(item, "speed_mph")
    return int(value) if isinstance(value, bool) else number(value)


def within(value: Any, low: float, high: float) -> bool:
    return value is not None and low <= value <= high


def area(o: Obj) -> float | None:
    if o.type == "box":
        return (o.width or 0) * (o.height or 0)
    return (o.width or 0) * (o.height or 0) / 2 if o.type == "polygon" else None
