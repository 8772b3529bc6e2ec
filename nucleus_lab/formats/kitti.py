"""KITTI folders: velodyne scans, cameras, calibration and 3D boxes, read as lidar scenes.

Two layouts are known: that of the object benchmark, where each number is a moment of its own
(``velodyne/000000.bin``, ``image_2/000000.png``, ``calib/000000.txt``, ``label_2/000000.txt``),
and that of the tracking benchmark, where a number is a sequence (``velodyne/0000/000000.bin``,
``image_02/0000/000000.png``, ``calib/0000.txt``, ``label_02/0000.txt``).

The world of a scene is that of its scanner: x forwards, y to the left, z up.

Source: readme.txt of the KITTI object and tracking development kits; A. Geiger et al., "Vision
meets Robotics: The KITTI Dataset", 2013.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.files import text_of

if TYPE_CHECKING:
    from nucleus_lab.formats.kitti_calibration import Calibration
    from nucleus_lab.scene import LidarScene

_CAMERAS: Final = {
    **{f"image_{number}": number for number in range(4)},
    **{f"image_{number:02}": number for number in range(4)},
}
_LABELED: Final = 2
"""The camera whose picture the 2D boxes are in."""

_IGNORED: Final = "DontCare"
_FIELDS: Final = 15
_PICTURES: Final = (".png", ".jpg")


@dataclass(slots=True)
class _Sequence:
    name: str
    scans: list[Path]
    calibration: Path
    labels: Path
    tracked: bool
    moments: list[str] = field(default_factory=list)


def _root(path: Path) -> Path | None:
    for folder in (path, path / "training"):
        if (folder / "velodyne").is_dir() and (folder / "calib").is_dir():
            return folder
    return None


@register
class Kitti:
    """Scenes of a point cloud, cameras and cuboids a moment."""

    name = "kitti"
    holds_scenes = True
    looks_for = (
        "a folder with velodyne/ and calib/ (KITTI object or tracking), perhaps in training/"
    )

    def detect(self, path: Path) -> Match | None:
        """Find the folders of scans and calibrations.

        Args:
            path: File or folder.

        Returns:
            A strong match when both are there.
        """
        found = _root(path) if path.is_dir() else None
        return None if found is None else Match(self.name, 0.9, f"velodyne/ and calib/ in {found}")

    def read(self, path: Path, options: ReadOptions) -> Collection:  # noqa: ARG002 - the protocol
        """Read scans, pictures, calibrations and labels.

        Areas that the labels call ``DontCare`` are no objects and are passed over.

        Args:
            path: The folder.
            options: Ignored.

        Returns:
            Scenes, their cuboids, and the 2D boxes of the left colour camera.

        Raises:
            InvalidInputError: The folder has no scans.
        """
        root = _root(path) if path.is_dir() else None
        sequences = [] if root is None else list(_sequences(root))
        if root is None or not sequences:
            raise InvalidInputError(
                f"{path} holds no KITTI scans: expected {self.looks_for}", path=str(path)
            )
        prefix = "" if root == path else f"{root.relative_to(path).as_posix()}/"
        collection = Collection()
        for sequence in sequences:
            try:
                _read_sequence(root, prefix, sequence, collection)
            except (InvalidInputError, MediaError) as fault:
                collection.problems.append(f"{fault.message}; scene {sequence.name} was left out")
        return collection

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write lidar scenes: those of one frame as objects, longer ones as tracking sequences.

        Args:
            collection: Scenes, their cuboids and boxes.
            path: The folder.

        Returns:
            The calibrations and labels written.
        """
        from nucleus_lab.formats.kitti_writing import write_scenes

        return write_scenes(collection, path)


def _sequences(root: Path) -> Iterator[_Sequence]:
    scans = root / "velodyne"
    for path in sorted(scans.glob("*.bin")):
        calibration, labels = root / "calib" / f"{path.stem}.txt", root / "label_2"
        yield _Sequence(path.stem, [path], calibration, labels / f"{path.stem}.txt", False)
    for folder in sorted(entry for entry in scans.iterdir() if entry.is_dir()):
        found = sorted(folder.glob("*.bin"))
        if found:
            calibration = root / "calib" / f"{folder.name}.txt"
            labels = root / "label_02" / f"{folder.name}.txt"
            yield _Sequence(folder.name, found, calibration, labels, True)


def _read_sequence(root: Path, prefix: str, sequence: _Sequence, into: Collection) -> None:
    from nucleus_lab.dataset_item import DatasetItem
    from nucleus_lab.formats.kitti_calibration import Calibration
    from nucleus_lab.scene import Frame, LidarScene

    calibration = Calibration.read(sequence.calibration)
    scene = LidarScene(prefix + sequence.name)
    pictures: dict[int, str] = {}
    clouds: dict[int, str] = {}
    for at, scan in enumerate(sequence.scans):
        inside = scan.relative_to(root / "velodyne").with_suffix("")
        cloud = prefix + scan.relative_to(root).as_posix()
        clouds[at] = cloud
        frame = Frame(velodyne=DatasetItem(pointcloud_location=str(scan), reference_id=cloud))
        for folder, number in _CAMERAS.items():
            picture = _picture(root / folder / inside)
            if picture is None:
                continue
            name = prefix + picture.relative_to(root).as_posix()
            camera = calibration.camera(number)
            metadata = {"camera_params": camera} if camera else {}
            frame.add_item(DatasetItem(str(picture), name, metadata=metadata), folder)
            if number == _LABELED:
                pictures[at] = name
        scene.add_frame(frame, at)
    objects: list[Any] = []
    if sequence.labels.is_file():
        numbers = (
            {int(scan.stem): at for at, scan in enumerate(sequence.scans)}
            if sequence.tracked
            else {}
        )
        objects = _objects(sequence, calibration, numbers, clouds, pictures, scene, into.problems)
    into.scenes.append(scene)
    into.others += objects


def _picture(stem: Path) -> Path | None:
    candidates = (stem.with_name(stem.name + suffix) for suffix in _PICTURES)
    return next((path for path in candidates if path.is_file()), None)


def _objects(
    sequence: _Sequence,
    calibration: Calibration,
    numbers: dict[int, int],
    clouds: dict[int, str],
    pictures: dict[int, str],
    scene: LidarScene,
    problems: list[str],
) -> list[Any]:
    found: list[Any] = []
    for number, line in enumerate(text_of(sequence.labels).splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        at, track = 0, None
        try:
            if sequence.tracked:
                at, track = numbers[int(words[0])], f"{scene.reference_id}/{words[1]}"
                words = words[2:]
            if words[0] == _IGNORED:
                continue
            if len(words) != _FIELDS:
                raise ValueError(f"{len(words)} values, {_FIELDS} were expected")  # noqa: TRY301
            values = [float(word) for word in words[1:]]
            found += _pair(
                words[0], values, calibration, clouds[at], pictures.get(at), f"{number}", track
            )
        except KeyError:
            problems.append(
                f"{sequence.labels}, line {number}: there is no scan of frame {words[0]}; the "
                "object was left out"
            )
        except (ValueError, IndexError) as fault:
            problems.append(
                f"{sequence.labels}, line {number}: {fault}; the object was left out; a line is "
                "type, truncation, occlusion, alpha, 4 of the box, 3 of the size, 3 of the place, "
                "and the turn"
            )
    return found


def _pair(
    label: str,
    values: list[float],
    calibration: Calibration,
    cloud: str,
    picture: str | None,
    number: str,
    track: str | None,
) -> Iterator[Any]:
    """Make the cuboid of an object, and its box where the picture is there."""
    from nucleus_lab.annotation import BoxAnnotation, CuboidAnnotation

    truncated, occluded, alpha, left, top, right, bottom = values[:7]
    metadata = {"truncated": truncated, "occluded": int(occluded), "alpha": alpha}
    position, dimensions, yaw = calibration.cuboid(values[7:10], values[10:13], values[13])
    yield CuboidAnnotation(label, position, dimensions, yaw, cloud, number, dict(metadata), track)
    if picture is not None:
        yield BoxAnnotation(
            label, left, top, right - left, bottom - top, picture, number, dict(metadata),
            track_reference_id=track,
        )  # fmt: skip
