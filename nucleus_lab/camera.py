"""Cameras: where one stood, where it looked, and how it projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from nucleus_lab.annotation.payloads import reading
from nucleus_lab.annotation.points import Point3D, in_space
from nucleus_lab.annotation.quantity import finite
from nucleus_lab.errors import InvalidInputError

CAMERA_MODELS: Final = ("brown_conrady", "fisheye")

_REQUIRED = ("position", "heading", "fx", "fy", "cx", "cy")
_DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")


@dataclass(slots=True)
class Quaternion:
    """A rotation, ``w + x*i + y*j + z*k`` in the right-handed (Hamilton) convention.

    Args:
        x: Factor of i.
        y: Factor of j.
        z: Factor of k.
        w: The real part.

    Raises:
        InvalidInputError: A number is not finite.
    """

    x: float
    y: float
    z: float
    w: float

    def __post_init__(self) -> None:
        self.x = finite(self.x, "x")
        self.y = finite(self.y, "y")
        self.z = finite(self.z, "z")
        self.w = finite(self.w, "w")

    @classmethod
    def from_json(cls, payload: dict[str, float]) -> Quaternion:
        """Make a quaternion from its payload.

        Args:
            payload: ``x``, ``y``, ``z`` and ``w``.

        Returns:
            The quaternion.
        """
        with reading("quaternion", payload):
            return cls(payload["x"], payload["y"], payload["z"], payload["w"])

    def to_payload(self) -> dict[str, float]:
        """Return the payload.

        Returns:
            ``x``, ``y``, ``z`` and ``w``.
        """
        return {"x": self.x, "y": self.y, "z": self.z, "w": self.w}


@dataclass(slots=True)
class CameraParams:
    """Position, heading and projection of the camera that took a picture of a scene.

    Args:
        position: Of the camera in the world, in metres.
        heading: Its direction; the z axis of the camera is the optical axis.
        fx: Focal length along x, in pixels.
        fy: Focal length along y, in pixels.
        cx: Principal point, pixels from the left.
        cy: Principal point, pixels from the top.
        camera_model: ``brown_conrady`` or ``fisheye``; ``None`` without distortion.
        k1: Radial distortion.
        k2: Radial distortion.
        k3: Radial distortion.
        k4: Radial distortion.
        p1: Tangential distortion.
        p2: Tangential distortion.

    Raises:
        InvalidInputError: A number is not finite, or the camera model is unknown.
    """

    position: Point3D
    heading: Quaternion
    fx: float
    fy: float
    cx: float
    cy: float
    camera_model: str | None = None
    k1: float | None = None
    k2: float | None = None
    k3: float | None = None
    k4: float | None = None
    p1: float | None = None
    p2: float | None = None

    def __post_init__(self) -> None:
        self.position = in_space(self.position, "position")
        if isinstance(self.heading, dict):
            self.heading = Quaternion.from_json(self.heading)
        if not isinstance(self.heading, Quaternion):
            raise InvalidInputError(
                f"heading is {self.heading!r}: give a Quaternion, or a mapping with x, y, z and w",
                field="heading",
            )
        for name in ("fx", "fy", "cx", "cy"):
            setattr(self, name, finite(getattr(self, name), name))
        for name in _DISTORTION:
            if getattr(self, name) is not None:
                setattr(self, name, finite(getattr(self, name), name))
        if self.camera_model is not None and self.camera_model not in CAMERA_MODELS:
            raise InvalidInputError(
                f"camera_model is {self.camera_model!r}: give one of {', '.join(CAMERA_MODELS)}",
                field="camera_model",
            )

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> CameraParams:
        """Make camera parameters from their payload.

        Args:
            payload: What :meth:`to_payload` returns.

        Returns:
            The parameters.

        Raises:
            InvalidInputError: A key is missing.
        """
        missing = [key for key in _REQUIRED if key not in payload]
        if missing:
            raise InvalidInputError(
                f"camera_params has no {', '.join(missing)}: it needs {', '.join(_REQUIRED)}"
            )
        try:
            position = Point3D.from_json(payload["position"])
            heading = Quaternion.from_json(payload["heading"])
        except InvalidInputError as fault:
            raise InvalidInputError(
                "camera_params needs position {x, y, z} and heading {x, y, z, w}, found "
                f"{payload['position']!r} and {payload['heading']!r}"
            ) from fault
        return cls(
            position,
            heading,
            payload["fx"],
            payload["fy"],
            payload["cx"],
            payload["cy"],
            payload.get("camera_model"),
            *(payload.get(name) for name in _DISTORTION),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            The required keys; camera model and distortion only where they say something.
        """
        payload: dict[str, Any] = {
            "position": self.position.to_payload(),
            "heading": self.heading.to_payload(),
            "fx": self.fx,
            "fy": self.fy,
            "cx": self.cx,
            "cy": self.cy,
        }
        for name in ("camera_model", *_DISTORTION):
            value = getattr(self, name)
            if value:
                payload[name] = value
        return payload
