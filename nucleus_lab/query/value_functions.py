"""Functions whose result is a value, such as ``lower``, ``count`` and ``avg``."""

from __future__ import annotations

from typing import Final

from nucleus_lab.query import bound, tree
from nucleus_lab.query.bound import BoundValue, Scope
from nucleus_lab.query.condition_functions import CONDITION_FUNCTIONS, ConditionFunctionReader
from nucleus_lab.query.faults import fault, nearest
from nucleus_lab.query.group import aggregate, normal

_FUNCTIONS: Final = {
    "abs": 1,
    "lower": 1,
    "upper": 1,
    "length": 1,
    "now": 0,
    "date": 1,
    "count": 1,
    "min": 1,
    "max": 1,
    "sum": 1,
    "avg": 1,
    "hash": 1,
    "number": 1,
    "text": 1,
    "similarity": 1,
    "text_similarity": 1,
}
"""Names and numbers of arguments."""


class ValueFunctionReader(ConditionFunctionReader):
    """Reads functions that stand where a value does."""

    def value_function(self, node: tree.Function, scope: Scope | None) -> BoundValue:
        """Read a call of a function that gives a value.

        Args:
            node: The call.
            scope: Object that it is about, inside brackets.

        Returns:
            The value.

        Raises:
            QueryError: There is no such function, or its arguments do not fit.
        """
        place = (node.start, node.end)
        if node.name in CONDITION_FUNCTIONS:
            raise fault(
                "Q032",
                f"{node.name}() is a condition, and stands here as if it were a value",
                self.source,
                node.start,
                node.end - node.start,
            )
        if node.name not in _FUNCTIONS:
            near = nearest(node.name, [*_FUNCTIONS, *CONDITION_FUNCTIONS])
            raise fault(
                "Q023",
                f"there is no function {node.name}()",
                self.source,
                node.start,
                len(node.name),
                hint=f"did you mean {near}()?" if near else "",
            )
        wanted = _FUNCTIONS[node.name]
        if len(node.arguments) != wanted:
            raise fault(
                "Q010",
                f"{node.name}() takes {wanted or 'no'} value{'s' * (wanted != 1)}, "
                f"found {len(node.arguments)}",
                self.source,
                node.start,
                node.end - node.start,
            )
        if node.name == "now":
            return bound.Constant("time", self.now(), "now()", place)
        if node.name.endswith("similarity"):
            return self.similarity(node, scope)
        if node.name == "count":
            return self._count(node, scope)
        kind = "text" if node.name in {"lower", "upper", "length", "date", "hash"} else "number"
        argument = self.value(node.arguments[0], scope, kind)
        if node.name == "date":
            return bound.Call("date", (argument,), place)
        if node.name in {"min", "max", "sum", "avg"}:
            folded = aggregate(node.name, argument, place)
            if folded is None:
                raise fault(
                    "Q030",
                    f"{node.name}() needs values of many objects, such as annotations.area",
                    self.source,
                    node.start,
                    node.end - node.start,
                )
            return folded
        return bound.Call(node.name, (argument,), place)

    def _count(self, node: tree.Function, scope: Scope | None) -> BoundValue:
        argument = node.arguments[0]
        place = (node.start, node.end)
        if isinstance(argument, tree.Path):
            meaning = self.path(argument, scope, "number")
            name = self.source[node.start : node.end]
            if isinstance(meaning, bound.Exists):
                return bound.Count(meaning.scope, (), None, meaning.where, place, name, rows=True)
            if isinstance(meaning, bound.Count):
                return meaning
            if isinstance(meaning, bound.Many) and not meaning.bound:
                there = bound.Present(meaning.inner, place)
                where = bound.All((*map(normal, meaning.where), there))
                scope = meaning.inner.scope
                return bound.Count(scope, (), None, where, place, name, rows=True)
        raise fault(
            "Q030",
            "count() counts objects, or the values that they have",
            self.source,
            node.start,
            node.end - node.start,
            hint="write count(annotations), count(annotations.metadata.color) or annotations.count",
        )
