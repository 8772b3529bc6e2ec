"""What a name after ``annotations.``, ``predictions.`` or ``matches.`` means.

In this order: a reserved name, a geometry, a property, a class (its count, or metadata of its
objects), a taxonomy (its label). A quoted name skips what is reserved.
"""

from __future__ import annotations

from typing import Final

from nucleus_lab.query import bound, tree
from nucleus_lab.query.bound import (
    BoundCondition,
    BoundValue,
    Constant,
    Exists,
    FieldValue,
    Many,
    Scope,
)
from nucleus_lab.query.faults import fault, nearest
from nucleus_lab.query.fields import GEOMETRIES, fields_of
from nucleus_lab.query.habits import MEANT
from nucleus_lab.query.paths import PathReader, Segments

_RESERVED: Final = {"count", "metadata", "position", "dimensions"}


class ObjectPathReader(PathReader):
    """Reads the paths that reach into annotations, predictions and matches."""

    def objects(
        self, kind: str, row: Scope, node: tree.Path, wanted: str | None
    ) -> BoundValue | Exists:
        """Read a path into annotations, predictions or matches.

        Args:
            kind: Which objects.
            row: Row that they belong to.
            node: The path.
            wanted: ``text`` or ``number``: what it is compared with.

        Returns:
            A value, or a collection.

        Raises:
            QueryError: The path is unknown, or needs a model run.
        """
        every_run = kind == "predictions" and _mentions(node.filter, "model")
        if kind != "annotations" and not every_run:
            self._need_run(kind, node)
        scope = Scope(kind, row, every_run=every_run)
        rest = node.segments[1:]
        types: tuple[str, ...] = ()
        if rest and not rest[0].quoted and rest[0].name in GEOMETRIES and kind != "matches":
            types = GEOMETRIES[rest[0].name]
            rest = rest[1:]
        if node.filter is not None:
            return self._bracket(scope, types, rest, node)
        if not rest:
            return Exists(scope, bound.OfTypes(scope, types) if types else None)
        head = rest[0]
        if not head.quoted and head.name == "count":
            if len(rest) > 1:
                raise self._unknown(node, scope)
            return self._counted(scope, node, types=types)
        if kind == "matches" and len(rest) == 1 and not head.quoted:
            if head.name in {"tp", "fp", "fn"}:
                return self._outcomes(scope, head.name, node)
            if head.name in {"precision", "recall", "f1"}:
                return self._rate(row, head.name, node)
        if not head.quoted and self._is_property(kind, rest):
            where = (bound.OfTypes(scope, types),) if types else ()
            return self._property(scope, rest, node, where)
        if kind == "matches":
            raise self._unknown(node, scope)
        return self._class(scope, types, rest, node, wanted)

    def _is_property(self, kind: str, rest: Segments) -> bool:
        head = rest[0].name
        if head in _RESERVED:
            return True
        named = head in self.catalog.labels or head in self.catalog.taxonomies
        if head in fields_of(kind):
            if named:
                self._warn("W1", f"{head!r} is a class here: {kind}[{head} …] is the property", "")
            return not named
        return False

    def _property(
        self, scope: Scope, rest: Segments, node: tree.Path, where: tuple[BoundCondition, ...]
    ) -> Many:
        target = self.rows.get(scope.kind)
        if target is None or scope.parent not in self.rows.values():
            return self._many(scope, rest, node, where)
        moved = tuple(_moved(each, target) for each in where)
        return self._many(target, rest, node, moved, bound_row=True)

    def _bracket(
        self, scope: Scope, types: tuple[str, ...], rest: Segments, node: tree.Path
    ) -> BoundValue | Exists:
        parts: list[BoundCondition] = [bound.OfTypes(scope, types)] if types else []
        if len(rest) > 1 or (rest and scope.kind == "matches"):
            raise self._unknown(node, scope)
        if rest:
            parts.append(bound.OfLabel(scope, rest[0].name))
        inner = self._filter(node, scope)
        if inner is not None:
            parts.append(inner)
        where = parts[0] if len(parts) == 1 else bound.All(tuple(parts))
        return self._collection(scope, where, node.tail, node)

    def _class(
        self,
        scope: Scope,
        types: tuple[str, ...],
        rest: Segments,
        node: tree.Path,
        wanted: str | None,
    ) -> BoundValue:
        name = rest[0].name
        is_class = name in self.catalog.labels
        is_taxonomy = name in self.catalog.taxonomies and not types
        if not is_class and not is_taxonomy:
            known = [*self.catalog.labels, *self.catalog.taxonomies]
            near = nearest(name, known)
            if not near and name in MEANT:
                near = f"{scope.kind}.{MEANT[name]}"
            self._warn("W1", f"there is no class or taxonomy {name!r}", near)
        if len(rest) > 1:
            self._warn_of_property(scope.kind, rest)
            key = tree.Segment(rest[0].start, rest[0].end, "metadata", quoted=False)
            narrow: tuple[BoundCondition, ...] = (bound.OfLabel(scope, name),)
            if types:
                narrow = (bound.OfTypes(scope, types), *narrow)
            return self._property(scope, (key, *rest[1:]), node, narrow)
        if wanted == "text" and not types and (is_taxonomy or not is_class):
            label = tree.Segment(rest[0].start, rest[0].end, "label", quoted=False)
            return self._property(scope, (label,), node, (bound.OfTaxonomy(scope, name),))
        if is_taxonomy and not is_class:
            label = tree.Segment(rest[0].start, rest[0].end, "label", quoted=False)
            return self._property(scope, (label,), node, (bound.OfTaxonomy(scope, name),))
        return self._counted(scope, node, types=types, label=name)

    def _warn_of_property(self, kind: str, rest: Segments) -> None:
        """Warn where the metadata of a class has the name of a property, or of its count."""
        (first, second), asked = rest[:2], rest[1].name
        if len(rest) > 2 or second.quoted or not (asked == "count" or asked in fields_of(kind)):
            return
        label = first.name if first.name.isidentifier() else f'"{first.name}"'
        meant = f"{kind}.{label}" if asked == "count" else f"{kind}[label = {label} AND {asked} …]"
        self._warn("W2", f"{kind}.{label}.{asked} is the metadata {asked!r} of a class", meant)

    def _outcomes(self, scope: Scope, category: str, node: tree.Path) -> bound.Count:
        place = (node.start, node.end)
        field = FieldValue(scope, fields_of("matches")["category"], (), "category", place)
        wanted = Constant("text", category, category, place)
        where = bound.Test((field, wanted), ("=",), place)
        return self._counted(scope, node, where=where, rows=True)

    def _rate(self, row: Scope, name: str, node: tree.Path) -> bound.Arithmetic:
        """Precision, recall or F1 of an item, from the counts of its matches."""
        place = (node.start, node.end)

        def having(label: str) -> bound.Count:
            scope = Scope("matches", row)
            field = FieldValue(scope, fields_of("matches")[label], (), label, place)
            return self._counted(scope, node, where=bound.Present(field, place), rows=True)

        right: BoundValue = self._outcomes(Scope("matches", row), "tp", node)
        whole: BoundValue
        if name == "f1":
            right = bound.Arithmetic("*", Constant("number", 2, "2", place), right, place)
            whole = bound.Arithmetic("+", having("pred_label"), having("gt_label"), place)
        else:
            whole = having("pred_label" if name == "precision" else "gt_label")
        return bound.Arithmetic("/", right, whole, place)

    def _need_run(self, kind: str, node: tree.Path) -> None:
        runs = self.catalog.runs
        if kind == "matches":
            self.tell_unevaluated()
        if self.catalog.run_id is not None or len(runs) == 1:
            return
        names = ", ".join(run.model_ids[-1] for run in runs[:8])
        raise fault(
            "Q022",
            f"{kind} belong to a model run, and "
            + (f"the dataset has {len(runs)}: {names}" if runs else "the dataset has none"),
            self.source,
            node.start,
            len(node.segments[0].name),
            hint="choose one with model=…, or write predictions[model = …]"
            if runs
            else "upload predictions first",
        )


def _moved(condition: BoundCondition, scope: Scope) -> BoundCondition:
    """Let a narrowing speak about another row."""
    if isinstance(condition, bound.OfTypes):
        return bound.OfTypes(scope, condition.types)
    if isinstance(condition, bound.OfLabel):
        return bound.OfLabel(scope, condition.label)
    if isinstance(condition, bound.OfTaxonomy):
        return bound.OfTaxonomy(scope, condition.taxonomy)
    return condition


def _mentions(node: tree.Expression | None, name: str) -> bool:
    """Tell whether a condition speaks of a bare field."""
    if node is None:
        return False
    if isinstance(node, tree.Path):
        return len(node.segments) == 1 and node.segments[0].name == name and node.filter is None
    parts: list[tree.Expression] = []
    for attribute in ("parts", "operands"):
        parts += getattr(node, attribute, ())
    for attribute in ("part", "operand", "pattern", "left", "right"):
        inner = getattr(node, attribute, None)
        if inner is not None:
            parts.append(inner)
    return any(_mentions(part, name) for part in parts)
