"""What a path means: a field of the row, a property of many objects, a count, or a collection."""

from __future__ import annotations

import datetime
from typing import Final

from nucleus_lab.errors import QueryError
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
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.faults import fault, nearest
from nucleus_lab.query.fields import LEVELS, ROOTS, Field, fields_of, home_of
from nucleus_lab.query.given_values import milliseconds
from nucleus_lab.query.group import normal

Segments = tuple[tree.Segment, ...]
_OBJECTS: Final = ("annotations", "predictions", "matches")


class PathReader:
    """Reads paths; the class that derives from it reads conditions.

    Args:
        source: The query text.
        level: What the query returns.
        catalog: Names of the dataset.

    Attributes:
        rows: The rows of the result by kind.
        warnings: What a person should know about how names were read.
        momentary: The meaning holds for this moment only.
    """

    def __init__(self, source: str, level: str, catalog: Catalog) -> None:
        self.source = source
        self.level = level
        self.catalog = catalog
        self.warnings: list[str] = []
        self.saving: list[str] = []
        self.momentary = False
        self.rows = {level: Scope(level)}
        if level in {"annotations", "predictions", "matches"}:
            self.rows["items"] = Scope("items")
        if level == "matches":
            self.rows["annotations"] = Scope("annotations")
            self.rows["predictions"] = Scope("predictions")

    def condition(self, node: tree.Expression, scope: Scope | None) -> BoundCondition:
        """Read a condition; the deriving class provides it.

        Args:
            node: The condition.
            scope: Object that it is about, inside brackets.

        Raises:
            NotImplementedError: This half cannot read conditions.
        """
        raise NotImplementedError

    def now(self) -> int:
        """Return the present.

        Returns:
            Milliseconds since 1970.
        """
        self.momentary = True
        return milliseconds(datetime.datetime.now(datetime.UTC))

    def path(self, node: tree.Path, scope: Scope | None, wanted: str | None) -> BoundValue | Exists:
        """Give a path its meaning.

        Args:
            node: The path.
            scope: Object that it is relative to, inside brackets.
            wanted: ``text`` or ``number``: what it is compared with.

        Returns:
            A value, or a collection.

        Raises:
            QueryError: The path is unknown here.
        """
        found = self.plain_field(node, scope)
        if found is not None:
            return found
        origin = scope if scope is not None and scope.kind == "items" else None
        if scope is None or origin is not None:
            meaning = self._rooted(node, origin, wanted)
            if meaning is not None:
                return meaning
        raise self._unknown(node, scope)

    def plain_field(self, node: tree.Path, scope: Scope | None) -> BoundValue | None:
        """Find the field of the row, or of the object inside brackets, that a path names.

        Args:
            node: The path.
            scope: Object that it is relative to.

        Returns:
            The field, or ``None`` when there is none of that name.
        """
        if node.filter is not None:
            return None
        row = scope or self.rows[self.level]
        if scope is None and node.segments[0].name == "metadata":
            if self.level == "scenes":
                return None  # of any item: that of the scene is written scene.metadata
            row = self.rows["items"]  # of the item, also where objects are asked for
        found = self._own(row, node.segments, node)
        if found is None and scope is None and "items" in self.rows:
            found = self._own(self.rows["items"], node.segments, node)
        return found

    def _own(self, scope: Scope, segments: Segments, node: tree.Path) -> FieldValue | None:
        """Find a field of a scope: the longest name that fits."""
        known = fields_of(scope.kind)
        for length in (2, 1):
            name = ".".join(segment.name for segment in segments[:length])
            field = known.get(name)
            if field is None or len(segments) < length or segments[0].quoted:
                continue
            keys = tuple(segment.name for segment in segments[length:])
            if bool(keys) != field.open:
                raise self._wrong_depth(field, segments, node)
            if any("\x00" in key for key in keys):
                raise self._unknown(node, scope)
            written = self.source[node.start : node.end]
            return FieldValue(scope, field, keys, written, (node.start, node.end))
        return None

    def _wrong_depth(self, field: Field, segments: Segments, node: tree.Path) -> QueryError:
        if field.open:
            message, hint = f"{field.name} needs a key", f"write {field.name}.camera"
        else:
            message = f"{field.name} has nothing below it"
            hint = f"write {field.name}, or metadata.{segments[-1].name}"
        return fault("Q020", message, self.source, node.start, node.end - node.start, hint)

    # Roots ------------------------------------------------------------------------------------

    def objects(
        self, kind: str, row: Scope, node: tree.Path, wanted: str | None
    ) -> BoundValue | Exists:
        """Read a path into annotations, predictions or matches; the deriving class does.

        Args:
            kind: Which objects.
            row: Row that they belong to.
            node: The path.
            wanted: ``text`` or ``number``: what it is compared with.

        Raises:
            NotImplementedError: This half cannot.
        """
        raise NotImplementedError

    def _rooted(
        self, node: tree.Path, origin: Scope | None, wanted: str | None
    ) -> BoundValue | Exists | None:
        root, rest = node.segments[0], node.segments[1:]
        if root.quoted:
            return None
        level = "items" if origin is not None else self.level
        row = origin or self.rows.get("items") or self.rows[self.level]
        name = root.name
        if name in _OBJECTS and name in ROOTS[level]:
            if name == "matches" and level == "matches" and node.filter is None:
                return self._relative(self.rows["matches"], rest, node)
            return self.objects(name, row, node, wanted)
        if name == "tracks":
            return self._members_of(Scope("tracks", row), node)
        if name in {"slice", "slices"}:
            return self._slice(rest, row, node)
        if name == "autotag" and level != "scenes":
            return self._autotag(rest, row, node)
        if name == "item" and level != "scenes":
            return self._relative(row, rest, node)
        if name == "scene":
            if level == "scenes":
                return self._relative(row, rest, node)
            return self._many(Scope("scenes", row), rest, node, groupable=False)
        if level == "scenes" and name == "metadata":
            return self._many(Scope("items", row), node.segments, node, groupable=False)
        if level == "scenes" and name == "items":
            return self._members_of(Scope("items", row), node)
        return None

    def _relative(self, scope: Scope, rest: Segments, node: tree.Path) -> FieldValue:
        found = self._own(scope, rest, node) if rest and node.filter is None else None
        if found is None:
            raise self._unknown(node, scope)
        return found

    def _many(
        self,
        scope: Scope,
        rest: Segments,
        node: tree.Path,
        where: tuple[BoundCondition, ...] = (),
        *,
        groupable: bool = True,
        bound_row: bool = False,
    ) -> Many:
        found = self._own(scope, rest, node) if rest else None
        if found is None:
            raise self._unknown(node, scope)
        return Many(found, where, groupable, bound_row)

    def _members_of(self, scope: Scope, node: tree.Path) -> BoundValue | Exists:
        """``items``, ``items[…]`` and ``items.count`` of a scene; the same of tracks."""
        where = self._filter(node, scope)
        rest = node.tail if node.filter is not None else node.segments[1:]
        return self._collection(scope, where, rest, node)

    def _filter(self, node: tree.Path, scope: Scope) -> BoundCondition | None:
        return None if node.filter is None else normal(self.condition(node.filter, scope))

    def _collection(
        self, scope: Scope, where: BoundCondition | None, rest: Segments, node: tree.Path
    ) -> BoundValue | Exists:
        if not rest:
            return Exists(scope, where)
        if len(rest) == 1 and rest[0].name == "count" and not rest[0].quoted:
            return self._counted(scope, node, where=where, rows=True)
        conditions = () if where is None else (where,)
        if node.filter is not None:
            # Other brackets speak about another object, the same ones about the same.
            scope.detail = (self.source[node.start : node.filter.end],)
        # Conditions on tracks join to be about one track, as those on annotations do.
        grouped = scope.kind == "tracks" and where is None
        return self._many(scope, rest, node, conditions, groupable=grouped)

    def _counted(
        self,
        scope: Scope,
        node: tree.Path,
        *,
        types: tuple[str, ...] = (),
        label: str | None = None,
        where: BoundCondition | None = None,
        rows: bool = False,
    ) -> bound.Count:
        written = self.source[node.start : node.end]
        place = (node.start, node.end)
        if (
            not types
            and label is None
            and not rows
            and scope.kind in {"annotations", "predictions"}
        ):
            types = ("geometric",)
        return bound.Count(scope, types, label, where, place, written, rows)

    def _slice(self, rest: Segments, row: Scope, node: tree.Path) -> Many:
        if node.filter is not None:
            raise self._unknown(node, None)
        named = tree.Segment(node.start, node.end, "name", quoted=False)
        scope = Scope("slices", self.rows.get(self.level, row) if row.parent is None else row)
        return self._many(scope, rest or (named,), node, groupable=False)

    def _autotag(self, rest: Segments, row: Scope, node: tree.Path) -> Many:
        """``autotag.image``, ``autotag.training.image``, ``autotag.image.rain[.training]``."""
        examples = bool(rest) and rest[0].name == "training"
        kind, *tag = [segment.name for segment in rest[examples:]] or [""]
        if tag[1:] == ["training"] and not examples:
            examples, tag = True, tag[:1]
        elif examples and tag:
            tag = ["", ""]  # neither form
        if kind not in {"image", "object"} or len(tag) > 1 or node.filter is not None:
            raise fault(
                "Q020",
                f"unknown field {self.source[node.start : node.end]!r}",
                self.source,
                node.start,
                node.end - node.start,
                hint="write autotag.image = tag, autotag.image.tag > 0, "
                "autotag.training.image = tag, or the same with object",
            )
        own = self.rows[self.level]
        if kind == "object" and own.kind in {"annotations", "predictions"}:
            row = own
        scope = Scope("examples" if examples else "autotags", row, detail=(kind, *tag))
        place = (node.start, node.end)
        names = ["training" if examples else "score", "name"]
        value, name = (tree.Segment(*place, each, quoted=False) for each in names)
        if not tag:
            held = self._many(scope, (value,), node).inner
            sign, least = "=", Constant("bool", True, "true", place)
            if not examples:
                sign, least = ">", Constant("number", 0, "0", place)
            above = bound.Test((held, least), (sign,), place)
            return self._many(scope, (name,), node, (above,), groupable=False)
        if (kind, tag[0]) not in self.catalog.autotags:
            known = [name for level, name in self.catalog.autotags if level == kind]
            self._warn("W1", f"there is no {kind} autotag {tag[0]!r}", nearest(tag[0], known))
        return self._many(scope, (value,), node, groupable=False)

    def tell_unevaluated(self) -> None:
        """Warn that a model run has no matches, since nothing has compared it yet."""
        runs, chosen = self.catalog.runs, self.catalog.run_id
        run = next((each for each in runs if chosen == each.id or len(runs) == 1), None)
        if run is not None and self.catalog.evaluation(run.id) is None:
            self._warn(
                "W1",
                f"there is no evaluation of {run.model_ids[-1]!r}, and so no match; "
                "call dataset.calculate_evaluation_metrics(model)",
                "",
            )

    def _warn(self, code: str, message: str, near: str) -> None:
        self.warnings.append(f"{code}: {message}" + (f"; did you mean {near!r}?" if near else ""))

    def _unknown(self, node: tree.Path, scope: Scope | None) -> QueryError:
        first = node.segments[0]
        written = self.source[node.start : node.end]
        kind = scope.kind if scope is not None else self.level
        width = first.end - first.start
        home = home_of(first.name) if len(node.segments) == 1 and scope is None else None
        if home is not None and home != kind:
            kinds = {"matches": "iou", "annotations": "ground_truth_only"}
            way = (
                f"query objects of type {kinds.get(home, 'predictions_only')}, or "
                if home not in {"scenes", "items"}
                else ""
            )
            return fault(
                "Q021",
                f"{first.name!r} belongs to {LEVELS[home]}, and this query is about {LEVELS[kind]}",
                self.source,
                first.start,
                width,
                hint=f"{way}write {home}[{first.name} …]",
            )
        names = [name.split(".")[0] for name in fields_of(kind)]
        if scope is None or scope.kind == "items":
            names += ROOTS[self.level]
        if len(node.segments) > 1 and first.name in names:
            below = [name.split(".")[1] for name in fields_of(first.name) if "." in name]
            near = nearest(node.segments[-1].name, below or fields_of(first.name))
            better = f"{first.name}.{near}" if near else ""
        else:
            near = nearest(first.name, names)
            better = near + self.source[first.end : node.end] if near else ""
        key = ".".join(segment.name for segment in node.segments)
        if scope is None and key in self.catalog.item_keys:
            better = f"metadata.{self.source[first.start : node.end]}"
        hint = (
            f"did you mean {better}?  to compare with text, quote it"
            if better
            else (f"fields here: {', '.join(sorted(set(names)))}")
        )
        return fault("Q020", f"unknown field '{written}'", self.source, first.start, width, hint)
