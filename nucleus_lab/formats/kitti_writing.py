"""Writes lidar scenes as KITTI folders: scans, pictures, calibration and labels.

A scene of one frame becomes a number of the object benchmark, one of several frames a sequence of
the tracking benchmark. Labels stand in the frame of camera 0; here that is the camera of
``image_2``, whose rectification is the unit matrix.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from math import atan2, cos, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.formats.files import replace_file
from nucleus_lab.formats.scene_files import put_file
from nucleus_lab.projection import cuboid_box, rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SCANNER: Final = "velodyne"
_LABELED: Final = ("image_2", "image_02")
"""The camera that labels refer to."""

# From x forwards, y left, z up to x right, y down, z forwards: a camera that looks ahead.
_AHEAD: Final = ((0.0, -1.0, 0.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))


def write_scenes(collection: Collection, path: Path) -> list[Path]:
    """Write each lidar scene with its scans, pictures, calibration and labels.

    Args:
        collection: Scenes, and cuboids and boxes in ``others``. What KITTI has no place for is
            named in ``collection.problems``.
        path: Folder to write; the scenes share its ``velodyne``, ``calib`` and so on.

    Returns:
        The calibrations and labels written.

    Raises:
        InvalidInputError: There is no lidar scene, or two would have one name.
        MediaError: A file is not on this machine.
    """
    from nucleus_lab.scene import LidarScene

    scenes = [scene for scene in collection.scenes if isinstance(scene, LidarScene)]
    if not scenes:
        raise InvalidInputError(
            f"nothing was written to {path}: KITTI holds lidar scenes, and there is none"
        )
    names = [scene.reference_id.rpartition("/")[2] for scene in scenes]
    if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        raise InvalidInputError(
            "the scenes of a KITTI folder need different names of letters, digits, points and "
            f"hyphens: found {', '.join(map(repr, names[:5]))}"
        )
    collection.problems += [
        f"scene {scene.reference_id!r} is no lidar scene: KITTI has no place for it"
        for scene in collection.scenes
        if not isinstance(scene, LidarScene)
    ]
    by_item: dict[str, list[Any]] = defaultdict(list)
    for value in collection.others:
        by_item[value.reference_id].append(value)
    written = []
    for scene, name in zip(scenes, names, strict=True):
        written += _Writer(scene, name, path, by_item, collection).write()
    return written


class _Writer:
    """Writes one scene."""

    def __init__(
        self,
        scene: Any,
        name: str,
        root: Path,
        by_item: dict[str, list[Any]],
        collection: Collection,
    ) -> None:
        self.scene = scene
        self.name = name
        self.root = root
        self.by_item = by_item
        self.collection = collection
        self.tracked = scene.length > 1
        self.tracks: dict[str, int] = {}
        self.cameras: dict[int, Any] = {}

    def write(self) -> list[Path]:
        """Write everything.

        Returns:
            The calibration and the labels.
        """
        lines: list[str] = []
        for at, frame in enumerate(self.scene.get_frames()):
            inside = f"{self.name}/{at:06}" if self.tracked else self.name
            self._files(frame, inside)
            turn, shift = self._world()
            lines += self._labels(at, frame, turn, shift)
        calibration = self.root / "calib" / f"{self.name}.txt"
        labels = self.root / ("label_02" if self.tracked else "label_2") / f"{self.name}.txt"
        replace_file(calibration, "".join(self._calibration()).encode())
        replace_file(labels, "".join(f"{line}\n" for line in lines).encode())
        return [calibration, labels]

    def _files(self, frame: Any, inside: str) -> None:
        for sensor in frame.get_sensors():
            item = frame.get_item(sensor)
            if item.pointcloud_location:
                self._scan(item, self.root / _SCANNER / f"{inside}.bin")
                continue
            number = sensor.removeprefix("image_").lstrip("0") or "0"
            suffix = Path(item.location).suffix.lower()
            if not sensor.startswith("image_") or number not in "0123":
                self.collection.problems.append(
                    f"item {item.reference_id!r}: the sensor {sensor!r} has no place in KITTI "
                    "(image_0 to image_3); left out"
                )
                continue
            folder = f"image_0{number}" if self.tracked else f"image_{number}"
            suffix = suffix if suffix in {".png", ".jpg"} else ".png"
            put_file(item, self.root / folder / f"{inside}{suffix}", self.collection)
            if item.camera_params is not None:
                known = self.cameras.setdefault(int(number), item.camera_params)
                if known != item.camera_params:
                    self.collection.problems.append(
                        f"item {item.reference_id!r}: its camera moves within the scene, and KITTI "
                        "has one calibration a sequence; that of the first frame was written"
                    )

    def _scan(self, item: Any, target: Path) -> None:
        from nucleus_lab.formats import pointcloud

        source = Path(item.location)
        if source.suffix.lower() == ".bin" or not source.is_file():
            put_file(item, target, self.collection)
            return
        try:
            cloud = pointcloud.read(source.read_bytes(), item.location)
        except OSError as fault:
            raise MediaError(f"{source} cannot be read: {fault}", path=str(source)) from fault
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(cloud.as_float32().astype("<f4").tobytes())

    def _world(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """From the scanner to the camera of the labels."""
        camera = self.cameras.get(2)
        if camera is None:
            return np.array(_AHEAD), np.zeros(3)
        turn = rotation(camera.heading).T
        place = np.array([camera.position.x, camera.position.y, camera.position.z])
        return turn, -turn @ place

    def _calibration(self) -> Iterator[str]:
        turn, shift = self._world()
        for number, camera in sorted(self.cameras.items()):
            inside = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1.0]])
            own = rotation(camera.heading).T
            if not np.allclose(own, turn, atol=1e-3):
                self.collection.problems.append(
                    f"scene {self.scene.reference_id!r}: camera {number} does not look where "
                    "camera 2 looks, which KITTI cannot say; its calibration was left out"
                )
                continue
            place = np.array([camera.position.x, camera.position.y, camera.position.z])
            offset = -own @ place - shift
            yield _row(f"P{number}", np.column_stack([inside, inside @ offset]))
        yield _row("R_rect" if self.tracked else "R0_rect", np.eye(3))
        yield _row("Tr_velo_cam" if self.tracked else "Tr_velo_to_cam", np.c_[turn, shift])

    def _labels(
        self, at: int, frame: Any, turn: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> Iterator[str]:
        sensors = frame.get_sensors()
        cloud = next(
            (frame.get_item(name) for name in sensors if frame.get_item(name).pointcloud_location),
            None,
        )
        picture = next((frame.get_item(name) for name in _LABELED if name in sensors), None)
        boxes: dict[str, Any] = {}
        for value in self.by_item.get(str(picture.reference_id), ()) if picture else ():
            if type(value).__name__ == "BoxAnnotation":
                boxes[str(value.annotation_id)] = value
            else:
                self._no_place(value)
        for value in self.by_item.get(str(cloud.reference_id), ()) if cloud else ():
            if type(value).__name__ == "CuboidAnnotation" and " " not in value.label:
                box = boxes.pop(str(value.annotation_id), None)
                line = _label_line(value, _bounds(value, box, picture), turn, shift)
                yield f"{at} {self._track(value)} {line}" if self.tracked else line
            else:
                self._no_place(value)
        for value in boxes.values():
            self._no_place(value)

    def _track(self, value: Any) -> int:
        name = value.track_reference_id or f"{value.reference_id}#{value.annotation_id}"
        own = name.rpartition("/")[2]
        taken = set(self.tracks.values())
        free = int(own) if own.isdecimal() and int(own) not in taken else len(taken)
        while name not in self.tracks and free in taken:
            free += 1
        return self.tracks.setdefault(name, free)

    def _no_place(self, value: Any) -> None:
        self.collection.problems.append(
            f"{value.reference_id}: the {type(value).__name__} {value.annotation_id!r} has no "
            "place in KITTI (cuboids of one word, with the box of the same id); left out"
        )


def _row(name: str, matrix: Any) -> str:
    return f"{name}: {' '.join(f'{number:.12e}' for number in np.ravel(matrix))}\n"


def _bounds(cuboid: Any, box: Any, picture: Any) -> tuple[float, float, float, float]:
    """The box of an object: as labeled, else around its cuboid, else none."""
    if box is not None:
        return box.x, box.y, box.x + box.width, box.y + box.height
    camera = picture.camera_params if picture is not None else None
    if camera is not None and picture.width and picture.height:
        seen = cuboid_box(camera, cuboid, picture.width, picture.height)
        if seen is not None:
            return seen[0], seen[1], seen[0] + seen[2], seen[1] + seen[3]
    return -1.0, -1.0, -1.0, -1.0


def _label_line(
    cuboid: Any,
    bounds: tuple[float, float, float, float],
    turn: NDArray[np.float64],
    shift: NDArray[np.float64],
) -> str:
    length, width, height = cuboid.dimensions.x, cuboid.dimensions.y, cuboid.dimensions.z
    centre = np.array([cuboid.position.x, cuboid.position.y, cuboid.position.z])
    place = turn @ centre + shift + np.array([0.0, height / 2, 0.0])
    ahead = turn @ np.array([cos(cuboid.yaw), sin(cuboid.yaw), 0.0])
    known = cuboid.metadata or {}
    values = [
        *bounds, height, width, length, *place.tolist(), atan2(-float(ahead[2]), float(ahead[0])),
    ]  # fmt: skip
    state = f"{_number(known, 'truncated'):g} {int(_number(known, 'occluded'))}"
    alpha = _number(known, "alpha", -10.0)
    return f"{cuboid.label} {state} {alpha:.6g} {' '.join(f'{number:.9g}' for number in values)}"


def _number(metadata: dict[str, Any], key: str, default: float = 0.0) -> float:
    value = metadata.get(key, default)
    return float(value) if isinstance(value, (int, float)) else default
