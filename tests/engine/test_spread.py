"""The choice of vectors that lie far apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nucleus_lab.engine.sampling import spread


def units(draw_values):
    made = np.asarray(draw_values, np.float64)
    lengths = np.linalg.norm(made, axis=1)
    made[lengths < 1e-3] = np.eye(made.shape[1])[0]
    return made / np.linalg.norm(made, axis=1)[:, None]


def radius(vectors, chosen):
    """Largest distance of any vector from the nearest chosen one."""
    gaps = np.linalg.norm(vectors[:, None] - vectors[None, list(chosen)], axis=2)
    return gaps.min(1).max()


floats = st.floats(-1, 1, allow_nan=False, width=32)


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.float64, (8, 3), elements=floats), st.integers(1, 4))
def test_no_vector_is_more_than_twice_as_far_as_the_best_choice_allows(values, count):
    vectors = units(values)

    chosen = spread(vectors, count)

    best = min(radius(vectors, some) for some in combinations(range(8), count))
    assert len(set(chosen)) == count
    assert radius(vectors, chosen) <= 2 * best + 1e-6


def test_near_duplicates_come_last():
    vectors = units(np.repeat(np.eye(4), 5, axis=0) + np.arange(20)[:, None] * 1e-4)

    chosen = spread(vectors, 8)

    assert {place // 5 for place in chosen[:4]} == {0, 1, 2, 3}


def test_more_than_there_are_gives_all_of_them():
    assert sorted(spread(np.eye(3), 9)) == [0, 1, 2]
