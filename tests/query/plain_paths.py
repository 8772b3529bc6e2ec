"""What a path of a query means over plain records: which objects it reaches, and their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from plain_fields import Field, below, fields_of
from plain_records import Item, Records, Scene, Thing
from plain_values import Given, Refused

from nucleus_lab.query import tree

OBJECTS = {"annotations", "predictions", "matches"}
TWINS = {"audit_status": "task_audit_status", "task_audit_status": "audit_status"}
Segments = tuple[tree.Segment, ...]


@dataclass(frozen=True)
class Reach:
    """A collection that a path reaches: its objects hang on the row, or on ``inside``."""

    kind: str
    detail: tuple[str, ...] = ()
    every_run: bool = False


@dataclass(frozen=True)
class Env:
    """The row, the object of the brackets around, and the objects chosen so far."""

    row: dict[str, Any]
    inside: tuple[str, Any] | None = None
    chosen: dict[Reach, Any] = field(default_factory=dict)

    def choosing(self, chosen: dict[Reach, Any]) -> Env:
        return replace(self, chosen={**self.chosen, **chosen})


Test = Callable[[Env], bool]
ObjectTest = Callable[[Env, Any], bool]


@dataclass(frozen=True)
class Read:
    """A value of a query.

    ``sources`` are where it may be found, in order; ``values`` all that a comparison may meet.
    ``leaves`` are the collections that its parts speak about one object of, ``None`` for a part
    that does not; ``reaches`` are all that an object has to be chosen of, with the tests it passes.
    """

    kind: str
    sources: Callable[[Env], list[Any]]
    values: Callable[[Env], list[Any]]
    leaves: tuple[Reach | None, ...] = (None,)
    reaches: tuple[Reach, ...] = ()
    where: tuple[Test, ...] = ()
    given: Given | None = None
    same: Callable[[Env, str], bool] | None = None
    counts: bool = False


@dataclass(frozen=True)
class Some:
    """A collection that stands as a condition; ``weight`` is how often an object counts."""

    reach: Reach
    test: ObjectTest
    weight: Callable[[Any], int] = lambda _: 1


def number_read(of: Callable[[Env], Any], **more: Any) -> Read:
    """A number that is computed."""

    def values(env: Env) -> list[Any]:
        value = of(env)
        return [] if value is None else [value]

    return Read(more.pop("kind", "number"), values, values, **more)


class PathReader:
    """Reads paths of one query; ``level`` says what a row is."""

    source = ""

    def __init__(
        self,
        records: Records,
        level: str,
        run: int | None = None,
        threshold: float | None = None,
    ) -> None:
        self.records, self.level, self.threshold = records, level, threshold
        self.run = run
        if run is None and len(records.runs) == 1:
            self.run = records.runs[0].id
        self.fields = fields_of(records, threshold)

    def condition_test(self, node: tree.Expression, kind: str) -> ObjectTest:
        """Read what stands in brackets; the deriving class does."""
        raise NotImplementedError

    # Objects ----------------------------------------------------------------------------------

    def need_run(self) -> None:
        if self.run is None:
            raise Refused("Q022")

    def objects_of(self, reach: Reach, env: Env) -> list[Any]:
        """List the objects of a collection."""
        outer = env.inside[1] if env.inside is not None else None
        base = outer if outer is not None else env.row.get("items") or env.row[self.level]
        own = outer if outer is not None else env.row[self.level]
        if reach.kind in {"annotations", "predictions"}:
            owners = [*base.items, base] if isinstance(base, Scene) else [base]
            found = [each for owner in owners for each in getattr(owner, reach.kind)]
            return found if reach.kind == "annotations" or reach.every_run else [
                each for each in found if each.run == self.run
            ]  # fmt: skip
        if reach.kind == "matches":
            items = base.items if isinstance(base, Scene) else [base]
            return [
                row for each in items
                for row in self.records.matches_at(each, self.run or -1, self.threshold)
            ]  # fmt: skip
        if reach.kind == "tracks":
            return self._tracks(base)
        if reach.kind == "items":
            return list(base.items)
        if reach.kind == "scenes":
            return [] if base.scene is None else [base.scene]
        if reach.kind == "slices":
            both = [own, base] if isinstance(own, Thing) else [base]
            return list(dict.fromkeys(name for each in both for name in each.slices))
        return self._tagged(reach, base, own)

    def _tracks(self, base: Item | Scene) -> list[Any]:
        if isinstance(base, Scene):
            shown = [each for item in base.items for each in item.annotations] + base.annotations
            names = {each.track for each in shown} | set(base.tracks)
        else:
            names = {each.track for each in base.annotations}
        return [each for each in self.records.tracks if each.ref in names]

    def _tagged(self, reach: Reach, base: Item, own: Any) -> list[Any]:
        level, *tag = reach.detail
        attribute = "scores" if reach.kind == "autotags" else "examples"
        holders: list[Any] = [base]
        if level == "object":
            holders = [own] if isinstance(own, Thing) else [*base.annotations, *base.predictions]
        pairs = [pair for each in holders for pair in getattr(each, attribute).items()]
        return [pair for pair in pairs if not tag or pair[0] == tag[0]]

    def objects(
        self, kind: str, node: tree.Path, inside: str | None, wanted: str | None
    ) -> Read | Some:
        """Read a path into annotations, predictions or matches; the deriving class does."""
        raise NotImplementedError

    # Fields -----------------------------------------------------------------------------------

    def field_read(
        self,
        kind: str,
        names: list[str],
        of: Callable[[Env], Any],
        **more: Any,
    ) -> Read | None:
        """Read a field of what ``of`` gives; ``None`` when there is none of that name."""
        known = self.fields[kind]
        for length in (2, 1):
            found = known.get(".".join(names[:length]))
            keys = names[length:]
            if found is None or len(names) < length or bool(keys) != found.open:
                continue
            return self._field(found, names[0], keys, of, more)
        return None

    def _field(
        self, found: Field, name: str, keys: list[str], of: Callable[[Env], Any], more: Any
    ) -> Read:
        def sources(env: Env) -> list[Any]:
            owner = of(env)
            if owner is None:
                return []
            value = found.get(owner)
            if name == "scale_metadata" and len(keys) == 1 and keys[0] in TWINS:
                return [below(value, keys), below(value, [TWINS[keys[0]]])]
            if found.open:
                return [below(value, keys)]
            return list(value) if isinstance(value, tuple) else [value]

        def values(env: Env) -> list[Any]:
            owner = of(env)
            if owner is not None and found.every is not None:
                return found.every(owner)
            spread: list[Any] = []
            for value in sources(env):
                spread += value if isinstance(value, list) else [value]
            return [value for value in spread if value is not None]

        same = found.same
        if same is not None:

            def equals(env: Env, text: str) -> bool:
                owner = of(env)
                return owner is not None and same(owner, text)

            more["same"] = equals
        return Read(found.kind, sources, values, **more)

    def of_object(
        self,
        reach: Reach,
        names: list[str],
        where: tuple[ObjectTest, ...] = (),
        *,
        joins: bool = True,
    ) -> Read:
        """A property of one object of a collection, whichever is chosen."""
        tests = tuple((lambda env, each=each: each(env, env.chosen[reach])) for each in where)
        read = self.field_read(
            reach.kind,
            names,
            lambda env: env.chosen[reach],
            leaves=(reach if joins else None,),
            reaches=(reach,),
            where=tests,
        )
        if read is None:
            raise Refused("Q020")
        return read

    def of_row(self, kind: str, names: list[str], where: tuple[ObjectTest, ...] = ()) -> Read:
        """A property of an object that belongs to the row itself; there may be none."""

        def test(env: Env, each: ObjectTest) -> bool:
            return env.row[kind] is not None and each(env, env.row[kind])

        tests = tuple((lambda env, each=each: test(env, each)) for each in where)
        read = self.field_read(kind, names, lambda env: env.row[kind], where=tests)
        if read is None:
            raise Refused("Q020")
        return read

    # Paths ------------------------------------------------------------------------------------

    def bare(self, node: tree.Path, inside: str | None) -> Read | None:
        """A field of the row, or of the object of the brackets around."""
        if node.filter is not None or node.segments[0].quoted:
            return None
        names = [each.name for each in node.segments]
        if inside is not None:
            return self.field_read(inside, names, lambda env: env.inside and env.inside[1])
        kinds = [self.level, "items"] if self.level != "scenes" else ["scenes"]
        if names[0] == "metadata":
            kinds = [] if self.level == "scenes" else ["items"]
        for kind in dict.fromkeys(kinds):
            read = self.field_read(kind, names, lambda env, kind=kind: env.row[kind])
            if read is not None:
                return read
        return None

    def path(  # noqa: C901 - one line for each root
        self, node: tree.Path, inside: str | None, wanted: str | None
    ) -> Read | Some:
        """Give a path its meaning; ``wanted`` is what it is compared with."""
        found = self.bare(node, inside)
        if found is not None:
            return found
        root, rest = node.segments[0], node.segments[1:]
        level = "items" if inside == "items" else self.level
        if root.quoted or inside not in {None, "items"}:
            raise Refused("Q020")
        names = [each.name for each in rest]
        if root.name == "matches" and level == "matches" and node.filter is None:
            return self.of_row("matches", names)
        if root.name in OBJECTS and not (root.name == "matches" and level in _NO_MATCHES):
            return self.objects(root.name, node, inside, wanted)
        if root.name == "tracks" or (root.name == "items" and level == "scenes"):
            return self.members(Reach(root.name), (), node, rest, joins=root.name == "tracks")
        if root.name in {"slice", "slices"}:
            return self.of_object(Reach("slices"), names or ["name"], joins=False)
        if root.name == "autotag" and level != "scenes":
            return self._autotag(names)
        if root.name == "item" and level != "scenes":
            read = self.field_read("items", names, _inner if inside else lambda e: e.row["items"])
        elif root.name == "scene" and level == "scenes":
            read = self.field_read("scenes", names, lambda env: env.row["scenes"])
        elif root.name == "scene":
            return self.of_object(Reach("scenes"), names, joins=False)
        elif level == "scenes" and root.name == "metadata":
            return self.of_object(Reach("items"), ["metadata", *names], joins=False)
        else:
            read = None
        if read is None:
            raise Refused("Q020")
        return read

    def members(
        self,
        reach: Reach,
        where: tuple[ObjectTest, ...],
        node: tree.Path,
        rest: Segments,
        *,
        joins: bool,
    ) -> Read | Some:
        """A collection, with brackets or without: a condition, a count or a property."""
        if node.filter is not None:
            where = (*where, self.condition_test(node.filter, reach.kind))
            rest, joins = node.tail, False
            # Other brackets speak about another object, the same ones about the same.
            written = self.source[node.start : node.filter.end]
            reach = replace(reach, detail=(*reach.detail, written))
        collection = Some(reach, lambda env, each: all(test(env, each) for test in where))
        if not rest:
            return collection
        if len(rest) == 1 and rest[0].name == "count" and not rest[0].quoted:
            return self.counted(collection)
        return self.of_object(reach, [each.name for each in rest], where, joins=joins)

    def counted(self, some: Some) -> Read:
        def count(env: Env) -> int:
            found = self.objects_of(some.reach, env)
            return sum(some.weight(each) for each in found if some.test(env, each))

        return number_read(count, counts=True)

    def _autotag(self, names: list[str]) -> Read:
        training = names[0] == "training" or names[2:] == ["training"]
        level, *tag = [name for name in names if name != "training"]
        reach = Reach("examples" if training else "autotags", (level, *tag))
        if tag:
            return self.of_object(reach, ["training" if training else "score"], joins=False)

        def chosen(_: Env, pair: Any) -> bool:
            return bool(pair[1] is True if training else pair[1] > 0)

        return self.of_object(reach, ["name"], (chosen,), joins=False)


_NO_MATCHES = {"annotations", "predictions", "scenes"}


def _inner(env: Env) -> Any:
    return env.inside and env.inside[1]
