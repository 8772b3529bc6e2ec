"""Queries over the whole grammar, typed well enough that most of them have an answer."""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import strategies as st
from query_vocabulary import DATES, NUMBERS, PATTERNS, TEXTS

from nucleus_lab.query.explain import quoted

Draw = Any
PARAMETERS: dict[str, Any] = {
    "cam": "rear",
    "limit": 50,
    "share": 0.5,
    "yes": True,
    "since": datetime.datetime(2021, 3, 1, 12, tzinfo=datetime.UTC),
    "day": datetime.date(2021, 3, 1),
    "week": datetime.timedelta(days=7),
    "names": ["rear", "front", "50"],
    "mixed": ["true", 50, 0.1, False],
    "none": [],
}
"""Values that generated queries may name."""

_OBJECT_NUMBERS = [
    "area", "confidence", "points", "position.x", "position.y", "position.z", "dimensions.x",
    "dimensions.y", "dimensions.z",
]  # fmt: skip
_OBJECT_TEXTS = ["label", "type", "track", "annotation_id", "taxonomy"]
_METADATA = ["speed", "frame", "flag", "camera", "notes", "captured", "tags", "deep.k", '"Odd key"']


def _of_things(root: str) -> list[str]:
    return [
        f"{root}.metadata.{key}" for key in ("speed", "camera", "tags", "captured")
    ] + [f"{root}.car.speed", f'{root}."traffic light".camera', f"{root}.box.car.tags",
         f'{root}."box".frame']  # fmt: skip


_COUNTS = [
    "annotations.count", "annotations.car", 'annotations."traffic light"', 'annotations."box"',
    "annotations.box.count", "annotations.segmentation.count", "annotations.category.car",
    "annotations.polygon.car", "annotations.unicorn", "annotations.area", "annotations.both",
    "annotations.multicategory", "annotations.segmentation.car", 'annotations."snow ☃"',
    "predictions.count", "predictions.car", "predictions.box.truck", "tracks.count",
    "count(annotations)", "count(annotations.box)", "count(annotations.car)",
]  # fmt: skip
_OF_MATCHES = [
    "matches.count", "matches.tp", "matches.fp", "matches.fn", "matches.precision",
    "matches.recall", "matches.f1",
]  # fmt: skip
_MATCH_NUMBERS = ["iou", "best_iou", "confidence"]
_MATCH_TEXTS = ["category", "match_type", "tide", "tide", "gt_label", "pred_label", "label"]
_MANY_NUMBERS = [
    f"{root}.{name}"
    for root in ("annotations", "predictions")
    for name in _OBJECT_NUMBERS
    if name != "area"
] + ["tracks.length"]
_MANY_TEXTS = [
    f"{root}.{name}" for root in ("annotations", "predictions") for name in _OBJECT_TEXTS
] + ["tracks.label", "tracks.id", "annotations.mood", "annotations.both", "predictions.mood",
     "predictions.model"]  # fmt: skip
_MANY_JSON = [
    *_of_things("annotations"), *_of_things("predictions"), "tracks.metadata.speed",
    "tracks.metadata.camera",
]  # fmt: skip
_ITEM_NUMBERS = ["width", "height", "index", "frame", "item.width"]
_ITEM_TEXTS = ["ref_id", "reference_id", "filename", "url", "sensor", "phash", "item.ref_id"]
_SCORES = [
    "autotag.image.rain", 'autotag.image."night fog"', "autotag.object.sign", "autotag.image.gone",
]  # fmt: skip
_TAGS = ["autotag.image", "autotag.object", "autotag.training.image", "autotag.training.object"]
_OF_SCENE = ["scene.metadata.speed", "scene.metadata.tags", "scene.metadata.camera"]

_ITEM_JSON = [f"metadata.{key}" for key in _METADATA] + [
    "item.metadata.camera", "lat", "lon", "scale_metadata.audit_status",
    "scale_metadata.completed_at", "metadata.absent", *_OF_SCENE,
]  # fmt: skip
_SCENE_JSON = [f"metadata.{key}" for key in _METADATA] + _OF_SCENE + ["items.metadata.camera"]
_ITEM_LEVEL = {
    "number": [
        *_ITEM_NUMBERS, *_COUNTS, *_MANY_NUMBERS, *_SCORES, "scene.length", "scene.frame_rate",
    ],
    "text": [*_ITEM_TEXTS, *_MANY_TEXTS, "slice", *_TAGS, "scene.ref_id", "scene.type"],
    "json": [*_ITEM_JSON, *_MANY_JSON],
    "time": ["created_at", "item.created_at", "scene.created_at"],
}  # fmt: skip


def _level(**more: list[str]) -> dict[str, list[str]]:
    return {kind: [*_ITEM_LEVEL[kind], *more.get(kind, [])] for kind in _ITEM_LEVEL}


_ROW_MATCHES = [f"matches.{name}" for name in _MATCH_NUMBERS]
FIELDS: dict[str, dict[str, list[str]]] = {
    "items": _level(
        number=[*_OF_MATCHES, *_ROW_MATCHES] * 2,
        text=["type", *(f"matches.{name}" for name in _MATCH_TEXTS)],
    ),
    "annotations": _level(number=_OBJECT_NUMBERS * 2, text=_OBJECT_TEXTS * 2),
    "predictions": _level(number=_OBJECT_NUMBERS * 2, text=[*_OBJECT_TEXTS, "model"] * 2),
    "matches": _level(
        number=[*_MATCH_NUMBERS, *_ROW_MATCHES] * 3, text=[*_MATCH_TEXTS, "matches.label"] * 3
    ),
    "scenes": {
        "number": ["length", "frame_rate", "items.count", "items.width", *_COUNTS, *_MANY_NUMBERS],
        "text": ["ref_id", "type", "items.ref_id", "items.sensor", "slice", *_MANY_TEXTS],
        "json": [*_SCENE_JSON, *_MANY_JSON],
        "time": ["created_at", "items.created_at"],
    },
    "[annotations]": {
        "number": _OBJECT_NUMBERS,
        "text": _OBJECT_TEXTS,
        "json": [f"metadata.{key}" for key in _METADATA],
        "time": [],
    },
    "[predictions]": {
        "number": _OBJECT_NUMBERS,
        "text": [*_OBJECT_TEXTS, "model", "model"],
        "json": [f"metadata.{key}" for key in _METADATA],
        "time": [],
    },
    "[matches]": {"number": _MATCH_NUMBERS, "text": _MATCH_TEXTS, "json": [], "time": []},
    "[tracks]": {
        "number": ["length"],
        "text": ["label", "id"],
        "json": [f"metadata.{key}" for key in _METADATA],
        "time": [],
    },
    "[items]": _level(number=_OF_MATCHES, text=["matches.label"]),
}
"""Fields by level, or by what is inside brackets, and by type."""

_VALUES = {
    "label": ["car", "truck", '"traffic light"', "sky", "calm", "both"],
    "type": ["box", "polygon", "segmentation", "category", "cuboid", "image", "lidar", "video"],
    "category": ["tp", "FP", "false_negative", '"true positive"'],
    "tide": ["localisation", "Background", "missed", "both", "duplicate", "classification", "gone"],
    "track": ["t1", "t2", '"T 3"'],
    "slice": ["train", '"hard negatives"', "val", "gone"],
    "model": ["cnn", "vit", "r1", "gone"],
    "mood": ["calm", "car", "navy"],
}


def texts_for(field: str) -> list[str]:
    """Literals that a text field may well equal."""
    name = field.rpartition(".")[2]
    name = {
        "gt_label": "label",
        "pred_label": "label",
        "match_type": "category",
        "id": "track",
    }.get(name, name)
    if field.startswith("autotag"):
        return ["rain", '"night fog"', "sign"]
    return _VALUES.get(name, []) or ['"drive_07/image_1"', "rear", "camera"]


class QueryMaker:
    """Writes one query by drawing choices.

    Args:
        draw: Draws from a strategy.
        level: What the query is about.
    """

    def __init__(self, draw: Draw, level: str) -> None:
        self.draw = draw
        self.level = level

    def pick(self, options: list[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def field(self, kind: str, at: str) -> str:
        known = FIELDS[at][kind]
        return str(self.pick(known)) if known else ""

    # Values -----------------------------------------------------------------------------------

    def number(self, at: str, depth: int = 1) -> str:
        how = self.pick(["field", "field", "json", "sum", "function", "fold", "brackets"])
        if how == "json" and FIELDS[at]["json"]:
            return self.field("json", at)
        if how == "sum" and depth:
            sign = self.pick(["+", "-", "*", "/", "%"])
            right = self.pick(["2", "3", "0.5", "0", "-7", "{limit}"])
            if sign in "+-*" and self.pick([True, False]):
                right = self.number(at, depth - 1)
            text = f"{self.number(at, depth - 1)} {sign} {right}"
            return self.pick([f"({text})", f"-({text})", text])
        if how == "function" and depth:
            return self.function(at, depth)
        if how == "fold" and not at.startswith("["):
            many = self.pick([*_MANY_NUMBERS, *_MANY_JSON, "annotations[label = car].area"])
            return f"{self.pick(['min', 'max', 'sum', 'avg', 'count'])}({many})"
        if how == "brackets" and not at.startswith("["):
            kind = self.brackets(at)
            return f"{kind}[{self.condition(f'[{kind}]', 1)}].count"
        return self.field("number", at)

    def function(self, at: str, depth: int) -> str:
        name = self.pick(["abs", "length", "number", "hash"])
        if name == "abs":
            return f"abs({self.number(at, depth - 1)})"
        kind = self.pick(["text", "json"]) if FIELDS[at]["json"] else "text"
        return f"{name}({self.field(kind, at)})"

    def text(self, at: str) -> str:
        how = self.pick(["field", "field", "field", "lower", "upper", "text"])
        if how == "field":
            return self.field("text", at)
        kind = self.pick(["text", "json"]) if FIELDS[at]["json"] else "text"
        return f"{how}({self.field(kind, at)})"

    def time(self, at: str) -> str:
        known = FIELDS[at]["time"]
        base = self.field("time", at) if known else ""
        if not known or self.pick([True, False]):
            base = f"date({self.field('json', at)})" if FIELDS[at]["json"] else "date(label)"
        how = self.pick(["plain", "plain", "shifted"])
        if how == "shifted":
            return f"{base} {self.pick(['+', '-'])} {self.pick(['1d', '36h', '90m', '0.5w'])}"
        return base

    def literal(self, kind: str) -> str:
        if kind == "number":
            return self.pick([*(f"{each!r}" for each in NUMBERS), "{limit}", "@share"])
        if kind == "time":
            day = ["2021-03-01", "2021-03-01T10:00", "2021-03-02 00:00:00Z", "2024-05-01T23:29:59"]
            return self.pick([*day, "{since}", ":day", "now()", 'date("2021-03-01")'])
        if kind == "json":
            return self.literal(self.pick(["number", "text", "text", "time", "bool"]))
        if kind == "bool":
            return self.pick(["true", "false", '"true"', "{yes}", "1"])
        return self.pick([*map(quoted, TEXTS), "rear", "front", "{cam}", quoted(DATES[0])])

    # Conditions -------------------------------------------------------------------------------

    def brackets(self, at: str) -> str:
        kinds = ["annotations", "annotations", "predictions", "tracks"]
        kinds += {"items": ["matches"], "[items]": [], "scenes": ["items"]}.get(at, [])
        if at == "matches":
            kinds.append("matches")
        return str(self.pick(kinds))

    def condition(self, at: str, depth: int) -> str:
        how = self.pick(
            ["leaf", "leaf", "and", "or", "not", "exists", "and"] if depth else ["leaf"]
        )
        if how in {"and", "or"}:
            parts = [self.condition(at, depth - 1) for _ in range(self.pick([2, 2, 3]))]
            words = {"and": [" AND ", " and ", " && "], "or": [" OR ", " || "]}
            joined = self.pick(words[how]).join(parts)
            return f"({joined})"
        if how == "not":
            return f"{self.pick(['NOT ', '!'])}({self.condition(at, depth - 1)})"
        if how == "exists" and (not at.startswith("[") or at == "[items]"):
            return self.whole(at, depth)
        return self.leaf(at)

    def whole(self, at: str, depth: int) -> str:
        kind = self.brackets(at)
        narrow = self.pick(["", "", ".box", ".car", '."traffic light"', ".polygon.car"])
        name = f"{kind}{narrow if kind in {'annotations', 'predictions'} else ''}"
        how = self.pick(["brackets", "brackets", "bare", "function", "saved", "tail"])
        if how == "brackets":
            return f"{name}[{self.condition(f'[{kind}]', depth - 1)}]"
        if how == "tail":
            field = self.field("number", f"[{kind}]") if kind != "items" else "width"
            inside = self.condition(f"[{kind}]", 0)
            return f"{name}[{inside}].{field} {self.sign()} {self.literal('number')}"
        if how == "function" and at != "scenes":
            return self.pick([
                "near(52.5, 13.4, 20km)", "near(52.6, 13.4, 500m)", "within(50, 13, 53, 14)",
                "within(-20, 170, 60, -170)",
            ])  # fmt: skip
        if how == "saved" and at == "items":
            return self.pick(['saved("rear")', "saved('cars')", 'saved("nested")', 'saved("all")'])
        if kind in {"matches"} and at == "matches":
            return "annotations"
        return self.pick(["", "EXISTS "]) + (kind if narrow.startswith('."') else name.removesuffix(
            ".car"
        ))  # fmt: skip

    def sign(self) -> str:
        return str(self.pick(["=", "!=", "<", "<=", ">", ">=", "==", "<>"]))

    def leaf(self, at: str) -> str:
        kinds = ["number", "number", "text", "text", "json", "json", "json", "time"]
        kind = self.pick([kind for kind in kinds if kind == "time" or FIELDS[at][kind]])
        value = {
            "number": self.number, "text": self.text, "time": self.time,
            "json": lambda at: self.field("json", at),
        }[kind](at)  # fmt: skip
        how = self.pick(["sign", "sign", "sign", "in", "between", "null", "text", "other", "chain"])
        negated = self.pick(["", "", "NOT "])
        if how == "null":
            return self.pick([f"{value} IS {negated}NULL", f"EXISTS {value}"])
        if how == "in":
            return f"{value} {negated}IN {self.listed(kind, value)}"
        if how == "between" and kind != "text":
            low, high = self.literal(kind), self.literal(kind)
            return f"{value} {negated}BETWEEN {low} AND {high}"
        if how == "chain" and kind == "number":
            return f"{self.literal(kind)} {self.pick(['<', '<='])} {value} <= {self.literal(kind)}"
        if how == "text" and kind in {"text", "json"}:
            return f"{value} {negated}{self.text_test(at)}"
        if how == "other":
            other = {"number": self.number, "text": self.text, "time": self.time}.get(kind)
            right = other(at) if other else self.field("json", at)
            return f"{value} {self.sign()} {right}"
        if kind == "text" and not value.startswith(("lower", "upper", "text")):
            return f"{value} {self.pick(['=', '!='])} {self.pick(texts_for(value))}"
        return f"{value} {self.sign()} {self.literal(kind)}"

    def listed(self, kind: str, value: str) -> str:
        if kind in {"text", "json"} and self.pick([True, False, False]):
            return self.pick(["{names}", "{none}"] if kind == "text" else ["{names}", "@mixed"])
        known = texts_for(value) if kind == "text" else []
        one = self.pick(known) if known else self.literal(kind)
        many = [one, *(self.literal(kind) for _ in range(self.pick([0, 1, 2])))]
        if self.pick([False, False, False, True]):
            many = [f"{each}" for each in many] + [""]
        return self.pick(["({})", "[{}]"]).format(", ".join(many))

    def text_test(self, at: str) -> str:
        how = self.pick(["LIKE", "ILIKE", "CONTAINS", "STARTS WITH", "ENDS WITH", "MATCHES", "~"])
        if how not in {"MATCHES", "~"} and self.pick([True, False, False]):
            kind = self.pick(["text", "json"]) if FIELDS[at]["json"] else "text"
            return f"{how} ({self.text(at) if kind == 'text' else self.field(kind, at)})"
        if how in {"MATCHES", "~"}:
            return f"{how} {quoted(self.pick(PATTERNS))}"
        part = self.pick([*TEXTS, "r", "a", "WET", "image_", "Ä"])
        if how in {"LIKE", "ILIKE"}:
            part = self.pick([f"%{part}%", f"{part}%", part, "_%", "%e_r%", "re__"])
        return f"{how} {quoted(part)}"

    # Whole queries ----------------------------------------------------------------------------

    def order(self, at: str) -> str:
        kind = self.pick(["number", "number", "text", "json", "time"])
        make = {"number": self.number, "text": self.text, "time": self.time}.get(kind)
        value = make(at) if make else self.field("json", at)
        way = self.pick(["", " ASC", " DESC", " DESC"])
        return f"{value}{way}{self.pick(['', '', ' NULLS FIRST', ' NULLS LAST'])}"

    def query(self) -> str:
        """Write a query: a condition, and now and then an order and a page."""
        parts = [self.condition(self.level, self.pick([0, 1, 1, 2]))]
        if self.pick([0, 1, 2]) == 0:
            keys = ", ".join(self.order(self.level) for _ in range(self.pick([1, 1, 2])))
            parts.append(f"ORDER BY {keys}")
        if self.pick([0, 1, 2, 3]) == 0:
            parts.append(self.pick(["LIMIT 2", "LIMIT 3 OFFSET 1", "OFFSET 1", "SAMPLE 3 SEED 7"]))
        return " ".join(parts)


@st.composite
def queries(draw: Draw, level: str) -> str:
    """A query about rows of a level."""
    return QueryMaker(draw, level).query()


@st.composite
def conditions(draw: Draw, level: str, depth: int = 1) -> str:
    """A condition about rows of a level."""
    return QueryMaker(draw, level).condition(level, depth)
