"""Parquet files of samples become the recordings that the same CSV files become."""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.samples.parquet import read_parquet
from nucleus_lab.formats.samples.reading import read
from nucleus_lab.formats.samples.recording import Sensor
from nucleus_lab.formats.samples.separated import read_csv

pytest.importorskip("pyarrow")


def parquet(**columns: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = io.BytesIO()
    pq.write_table(pa.table(columns), made)
    return made.getvalue()


def test_a_parquet_file_is_what_the_same_csv_is() -> None:
    made = parquet(
        timestamp=[0, 10, 20],
        x=np.array([1.5, -2, 1 / 3]),
        whole=np.array([1, 2, -3], np.int16),
        short=[0.5, None, 2.0],
        switch=[True, False, True],
    )
    text = (
        b"timestamp,x,whole,short,switch\n0,1.5,1,0.5,1\n10,-2,2,,0\n20,0.3333333333333333,-3,2,1\n"
    )

    found = read(made, "a.parquet")
    expected = read_csv(text)

    assert found.kind == "series"
    assert found.file == made
    assert found.recording is not None
    assert found.recording.sensors == expected.sensors
    assert found.recording.interval_ms == expected.interval_ms == 10
    np.testing.assert_array_equal(found.recording.values, expected.values)


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime(["2024-01-01 00:00:00.0000", "2024-01-01 00:00:00.0025"]),
        pd.to_timedelta([1000, 1002.5], unit="ms"),
        np.array(["2024-01-01T00:00:00.000000", "2024-01-01T00:00:00.002500"], "datetime64[us]"),
        np.array([7.5, 10.0]),
    ],
)
def test_times_of_any_type_give_the_interval(times: Any) -> None:
    found = read_parquet(parquet(Timestamp=times, x=[1, 2]))

    assert found.interval_ms == pytest.approx(2.5, abs=1e-9)
    assert found.sensors == (Sensor("x"),)


def test_the_index_of_a_data_frame_gives_the_time_where_it_has_times(tmp_path: Path) -> None:
    index = pd.date_range("2024-01-01", periods=3, freq="20ms")
    frame = pd.DataFrame({"x": [1.0, 2, 3]}, index=index)
    for name, made in (("a", frame), ("b", frame.rename_axis("timestamp"))):
        made.to_parquet(tmp_path / name)

        found = read_parquet((tmp_path / name).read_bytes())

        assert (found.sensors, found.interval_ms) == ((Sensor("x"),), 20)


def test_one_row_of_parquet_needs_no_time() -> None:
    found = read_parquet(parquet(x=[1], y=[2]))

    assert (found.values.tolist(), found.interval_ms) == ([[1, 2]], 0)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"x": [1, 2]}, "2 rows and no column 'timestamp', only 'x'"),
        ({"timestamp": [1, 2]}, "no column besides the timestamp"),
        ({"timestamp": [1, 2], "x": ["a", "b"]}, "column 'x' is of type string: numbers"),
        ({"timestamp": ["a", "b"], "x": [1, 2]}, "milliseconds or times are needed"),
        ({"timestamp": [2, 2], "x": [1, 2]}, "the timestamp of row 2 is 2, not after"),
        ({"timestamp": [1, None], "x": [1, 2]}, "row 2 has no timestamp"),
        ({"timestamp": [1, 2], "x": [1, float("inf")]}, "row 2, column 'x' is infinite"),
        ({"timestamp": [], "x": []}, "it has no rows"),
        ({"timestamp": [1, 2], "x": [[1], [2]]}, "column 'x' is of type list"),
    ],
)
def test_what_is_wrong_with_a_parquet_file_is_said(columns: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^run\.parquet: .*{told}"):
        read(parquet(**columns), "run.parquet")


def test_a_parquet_file_that_unfolds_without_bounds_is_refused_unread() -> None:
    made = parquet(timestamp=range(30_000_000), x=np.zeros(30_000_000, np.int8))

    with pytest.raises(InvalidInputError, match="50,000,000 numbers are allowed"):
        read_parquet(made)


@given(st.binary(max_size=300), st.integers(0, 2_000))
def test_a_damaged_parquet_file_is_refused_or_read(noise: bytes, at: int) -> None:
    whole = parquet(timestamp=[0, 10, 20], x=[1.0, 2, 3])
    damaged = whole[: at % len(whole)] + noise + whole[at % len(whole) + len(noise) :]

    with suppress(InvalidInputError):
        assert read(damaged, "a.parquet").file == damaged


def test_parquet_without_its_reader_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = parquet(timestamp=[0, 1], x=[1, 2])
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(InvalidInputError, match=r"pip install 'nucleus_lab\[parquet\]'"):
        read(made, "a.parquet")
