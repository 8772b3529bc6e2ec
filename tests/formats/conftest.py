"""Small datasets in every layout, written on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Write a grey picture of a size."""
    from PIL import Image

    def make(path: Path, width: int = 40, height: int = 30) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (width, height), 128).save(path)
        return path

    return make


@pytest.fixture
def coco(tmp_path: Path, picture: Callable[..., Path]) -> Callable[..., Path]:
    """Write a COCO folder with two pictures; keywords replace parts of the file."""

    def make(**parts: Any) -> Path:
        data = {
            "images": [
                {"id": 7, "file_name": "a.png", "width": 40, "height": 30},
                {"id": 8, "file_name": "b.png", "width": 40, "height": 30},
            ],
            "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
            "annotations": [
                {"id": 11, "image_id": 8, "category_id": 2, "bbox": [1, 2, 3, 4]},
                {"id": 12, "image_id": 7, "category_id": 1, "bbox": [5.5, 6, 7, 8]},
            ],
            **parts,
        }
        for image in data["images"][:2]:
            name = str(image.get("file_name", ""))
            if name.endswith(".png") and ".." not in name and name[0] not in "/C":
                picture(tmp_path / "images" / name)
        file = tmp_path / "annotations.json"
        file.write_text(json.dumps(data))
        return file

    return make
