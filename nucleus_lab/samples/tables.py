"""Time series as pandas tables, and tables as labels: the companions of this module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples.frames import known, need, runs
from nucleus_lab.samples.parts import content_of
from nucleus_lab.samples.sample_type import Sample
from nucleus_lab.wire import decode

if TYPE_CHECKING:
    import pandas


def convert_sample_to_dataframe(
    sample: Sample, label_col_name: str | None = "label", ts_col_name: str | None = None
) -> pandas.DataFrame:
    """Make a table of a time series.

    ::

        for sample in samples.fetch_samples(labels="idle"):
            table = samples.convert_sample_to_dataframe(sample)

    Args:
        sample: As :func:`download_samples_by_ids` returns it.
        label_col_name: Column for the label of each row, where the sample has structured labels.
        ts_col_name: Column for the milliseconds; they are the index when not given.

    Returns:
        One row a reading, one column an axis.

    Raises:
        InvalidInputError: The sample is no time series in data acquisition form.
    """
    try:
        body = decode(content_of(sample.data))
    except InvalidInputError as fault:
        raise InvalidInputError(
            f"{sample.filename} is no time series in data acquisition form: {fault}"
        ) from fault
    table = convert_json_cbor_to_dataframe(body, ts_col_name)
    if sample.structured_labels and label_col_name is not None:
        add_labels_to_dataframe(table, sample.structured_labels, label_col_name)
    return table


def convert_json_cbor_to_dataframe(
    data: Mapping[str, Any], ts_col_name: str | None = None
) -> pandas.DataFrame:
    """Make a table of the content of a data acquisition file.

    Args:
        data: What the JSON or CBOR file holds.
        ts_col_name: Column for the milliseconds; they are the index when not given.

    Returns:
        One row a reading, one column an axis.

    Raises:
        InvalidInputError: It has not the form of a data acquisition file.
    """
    import numpy
    import pandas

    payload = data.get("payload") if isinstance(data, Mapping) else None
    if not isinstance(payload, Mapping) or not {"sensors", "values"} <= payload.keys():
        raise InvalidInputError(
            "data must be a mapping with a 'payload' of 'sensors', 'values' and 'interval_ms'"
        )
    names = [sensor["name"] for sensor in payload["sensors"]]
    table = pandas.DataFrame(payload["values"], columns=names)
    times = numpy.arange(len(table)) * (payload.get("interval_ms") or 0)
    if ts_col_name is not None:
        table[ts_col_name] = times
    else:
        table.index = times
    return table


def add_labels_to_dataframe(
    df: pandas.DataFrame, labels: Sequence[Mapping[str, Any]], label_col_name: str = "label"
) -> pandas.DataFrame:
    """Write structured labels into a column of a table.

    Args:
        df: The table; gets the column.
        labels: ``{"label", "startIndex", "endIndex"}`` each, both inclusive; where several cover a
            row, the last counts.
        label_col_name: The column.

    Returns:
        The table.

    Raises:
        InvalidInputError: The labels are no list of such mappings.
    """
    if not isinstance(labels, (list, tuple)):
        raise InvalidInputError(
            f"labels must be a list of dictionaries, and is of type {type(labels).__name__}"
        )
    column: list[Any] = [None] * len(df)
    for at, each in enumerate(labels):
        try:
            start, end, label = each["startIndex"], each["endIndex"], each["label"]
        except (KeyError, TypeError) as fault:
            raise InvalidInputError(
                f"labels[{at}] is {each!r:.80}: use label, startIndex and endIndex"
            ) from fault
        end = min(end, len(df) - 1)
        column[start : end + 1] = [label] * (end + 1 - start)
    df[label_col_name] = column
    return df


def generate_labels_from_dataframe(
    df: pandas.DataFrame, label_col: str = "label", file_name: str | None = None
) -> list[dict[str, Any]] | dict[str, Any]:
    """Make structured labels of a column: one for each run of equal values.

    Args:
        df: The table.
        label_col: The column.
        file_name: Name of the file that the labels belong to.

    Returns:
        The labels; with a file name, the content of a ``structured_labels.labels`` file.
    """
    need(df, [label_col], "label_col")
    found = runs(known(df[label_col]))
    if not file_name:
        return found
    return {
        "version": 1,
        "type": "structured-labels",
        "structuredLabels": {file_name: found},
    }
