"""The fields of plain records: their types, and where their values are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plain_records import Item, Match, Records, Scene, Thing, Track

from nucleus_lab import identifiers


@dataclass(frozen=True)
class Field:
    """One field: ``get`` gives its value, ``every`` all of them where a record has several.

    ``same`` says what a text equals, where that is more than the text itself; ``open`` fields take
    further keys.
    """

    kind: str
    get: Callable[[Any], Any]
    every: Callable[[Any], list[Any]] | None = None
    same: Callable[[Any, str], bool] | None = None
    open: bool = False


def shown_type(each: Thing) -> str:
    return "segmentation" if each.type == "mask" else each.type


def area(each: Thing) -> float | None:
    """Square pixels of a box, and of a polygon by the shoelace formula."""
    if each.type == "box" and each.width is not None and each.height is not None:
        return each.width * each.height
    if each.type != "polygon":
        return None
    corners = each.vertices
    turned = [*corners[1:], *corners[:1]]
    pairs = zip(corners, turned, strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2 if corners else None


def _axis(name: str, fixed: float) -> dict[str, Field]:
    box = {"position": ("x", "y"), "dimensions": ("width", "height")}[name]

    def reader(axis: str, attribute: str) -> Callable[[Thing], float | None]:
        def get(each: Thing) -> float | None:
            if each.type not in {"box", "cuboid"} or (axis == "z" and each.type == "box"):
                return None
            return fixed if axis == "z" else getattr(each, attribute)

        return get

    pairs = zip("xyz", (*box, ""), strict=True)
    return {f"{name}.{axis}": Field("number", reader(axis, at)) for axis, at in pairs}


def filename(item: Item) -> str:
    return item.location.replace("\\", "/").rpartition("/")[2]


def _category_is(row: Match, text: str) -> bool:
    short = {"true": "t", "false": "f", "positive": "p", "negative": "n"}
    words = text.lower().replace("_", " ").split(" ")
    return row.category == (
        "".join(short.get(word, "?") for word in words) if len(words) == 2 else text.lower()
    )


def _label(side: Thing | None) -> str | None:
    return None if side is None else side.label


def fields_of(records: Records, threshold: float | None = None) -> dict[str, dict[str, Field]]:
    """Return the fields of a dataset by kind of row; matches are read at the threshold."""

    def public(prefix: str) -> Field:
        return Field("text", lambda each: identifiers.encode(prefix, each.id))

    def length(track: Track) -> int:
        def moment(item: Item) -> Any:
            return item.id if item.scene is None else (item.scene.id, item.frame or 0)

        shown = [each.item for each in records.track_objects(track) if each.item]
        return len({moment(item) for item in shown})

    def track_labels(track: Track) -> list[str]:
        return sorted({each.label for each in records.track_objects(track) if each.label})

    runs = {run.id: run.names for run in records.runs}
    reference = Field("text", lambda each: each.ref)
    meta = Field("json", lambda each: each.metadata or {}, open=True)
    created = Field("time", lambda each: each.created_at // 1000)
    things = {
        "label": Field("text", lambda each: each.label, lambda each: each.all_labels),
        "type": Field("text", shown_type, same=lambda each, text: text == shown_type(each)),
        "area": Field("number", area),
        "track": Field("text", lambda each: each.track),
        "points": Field("number", lambda each: each.points),
        "annotation_id": Field("text", lambda each: each.name),
        "taxonomy": Field("text", lambda each: each.taxonomy),
        **_axis("position", 1),
        **_axis("dimensions", 2.5),
        "metadata": meta,
    }
    return {
        "items": {
            "ref_id": reference,
            "reference_id": reference,
            "id": public(identifiers.ITEM),
            "filename": Field("text", filename),
            "url": Field("text", lambda each: each.location),
            "type": Field("text", lambda each: each.kind),
            **{name: Field("number", _attribute(name)) for name in ("width", "height", "frame")},
            "index": Field("number", lambda each: each.index),
            "sensor": Field("text", lambda each: each.sensor),
            "created_at": created,
            "phash": Field("text", lambda each: each.phash),
            "lat": Field("json", lambda each: _either(each, "lat", "latitude")),
            "lon": Field("json", lambda each: _either(each, "lon", "longitude")),
            "metadata": meta,
            "scale_metadata": Field(
                "json", lambda each: each.metadata.get("scale_metadata"), open=True
            ),
        },
        "annotations": {
            **things,
            "id": public(identifiers.ANNOTATION),
            "confidence": Field("number", lambda _: None),
        },
        "predictions": {
            **things,
            "id": public(identifiers.PREDICTION),
            "confidence": Field("number", lambda each: each.confidence),
            "model": Field(
                "text",
                lambda each: runs[each.run][1],
                same=lambda each, text: (
                    text in [identifiers.encode(identifiers.MODEL, each.run), *runs[each.run]]
                ),
            ),
        },
        "matches": {
            "iou": Field("number", lambda each: each.iou),
            "best_iou": Field("number", lambda each: each.best),
            "category": Field("text", lambda each: each.category, same=_category_is),
            "match_type": Field("text", lambda each: each.category, same=_category_is),
            "tide": Field(
                "text",
                lambda each: each.tide(threshold),
                same=lambda each, text: (
                    each.tide(threshold) == text.lower().replace("isation", "ization")
                ),
            ),
            "gt_label": Field("text", lambda each: _label(each.truth)),
            "pred_label": Field("text", lambda each: _label(each.prediction)),
            "label": Field("text", lambda each: _label(each.truth) or _label(each.prediction)),
            "confidence": Field("number", lambda each: each.confidence),
        },
        "scenes": {
            "ref_id": reference,
            "reference_id": reference,
            "id": public(identifiers.SCENE),
            "type": Field("text", lambda each: each.type),
            "length": Field("number", _frames),
            "frame_rate": Field("number", lambda each: each.frame_rate),
            "created_at": created,
            "metadata": meta,
        },
        "tracks": {
            "label": Field("text", lambda each: next(iter(track_labels(each)), None), track_labels),
            "length": Field("number", length),
            "reference_id": reference,
            "id": reference,
            "metadata": meta,
        },
        "slices": {
            "name": Field("text", lambda name: name),
            "id": Field(
                "text", lambda name: identifiers.encode(identifiers.SLICE, records.slices[name])
            ),
        },
        "autotags": {
            "name": Field("text", lambda pair: pair[0]),
            "score": Field("number", lambda pair: pair[1]),
        },
        "examples": {
            "name": Field("text", lambda pair: pair[0]),
            "training": Field("bool", lambda pair: pair[1]),
        },
    }


def _attribute(name: str) -> Callable[[Any], Any]:
    return lambda each: getattr(each, name)


def _either(item: Item, *keys: str) -> tuple[Any, ...]:
    """Two keys that mean one thing; the first that fits counts."""
    return tuple(item.metadata.get(key) for key in keys)


def _frames(scene: Scene) -> int:
    return len({item.frame for item in scene.items if item.frame is not None})


def below(value: Any, keys: list[str]) -> Any:
    """Follow keys into metadata."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
