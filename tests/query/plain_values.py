"""Comparing values as the language says, one at a time, in plain Python."""

from __future__ import annotations

import datetime
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
DAY = 86_400_000
UNITS = {"ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7, "w": 6.048e8}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?", re.ASCII
)
_NUMBER = re.compile(
    r"\s*[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,2})?\s*", re.ASCII | re.IGNORECASE
)


class Refused(Exception):
    """The language has no answer to a query; with the code of its error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Given:
    """A value that stands in the query: its type, and how it was written."""

    kind: str
    value: Any
    text: str
    whole_day: bool = False


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def moment_of(text: Any) -> int | None:
    """Milliseconds since 1970 of ISO 8601 text; UTC when it names no zone."""
    if not isinstance(text, str) or not _ISO.fullmatch(text):
        return None
    try:
        read = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = read if read.tzinfo else read.replace(tzinfo=datetime.UTC)
    return milliseconds(aware)


def milliseconds(moment: datetime.datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return math.floor((aware - EPOCH) / datetime.timedelta(milliseconds=1) + 0.5)


def number_of(text: str) -> float | None:
    """A number that a literal in quotes stands for."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def number_in(value: Any) -> float | None:
    """What ``number()`` reads: a number, or one written as text."""
    if is_number(value):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return None


def written(value: Any) -> str | None:
    """What ``text()`` writes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        whole = math.floor(value) == value and abs(value) < 2**53
        return str(int(value)) if whole else repr(float(value))
    return value if isinstance(value, str) else None


def folded(text: str) -> str:
    """Both databases fold the case of A to Z alike, and no other."""
    return "".join(each.lower() if each.isascii() else each for each in text)


def raised(text: str) -> str:
    return "".join(each.upper() if each.isascii() else each for each in text)


# Types ------------------------------------------------------------------------------------------


def check(sign: str, left: str, one: Given | None, right: str, other: Given | None) -> None:
    """Refuse what can be compared in no row."""
    if one and other:
        if "list" in {one.kind, other.kind}:
            raise Refused("Q030")
    elif one:
        _check_given(FLIPPED[sign], right, one)
    elif other:
        _check_given(sign, left, other)
    elif "json" not in {left, right} and left != right:
        raise Refused("Q030")


def _check_given(sign: str, kind: str, given: Given) -> None:
    text = given.text if given.kind == "text" else ""
    fine = {
        "json": given.kind != "list",
        "number": given.kind in {"number", "bool"} or number_of(text) is not None,
        "text": given.kind in {"text", "time"}
        or (given.kind in {"number", "bool"} and sign == "="),
        "time": given.kind == "time" or _read_as_date(text) is not None,
        "duration": given.kind == "duration",
        "bool": given.kind in {"number", "bool"} or text.lower() in {"true", "false"},
        "list": False,
    }
    if not fine[kind]:
        raise Refused("Q030")


def _read_as_date(text: str) -> tuple[int, bool] | None:
    moment = moment_of(text)
    return None if moment is None else (moment, len(text) == 10)


# One value with another -------------------------------------------------------------------------


def compare(
    sign: str, left: str, a: Any, one: Given | None, right: str, b: Any, other: Given | None
) -> bool:
    """Compare two single values; no value is never equal, less or more."""
    if a is None or b is None:
        return False
    if one and other:
        return one.kind == other.kind and OPERATORS[sign](a, b)
    if one:
        return _with_given(FLIPPED[sign], right, b, one)
    if other:
        return _with_given(sign, left, a, other)
    return _fields(sign, left, a, right, b)


def _with_given(sign: str, kind: str, value: Any, given: Given) -> bool:
    holds = OPERATORS[sign]
    if kind == "json":
        return _json_with_given(sign, value, given)
    if kind == "number":
        wanted = number_of(given.text) if given.kind == "text" else given.value
        return holds(value, wanted)
    if kind == "text":
        if given.kind == "time":
            moment = moment_of(value)
            return moment is not None and _moment(sign, moment, given.value, given.whole_day)
        return holds(value, given.text)
    if kind == "time":
        read = _read_as_date(given.text) if given.kind == "text" else None
        wanted, whole = read or (given.value, given.whole_day)
        return _moment(sign, value, wanted, whole)
    if kind == "bool":
        return holds(value, given.text.lower() == "true" if given.kind == "text" else given.value)
    return holds(value, given.value)


def _moment(sign: str, moment: float, wanted: int, whole: bool) -> bool:
    if sign == "=" and whole:
        return wanted <= moment < wanted + DAY
    return OPERATORS[sign](moment, wanted)


def _json_with_given(sign: str, value: Any, given: Given) -> bool:
    """Every value is compared by its own type."""
    holds = OPERATORS[sign]
    if isinstance(value, bool):
        if given.kind in {"number", "bool"}:
            return holds(int(value), given.value)
        return sign == "=" and given.text == written(value) and given.kind == "text"
    if is_number(value):
        wanted = number_of(given.text) if given.kind == "text" else given.value
        return (
            given.kind in {"number", "bool", "text"} and wanted is not None and holds(value, wanted)
        )
    if not isinstance(value, str):
        return False
    if given.kind == "text":
        return holds(value, given.text)
    if given.kind in {"number", "bool"}:
        return sign == "=" and value == given.text
    moment = moment_of(value) if given.kind == "time" else None
    return moment is not None and _moment(sign, moment, given.value, given.whole_day)


def _fields(sign: str, left: str, a: Any, right: str, b: Any) -> bool:
    holds = OPERATORS[sign]
    if left == right == "json":
        if isinstance(a, bool) and isinstance(b, bool):
            return sign == "=" and a == b
        both = (is_number(a) and is_number(b)) or (isinstance(a, str) and isinstance(b, str))
        return both and holds(a, b)
    if left == "json":
        a = _as(right, a)
    elif right == "json":
        b = _as(left, b)
    return a is not None and b is not None and holds(a, b)


def _as(kind: str, value: Any) -> Any:
    if kind == "time":
        return moment_of(value)
    fits = {
        "number": is_number(value),
        "text": isinstance(value, str),
        "bool": isinstance(value, bool),
    }
    return value if fits.get(kind) else None


def text_test(operator_name: str, text: Any, pattern: Any) -> bool:
    """Apply a text operator; only text fits one, and fits text alone."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    if operator_name == "MATCHES":
        return re.search(pattern, text) is not None
    if operator_name == "CONTAINS":
        return folded(pattern) in folded(text)
    if operator_name == "STARTS WITH":
        return text.startswith(pattern)
    if operator_name == "ENDS WITH":
        return text.endswith(pattern)
    if operator_name == "ILIKE":
        text, pattern = folded(text), folded(pattern)
    shape = "".join({"%": ".*", "_": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(shape, text, re.DOTALL) is not None
