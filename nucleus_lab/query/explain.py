"""How a query was read: its canonical text, with every same-object group in brackets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundCondition, BoundValue, Constant, Scope
from nucleus_lab.query.fields import GEOMETRIES
from nucleus_lab.query.scores import SIMILARITY, asked

_BARE_WORDS: Final = {"and", "or", "not", "null", "exists", "true", "false"}


def explain(query: bound.BoundQuery) -> str:
    """Write a bound query as text.

    Args:
        query: The bound query.

    Returns:
        A query that means the same, in which what speaks about one object stands in brackets.
        Parameters appear as their values.

    Example:
        ``annotations.label = car AND annotations.area < 9`` becomes
        ``annotations[label = "car" AND area < 9]``.
    """
    writer = _Writer(query)
    parts = [] if query.condition is None else [writer.condition(query.condition)]
    keys = []
    for key in query.order:
        turned = " DESC" if key.descending else ""
        keys.append(writer.value(key.operand) + turned + " NULLS FIRST" * key.nulls_first)
    if keys:
        parts.append(f"ORDER BY {', '.join(keys)}")
    for word in ("sample", "seed", "limit", "offset"):
        number = getattr(query, word)
        if number is not None:
            parts.append(f"{word.upper()} {number}")
    return " ".join(parts)


def quoted(text: str) -> str:
    """Write text as a literal of the language.

    Args:
        text: Any text.

    Returns:
        The literal in double quotes.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def name(text: str) -> str:
    """Write a name of a path, in quotes where it needs them.

    Args:
        text: Name of a class or key.

    Returns:
        The name.
    """
    plain = text.isidentifier() and text.lower() not in _BARE_WORDS and text not in GEOMETRIES
    return text if plain else quoted(text)


class _Writer:
    def __init__(self, query: bound.BoundQuery) -> None:
        self._query = query
        self._rows = {scope.root: kind for kind, scope in query.scopes.items()}

    def condition(self, node: BoundCondition) -> str:
        return _WRITERS[type(node)](self, node)

    def _inside(self, node: BoundCondition) -> str:
        """Write a part of an AND, a NOT: in parentheses where it binds weaker."""
        text = self.condition(node)
        weak = isinstance(node, bound.AnyOf) or (
            isinstance(node, bound.All) and len(node.parts) > 1
        )
        return f"({text})" if weak else text

    def all_of(self, node: bound.All) -> str:
        return " AND ".join(self._inside(part) for part in node.parts)

    def any_of(self, node: bound.AnyOf) -> str:
        return " OR ".join(self._inside(part) for part in node.parts)

    def complement(self, node: bound.Complement) -> str:
        part = node.part
        if isinstance(part, bound.Test) and part.operators == ("=",):
            return f"{self.value(part.operands[0])} != {self.value(part.operands[1])}"
        if isinstance(part, bound.Present):
            return f"{self.value(part.operand)} IS NULL"
        return f"NOT {self._inside(part)}"

    def test(self, node: bound.Test) -> str:
        text = self.value(node.operands[0])
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            text += f" {operator} {self.value(operand)}"
        return text

    def member(self, node: bound.Member) -> str:
        values = ", ".join(self.value(value) for value in node.values[:20])
        more = ", …" if len(node.values) > 20 else ""
        return f"{self.value(node.operand)} IN ({values}{more})"

    def matches(self, node: bound.Matches) -> str:
        return f"{self.value(node.operand)} {node.operator} {self.value(node.pattern)}"

    def present(self, node: bound.Present) -> str:
        return f"{self.value(node.operand)} IS NOT NULL"

    def named(self, node: bound.Named) -> str:
        return node.text

    def exists(self, node: bound.Exists) -> str:
        scope = node.scope.root
        if node.where is None:
            return f"EXISTS {scope.kind}"
        return f"{self._collection(scope)}[{self.condition(node.where)}]"

    @staticmethod
    def _collection(scope: Scope) -> str:
        return {"slices": "slice", "autotags": "autotag", "examples": "autotag.training"}.get(
            scope.kind, scope.kind
        )

    def of_types(self, node: bound.OfTypes) -> str:
        shown = ["segmentation" if kind == "mask" else kind for kind in node.types]
        return f"type = {shown[0]}" if len(shown) == 1 else f"type IN ({', '.join(shown)})"

    def of_label(self, node: bound.OfLabel) -> str:
        return f"label = {quoted(node.label)}"

    def of_taxonomy(self, node: bound.OfTaxonomy) -> str:
        return f"taxonomy = {quoted(node.taxonomy)}"

    # Values -----------------------------------------------------------------------------------

    def value(self, node: BoundValue, *, inner: bool = False) -> str:
        if isinstance(node, Constant):
            return _constant(node)
        if isinstance(node, bound.FieldValue):
            return self._field(node)
        if isinstance(node, bound.Many):
            return self._field(node.inner)
        if isinstance(node, bound.Count):
            return node.name
        if isinstance(node, bound.Aggregate):
            return self._query.source[slice(*node.place)]
        if isinstance(node, bound.Arithmetic):
            left, right = (self.value(side, inner=True) for side in (node.left, node.right))
            text = f"{left} {node.operator} {right}"
            return f"({text})" if inner else text
        arguments = ", ".join(self.value(each, inner=True) for each in node.arguments)
        return f"-{arguments}" if node.function == "negate" else f"{node.function}({arguments})"

    def _field(self, node: bound.FieldValue) -> str:
        if node.field is SIMILARITY:
            function, text = asked(node)
            return f"{function}({quoted(text)})"
        parts = [node.field.name, *(name(key) for key in node.path)]
        scope = node.scope.root
        kind = self._rows.get(scope)
        if kind is not None and kind != self._query.level:
            outer = "item" if kind == "items" else kind
            if kind != "items" or node.field.name not in {"metadata", "scale_metadata"}:
                parts.insert(0, outer)
        elif kind == "scenes" and node.field.name == "metadata":
            parts.insert(0, "scene")
        return ".".join(parts)


def _constant(node: Constant) -> str:
    if node.kind == "text":
        return quoted(node.value)
    if node.kind == "time":
        return node.text.replace("+00:00", "Z")[:10] if node.whole_day else node.text
    return node.text


_WRITERS: Final[dict[type, Callable[[Any, Any], str]]] = {
    bound.All: _Writer.all_of,
    bound.AnyOf: _Writer.any_of,
    bound.Complement: _Writer.complement,
    bound.Test: _Writer.test,
    bound.Member: _Writer.member,
    bound.Matches: _Writer.matches,
    bound.Present: _Writer.present,
    bound.Named: _Writer.named,
    bound.Exists: _Writer.exists,
    bound.OfTypes: _Writer.of_types,
    bound.OfLabel: _Writer.of_label,
    bound.OfTaxonomy: _Writer.of_taxonomy,
}
