"""Round numbers for axes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab.ticks import duration_unit, step, ticks, written


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0, 1, 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-0.4, 1.3, 5, ["0.0", "0.5", "1.0"]),
        (-12.3, 9.8, 6, ["-10", "-5", "0", "5"]),
        (99.99, 100.02, 5, ["99.99", "100.00", "100.01", "100.02"]),
        (-32768, 32767, 6, ["-20,000", "0", "20,000"]),
        (0, 1e9, 5, ["0", "5e8", "1e9"]),
        (123456789, 123456795, 5, ["123456790", "123456792", "123456794"]),
        (1e-7, 5e-7, 5, ["1e-7", "2e-7", "3e-7", "4e-7", "5e-7"]),
        (3, 3, 5, ["3"]),
        (math.nan, 3, 5, []),
        (3, math.inf, 5, []),
        (5, 3, 5, []),
        (-1e308, 1e308, 5, ["-1e308"]),
        (0, 5e-324, 5, ["0"]),
    ],
)
def test_an_axis_has_round_numbers(low: float, high: float, most: int, texts: list[str]) -> None:
    assert written(ticks(low, high, most)) == texts


@given(
    st.floats(-1e12, 1e12),
    st.floats(1e-6, 1e12),
    st.integers(2, 12),
)
def test_ticks_are_few_rising_multiples_of_one_step_and_told_apart(
    low: float, span: float, most: int
) -> None:
    high = low + span
    found = ticks(low, high, most)

    assert 1 <= len(found) <= most
    assert found == sorted(set(found))
    slack = 1e-6 * (high - low)
    assert all(low - slack <= each <= high + slack for each in found)
    if len(found) > 1:
        assert len(set(written(found))) == len(found)


@given(st.floats(1e-200, 1e200), st.integers(1, 20))
def test_a_step_is_one_two_or_five_and_no_larger_than_needed(span: float, most: int) -> None:
    found = step(span, most)

    assert f"{found:e}"[0] in "125"
    assert float(f"{found:e}".partition("e")[0]) in {1, 2, 5}
    assert found * most >= span * (1 - 1e-8)
    assert found / 2.5 * most <= span * (1 + 1e-8)


@pytest.mark.parametrize(
    ("milliseconds", "unit"),
    [(999, "ms"), (1000, "s"), (119_999, "s"), (120_000, "min"), (7.2e6, "h"), (1e9, "d")],
)
def test_time_is_told_in_the_unit_that_suits_it(milliseconds: float, unit: str) -> None:
    assert duration_unit(milliseconds)[0] == unit
