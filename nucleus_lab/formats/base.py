"""What a file format is, and how one is found: the registry that imports and exports read.

A format is one class with a decorator::

    @register
    class Coco:
        name = "coco"
        ...

Reading touches only the files that the path names or that its folder layout holds; it never
writes. Faults of the whole source (no JSON, no XML, a path that leaves the folder) refuse it; a
fault of one entry goes into ``Collection.problems`` and the entry is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.losses import unwritten


@dataclass(frozen=True, slots=True)
class Match:
    """How well a path fits a format.

    Attributes:
        format: Name of the format.
        confidence: Above 0, at most 1; the highest wins.
        why: What was found, in words.
    """

    format: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reader may be told.

    Attributes:
        images: Folder that the file names are relative to; found from the layout when ``None``.
        names: File with the class names, for formats that keep them apart (YOLO).
        folder_labels: Make the first folder below the root a category (plain folders).
        remote: Use the addresses that the source gives (``coco_url``) instead of local pictures.
        one_based: Whether corners count pixels from 1 (Pascal VOC); ``None``: unless one is 0.
    """

    images: Path | None = None
    names: Path | None = None
    folder_labels: bool = False
    remote: bool = False
    one_based: bool | None = None


class Format(Protocol):
    """One file format: detection, reading, writing.

    A class may say by ``keeps``, a :class:`nucleus_lab.formats.losses.Keeps`, what it has no place
    for, and by ``holds_scenes`` that it needs a dataset of scenes.

    Attributes:
        name: What ``format=`` takes.
        looks_for: What :meth:`detect` searches, in words, for the message when nothing fits.
    """

    name: str
    looks_for: str

    def detect(self, path: Path) -> Match | None:
        """Look at names and the head of files, never at all of them.

        Args:
            path: An existing file or folder.

        Returns:
            How well it fits, or ``None``.
        """

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read everything.

        Args:
            path: An existing file or folder.
            options: What the caller knows about the layout.

        Returns:
            Items with absolute picture paths, boxes, other annotations and problems.
        """

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write items and annotations; pictures stay where they are.

        Args:
            collection: What to write.
            path: File or folder to write.

        Returns:
            The files written.
        """


_SOUNDS: Final = frozenset({".wav", ".cbor", ".csv", ".parquet"})

FORMATS: dict[str, Format] = {}

_F = TypeVar("_F")


def register(kind: type[_F]) -> type[_F]:
    """Add a format to the registry.

    Args:
        kind: A class that follows :class:`Format`.

    Returns:
        The class, unchanged.
    """
    instance: Format = kind()  # type: ignore[assignment]
    FORMATS[instance.name] = instance
    return kind


def named(name: str) -> Format:
    """Return the format with a name.

    Args:
        name: Such as ``coco``.

    Returns:
        The format.

    Raises:
        InvalidInputError: There is none; the message lists those there are.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise InvalidInputError(
            f"there is no format {name!r}: use {', '.join(sorted(FORMATS))} or auto"
        ) from None


def existing(path: Path | str) -> Path:
    """Return an absolute path that exists.

    Args:
        path: File or folder.

    Returns:
        The absolute path; symbolic links are kept.

    Raises:
        InvalidInputError: There is nothing at the path.
    """
    given = Path(path).expanduser().absolute()
    if not given.exists():
        raise InvalidInputError(
            f"{given} does not exist: check the spelling, or mount the disk it is on",
            path=str(given),
        )
    return given


def detect(path: Path | str) -> Match:
    """Find the format of a file or folder.

    Args:
        path: File or folder.

    Returns:
        The best match.

    Raises:
        InvalidInputError: Nothing fits; the message says what each format looks for.
    """
    given = existing(path)
    found = [match for entry in FORMATS.values() if (match := entry.detect(given))]
    if not found:
        sought = "\n".join(f"  {entry.name}: {entry.looks_for}" for entry in FORMATS.values())
        raise InvalidInputError(
            f"no known format fits {given}. What was looked for:\n{sought}\n"
            "Name the format (format=…) or the file that holds the annotations."
            f"{_recordings(given)}",
            path=str(given),
        )
    return max(found, key=lambda match: match.confidence)


def _recordings(path: Path) -> str:
    """Show the way to where recordings go, which are no items of a dataset."""
    files = (file for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())
    found = next(
        (file for file in files if file.name == "info.labels" or file.suffix.lower() in _SOUNDS),
        None,
    )
    if found is None:
        return ""
    return (
        f"\n{found.name} looks like a recording: those are samples, not items; upload them by "
        f"nucleus_lab.samples.upload_directory({str(path)!r})."
    )


def read(
    path: Path | str,
    name: str = "auto",
    options: ReadOptions | None = None,
) -> Collection:
    """Read a file or folder.

    Args:
        path: File or folder.
        name: Name of the format; ``auto`` detects it.
        options: What the caller knows about the layout.

    Returns:
        The items and annotations.
    """
    given = existing(path)
    chosen = detect(given).format if name == "auto" else name
    collection = named(chosen).read(given, options or ReadOptions())
    collection.items.check()
    collection.boxes.check(len(collection.items))
    return collection


def holds_scenes(path: Path | str, name: str = "auto") -> bool:
    """Say whether a file or folder is read as scenes, which need a dataset of their own kind.

    Args:
        path: File or folder.
        name: Name of the format; ``auto`` detects it.

    Returns:
        Whether its format holds scenes.
    """
    chosen = detect(path).format if name == "auto" else name
    return bool(getattr(named(chosen), "holds_scenes", False))


def write(collection: Collection, path: Path | str, name: str) -> list[Path]:
    """Write items and annotations.

    Args:
        collection: What to write; what the format has no place for is named in its ``problems``.
        path: File or folder to write; existing files of the same names are replaced.
        name: Name of the format.

    Returns:
        The files written.
    """
    collection.items.check()
    collection.boxes.check(len(collection.items))
    entry = named(name)
    files = entry.write(collection, Path(path).expanduser().absolute())
    keeps = getattr(entry, "keeps", None)
    if keeps is not None:
        collection.problems += unwritten(collection, keeps, name)
    return files
