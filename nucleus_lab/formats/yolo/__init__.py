"""YOLO: one text file a picture, coordinates as fractions of its size.

Source: https://docs.ultralytics.com/datasets/detect and …/segment, and the darknet README.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.losses import Keeps

if TYPE_CHECKING:
    from pathlib import Path

    from nucleus_lab.columns import Collection


@register
class Yolo:
    """YOLO datasets: boxes, polygons, and detections with a confidence."""

    name = "yolo"
    keeps = Keeps(items=(), boxes=(), shapes=())
    looks_for = (
        "an images folder beside a labels folder with .txt files (or pictures with .txt files of "
        "the same name), and class names in data.yaml, classes.txt, obj.names or class_names/*.yaml"
    )

    def detect(self, path: Path) -> Match | None:
        """Look for pairs of image and label folders.

        Args:
            path: File or folder.

        Returns:
            How well it fits, or ``None``.
        """
        from nucleus_lab.formats.yolo.layout import name_files, pairs, root_of

        root, labels = root_of(path)
        found = pairs(root, labels)
        named = name_files(root)
        if path.is_file() and path not in named:
            return None
        if not found and named and (root / "labels").is_dir():
            # What an export leaves: the pictures are elsewhere, and named by images=….
            return Match(self.name, 0.6, f"labels in {root / 'labels'}, names in {named[0].name}")
        if not found or not named:
            return None
        confidence = 0.8 if found[0].labels.name == "labels" else 0.7
        return Match(
            self.name, confidence, f"labels in {found[0].labels}, names in {named[0].name}"
        )

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read boxes and polygons in pixels; sizes come from the heads of the pictures.

        Args:
            path: The dataset folder, its ``data.yaml``, or one of its label folders.
            options: ``names`` names the file of the class names, ``images`` the pictures.

        Returns:
            Items named by their path below the images folder.
        """
        from nucleus_lab.formats.yolo.reading import read_dataset

        return read_dataset(path, options)

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write ``data.yaml`` and ``labels/``.

        Args:
            collection: What to write; every item needs its width and height.
            path: Folder.

        Returns:
            The files written.
        """
        from nucleus_lab.formats.yolo.writing import write_dataset

        return write_dataset(collection, path)
