"""An embedder of one's own that reads words, from settings to ``text_similarity``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import DatasetItem
from nucleus_lab.errors import QueryError

MODULE = '''
"""Colours by their names."""

import numpy as np

from nucleus_lab.engine.embedders import embedder

NAMES = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


@embedder
class Colours:
    name = "colours-1"
    dimension = 3

    def check(self):
        pass

    def embed(self, pictures):
        means = np.array([picture.reshape(-1, 3).mean(0) for picture in pictures], np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def embed_text(self, texts):
        return np.array([NAMES[text] for text in texts], np.float32)
'''
SHADES = {
    "a.png": (250, 10, 10),
    "b.png": (200, 120, 10),
    "c.png": (10, 240, 10),
    "d.png": (60, 60, 220),
}


def coloured(client: Any, folder: Path) -> Any:
    """A dataset of four colours with an image index."""
    dataset = client.create_dataset("colours")
    for name, shade in SHADES.items():
        Image.new("RGB", (32, 24), shade).save(folder / name)
    dataset.append([DatasetItem(str(folder / name), name) for name in SHADES])
    dataset.create_image_index().sleep_until_complete(verbose_std_out=False)
    return dataset


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The module on the path of this process and of workers, named in the settings."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "colours_by_name.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(modules))
    monkeypatch.setenv("PYTHONPATH", str(modules), prepend=":")
    monkeypatch.setenv("NUCLEUS_LAB_EMBEDDER", "colours-1")
    monkeypatch.setenv("NUCLEUS_LAB_JOB_MODULES", "colours_by_name")


def test_words_find_pictures(named: None, client: Any, tmp_path: Path) -> None:
    dataset = coloured(client, tmp_path)

    found = dataset.query_items('ORDER BY text_similarity("red") DESC')

    assert [item.reference_id for item in found] == ["a.png", "b.png", "d.png", "c.png"]
    assert dataset.count('text_similarity("red") > 0.8') == 2
    assert dataset.count('text_similarity("blue") > 0.9') == 1
    assert [item.reference_id for item in dataset.query_items('similarity("a.png") > 0.9')] == [
        "a.png"
    ]


def test_the_embedder_that_is_built_in_tells_how_to_bring_one(client: Any, tmp_path: Path) -> None:
    dataset = coloured(client, tmp_path)

    with pytest.raises(QueryError) as refused:
        dataset.count('text_similarity("red") > 0.8')

    told = str(refused.value)
    assert "the embedder 'colour-gradient-1' reads pictures and no text" in told
    for step in ("embed_text", "nucleus_lab.engine.embedders", "job_modules", "create_image_index"):
        assert step in told
