"""Comparisons: which values can be compared, and how, row by row.

Every condition here may be NULL where a value is missing; NULL counts as false, and a complement
(``IS NOT TRUE``) turns it into true. So logic is two-valued without a test for NULL on each leaf.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from nucleus_lab.errors import QueryError
from nucleus_lab.query import hints
from nucleus_lab.query.bound import NOUNS, Constant
from nucleus_lab.query.dialects import DAY, Clause, SQLite
from nucleus_lab.query.faults import fault
from nucleus_lab.query.given_values import text_as_moment, text_as_number
from nucleus_lab.query.sql import FALSE, TRUE, Sql, and_, literal, or_
from nucleus_lab.query.values import Aliases, JSONSource, SqlValue, as_text, as_time, some

_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FLIPPED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
MANY: Final = 500
"""Longer lists travel as one parameter, since databases take only so many."""


class Comparer:
    """Compares values for one database.

    Args:
        source: The query text, for errors.
        dialect: The database.
        names: Fresh aliases of the statement.
    """

    def __init__(self, source: str, dialect: SQLite, names: Aliases) -> None:
        self.source = source
        self.dialect = dialect
        self.names = names

    def compare(self, sign: str, left: SqlValue, right: SqlValue) -> Clause:
        """Compare two values; of a value that is a list, any member may do.

        Args:
            sign: ``=``, ``<``, ``<=``, ``>`` or ``>=``.
            left: The left value.
            right: The right value.

        Returns:
            The condition.
        """
        exact = some(
            left,
            self.names,
            lambda one: some(right, self.names, lambda other: self.single(sign, one, other)),
        )
        hint = None
        if right.constant is not None:
            hint = hints.comparison(self.dialect, sign, left, right.constant)
        elif left.constant is not None:
            hint = hints.comparison(self.dialect, _FLIPPED[sign], right, left.constant)
        return exact if hint is None else and_(hint, exact)

    def single(self, sign: str, left: SqlValue, right: SqlValue) -> Clause:
        """Compare two values, neither of which is a list.

        Args:
            sign: ``=``, ``<``, ``<=``, ``>`` or ``>=``.
            left: The left value.
            right: The right value.

        Returns:
            The condition.
        """
        if left.constant is not None and right.constant is not None:
            return self._constants(sign, left.constant, right.constant)
        if left.constant is not None:
            return self._with_constant(_FLIPPED[sign], right, left.constant)
        if right.constant is not None:
            return self._with_constant(sign, left, right.constant)
        return self._fields(sign, left, right)

    def member(self, value: SqlValue, constants: tuple[Constant, ...]) -> Clause:
        """Test whether a value equals one of some constants.

        Args:
            value: The value.
            constants: The constants.

        Returns:
            The condition.
        """
        texts = [each.text for each in constants if each.kind == "text"]
        rest = [each for each in constants if each.kind != "text"]
        if value.kind == "json" and any(text_as_number(text) is not None for text in texts):
            rest, texts = list(constants), []  # text that reads as a number equals that number too
        slow = value.equals is not None and value.among is None
        if value.kind not in {"text", "json"} or (slow and len(texts) < MANY):
            rest, texts = list(constants), []

        def test(one: SqlValue) -> Clause:
            parts = [self._with_constant("=", one, each) for each in rest]
            if texts and value.among is not None:
                parts.append(value.among(texts))
            elif texts:
                parts.append(self._among(as_text(one), texts))
                if one.kind == "json" and {"true", "false"} & set(texts):
                    parts += [
                        self._json_boolean("=", one.sources[0], text == "true")
                        for text in sorted({"true", "false"} & set(texts))
                    ]
            return or_(*parts)

        hint = hints.member(self.dialect, value, constants)
        if hint is None:
            return some(value, self.names, test)
        # What is found is read once: text that stands alone equals no number and no list.
        source = value.sources[0]
        alone = self.dialect.json("raw text", source.column, source.path)
        inside = source.in_lists(
            self.names.next("member"),
            lambda member: test(value.of(member)),
        )
        found = alone.in_([each.text for each in constants])
        return and_(hint, found if inside is None else or_(found, inside))

    def _among(self, text: Sql, texts: list[str]) -> Clause:
        if len(texts) == 1:
            return text == texts[0]
        return text.in_(texts) if len(texts) < MANY else self.dialect.among(text, texts)

    # Constants --------------------------------------------------------------------------------

    def _mismatch(self, constant: Constant, message: str, hint: str = "") -> QueryError:
        start, end = constant.place
        return fault("Q030", message, self.source, start, end - start, hint)

    def _constants(self, sign: str, left: Constant, right: Constant) -> Clause:
        if left.kind != right.kind:
            return FALSE
        return TRUE if _OPERATORS[sign](left.value, right.value) else FALSE

    def _with_constant(self, sign: str, value: SqlValue, constant: Constant) -> Clause:
        if constant.kind == "list":
            raise self._mismatch(constant, "a list is compared here", "write IN {name}")
        if value.kind == "json":
            return or_(*(self._json(sign, source, constant) for source in value.sources))
        read = {
            "number": self._number,
            "text": self._text,
            "time": self._time,
            "duration": self._duration,
            "bool": self._bool,
        }[value.kind]
        return read(sign, value, constant)

    def _number(self, sign: str, value: SqlValue, constant: Constant) -> Clause:
        number: Any = constant.value
        if constant.kind == "text":
            number = text_as_number(constant.text)
            if number is None:
                raise self._mismatch(
                    constant, f"{value.name} is a number and {constant.text!r} is not"
                )
        elif constant.kind not in {"number", "bool"}:
            raise self._mismatch(
                constant, f"{value.name} is a number and this is {NOUNS[constant.kind]}"
            )
        return _apply(sign, value.expression, _bind(number))

    def _text(self, sign: str, value: SqlValue, constant: Constant) -> Clause:
        if constant.kind in {"number", "bool"} and sign != "=":
            raise self._mismatch(
                constant,
                f"{value.name} is a text and has no order with {constant.text}",
                "compare with a text in quotes",
            )
        if constant.kind == "time":
            moment = as_time(value, self.dialect)
            return self._moment(sign, moment, constant.value, whole_day=constant.whole_day)
        if constant.kind == "duration":
            raise self._mismatch(constant, f"{value.name} is a text, not a duration")
        if sign == "=":
            if value.equals is not None:
                return value.equals(constant.text)
            return _apply("=", value.expression, constant.text)
        return self._by_code_point(sign, value.expression, constant.text)

    def _by_code_point(self, sign: str, text: Sql, other: Any) -> Clause:
        return _apply(sign, self.dialect.by_code_point(text), other)

    def _time(self, sign: str, value: SqlValue, constant: Constant) -> Clause:
        if constant.kind == "time":
            return self._moment(
                sign, value.expression, constant.value, whole_day=constant.whole_day
            )
        read = text_as_moment(constant.text) if constant.kind == "text" else None
        if read is None:
            raise self._mismatch(
                constant,
                f"{value.name} is a date and {constant.text!r} is not",
                "write a date as 2024-05-31 or 2024-05-31T18:00",
            )
        return self._moment(sign, value.expression, read[0], whole_day=read[1])

    def _moment(self, sign: str, moment: Sql, wanted: int, *, whole_day: bool) -> Clause:
        if sign == "=" and whole_day:
            return and_(moment >= _bind(wanted), moment < _bind(wanted + DAY))
        return _apply(sign, moment, _bind(wanted))

    def _duration(self, sign: str, value: SqlValue, constant: Constant) -> Clause:
        if constant.kind != "duration":
            raise self._mismatch(
                constant, f"{value.name} is a duration", "write it with a unit: 7d, 30s"
            )
        return _apply(sign, value.expression, _bind(float(constant.value)))

    def _bool(self, sign: str, value: SqlValue, constant: Constant) -> Clause:
        if constant.kind in {"number", "bool"}:
            wanted = constant.value
        elif constant.kind == "text" and constant.text.lower() in {"true", "false"}:
            wanted = constant.text.lower() == "true"
        else:
            raise self._mismatch(constant, f"{value.name} is true or false")
        return _truth(sign, value.expression, wanted)

    # JSON: each row by its own type -----------------------------------------------------------

    def _json(self, sign: str, source: JSONSource, constant: Constant) -> Clause:
        parts: list[Clause] = []
        if constant.kind == "text":
            parts = self._json_text(sign, source, constant.text)
        elif constant.kind == "number":
            parts = self._json_number(sign, source, constant)
        elif constant.kind == "bool":
            parts = [self._json_boolean(sign, source, bool(constant.value))]
            if source.may_be("number"):
                number = source.get("number")
                parts.append(_apply(sign, number, self.dialect.number(int(constant.value))))
            if sign == "=" and source.may_be("text"):
                parts.append(source.get("text") == constant.text)
        elif constant.kind == "time" and source.may_be("text"):
            moment = self.dialect.milliseconds(source.get("text"))
            whole = constant.whole_day
            parts = [self._moment(sign, moment, constant.value, whole_day=whole)]
        return or_(*parts)

    def _json_text(self, sign: str, source: JSONSource, text: str) -> list[Clause]:
        parts: list[Clause] = []
        if source.may_be("text"):
            value = source.get("text")
            parts.append(
                _apply("=", value, text) if sign == "=" else self._by_code_point(sign, value, text)
            )
        number = text_as_number(text)
        if number is not None and source.may_be("number"):
            parts.append(_apply(sign, source.get("number"), self.dialect.number(number)))
        if sign == "=" and text in {"true", "false"} and source.may_be("boolean"):
            parts.append(self._json_boolean(sign, source, text == "true"))
        return parts

    def _json_number(self, sign: str, source: JSONSource, constant: Constant) -> list[Clause]:
        parts: list[Clause] = []
        if source.may_be("number"):
            parts.append(_apply(sign, source.get("number"), self.dialect.number(constant.value)))
        if sign == "=" and source.may_be("text"):
            parts.append(source.get("text") == constant.text)
        if source.may_be("boolean") and any(
            _OPERATORS[sign](truth, constant.value) for truth in (0, 1)
        ):
            parts.append(_truth(sign, source.get("boolean"), constant.value))
        return parts

    @staticmethod
    def _json_boolean(sign: str, source: JSONSource, wanted: bool) -> Clause:
        return _truth(sign, source.get("boolean"), wanted)

    # Fields -----------------------------------------------------------------------------------

    def _fields(self, sign: str, left: SqlValue, right: SqlValue) -> Clause:
        kinds = {left.kind, right.kind}
        if kinds == {"json"}:
            one, other = left.sources[0], right.sources[0]
            parts = [_apply(sign, one.get("number"), other.get("number"))]
            text = self.dialect.by_code_point(one.get("text"))
            parts.append(_apply(sign, text, other.get("text")))
            if sign == "=":
                parts.append(_apply(sign, one.get("boolean"), other.get("boolean")))
            return or_(*parts)
        if "json" in kinds:
            return self._half_json(sign, left, right)
        if len(kinds) > 1:
            start, end = right.place
            raise fault(
                "Q030",
                f"{left.name} is {NOUNS[left.kind]} and {right.name} is {NOUNS[right.kind]}",
                self.source,
                start,
                end - start,
            )
        if left.kind == "text":
            return self._by_code_point(sign, left.expression, right.expression)
        return _apply(sign, left.expression, right.expression)

    def _half_json(self, sign: str, left: SqlValue, right: SqlValue) -> Clause:
        if left.kind != "json":
            left, right, sign = right, left, _FLIPPED[sign]
        source = left.sources[0]
        if right.kind == "number":
            return _apply(sign, source.get("number"), right.expression)
        if right.kind == "text":
            return self._by_code_point(sign, source.get("text"), right.expression)
        if right.kind == "time":
            return _apply(sign, self.dialect.milliseconds(source.get("text")), right.expression)
        if right.kind == "bool":
            return _apply(sign, source.get("boolean"), right.expression)
        return FALSE


def _bind(number: Any) -> Sql:
    return literal(number if isinstance(number, float) else int(number))


def _apply(sign: str, left: Any, right: Any) -> Clause:
    clause: Clause = _OPERATORS[sign](left, right)
    return clause


def _truth(sign: str, value: Sql, wanted: Any) -> Clause:
    """Compare a truth value, which counts as 0 or 1, with a constant."""
    parts: list[Clause] = [
        value == truth for truth in (False, True) if _OPERATORS[sign](int(truth), wanted)
    ]
    return or_(*parts)
