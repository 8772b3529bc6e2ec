"""Fields, arithmetic and functions to SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Double,
    Numeric,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    true,
)
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import BigInteger, Text

from nucleus_lab.errors import QueryError
from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundValue, Kind
from nucleus_lab.query.compare import Comparer
from nucleus_lab.query.context import Context
from nucleus_lab.query.dialects import Sql
from nucleus_lab.query.faults import fault
from nucleus_lab.query.given_values import text_as_moment
from nucleus_lab.query.json_path import JSONValue
from nucleus_lab.query.orderings import extremes
from nucleus_lab.query.sources import value_of
from nucleus_lab.query.values import (
    JSONSource,
    SqlValue,
    as_number,
    as_text,
    as_time,
)

_MOST_REMAINDERS: Final = 4
"""Deepest nesting of ``%``: each level writes its operands several times."""


class ValueCompiler:
    """Builds values; the class that derives from it adds what needs conditions.

    Args:
        context: The statement.
        comparer: Compares values.
    """

    def __init__(self, context: Context, comparer: Comparer) -> None:
        self.context = context
        self.comparer = comparer
        self._remainders = 0

    def value(self, node: BoundValue) -> SqlValue:
        """Build a value.

        Args:
            node: The value.

        Returns:
            Its SQL.

        Raises:
            TypeError: The query is not in normal form.
        """
        if isinstance(node, bound.Constant):
            return self._constant(node)
        if isinstance(node, bound.FieldValue):
            return value_of(self.context, node, self.context.row(node.scope))
        if isinstance(node, bound.Arithmetic):
            return self._arithmetic(node)
        if isinstance(node, bound.Call):
            return self._call(node)
        if isinstance(node, bound.Many) and node.bound:
            return self.value(node.inner)
        raise TypeError(f"a {type(node).__name__} stands outside its Exists")

    def _constant(self, node: bound.Constant) -> SqlValue:
        sql: ColumnElement[Any] | None = None
        if node.kind == "text":
            sql = literal(node.value, Text())
        elif node.kind in {"number", "time", "duration"}:
            whole = isinstance(node.value, int)
            sql = literal(node.value, BigInteger() if whole else Double())
        elif node.kind == "bool":
            sql = true() if node.value else false()
        return SqlValue(node.kind, node.text, node.place, sql, constant=node)

    def _arithmetic(self, node: bound.Arithmetic) -> SqlValue:
        if node.operator == "%":
            self._remainders += 1
            if self._remainders > _MOST_REMAINDERS:
                raise self._fault("Q015", f"more than {_MOST_REMAINDERS} % inside each other", node)
        left, right = self.value(node.left), self.value(node.right)
        if node.operator == "%":
            self._remainders -= 1
        name = self.context.source[slice(*node.place)]
        timed = self._time_arithmetic(node, left, right, name)
        if timed is not None:
            return timed
        if node.operator == "%" and isinstance(node.right, bound.Constant):
            whole = self._whole_remainder(left, node.right)
            if whole is not None:
                return SqlValue("number", name, node.place, whole)
        for side in (left, right):
            if side.kind not in {"number", "json", "bool"}:
                raise self._fault("Q030", f"{side.name} is no number", node)
        one, other = (as_number(side, self.context.dialect) for side in (left, right))
        return SqlValue("number", name, node.place, self._operate(node.operator, one, other))

    def _whole_remainder(self, left: SqlValue, divisor: bound.Constant) -> Sql | None:
        """Divide whole numbers in metadata exactly, and with one look at each value."""
        number = divisor.value
        if left.kind != "json" or len(left.sources) != 1 or not isinstance(number, int):
            return None
        if self.context.dialect.name != "sqlite" or number <= 0:
            return None
        source = left.sources[0]
        if type(source) is not JSONSource:
            return None
        value = JSONValue("raw number", source.column, source.path)
        real: Sql = cast(value, Double())
        by = literal(number, BigInteger())
        positive = Grouping(Grouping(value.op("%")(by)) + by).op("%")(by)
        branches: list[tuple[Any, Any]] = [
            ("integer", positive),
            ("real", self._operate("%", real, literal(float(number), Double()))),
        ]
        return case(*branches, value=JSONValue("type", source.column, source.path))

    def _operate(self, sign: str, one: Sql, other: Sql) -> Sql:
        if sign == "+":
            return one + other
        if sign == "-":
            return one - other
        if sign == "*":
            return one * other
        divisor: Sql = func.nullif(other, 0.0, type_=Double())
        if sign == "/":
            return one / divisor
        return one - divisor * self.context.dialect.floor(one / divisor)

    def _time_arithmetic(
        self, node: bound.Arithmetic, left: SqlValue, right: SqlValue, name: str
    ) -> SqlValue | None:
        kinds = (left.kind, right.kind)
        if "time" not in kinds and "duration" not in kinds:
            return None
        dialect = self.context.dialect
        result: Kind
        if kinds == ("duration", "duration") and node.operator in {"+", "-"}:
            one, other, result = left.expression, right.expression, "duration"
        elif right.kind == "duration" and left.kind in {"time", "json", "text"}:
            one, other, result = as_time(left, dialect), right.expression, "time"
        elif left.kind == "duration" and right.kind in {"time", "json", "text"}:
            one, other, result = left.expression, as_time(right, dialect), "time"
        elif {*kinds} <= {"time", "json", "text"}:
            one, other, result = as_time(left, dialect), as_time(right, dialect), "duration"
        else:
            raise self._fault("Q030", f"{left.name} {node.operator} {right.name} is no value", node)
        allowed = {"-"} if result == "duration" or left.kind == "duration" else {"+", "-"}
        if left.kind == "duration":
            allowed = {"+"}
        if kinds == ("duration", "duration"):
            allowed = {"+", "-"}
        if node.operator not in allowed:
            raise self._fault("Q030", f"dates know no {node.operator} like this", node)
        return SqlValue(result, name, node.place, self._operate(node.operator, one, other))

    def _call(self, node: bound.Call) -> SqlValue:
        if node.function == "distance":
            numbers = [as_number(self.value(each), self.context.dialect) for each in node.arguments]
            metres = self.context.dialect.distance(*numbers)
            return SqlValue("number", "distance", node.place, metres)
        argument = self.value(node.arguments[0])
        name = self.context.source[slice(*node.place)]
        dialect = self.context.dialect
        if node.function in {"negate", "abs"}:
            if argument.kind == "duration" and node.function == "negate":
                return SqlValue("duration", name, node.place, -argument.expression)
            if argument.kind not in {"number", "json"}:
                raise self._fault("Q030", f"{argument.name} is no number", node)
            number = as_number(argument, dialect)
            found = -number if node.function == "negate" else func.abs(number, type_=Double())
            return SqlValue("number", name, node.place, found)
        if node.function == "date":
            return self._date(node, argument, name)
        if node.function in {"text", "hash"}:
            text = self._written(argument, node)
            if node.function == "hash":
                return SqlValue("number", name, node.place, dialect.hash(text))
            return SqlValue("text", name, node.place, text)
        if node.function == "number":
            return self._read_number(argument, node, name)
        if argument.kind not in {"text", "json"}:
            raise self._fault("Q030", f"{argument.name} is no text", node)
        text = as_text(argument)
        if node.function == "length":
            return SqlValue("number", name, node.place, func.length(text))
        folded = dialect.lower(text) if node.function == "lower" else dialect.upper(text)
        return SqlValue("text", name, node.place, folded)

    def _written(self, value: SqlValue, node: bound.Call) -> Sql:
        """Write a value as text: whole numbers without a point, truth as true and false."""
        dialect = self.context.dialect

        def number(found: Sql) -> Sql:
            real: Sql = cast(found, Double())
            whole = and_(real == dialect.floor(real), func.abs(real) < 2.0**53)
            return case((whole, cast(cast(real, BigInteger()), Text())), else_=cast(real, Text()))

        def truth(found: Sql) -> Sql:
            return case((found == true(), "true"), (found == false(), "false"))

        if value.kind == "text":
            return value.expression
        if value.kind == "number":
            return number(value.expression)
        if value.kind == "bool":
            return truth(value.expression)
        if value.kind != "json":
            raise self._fault("Q030", f"{value.name} has no text", node)
        found: list[Sql] = []
        for source in value.sources:
            found.append(source.get("text"))
            found.append(number(source.get("number")))
            found.append(truth(source.get("boolean")))
        return func.coalesce(*found, type_=Text())

    def _read_number(self, value: SqlValue, node: bound.Call, name: str) -> SqlValue:
        """Read a value as a number, also one that is written as text."""
        dialect = self.context.dialect
        if value.kind == "text":
            return SqlValue("number", name, node.place, dialect.read_number(value.expression))
        if value.kind not in {"json", "number", "bool"}:
            raise self._fault("Q030", f"{value.name} is no number", node)
        number = as_number(value, dialect)
        if value.kind == "json":
            number = func.coalesce(number, dialect.read_number(as_text(value)), type_=Double())
        return SqlValue("number", name, node.place, number)

    def _date(self, node: bound.Call, argument: SqlValue, name: str) -> SqlValue:
        if argument.constant is not None and argument.kind == "text":
            read = text_as_moment(argument.constant.text)
            if read is None:
                raise self._fault("Q003", f"not a real date: {argument.constant.text}", node)
            constant = bound.Constant("time", read[0], name, node.place, whole_day=read[1])
            return self._constant(constant)
        if argument.kind not in {"text", "json", "time"}:
            raise self._fault("Q030", f"{argument.name} is no date", node)
        return SqlValue("time", name, node.place, as_time(argument, self.context.dialect))

    def foldable(self, value: SqlValue, node: bound.Aggregate) -> tuple[Sql, Kind]:
        """Return what an aggregate folds.

        Args:
            value: The value of one object.
            node: The aggregate.

        Returns:
            The expression and the type of the result.

        Raises:
            QueryError: Values of this type cannot be folded.
        """
        if value.kind in {"number", "json", "bool"}:
            return as_number(value, self.context.dialect), "number"
        if value.kind == "time" and node.function in {"min", "max"}:
            return value.expression, "time"
        if value.kind == "text" and node.function in {"min", "max"}:
            names, dialect = self.context.names, self.context.dialect
            return extremes(value, node.function, names, dialect)[0], "text"
        raise self._fault("Q030", f"{node.function}() of {value.name} is no value", node)

    def sort_expressions(self, node: BoundValue, fold: str) -> list[Sql]:
        """Return what an ordering by a value compares.

        Args:
            node: The value.
            fold: ``min`` or ``max``: which of many values counts.

        Returns:
            One expression; of metadata two, since its numbers and texts have no common order.
        """
        found = extremes(self.value(node), fold, self.context.names, self.context.dialect)
        if len(found) > 1:
            found[0] = cast(found[0], Numeric(asdecimal=False))
        return found

    def _fault(self, code: str, message: str, node: Any) -> QueryError:
        start, end = node.place
        return fault(code, message, self.context.source, start, end - start)
