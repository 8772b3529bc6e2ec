"""Hypothesis strategies for every value, used by the laws of this folder."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from nucleus_lab.annotation import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    CategoryPrediction,
    CuboidAnnotation,
    CuboidPrediction,
    Keypoint,
    KeypointsAnnotation,
    KeypointsPrediction,
    LineAnnotation,
    LinePrediction,
    MultiCategoryAnnotation,
    MultiCategoryPrediction,
    Point,
    Point3D,
    PolygonAnnotation,
    PolygonPrediction,
    SceneCategoryAnnotation,
    SceneCategoryPrediction,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)

# Whole numbers and fractions both, as far as a picture or a scan can reach.
coordinate = st.integers(-(10**6), 10**6) | st.floats(-1e9, 1e9)
length = st.integers(0, 10**6) | st.floats(0, 1e9)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
name = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
fraction = st.floats(0, 1) | st.integers(0, 1)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e12, 1e12) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
metadata = st.dictionaries(text, json_value, max_size=3)
vector = st.none() | st.lists(coordinate, max_size=4)
point = st.builds(Point, coordinate, coordinate)
outline = st.lists(point, min_size=1, max_size=5)
point3d = st.builds(Point3D, coordinate, coordinate, coordinate)
edges = st.builds(Point3D, length, length, length)
keypoint = st.builds(Keypoint, coordinate, coordinate, st.booleans()) | st.builds(
    Keypoint, st.none() | coordinate, st.none() | coordinate, st.just(False)
)

identity: dict[str, Any] = {
    "reference_id": name,
    "annotation_id": st.none() | name,
    "metadata": metadata,
    "track_reference_id": st.none() | name,
}
score: dict[str, Any] = {
    "confidence": st.none() | fraction,
    "class_pdf": st.none() | st.dictionaries(name, fraction, max_size=3),
}
box: dict[str, Any] = {
    "label": text,
    "x": coordinate,
    "y": coordinate,
    "width": length,
    "height": length,
    "embedding_vector": vector,
    **identity,
}
line: dict[str, Any] = {"label": text, "vertices": outline, **identity}
polygon: dict[str, Any] = {**line, "embedding_vector": vector}
cuboid: dict[str, Any] = {
    "label": text,
    "position": point3d,
    "dimensions": edges,
    "yaw": st.floats(-7, 7),
    **identity,
}
category: dict[str, Any] = {
    "label": text,
    "reference_id": name,
    "taxonomy_name": st.none() | name,
    "metadata": metadata,
    "track_reference_id": st.none() | name,
}
multicategory: dict[str, Any] = {
    **{key: value for key, value in category.items() if key != "label"},
    "labels": st.lists(text, max_size=3),
}
scene_category: dict[str, Any] = {
    key: value for key, value in category.items() if key != "track_reference_id"
}
segment = st.builds(Segment, text, st.integers(0, 255), st.none() | metadata)
mask: dict[str, Any] = {
    "mask_url": name,
    "annotations": st.lists(segment, max_size=3),
    "reference_id": name,
    "annotation_id": st.none() | name,
}


@st.composite
def keypoints(draw: st.DrawFn, kind: type[Any]) -> Any:
    """Draw keypoints whose names and skeleton fit."""
    points = draw(st.lists(keypoint, min_size=1, max_size=4))
    names = draw(st.lists(text, min_size=len(points), max_size=len(points), unique=True))
    end = st.integers(0, len(points) - 1)
    pairs = st.lists(st.lists(end, min_size=2, max_size=2), max_size=3)
    fields = {**identity, **(score if kind is KeypointsPrediction else {})}
    return kind(
        label=draw(text),
        keypoints=points,
        names=names,
        skeleton=draw(st.none() | pairs),
        **{key: draw(strategy) for key, strategy in fields.items()},
    )


BY_CLASS: dict[type[Any], st.SearchStrategy[Any]] = {
    BoxAnnotation: st.builds(BoxAnnotation, **box),
    BoxPrediction: st.builds(BoxPrediction, **box, **score),
    LineAnnotation: st.builds(LineAnnotation, **line),
    LinePrediction: st.builds(LinePrediction, **line, **score),
    PolygonAnnotation: st.builds(PolygonAnnotation, **polygon),
    PolygonPrediction: st.builds(PolygonPrediction, **polygon, **score),
    KeypointsAnnotation: keypoints(KeypointsAnnotation),
    KeypointsPrediction: keypoints(KeypointsPrediction),
    CuboidAnnotation: st.builds(CuboidAnnotation, **cuboid),
    CuboidPrediction: st.builds(CuboidPrediction, **cuboid, **score),
    CategoryAnnotation: st.builds(CategoryAnnotation, **category),
    CategoryPrediction: st.builds(CategoryPrediction, **category, **score),
    MultiCategoryAnnotation: st.builds(MultiCategoryAnnotation, **multicategory),
    MultiCategoryPrediction: st.builds(MultiCategoryPrediction, **multicategory, **score),
    SceneCategoryAnnotation: st.builds(SceneCategoryAnnotation, **scene_category),
    SceneCategoryPrediction: st.builds(
        SceneCategoryPrediction, **scene_category, confidence=score["confidence"]
    ),
    SegmentationAnnotation: st.builds(SegmentationAnnotation, **mask),
    SegmentationPrediction: st.builds(SegmentationPrediction, **mask),
}
