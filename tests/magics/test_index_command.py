"""``%nucleus index`` on embeddings of real pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from nucleus_lab import BoxAnnotation, BoxPrediction, Dataset, DatasetItem


@pytest.fixture
def dunes(shell: InteractiveShell, run: Any, tmp_path: Path) -> Dataset:
    """Four pictures, each with a box and a prediction of it."""
    noise = np.random.default_rng(0)
    dataset: Dataset = run("use dunes --create")
    names = [f"{n}.png" for n in range(4)]
    for name in names:
        Image.fromarray(noise.integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / name)
    dataset.append([DatasetItem(str(tmp_path / name), name) for name in names])
    shape = ("dune", 4, 4, 30, 30)
    dataset.annotate([BoxAnnotation(*shape, reference_id=name) for name in names])
    shell.push({"guesses": [BoxPrediction(*shape, reference_id=name) for name in names]})
    run("predict $guesses --model finder --create")
    return dataset


def test_pictures_and_objects_are_embedded(dunes: Dataset, run: Any) -> None:
    before = run("index")
    pictures = run("index create")
    annotations = run("index create --objects")
    job = run("index create --objects --model finder --background")
    job.sleep_until_complete(verbose_std_out=False)
    predictions = run("index --objects --model finder")

    names = ("pictures embedded", "pictures", "annotations embedded", "annotations")
    assert [[card[name] for name in names] for card in (before, pictures, annotations)] == [
        [0, 4, 0, 4],
        [4, 4, 0, 4],
        [4, 4, 4, 4],
    ]
    assert (predictions["predictions embedded"], predictions["predictions"]) == (4, 4)


def test_autotags_are_listed_with_what_they_found(dunes: Dataset, run: Any) -> None:
    run("index create")
    dunes.create_autotag("dry", ["0.png", "1.png"], ["3.png"])["job"].sleep_until_complete(
        verbose_std_out=False
    )

    tags, found = run("index autotags"), run("index autotags dry")

    assert [row[:3] for row in tags.rows] == [("dry", "Image", "completed")]
    assert {"0.png", "1.png"} <= {row["ref_id"] for row in found}
    with pytest.raises(UsageError, match="no autotag 'dy': did you mean 'dry'"):
        run("index autotags dy")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("index create dry", "one word too many"),
        ("index --background", "belongs to create"),
        ("index --model finder", "add --objects"),
        ("index autotags --objects", "belong to status and create"),
    ],
)
def test_options_of_another_action_are_refused(
    dunes: Dataset, run: Any, line: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        run(line)
