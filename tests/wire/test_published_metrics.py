"""The metrics of the published package and ours, on the same values.

Where a number of the published package does not follow from its definition, both are written down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wire.measure import CASES
from wire.wire_servers import REPOSITORY

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]  # it may install first

ALIKE = [name for name in CASES if not name.startswith("differs_")]

# Theirs, ours, and why.
DIFFERENT: dict[str, tuple[Any, Any]] = {
    # x and y are the top left corner of a box; theirs takes them as its centre.
    "boxes_of_two_sizes": ([0.052631579, 1.0], [0.25, 1.0]),
    # Two boxes that do not touch are no pair.
    "no_overlap_at_threshold_0": ([1.0, 1.0], [0.0, 1.0]),
    # Right, wrong, right of two: 1/2 · 1 + 1/2 · 2/3. Theirs exchanges precision and recall, and
    # divides by the three annotations of all labels.
    "average_precision": ([0.444444444, 1.0], [0.833333333, 1.0]),
    # The overlap is 7/13; theirs compares at 0.5 whatever is asked for.
    "threshold_of_the_mean": ([1.0, 1.0], [0.0, 1.0]),
    # One prediction belongs to one annotation: 1 of 2. Theirs adds its overlap with the other.
    "one_prediction_for_two_cuboids": ([0.8, 2.0], [0.5, 2.0]),
    # road 6/8, sky 1, car 0. Theirs adds the pixels of the car to the union of every class.
    "a_class_below_the_threshold": ([0.25, 16.0], [0.583333333, 16.0]),
    # The same masks with other numbers; theirs compares the numbers.
    "numbers_of_classes": ([0.222222222, 16.0], [0.805555556, 16.0]),
    # Theirs weighs the precision at 0.5 by 0.5, and that at 0.95 twice.
    "mean_over_thresholds": (0.725, 0.616666667),
    # 6/16 · 6/8 + 6/16 · 4/6 + 4/16; theirs weighs by what was predicted.
    "frequencies": (0.791666667, 0.78125),
    # Nothing was found: a recall of 0.
    "nothing_predicted": ("EverythingFilteredError: Predictions", [0.0, 1.0]),
    # Theirs compares a shape with a number.
    "areas": ("TypeError: '<=' not supported", ["b"]),
}


def measured(python: Path | str, name: str) -> dict[str, Any]:
    program = Path(__file__).with_name("measure.py")
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    if name == "nucleus_lab":
        environment["PYTHONPATH"] = str(REPOSITORY)
    done = subprocess.run(
        [str(python), str(program), name], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results: dict[str, Any] = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return measured(sys.executable, "nucleus_lab")


@pytest.fixture(scope="module")
def theirs(client_python: Callable[..., Path]) -> dict[str, Any]:
    return measured(client_python("0.22.3", "shapely", "scipy", "scikit-learn"), "nucleus")


@pytest.mark.parametrize("name", ALIKE)
def test_both_find_the_same(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> None:
    assert not isinstance(ours[name], str), ours[name]
    assert ours[name] == theirs[name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_where_the_published_numbers_are_wrong_ours_are_not(
    ours: dict[str, Any], theirs: dict[str, Any], name: str
) -> None:
    expected, right = DIFFERENT[name]
    seen = theirs[f"differs_{name}"]

    assert ours[f"differs_{name}"] == right
    if isinstance(expected, str):
        assert seen.startswith(expected)
    else:
        assert seen == expected


def test_every_difference_is_written_down() -> None:
    assert {f"differs_{name}" for name in DIFFERENT} == set(CASES) - set(ALIKE)
