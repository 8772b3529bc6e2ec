"""How a query was read: its canonical text, with every same-object group in brackets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundCondition, BoundValue, Constant, Scope
from nucleus_lab.query.fields import GEOMETRIES
from nucleus_lab.query.scores import SIMILARITY, asked

_BRACKETED: Final = {"annotations", "predictions", "matches", "tracks", "items"}
_OWN_METADATA: Final = {"scenes", "annotations", "predictions"}
"""Kinds of rows whose metadata is not what a bare ``metadata`` means."""
_TAGGED: Final = {"autotags", "examples"}
_PREFIXES: Final = {"slices": "slice", "scenes": "scene"}
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
        self._prefixes: dict[Scope, str] = {}
        self._as_written = False

    def condition(self, node: BoundCondition) -> str:
        return _WRITERS[type(node)](self, node)

    def _inside(self, node: BoundCondition) -> str:
        """Write a part of an AND, a NOT: in parentheses where it binds weaker."""
        if isinstance(node, bound.All) and len(node.parts) == 1:
            return self._inside(node.parts[0])
        text = self.condition(node)
        weak = isinstance(node, bound.AnyOf | bound.All) and len(node.parts) > 1
        return f"({text})" if weak else text

    def all_of(self, node: bound.All) -> str:
        return " AND ".join(map(self._inside, _flat(node))) or "1 = 1"

    def any_of(self, node: bound.AnyOf) -> str:
        return " OR ".join(self._inside(part) for part in node.parts) or "1 = 0"

    def complement(self, node: bound.Complement) -> str:
        part = node.part
        if isinstance(part, bound.Complement):
            return self._inside(part.part)
        if isinstance(part, bound.All) and not part.parts:
            return "1 != 1"
        if isinstance(part, bound.Exists) and not self._in_brackets(part):
            part = self._named_paths(part)
        if isinstance(part, bound.Test) and part.operators == ("=",):
            return self.test(part, sign="!=")
        if isinstance(part, bound.Present):
            return f"{self.value(part.operand)} IS NULL"
        return f"NOT {self._inside(part)}"

    def test(self, node: bound.Test, sign: str = "") -> str:
        text = self.value(node.operands[0])
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            written = self._compared(operand) if operator == "=" else self.value(operand)
            text += f" {sign or operator} {written}"
        return text

    def _compared(self, node: BoundValue) -> str:
        """Write what stands where a lone word would be text: a field in parentheses."""
        written = self.value(node)
        plain = isinstance(node, bound.FieldValue | bound.Many)
        return f"({written})" if plain and "." not in written and "(" not in written else written

    def member(self, node: bound.Member) -> str:
        places = {value.place for value in node.values}
        if len(places) == 1 and any(value.kind == "bool" for value in node.values):
            # No literal is true or false: the list stays the parameter that it came as.
            return f"{self.value(node.operand)} IN ({self._query.source[slice(*places.pop())]})"
        values = ", ".join(self.value(value) for value in node.values[:20])
        more = ", …" if len(node.values) > 20 else ""
        return f"{self.value(node.operand)} IN ({values}{more})"

    def matches(self, node: bound.Matches) -> str:
        return f"{self.value(node.operand)} {node.operator} {self._compared(node.pattern)}"

    def present(self, node: bound.Present) -> str:
        return f"{self.value(node.operand)} IS NOT NULL"

    def named(self, node: bound.Named) -> str:
        return node.text

    def exists(self, node: bound.Exists) -> str:
        scope = node.scope.root
        if node.where is None:
            return f"EXISTS {scope.kind}"
        if self._in_brackets(node):
            return f"{scope.kind}[{self.condition(node.where)}]"
        return self.condition(self._named_paths(node))

    def _in_brackets(self, node: bound.Exists) -> bool:
        """Tell whether a condition about an object names nothing beyond the object."""
        scope = node.scope.root
        if scope.kind not in _BRACKETED or node.where is None:
            return node.where is None
        return all(each is scope or each.parent is scope for each in _scopes(node.where))

    def _named_paths(self, node: bound.Exists) -> BoundCondition:
        """Let the objects of a condition be named by their paths; returns what it says of them."""
        scopes: list[Scope] = []
        inner: BoundCondition = node
        while isinstance(inner, bound.Exists) and inner.where is not None:
            scopes.append(inner.scope.root)
            inner = inner.where
        narrow: tuple[BoundCondition, ...] = ()
        if isinstance(inner, bound.All) and inner.parts:
            *first, inner = inner.parts
            narrow = tuple(first)
        for scope in scopes:
            own = [each for each in narrow if scope in set(_scopes(each))]
            inside = f"[{self.all_of(bound.All(tuple(own)))}]" if own else ""
            self._prefixes[scope] = _PREFIXES.get(scope.kind, scope.kind) + inside
            if scope.kind in _TAGGED:
                level, *tag = scope.detail
                training = scope.kind == "examples"
                head = ["autotag", *(["training"] if training and not tag else []), level]
                tail = ["training"] if training and tag else []
                self._prefixes[scope] = ".".join([*head, *map(name, tag), *tail])
        rest = [each for each in narrow if not set(scopes) & set(_scopes(each))]
        return bound.All((*rest, inner)) if rest else inner

    def of_types(self, node: bound.OfTypes) -> str:
        shown = [quoted("segmentation" if kind == "mask" else kind) for kind in node.types]
        what = f"= {shown[0]}" if len(shown) == 1 else f"IN ({', '.join(shown)})"
        return f"{self._of_row(node.scope)}type {what}"

    def of_label(self, node: bound.OfLabel) -> str:
        return f"{self._of_row(node.scope)}label = {quoted(node.label)}"

    def of_taxonomy(self, node: bound.OfTaxonomy) -> str:
        return f"{self._of_row(node.scope)}taxonomy = {quoted(node.taxonomy)}"

    def _of_row(self, scope: Scope) -> str:
        """Name the side of a match that a condition is about."""
        kind = self._rows.get(scope.root)
        return "" if kind is None or kind == self._query.level else f"{kind}."

    # Values -----------------------------------------------------------------------------------

    def value(self, node: BoundValue, *, inner: bool = False) -> str:
        if isinstance(node, Constant):
            exact = node.kind in {"bool", "duration", "list"}
            return self._query.source[slice(*node.place)] if exact else _constant(node)
        if isinstance(node, bound.FieldValue):
            return self._field(node)
        if isinstance(node, bound.Many):
            return node.inner.name if node.where else self._field(node.inner)
        if isinstance(node, bound.Count):
            return node.name
        if isinstance(node, bound.Aggregate):
            return self._aggregate(node)
        if isinstance(node, bound.Arithmetic):
            if getattr(node.right, "place", None) == node.place:  # a rate of matches
                return self._query.source[slice(*node.place)]
            left, right = (self.value(side, inner=True) for side in (node.left, node.right))
            text = f"{left} {node.operator} {right}"
            return f"({text})" if inner else text
        arguments = ", ".join(self.value(each, inner=True) for each in node.arguments)
        return f"-{arguments}" if node.function == "negate" else f"{node.function}({arguments})"

    def _aggregate(self, node: bound.Aggregate) -> str:
        if not node.ordering:
            return self._query.source[slice(*node.place)]
        before, self._as_written = self._as_written, True
        text = self.value(node.operand)
        self._as_written = before
        return text

    def _field(self, node: bound.FieldValue) -> str:
        if self._as_written:
            return node.name
        if node.field is SIMILARITY:
            function, text = asked(node)
            return f"{function}({quoted(text)})"
        parts = [node.field.name, *(name(key) for key in node.path)]
        scope = node.scope.root
        prefix = self._prefixes.get(scope)
        if prefix is not None:
            itself = scope.kind in _TAGGED or (scope.kind == "slices" and parts == ["name"])
            return prefix if itself else ".".join([prefix, *parts])
        kind = self._rows.get(scope)
        if kind is not None and kind != self._query.level:
            outer = "item" if kind == "items" else kind
            if kind != "items" or node.field.name not in {"metadata", "scale_metadata"}:
                parts.insert(0, outer)
        elif kind in _OWN_METADATA and node.field.name == "metadata":
            parts.insert(0, "scene" if kind == "scenes" else kind)
        return ".".join(parts)


def _flat(node: bound.All) -> Iterator[BoundCondition]:
    """Walk the parts of an AND, and of those inside it."""
    for each in node.parts:
        part = each
        while isinstance(part, bound.Complement) and isinstance(part.part, bound.Complement):
            part = part.part.part
        if isinstance(part, bound.All) and part.parts:
            yield from _flat(part)
        else:
            yield part


def _scopes(node: Any) -> Iterator[Scope]:
    """Walk the rows that a condition or a value is about, not those inside a collection."""
    if isinstance(node, bound.Exists | bound.Count | bound.Aggregate):
        if node.scope.root.parent is not None:
            yield node.scope.root.parent.root
        return
    if isinstance(node, bound.FieldValue | bound.OfTypes | bound.OfLabel | bound.OfTaxonomy):
        yield node.scope.root
        return
    for attribute in ("parts", "operands", "arguments"):
        for each in getattr(node, attribute, ()):
            yield from _scopes(each)
    for attribute in ("part", "operand", "pattern", "left", "right", "inner"):
        each = getattr(node, attribute, None)
        if each is not None:
            yield from _scopes(each)


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
