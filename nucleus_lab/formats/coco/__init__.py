"""COCO: instances, keypoints, panoptic masks and results.

Source: https://cocodataset.org/#format-data and #format-results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.losses import Keeps

if TYPE_CHECKING:
    from pathlib import Path

    from nucleus_lab.columns import Collection


@register
class Coco:
    """COCO datasets: one JSON file, or a folder that holds one for each split."""

    name = "coco"
    keeps = Keeps(shapes=frozenset({"iscrowd", "mask", "rle", "hole_area"}))
    looks_for = (
        "a JSON file with images and annotations: PATH itself, PATH/*.json, "
        "PATH/annotations/*.json or PATH/<split>/_annotations.coco.json"
    )

    def detect(self, path: Path) -> Match | None:
        """Find annotation files by their first and last bytes.

        Args:
            path: File or folder.

        Returns:
            How well it fits, or ``None``.
        """
        from nucleus_lab.formats.coco.layout import dataset_files, kind_of

        found = dataset_files(path)
        if not found and path.is_file() and (kind := kind_of(path)):
            return Match(self.name, 0.5, f"a COCO {kind} file")  # read() says what to name instead
        if not found:
            return None
        return Match(self.name, 0.9, f"COCO annotations in {', '.join(f.name for f in found)}")

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read boxes, polygons, masks (as polygons) and keypoints; a panoptic file as masks.

        Args:
            path: The JSON file, or the folder above it.
            options: ``images`` names the folder of the pictures.

        Returns:
            What the files hold.
        """
        from nucleus_lab.formats.coco.layout import kind_of
        from nucleus_lab.formats.coco.reading import read_dataset

        if path.is_file() and kind_of(path) == "panoptic":
            from nucleus_lab.formats.coco.panoptic import read_panoptic

            return read_panoptic(path, options)
        return read_dataset(path, options)

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write one JSON file of instances.

        Args:
            collection: What to write.
            path: A ``.json`` file, or a folder that gets ``annotations.json``.

        Returns:
            The file written.
        """
        from nucleus_lab.formats.coco.writing import write_dataset

        return write_dataset(collection, path)


@register
class CocoPanoptic:
    """COCO panoptic datasets: one JSON file, and a mask a picture whose colours are numbers."""

    name = "coco_panoptic"
    looks_for = "PATH/panoptic.json, a JSON file with segments_info, and masks in PATH/panoptic"

    def detect(self, path: Path) -> Match | None:
        """Look into the one file that a folder would have.

        Args:
            path: File or folder.

        Returns:
            How well it fits, or ``None``.
        """
        from nucleus_lab.formats.coco.layout import kind_of
        from nucleus_lab.formats.coco.panoptic_writing import json_file

        file = path if path.is_file() else json_file(path)
        if not file.is_file() or kind_of(file) != "panoptic":
            return None
        # Below what a file of instances beside it gives.
        return Match(self.name, 0.8, f"COCO panoptic segments in {file.name}")

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read masks.

        Args:
            path: The JSON file, or the folder above it.
            options: ``images`` names the folder of the pictures.

        Returns:
            What the file holds.
        """
        from nucleus_lab.formats.coco.panoptic import read_panoptic
        from nucleus_lab.formats.coco.panoptic_writing import json_file

        return read_panoptic(path if path.is_file() else json_file(path), options)

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write one JSON file and the masks.

        Args:
            collection: What to write.
            path: A ``.json`` file, or a folder that gets ``panoptic.json``.

        Returns:
            The files written.
        """
        from nucleus_lab.formats.coco.panoptic_writing import write_panoptic

        return write_panoptic(collection, path)
