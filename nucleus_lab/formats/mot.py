"""MOTChallenge folders: pictures of a video and the tracks of people and vehicles in it.

A sequence is a folder with ``seqinfo.ini``, pictures ``img1/000001.jpg`` and, for training,
``gt/gt.txt``: frame, track, left, top, width, height, whether it counts, class, visibility.
Frames and pixels count from 1 there, from 0 here.

Source: A. Milan et al., "MOT16: A Benchmark for Multi-Object Tracking", 2016, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.files import text_of

if TYPE_CHECKING:
    from nucleus_lab.dataset_item import DatasetItem
    from nucleus_lab.scene import VideoScene

CLASSES: Final = (
    "pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non motorized vehicle",
    "static person", "distractor", "occluder", "occluder on the ground", "occluder full",
    "reflection", "crowd",
)  # fmt: skip
"""Names of the classes 1, 2, …"""

INFO: Final = "seqinfo.ini"
"""The description of a sequence."""

_MOST_FRAMES: Final = 3_000
_FIELDS: Final = (6, 10)


def _folders(path: Path) -> list[Path]:
    if (path / INFO).is_file():
        return [path]
    if not path.is_dir():
        return []
    return sorted(entry.parent for entry in path.glob(f"*/{INFO}"))


@register
class Mot:
    """Video scenes with tracked boxes."""

    name = "mot"
    holds_scenes = True
    looks_for = f"a folder with {INFO} and pictures in img1/ (MOTChallenge), or several of them"

    def detect(self, path: Path) -> Match | None:
        """Find the description of a sequence.

        Args:
            path: File or folder.

        Returns:
            A strong match when there is one.
        """
        found = _folders(path)
        return Match(self.name, 0.9, f"{len(found)} sequences with {INFO}") if found else None

    def read(self, path: Path, options: ReadOptions) -> Collection:  # noqa: ARG002 - the protocol
        """Read pictures and tracks.

        Args:
            path: The folder of a sequence, or of several.
            options: Ignored.

        Returns:
            A video scene a sequence, and its boxes.

        Raises:
            InvalidInputError: There is no sequence.
        """
        folders = _folders(path)
        if not folders:
            raise InvalidInputError(
                f"{path} holds no MOT sequence: expected {self.looks_for}", path=str(path)
            )
        collection = Collection()
        for folder in folders:
            try:
                scene, boxes = _read_sequence(folder, collection.problems)
            except (InvalidInputError, MediaError) as fault:
                collection.problems.append(f"{fault.message}; the sequence was left out")
            else:
                collection.scenes.append(scene)
                collection.others += boxes
        return collection

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write video scenes, each into a folder of its name.

        Args:
            collection: Scenes and their boxes.
            path: Folder of the folders.

        Returns:
            The files written, pictures apart.
        """
        from nucleus_lab.formats.mot_writing import write_sequences

        return write_sequences(collection, path)


def _read_sequence(folder: Path, problems: list[str]) -> tuple[VideoScene, list[Any]]:
    from nucleus_lab.scene import VideoScene

    info = sequence_of(folder)
    name = folder.name
    items = sequence_items(folder, info)
    scene = VideoScene(name, float(info["framerate"]), items=items)
    truth = folder / "gt" / "gt.txt"
    boxes = list(_boxes(truth, name, items, problems)) if truth.is_file() else []
    return scene, boxes


def sequence_items(folder: Path, info: dict[str, str]) -> list[DatasetItem]:
    """List the pictures of a sequence.

    Args:
        folder: Its folder.
        info: What :func:`sequence_of` read.

    Returns:
        An item a frame.

    Raises:
        InvalidInputError: There is none, there are too many, or one is missing in between.
    """
    from nucleus_lab.dataset_item import DatasetItem

    pictures = folder / info.get("imdir", "img1")
    suffix = info.get("imext", ".jpg")
    numbers = sorted(
        int(entry.stem) for entry in pictures.glob(f"*{suffix}") if entry.stem.isdigit()
    )
    if not numbers:
        raise InvalidInputError(f"{pictures} holds no picture such as 000001{suffix}")
    if len(numbers) > _MOST_FRAMES:
        raise InvalidInputError(
            f"{pictures} holds {len(numbers):,} pictures and a scene takes {_MOST_FRAMES:,}: cut "
            "the sequence"
        )
    if numbers != list(range(1, len(numbers) + 1)):
        gap = next(at for at, number in enumerate(numbers, start=1) if at != number)
        raise InvalidInputError(
            f"{pictures} has no picture {gap:06}{suffix}, and later ones: add it, frames have no "
            "gaps"
        )
    paths = [pictures / f"{number:06}{suffix}" for number in numbers]
    return [DatasetItem(str(path), f"{folder.name}/{path.stem}{suffix}") for path in paths]


def sequence_of(folder: Path) -> dict[str, str]:
    """Read the description of a sequence.

    Args:
        folder: Its folder.

    Returns:
        The values of its section, by lower-case name.

    Raises:
        InvalidInputError: It cannot be read, or says no frame rate.
    """
    parser = ConfigParser(interpolation=None)
    path = folder / INFO
    try:
        parser.read_string(text_of(path))
        info = dict(parser["Sequence"])
        if not 0 < float(info["framerate"]) < 100_000:
            raise ValueError(f"frameRate is {info['framerate']}")  # noqa: TRY301
    except (ConfigError, KeyError, ValueError) as fault:
        raise InvalidInputError(
            f"{path} cannot be used ({fault}): it needs a section [Sequence] with frameRate, the "
            "pictures a second"
        ) from fault
    return info


def _boxes(path: Path, name: str, items: list[Any], problems: list[str]) -> Iterator[Any]:
    from nucleus_lab.annotation import BoxAnnotation

    beyond = 0
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            words = [float(word) for word in line.split(",")]
            if not _FIELDS[0] <= len(words) <= _FIELDS[1]:
                raise ValueError(f"{len(words)} values")  # noqa: TRY301
            frame, track, left, top, width, height = words[:6]
            if frame > len(items):
                beyond += 1
                continue
            metadata: dict[str, Any] = {}
            if len(words) > 6:
                metadata["considered"] = bool(words[6])
            if len(words) > 8:
                metadata["visibility"] = words[8]
            yield BoxAnnotation(
                _label(words), left - 1, top - 1, width, height,
                reference_id=items[int(frame) - 1].reference_id,
                annotation_id=f"{int(track)}",
                metadata=metadata,
                track_reference_id=f"{name}/{int(track)}",
            )  # fmt: skip
        except (ValueError, IndexError, InvalidInputError) as fault:
            problems.append(
                f"{path}, line {number}: {fault}; the box was left out; a line is frame, track, "
                "left, top, width, height, flag, class, visibility"
            )
    if beyond:
        problems.append(f"{path}: {beyond} boxes are of frames without a picture; left out")


def _label(words: list[float]) -> str:
    number = int(words[7]) if len(words) > 7 else 1
    return CLASSES[number - 1] if 1 <= number <= len(CLASSES) else f"class {number}"
