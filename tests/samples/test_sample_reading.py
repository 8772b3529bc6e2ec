"""Listing, downloading and deleting samples, and what file names say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_files import csv

from nucleus_lab import samples
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.samples import Sample, SampleInfo, downloading


def test_samples_are_listed_by_name_category_and_label(client: Any, uploaded: list[int]) -> None:
    one, two, rest = (
        SampleInfo(uploaded[0], "walk.1", "training", "walk"),
        SampleInfo(uploaded[1], "walk.2", "testing", "walk"),
        SampleInfo(uploaded[2], "rest.1", "training", "rest"),
    )

    def found(**filters: Any) -> list[SampleInfo]:
        return samples.get_sample_ids(**filters, client=client)

    assert found() == found(category="all") == [one, two, rest]
    assert found(filename="walk") == [one, two]
    assert found(filename=".1", category="training") == [one, rest]
    assert found(labels="rest") == [rest]
    assert found(labels=["rest", "walk"], category="testing") == [two]
    assert found(labels="none such") == found(filename="a b&c=d#e") == []
    assert found(num_workers=1) == [one, two, rest]


def test_a_listing_of_several_pages_is_complete_and_in_order(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nucleus_lab.samples.listing.PAGE", 7)
    made = [Sample(csv(at), f"{at}.csv", "training", "x") for at in range(40)]
    ids = [each.sample_id for each in samples.upload_samples(made, client=client).successes]

    infos = samples.get_sample_ids(client=client, num_workers=3)

    assert [each.sample_id for each in infos] == sorted(ids, key=lambda each: each or 0)


@pytest.mark.parametrize("arguments", [{"category": "bogus"}, {"num_workers": 0}])
def test_filters_that_are_not_possible_are_refused(client: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(arguments))):
        samples.get_sample_ids(**arguments, client=client)


def test_the_name_of_a_sample_is_found(client: Any, uploaded: list[int]) -> None:
    assert samples.get_filename_by_id(uploaded[1], client=client) == "walk.2"
    assert samples.get_filename_by_id(10**6, client=client) is None


def test_samples_are_downloaded_in_the_order_of_their_ids(client: Any, uploaded: list[int]) -> None:
    wanted = [uploaded[2], 10**6, uploaded[0], uploaded[2]]

    found = samples.download_samples_by_ids(wanted, client=client)
    streamed = list(samples.stream_samples_by_ids(np.array(wanted), client=client, max_workers=2))

    assert [each.sample_id for each in found] == [uploaded[2], uploaded[0], uploaded[2]]
    assert found[0].metadata == {"who": "Ada"}
    assert [each and each.sample_id for each in streamed] == [
        uploaded[2],
        None,
        uploaded[0],
        uploaded[2],
    ]
    assert samples.download_samples_by_ids([], client=client) == []
    listed = samples.download_samples_by_ids(samples.get_sample_ids(client=client), client=client)
    assert [each.sample_id for each in listed] == uploaded


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The ids of each request for contents that is made from now on."""
    made: list[list[int]] = []
    ask = downloading._batch

    def noted(way: Any, project: int, ids: list[int]) -> Any:
        made.append(ids)
        return ask(way, project, ids)

    monkeypatch.setattr(downloading, "_batch", noted)
    return made


def test_many_samples_come_in_few_requests(
    client: Any, uploaded: list[int], requests: list[list[int]]
) -> None:
    wanted = (uploaded * 100)[:250]

    found = samples.download_samples_by_ids(wanted, client=client)

    assert [each.sample_id for each in found] == wanted
    assert [len(ids) for ids in requests] == [8, 32, 128, 82]


def test_an_answer_holds_some_bytes_and_the_rest_is_asked_for(
    client: Any, uploaded: list[int], requests: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = samples.download_samples_by_ids(uploaded, client=client)
    requests.clear()
    monkeypatch.setattr("nucleus_lab.engine.sample_reading.MOST_BYTES", 1)

    assert samples.download_samples_by_ids([*uploaded, 10**6], client=client) == whole
    assert requests == [[*uploaded, 10**6], [*uploaded[1:], 10**6], [uploaded[2], 10**6], [10**6]]


def test_a_batch_holds_what_single_requests_answer(
    client: Any, uploaded: list[int], shared_data: Path
) -> None:
    folder = shared_data / "ei_formats"
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".jpg", ".cbor", ".csv"})
    sounds = sorted((shared_data / "audio_digits_wav").rglob("*.wav"))[:3]
    made = [Sample(path.read_bytes(), path.name, "training") for path in [*files, *sounds]]
    stored = samples.upload_samples(made, client=client).successes
    ids = [*uploaded, *(each.sample_id or 0 for each in stored), 10**6, 2**70, -1]
    way = downloading.door(client=client)

    together = list(samples.stream_samples_by_ids(ids, client=client))
    alone = [downloading._download(way, way.project(), each) for each in ids]

    assert len(stored) > 10
    assert [_whole(each) for each in together] == [_whole(each) for each in alone]
    assert together[-3:] == [None, None, None]


def _whole(sample: Sample | None) -> Any:
    if sample is None:
        return None
    return {**vars(sample), "data": sample.data.read()}


def test_a_sample_whose_file_is_lost_keeps_none_before_it_back(
    client: Any, uploaded: list[int], workspace: Path
) -> None:
    files = [path for path in (workspace / "media").rglob("*") if path.is_file()]
    [lost] = [path for path in files if path.read_bytes() == csv(3).encode()]
    lost.unlink()

    stream = samples.stream_samples_by_ids(uploaded, client=client)

    assert [next(stream).sample_id, next(stream).sample_id] == uploaded[:2]
    with pytest.raises(MediaError, match=r"sample 3 \(rest\.1\.csv\) cannot be read: .* missing"):
        next(stream)


def test_a_stream_that_is_left_early_reads_no_more(
    client: Any, uploaded: list[int], requests: list[list[int]]
) -> None:
    stream: Iterator[Any] = samples.stream_samples_by_ids(uploaded * 100, client=client)
    first = next(stream)
    stream.close()

    assert first.sample_id == uploaded[0]
    assert sum(map(len, requests)) <= 40


def test_other_endpoints_are_asked_for_one_sample_a_request(
    client: Any, uploaded: list[int], requests: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = samples.download_samples_by_ids(uploaded, client=client)
    requests.clear()
    monkeypatch.setattr(downloading.Door, "own", property(lambda _: False))

    assert samples.download_samples_by_ids(uploaded * 30, client=client) == whole * 30
    assert requests == []


@pytest.mark.parametrize("ids", ["12", [1, "2"], [1.5], True, None, [None]])
def test_ids_that_are_none_are_refused_at_once(client: Any, ids: Any) -> None:
    with pytest.raises(TypeError, match="All sample IDs must be integers"):
        samples.stream_samples_by_ids(ids, client=client)


def test_what_was_downloaded_can_be_saved_like_a_file(
    client: Any, uploaded: list[int], tmp_path: Path
) -> None:
    [sample] = samples.download_samples_by_ids(uploaded[0], client=client)

    for name in ("a", "b"):
        with (tmp_path / name).open("wb") as file:
            shutil.copyfileobj(sample.data, file)
        sample.data.seek(0)

    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() == sample.data


def test_a_sample_is_deleted_by_its_id(client: Any, uploaded: list[int]) -> None:
    done = samples.delete_sample_by_id(uploaded[0], client=client)

    assert done is not None
    assert (done.success, done.error) == (True, None)
    assert samples.delete_sample_by_id(uploaded[0], client=client) is None
    assert [each.sample_id for each in samples.get_sample_ids(client=client)] == uploaded[1:]


def test_samples_are_deleted_by_their_names(client: Any, uploaded: list[int]) -> None:
    assert samples.delete_samples_by_filename("none such", client=client) == ()
    assert len(samples.delete_samples_by_filename("walk", "testing", client=client)) == 1
    assert [each.filename for each in samples.get_sample_ids(client=client)] == ["walk.1", "rest.1"]
    with pytest.raises(InvalidInputError, match="filename is ''"):
        samples.delete_samples_by_filename("", client=client)


def test_all_samples_of_a_category_or_all_are_deleted(client: Any, uploaded: list[int]) -> None:
    assert uploaded
    with pytest.raises(InvalidInputError, match="category is 'bogus'"):
        samples.delete_all_samples("bogus", client=client)

    samples.delete_all_samples("training", client=client)
    left = [each.filename for each in samples.get_sample_ids(client=client)]
    samples.delete_all_samples(client=client)

    assert left == ["walk.2"]
    assert samples.get_sample_ids(client=client) == []


@pytest.mark.parametrize(
    ("path", "label", "category"),
    [
        ("my-dataset/training/wave.1.cbor", "wave", "training"),
        ("my-dataset/anomaly/wave.1.cbor", "wave", "anomaly"),
        ("wave.1.cbor", "wave", None),
        ("testing/training/x.json", "x", "testing"),
        ("training/testing.1.csv", "testing", "testing"),
        ("unit-testing-data/training/idle.01.csv", "idle", "testing"),
        ("retraining/idle.01.csv", "idle", "training"),
        ("anomaly_training/x.y.z", "x", "anomaly"),
        ("/a/Testing/Up.1.csv", "Up", None),
        ("validation/idle.csv", "idle", None),
        ("/tmp/training/.hidden", "", "training"),
        ("2.5.csv", "2", None),
        ("x/split/walk fast.01.wav", "walk fast", None),
    ],
)
def test_label_and_category_follow_from_a_path(path: str, label: str, category: str | None) -> None:
    sample = Sample("", category=None, label="before")

    assert samples.infer_category_and_label_from_filename(sample, path) is None

    assert (sample.label, sample.category) == (label, category)
