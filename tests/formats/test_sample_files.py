"""Files of samples become recordings, or errors that say where the fault is."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.samples import labels
from nucleus_lab.formats.samples.acquisition import Embedded, read_cbor, read_json
from nucleus_lab.formats.samples.reading import kind_of, read
from nucleus_lab.formats.samples.recording import Recording, Sensor
from nucleus_lab.formats.samples.separated import read_csv
from nucleus_lab.formats.samples.wave import read_wav, wav_of

XY = [{"name": "x", "units": "g"}, {"name": "y", "units": "g"}]


def acquisition(**payload: Any) -> dict[str, Any]:
    return {
        "protected": {"ver": "v1", "alg": "none"},
        "signature": None,
        "payload": {
            "device_type": "t",
            "interval_ms": 10,
            "sensors": XY,
            "values": [[1, 2], [3, 4]],
            **payload,
        },
    }


def text(document: Any) -> bytes:
    return json.dumps(document).encode()


def same(found: Recording | Embedded, values: Any, interval: float) -> None:
    assert isinstance(found, Recording)
    np.testing.assert_array_equal(found.values, values)
    assert found.interval_ms == interval


# -- acquisitions ------------------------------------------------------------------------------


def test_json_and_cbor_hold_the_same(shared_data: Path) -> None:
    folder = shared_data / "ei_formats/files"
    left = read_json((folder / "wave.01.json").read_bytes())
    right = read_cbor((folder / "wave.01.cbor").read_bytes())

    assert isinstance(left, Recording)
    same(right, left.values, 10)
    assert left.sensors == right.sensors
    assert [one.name for one in left.sensors] == ["accX", "accY", "accZ"]


def test_cbor_may_have_lists_of_unknown_length_and_short_floats() -> None:
    head = cbor2.dumps(acquisition())
    values = cbor2.dumps([[1, 2], [3, 4]])
    streamed = b"\x9f\x9f\xf9\x3c\x00\xfa\x40\x00\x00\x00\xff\x9f\x03\x04\xff\xff"

    same(read_cbor(head.replace(values, streamed)), [[1, 2], [3, 4]], 10)


def test_a_sensor_alone_may_have_bare_numbers() -> None:
    found = read_json(text(acquisition(sensors=XY[:1], values=[1, None, 2.5])))

    same(found, [[1], [np.nan], [2.5]], 10)


@pytest.mark.parametrize("kind", ["i8", "u8", "i16", "u16", "i32", "u32", "f32"])
def test_binary_numbers_may_follow_the_envelope(kind: str) -> None:
    numbers = np.array([[1, 2], [3, 4], [5, 6]], f"<{kind[0]}{int(kind[1:]) // 8}")
    for values in (f"Ref-Binary-{kind}", [f"Ref-BINARY-{kind}"] * 2, [[f"ref-binary-{kind}"]]):
        envelope = cbor2.dumps(acquisition(values=values))
        same(read_cbor(envelope + b"\xff" + numbers.tobytes()), numbers, 10)


def test_a_picture_may_follow_the_envelope() -> None:
    sensors = [{"name": "image", "units": "rgba"}]
    values = ["Ref-BINARY-image/jpeg (5 bytes) " + "0" * 64]
    envelope = cbor2.dumps(acquisition(sensors=sensors, values=values, interval_ms=0))

    assert read_cbor(envelope + b"\xffhello rest") == Embedded(b"hello", "image/jpeg", "t", None)


@pytest.mark.parametrize("write", [text, cbor2.dumps])
def test_a_signature_is_checked_with_the_key(write: Any) -> None:
    document = acquisition() | {"protected": {"ver": "v1", "alg": "HS256"}, "signature": "0" * 64}
    proof = hmac.new(b"secret", write(document), hashlib.sha256).hexdigest()
    signed = write(document | {"signature": proof})
    reader = read_json if write is text else read_cbor

    valid = [reader(signed, key).signature_valid for key in ("secret", "other", None)]

    assert valid == [True, False, False]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "not a data acquisition file"),
        ({"payload": 1}, "not a data acquisition file"),
        (acquisition() | {"protected": {"ver": "v2"}}, "protected.ver is 'v2'"),
        (acquisition() | {"protected": {"alg": "RS256"}}, "protected.alg is 'RS256'"),
        (acquisition() | {"protected": {"alg": ["none"]}}, "protected.alg is ['none']"),
        (acquisition() | {"protected": {"ver": {"a": 1}}}, "protected.ver is {'a': 1}"),
        (acquisition(sensors=[]), "payload.sensors is []"),
        (acquisition(sensors=[{"units": "g"}]), r"payload.sensors[0].name is None"),
        (acquisition(values=[]), "payload.values is empty"),
        (acquisition(values=[[1, 2], [3]]), "payload.values[1] has 1 values"),
        (acquisition(values=[[1, 2], [3, "4"]]), "payload.values[1][1] is '4'"),
        (acquisition(values=[[1, 2], [True, 4]]), "payload.values[1][0] is True"),
        (acquisition(values=[[1, 2], [3, 10**400]]), "payload.values[1][1] is a number beyond"),
        (acquisition(values=[[1, 2], 3]), "payload.values[1] is 3"),
        (acquisition(values=None), "payload.values is None"),
        (acquisition(interval_ms=0), "payload.interval_ms is 0 and there are 2 readings"),
        (acquisition(interval_ms=-1), "payload.interval_ms is -1"),
        (acquisition(interval_ms="9"), "payload.interval_ms is '9'"),
        (acquisition(values="Ref-Binary-i9"), "payload.values is 'Ref-Binary-i9'"),
        (acquisition(values="Ref-Binary-i16"), "0xFF"),
        (acquisition(device_type="a\0"), "U+0000"),
    ],
)
def test_a_fault_in_an_acquisition_has_its_place(document: Any, told: str) -> None:
    with pytest.raises(InvalidInputError) as json_fault:
        read_json(text(document))
    with pytest.raises(InvalidInputError) as cbor_fault:
        read_cbor(cbor2.dumps(document))

    assert told in str(json_fault.value)
    assert told in str(cbor_fault.value)


def test_json_that_cannot_be_read_says_where() -> None:
    with pytest.raises(InvalidInputError, match="line 2, column 3"):
        read_json(b'{"a": 1,\n  x}')


@pytest.mark.parametrize(
    "content",
    [
        b"\xa1\x67payload" + b"\x81" * 100_000,
        b"\xa1\x67payload\xa1\x66values\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa1\x67payload\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa1\x67payload\xd8\x1c\xa1\x66values\xd8\x1c\x81\xd8\x1d\x01",
        cbor2.dumps({"payload": {"sensors": 1 << 200_000}}),
        cbor2.dumps({"protected": {"alg": 1 << 200_000}, "payload": {}}),
    ],
)
def test_cbor_that_asks_for_too_much_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        read_cbor(content)


def test_binary_numbers_that_are_cut_off_are_refused() -> None:
    envelope = cbor2.dumps(acquisition(values="Ref-Binary-i16"))

    with pytest.raises(InvalidInputError, match="no whole number of readings"):
        read_cbor(envelope + b"\xff" + b"\0" * 7)


# -- CSV ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "names", "values", "interval"),
    [
        (b"timestamp,x,y\n0,1,2\n10,3,4\n", "xy", [[1, 2], [3, 4]], 10),
        (b"\xef\xbb\xbftimestamp;x\r\n0;1\r\n\r\n2.5;2\r\n", "x", [[1], [2]], 2.5),
        (b'"Timestamp"\t"x"\n5\t1\n6\t\n', "x", [[1], [np.nan]], 1),
        (b"x,y\n1,2\n", "xy", [[1, 2]], 0),
        (b"timestamp,x\n7,1", "x", [[1]], 0),
        (b"timestamp,x\n0,nan\n10,2\n40,1e3\n", "x", [[np.nan], [2], [1000]], 20),
        ("timestamp,ü\n0,1\n1,2".encode("latin-1"), "ü", [[1], [2]], 1),
    ],
)
def test_csv_becomes_a_recording(content: bytes, names: str, values: Any, interval: float) -> None:
    found = read_csv(content)

    same(found, values, interval)
    assert found.sensors == tuple(Sensor(name) for name in names)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"timestamp,x\n", "no rows below its header"),
        (b"a,b\n1,2\n3,4\n", 'the first column must be "timestamp"'),
        (b"timestamp\n1\n2\n", "no column besides timestamp"),
        (b"timestamp,x\n0,1\n1,abc\n", "line 3, column 2 (x) is 'abc'"),
        (b"timestamp,x\n0,1\n1,2,3\n", "line 3 has 3 cells and the header has 2"),
        (b"timestamp,x\n0,1\n1,inf\n", "line 3, column 2 (x) is 'inf'"),
        (b"timestamp,x\n5,1\n5,2\n", "the timestamp of row 2 is 5"),
        (b"timestamp,x\n0,1\n,2\n", "row 2 has no timestamp"),
        (b"0,1\n2,3\n", "line 1 has only numbers"),
        (b"timestamp,x,\n0,1,2\n", "line 1, column 3 has no name"),
        (b"timestamp,x,x\n0,1,2\n", "two columns named 'x'"),
    ],
)
def test_a_fault_in_a_csv_file_has_its_place(content: bytes, told: str) -> None:
    with pytest.raises(InvalidInputError) as fault:
        read_csv(content)

    assert str(fault.value).startswith("Could not parse this CSV file: ")
    assert told in str(fault.value)


# -- sound -------------------------------------------------------------------------------------


def riff(tag: int, channels: int, bits: int, data: bytes, *, size: int | None = None) -> bytes:
    head = struct.pack("<HHIIHH", tag, channels, 1000, 0, 0, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"LIST\x03\0\0\0abc\0data"
    return b"RIFF\0\0\0\0" + body + struct.pack("<I", len(data) if size is None else size) + data


@pytest.mark.parametrize(
    ("tag", "channels", "bits", "data", "values"),
    [
        (1, 1, 8, b"\x80\x00", [[128], [0]]),
        (1, 2, 16, struct.pack("<4h", 1, -1, 300, -300), [[1, -1], [300, -300]]),
        (1, 1, 24, b"\x01\0\0\xff\xff\xff", [[1], [-1]]),
        (1, 1, 32, struct.pack("<2i", 1 << 30, -5), [[1 << 30], [-5]]),
        (3, 1, 32, struct.pack("<2f", 0.5, -1), [[0.5], [-1]]),
        (3, 1, 64, struct.pack("<d", 0.1), [[0.1]]),
    ],
)
def test_wav_of_any_width_is_read(
    tag: int, channels: int, bits: int, data: bytes, values: Any
) -> None:
    for size in (None, 0, 0xFFFFFFFF):
        found = read_wav(riff(tag, channels, bits, data, size=size))
        same(found, values, 1.0)
    assert found.sensors[0] == Sensor("audio", "wav")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"RIFX", "does not begin with RIFF"),
        (riff(1, 1, 16, b"\0\0", size=50), "cut off"),
        (riff(1, 1, 16, b""), "data are empty"),
        (riff(2, 1, 4, b"\0\0"), "format 2 of 4 bits"),
        (riff(1, 0, 16, b"\0\0"), "0 channels"),
        (b"RIFF\0\0\0\0WAVE", "no chunk named data"),
        (riff(3, 1, 32, struct.pack("<f", np.nan)), "no finite numbers"),
    ],
)
def test_wav_that_cannot_be_read_says_why(content: bytes, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        read_wav(content)


def test_recorded_speech_is_read(shared_data: Path) -> None:
    path = next(iter(sorted((shared_data / "audio_digits_wav").rglob("*.wav"))))
    found = read(path.read_bytes(), path.name).recording

    assert found is not None
    assert (found.interval_ms, found.values.dtype.str) == (0.125, "<i2")


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_whole_numbers_of_16_bits_survive_a_wav_file(numbers: list[int]) -> None:
    column = np.clip(np.array(numbers, np.int16), -32767, 32767)

    same(read_wav(wav_of(column, 100)), column[:, None], 10)


# -- which kind --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"\x89PNG\r\n", "a.jpg", "image"),
        (b"\xff\xd8\xff\xe0", "a", "image"),
        (b"RIFF\0\0\0\0WAVE", "a.json", "wav"),
        (b"RIFF\0\0\0\0AVI ", "a.avi", "video"),
        (b"\0\0\0\x18ftypmp42", "a.mp4", "video"),
        (b' {"a"', "a.cbor", "json"),
        (b"\xa3...", "a.json", "cbor"),
        (b"{", "a.csv", "csv"),
        (b"a\n1", "a.TXT", "csv"),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_content_first(
    content: bytes, name: str, kind: str
) -> None:
    assert kind_of(content, name) == kind


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"abc", "a.xyz", "a.xyz is of no kind that can be read"),
        (b"PAR1...", "a.parquet", "Parquet"),
        (b"", "a.csv", "a.csv is empty"),
        (b"{", "a.json", "a.json: not valid JSON in line 1"),
    ],
)
def test_a_file_of_no_known_kind_is_named(content: bytes, name: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        read(content, name)


# -- what stands beside a sample ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [("idle.01.csv", "idle"), ("walk fast_2-b.x", "walk fast_2-b"), ("über.1", ""), ("0.01", "0")],
)
def test_the_label_is_the_beginning_of_the_file_name(name: str, label: str) -> None:
    assert labels.label_of_name(name) == label


def test_four_files_of_five_are_for_training_and_always_the_same_ones() -> None:
    chosen = [labels.category_of_content(str(at).encode()) for at in range(1000)]

    assert chosen == [labels.category_of_content(str(at).encode()) for at in range(1000)]
    assert 780 <= chosen.count("training") <= 820
    assert set(chosen) == {"training", "testing"}


def entry(start: Any, end: Any, label: Any = "a") -> dict[str, Any]:
    return {"startIndex": start, "endIndex": end, "label": label}


segments = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from("abc")), max_size=8
)


@given(segments)
def test_the_later_of_two_labels_wins_and_neighbours_are_joined(drawn: Any) -> None:
    given_ = [entry(0, 9, "z"), *(entry(min(a, b), max(a, b), label) for a, b, label in drawn)]
    expected = [""] * 10
    for one in given_:
        for at in range(one["startIndex"], one["endIndex"] + 1):
            expected[at] = one["label"]

    found = labels.check_segments(given_, 10, "here")

    spread = [one["label"] for one in found for _ in range(one["startIndex"], one["endIndex"] + 1)]
    assert spread == expected
    assert all(
        one["endIndex"] + 1 == other["startIndex"] and one["label"] != other["label"]
        for one, other in pairwise(found)
    )


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ([], "here is []"),
        ([1], r"here[0] is 1"),
        ([entry(0, 3), entry(5, 9)], "here covers no reading at index 4"),
        ([entry(1, 9)], "here covers no reading at index 0"),
        ([entry(0, 8)], "here covers no reading at index 9"),
        ([entry(0, 10)], "here[0].endIndex is 10 and there are 10 readings: 9 is the highest"),
        ([entry(5, 4)], "here[0].startIndex is 5 and endIndex 4"),
        ([entry(-1, 4)], "here[0].startIndex is -1"),
        ([entry(0, 4.0)], "here[0].endIndex is 4.0"),
        ([entry(0, 9, 7)], "here[0].label is 7"),
    ],
)
def test_labels_of_stretches_that_do_not_fit_are_named(given_: Any, told: str) -> None:
    with pytest.raises(InvalidInputError) as fault:
        labels.check_segments(given_, 10, "here")

    assert told in str(fault.value)
