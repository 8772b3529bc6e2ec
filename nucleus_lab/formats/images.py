"""A plain folder of pictures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats import pictures
from nucleus_lab.formats.base import Match, ReadOptions, register

_ABOUT: Final = ("readme", "license", "licence", "thumbs.db", "desktop.ini")


@register
class Images:
    """Pictures without annotations; the first folder below the root may be a category."""

    name = "images"
    looks_for = f"a folder with pictures ({', '.join(sorted(pictures.SUFFIXES))})"

    def detect(self, path: Path) -> Match | None:
        """Find pictures in the folder or below it.

        Args:
            path: File or folder.

        Returns:
            A weak match, so that every format with annotations wins.
        """
        if not path.is_dir():
            return None
        count = len(pictures.listed(path))
        return Match(self.name, 0.1, f"{count} pictures without annotations") if count else None

    def read(self, path: Path, options: ReadOptions) -> Collection:
        """List the pictures; their sizes are read when they are uploaded.

        Args:
            path: The folder.
            options: ``folder_labels`` makes categories of the folders.

        Returns:
            Items named by their path below the folder.

        Raises:
            InvalidInputError: It is no folder, or there is no picture in it.
        """
        names = pictures.listed(path) if path.is_dir() else []
        if not names:
            raise InvalidInputError(
                f"{path} holds no pictures: expected a folder with {self.looks_for[21:]}",
                path=str(path),
            )
        collection = Collection(problems=_others(path))
        items = collection.items
        items.reference_id = names
        items.location = [str(path / name) for name in names]
        items.width = [None] * len(names)
        items.height = [None] * len(names)
        if options.folder_labels:
            from nucleus_lab.annotation import CategoryAnnotation

            collection.others = [
                CategoryAnnotation(label=name.partition("/")[0], reference_id=name)
                for name in names
                if "/" in name
            ]
        return collection

    def write(self, collection: Collection, path: Path) -> list[Path]:
        """Refuse: a plain folder of pictures holds no annotations.

        Args:
            collection: Ignored.
            path: Ignored.

        Raises:
            InvalidInputError: Always.
        """
        raise InvalidInputError(
            f"a folder of pictures holds no annotations, so nothing can be exported to {path}: "
            "use coco, cvat, datumaro, label_studio, pascal_voc or yolo "
            f"({len(collection.items)} items are waiting)"
        )


def _others(path: Path) -> list[str]:
    """Say which files are no pictures: annotations that no format fits must not go unseen."""
    counts = Counter(
        file.suffix.lower() or file.name
        for file in path.rglob("*")
        if file.suffix.lower() not in pictures.SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and not file.name.lower().startswith(_ABOUT)
        and file.is_file()
    )
    if not counts:
        return []
    named = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common(8))
    told = (
        f"{sum(counts.values()):,} files below {path} are no pictures and were left out ({named})"
    )
    return [f"{told}: where they hold annotations, name their file or folder, or their format"]
