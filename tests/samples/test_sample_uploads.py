"""upload_samples: what is sent, what comes back, and what one bad sample does to the others."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sample_files import csv

from nucleus_lab import samples
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples import (
    DataAcquisition,
    Payload,
    Protected,
    Sample,
    SampleInfo,
    Sensor,
    UploadSamplesResponse,
)


def back(client: Any, response: UploadSamplesResponse) -> list[Sample]:
    """What was uploaded, read again."""
    assert response.success, response
    ids = [each.sample_id for each in response.successes]
    return samples.download_samples_by_ids(ids, client=client)


def png(size: tuple[int, int] = (8, 6)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "orange").save(buffer, "PNG")
    return buffer.getvalue()


def test_a_sample_comes_back_with_all_that_was_said_of_it(client: Any) -> None:
    labels = [
        {"startIndex": 0, "endIndex": 1, "label": "up"},
        {"startIndex": 2, "endIndex": 2, "label": "down"},
    ]
    sample = Sample(
        csv(),
        "wave.01.csv",
        "training",
        "wave",
        metadata={"who": "Ada", "n": 3},
        structured_labels=labels,
    )

    response = samples.upload_samples(sample, client=client)
    [found] = back(client, response)

    text = found.data
    assert sample.sample_id == response.successes[0].sample_id == found.sample_id
    assert asdict(found) == {
        "data": text,
        "filename": "wave.01.json",
        "category": "training",
        "label": "wave",
        "bounding_boxes": None,
        "metadata": {"who": "Ada", "n": 3},
        "sample_id": sample.sample_id,
        "structured_labels": labels,
    }
    assert json.loads(text)["payload"] == {
        "device_type": "",
        "sensors": [{"name": "x", "units": "N/A"}, {"name": "y", "units": "N/A"}],
        "values": [[1, 0], [2, -1], [3, -2]],
        "interval_ms": 10,
        "device_name": None,
    }
    assert text.read() == text.encode()


def test_samples_that_differ_in_everything_travel_together(client: Any) -> None:
    given = [
        Sample(csv(1), "a.csv", "training", "one", metadata={"n": 1}),
        Sample(png(), "b.png", "testing", bounding_boxes=[box("cat")]),
        Sample(csv(2), "b.csv", "anomaly", "two"),
        Sample(csv(3), "b.csv", "validation", "two", metadata={"n": 2}),
    ]

    response = samples.upload_samples(given, client=client)

    assert [each.sample for each in response.successes] == given
    assert [
        (each.filename, each.category, each.label, each.metadata, each.bounding_boxes)
        for each in back(client, response)
    ] == [
        ("a.json", "training", "one", {"n": 1}, None),
        ("b.png", "testing", "b", None, [box("cat")]),
        ("b.json", "anomaly", "two", None, None),
        ("b.json", "validation", "two", {"n": 2}, None),
    ]


def box(label: str) -> dict[str, Any]:
    return {"label": label, "x": 1, "y": 2, "width": 3, "height": 4}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    "label",
    ["über", "行走", " led by space", "two\nlines", "50%", "%41", "a+b", 'q"uote', "x" * 200],
)
def test_any_label_arrives_as_it_was_given(client: Any, label: str, together: bool) -> None:
    given = [Sample(csv(1), "a.csv", "training", label), Sample(csv(2), "b.csv", "training", label)]

    response = samples.upload_samples(given if together else given[0], client=client)

    assert {each.label for each in back(client, response)} == {label}


@pytest.mark.parametrize("name", ["行走.1.csv", "a b.csv", "100%25.csv", 'q"uote.csv', "a&b;c.csv"])
def test_any_file_name_arrives_as_it_was_given(client: Any, name: str) -> None:
    response = samples.upload_samples(Sample(csv(), name, "training", "x"), client=client)

    [info] = samples.get_sample_ids(client=client)
    assert response.successes[0].filename == name
    assert info.filename == name.removesuffix(".csv")


def test_a_bad_sample_fails_alone(client: Any) -> None:
    given = [
        Sample(csv(1), "good.csv", "training"),
        Sample("no,time\n1,2\n3,4\n", "bad.csv", "training"),
        Sample(object(), "worse.csv"),
        Sample(csv(2), "metadata.csv", metadata={"set": object()}),
        Sample(csv(3), "category.csv", "bogus"),
        Sample(csv(4), "too.csv", "training"),
    ]

    response = samples.upload_samples(given, client=client)

    assert [each.filename for each in response.successes] == ["good.csv", "too.csv"]
    assert [each.sample for each in response.fails] == given[1:5]
    errors = [str(each.error) for each in response.fails]
    assert errors[0].startswith("Could not parse this CSV file")
    assert "data is of type object" in errors[1]
    assert "metadata: $.set holds a object" in errors[2]
    assert "category is 'bogus'" in errors[3]
    assert [each.sample_id for each in given[1:5]] == [None] * 4
    assert not response.success
    assert "fails: 4" in repr(response)


def test_a_duplicate_is_refused_unless_it_is_wanted(client: Any, wave: Sample) -> None:
    samples.upload_samples(wave, client=client)

    again = samples.upload_samples(wave, client=client)
    wanted = samples.upload_samples(wave, allow_duplicates=True, client=client)

    assert str(again.fails[0].error).startswith("An item with this hash already exists")
    assert wanted.success
    assert len(samples.get_sample_ids(client=client)) == 2


@pytest.mark.parametrize("kind", ["str", "bytes", "StringIO", "BytesIO", "file", "path"])
def test_the_content_may_be_anything_that_can_be_read(
    client: Any, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "wave.1.csv"
    path.write_text(csv())
    with path.open("rb") as file:
        data: Any = {
            "str": csv(),
            "bytes": csv().encode(),
            "StringIO": io.StringIO(csv()),
            "BytesIO": io.BytesIO(csv().encode()),
            "file": file,
            "path": path,
        }[kind]
        given = Sample(data, "wave.1.csv", "training")
        for _ in range(2):  # what was read once can be read again
            response = samples.upload_samples(given, allow_duplicates=True, client=client)
            assert json.loads(back(client, response)[0].data)["payload"]["values"][0] == [1, 0]


def test_a_file_is_sent_from_where_it_stands(client: Any) -> None:
    file = io.StringIO(f"rubbish\n{csv()}")
    file.readline()

    response = samples.upload_samples(Sample(file, "a.csv", "training"), client=client)

    assert response.success
    assert file.tell() == len("rubbish\n")


def test_a_closed_file_is_a_fail_that_says_so(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv())
    with path.open("rb") as file:
        sample = Sample(file, "a.csv")

    response = samples.upload_samples(sample, client=client)

    assert response.fails[0].error == "data is a file that was closed: open it again"


def test_a_data_acquisition_is_a_content(client: Any) -> None:
    acquisition = DataAcquisition(
        Protected(),
        Payload("board", [Sensor("x", "g")], [[1], [2]], interval_ms=2.5, device_name="b1"),
    )

    response = samples.upload_samples(Sample(acquisition, "a.json", "training"), client=client)

    payload = json.loads(back(client, response)[0].data)["payload"]
    assert (payload["device_type"], payload["device_name"]) == ("board", "b1")
    assert (payload["interval_ms"], payload["values"]) == (2.5, [[1], [2]])


@pytest.mark.parametrize(
    ("data", "end"), [(csv(), ".csv"), (png(), ".png"), ('{"payload": 1}', ".json")]
)
def test_a_sample_without_a_name_gets_one_by_its_content(
    client: Any, data: str | bytes, end: str
) -> None:
    response = samples.upload_samples(Sample(data, category="training"), client=client)

    [told] = [*response.successes, *response.fails]
    assert str(told.filename).endswith(end)
    assert [info.label for info in samples.get_sample_ids(client=client)] in ([""], [None], [])


def test_nothing_uploads_to_an_empty_report(client: Any) -> None:
    response = samples.upload_samples([], client=client)

    assert (response.success, response.successes, response.fails) == (True, [], [])


def test_a_generator_is_read_once(client: Any) -> None:
    made = (Sample(csv(at), f"{at}.csv", "training", "x") for at in range(1, 4))

    response = samples.upload_samples(made, client=client)

    assert [each.filename for each in response.successes] == ["1.csv", "2.csv", "3.csv"]


def test_samples_without_category_are_split_by_their_content(client: Any) -> None:
    given = [Sample(csv(at), f"{at}.csv", None, "x") for at in range(100)]

    samples.upload_samples(given, client=client)

    counts = [
        len(samples.get_sample_ids(category=name, client=client))
        for name in ("training", "testing")
    ]
    assert sum(counts) == 100
    assert 60 < counts[0] < 95
    assert {each.category for each in given} == {"split"}


def test_many_samples_go_in_several_requests_and_keep_their_order(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nucleus_lab.samples.uploading.MOST_FILES", 7)
    monkeypatch.setattr("nucleus_lab.samples.uploading.HTTP_FILES", 7)
    given = [Sample(csv(at), f"{at}.csv", "training", f"l{at}") for at in range(30)]

    response = samples.upload_samples(given, client=client, max_workers=1)

    ids = [each.sample_id for each in response.successes]
    assert [each.sample for each in response.successes] == given
    assert samples.get_sample_ids(client=client) == [
        SampleInfo(ids[at], str(at), "training", f"l{at}") for at in range(30)
    ]


def test_numpy_values_in_metadata_and_boxes_are_plain_numbers(client: Any) -> None:
    sample = Sample(
        png(),
        "a.png",
        "training",
        metadata={"n": np.int64(3)},
        bounding_boxes=[
            {key: np.float32(2) for key in ("x", "y", "width", "height")} | {"label": "a"}
        ],
    )

    [found] = back(client, samples.upload_samples(sample, client=client))

    assert found.metadata == {"n": 3}
    assert found.bounding_boxes == [{"label": "a", "x": 2, "y": 2, "width": 2, "height": 2}]


@pytest.mark.parametrize("workers", [0, -1, True, 1.5])
def test_an_impossible_number_of_workers_is_refused(client: Any, workers: Any) -> None:
    with pytest.raises(InvalidInputError, match="max_workers"):
        samples.upload_samples(Sample(csv(), "a.csv"), max_workers=workers, client=client)


def test_a_parquet_file_is_uploaded_and_comes_back_as_its_csv_does(
    client: Any, tmp_path: Path
) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"timestamp": [0, 10, 20], "x": [1.5, 2.5, None], "y": [1, 2, 3]})
    frame.to_parquet(tmp_path / "walk.1.parquet", index=False)
    frame.to_csv(tmp_path / "walk.2.csv", index=False)

    answer = samples.upload_directory(str(tmp_path), category="training", client=client)

    assert answer.fails == []
    one, two = samples.download_samples_by_ids(samples.get_sample_ids(client=client), client=client)
    assert (one.filename, one.label, two.label) == ("walk.1.json", "walk", "walk")
    assert one.data == two.data
