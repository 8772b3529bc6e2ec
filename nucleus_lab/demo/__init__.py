"""The demonstration: real photographs, hand-drawn ground truth, a simulated detector, a notebook.

Example:
    >>> from pathlib import Path
    >>> import tempfile
    >>> from nucleus_lab import demo
    >>> folder = demo.photographs(Path(tempfile.mkdtemp()))
    >>> sorted(entry.name for entry in folder.iterdir())
    ['ATTRIBUTION.txt', 'annotations.json', 'images']
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nucleus_lab.dataset import Dataset
    from nucleus_lab.prediction import BoxPrediction

__all__ = ["detections", "detector_results", "photographs"]


def photographs(folder: Path | str | None = None) -> Path:
    """Write the demonstration dataset as a COCO folder.

    About a hundred tiles of the photographs that scikit-image and scikit-learn carry, with boxes,
    polygons and keypoints drawn by hand. Nothing is downloaded. Writing it again changes nothing.

    Args:
        folder: Where to; the user's cache folder when ``None``.

    Returns:
        The folder, ready for ``dataset.import_from(folder)``.

    Raises:
        MediaError: A package that carries photographs is not installed.
    """
    from nucleus_lab import formats
    from nucleus_lab.demo.sources import attribution
    from nucleus_lab.demo.tiles import write_tiles

    if folder is None:
        import platformdirs

        folder = platformdirs.user_cache_path("nucleus-lab", appauthor=False) / "photographs"
    target = Path(folder).absolute()
    collection = write_tiles(target)
    formats.write(collection, target / "annotations.json", "coco")
    (target / "ATTRIBUTION.txt").write_text(attribution(), encoding="utf-8")
    return target


def detector_results(path: Path | str) -> Path | None:
    """Find the detections that come with a dataset folder.

    Args:
        path: The folder, or a file in it.

    Returns:
        The first COCO results file beside the annotations or below ``predictions``, if any.
    """
    from nucleus_lab.formats.coco.layout import result_files

    found = result_files(Path(path))
    return found[0] if found else None


def detections(dataset: Dataset, *, seed: int = 7) -> list[BoxPrediction]:
    """Run the simulated detector over a dataset.

    Args:
        dataset: Items with boxes as ground truth.
        seed: Number that all chance follows from.

    Returns:
        Predictions for ``dataset.upload_predictions``.
    """
    from nucleus_lab.demo.detector import detect, scenes_of

    scenes = list(scenes_of(dataset.rows(dataset.item_ids())))
    labels = sorted({truth.label for scene in scenes for truth in scene.truths})
    return detect(scenes, labels, seed=seed)
