"""Pictures that a source names: where they are, whether they exist, and how large they are."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from nucleus_lab.errors import InvalidInputError, MediaError

SUFFIXES = frozenset((
    ".bmp", ".gif", ".jpeg", ".jpg", ".jp2", ".png", ".ppm", ".pgm", ".tif", ".tiff", ".webp",
))  # fmt: skip
"""File name endings that count as a picture when a folder is listed."""


_PLAIN = re.compile(r"[\w\- ()+,@=]+(?:[./][\w\- ()+,@=]+)*")
"""Names that need no second look: the hot path of :func:`safe_name`."""


def is_plain_name(name: str) -> bool:
    """Tell quickly whether a file name cannot leave its folder and stands as it should.

    Args:
        name: The name as the source wrote it.

    Returns:
        Whether :func:`safe_name` would return it as it is; ``False`` also where it might.
    """
    return _PLAIN.fullmatch(name) is not None and ".." not in name


def are_plain_names(names: Sequence[str]) -> bool:
    """Tell of many file names at once what :func:`is_plain_name` tells of one.

    Args:
        names: The names as the source wrote them.

    Returns:
        Whether all of them are plain.
    """
    return all(map(_PLAIN.fullmatch, names)) and ".." not in "\n".join(names)


def safe_name(name: str, where: str) -> str:
    """Hold a file name from inside a file against leaving its folder.

    Args:
        name: The name as the source wrote it.
        where: File and entry, for the message.

    Returns:
        The name with forward slashes and without ``./``.

    Raises:
        InvalidInputError: The name is empty, absolute, or climbs out with ``..``.
    """
    if is_plain_name(name):
        return name
    plain = PurePosixPath(name.replace("\\", "/"))
    parts = plain.parts
    drive = len(name) > 1 and name[1] == ":" and name[0].isalpha()
    if not parts or "\0" in name or plain.is_absolute() or drive or ".." in parts:
        raise InvalidInputError(
            f"{where} names the picture {name!r}, which lies outside its folder: "
            "use a name relative to the folder of the pictures, without '..'",
            path=name,
        )
    return str(plain)


class Folder:
    """Listings of folders below one root, each read once.

    Symbolic links are followed only to what lies below the root.

    Args:
        root: The folder that nothing may leave.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = Path(os.path.realpath(root))
        self._listings: dict[str, frozenset[str]] = {}

    def files(self, folder: str) -> frozenset[str]:
        """Names of the files in a folder.

        Args:
            folder: Absolute path.

        Returns:
            The names; empty when there is no such folder.
        """
        known = self._listings.get(folder)
        if known is None:
            known = self._listings[folder] = frozenset(self._list(folder))
        return known

    def _list(self, folder: str) -> Iterator[str]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as fault:
            raise MediaError(f"{folder} cannot be listed: {fault.strerror}", path=folder) from fault
        if entries:
            self._stay_inside(folder)
        for entry in entries:
            if entry.is_symlink():
                self._stay_inside(entry.path)
            if entry.is_file():
                yield entry.name

    def _stay_inside(self, path: str) -> None:
        real = Path(os.path.realpath(path))
        if real != self._real and self._real not in real.parents:
            raise InvalidInputError(
                f"{path} is a link to {real}, which lies outside {self.root}: "
                "copy the pictures, or pass their real folder as images=…",
                path=path,
            )


def place(names: Sequence[str], bases: Iterable[Path], folder: Folder) -> tuple[Path, list[str]]:
    """Choose the base folder under which most of the named pictures exist.

    Args:
        names: Relative names, already safe.
        bases: Folders to try, best first; a tie goes to the earlier one.
        folder: Listings below the root.

    Returns:
        The base and the names that do not exist below it.
    """
    by_folder: dict[str, list[str]] = {}
    for name in names:
        head, _, tail = name.rpartition("/")
        by_folder.setdefault(head, []).append(tail)
    best: tuple[int, Path] | None = None
    for base in dict.fromkeys(bases):
        found = sum(
            len(folder.files(os.path.join(base, head)).intersection(tails))  # noqa: PTH118 - hot
            for head, tails in by_folder.items()
        )
        if best is None or found > best[0]:
            best = (found, base)
        if found == len(names):
            break
    base = best[1] if best else folder.root
    missing = []
    for head, tails in by_folder.items():
        there = folder.files(os.path.join(base, head))  # noqa: PTH118 - hot
        missing += [f"{head}/{tail}" if head else tail for tail in tails if tail not in there]
    return base, missing


def listed(root: Path) -> list[str]:
    """List the pictures below a folder.

    Hidden files and folders are passed over; folders that are links are not entered.

    Args:
        root: The folder.

    Returns:
        Paths relative to it, with forward slashes, sorted.
    """
    names: list[str] = []
    stack = [("", str(root))]
    folder = Folder(root)
    while stack:
        prefix, path = stack.pop()
        names += [
            prefix + name
            for name in folder.files(path)
            if name[0] != "." and os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - hot
        ]
        with os.scandir(path) as entries:
            stack += [
                (f"{prefix}{entry.name}/", entry.path)
                for entry in entries
                if entry.name[0] != "." and entry.is_dir(follow_symlinks=False)
            ]
    return sorted(names)


def size(path: str | Path) -> tuple[int, int]:
    """Read width and height from the head of a picture, without decoding it.

    Args:
        path: The picture.

    Returns:
        Width and height in pixels, as stored.

    Raises:
        MediaError: The file is missing or no picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return picture.size
    except FileNotFoundError as fault:
        raise MediaError(f"{path} does not exist", path=str(path)) from fault
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as fault:
        raise MediaError(
            f"{path} is no readable picture ({type(fault).__name__}): replace or remove the file",
            path=str(path),
        ) from fault


def repeated(values: Iterable[str]) -> list[str]:
    """Find values that occur more than once.

    Args:
        values: Names.

    Returns:
        Each such value once, in order of first occurrence.
    """
    return [value for value, count in Counter(values).items() if count > 1]


def stems(names: Sequence[str]) -> list[str]:
    """Name the annotation file of each picture, for formats that keep one a picture.

    Args:
        names: Reference ids.

    Returns:
        The names without their endings; with them where two pictures differ in nothing else.
    """
    safe = [safe_name(name, "reference_id") for name in names]
    short = [os.path.splitext(name)[0] for name in safe]  # noqa: PTH122 - hot
    shared = set(repeated(short))
    return [name if stem in shared else stem for name, stem in zip(safe, short, strict=True)]
