"""Literals, arithmetic and functions of the query language over plain records."""

from __future__ import annotations

import datetime
import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

from plain_conditions import All, AnyOf, Condition, Leaf, Whole, choices
from plain_objects import ObjectReader
from plain_paths import Env, Read, Some, number_read
from plain_values import (
    DAY,
    UNITS,
    Given,
    Refused,
    compare,
    folded,
    is_number,
    milliseconds,
    moment_of,
    number_in,
    raised,
    written,
)

from nucleus_lab.query import tree
from nucleus_lab.query.parse import parse

EARTH = 6_371_008.8
DATED = {"time", "json", "text"}


class FunctionReader(ObjectReader):
    """Reads values; the deriving class reads conditions."""

    parameters: Mapping[str, Any]
    saving: tuple[str, ...] = ()

    def condition(self, node: tree.Expression, inside: str | None) -> Condition:
        raise NotImplementedError

    @property
    def conditions(self) -> dict[str, Callable[[tree.Function, str | None], Condition]]:
        """Functions that stand where a condition does."""
        return {"near": self._near, "within": self._within, "saved": self._saved}

    def value(self, node: tree.Expression, inside: str | None, wanted: str | None) -> Read:
        """Read a value."""
        given = self.given(node)
        if given is not None:
            if given.kind == "list":
                raise Refused("Q030")
            return number_read(lambda _: given.value, kind=given.kind, given=given, leaves=())
        if isinstance(node, tree.Path):
            meaning = self.path(node, inside, wanted)
            if isinstance(meaning, Some):
                raise Refused("Q030")
            return meaning
        if isinstance(node, tree.Unary):
            operand = self.value(node.operand, inside, "number")
            return operand if node.operator == "+" else self._negative(operand)
        if isinstance(node, tree.Binary):
            sides = [self.value(each, inside, "number") for each in (node.left, node.right)]
            return self._arithmetic(node.operator, *sides)
        if isinstance(node, tree.Function):
            return self._function(node, inside)
        raise Refused("Q030" if isinstance(node, tree.Duration) else "Q032")

    def given(self, node: tree.Expression) -> Given | None:
        """What stands in the query itself; ``None`` for all else."""
        if isinstance(node, tree.Number):
            return Given("number", node.value, node.text)
        if isinstance(node, tree.Text):
            return Given("text", node.value, node.value)
        if isinstance(node, tree.Word):
            return Given("text", node.name, node.name)
        if isinstance(node, tree.Date):
            return Given("time", milliseconds(node.value), "", not node.has_time)
        if isinstance(node, tree.Duration) and node.unit in UNITS:
            return Given("duration", node.amount * UNITS[node.unit], "")
        if isinstance(node, tree.Parameter):
            if node.name not in self.parameters:
                raise Refused("Q040")
            return _bound(self.parameters[node.name])
        return None

    # Arithmetic -------------------------------------------------------------------------------

    def _negative(self, operand: Read) -> Read:
        if operand.kind not in {"number", "json", "duration"}:
            raise Refused("Q030")
        kind = "duration" if operand.kind == "duration" else "number"
        return _computed(kind, [operand], lambda env: _minus(_number(operand, env)))

    def _arithmetic(self, sign: str, left: Read, right: Read) -> Read:
        kinds = (left.kind, right.kind)
        if "time" in kinds or "duration" in kinds:
            return self._of_time(sign, left, right)
        if not set(kinds) <= {"number", "json", "bool"}:
            raise Refused("Q030")

        def of(env: Env) -> float | None:
            return _operate(sign, _number(left, env), _number(right, env))

        return _computed("number", [left, right], of)

    def _of_time(self, sign: str, left: Read, right: Read) -> Read:
        kinds = (left.kind, right.kind)
        result, allowed = "time", "+-"
        if kinds == ("duration", "duration"):
            result = "duration"
        elif left.kind == "duration" and right.kind in DATED:
            allowed = "+"
        elif right.kind != "duration" and set(kinds) <= DATED:
            result, allowed = "duration", "-"
        elif not (right.kind == "duration" and left.kind in DATED):
            raise Refused("Q030")
        if sign not in allowed:
            raise Refused("Q030")
        return _computed(
            result, [left, right], lambda env: _operate(sign, _time(left, env), _time(right, env))
        )

    # Functions --------------------------------------------------------------------------------

    def _function(self, node: tree.Function, inside: str | None) -> Read:
        name, arguments = node.name, node.arguments
        if name in self.conditions:
            raise Refused("Q032")
        if name not in _ARITY:
            raise Refused("Q023")
        if len(arguments) != _ARITY[name]:
            raise Refused("Q010")
        if name == "now":
            moment = milliseconds(datetime.datetime.now(datetime.UTC))
            return number_read(
                lambda _: moment, kind="time", given=Given("time", moment, ""), leaves=()
            )
        if name == "count":
            return self._count_of(arguments[0], inside)
        textual = name in {"lower", "upper", "length", "date", "hash"}
        operand = self.value(arguments[0], inside, "text" if textual else "number")
        if name in {"min", "max", "sum", "avg"}:
            return self._folded(name, operand)
        if operand.kind not in _TAKES[name]:
            raise Refused("Q030")
        if name == "date":
            return self._date(operand)
        kind = "text" if name in {"lower", "upper", "text"} else "number"
        return _computed(kind, [operand], lambda env: _called(name, operand, env))

    def _count_of(self, node: tree.Expression, inside: str | None) -> Read:
        meaning = self.path(node, inside, "number") if isinstance(node, tree.Path) else None
        if isinstance(meaning, Some):
            return self.counted(meaning)
        if isinstance(meaning, Read) and len(meaning.reaches) == 1:
            return number_read(
                lambda env: sum(
                    all(test(inner) for test in meaning.where) and _has_value(meaning, inner)
                    for inner in choices(meaning.reaches, Env(env.row, env.inside), self.objects_of)
                )
            )
        if meaning is None or not meaning.counts:
            raise Refused("Q030")
        return meaning

    def _date(self, operand: Read) -> Read:
        if operand.given is not None and operand.kind == "text":
            moment = moment_of(operand.given.text)
            if moment is None:
                raise Refused("Q003")
            given = Given("time", moment, "", len(operand.given.text) == 10)
            return number_read(lambda _: moment, kind="time", given=given, leaves=())
        return _computed("time", [operand], lambda env: _time(operand, env))

    def _folded(self, name: str, operand: Read) -> Read:
        reaches = list(dict.fromkeys(operand.reaches))
        if len(reaches) != 1:
            raise Refused("Q030")
        folds_any = name in {"min", "max"}
        if operand.kind not in {"number", "json", "bool"} and not (
            folds_any and operand.kind in {"time", "text"}
        ):
            raise Refused("Q030")
        kind = operand.kind if operand.kind in {"time", "text"} else "number"

        def of(env: Env) -> Any:
            found = []
            # Of all objects, whichever one the condition around it speaks about.
            for inner in choices(reaches, Env(env.row, env.inside), self.objects_of):
                if not all(test(inner) for test in operand.where):
                    continue
                if kind == "text":
                    found += operand.values(inner)
                    continue
                value = _number(operand, inner) if kind == "number" else _first(operand, inner)
                found += [] if value is None else [value]
            if name == "sum":
                return float(sum(found))
            if not found:
                return None
            return sum(found) / len(found) if name == "avg" else {"min": min, "max": max}[name](
                found
            )  # fmt: skip

        return number_read(of, kind=kind)

    # Functions that are conditions ------------------------------------------------------------

    def _places(self, node: tree.Function, inside: str | None, ends: list[float]) -> list[float]:
        if len(node.arguments) != len(ends) + (node.name == "near"):
            raise Refused("Q010")
        if (inside or self.level) != "items" and (inside or self.level == "scenes"):
            raise Refused("Q021")
        found = []
        for argument, limit in zip(node.arguments, ends, strict=False):
            given = self.value(argument, None, "number").given
            if given is None or given.kind != "number" or abs(given.value) > limit:
                raise Refused("Q030")
            found.append(float(given.value))
        return found

    def _coordinates(self, inside: str | None) -> list[Read]:
        def owner(env: Env) -> Any:
            return env.inside[1] if inside and env.inside else env.row["items"]

        found = [self.field_read("items", [name], owner) for name in ("lat", "lon")]
        return [each for each in found if each is not None]

    def _near(self, node: tree.Function, inside: str | None) -> Condition:
        where = self._places(node, inside, [90, 180])
        radius = node.arguments[2]
        units = {"km": 1000.0, "m": 1.0}
        if isinstance(radius, tree.Duration):
            if radius.unit not in units:
                raise Refused("Q030")
            reach = radius.amount * units[radius.unit]
        else:
            given = self.value(radius, None, "number").given
            if given is None or given.kind != "number" or not 0 <= given.value <= 1e9:
                raise Refused("Q030")
            reach = given.value
        lat, lon = self._coordinates(inside)

        def test(env: Env) -> bool:
            at = (_number(lat, env), _number(lon, env))
            return at[0] is not None and at[1] is not None and _metres(at, where) <= reach

        return Whole(test)

    def _within(self, node: tree.Function, inside: str | None) -> Condition:
        south, west, north, east = self._places(node, inside, [90, 180, 90, 180])
        lat, lon = self._coordinates(inside)

        def between(read: Read, low: float, high: float) -> Condition:
            return Leaf((read,), lambda env: any(
                is_number(each) and low <= each <= high
                for each in read.values(env)
            ))  # fmt: skip

        wide = between(lon, west, east)
        if west > east:
            wide = AnyOf((between(lon, west, math.inf), between(lon, -math.inf, east)))
        return All((between(lat, south, north), wide))

    def _saved(self, node: tree.Function, inside: str | None) -> Condition:
        if len(node.arguments) != 1:
            raise Refused("Q010")
        given = self.value(node.arguments[0], None, "text").given
        if given is None or given.kind != "text":
            raise Refused("Q030")
        text = self.records.saved.get(given.text)
        if text is None or given.text in self.saving:
            raise Refused("Q041")
        self.saving, outer = (*self.saving, given.text), self.source
        self.source = text
        try:
            query = parse(text)
            return All(()) if query.condition is None else self.condition(query.condition, inside)
        finally:
            self.saving, self.source = self.saving[:-1], outer


_ARITY = {
    **dict.fromkeys(
        ("abs", "lower", "upper", "length", "date", "count", "min", "max", "sum", "avg", "hash",
         "number", "text", "similarity", "text_similarity"), 1
    ),
    "now": 0,
}  # fmt: skip
_TAKES = {
    "lower": {"text", "json"},
    "upper": {"text", "json"},
    "length": {"text", "json"},
    "abs": {"number", "json"},
    "date": {"text", "json", "time"},
    "number": {"text", "json", "number", "bool"},
    "text": {"text", "json", "number", "bool"},
    "hash": {"text", "json", "number", "bool"},
}


def _bound(value: Any) -> Given:
    """The value that a parameter brings."""
    if isinstance(value, list | tuple | set):
        return Given("list", [_bound(each) for each in value], "")
    if isinstance(value, bool):
        return Given("bool", value, "true" if value else "false")
    if is_number(value):
        return Given("number", value, str(value))
    if isinstance(value, str) and "\0" not in value:
        return Given("text", value, value)
    if isinstance(value, datetime.datetime):
        return Given("time", milliseconds(value), "")
    if isinstance(value, datetime.date):
        start = datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
        return Given("time", milliseconds(start), "", whole_day=True)
    if isinstance(value, datetime.timedelta):
        return Given("duration", value / datetime.timedelta(milliseconds=1), "")
    raise Refused("Q042")


def _computed(kind: str, operands: list[Read], of: Callable[[Env], Any]) -> Read:
    return number_read(
        of,
        kind=kind,
        leaves=tuple(leaf for each in operands for leaf in each.leaves),
        reaches=tuple(reach for each in operands for reach in each.reaches),
        where=tuple(test for each in operands for test in each.where),
    )


def _first(read: Read, env: Env, fits: Callable[[Any], bool] = lambda _: True) -> Any:
    return next((each for each in read.sources(env) if each is not None and fits(each)), None)


def _number(read: Read, env: Env) -> float | None:
    if read.kind == "bool":
        return float(_first(read, env) is True)
    value = _first(read, env, is_number)
    return None if value is None else float(value)


def _text(read: Read, env: Env) -> str | None:
    return _first(read, env, lambda value: isinstance(value, str))


def _time(read: Read, env: Env) -> float | None:
    """A moment or a length of time."""
    return moment_of(_text(read, env)) if read.kind in {"json", "text"} else _first(read, env)


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _operate(sign: str, one: float | None, other: float | None) -> float | None:
    if one is None or other is None or (sign in "/%" and other == 0):
        return None
    if sign == "+":
        return one + other
    if sign == "-":
        return one - other
    if sign == "*":
        return one * other
    return one / other if sign == "/" else one - other * math.floor(one / other)


def _called(name: str, read: Read, env: Env) -> Any:
    if name == "abs":
        value = _number(read, env)
        return None if value is None else abs(value)
    if name == "number":
        own = _number(read, env) if read.kind != "text" else None
        return number_in(_text(read, env)) if own is None else own
    if name in {"text", "hash"}:
        text = next((t for t in map(written, read.sources(env)) if t is not None), None)
        if name == "text" or text is None:
            return text
        digest = hashlib.md5(text.encode()).hexdigest()
        return int(digest[:8], 16) / 2**32
    text = _text(read, env)
    if text is None:
        return None
    return {"lower": folded, "upper": raised, "length": len}[name](text)


def _metres(at: Any, centre: list[float]) -> float:
    one, other = math.radians(at[0]), math.radians(centre[0])
    half = math.sin((one - other) / 2) ** 2
    half += math.cos(one) * math.cos(other) * math.sin(math.radians(at[1] - centre[1]) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(min(1.0, half)))


__all__ = ["DAY", "FunctionReader", "compare"]


def _has_value(read: Read, env: Env) -> bool:
    if read.kind == "json":
        return any(each is not None and each != [] for each in read.sources(env))
    return bool(read.values(env))
