"""Samples of arrays and pandas tables, and tables of samples."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab import samples
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples import Sample, Sensor, UploadSamplesResponse
from nucleus_lab.samples.parts import content_of

SENSORS = [Sensor("x", "g"), Sensor("y", "g")]


def text(sample: Sample) -> str:
    return content_of(sample.data).decode()


def back(client: Any, response: UploadSamplesResponse) -> list[tuple[Any, ...]]:
    """Name, label, category, metadata, sensors, values and interval of what was uploaded."""
    assert response.success, response
    ids = [each.sample_id for each in response.successes]
    found = []
    for each in samples.download_samples_by_ids(ids, client=client):
        payload = json.loads(each.data)["payload"]
        names = [sensor["name"] for sensor in payload["sensors"]]
        said = (each.filename, each.label, each.category, each.metadata)
        found.append((*said, names, payload["values"], payload["interval_ms"]))
    return found


# -- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        [[1, 2.5], [3, 4]],
        ((1, 2.5), (3, 4)),
        np.array([[1, 2.5], [3, 4]]),
        [np.array([1, 2.5]), np.array([3, 4])],
        [[np.float32(1), np.float64(2.5)], [np.int64(3), np.uint8(4)]],
    ],
    ids=["lists", "tuples", "array", "rows", "scalars"],
)
def test_an_array_becomes_a_data_acquisition(values: Any) -> None:
    sample = samples.numpy_timeseries_to_sample(values, SENSORS, np.int64(10))

    assert json.loads(text(sample)) == {
        "protected": {"ver": "v1", "alg": "none", "iat": None},
        "payload": {
            "device_type": "NUCLEUS_LAB_PYTHON_SDK",
            "sensors": [{"name": "x", "units": "g"}, {"name": "y", "units": "g"}],
            "values": [[1, 2.5], [3, 4]],
            "interval_ms": 10,
            "device_name": None,
        },
        "signature": None,
    }
    assert list(json.loads(text(sample))["payload"]) == [
        "device_type", "sensors", "values", "interval_ms", "device_name",
    ]  # fmt: skip
    assert str(sample.filename).endswith(".json")
    assert sample.category == "split"


def test_missing_values_and_one_sensor_without_brackets_are_possible() -> None:
    sample = samples.numpy_timeseries_to_sample(
        np.array([1.0, np.nan, 3.0]), [{"name": "x", "units": "g", "more": 1}], 2.5
    )

    payload = json.loads(text(sample))["payload"]
    assert payload["values"] == [[1], [None], [3]]
    assert payload["interval_ms"] == 2.5
    assert payload["sensors"] == [{"name": "x", "units": "g", "more": 1}]


@pytest.mark.parametrize(
    ("values", "rate", "words"),
    [
        ([[1, 2, 3]], 10, r"sensors \(2\) must equal the number of axes .* values\[0\] has 3"),
        ([[1, 2], [3]], 10, r"values\[1\] has 1"),
        ([1, 2], 10, r"values\[0\] is 1: with 2 sensors"),
        ([[1, "2"]], 10, "values holds str: use numbers"),
        ([[1, float("inf")]], 10, "infinite"),
        (5, 10, "values is of type int"),
        ([[1, 2]], "10", "sample_rate_ms is '10'"),
        ([[1, 2]], float("nan"), "sample_rate_ms is nan"),
        ([[1, 2]], -1, "sample_rate_ms is -1"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: Any, rate: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        samples.numpy_timeseries_to_sample(values, SENSORS, rate)


def test_upload_numpy_stores_each_series(client: Any) -> None:
    data = [np.arange(6).reshape(3, 2), np.arange(4).reshape(2, 2) / 2]

    response = samples.upload_numpy(
        data, ["a", "b"], SENSORS, 20, metadata={"n": 1}, category="testing", client=client
    )

    assert [each[1:] for each in back(client, response)] == [
        ("a", "testing", {"n": 1}, ["x", "y"], [[0, 1], [2, 3], [4, 5]], 20),
        ("b", "testing", {"n": 1}, ["x", "y"], [[0, 0.5], [1, 1.5]], 20),
    ]


def test_upload_numpy_refuses_lengths_that_differ_and_uploads_nothing(client: Any) -> None:
    one = np.zeros((1, 3, 2))

    for data, labels in (
        (one, ["a", "b"]),
        (np.zeros((3, 2)), ["a"] * 3),
        ([one[0], [[1]]], ["a"] * 2),
    ):
        with pytest.raises(ValueError, match=r"labels length|with 2 sensors|number of sensors"):
            samples.upload_numpy(data, labels, SENSORS, 10, client=client)
    assert samples.get_sample_ids(client=client) == []
    assert samples.upload_numpy([], [], SENSORS, 10, client=client).success


# -- one table a sample --------------------------------------------------------------------------

TABLE = pd.DataFrame({"x": [1, 2, 3], "y": [0.5, 1.5, 2.5]})


def indexed(index: Any) -> pd.DataFrame:
    return TABLE.set_index(index)


@pytest.mark.parametrize(
    ("table", "rate", "times"),
    [
        (TABLE, 10, ["0", "10", "20"]),
        (TABLE, 2.5, ["0.0", "2.5", "5.0"]),
        (TABLE, None, ["0", "1", "2"]),
        (indexed(pd.to_timedelta([0, 10, 20], unit="ms")), None, ["0", "10", "20"]),
        (indexed(pd.to_timedelta([0, 1, 2], unit="D")), None, ["0", "86400000", "172800000"]),
        (indexed(pd.to_timedelta([0, 500, 1000], unit="us")), None, ["0.0", "0.5", "1.0"]),
        (
            indexed(pd.date_range("2024-01-01", periods=3, freq="1min")),
            None,
            ["0", "60000", "120000"],
        ),
        (
            indexed(pd.date_range("2024-01-01", periods=3, freq="5ms", tz="Asia/Tokyo")),
            None,
            ["0", "5", "10"],
        ),
        (indexed(pd.Index([100, 104, 108])), None, ["100", "104", "108"]),
    ],
)
def test_a_table_becomes_csv_with_its_time(table: Any, rate: Any, times: list[str]) -> None:
    before = table.copy()

    sample = samples.pandas_dataframe_to_sample(table, sample_rate_ms=rate, filename="foo")

    assert text(sample).splitlines() == [
        "timestamp,x,y", f"{times[0]},1,0.5", f"{times[1]},2,1.5", f"{times[2]},3,2.5",
    ]  # fmt: skip
    assert sample.filename == "foo.csv"
    pd.testing.assert_frame_equal(table, before)


def test_one_row_has_no_time_and_a_column_of_time_is_kept() -> None:
    one = samples.pandas_dataframe_to_sample(TABLE[:1])
    timed = samples.pandas_dataframe_to_sample(
        TABLE.assign(timestamp=[0, 5, 10])[["timestamp", "x"]]
    )
    rated = samples.pandas_dataframe_to_sample(TABLE.assign(timestamp=[0, 5, 9]), sample_rate_ms=5)

    assert text(one) == "x,y\n1,0.5\n"
    assert text(timed) == "timestamp,x\n0,1\n5,2\n10,3\n"
    assert text(rated) == "timestamp,x,y\n0,1,0.5\n5,2,1.5\n10,3,2.5\n"


def test_a_column_of_labels_becomes_structured_labels() -> None:
    table = pd.DataFrame({"x": [1, 2, 3, 4, 5], "what": ["a", "a", 7, None, "a"]})

    sample = samples.pandas_dataframe_to_sample(table, 10, axis_columns=["x"], label_col="what")
    one = samples.pandas_dataframe_to_sample(table[:1], label_col="what")

    assert sample.structured_labels == [
        {"startIndex": 0, "endIndex": 1, "label": "a"},
        {"startIndex": 2, "endIndex": 2, "label": "7"},
        {"startIndex": 3, "endIndex": 3, "label": "unlabeled"},
        {"startIndex": 4, "endIndex": 4, "label": "a"},
    ]
    assert text(sample).splitlines()[0] == "timestamp,x"
    assert (text(one), one.label, one.structured_labels) == ("x\n1\n", "a", None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axis_columns": "x"}, "axis_columns is 'x'"),
        ({"axis_columns": ["z"]}, r"axis_columns names \['z'\]"),
        ({"metadata": [1]}, "metadata is of type list"),
        ({"label_col": "z"}, "label_col names"),
        ({"sample_rate_ms": -1}, "sample_rate_ms is -1"),
        ({"df": indexed(pd.Index([3, 2, 1]))}, "does not rise"),
        ({"df": indexed(pd.Index(["a", "b", "c"]))}, "which is no time"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        samples.pandas_dataframe_to_sample(**({"df": TABLE} | change))


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(AttributeError, match="DataFrame methods on input object"):
        samples.pandas_dataframe_to_sample([[1, 2]])


def test_upload_pandas_sample_stores_a_table(client: Any) -> None:
    response = samples.upload_pandas_sample(
        TABLE, "wave", 2.5, "w", metadata={"n": 1}, category="training", client=client
    )

    assert back(client, response) == [
        ("w.json", "wave", "training", {"n": 1}, ["x", "y"], [[1, 0.5], [2, 1.5], [3, 2.5]], 2.5)
    ]


# -- one row a sample, or one group ----------------------------------------------------------------


def test_rows_become_samples_with_values_as_they_are(client: Any) -> None:
    table = pd.DataFrame({
        "a": [1, 2],
        "b": [0.5, 1],
        "what": [7, 8],
        "set": ["training", None],
        "id": [1, 2],
    })
    table.loc[1, "set"] = "testing"

    response = samples.upload_pandas_dataframe(
        table, ["b", "a"], "what", "set", ["id"], client=client
    )

    assert [each[1:6] for each in back(client, response)] == [
        ("7", "training", {"id": "1"}, ["b", "a"], [[0.5, 1]]),
        ("8", "testing", {"id": "2"}, ["b", "a"], [[1, 2]]),
    ]
    with pytest.raises(InvalidInputError, match=r"feature_cols names \['z'\]"):
        samples.upload_pandas_dataframe(table, ["z"], client=client)


def test_wide_rows_become_series_of_one_axis(client: Any) -> None:
    table = pd.DataFrame([[1, "a", 0.1, 0.2, 0.3, 9], [2, "b", 0.4, 0.5, 0.6, 9]])
    table.columns = ["id", "what", "0", "1", "2", "after"]

    response = samples.upload_pandas_dataframe_wide(
        table, 2.5, 2, "what", metadata_cols=["id"], data_col_length=3, client=client
    )

    assert [each[1:] for each in back(client, response)] == [
        ("a", *said(back(client, response)[0]), {"id": "1"}, ["value"], [[0.1], [0.2], [0.3]], 2.5),
        ("b", *said(back(client, response)[1]), {"id": "2"}, ["value"], [[0.4], [0.5], [0.6]], 2.5),
    ]


def said(found: tuple[Any, ...]) -> list[Any]:
    """The category, which the content decides."""
    assert found[2] in {"training", "testing"}
    return [found[2]]


def test_wide_rows_become_series_of_several_axes(client: Any) -> None:
    table = pd.DataFrame({
        "x0": [1, 2],
        "x1": [3, 4],
        "y0": [5, 6],
        "y1": [7, 8],
        "set": ["training"] * 2,
    })

    response = samples.upload_pandas_dataframe_wide(
        table, 10, category_col="set", data_col_length=2, data_axis_cols=["x", "y"], client=client
    )

    assert [each[4:] for each in back(client, response)] == [
        (["x", "y"], [[1, 5], [3, 7]], 10),
        (["x", "y"], [[2, 6], [4, 8]], 10),
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"data_axis_cols": ["x"]}, "data_col_length is None"),
        ({"data_axis_cols": ["z"], "data_col_length": 1}, r"data_axis_cols names \['z0'\]"),
        ({}, r"\['what'\] hold no numbers"),
        ({"data_col_start": 9}, "data_col_start is 9: the table has 3 columns"),
        ({"data_col_start": 1, "data_col_length": 5}, "data_col_length is 5"),
        ({"sample_rate_ms": 0}, "sample_rate_ms is 0"),
    ],
)
def test_wide_tables_that_do_not_fit_are_refused(options: dict[str, Any], words: str) -> None:
    table = pd.DataFrame({"what": ["a"], "x0": [1], "x1": [2]})

    with pytest.raises(InvalidInputError, match=words):
        samples.upload_pandas_dataframe_wide(table, **({"sample_rate_ms": 10} | options))


def test_groups_of_rows_become_series(client: Any) -> None:
    table = pd.DataFrame({
        "run": ["b", "a", "b", "a", "a"],
        "at": [0.02, 1.001, 0.01, 1.0, 1.002],
        "x": [2, 12, 1, 11, 13],
        "what": ["w", "v", "w", "v", "v"],
        "n": [1, 2, 1, 2, 2],
    })
    before = table.copy()

    response = samples.upload_pandas_dataframe_with_group(
        table, "at", "run", ["x"], "what", metadata_cols=["n"], client=client
    )

    found = back(client, response)
    assert [(each[0], each[1], each[3], each[5], each[6]) for each in found] == [
        ("b.json", "w", {"n": "1"}, [[1], [2]], 10),
        ("a.json", "v", {"n": "2"}, [[11], [12], [13]], 1),
    ]
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("kind", ["timedelta", "datetime", "objects"])
def test_the_time_of_groups_may_be_spans_or_dates(client: Any, kind: str) -> None:
    times = {
        "timedelta": pd.to_timedelta([0, 20], unit="ms"),
        "datetime": pd.date_range("2024-01-01", periods=2, freq="20ms"),
        "objects": pd.Series(
            list(pd.date_range("2024-01-01", periods=2, freq="20ms")), dtype=object
        ),
    }[kind]
    table = pd.DataFrame({"run": ["a", "a"], "at": times, "x": [1, 2]})

    response = samples.upload_pandas_dataframe_with_group(table, "at", "run", ["x"], client=client)

    assert [each[5:] for each in back(client, response)] == [([[1], [2]], 20)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"what": ["v", "w"]}, "More than one what found for group 'a': "),
        ({"run": ["a", None]}, "1 rows have no value in 'run'"),
        ({"at": ["now", "then"]}, "the column 'at' holds 'now'"),
    ],
)
def test_groups_that_do_not_fit_are_refused(change: dict[str, Any], words: str) -> None:
    table = pd.DataFrame(
        {"run": ["a", "a"], "at": [0, 1], "x": [1, 2], "what": ["v", "v"]} | change
    )

    with pytest.raises(InvalidInputError, match=words):
        samples.upload_pandas_dataframe_with_group(table, "at", "run", ["x"], "what")


# -- samples as tables -----------------------------------------------------------------------------


def test_a_sample_becomes_a_table_with_its_labels(client: Any) -> None:
    table = pd.DataFrame({"x": [1, 2, 3], "what": ["a", "b", "b"]})
    samples.upload_pandas_sample(table, "l", 10, label_col="what", client=client)

    [sample] = samples.fetch_samples(client=client)
    found = samples.convert_sample_to_dataframe(sample)
    timed = samples.convert_sample_to_dataframe(sample, "class", ts_col_name="ms")

    expected = pd.DataFrame({"x": [1, 2, 3], "label": ["a", "b", "b"]}, index=[0.0, 10.0, 20.0])
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert timed.columns.tolist() == ["x", "ms", "class"]
    with pytest.raises(InvalidInputError, match="is no time series"):
        samples.convert_sample_to_dataframe(Sample(b"\x89PNG", "a.png"))


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=40))
def test_labels_of_a_table_come_back_as_they_were(labels: list[str]) -> None:
    table = pd.DataFrame({"label": labels})

    found = samples.generate_labels_from_dataframe(table)
    written = samples.add_labels_to_dataframe(pd.DataFrame(index=range(len(labels))), found)

    assert written["label"].tolist() == labels
    assert samples.generate_labels_from_dataframe(table, file_name="f.csv") == {
        "version": 1,
        "type": "structured-labels",
        "structuredLabels": {"f.csv": found},
    }
