"""The tree of a query, read for one dataset: conditions and values.

What a path means is decided in :mod:`nucleus_lab.query.paths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nucleus_lab.query import bound, tree
from nucleus_lab.query.bound import BoundCondition, BoundValue, Scope
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.condition_functions import CONDITION_FUNCTIONS
from nucleus_lab.query.faults import fault
from nucleus_lab.query.fields import LEVELS
from nucleus_lab.query.given_values import (
    constant_of,
    list_compared,
    parameter_value,
    wanted_kind,
)
from nucleus_lab.query.group import aggregate, many_of, normal
from nucleus_lab.query.parse import check_pattern
from nucleus_lab.query.value_functions import ValueFunctionReader
from nucleus_lab.query.warn import contradictions, keeps_missing, unknown_texts

_RANK: Final = {"<", "<=", ">", ">="}


def resolve(
    query: tree.Query, level: str, catalog: Catalog, parameters: Mapping[str, Any] | None = None
) -> bound.BoundQuery:
    """Give every name of a query its meaning.

    Args:
        query: The tree.
        level: What the query returns: a key of :data:`~nucleus_lab.query.fields.LEVELS`.
        catalog: The names of the dataset.
        parameters: Values of ``{name}``.

    Returns:
        The bound query in normal form.

    Raises:
        QueryError: A name is unknown or does not fit the level, or types do not fit.
    """
    return _Resolver(query.source, level, catalog, parameters or {}).query(query)


class _Resolver(ValueFunctionReader):
    """Conditions and values; functions and paths come from :class:`ValueFunctionReader`."""

    def __init__(
        self, source: str, level: str, catalog: Catalog, parameters: Mapping[str, Any]
    ) -> None:
        if level not in LEVELS:
            raise ValueError(f"a query returns one of {sorted(LEVELS)}, not {level!r}")
        super().__init__(source, level, catalog)
        self.parameters = parameters
        self.keeping: list[tuple[str, tuple[str, ...]]] = []

    def query(self, query: tree.Query) -> bound.BoundQuery:
        condition = None
        if self.level == "matches":
            self.tell_unevaluated()
        if query.condition is not None:
            condition = normal(self.condition(query.condition, None))
            self.warnings += contradictions(condition, self.source)
        order = tuple(self._order_key(key) for key in query.order)
        return bound.BoundQuery(
            self.source,
            self.level,
            self.rows,
            condition,
            order,
            query.limit,
            query.offset,
            query.sample,
            query.seed,
            self.warnings,
            self.keeping,
            self.momentary,
        )

    def _order_key(self, key: tree.OrderKey) -> bound.BoundKey:
        operand = self.value(key.operand, None, "number")
        if any(not many.bound for many in many_of(operand)):
            place = (key.operand.start, key.operand.end)
            folded = aggregate("max" if key.descending else "min", operand, place)
            if folded is None:
                raise fault(
                    "Q030",
                    "one order cannot come from objects of two collections",
                    self.source,
                    key.start,
                    key.end - key.start,
                    hint="fold each side: max(annotations.area) - max(predictions.area)",
                )
            folded.ordering = True
            operand = folded
        return bound.BoundKey(operand, key.descending, key.nulls_first)

    # Conditions -------------------------------------------------------------------------------

    def condition(self, node: tree.Expression, scope: Scope | None) -> BoundCondition:
        if isinstance(node, tree.And):
            return bound.All(tuple(self.condition(part, scope) for part in node.parts))
        if isinstance(node, tree.Or):
            return bound.AnyOf(tuple(self.condition(part, scope) for part in node.parts))
        if isinstance(node, tree.Not):
            inner = self.condition(node.part, scope)
            kept = keeps_missing(inner, self.source)
            self.keeping += [kept] if kept else []
            return bound.Complement(inner)
        if isinstance(node, tree.Comparison):
            return self._comparison(node, scope)
        if isinstance(node, tree.In):
            return self._negate(self._member(node, scope), negated=node.negated)
        if isinstance(node, tree.Between):
            return self._negate(self._between(node, scope), negated=node.negated)
        if isinstance(node, tree.TextTest):
            return self._negate(self._text_test(node, scope), negated=node.negated)
        if isinstance(node, tree.IsNull):
            return self._is_null(node, scope)
        return self._bare(node, scope)

    @staticmethod
    def _negate(condition: BoundCondition, *, negated: bool) -> BoundCondition:
        return bound.Complement(condition) if negated else condition

    def _bare(self, node: tree.Value, scope: Scope | None) -> BoundCondition:
        """A path or function that stands alone: a collection is a condition, a value is none."""
        if isinstance(node, tree.Path):
            meaning = self.path(node, scope, None)
            if isinstance(meaning, bound.Exists):
                return meaning
        elif isinstance(node, tree.Function):
            if node.name in CONDITION_FUNCTIONS:
                return self.condition_function(node, scope)
            self.value(node, scope, None)
        written = self.source[node.start : node.end]
        raise fault(
            "Q031",
            f"{written} is a value, not a condition",
            self.source,
            node.start,
            node.end - node.start,
            hint=self._how_to_compare(node, written),
        )

    @staticmethod
    def _how_to_compare(node: tree.Value, written: str) -> str:
        if isinstance(node, tree.Number | tree.Text | tree.Date | tree.Parameter):
            return f"name the field again: … OR metadata.camera = {written}; or write IN (…)"
        sign = "= true" if written.partition(".")[0] in {"metadata", "item", "scene"} else "> 0"
        return f"compare it: {written} {sign}, or {written} IS NOT NULL"

    def _comparison(self, node: tree.Comparison, scope: Scope | None) -> BoundCondition:
        place = (node.start, node.end)
        operands = []
        for index, each in enumerate(node.operands):
            others = [other for other in node.operands if other is not each]
            rank = bool(index) and node.operators[index - 1] in _RANK
            operands.append(
                self._operand(each, scope, wanted_kind(others, self.parameters), rank=rank)
            )
        operators: list[str] = list(node.operators)
        negated = operators == ["!="]
        if set(operators) <= {"=", "!="}:
            self.warnings += unknown_texts(operands, self.catalog)
        test = bound.Test(tuple(operands), ("=",) if negated else tuple(operators), place)
        return self._negate(test, negated=negated)

    def _operand(
        self, node: tree.Expression, scope: Scope | None, wanted: str | None, *, rank: bool
    ) -> BoundValue:
        if isinstance(node, tree.Word) and (rank or self._is_other_label(node, scope)):
            segment = tree.Segment(node.start, node.end, node.name, quoted=False)
            field = self.plain_field(tree.Path(node.start, node.end, (segment,)), scope)
            if field is not None:
                return field
        return self.value(node, scope, wanted)

    def _is_other_label(self, node: tree.Word, scope: Scope | None) -> bool:
        """Tell the exception to "right of = a word is text": a match has two labels."""
        kind = self.level if scope is None else scope.kind
        return kind == "matches" and node.name in {"gt_label", "pred_label"}

    def _member(self, node: tree.In, scope: Scope | None) -> BoundCondition:
        fields: list[BoundValue] = []
        if isinstance(node.values, tree.Parameter):
            listed = self._parameter(node.values)
            if listed.kind != "list":
                raise fault(
                    "Q042",
                    f"IN needs a list, and {{{node.values.name}}} is {listed.text!r}",
                    self.source,
                    node.values.start,
                    node.values.end - node.values.start,
                    hint="pass a list, tuple or set",
                )
            values: tuple[bound.Constant, ...] = tuple(listed.value)
        else:
            found: list[bound.Constant] = []
            for each in node.values:
                value: BoundValue = (
                    self._parameter(each)  # which may be a list
                    if isinstance(each, tree.Parameter)
                    else self.value(each, scope, None)
                )
                if isinstance(value, bound.Constant):
                    found += value.value if value.kind == "list" else [value]
                else:
                    fields.append(value)
            values = tuple(found)
        wanted = "text" if any(value.kind == "text" for value in values) else "number"
        operand, place = self.value(node.operand, scope, wanted), (node.start, node.end)
        self.warnings += unknown_texts([operand, *values], self.catalog)
        parts: list[BoundCondition] = []
        if values or not fields:
            parts.append(bound.Member(operand, values, place))
        parts += [bound.Test((operand, field), ("=",), place) for field in fields]
        return parts[0] if len(parts) == 1 else bound.AnyOf(tuple(parts))

    def _between(self, node: tree.Between, scope: Scope | None) -> BoundCondition:
        ends = [node.low, node.high]
        low, high = (self._operand(end, scope, None, rank=True) for end in ends)
        middle = self.value(node.operand, scope, wanted_kind(ends, self.parameters))
        return bound.Test((low, middle, high), ("<=", "<="), (node.start, node.end))

    def _text_test(self, node: tree.TextTest, scope: Scope | None) -> BoundCondition:
        operand = self.value(node.operand, scope, "text")
        pattern = self.value(node.pattern, scope, "text")
        start, end = node.pattern.start, node.pattern.end
        if isinstance(pattern, bound.Constant):
            if pattern.kind not in {"text", "number"}:
                message = f"{node.operator} needs a text"
                raise fault("Q030", message, self.source, start, end - start)
            if node.operator == "MATCHES":
                check_pattern(pattern.text, node.pattern, self.source)
        elif node.operator == "MATCHES":
            written = self.source[start:end]
            raise fault(
                "Q050",
                "a regular expression stands in the query, where it is checked at once; "
                f"{written} differs from row to row",
                self.source,
                start,
                end - start,
                hint=f"to look for the text itself write CONTAINS {written}; "
                f"with % and _ for any letters: LIKE {written}",
            )
        return bound.Matches(operand, node.operator, pattern, (node.start, node.end))

    def _is_null(self, node: tree.IsNull, scope: Scope | None) -> BoundCondition:
        inner = node.operand
        if isinstance(inner, tree.CONDITIONS):
            raise fault(
                "Q032",
                "a condition always has a value",
                self.source,
                inner.start,
                inner.end - inner.start,
            )
        meaning = (
            self.path(inner, scope, None)
            if isinstance(inner, tree.Path)
            else self.value(inner, scope, None)
        )
        present: BoundCondition
        if isinstance(meaning, bound.Exists):
            present = meaning
        else:
            present = bound.Present(meaning, (node.start, node.end))
        return self._negate(present, negated=not node.negated)

    # Values -----------------------------------------------------------------------------------

    def value(self, node: tree.Expression, scope: Scope | None, wanted: str | None) -> BoundValue:
        place = (node.start, node.end)
        constant = constant_of(node)
        if constant is not None:
            return constant
        if isinstance(node, tree.Parameter):
            given = self._parameter(node)
            if given.kind == "list":
                raise list_compared(node, self.source)
            return given
        if isinstance(node, tree.Path):
            meaning = self.path(node, scope, wanted)
            if isinstance(meaning, bound.Exists):
                written = self.source[node.start : node.end]
                raise fault(
                    "Q030",
                    f"{written} is a collection, not a value",
                    self.source,
                    node.start,
                    node.end - node.start,
                    hint=f"count it: {written}.count",
                )
            return meaning
        if isinstance(node, tree.Unary):
            operand = self.value(node.operand, scope, "number")
            return operand if node.operator == "+" else bound.Call("negate", (operand,), place)
        if isinstance(node, tree.Binary):
            left = self.value(node.left, scope, "number")
            right = self.value(node.right, scope, "number")
            return bound.Arithmetic(node.operator, left, right, place)
        if isinstance(node, tree.Function):
            return self.value_function(node, scope)
        if isinstance(node, tree.Duration):
            written = self.source[node.start : node.end]
            raise fault(
                "Q030",
                f"{written} is a distance, which no field is compared with",
                self.source,
                node.start,
                node.end - node.start,
                hint=f"write it as the radius of near(lat, lon, {written})",
            )
        raise fault(
            "Q032",
            "a condition is compared here, as if it were a value",
            self.source,
            node.start,
            node.end - node.start,
        )

    def _parameter(self, node: tree.Parameter) -> bound.Constant:
        width = node.end - node.start
        if node.name not in self.parameters:
            written = self.source[node.start : node.end]
            raise fault(
                "Q040",
                f"no value for {written}",
                self.source,
                node.start,
                width,
                hint="define it, or pass params={…}",
            )
        value = parameter_value(self.parameters[node.name], (node.start, node.end))
        if value is None:
            kind = type(self.parameters[node.name]).__name__
            raise fault(
                "Q042",
                f"cannot use a {kind} in a query",
                self.source,
                node.start,
                width,
                hint="pass text, a number, a bool, a date, or a list of those",
            )
        return value
