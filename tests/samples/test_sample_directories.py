"""Folders of samples: plain ones, exported ones, and the real exports of a project."""

from __future__ import annotations

import json
import resource
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sample_files import csv

from nucleus_lab import samples
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples import Sample, SampleInfo

pytestmark = pytest.mark.usefixtures("tmp_path")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five samples, and files that are none."""
    root = tmp_path / "gestures"
    for at, name in enumerate(
        [
            "training/wave.1.csv", "training/wave.2.CSV", "testing/idle.1.csv", "b/walk.txt",
            "anomaly/odd.csv", ".hidden/x.csv", ".x.csv", "README.txt", "notes.md", "b/info.labels",
        ]
    ):  # fmt: skip
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv(at))
    return root


def test_a_plain_folder_is_uploaded_in_the_order_of_its_paths(client: Any, folder: Path) -> None:
    response = samples.upload_directory(
        str(folder), "testing", "mine", {"day": "Monday"}, client=client
    )

    assert [each.filename for each in response.successes] == [
        "odd.csv", "walk.txt", "idle.1.csv", "wave.1.csv", "wave.2.CSV",
    ]  # fmt: skip
    found = list(samples.fetch_samples(client=client))
    assert {(each.category, each.label) for each in found} == {("testing", "mine")}
    assert [each.metadata for each in found] == [{"day": "Monday"}] * 5


def test_a_transform_changes_samples_and_sees_their_files(client: Any, folder: Path) -> None:
    seen = []

    def transform(sample: Sample, path: str) -> None:
        seen.append((Path(path).name, sample.data.read(9)))
        samples.infer_category_and_label_from_filename(sample, str(Path(path).relative_to(folder)))

    samples.upload_directory(str(folder), transform=transform, batch_size=2, client=client)

    assert seen[0] == ("odd.csv", b"timestamp")
    infos = samples.get_sample_ids(client=client)
    assert [
        (each.filename, each.label, each.category) for each in infos if each.label != "walk"
    ] == [
        ("odd", "odd", "anomaly"),
        ("idle.1", "idle", "testing"),
        ("wave.1", "wave", "training"),
        ("wave.2", "wave", "training"),
    ]


def test_more_files_than_may_be_open_are_uploaded(client: Any, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for at in range(150):
        (tmp_path / "many" / f"{at:03}.csv").write_text(csv(at))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 100, hard))
    try:
        response = samples.upload_directory(
            str(tmp_path / "many"), transform=lambda *_: None, max_workers=1, client=client
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert (len(response.successes), len(response.fails)) == (150, 0)


def test_an_empty_folder_gives_an_empty_report(client: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    response = samples.upload_directory(str(tmp_path / "empty"), client=client)

    assert (response.success, response.successes, response.fails) == (True, [], [])


@pytest.mark.parametrize("batch_size", [0, -3])
def test_an_impossible_batch_size_is_refused(folder: Path, client: Any, batch_size: int) -> None:
    with pytest.raises(ValueError, match="batch_size"):
        samples.upload_directory(str(folder), batch_size=batch_size, client=client)


def test_a_folder_that_is_not_there_is_refused(client: Any, tmp_path: Path) -> None:
    for upload in (samples.upload_directory, samples.upload_exported_dataset):
        with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
            upload(str(tmp_path / "nowhere"), client=client)
    with pytest.raises(FileNotFoundError, match=r"has no info.labels: use upload_plain_directory"):
        samples.upload_exported_dataset(str(tmp_path), client=client)


# -- exports ---------------------------------------------------------------------------------------


def exported(root: Path, *entries: dict[str, Any], lines: bool = False) -> Path:
    """A folder with an info.labels and the files that it names."""
    root.mkdir(exist_ok=True)
    for at, entry in enumerate(entries):
        if not entry["path"].startswith(("..", "/")):
            (root / entry["path"]).write_text(csv(at))
    text = json.dumps({"version": 1, "files": entries})
    if lines:
        rows = [{"__key": "files", "__item": entry} for entry in entries]
        text = "\n".join(['{"__ndjson":true,"version":1}', *map(json.dumps, rows)])
    (root / "info.labels").write_text(text)
    return root


ENTRIES = (
    {
        "path": "a.csv.4f2.ingestion-1.csv",
        "name": "a",
        "category": "training",
        "label": {"type": "label", "label": "wave"},
        "metadata": {"n": 1},
    },
    {"path": "b.csv", "label": {"type": "unlabeled"}, "category": "testing"},
    {
        "path": "c.csv",
        "category": "training",
        "label": {
            "type": "multi-label",
            "labels": [{"startIndex": 0, "endIndex": 2, "label": "up"}],
        },
        "boundingBoxes": None,
    },
)


@pytest.mark.parametrize("lines", [False, True], ids=["json", "ndjson"])
def test_an_export_comes_back_as_its_info_says(client: Any, tmp_path: Path, lines: bool) -> None:
    folder = exported(tmp_path / "export", *ENTRIES, lines=lines)

    samples.upload_directory(str(folder), client=client)

    assert [
        (each.filename, each.category, each.label, each.metadata, each.structured_labels)
        for each in samples.fetch_samples(client=client)
    ] == [
        ("a.json", "training", "wave", {"n": 1}, None),
        ("b.json", "testing", "", None, None),
        ("c.json", "training", "", None, [{"startIndex": 0, "endIndex": 2, "label": "up"}]),
    ]


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/hostname"])
def test_a_file_outside_of_an_export_is_refused_and_nothing_is_uploaded(
    client: Any, tmp_path: Path, path: str
) -> None:
    (tmp_path / "outside.csv").write_text(csv())
    folder = exported(tmp_path / "export", ENTRIES[0], {"path": path})

    with pytest.raises(InvalidInputError, match=r"files\[1\] names .* outside of the folder"):
        samples.upload_directory(str(folder), client=client)
    assert samples.get_sample_ids(client=client) == []


def test_what_is_wrong_with_an_info_file_is_said(client: Any, tmp_path: Path) -> None:
    folder = exported(tmp_path / "export", *ENTRIES)

    (folder / "b.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"files\[1\] names 'b.csv', which is not there"):
        samples.upload_directory(str(folder), client=client)
    (folder / "info.labels").write_text('{"files": [}')
    with pytest.raises(InvalidInputError, match=r"info.labels is no valid JSON: .* column 12"):
        samples.upload_directory(str(folder), client=client)
    (folder / "info.labels").write_text('{"version": 1}')
    with pytest.raises(InvalidInputError, match="has no list 'files'"):
        samples.upload_directory(str(folder), client=client)
    with pytest.raises(InvalidInputError, match="says the category, label and metadata"):
        samples.upload_directory(str(folder), label="x", client=client)


# -- real data -------------------------------------------------------------------------------------


@pytest.mark.shared_data
def test_a_real_export_of_time_series_is_uploaded_whole(client: Any, shared_data: Path) -> None:
    response = samples.upload_directory(str(shared_data / "ei_activity_json"), client=client)

    infos = samples.get_sample_ids(client=client)
    assert (len(response.successes), response.fails) == (80, [])
    assert Counter((each.category, each.label) for each in infos) == {
        (category, label): count
        for label in ("biceps_flexion", "hello_with_hand", "squat", "wrist_rotation")
        for category, count in (("training", 15), ("testing", 5))
    }
    assert infos[0] == SampleInfo(infos[0].sample_id, "squat.5qtmueee", "testing", "squat")
    [sample] = samples.download_samples_by_ids(infos[0].sample_id, client=client)
    path = sorted((shared_data / "ei_activity_json" / "testing").glob("squat.5qtmueee*"))[0]
    own, other = (json.loads(text)["payload"] for text in (sample.data, path.read_text()))
    assert own["values"] == other["values"]
    assert (own["sensors"], own["interval_ms"]) == (other["sensors"], 16)


@pytest.mark.shared_data
def test_real_labels_of_parts_and_boxes_of_pictures_are_kept(
    client: Any, shared_data: Path
) -> None:
    samples.upload_directory(str(shared_data / "ei_multilabel_coffee2"), client=client)
    samples.upload_directory(str(shared_data / "ei_formats" / "object_detection"), client=client)

    series, pictures = [], []
    for sample in samples.fetch_samples(client=client):
        (pictures if sample.bounding_boxes else series).append(sample)
    info = json.loads((shared_data / "ei_multilabel_coffee2" / "info.labels").read_text())
    expected = {each["name"]: each["label"]["labels"] for each in info["files"]}
    assert {
        str(each.filename).removesuffix(".json"): each.structured_labels for each in series
    } == {
        name: sorted(labels, key=lambda each: each["startIndex"])
        for name, labels in expected.items()
    }
    said = json.loads(
        (shared_data / "ei_formats" / "object_detection" / "bounding_boxes.labels").read_text()
    )
    assert {each.filename: each.bounding_boxes for each in pictures} == said["boundingBoxes"]
    for each in pictures:
        path = shared_data / "ei_formats" / "object_detection" / str(each.filename)
        assert each.data.read() == path.read_bytes()


@pytest.mark.shared_data
def test_real_csv_and_sound_are_uploaded(client: Any, shared_data: Path) -> None:
    wand = samples.upload_directory(
        str(shared_data / "magic_wand_csv" / "raw"),
        transform=samples.infer_category_and_label_from_filename,
        client=client,
    )
    sound = samples.upload_directory(
        str(shared_data / "audio_digits_wav"), label="digit", client=client
    )

    assert (len(wand.successes), len(sound.successes)) == (400, 100)
    assert Counter(each.label for each in samples.get_sample_ids(client=client)) == {
        "alpha": 100, "beta": 100, "gamma": 100, "unknown": 100, "digit": 100,
    }  # fmt: skip
    [one] = samples.download_samples_by_ids(sound.successes[0].sample_id, client=client)
    path = shared_data / "audio_digits_wav" / str(one.filename)
    assert one.data.read()[-2000:] == path.read_bytes()[-2000:]
