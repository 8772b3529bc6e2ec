"""Tables that hold many time series: one a row, or one a group of rows."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any, Unpack

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples.frames import TIMESTAMP, exact, need, said_of
from nucleus_lab.samples.naming import random_name
from nucleus_lab.samples.sample_type import Sample, UploadSamplesResponse
from nucleus_lab.samples.uploading import UploadOptions, upload_samples

if TYPE_CHECKING:
    import pandas

_VALUE = "value"


def upload_pandas_dataframe_wide(
    df: pandas.DataFrame,
    sample_rate_ms: float,
    data_col_start: int | None = None,
    label_col: str | None = None,
    category_col: str | None = None,
    metadata_cols: list[str] | None = None,
    data_col_length: int | None = None,
    data_axis_cols: list[str] | None = None,
    **options: Unpack[UploadOptions],
) -> UploadSamplesResponse:
    """Upload a table with one time series a row, its readings side by side.

    With one axis the readings are columns that follow each other; the axis is called ``value``.
    With several they are called ``x0, x1, …, y0, y1, …``.

    Args:
        df: The table.
        sample_rate_ms: Milliseconds between two readings, fractions too.
        data_col_start: Position of the first column of readings; every column that says nothing
            else is a reading when not given.
        label_col: Column with the labels.
        category_col: Column with the categories.
        metadata_cols: Columns that become metadata.
        data_col_length: How many readings there are; to the last column when not given.
        data_axis_cols: Names of several axes.
        **options: As :func:`upload_samples` takes them.

    Returns:
        What became of each row.

    Raises:
        InvalidInputError: Columns are missing, or the rate is not above 0.
    """
    import numpy
    import pandas

    said = said_of(df, label_col, category_col, metadata_cols)
    if not sample_rate_ms > 0:
        raise InvalidInputError(f"sample_rate_ms is {sample_rate_ms!r}: use a number above 0")
    if data_axis_cols:
        axes = _axes(df, data_axis_cols, data_col_length)
    else:
        taken = {label_col, category_col, *(metadata_cols or [])}
        axes = {_VALUE: _side_by_side(df, data_col_start, data_col_length, taken)}
    length = len(next(iter(axes.values())))
    columns = {name: df[chosen].to_numpy() for name, chosen in axes.items()}
    times = exact(numpy.arange(length) * sample_rate_ms)
    made = []
    for at, each in enumerate(said):
        table = pandas.DataFrame({name: values[at] for name, values in columns.items()})
        if length > 1:
            table.insert(0, TIMESTAMP, times)
        made.append(Sample(StringIO(_csv(table)), random_name(".csv"), **each))
    return upload_samples(made, **options)


def upload_pandas_dataframe_with_group(
    df: pandas.DataFrame,
    timestamp_col: str,
    group_by: str,
    feature_cols: list[str],
    label_col: str | None = None,
    category_col: str | None = None,
    metadata_cols: list[str] | None = None,
    **options: Unpack[UploadOptions],
) -> UploadSamplesResponse:
    """Upload a table with one reading a row, whose rows are grouped into time series.

    The table is not changed.

    Args:
        df: The table.
        timestamp_col: Column with the time: seconds, fractions too, time spans or dates.
        group_by: Column that is equal for the rows of one sample; it becomes the file name.
        feature_cols: Columns with the values.
        label_col: Column with the labels, one a group.
        category_col: Column with the categories, one a group.
        metadata_cols: Columns that become metadata, one value a group.
        **options: As :func:`upload_samples` takes them.

    Returns:
        What became of each group, in the order in which the groups begin.

    Raises:
        InvalidInputError: Columns are missing, or one has several values in a group; nothing was
            uploaded.
    """
    need(df, [timestamp_col], "timestamp_col")
    need(df, [group_by], "group_by")
    need(df, feature_cols, "feature_cols")
    single = [
        each for each in (label_col, category_col, *(metadata_cols or [])) if each is not None
    ]
    need(df, single, "label_col, category_col or metadata_cols")
    lost = int(df[group_by].isna().sum())
    if lost:
        raise InvalidInputError(
            f"{lost} rows have no value in {group_by!r}, so that they belong to no sample: drop "
            "them by df.dropna(subset=[…])"
        )
    made = []
    for name, rows in df.groupby(group_by, sort=False):
        for column in single:
            if rows[column].nunique(dropna=False) > 1:
                raise InvalidInputError(
                    f"More than one {column} found for group {name!r}: "
                    f"{rows[column].unique().tolist()[:5]}; each group is one sample"
                )
        said = said_of(rows.iloc[:1], label_col, category_col, metadata_cols)[0]
        times = _milliseconds(rows[timestamp_col], timestamp_col)
        table = rows[list(feature_cols)].drop(columns=TIMESTAMP, errors="ignore")
        table.insert(0, TIMESTAMP, times)
        table = table.sort_values(TIMESTAMP, kind="stable")
        made.append(Sample(StringIO(_csv(table)), f"{name}.csv", **said))
    return upload_samples(made, **options)


def _axes(df: Any, names: Sequence[str], length: int | None) -> dict[str, list[str]]:
    if not length or length < 1:
        raise InvalidInputError(
            f"data_col_length is {length!r}: with data_axis_cols it says how many readings "
            "there are"
        )
    axes = {name: [f"{name}{at}" for at in range(length)] for name in names}
    need(df, [column for chosen in axes.values() for column in chosen], "data_axis_cols")
    return axes


def _side_by_side(
    df: Any, start: int | None, length: int | None, taken: set[str | None]
) -> list[Any]:
    count = len(df.columns)
    if start is not None and not -count <= start < count:
        raise InvalidInputError(f"data_col_start is {start}: the table has {count} columns")
    columns = [each for each in df.columns[start or 0 :] if each not in taken]
    if length is not None and not 1 <= length <= len(columns):
        raise InvalidInputError(
            f"data_col_length is {length}: from data_col_start there are {len(columns)} columns"
        )
    columns = columns[:length]
    texts = [each for each in columns if df[each].dtype.kind not in "iufb"]
    if texts or not columns:
        raise InvalidInputError(
            f"the columns {texts[:10]} hold no numbers: say by data_col_start and data_col_length "
            "which columns are readings"
        )
    return columns


def _milliseconds(times: Any, column: str) -> Any:
    import pandas

    kinds = pandas.api.types
    if kinds.is_datetime64_any_dtype(times.dtype):
        spans = times - pandas.Timestamp(0, tz=times.dt.tz)
        return exact((spans / pandas.Timedelta(milliseconds=1)).to_numpy())
    if kinds.is_timedelta64_dtype(times.dtype):
        return exact((times / pandas.Timedelta(milliseconds=1)).to_numpy())
    if kinds.is_numeric_dtype(times.dtype):
        return exact(times.to_numpy() * 1000.0)
    seconds = [each.timestamp() if hasattr(each, "timestamp") else None for each in times]
    if None in seconds:
        raise InvalidInputError(
            f"the column {column!r} holds {times.iloc[seconds.index(None)]!r}: use seconds, time "
            "spans or dates, such as pandas.to_datetime makes them of text"
        )
    return exact(pandas.Series(seconds).to_numpy() * 1000.0)


def _csv(table: Any) -> str:
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text
