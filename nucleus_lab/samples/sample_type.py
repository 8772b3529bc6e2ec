"""What is uploaded and read back: samples, acquisitions, and the answers to uploads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from io import BufferedIOBase, StringIO
from os import PathLike
from typing import Any, Final, Literal

Category = Literal["training", "testing", "anomaly", "split"]

CATEGORIES: Final = ("training", "testing", "validation", "post-processing", "anomaly")
"""Where a sample can be; ``split`` is where it can be sent to, which chooses among the first two
by its content."""

_SHOWN_FAILS: Final = 20


@dataclass(repr=False)
class Sample:
    """One sample: a time series, a table of one row, a sound, a picture or a video.

    ::

        Sample(open("idle.01.wav", "rb"), filename="idle.01.wav", label="idle")

    A notebook shows the last expression of a cell; a sample shows a chart, a player or a picture.

    Args:
        data: The content: text, bytes, a file opened with ``"rb"``, or the path of a file.
        filename: Name with its extension, which says what the content is.
        category: ``training``, ``testing``, ``anomaly``, or ``split`` to have one chosen by the
            content, four fifths for training.
        label: What it shows; without one, the name up to the first dot.
        bounding_boxes: Of a picture: ``{"label", "x", "y", "width", "height"}`` each.
        metadata: Keys and values of your own.
        sample_id: Its id once it was uploaded.
        structured_labels: Labels of parts of a time series, ``{"label", "startIndex",
            "endIndex"}`` each, both indices inclusive.

    Attributes:
        unlabeled: Set it to have no label inferred from the name.
    """

    data: BufferedIOBase | StringIO | str | bytes | PathLike[str] | Any
    filename: str | None = None
    category: Category | str | None = "split"
    label: str | None = None
    bounding_boxes: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None
    sample_id: int | None = None
    structured_labels: list[dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        self.unlabeled = False

    def __str__(self) -> str:
        return (
            f"filename: {self.filename}\ncategory: {self.category}\nlabel: {self.label}\n"
            f"metadata: {self.metadata}\nsample_id: {self.sample_id}"
        )

    def __repr__(self) -> str:
        from nucleus_lab.samples.preview import one_line

        return one_line(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from nucleus_lab.samples.preview import bundle

        return bundle(self)


@dataclass
class Sensor:
    """One axis of a time series.

    Args:
        name: Such as ``accX``.
        units: Such as ``m/s2``.
    """

    name: str
    units: str = "m/s"


@dataclass
class Payload:
    """The content of a data acquisition file.

    Args:
        device_type: What recorded it.
        sensors: The axes.
        values: One list of numbers a reading, as long as ``sensors``.
        interval_ms: Milliseconds between two readings.
        device_name: Which device recorded it.
    """

    device_type: str
    sensors: list[Sensor]
    values: list[Any]
    interval_ms: float = 0
    device_name: str | None = None


@dataclass
class Protected:
    """How a data acquisition file is signed.

    Args:
        ver: Version of the format.
        alg: Algorithm of the signature.
        iat: When it was issued, in seconds since 1970.
    """

    ver: str = "v1"
    alg: str = "none"
    iat: float | None = None


@dataclass
class DataAcquisition:
    """A time series in data acquisition form; may be the ``data`` of a :class:`Sample`.

    Args:
        protected: How it is signed.
        payload: The content.
        signature: The signature.
    """

    protected: Protected
    payload: Payload
    signature: str | None = None


@dataclass
class SampleInfo:
    """One sample of a listing.

    Args:
        sample_id: Its id.
        filename: Its name without the extension.
        category: Where it is.
        label: What it shows.
    """

    sample_id: int | None = None
    filename: str | None = None
    category: str | None = None
    label: str | None = None


class SampleInfos(list[SampleInfo]):
    """A listing; a notebook shows it as a table."""

    def _repr_html_(self) -> str:
        rows = [(each.sample_id, each.filename, each.category, each.label) for each in self]
        return _table(("id", "filename", "category", "label"), rows, "no samples")


@dataclass
class GenericApiResponse:
    """The answer to a deletion.

    Args:
        success: Whether it was done.
        error: Why not.
    """

    success: bool
    error: str | None = None


class SampleIngestionResponse:
    """What became of one uploaded sample.

    Args:
        sample: The sample.
        response: The answer: ``success``, ``error``, ``sampleId``, ``projectId``, ``fileName``.

    Attributes:
        sample: As given.
        success: Whether it was stored.
        error: Why not.
        sample_id: Its id.
        project_id: Id of the project it is in.
        filename: The name it was sent under.
    """

    def __init__(self, sample: Sample, response: Mapping[str, Any]) -> None:
        self.sample = sample
        self.success = bool(response.get("success", False))
        self.error: str | None = response.get("error")
        self.sample_id: int | None = response.get("sampleId")
        self.project_id: int | None = response.get("projectId")
        self.filename: str | None = response.get("fileName")

    def __repr__(self) -> str:
        end = f"sample_id={self.sample_id}" if self.success else f"error={self.error!r}"
        return f"SampleIngestionResponse(filename={self.filename!r}, {end})"


class UploadSamplesResponse:
    """What became of the samples of an upload.

    Args:
        successes: Those that were stored.
        fails: Those that were not; each says why.

    Attributes:
        successes: As given.
        fails: As given.
        success: Whether nothing failed.
    """

    def __init__(
        self,
        successes: Iterable[SampleIngestionResponse] = (),
        fails: Iterable[SampleIngestionResponse] = (),
    ) -> None:
        self.successes: list[SampleIngestionResponse] = []
        self.fails: list[SampleIngestionResponse] = []
        self.extend(successes, fails)

    def extend(
        self,
        successes: Iterable[SampleIngestionResponse],
        fails: Iterable[SampleIngestionResponse],
    ) -> None:
        """Add the outcome of another upload.

        Args:
            successes: Those that were stored.
            fails: Those that were not.
        """
        self.successes.extend(successes)
        self.fails.extend(fails)
        self.success = not self.fails

    def __repr__(self) -> str:
        lines = [
            "UploadSamplesResponse",
            f"success: {self.success}",
            f"successes: {len(self.successes)}",
            f"fails: {len(self.fails)}",
            *(f"  {each.filename}: {each.error}" for each in self.fails[:_SHOWN_FAILS]),
        ]
        if len(self.fails) > _SHOWN_FAILS:
            lines.append(f"  and {len(self.fails) - _SHOWN_FAILS:,} more")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = f"<div>{len(self.successes):,} uploaded, {len(self.fails):,} failed</div>"
        rows = [(each.filename, each.error) for each in self.fails]
        return head + (_table(("filename", "error"), rows, "") if rows else "")


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]], empty: str) -> str:
    if not rows:
        return f"<p>{escape(empty)}</p>"
    left = "style='text-align:left'"
    titles = "".join(f"<th {left}>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>"
        + "".join(f"<td {left}>{'' if cell is None else escape(str(cell))}</td>" for cell in row)
        + "</tr>"
        for row in rows[:_SHOWN_FAILS]
    )
    left_out = len(rows) - _SHOWN_FAILS
    more = f"<p>and {left_out:,} more</p>" if left_out > 0 else ""
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>{more}"
