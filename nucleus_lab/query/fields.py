"""Every queryable field: one row says where it lives, what it is called, its type and its source.

A new field is a new row. ``source`` names a column, or a builder of
:mod:`nucleus_lab.query.sources`; a builder of kind ``json`` takes the rest of the path as keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from nucleus_lab.query.bound import Kind


class Field(msgspec.Struct, frozen=True):
    """One queryable property of a row.

    Attributes:
        scope: Kind of row it belongs to.
        name: Path as written, with dots.
        kind: Type of its values; ``json`` when each value has its own.
        source: Column of the table, or ``@`` and the name of a builder.
        open: Keys may follow the name.
        description: What it is, for help and completion.
        values: The texts that it may have, each with a line about it; empty where any may be.
        names: Other ways to write them, and the values themselves, in small letters; empty where
            only the value itself equals it.
    """

    scope: str
    name: str
    kind: Kind
    source: str
    open: bool = False
    description: str = ""
    values: Mapping[str, str] = {}
    names: Mapping[str, str] = {}


CATEGORIES: Final = {
    "tp": "tp",
    "true_positive": "tp",
    "true positive": "tp",
    "fp": "fp",
    "false_positive": "fp",
    "false positive": "fp",
    "fn": "fn",
    "false_negative": "fn",
    "false negative": "fn",
}
"""Ways to write what became of a row of an evaluation."""
ERRORS: Final = {
    "localization": "localization",
    "localisation": "localization",
    "classification": "classification",
    "both": "both",
    "duplicate": "duplicate",
    "background": "background",
    "missed": "missed",
}
"""Ways to write an error of TIDE."""
_CATEGORY: Final = {"tp": "true", "fp": "false", "fn": "missed"}
_ERROR: Final = {
    "localization": "right class, box too far off",
    "classification": "box fits, wrong class",
    "both": "wrong class, box too far off",
    "duplicate": "fits an annotation that another prediction has",
    "background": "overlaps nothing",
    "missed": "an annotation that no prediction is about",
}

_OBJECT: Final = [
    ("label", "text", "@label", "class"),
    ("type", "text", "@type", "box, polygon, line, keypoints, cuboid, category, segmentation …"),
    ("area", "number", "@area", "square pixels of a box or a polygon"),
    ("track", "text", "track_reference_id", "name of the track"),
    ("points", "number", "@points", "lidar points inside a cuboid"),
    ("annotation_id", "text", "annotation_id", "the uploader's id"),
    ("id", "text", "@object_id", "public id"),
    ("taxonomy", "text", "@taxonomy", "taxonomy of a category"),
    ("position.x", "number", "@position", "left edge of a box; centre of a cuboid"),
    ("position.y", "number", "@position", "top edge of a box; centre of a cuboid"),
    ("position.z", "number", "@position", "centre of a cuboid"),
    ("dimensions.x", "number", "@dimensions", "width"),
    ("dimensions.y", "number", "@dimensions", "height"),
    ("dimensions.z", "number", "@dimensions", "height of a cuboid"),
]

FIELDS: Final[tuple[Field, ...]] = (
    Field("items", "ref_id", "text", "reference_id", description="the uploader's id"),
    Field("items", "reference_id", "text", "reference_id", description="the uploader's id"),
    Field("items", "id", "text", "@item_id", description="public id"),
    Field("items", "filename", "text", "@filename", description="last part of the location"),
    Field("items", "url", "text", "location", description="location as uploaded"),
    Field("items", "type", "text", "kind", description="image or pointcloud"),
    Field("items", "width", "number", "width", description="pixels"),
    Field("items", "height", "number", "height", description="pixels"),
    Field("items", "index", "number", "@index", description="absolute index in the dataset"),
    Field("items", "frame", "number", "frame", description="frame of the scene"),
    Field("items", "sensor", "text", "sensor", description="sensor of the scene"),
    Field("items", "created_at", "time", "@created_at", description="when it was added"),
    Field("items", "phash", "text", "phash", description="perceptual hash, 64 times 0 or 1"),
    Field("items", "lat", "json", "@latitude", description="metadata.lat or latitude"),
    Field("items", "lon", "json", "@longitude", description="metadata.lon or longitude"),
    Field("items", "metadata", "json", "metadata", open=True, description="item metadata"),
    Field(
        "items", "scale_metadata", "json", "@scale_metadata", open=True, description="labeling task"
    ),
    *(
        Field(scope, name, kind, source, description=text)  # type: ignore[arg-type]
        for scope in ("annotations", "predictions")
        for name, kind, source, text in _OBJECT
    ),
    Field("annotations", "metadata", "json", "metadata", open=True, description="its metadata"),
    Field("predictions", "metadata", "json", "metadata", open=True, description="its metadata"),
    Field("annotations", "confidence", "number", "@missing", description="none: it is a truth"),
    Field("predictions", "confidence", "number", "confidence", description="0 to 1"),
    Field("predictions", "model", "text", "@model", description="model that made it"),
    Field("matches", "iou", "number", "iou", description="overlap of a pair"),
    Field("matches", "best_iou", "number", "best_iou", description="best overlap with any truth"),
    *(
        Field("matches", name, "text", "@category", False, "tp, fp or fn", _CATEGORY, CATEGORIES)
        for name in ("category", "match_type")
    ),
    Field(
        "matches",
        "tide",
        "text",
        "@tide",
        description="which error it is, at iou_threshold or 0.5; none where it is right",
        values=_ERROR,
        names=ERRORS,
    ),
    Field("matches", "gt_label", "text", "@annotation_label", description="class of the truth"),
    Field("matches", "pred_label", "text", "@prediction_label", description="predicted class"),
    Field(
        "matches", "label", "text", "@match_label", description="class of the truth, or predicted"
    ),
    Field("matches", "confidence", "number", "confidence", description="of the prediction"),
    Field("matches", "area", "number", "@match_area", description="of the truth or prediction"),
    Field("scenes", "ref_id", "text", "reference_id", description="the uploader's id"),
    Field("scenes", "reference_id", "text", "reference_id", description="the uploader's id"),
    Field("scenes", "id", "text", "@scene_id", description="public id"),
    Field("scenes", "type", "text", "type", description="lidar or video"),
    Field("scenes", "length", "number", "@scene_length", description="number of frames"),
    Field("scenes", "frame_rate", "number", "frame_rate", description="frames a second"),
    Field("scenes", "created_at", "time", "@created_at", description="when it was added"),
    Field("scenes", "metadata", "json", "metadata", open=True, description="scene metadata"),
    Field("tracks", "label", "text", "@track_label", description="class of its objects"),
    Field("tracks", "length", "number", "@track_length", description="frames with an object of it"),
    Field("tracks", "reference_id", "text", "reference_id", description="name of the track"),
    Field("tracks", "id", "text", "reference_id", description="name of the track"),
    Field("tracks", "metadata", "json", "metadata", open=True, description="its metadata"),
    Field("slices", "name", "text", "@slice_name", description="name of a slice"),
    Field("slices", "id", "text", "@slice_id", description="public id of a slice"),
    Field("autotags", "name", "text", "@autotag_name", description="a tag with a score above 0"),
    Field("autotags", "score", "number", "score", description="-1 to 1"),
    Field(
        "examples", "name", "text", "@autotag_name", description="a tag that it is an example of"
    ),
    Field("examples", "training", "bool", "positive", description="example or counter-example"),
)

_BY_SCOPE: Final[dict[str, dict[str, Field]]] = {}
for _field in FIELDS:
    _BY_SCOPE.setdefault(_field.scope, {})[_field.name] = _field

LEVELS: Final = {
    "items": "items",
    "annotations": "annotations",
    "predictions": "predictions",
    "matches": "evaluation matches",
    "scenes": "scenes",
}
"""What a query can return, and its noun in messages."""

_EVERYWHERE: Final = ("annotations", "predictions", "metadata", "slice", "tracks")
_OF_OBJECTS: Final = (*_EVERYWHERE, "item", "scene", "autotag")
ROOTS: Final = {
    "items": (*_OF_OBJECTS, "matches"),
    "annotations": _OF_OBJECTS,
    "predictions": _OF_OBJECTS,
    "matches": (*_EVERYWHERE, "item", "autotag", "matches"),
    "scenes": (*_EVERYWHERE, "scene", "items"),
}
"""Names that may begin a path at each level, besides its fields."""

GEOMETRIES: Final[dict[str, tuple[str, ...]]] = {
    "box": ("box",),
    "polygon": ("polygon",),
    "segmentation": ("mask",),
    "category": ("category", "multicategory"),
    "cuboid": ("cuboid",),
    "line": ("line",),
    "keypoints": ("keypoints",),
}
"""Names after ``annotations.`` that narrow to annotation types."""


def fields_of(scope: str) -> dict[str, Field]:
    """Return the fields of one kind of row.

    Args:
        scope: Kind of row.

    Returns:
        The fields by name.
    """
    return _BY_SCOPE.get(scope, {})


def home_of(name: str) -> str | None:
    """Return the kind of row that a field is first looked for in.

    Args:
        name: Name of the field.

    Returns:
        A level, or ``None``.
    """
    for scope in ("annotations", "predictions", "matches", "items", "scenes"):
        field = fields_of(scope).get(name)
        if field is not None and field.source != "@missing":
            return scope
    return None
