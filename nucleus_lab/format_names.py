"""Names of the file formats, for what lists them without loading what reads them."""

from __future__ import annotations

from typing import Final

FORMAT_NAMES: Final = (
    "coco",
    "coco_panoptic",
    "cvat",
    "datumaro",
    "images",
    "kitti",
    "label_studio",
    "mot",
    "pascal_voc",
    "yolo",
)
"""Those of :data:`nucleus_lab.formats.FORMATS`, in order of name."""

WRITTEN_FORMATS: Final = tuple(name for name in FORMAT_NAMES if name != "images")
"""Those that can be written: a plain folder of pictures has no place for annotations."""
