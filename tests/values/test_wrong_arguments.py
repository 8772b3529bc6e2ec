"""What values say to arguments of the wrong shape, and which shapes they take besides their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import (
    CameraParams,
    CuboidAnnotation,
    DatasetItem,
    Frame,
    Keypoint,
    KeypointsAnnotation,
    LidarPoint,
    LidarScene,
    Point,
    Point3D,
    PolygonAnnotation,
    Quaternion,
    Segment,
    SegmentationAnnotation,
    Track,
    VideoScene,
)
from nucleus_lab.errors import InvalidInputError

CLOUD = DatasetItem(pointcloud_location="s3://b/0.json", reference_id="c")
PICTURE = DatasetItem("s3://b/0.jpg", "p")
SPOT, AHEAD = Point3D(1, 2, 3), Quaternion(0, 0, 0, 1)
POINTS = [Keypoint(1, 2), Keypoint(3, 4)]

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: SegmentationAnnotation("s3://b/m.png", None, "i"), "annotations is None: give a list"),
    (lambda: SegmentationAnnotation("s3://b/m.png", ["road"], "i"), r"annotations\[0\] is 'road'"),
    (lambda: Segment.from_json({"label": "road"}), "no payload of a segment: it has no 'index'"),
    (lambda: PolygonAnnotation("a", None, "i"), "vertices is None: give a list of points"),
    (lambda: CuboidAnnotation("a", (1, 2, 3), SPOT, 0, "i"), r"position is \(1, 2, 3\)"),
    (lambda: CuboidAnnotation("a", SPOT, {"x": 1}, 0, "i"), "dimensions is {'x': 1}"),
    (lambda: CameraParams(None, AHEAD, 1, 1, 1, 1), "position is None: give a Point3D"),
    (lambda: CameraParams(SPOT, "north", 1, 1, 1, 1), "heading is 'north': give a Quaternion"),
    (lambda: KeypointsAnnotation("f", None, [], None, "i"), "keypoints is None: give a list"),
    (lambda: KeypointsAnnotation("f", ["a"], ["a"], None, "i"), r"keypoints\[0\] is 'a'"),
    (lambda: KeypointsAnnotation("f", POINTS, "ab", None, "i"), "names is 'ab': give a list"),
    (lambda: KeypointsAnnotation("f", POINTS, ["a", "b"], [5], "i"), "skeleton is 5: give a list"),
    (lambda: KeypointsAnnotation("f", POINTS, ["a", "b"], [[0.5, 1]], "i"), "keypoint 0.5"),
    (lambda: DatasetItem("", "i"), "item 'i' has an empty location"),
    (lambda: DatasetItem("a.jpg", "i", metadata=[1]), "metadata of item 'i' is a list"),
    (lambda: LidarScene("s", 5), "frames is 5: give a list of frames"),
    (lambda: LidarScene("s", metadata=[1]), "metadata of scene 's' is a list"),
    (lambda: VideoScene("s", tracks=["a"]), r"tracks\[0\] of scene 's' is 'a': give a Track"),
    (lambda: LidarScene(None, [Frame(lidar=CLOUD)]).to_payload(), "the reference_id None"),
    (lambda: VideoScene(5, 1, items=[PICTURE]).to_payload(), "the reference_id 5: give a text"),
    (lambda: Track("t").update({"colour": "red"}), "track 't' was not read from a dataset"),
    (lambda: PICTURE.__class__(5, "i").local, "5 is no location: give a URL or the path"),
    (lambda: Point.from_json({"x": 1}), "no payload of a point: it has no 'y'"),
    (lambda: Point3D.from_json({"x": 1, "y": 2}), "point in space: it has no 'z'"),
    (lambda: LidarPoint.from_json({"x": 1, "y": 2, "z": 3}), "lidar point: it has no 'i'"),
    (lambda: Quaternion.from_json({"x": 1}), "no payload of a quaternion: it has no 'y'"),
    (lambda: Frame.from_json([]), "no payload of a frame"),
    (lambda: LidarScene.from_json({}), "no payload of a lidar scene: it has no 'reference_id'"),
    (lambda: VideoScene.from_json({}), "no payload of a video scene: it has no 'reference_id'"),
    (lambda: Track.from_json({}), "no payload of a track: it has no 'reference_id'"),
]


@pytest.mark.parametrize(("make", "told"), WRONG, ids=[told for _, told in WRONG])
def test_a_wrong_argument_is_named_with_what_to_give(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        make()


def test_mappings_stand_for_points_segments_and_headings() -> None:
    spot = {"x": 1, "y": 2, "z": 3}
    cuboid = CuboidAnnotation("a", spot, spot, 0, "i")
    camera = CameraParams(spot, AHEAD.to_payload(), 1, 1, 1, 1)
    mask = SegmentationAnnotation("s3://b/m.png", [{"label": "road", "index": 1}], "i")

    assert cuboid == CuboidAnnotation("a", SPOT, SPOT, 0, "i")
    assert camera == CameraParams(SPOT, AHEAD, 1, 1, 1, 1)
    assert mask == SegmentationAnnotation("s3://b/m.png", [Segment("road", 1)], "i")


def test_paths_stand_for_their_text() -> None:
    path = Path("folder") / "a.png"

    assert DatasetItem(path, "i") == DatasetItem(str(path), "i")
    assert VideoScene("s", video_location=path).video_location == str(path)
    mask = SegmentationAnnotation(path, [], "i")
    assert mask.to_payload()["mask_url"] == str(path)
