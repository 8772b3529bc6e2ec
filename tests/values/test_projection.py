"""Cameras: where points and cuboids of the world lie in a picture."""

from __future__ import annotations

from math import atan, hypot, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab import CameraParams, CuboidAnnotation, Point3D, Quaternion
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.projection import (
    cuboid_box,
    cuboid_corners,
    heading_of,
    project_cuboid,
    project_points,
    rotation,
)

ORIGIN = Point3D(0, 0, 0)
STRAIGHT = Quaternion(0, 0, 0, 1)


def camera(**more: object) -> CameraParams:
    return CameraParams(ORIGIN, STRAIGHT, 500, 400, 320, 240, **more)


def test_a_pinhole_camera_divides_by_the_depth() -> None:
    seen = project_points(camera(), [[0, 0, 2], [1, -0.5, 2], [0, 0, 0], [1, 1, -3]])

    assert seen.pixels[:2].tolist() == [[320, 240], [570, 140]]
    assert seen.visible.tolist() == [True, True, False, False]
    assert np.isnan(seen.pixels[2:]).all()
    assert seen.depth.tolist() == [2, 2, 0, -3]


def test_a_camera_that_looks_along_the_road_sees_left_on_the_left() -> None:
    # World: x ahead, y left, z up. Camera: z ahead, x right, y down.
    axes = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=float)
    ahead = CameraParams(Point3D(1, 0, 1.5), heading_of(axes), 500, 500, 320, 240)

    seen = project_points(ahead, [[11, 0, 1.5], [11, 2, 1.5], [11, 0, 2.5]])

    assert np.allclose(seen.pixels, [[320, 240], [220, 240], [320, 190]])


def test_brown_conrady_follows_its_formula() -> None:
    k1, k2, k3, k4, p1, p2 = -0.2, 0.03, 0.01, 0.002, 0.004, -0.003
    lens = camera(camera_model="brown_conrady", k1=k1, k2=k2, k3=k3, k4=k4, p1=p1, p2=p2)
    x, y = 0.3, -0.2
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3 + k4 * r2**4
    wanted = (
        500 * (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)) + 320,
        400 * (y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y) + 240,
    )

    seen = project_points(lens, [[x * 4, y * 4, 4]])

    assert seen.pixels[0] == pytest.approx(wanted)


def test_fisheye_follows_its_formula() -> None:
    k1, k2, k3, k4 = 0.1, -0.02, 0.003, -0.0004
    lens = camera(camera_model="fisheye", k1=k1, k2=k2, k3=k3, k4=k4)
    x, y = 1.5, 0.75
    angle = atan(hypot(x, y))
    bent = angle * (1 + k1 * angle**2 + k2 * angle**4 + k3 * angle**6 + k4 * angle**8)
    scale = bent / hypot(x, y)

    seen = project_points(lens, [[x, y, 1], [0, 0, 1]])

    assert seen.pixels[0] == pytest.approx((500 * x * scale + 320, 400 * y * scale + 240))
    assert seen.pixels[1].tolist() == [320, 240]


def test_points_far_outside_do_not_fold_into_a_distorted_picture() -> None:
    lens = camera(k1=-0.3)

    seen = project_points(lens, [[0.5, 0, 1], [3, 0, 1]])

    assert seen.visible.tolist() == [True, False]


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: hypot(*q) > 0.1))
def test_headings_and_rotations_are_two_forms_of_one(values: list[float]) -> None:
    x, y, z, w = values
    turn = rotation(Quaternion(x, y, z, w))

    assert np.allclose(turn @ turn.T, np.eye(3))
    assert np.allclose(rotation(heading_of(turn)), turn)


@pytest.mark.parametrize(
    "matrix",
    [np.eye(4), np.zeros((3, 3)), np.diag([1, 1, -1]), np.eye(3) * 2, np.full((3, 3), np.nan)],
)
def test_what_is_no_rotation_has_no_heading(matrix: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="rotation"):
        heading_of(matrix)


def test_a_zero_heading_is_refused() -> None:
    lost = CameraParams(ORIGIN, Quaternion(0, 0, 0, 0), 1, 1, 0, 0)
    with pytest.raises(InvalidInputError, match="no direction"):
        project_points(lost, [[0, 0, 1]])
    with pytest.raises(InvalidInputError, match=r"give \(n, 3\)"):
        project_points(camera(), [[0, 0]])


def cuboid(z: float, size: float = 2.0, yaw: float = 0.0) -> CuboidAnnotation:
    return CuboidAnnotation("car", Point3D(0, 0, z), Point3D(size, size, size), yaw, "cloud")


def test_corners_turn_about_the_vertical_axis() -> None:
    corners = cuboid_corners(
        CuboidAnnotation("car", Point3D(10, 20, 1), Point3D(4, 2, 1.5), pi / 2, "cloud")
    )

    assert corners.min(axis=0) == pytest.approx((9, 18, 0.25))
    assert corners.max(axis=0) == pytest.approx((11, 22, 1.75))


def test_a_cuboid_in_front_has_the_box_of_its_near_face() -> None:
    assert cuboid_box(camera(), cuboid(5)) == pytest.approx((195, 140, 250, 200))
    assert project_cuboid(camera(), cuboid(5)).visible.all()
    wide = cuboid_box(camera(), cuboid(5, yaw=pi / 4))
    assert wide is not None
    assert wide[2] == pytest.approx(2 * 500 * sqrt(2) / 4, rel=1e-6)


def test_a_cuboid_that_reaches_behind_the_camera_fills_the_border() -> None:
    assert cuboid_box(camera(), cuboid(0.5), 640, 480) == pytest.approx((0, 0, 640, 480))
    assert cuboid_box(camera(), cuboid(-5)) is None
    beside = CuboidAnnotation("car", Point3D(90, 0, 5), Point3D(1, 1, 1), 0, "cloud")
    assert cuboid_box(camera(), beside, 640, 480) is None
