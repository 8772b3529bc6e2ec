"""Uses the data functions of the published edgeimpulse client, and prints what it saw as JSON.

Runs in an environment that has the client: ``python drive_samples.py <folder of the real data>``.
Key and endpoints come from ``EI_API_KEY``, ``EI_API_ENDPOINT`` and ``EI_INGESTION_ENDPOINT``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edgeimpulse as ei
import numpy as np
import pandas as pd
from edgeimpulse.data.sample_type import DataAcquisition, Payload, Protected, Sample, Sensor

data = ei.experimental.data
SECTIONS: dict[str, Callable[[Path], Any]] = {}


def section(work: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Register a section; each begins with an empty project."""
    SECTIONS[work.__name__] = work
    return work


def told(answer: Any) -> Any:
    """What an upload says."""
    if answer is None:
        return None
    return {
        "success": answer.success,
        "done": sorted(one.filename for one in answer.successes),
        "failed": sorted((one.filename, one.error) for one in answer.fails),
    }


def stored(**filters: Any) -> list[list[str]]:
    found = data.get_sample_ids(**filters)
    return sorted([one.filename, one.category, one.label] for one in found)


def series(text: str) -> dict[str, Any]:
    return json.loads(text)["payload"]


@section
def files_of_every_kind(folder: Path) -> Any:
    names = ["wave.01.json", "wave.01.cbor", "good.01.csv", "good.02.txt", "bad.01.csv"]
    samples = [
        Sample(filename=name, data=(folder / "ei_formats/files" / name).open("rb"), label="a b")
        for name in names
    ]
    answer = data.upload_samples(samples)
    ids = [one.sample_id for one in answer.successes]
    fetched = data.download_samples_by_ids(ids)
    return {
        "told": told(answer),
        "projects": sorted({one.project_id for one in answer.successes}),
        "fetched": [
            [one.filename, one.label, one.metadata, one.structured_labels] for one in fetched
        ],
        "values": [series(one.data)["values"][:2] for one in fetched],
        "intervals": [series(one.data)["interval_ms"] for one in fetched],
        "sensors": [series(one.data)["sensors"][0] for one in fetched],
    }


@section
def an_acquisition_object(folder: Path) -> Any:
    payload = Payload("t", [Sensor("x", "m/s2")], [[1], [2.5]], 10, "here")
    sample = Sample(
        filename="object.json",
        data=DataAcquisition(Protected(), payload),
        label="z",
        metadata={"who": "me", "é": "ü"},
    )
    answer = data.upload_samples(sample)
    [found] = data.download_samples_by_ids(sample.sample_id)
    return [told(answer), series(found.data), found.metadata, found.filename, found.label]


@section
def pictures_and_sound(folder: Path) -> Any:
    pictures = sorted((folder / "ei_formats/object_detection").glob("*.jpg"))
    boxes = json.loads((folder / "ei_formats/object_detection/bounding_boxes.labels").read_text())
    sounds = sorted((folder / "audio_digits_wav").rglob("*.wav"))[:2]
    samples = [
        Sample(
            filename=path.name,
            data=path.open("rb"),
            bounding_boxes=boxes["boundingBoxes"][path.name],
            category="testing",
        )
        for path in pictures
    ]
    samples += [Sample(filename=path.name, data=path.read_bytes()) for path in sounds]
    answer = data.upload_samples(samples)
    fetched = data.download_samples_by_ids([one.sample_id for one in answer.successes])
    return {
        "told": told(answer),
        "same": [
            one.data.read() == path.read_bytes()
            for one, path in zip(fetched, [*pictures, *sounds], strict=True)
        ],
        "boxes": [one.bounding_boxes for one in fetched][:2],
        "names": [one.filename for one in fetched],
    }


@section
def an_export_with_labels_of_stretches(folder: Path) -> Any:
    answer = data.upload_directory(str(folder / "ei_multilabel_coffee2"))
    fetched = data.download_samples_by_ids([one.sample_id for one in answer.successes])
    info = json.loads((folder / "ei_multilabel_coffee2/info.labels").read_text())
    wanted = {Path(one["path"]).name: one["label"]["labels"] for one in info["files"]}
    return {
        "success": answer.success,
        "files": len(answer.successes),
        "labels": sorted(len(one.structured_labels) for one in fetched),
        "same": [one.structured_labels in wanted.values() for one in fetched],
        "readings": sorted(len(series(one.data)["values"]) for one in fetched),
    }


@section
def an_exported_project(folder: Path) -> Any:
    answer = data.upload_exported_dataset(str(folder / "ei_formats/image_dataset"))
    pictures = data.download_samples_by_ids([one.sample_id for one in answer.successes])
    data.delete_all_samples()
    # This client cannot read an export without boundingBoxes, so its folders are read one by one.
    answers = [
        data.upload_plain_directory(str(folder / "ei_activity_json" / name), category=name)
        for name in ("training", "testing")
    ]
    return {
        "success": answer.success,
        "pictures": sorted([one.category, one.label, one.filename] for one in pictures),
        "files": [len(answer.successes) for answer in answers],
        "failed": [told(answer)["failed"] for answer in answers],
        "training": len(data.get_sample_ids(category="training")),
        "testing": len(data.get_sample_ids(category="testing")),
        "squat": len(data.get_sample_ids(labels="squat")),
        "two": len(data.get_sample_ids(labels=["squat", "wrist_rotation"], category="testing")),
        "named": len(data.get_sample_ids(filename="biceps", category="training")),
        "first": stored()[0][1:],
    }


@section
def a_plain_folder(folder: Path) -> Any:
    answer = data.upload_plain_directory(
        str(folder / "magic_wand_csv/raw"), category="split", metadata={"date": "today"}
    )
    per_category = {
        name: len(data.get_sample_ids(category=name)) for name in ("training", "testing")
    }
    again = data.upload_plain_directory(str(folder / "ei_formats/gestures/testing"))
    twice = data.upload_directory(str(folder / "ei_formats/gestures/testing"))
    return {
        "success": answer.success,
        "files": len(answer.successes),
        "split": per_category,
        "labels": sorted({one.label for one in data.get_sample_ids()}),
        "again": len(again.successes),
        "twice": sorted({one.error[:37] for one in twice.fails}),
        "allowed": len(
            data.upload_directory(
                str(folder / "ei_formats/gestures/testing"), allow_duplicates=True
            ).successes
        ),
        "nothing": told(data.upload_directory(tempfile.mkdtemp())),
    }


@section
def frames_and_arrays(folder: Path) -> Any:
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [4.5, 5.5, 6.5], "l": ["a", "a", "b"]})
    rows = pd.DataFrame({"a": [1.5, 2.5], "b": [3.0, 4.0], "label": ["u", "v"], "m": ["1", "2"]})
    grouped = pd.DataFrame({
        "t": [0.0, 0.5, 1.0, 0.0, 0.5], "g": ["p", "p", "p", "q", "q"], "v": [1, 2, 3, 4, 5],
        "label": ["i", "i", "i", "j", "j"],
    })  # fmt: skip
    wide = pd.DataFrame([["w1", 0, 1, 2, 3], ["w2", 4, 5, 6, 7]], columns=["label", *"abcd"])
    sensors = [Sensor("x", "g"), Sensor("y", "g")]
    unnamed = data.numpy_timeseries_to_sample([[1, 2], [3, 4]], sensors, 10)
    unnamed.label = "list"

    answers = [
        data.upload_samples(
            data.pandas_dataframe_to_sample(table, sample_rate_ms=20, label_col="l", filename="f")
        ),
        data.upload_pandas_sample(table.iloc[:1, :2], label="one", filename="g"),
        data.upload_pandas_dataframe(rows, ["a", "b"], label_col="label", metadata_cols=["m"]),
        data.upload_pandas_dataframe_with_group(grouped, "t", "g", ["v"], label_col="label"),
        data.upload_pandas_dataframe_wide(wide, 5, data_col_start=1, label_col="label"),
        data.upload_numpy(np.arange(12.0).reshape(2, 3, 2), ["n1", "n2"], sensors, 4),
        data.upload_samples(unnamed),
    ]
    seen = [
        [
            [one.label, one.metadata, one.structured_labels, *map(series(one.data).get, KEYS)]
            for one in data.download_samples_by_ids([good.sample_id for good in answer.successes])
        ]
        for answer in answers
    ]
    return {"failed": [one.error for answer in answers for one in answer.fails], "seen": seen}


KEYS = ("values", "interval_ms")


@section
def finding_and_deleting(folder: Path) -> Any:
    def made(name: str, value: int, category: str) -> Sample:
        return Sample(filename=name, data=f"a\n{value}\n", category=category)

    answer = data.upload_samples([
        made("a.1.csv", 1, "training"),
        made("a.2.csv", 2, "testing"),
        made("b.1.csv", 3, "validation"),
        made("c.1.csv", 4, "post-processing"),
        made("d d.1.csv", 5, "training"),
    ])
    ids = {one.sample.filename: one.sample_id for one in answer.successes}
    steps: dict[str, Any] = {"before": stored()}
    steps["name"] = data.get_filename_by_id(ids["a.1.csv"])
    steps["no name"] = data.get_filename_by_id(99_999_999)
    steps["one"] = data.delete_sample_by_id(ids["a.1.csv"]).success
    steps["none"] = data.delete_sample_by_id(ids["a.1.csv"])
    steps["by name"] = len(data.delete_samples_by_filename("a.2"))
    steps["by no name"] = len(data.delete_samples_by_filename("nothing"))
    steps["left"] = stored()
    steps["missing"] = len(data.download_samples_by_ids([ids["a.1.csv"], ids["b.1.csv"]]))
    streamed = data.stream_samples_by_ids([ids["b.1.csv"], ids["c.1.csv"], ids["a.1.csv"]])
    steps["streamed"] = sorted(one.filename if one else "" for one in streamed)
    steps["category"] = data.delete_all_samples("training").success
    steps["after"] = stored()
    steps["all"] = data.delete_all_samples().success
    steps["end"] = stored()
    return steps


@section
def many_pages(folder: Path) -> Any:
    samples = [
        Sample(filename=f"s{at}.csv", data=f"a\n{at}\n", category="training", label="l")
        for at in range(203)
    ]
    answer = data.upload_samples(samples)
    return [len(answer.successes), len({one.sample_id for one in data.get_sample_ids()})]


@section
def refusals(folder: Path) -> Any:
    def refused(**options: Any) -> Any:
        sample = Sample(filename="a.csv", data="a\n1\n", **options.pop("sample", {}))
        answer = data.upload_samples(sample, **options)
        return [answer.success, *(one.error for one in answer.fails)]

    def raised(work: Callable[[], Any]) -> str:
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - its name is what is asked for
            return type(fault).__name__
        return ""

    return {
        "key": refused(api_key="ei_wrong"),
        "category": refused(sample={"category": "bogus"}),
        "image": told(data.upload_samples(Sample(filename="a.png", data=b"\x89PNGno picture"))),
        "empty": told(data.upload_samples(Sample(filename="a.csv", data=b""))),
        "listing": raised(lambda: data.get_sample_ids(category="training", api_key="ei_wrong")),
        "stored": stored(),
        "label": refused(sample={"label": "über"}),
        "labels": stored(),
    }


def main() -> None:
    folder = Path(sys.argv[1])
    seen: dict[str, Any] = {}
    for name, work in SECTIONS.items():
        data.delete_all_samples()
        try:
            seen[name] = work(folder)
        except Exception:  # noqa: BLE001 - told, and the other sections run
            seen[name] = {"failed": traceback.format_exc()}
    sys.stdout.write("\n" + json.dumps(seen, default=str) + "\n")


if __name__ == "__main__":
    main()
