"""Label Studio: a JSON list of tasks, each with a picture and results in per cent of its size.

Read are rectangles (turned ones become polygons), polygons, keypoints and choices; of several
annotations of a task the last one that was not cancelled. What Label Studio leaves alone carries
what it has no place for: ids as region ids, metadata and skeletons in ``meta``.
"""

from __future__ import annotations

from pathlib import Path

from nucleus_lab.columns import Collection
from nucleus_lab.formats.base import Match, ReadOptions, register
from nucleus_lab.formats.label_studio.config import labeling_config
from nucleus_lab.formats.losses import Keeps

__all__ = ["LabelStudio", "labeling_config"]

_PEEK = 1 << 14


@register
class LabelStudio:
    """Tasks of Label Studio in its JSON format."""

    name = "label_studio"
    keeps = Keeps(confidence=False)
    looks_for = (
        'a JSON file that lists tasks with "data" and "annotations", or a folder with tasks.json'
    )

    def detect(self, path: Path) -> Match | None:
        """Look at the first bytes.

        Args:
            path: File or folder.

        Returns:
            How well it fits, or ``None``.
        """
        path = _file(path)
        if not path.is_file() or path.suffix.lower() != ".json":
            return None
        with path.open("rb") as file:
            head = file.read(_PEEK).removeprefix(b"\xef\xbb\xbf").lstrip()
        ours = b'"data"' in head or (b'"annotations"' in head and b'"result"' in head)
        if head[:1] != b"[" or b'"image_id"' in head or not ours:
            return None
        return Match(self.name, 0.8, f"Label Studio tasks in {path.name}")

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """Read tasks.

        Args:
            path: The JSON file, or the folder that holds it as ``tasks.json``.
            options: ``images`` names the folder of the pictures.

        Returns:
            Items, annotations, and which items are finished.
        """
        from nucleus_lab.formats.label_studio.reading import read_tasks

        return read_tasks(_file(path), options)

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Write one JSON file, ready to be imported.

        Args:
            collection: What to write; annotations of items that are not finished become
                predictions to begin from.
            path: A ``.json`` file, or a folder that gets ``tasks.json``.

        Returns:
            The file written.
        """
        from nucleus_lab.formats.label_studio.writing import write_tasks

        return write_tasks(collection, path)


def _file(path: Path) -> Path:
    return path / "tasks.json" if (path / "tasks.json").is_file() else path
