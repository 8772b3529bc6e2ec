"""A folder of pictures as items."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from nucleus_lab.bulk import listed
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError, MediaError, NotFoundError

MOST_UNASKED: Final = 500
"""More files than this look like a wrong folder, unless the caller says otherwise."""


def valid_dirname(dirname: str | os.PathLike[str]) -> str:
    """Check that a folder exists.

    Args:
        dirname: Path; ``~`` stands for the home folder.

    Returns:
        The path.

    Raises:
        InvalidInputError: There is no folder of this name.
    """
    folder = Path(dirname).expanduser()
    if not folder.exists():
        raise InvalidInputError(
            f"there is no folder {str(dirname)!r} (looked for {folder.absolute()}): correct the "
            "path",
            dirname=str(dirname),
        )
    if not folder.is_dir():
        raise InvalidInputError(
            f"{str(dirname)!r} is a file: give the folder that it is in", dirname=str(dirname)
        )
    return str(folder)


def directory_items(
    dirname: str | os.PathLike[str],
    allowed_file_types: Sequence[str],
    skip_size_warning: bool,
    proxy: str | None,
) -> list[DatasetItem]:
    """List the pictures of a folder as items, in the order of their paths.

    Files and folders whose name starts with a dot are left out.

    Args:
        dirname: Folder; the folders in it are read as well.
        allowed_file_types: File name extensions without the dot, in any case.
        skip_size_warning: Allow more than 500 files.
        proxy: ``None``, or the URL that serves the folder: items then have URLs and sizes.

    Returns:
        The items; the reference id is the path relative to the folder, with slashes.

    Raises:
        NotFoundError: The folder has no such file.
        InvalidInputError: There is no such folder, it has too many files, or the proxy is no URL.
    """
    root = Path(valid_dirname(dirname))
    if proxy is not None and not proxy.startswith(("http://", "https://")):
        raise InvalidInputError(
            f"privacy_mode_proxy is {proxy!r}: a dataset in privacy mode needs the http:// or "
            "https:// "
            "address under which you serve the folder"
        )
    kinds = listed("allowed_file_types", allowed_file_types, "file name extensions")
    extensions = {f".{kind.lower().lstrip('.')}" for kind in kinds}
    paths = sorted(path for path in _files(root) if path.suffix.lower() in extensions)
    if not paths:
        raise NotFoundError(
            f"{root} has no {', '.join(sorted(extensions))} file: "
            "check the folder, or name the extensions in allowed_file_types",
            dirname=str(root),
        )
    if len(paths) > MOST_UNASKED and not skip_size_warning:
        raise InvalidInputError(
            f"{root} has {len(paths)} pictures, more than {MOST_UNASKED}: "
            "if this is the right folder, pass skip_size_warning=True",
            dirname=str(root),
            files=len(paths),
        )
    return [_item(root, path, proxy) for path in paths]


def _files(root: Path) -> Iterator[Path]:
    """Every visible file of a folder and of the visible folders in it."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _item(root: Path, path: Path, proxy: str | None) -> DatasetItem:
    name = path.relative_to(root).as_posix()
    if proxy is None:
        return DatasetItem(image_location=str(path), reference_id=name)
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            width, height = picture.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as fault:
        raise MediaError(
            f"{path} is no picture that can be read ({fault}): repair or remove it", path=str(path)
        ) from fault
    url = f"{proxy.rstrip('/')}/{quote(name)}"
    return DatasetItem(image_location=url, reference_id=name, width=width, height=height)
