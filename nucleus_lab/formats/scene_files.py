"""The files of scenes on their way into a folder: copied where they are local, else read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from nucleus_lab.columns import Collection
from nucleus_lab.errors import MediaError
from nucleus_lab.location import is_local


def put_file(item: Any, target: Path, collection: Collection) -> None:
    """Write the file of an item of a scene.

    Args:
        item: The item.
        target: Where to; its folder is made.
        collection: Its ``read_file`` reads what is not on this machine.

    Raises:
        MediaError: The file is not on this machine and cannot be read either.
    """
    source = Path(item.location)
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_local(item.location) and source.is_file():
        if not (target.exists() and source.samefile(target)):
            shutil.copyfile(source, target)
        return
    if collection.read_file is None:
        raise MediaError(
            f"the file {item.location} of item {item.reference_id!r} is not on this machine: "
            "export from the dataset, or give local files",
            path=item.location,
        )
    target.write_bytes(collection.read_file(item))
