"""Functions about places, saved queries and likeness, such as ``near`` and ``saved``."""

from __future__ import annotations

import math
from typing import Final

from nucleus_lab.errors import QueryError
from nucleus_lab.query import bound, tree
from nucleus_lab.query.bound import BoundCondition, BoundValue, Constant, FieldValue, Scope
from nucleus_lab.query.faults import fault, nearest
from nucleus_lab.query.fields import fields_of
from nucleus_lab.query.object_paths import ObjectPathReader
from nucleus_lab.query.parse import parse
from nucleus_lab.query.scores import SIMILARITY, Refusal
from nucleus_lab.query.tokens import MILLISECONDS

EARTH: Final = 6_371_008.8
"""Mean radius in metres, of the haversine formula."""

CONDITION_FUNCTIONS: Final = {"near": 3, "within": 4, "saved": 1}
"""Names and numbers of arguments."""


class ConditionFunctionReader(ObjectPathReader):
    """Reads functions that stand where a condition does."""

    def value(self, node: tree.Expression, scope: Scope | None, wanted: str | None) -> BoundValue:
        """Read a value; the deriving class provides it.

        Args:
            node: The value.
            scope: Object that it is about, inside brackets.
            wanted: ``text`` or ``number``: what it is compared with.

        Raises:
            NotImplementedError: This part cannot read values.
        """
        raise NotImplementedError

    def condition_function(self, node: tree.Function, scope: Scope | None) -> BoundCondition:
        """Read a call of one of :data:`CONDITION_FUNCTIONS`.

        Args:
            node: The call.
            scope: Object that it is about, inside brackets.

        Returns:
            The condition.

        Raises:
            QueryError: Its arguments do not fit, or there is no such saved query.
        """
        wanted = CONDITION_FUNCTIONS[node.name]
        if len(node.arguments) != wanted:
            raise fault(
                "Q010",
                f"{node.name}() takes {wanted} value{'s' * (wanted != 1)}, "
                f"found {len(node.arguments)}",
                self.source,
                node.start,
                node.end - node.start,
            )
        if node.name == "saved":
            return self._saved(node, scope)
        return self._near(node, scope) if node.name == "near" else self._within(node, scope)

    # Places on the earth ----------------------------------------------------------------------

    def _item_of(self, node: tree.Function, scope: Scope | None) -> Scope:
        """Return the item that a function speaks about."""
        inside = scope is not None and scope.kind == "items"
        row = scope if inside else self.rows.get("items")
        if row is None or (scope is not None and not inside):
            raise fault(
                "Q021",
                f"{node.name}() speaks about items",
                self.source,
                node.start,
                len(node.name),
                hint=f"write items[{self.source[node.start : node.end]}]",
            )
        return row

    def _coordinate(self, name: str, node: tree.Function, scope: Scope | None) -> FieldValue:
        row = self._item_of(node, scope)
        return FieldValue(row, fields_of("items")[name], (), name, (node.start, node.end))

    def _number(self, node: tree.Expression, low: float, high: float, what: str) -> Constant:
        value = self.value(node, None, "number")
        start, width = node.start, node.end - node.start
        if isinstance(value, bound.Call) and value.function == "negate":
            inner = value.arguments[0]
            if isinstance(inner, Constant) and inner.kind == "number":
                value = Constant("number", -inner.value, f"-{inner.text}", value.place)
        if not isinstance(value, Constant) or value.kind != "number":
            raise fault("Q030", f"{what} is a number", self.source, start, width)
        if not low <= value.value <= high:
            raise fault(
                "Q030", f"{what} is between {low:g} and {high:g}", self.source, start, width
            )
        return Constant("number", float(value.value), value.text, value.place)

    def _near(self, node: tree.Function, scope: Scope | None) -> BoundCondition:
        latitude = self._number(node.arguments[0], -90, 90, "a latitude")
        longitude = self._number(node.arguments[1], -180, 180, "a longitude")
        radius = self._metres(node.arguments[2])
        place = (node.start, node.end)
        lat, lon = (self._coordinate(name, node, scope) for name in ("lat", "lon"))
        reach = math.degrees(float(radius.value) / EARTH) * 1.000001 + 1e-9
        ends = [
            Constant("number", float(latitude.value) + side * reach, "", place) for side in (-1, 1)
        ]
        band = bound.Test((ends[0], lat, ends[1]), ("<=", "<="), place)  # cheap, leaves few rows
        distance = bound.Call("distance", (lat, lon, latitude, longitude), place)
        close = bound.Test((distance, radius), ("<=",), place)
        return bound.Named(self.source[node.start : node.end], bound.All((band, close)))

    def _metres(self, node: tree.Expression) -> Constant:
        place = (node.start, node.end)
        if isinstance(node, tree.Duration) and node.unit in {"km", "m"}:
            amount = node.amount * (1000 if node.unit == "km" else 1)
            return Constant("number", float(amount), f"{amount:g}", place)
        if isinstance(node, tree.Duration) and node.unit in MILLISECONDS:
            raise fault(
                "Q030",
                "a radius is a distance",
                self.source,
                node.start,
                node.end - node.start,
                hint="write 500m or 5km",
            )
        return self._number(node, 0, 1e9, "a radius in metres")

    def _within(self, node: tree.Function, scope: Scope | None) -> BoundCondition:
        place = (node.start, node.end)
        limits = (90, 180, 90, 180)
        names = ("south", "west", "north", "east")
        south, west, north, east = (
            self._number(argument, -limit, limit, name)
            for argument, limit, name in zip(node.arguments, limits, names, strict=True)
        )
        lat, lon = (self._coordinate(name, node, scope) for name in ("lat", "lon"))
        tall = bound.Test((south, lat, north), ("<=", "<="), place)
        wide: BoundCondition = bound.Test((west, lon, east), ("<=", "<="), place)
        if west.value > east.value:  # across the 180th meridian
            wide = bound.AnyOf((
                bound.Test((lon, west), (">=",), place),
                bound.Test((lon, east), ("<=",), place),
            ))
        return bound.Named(self.source[node.start : node.end], bound.All((tall, wide)))

    def similarity(self, node: tree.Function, scope: Scope | None) -> FieldValue:
        """Read ``similarity(…)`` and ``text_similarity(…)``.

        Args:
            node: The call, with one argument.
            scope: Object that it is about, inside brackets.

        Returns:
            The score of the item.

        Raises:
            QueryError: There is no index, no such item, or nothing that embeds words.
        """
        row = self._item_of(node, scope)
        argument = node.arguments[0]
        start, width = argument.start, argument.end - argument.start
        given = self.value(argument, None, "text")
        if not isinstance(given, Constant) or given.kind not in {"text", "number"}:
            what = "a reference id" if node.name == "similarity" else "words"
            raise fault("Q030", f"{node.name}() takes {what}, in quotes", self.source, start, width)
        self.momentary = True
        found = self.catalog.scores(node.name, given.text)
        if isinstance(found, Refusal):
            raise fault(found.code, found.message, self.source, start, width, found.hint)
        written = self.source[node.start : node.end]
        path = (node.name, given.text)
        return FieldValue(row, SIMILARITY, path, written, (node.start, node.end))

    # Saved queries ----------------------------------------------------------------------------

    def _saved(self, node: tree.Function, scope: Scope | None) -> BoundCondition:
        argument = node.arguments[0]
        start, width = argument.start, argument.end - argument.start
        given = self.value(argument, None, "text")
        if not isinstance(given, Constant) or given.kind != "text":
            raise fault("Q030", "saved() takes a name", self.source, start, width)
        name = given.text
        if name in self.saving:
            chain = " → ".join([*self.saving, name])
            raise fault("Q041", f"saved queries go in a circle: {chain}", self.source, start, width)
        text = self.catalog.saved(name)
        if text is None:
            known = self.catalog.saved_names
            near = nearest(name, known)
            listed = f"saved are {', '.join(known[:8])}" if known else "save one with --save NAME"
            raise fault(
                "Q041",
                f"there is no saved query named {name!r}",
                self.source,
                start,
                width,
                hint=f"did you mean {near!r}?" if near else listed,
            )
        self.saving.append(name)
        start_of_text = len(self.source) + 1
        try:
            query = parse(" " * start_of_text + text)
            # Behind the query, so that every place in the text stays the place of one name.
            self.source = f"{self.source}\n{text}"
            return self._inside(query, scope)
        except QueryError as refusal:
            message = str(refusal).splitlines()[0].partition(": ")[2]
            code = str(refusal.details.get("query_code", "Q041"))
            raise fault(
                code, f"in saved query {name!r}: {message}", self.source, start, width
            ) from refusal
        finally:
            self.saving.pop()

    def _inside(self, query: tree.Query, scope: Scope | None) -> BoundCondition:
        return self.condition(query.condition, scope) if query.condition else bound.All(())
