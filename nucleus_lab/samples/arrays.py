"""Time series in arrays and nested lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any, Final, Unpack

import msgspec

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples.naming import random_name
from nucleus_lab.samples.sample_type import (
    Category,
    DataAcquisition,
    Payload,
    Protected,
    Sample,
    Sensor,
    UploadSamplesResponse,
)
from nucleus_lab.samples.uploading import UploadOptions, upload_samples

DEVICE_TYPE: Final = "NUCLEUS_LAB_PYTHON_SDK"


def numpy_timeseries_to_sample(
    values: Any, sensors: Sequence[Sensor], sample_rate_ms: float
) -> Sample:
    """Make a sample of a time series.

    ::

        numpy_timeseries_to_sample([[8.8, 9.1], [8.9, 9.0]], [Sensor("x"), Sensor("y")], 10)

    Args:
        values: One row a reading, one number a sensor in each: an array or nested lists. With one
            sensor the numbers may stand alone. NaN is a reading that is missing.
        sensors: The axes: ``Sensor`` objects, or mappings with ``name`` and ``units``.
        sample_rate_ms: Milliseconds between two readings, fractions too.

    Returns:
        A sample in data acquisition form with a made-up file name.

    Raises:
        InvalidInputError: Values, sensors and rate do not fit together.
    """
    rows = _rows(values, len(sensors))
    rate = _rate(sample_rate_ms)
    described = [each if isinstance(each, Mapping) else asdict(each) for each in sensors]
    acquisition = asdict(
        DataAcquisition(Protected(), Payload(DEVICE_TYPE, [], [], interval_ms=rate))
    )
    acquisition["payload"]["sensors"] = [dict(each) for each in described]
    acquisition["payload"]["values"] = rows
    return Sample(_json(acquisition), random_name(".json"))


def upload_numpy(
    data: Any,
    labels: Sequence[str],
    sensors: Sequence[Sensor],
    sample_rate_ms: float,
    metadata: dict[str, Any] | None = None,
    category: Category | str = "split",
    **options: Unpack[UploadOptions],
) -> UploadSamplesResponse:
    """Upload several time series of the same sensors.

    Args:
        data: Samples by readings by sensors: an array or nested lists; the samples may differ in
            length.
        labels: One a sample.
        sensors: The axes.
        sample_rate_ms: Milliseconds between two readings.
        metadata: Of each sample.
        category: Of each sample.
        **options: As :func:`upload_samples` takes them.

    Returns:
        What became of each.

    Raises:
        InvalidInputError: Lengths do not fit; nothing was uploaded.
    """
    series = list(data)
    if len(series) != len(labels):
        raise InvalidInputError(
            f"labels length ({len(labels)}) must equal the number of samples given ({len(series)})"
        )
    made = []
    for index, (values, label) in enumerate(zip(series, labels, strict=True)):
        try:
            sample = numpy_timeseries_to_sample(values, sensors, sample_rate_ms)
        except InvalidInputError as fault:
            raise InvalidInputError(f"data[{index}]: {fault}") from fault
        sample.label, sample.category = label, category
        sample.metadata = dict(metadata) if metadata else None
        made.append(sample)
    return upload_samples(made, **options)


def _rows(values: Any, width: int) -> list[list[Any]]:
    """Return rows of plain numbers, each of one width."""
    read = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(read, (list, tuple)):
        raise InvalidInputError(
            f"values is of type {type(values).__name__}: use an array or lists of numbers"
        )
    rows: list[list[Any]] = []
    for index, row in enumerate(read):
        numbers = row.tolist() if hasattr(row, "tolist") else row
        if not isinstance(numbers, (list, tuple)):
            if width != 1:
                raise InvalidInputError(
                    f"values[{index}] is {numbers!r:.40}: with {width} sensors each reading is a "
                    f"list of {width} numbers; use a list of samples for upload_numpy"
                )
            numbers = [numbers]
        if len(numbers) != width:
            raise InvalidInputError(
                f"the number of sensors ({width}) must equal the number of axes in the data: "
                f"values[{index}] has {len(numbers)}"
            )
        rows.append([each.item() if hasattr(each, "item") else each for each in numbers])
    kinds = set(map(type, chain.from_iterable(rows)))
    if not kinds <= {int, float, bool, type(None)}:
        names = ", ".join(sorted(kind.__name__ for kind in kinds - {int, float, bool}))
        raise InvalidInputError(f"values holds {names}: use numbers")
    if any(isinstance(each, float) and math.isinf(each) for row in rows for each in row):
        raise InvalidInputError("values holds an infinite number: use NaN for what is missing")
    return rows


def _rate(given: Any) -> float:
    rate = given.item() if hasattr(given, "item") else given
    fits = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if not fits or not math.isfinite(rate) or rate < 0:
        raise InvalidInputError(
            f"sample_rate_ms is {given!r}: use milliseconds between two readings, such as 10 or 2.5"
        )
    found: float = rate
    return found


def _json(values: Any) -> str:
    return msgspec.json.encode(values).decode()  # NaN becomes null
