"""Writes COCO panoptic datasets: a PNG a picture whose colours number the segments, and one JSON.

Source: https://cocodataset.org/#format-data, section 4, Panoptic Segmentation.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nucleus_lab.annotation import Segment, SegmentationAnnotation
from nucleus_lab.bulk import collector_paused
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError, NucleusError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.coco.panoptic import NUMBER, OWN_KEYS
from nucleus_lab.formats.coco.writing import image_rows
from nucleus_lab.formats.files import replace_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_NUMBER: Final = 256**3 - 1


def json_file(path: Path) -> Path:
    """Return where the JSON of a dataset lies.

    Args:
        path: A ``.json`` file, or the folder of the dataset.

    Returns:
        The file.
    """
    return path if path.suffix.lower() == ".json" else path / "panoptic.json"


def write_panoptic(collection: Collection, path: Path) -> list[Path]:
    """Write the masks of a dataset.

    Args:
        collection: What to write. Segments keep the numbers that they were read with, where all of
            a mask have one. What is no mask, masks that cannot be read here, and segments without
            a pixel are left out and named in ``collection.problems``.
        path: A ``.json`` file, or a folder that gets ``panoptic.json``; the PNG files go into a
            folder of the same name beside it.

    Returns:
        The files written, the JSON first.
    """
    target = json_file(path)
    masks = _masks(collection)
    with collector_paused():
        images, image_ids = image_rows(collection.items)
        labels = sorted({one.label for mask in masks.values() for one in mask.annotations})
        categories = {name: number for number, name in enumerate(labels, 1)}
        annotations: list[dict[str, Any]] = []
        written = [target]
        names = pictures.stems(collection.items.reference_id)
        for at, mask in sorted(masks.items()):
            try:
                drawn, parts = _drawn(mask, categories, collection.problems)
            except NucleusError as fault:
                collection.problems.append(
                    f"{mask.reference_id}: the mask was left out: {fault.message}"
                )
                continue
            file = target.with_suffix("") / f"{names[at]}.png"
            replace_file(file, _png(drawn))
            written.append(file)
            annotations.append({
                "image_id": image_ids[at],
                "file_name": f"{names[at]}.png",
                "segments_info": parts,
            })
        stuff = {
            one.label
            for mask in masks.values()
            for one in mask.annotations
            if (one.metadata or {}).get("isthing") == 0
        }
        data = {
            "info": {"description": "written by Nucleus Lab"},
            "licenses": [],
            "images": images,
            "categories": [
                {"id": number, "name": name, "isthing": int(name not in stuff)}
                for name, number in categories.items()
            ],
            "annotations": annotations,
        }
        text = msgspec.json.encode(data)
    replace_file(target, text)  # last: it names only files that are there
    return written


def _masks(collection: Collection) -> dict[int, SegmentationAnnotation]:
    """Find the mask of each item by its place; the rest is told."""
    places = {name: at for at, name in enumerate(collection.items.reference_id)}
    found: dict[int, SegmentationAnnotation] = {}
    rest = len(collection.boxes)
    for value in collection.others:
        if isinstance(value, SegmentationAnnotation):
            found[places[value.reference_id]] = value
        else:
            rest += 1
    if rest:
        collection.problems.append(
            f"{rest} annotations that are no masks have no place in a panoptic dataset and were "
            "left out"
        )
    return found


def _drawn(
    mask: SegmentationAnnotation, categories: dict[str, int], problems: list[str]
) -> tuple[NDArray[np.int64], list[dict[str, Any]]]:
    """Number the pixels of a mask, and describe its segments."""
    import numpy as np

    pixels = _pixels(mask)
    drawn = np.zeros(pixels.shape, np.int64)
    parts: list[dict[str, Any]] = []
    for segment, number in zip(mask.annotations, _numbers(mask), strict=True):
        inside = pixels == int(segment.index)
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        if not rows.size:
            problems.append(
                f"{mask.reference_id}: segment {segment.index} ({segment.label}) has no pixel and "
                "was left out"
            )
            continue
        drawn[inside] = number
        left, top = int(columns[0]), int(rows[0])
        box = [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
        known = segment.metadata or {}
        part = {
            "id": number,
            "category_id": categories[segment.label],
            "iscrowd": int(bool(known.get("iscrowd"))),
            "bbox": box,
            "area": int(inside.sum()),
        }
        rest = {key: value for key, value in known.items() if key not in OWN_KEYS}
        parts.append(part | ({"attributes": rest} if rest else {}))
    return drawn, parts


def _pixels(mask: SegmentationAnnotation) -> NDArray[np.int64]:
    from nucleus_lab.annotation import mask_pictures

    draw = getattr(mask, "content", None)
    if draw is not None:
        content: bytes = draw()
    elif mask.has_local_files_to_upload():
        content = Path(mask.mask_url).read_bytes()
    else:
        raise InvalidInputError(f"{mask.mask_url} is at a URL: export from its dataset instead")
    return mask_pictures.read(content, mask.mask_url)


def _numbers(mask: SegmentationAnnotation) -> list[int]:
    """Number the segments as they were, else from 1 on; 0 is what no segment has."""
    known = [_number(segment) for segment in mask.annotations]
    if 0 in known or len(set(known)) < len(known):
        return list(range(1, len(known) + 1))
    return known


def _number(segment: Segment) -> int:
    number = (segment.metadata or {}).get(NUMBER)
    if not isinstance(number, int) or isinstance(number, bool):
        return 0
    return number if 1 <= number <= _MOST_NUMBER else 0


def _png(numbers: NDArray[np.int64]) -> bytes:
    import numpy as np
    from PIL import Image

    colours = np.stack([numbers >> shift & 255 for shift in (0, 8, 16)], -1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(colours).save(buffer, "PNG")
    return buffer.getvalue()
