"""The files of chips: a JPEG and a JSON list beside it, in a folder or in cloud storage.

This module is what a worker process imports, so it imports little.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from nucleus_lab.dataset.chip_tiles import Tile, boxes_on, tiles
from nucleus_lab.errors import InvalidInputError, MediaError

QUALITY: Final = 95


@dataclass(frozen=True, slots=True)
class Chipping:
    """How pictures are cut and where the chips go.

    Attributes:
        chip_size: Side of a chip in pixels.
        stride_size: Distance of two chips in pixels at most.
        cache_directory: Folder, or a URL such as ``s3://bucket/folder``.
        upstream_tiling: Lay the chips as the published client does.
    """

    chip_size: int
    stride_size: int
    cache_directory: str
    upstream_tiling: bool = False

    def tiles(self, width: int, height: int) -> list[Tile]:
        """Lay chips over a picture.

        Args:
            width: In pixels.
            height: In pixels.

        Returns:
            Their places.
        """
        laid = tiles(width, height, self.chip_size, self.stride_size, upstream=self.upstream_tiling)
        return list(laid)

    def stem(self, reference_id: str, tile: Tile) -> str:
        """Name the files of a chip, without their extension.

        Args:
            reference_id: Of the item.
            tile: The chip.

        Returns:
            Path or URL. Slashes in the reference id make folders, except where it would lead out
            of the cache directory.
        """
        parts = reference_id.replace("\\", "/").split("/")
        safe = reference_id if not {"", ".", ".."} & set(parts) else quote(reference_id, safe="")
        place = "_".join(map(str, tile))
        return f"{self.cache_directory.rstrip('/')}/{safe}_{place}"


Chip = dict[str, str | None]


class Files:
    """Where chips are kept.

    Args:
        cache_directory: Folder or URL.

    Raises:
        InvalidInputError: The URL is of a kind that nothing installed here can write to.
    """

    def __init__(self, cache_directory: str) -> None:
        from fsspec.core import url_to_fs

        try:
            self._system, _ = url_to_fs(cache_directory)
        except (ValueError, ImportError) as fault:
            raise InvalidInputError(
                f"cache_directory {cache_directory!r} cannot be used ({fault}): give a folder, or "
                "install what the URL needs (s3fs for s3://, gcsfs for gs://, adlfs for az://)"
            ) from fault
        self._local = "file" in self._system.protocol

    def known(self, stem: str) -> Chip | None:
        """Find a chip that was made before.

        Args:
            stem: Of its files.

        Returns:
            Its locations; ``None`` when it was not.
        """
        boxes = f"{stem}.json"
        with _storing(stem):
            if not self._system.exists(f"{stem}.jpeg"):
                return None
            return _chip(stem, boxes if self._system.exists(boxes) else None)

    def write(self, stem: str, picture: bytes, boxes: list[dict[str, Any]]) -> Chip:
        """Keep a chip. The picture comes last: where it is, the chip is whole.

        Args:
            stem: Of its files.
            picture: A JPEG.
            boxes: What lies on it.

        Returns:
            Its locations.
        """
        location = None
        with _storing(stem):
            if self._local:  # elsewhere it would make a bucket of a name that is mistyped
                self._system.makedirs(stem.rpartition("/")[0], exist_ok=True)
            if boxes:
                location = f"{stem}.json"
                self._put(location, json.dumps(boxes, ensure_ascii=False).encode())
            self._put(f"{stem}.jpeg", picture)
        return _chip(stem, location)

    def _put(self, path: str, content: bytes) -> None:
        # Cloud storage shows a file when it is complete; a folder does once it is renamed.
        written = f"{path}.part" if self._local else path
        with self._system.open(written, "wb") as file:
            file.write(content)
        if self._local:
            self._system.mv(written, path)


@contextmanager
def _storing(stem: str) -> Iterator[None]:
    """Name the chip when its folder or bucket fails."""
    try:
        yield
    except Exception as fault:  # every storage library has errors of its own
        said = str(fault).strip().partition("\n")[0].rstrip(".") or type(fault).__name__
        raise MediaError(
            f"the chip {stem} cannot be kept: {said}. Check the folder or the bucket, which must "
            "be there, and the rights to write to it; chips that are there stay",
            path=stem,
        ) from fault


def _chip(stem: str, boxes: str | None) -> Chip:
    return {"image_location": f"{stem}.jpeg", "annotation_location": boxes}


def known_chips(
    chipping: Chipping, files: Files, reference_id: str, size: tuple[int, int]
) -> list[Chip] | None:
    """Find all chips of a picture where all were made before.

    Args:
        chipping: How it is cut.
        files: Where chips are kept.
        reference_id: Of the item.
        size: Of the picture, in pixels.

    Returns:
        The chips in order; ``None`` when one is missing.
    """
    found = []
    for tile in chipping.tiles(*size):
        chip = files.known(chipping.stem(reference_id, tile))
        if chip is None:
            return None
        found.append(chip)
    return found


def cut(
    chipping: Chipping, reference_id: str, content: bytes, boxes: list[dict[str, Any]]
) -> list[Chip]:
    """Cut a picture into chips and keep those that are not kept yet.

    Args:
        chipping: How it is cut, and where to.
        reference_id: Of the item.
        content: The picture.
        boxes: Payloads of its boxes.

    Returns:
        The chips in order.

    Raises:
        MediaError: The picture cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    files = Files(chipping.cache_directory)
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = opened if opened.mode in {"L", "RGB"} else opened.convert("RGB")
            picture.load()
    except (OSError, UnidentifiedImageError) as fault:
        raise MediaError(
            f"the picture of item {reference_id!r} cannot be cut into chips: {fault}",
            reference_id=reference_id,
        ) from fault
    found = []
    for tile in chipping.tiles(*picture.size):
        stem = chipping.stem(reference_id, tile)
        chip = files.known(stem)
        if chip is None:
            buffer = io.BytesIO()
            picture.crop(tile).save(buffer, "JPEG", quality=QUALITY)
            chip = files.write(stem, buffer.getvalue(), boxes_on(tile, boxes))
        found.append(chip)
    return found
