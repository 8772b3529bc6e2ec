"""File formats: what people have on disk, read as columns and written from them.

Example:
    >>> from nucleus_lab import formats
    >>> sorted(formats.FORMATS)[:6]
    ['coco', 'coco_panoptic', 'cvat', 'datumaro', 'images', 'kitti']
"""

from nucleus_lab.formats import (
    coco,
    cvat,
    datumaro,
    images,
    kitti,
    label_studio,
    mot,
    pascal_voc,
    yolo,
)
from nucleus_lab.formats.base import (
    FORMATS,
    Format,
    Match,
    ReadOptions,
    detect,
    holds_scenes,
    named,
    read,
    register,
    write,
)
from nucleus_lab.formats.coco.results import read_results
from nucleus_lab.formats.mot_writing import read_detections

__all__ = [
    "FORMATS",
    "Format",
    "Match",
    "ReadOptions",
    "coco",
    "cvat",
    "datumaro",
    "detect",
    "holds_scenes",
    "images",
    "kitti",
    "label_studio",
    "mot",
    "named",
    "pascal_voc",
    "read",
    "read_detections",
    "read_results",
    "register",
    "write",
    "yolo",
]
