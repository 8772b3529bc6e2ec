"""How samples show themselves: never their raw content, never an exception."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sample_files import csv

from nucleus_lab import samples
from nucleus_lab.formats.samples.recording import Recording
from nucleus_lab.formats.samples.recording import Sensor as Column
from nucleus_lab.samples import Sample, Sensor
from nucleus_lab.samples.chart import COLOURS, colours_of, lanes, sparkline, svg

EVIL = "<script>alert('x')</script>"


def page(sample: Any) -> str:
    found: str = sample._repr_mimebundle_()["text/html"]
    return found


def text(sample: Any) -> str:
    found: str = sample._repr_mimebundle_()["text/plain"]
    return found


def drawings(html: str) -> list[ElementTree.Element]:
    """The SVG elements of a page, which must be well formed."""
    return [ElementTree.fromstring(each) for each in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def series(values: Any, interval: float = 10, units: str = "g") -> Recording:
    array = np.asarray(values, dtype=float)
    return Recording(
        tuple(Column(f"s{at}", units) for at in range(array.shape[1])), array, interval
    )


def test_a_time_series_shows_its_facts_and_a_line_for_each_axis() -> None:
    sample = Sample(csv(rows=100), "wave.csv", "training", "wave", sample_id=5)

    assert repr(sample) == (
        "<Sample filename='wave.csv', label='wave', category='training', sample_id=5: "
        "100 readings of 2 axes, 100 Hz, 1 s, 1,084 bytes>"
    )
    lines = text(sample).splitlines()
    assert lines[0] == repr(sample)
    assert lines[1].startswith("  x  ▁")
    assert lines[1].endswith("█  1 to 100")
    assert lines[2].startswith("  y  █")
    [drawn] = drawings(page(sample))
    assert len(drawn.findall("path")) == 2
    assert "100 readings of 2 axes, 100 Hz, 1 s" in page(sample)


def test_no_axis_flattens_another() -> None:
    values = np.stack([np.arange(9.0), np.arange(9.0) * 5, np.arange(9.0) * 1000], axis=1)

    assert [lane.axes for lane in lanes(series(values))] == [(0, 1), (2,)]
    other = Recording((Column("a", "g"), Column("b", "V")), values[:, :2], 10)
    assert [lane.axes for lane in lanes(other)] == [(0,), (1,)]


def test_axes_have_round_numbers_and_units() -> None:
    swing = Recording((Column("x", "m/s2"),), np.linspace(-1.37, 2.61, 251)[:, None], 10)
    counted = Recording((Column("x", "N/A"),), np.linspace(0, 9, 4)[:, None], 0)

    written = [each.text for each in drawings(svg(swing))[0].iter("text")]
    assert written == [
        *("time (s)", "0.0", "0.5", "1.0", "1.5", "2.0", "2.5"),
        *("m/s2", "-1", "0", "1", "2"),
    ]
    assert [each.text for each in drawings(svg(counted))[0].iter("text")] == [
        *("reading", "0", "1", "2", "3"),
        *("0", "2", "4", "6", "8"),
    ]


def test_a_line_tells_its_range() -> None:
    swing = Recording((Column("x", "g"), Column(EVIL, "N/A")), np.array([[1, 2], [3, 2.5]]), 10)

    [drawn] = drawings(svg(swing))

    assert [each.text for each in drawn.iter("title")] == ["x: 1 to 3 g", f"{EVIL}: 2 to 2.5"]
    assert EVIL not in svg(swing)


def test_missing_values_are_gaps_and_counted() -> None:
    sample = samples.numpy_timeseries_to_sample([1, 2, float("nan"), 4, 5], [Sensor("x")], 10)

    path = drawings(page(sample))[0].find("path")

    assert path is not None
    assert path.attrib["d"].count("M") == 2
    assert "1 value missing" in repr(sample)
    assert text(sample).splitlines()[1].startswith("  x  ▁▂ ▆█")


def test_a_long_time_series_keeps_its_extremes_and_stays_small() -> None:
    values = np.zeros((1_000_000, 1))
    values[123_456], values[654_321] = 7, -3

    drawn = svg(series(values))

    assert len(drawn) < 60_000
    heights = [float(each) for each in re.findall(r"[ML][\d.]+ ([\d.]+)", drawn)]
    assert (min(heights), max(heights)) == (8.0, 142.0)


def test_labels_of_parts_are_bands_with_their_times() -> None:
    sample = Sample(
        csv(rows=10),
        "a.csv",
        structured_labels=[
            {"startIndex": 0, "endIndex": 5, "label": "idle"},
            {"startIndex": 6, "endIndex": 8, "label": EVIL},
            {"startIndex": 9, "endIndex": 9, "label": "idle"},
        ],
    )

    [drawn] = drawings(page(sample))

    titles = [each.text for each in drawn.iter("title")]
    assert titles[:3] == ["idle: 0 to 5", f"{EVIL}: 6 to 8", "idle: 9 to 9"]
    assert EVIL not in page(sample)
    assert "  idle: 0.07 s" in text(sample).splitlines()


@given(st.lists(st.text(max_size=5), unique=True, max_size=len(COLOURS)))
def test_labels_that_are_seen_together_have_colours_of_their_own(names: list[str]) -> None:
    found = colours_of(names)

    assert list(found) == names
    assert len(set(found.values())) == len(names)


def test_a_sample_of_one_row_is_a_table() -> None:
    sample = Sample(f"a,b\n1.5,{2}\n", "a.csv")

    assert "<td style='text-align:left'>a</td><td style='text-align:right'>1.5</td>" in page(sample)
    assert drawings(page(sample)) == []
    assert text(sample).splitlines()[1:] == ["  a  1.5", "  b  2"]


def test_a_picture_shows_its_boxes() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (2000, 100), "orange").save(buffer, "JPEG")
    boxes = [{"label": EVIL, "x": 1, "y": 2, "width": 30, "height": 40}]
    sample = Sample(buffer, "a.jpg", label=EVIL, bounding_boxes=boxes)
    buffer.seek(0)

    [drawn] = drawings(page(sample))

    rect, name = drawn.find("rect"), drawn.find("text")
    assert rect is not None
    assert [rect.attrib[each] for each in ("x", "y", "width", "height")] == ["1", "2", "30", "40"]
    assert name is not None
    assert name.text == EVIL
    assert drawn.attrib["viewBox"] == "0 0 2000 100"
    assert len(page(sample)) < 20_000
    assert EVIL not in page(sample)
    assert "2000 by 100 pixels" in page(sample)


@pytest.mark.shared_data
def test_a_sound_has_a_player_and_a_real_picture_its_boxes(shared_data: Path) -> None:
    sound = Sample(shared_data / "audio_digits_wav" / "0_george_0.wav")
    folder = shared_data / "ei_formats" / "object_detection"
    boxes = json.loads((folder / "bounding_boxes.labels").read_text())["boundingBoxes"]

    assert "<audio controls src='data:audio/wav;base64," in page(sound)
    assert "8000 Hz" in repr(sound)
    for name, said in boxes.items():
        [drawn] = drawings(page(Sample(folder / name, name, bounding_boxes=said)))
        assert [each.text for each in drawn.findall("text")] == [each["label"] for each in said]


@pytest.mark.parametrize(
    "sample",
    [
        Sample(None),
        Sample(object(), "a.csv"),
        Sample("", "a.csv"),
        Sample("no csv", "a.csv"),
        Sample(b"\x89PNG broken", "a.png"),
        Sample(b"RIFF....WAVE", "a.wav"),
        Sample("{}", "a.json"),
        Sample(Path("/nowhere/a.csv")),
        Sample(csv(), "a.csv", structured_labels=[{"label": "a"}]),
        Sample(csv(), "a.csv", structured_labels="no list"),
        Sample(csv(), "a.csv", bounding_boxes=[{"x": 1}], metadata={"a": object()}),
        Sample(csv(), EVIL, EVIL, EVIL, metadata={EVIL: EVIL}),
    ],
    ids=range(12),
)
def test_whatever_a_sample_holds_it_can_be_shown(sample: Sample) -> None:
    assert repr(sample).startswith("<Sample ")
    assert text(sample)
    assert EVIL not in page(sample)


def test_the_content_is_not_printed_and_files_stay_where_they_are() -> None:
    file = io.StringIO(csv(rows=1000))

    shown = repr(Sample(file, "a.csv")) + text(Sample(file, "a.csv"))

    assert len(shown) < 1000
    assert file.tell() == 0


def test_samples_are_equal_by_their_values_and_print_as_before() -> None:
    assert Sample("a", "b", metadata={"n": 1}) == Sample("a", "b", metadata={"n": 1})
    assert Sample("a", "b") != Sample("a", "c")
    assert str(Sample("a", "b", sample_id=3)).splitlines() == [
        "filename: b", "category: split", "label: None", "metadata: None", "sample_id: 3",
    ]  # fmt: skip


def test_listings_and_reports_are_tables(client: Any, uploaded: list[int]) -> None:
    infos: Any = samples.get_sample_ids(client=client)
    report = samples.upload_samples([Sample(csv(1), "<b>.csv")], client=client)

    assert f"<td style='text-align:left'>{uploaded[0]}</td>" in infos._repr_html_()
    assert "0 uploaded, 1 failed" in report._repr_html_()
    assert "<b>.csv" not in report._repr_html_()


def test_a_sparkline_has_a_sign_for_each_stretch() -> None:
    assert sparkline(np.array([0.0, 1, 2, 3, 4, 5, 6, 7])) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.array([1.0, 1.0])) == "▄▄"
    assert sparkline(np.array([np.nan, 1.0])) == " ▄"
    assert len(sparkline(np.arange(10_000.0))) == 48
