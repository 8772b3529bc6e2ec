"""Samples from pandas tables: one table a sample, or one row a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any, Unpack

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples.naming import random_name
from nucleus_lab.samples.sample_type import Category, Sample, UploadSamplesResponse
from nucleus_lab.samples.uploading import UploadOptions, upload_samples

if TYPE_CHECKING:
    import pandas

TIMESTAMP = "timestamp"


def pandas_dataframe_to_sample(
    df: pandas.DataFrame,
    sample_rate_ms: float | None = None,
    label: str | None = None,
    filename: str | None = None,
    axis_columns: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    label_col: str | None = None,
    category: Category | str = "split",
) -> Sample:
    """Make a sample of a table: a time series, or with one row a sample without time.

    The table is not changed. Without ``sample_rate_ms`` its index gives the time of each row:
    milliseconds, time spans, or dates, which then count from the first.

    Args:
        df: One row a reading, one column an axis.
        sample_rate_ms: Milliseconds between two rows, fractions too.
        label: Label of the sample.
        filename: Name of the sample without an extension; made up when not given.
        axis_columns: The columns to take; all when not given.
        metadata: Keys and values.
        label_col: Column with the label of each row; the runs of equal labels become the
            structured labels of the sample.
        category: Where it goes.

    Returns:
        A sample in CSV form.

    Raises:
        InvalidInputError: The table does not have what is asked for, or its index does not rise.
    """
    _check(df, axis_columns, metadata, label_col)
    labels = None
    if label_col is not None:
        labels = known(df[label_col])
        if axis_columns is None:
            axis_columns = [each for each in df.columns if each != label_col]
    table = df[axis_columns] if axis_columns is not None else df
    structured = None
    if len(df) > 1:
        if sample_rate_ms and TIMESTAMP in table.columns:
            table = table.drop(columns=TIMESTAMP)  # the rate says what it says
        if TIMESTAMP not in table.columns:
            times = _times(df.index, sample_rate_ms)
            table = table.copy()
            table.insert(0, TIMESTAMP, times)
        structured = runs(labels) if labels is not None else None
    elif labels and label is None and labels[0] is not None:
        label = str(labels[0])
    return Sample(
        StringIO(_csv(table)),
        random_name(".csv") if filename is None else f"{filename}.csv",
        category,
        label,
        metadata=metadata,
        structured_labels=structured,
    )


def upload_pandas_sample(
    df: pandas.DataFrame,
    label: str | None = None,
    sample_rate_ms: float | None = None,
    filename: str | None = None,
    axis_columns: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    label_col: str | None = None,
    category: Category | str = "split",
    **options: Unpack[UploadOptions],
) -> UploadSamplesResponse:
    """Upload a table as one sample.

    Args:
        df: As :func:`pandas_dataframe_to_sample` takes it, and so are the others.
        label: Label of the sample.
        sample_rate_ms: Milliseconds between two rows.
        filename: Name without an extension.
        axis_columns: The columns to take.
        metadata: Keys and values.
        label_col: Column with the label of each row.
        category: Where it goes.
        **options: As :func:`upload_samples` takes them.

    Returns:
        What became of it.
    """
    sample = pandas_dataframe_to_sample(
        df,
        sample_rate_ms=sample_rate_ms,
        label=label,
        filename=filename,
        axis_columns=axis_columns,
        metadata=metadata,
        label_col=label_col,
        category=category,
    )
    return upload_samples(sample, **options)


def upload_pandas_dataframe(
    df: pandas.DataFrame,
    feature_cols: list[str],
    label_col: str | None = None,
    category_col: str | None = None,
    metadata_cols: list[str] | None = None,
    **options: Unpack[UploadOptions],
) -> UploadSamplesResponse:
    """Upload a table of samples without time, one a row.

    Args:
        df: The table.
        feature_cols: Columns with the values.
        label_col: Column with the labels.
        category_col: Column with the categories.
        metadata_cols: Columns that become metadata.
        **options: As :func:`upload_samples` takes them.

    Returns:
        What became of each row.
    """
    said = said_of(df, label_col, category_col, metadata_cols)
    need(df, feature_cols, "feature_cols")
    features = df[list(feature_cols)]
    made = [
        Sample(StringIO(_csv(features.iloc[at : at + 1])), random_name(".csv"), **each)
        for at, each in enumerate(said)
    ]
    return upload_samples(made, **options)


def runs(labels: Sequence[Any]) -> list[dict[str, Any]]:
    """Join equal labels that follow each other.

    Args:
        labels: One a row; ``None`` for none, which is called ``unlabeled``, since structured
            labels have no gaps.

    Returns:
        Structured labels, both indices inclusive.
    """
    found: list[dict[str, Any]] = []
    for index, label in enumerate(labels):
        text = "unlabeled" if label is None else str(label)
        if found and found[-1]["label"] == text:
            found[-1]["endIndex"] = index
        else:
            found.append({"startIndex": index, "endIndex": index, "label": text})
    return found


def said_of(
    df: pandas.DataFrame,
    label_col: str | None,
    category_col: str | None,
    metadata_cols: Sequence[str] | None,
) -> list[dict[str, Any]]:
    """Read what columns say of each row.

    Args:
        df: The table.
        label_col: Column with the labels.
        category_col: Column with the categories.
        metadata_cols: Columns that become metadata.

    Returns:
        What :class:`Sample` takes, one mapping a row.
    """
    chosen = {"label_col": label_col, "category_col": category_col}
    for name, column in chosen.items():
        need(df, [] if column is None else [column], name)
    need(df, metadata_cols or [], "metadata_cols")
    labels = _texts(df, label_col)
    categories = _texts(df, category_col)
    metadata = {column: _texts(df, column) for column in metadata_cols or []}
    return [
        {
            "label": labels[at],
            "category": categories[at] or "split",
            "metadata": {column: texts[at] for column, texts in metadata.items() if texts[at]}
            or None,
        }
        for at in range(len(df))
    ]


def need(df: pandas.DataFrame, columns: Sequence[Any], argument: str) -> None:
    """Check that a table has columns.

    Args:
        df: The table.
        columns: Their names.
        argument: Which argument names them.

    Raises:
        InvalidInputError: One is missing.
    """
    missing = [column for column in columns if column not in df.columns]
    if missing:
        raise InvalidInputError(
            f"{argument} names {missing}, which the table does not have: its columns are "
            f"{list(df.columns)[:30]}"
        )


def known(column: pandas.Series[Any]) -> list[Any]:
    """Read a column, each value as it is and not as its row would make it.

    Args:
        column: The column.

    Returns:
        Its values; ``None`` where one is missing.
    """
    missing = column.isna().tolist()
    return [None if lost else each for each, lost in zip(column.tolist(), missing, strict=True)]


def _texts(df: pandas.DataFrame, column: str | None) -> list[str | None]:
    """Read a column as text."""
    if column is None:
        return [None] * len(df)
    return [None if each is None else str(each) for each in known(df[column])]


def _check(
    df: Any,
    axis_columns: list[str] | None,
    metadata: Mapping[str, Any] | None,
    label_col: str | None,
) -> None:
    if not callable(getattr(df, "reset_index", None)):
        raise AttributeError(  # noqa: TRY004 - as scripts know it
            f"DataFrame methods on input object not found: df is of type {type(df).__name__}, and "
            "a pandas DataFrame is wanted"
        )
    if axis_columns is not None:
        texts = isinstance(axis_columns, list) and all(
            isinstance(each, str) for each in axis_columns
        )
        if not texts:
            raise InvalidInputError(f"axis_columns is {axis_columns!r:.80}: use a list of names")
        need(df, axis_columns, "axis_columns")
    if metadata is not None and not isinstance(metadata, dict):
        raise InvalidInputError(f"metadata is of type {type(metadata).__name__}: use a dict")
    if label_col is not None:
        need(df, [label_col], "label_col")


def _times(index: Any, sample_rate_ms: float | None) -> Any:
    """Return milliseconds, one a row."""
    import numpy
    import pandas

    if sample_rate_ms:
        if sample_rate_ms < 0:
            raise InvalidInputError(f"sample_rate_ms is {sample_rate_ms!r}: use a number above 0")
        return exact(numpy.arange(len(index)) * sample_rate_ms)
    if isinstance(index, pandas.DatetimeIndex):
        index -= index[0]
    if isinstance(index, pandas.TimedeltaIndex):
        times = index.to_numpy("timedelta64[ns]").astype(numpy.int64) / 1e6
    elif pandas.api.types.is_numeric_dtype(index.dtype):
        times = index.to_numpy()
    else:
        raise InvalidInputError(
            f"the index of the table holds {index.dtype}, which is no time: give sample_rate_ms, "
            "or an index of milliseconds, time spans or dates"
        )
    if not bool((numpy.diff(times) > 0).all()):
        raise InvalidInputError(
            "the index of the table does not rise from row to row: sort it, or give sample_rate_ms"
        )
    return exact(times)


def exact(times: Any) -> Any:
    """Round milliseconds to nanoseconds, and write whole ones as integers.

    Args:
        times: An array.

    Returns:
        The array.
    """
    rounded = times.round(6)
    whole = rounded.astype("int64")
    return whole if bool((whole == rounded).all()) else rounded


def _csv(table: Any) -> str:
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text
