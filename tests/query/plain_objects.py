"""What a name after ``annotations.``, ``predictions.`` or ``matches.`` means over plain records."""

from __future__ import annotations

from typing import Any

from plain_paths import Env, ObjectTest, PathReader, Reach, Read, Some, number_read
from plain_records import Thing

from nucleus_lab.query import tree

GEOMETRIES = {
    "box": {"box"},
    "polygon": {"polygon"},
    "segmentation": {"mask"},
    "category": {"category", "multicategory"},
    "cuboid": {"cuboid"},
    "line": {"line"},
    "keypoints": {"keypoints"},
}
_SIDES = {"matches": ("annotations", "predictions")}
_PROPERTIES = {
    "label", "type", "area", "track", "points", "annotation_id", "id", "taxonomy", "confidence",
    "model",
}  # fmt: skip


class ObjectReader(PathReader):
    """Reads the paths that reach into annotations, predictions and matches."""

    def objects(
        self, kind: str, node: tree.Path, inside: str | None, wanted: str | None
    ) -> Read | Some:
        every_run = kind == "predictions" and node.filter is not None and _names_model(node.filter)
        if kind != "annotations" and not every_run:
            self.need_run()
        reach = Reach(kind, every_run=every_run)
        rest = node.segments[1:]
        where: tuple[ObjectTest, ...] = ()
        types: set[str] = set()
        if rest and not rest[0].quoted and rest[0].name in GEOMETRIES and kind != "matches":
            types, rest = GEOMETRIES[rest[0].name], rest[1:]
            where = (lambda _, each: each.type in types,)
        if node.filter is not None:
            if rest:
                name = rest[0].name
                where = (*where, lambda _, each: name in each.all_labels)
            return self.members(reach, where, node, (), joins=False)
        if not rest:
            return Some(reach, lambda env, each: all(test(env, each) for test in where))
        head = rest[0]
        if head.name == "count" and not head.quoted:
            return self._count(reach, types, None)
        if kind == "matches":
            return self._of_matches(reach, [each.name for each in rest])
        names = [each.name for each in rest]
        known = head.name in self.records.classes or head.name in self.records.taxonomies
        reserved = head.name in {"metadata", "position", "dimensions"}
        if not head.quoted and (reserved or (head.name in _PROPERTIES and not known)):
            return self._property(reach, names, where, inside)
        return self._class(reach, types, where, names, inside, wanted)

    def _property(self, reach: Reach, names: list[str], where: Any, inside: str | None) -> Read:
        if inside is None and reach.kind in {self.level, *_SIDES.get(self.level, ())}:
            return self.of_row(reach.kind, names, where)
        return self.of_object(reach, names, where)

    def _class(
        self, reach: Reach, types: set[str], where: Any, names: list[str], inside: Any, wanted: Any
    ) -> Read:
        name = names[0]
        is_class = name in self.records.classes
        is_taxonomy = name in self.records.taxonomies and not types
        if len(names) > 1:
            where = (*where, lambda _, each: name in each.all_labels)
            return self._property(reach, ["metadata", *names[1:]], where, inside)
        as_text = wanted == "text" and not types and (is_taxonomy or not is_class)
        if as_text or (is_taxonomy and not is_class):
            where = (lambda _, each: each.taxonomy == name,)
            return self._property(reach, ["label"], where, inside)
        return self._count(reach, types, name)

    def _count(self, reach: Reach, types: set[str], label: str | None) -> Read:
        if reach.kind == "matches":
            return self.counted(Some(reach, lambda *_: True))

        def test(_: Env, each: Thing) -> bool:
            fits = each.type in types or (
                not types and (label is not None or each.type not in GEOMETRIES["category"])
            )
            return fits and (label is None or label in each.all_labels)

        def weight(each: Thing) -> int:
            if each.type != "mask":
                return 1
            return sum(label in {None, name} for name in each.labels)

        return self.counted(Some(reach, test, weight))

    def _of_matches(self, reach: Reach, names: list[str]) -> Read:
        name = names[0] if len(names) == 1 else ""

        def rows(env: Env) -> tuple[int, int, int]:
            found = self.objects_of(reach, env)
            right = sum(each.category == "tp" for each in found)
            made = sum(each.prediction is not None and _has_label(each.prediction)
                       for each in found)  # fmt: skip
            there = sum(each.truth is not None and _has_label(each.truth) for each in found)
            return right, made, there

        def rate(env: Env) -> float | None:
            right, made, there = rows(env)
            top, bottom = {"precision": (right, made), "recall": (right, there)}.get(
                name, (2 * right, made + there)
            )
            return top / bottom if bottom else None

        if name in {"tp", "fp", "fn"}:
            return self.counted(Some(reach, lambda _, each: each.category == name))
        if name in {"precision", "recall", "f1"}:
            return number_read(rate)
        return self.of_object(reach, names)


def _has_label(side: Thing) -> bool:
    return side.label is not None


def _names_model(node: tree.Expression) -> bool:
    """Tell whether a condition in brackets chooses model runs itself."""
    if isinstance(node, tree.Path):
        return [each.name for each in node.segments] == ["model"]
    parts = [*getattr(node, "parts", ()), *getattr(node, "operands", ())]
    parts += [getattr(node, name, None) for name in ("part", "operand", "left", "right")]
    return any(_names_model(each) for each in parts if each is not None)
