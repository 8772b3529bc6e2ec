"""Sections of the driver: labeling, schemas, history, raw exports, lists of jobs, many pages."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from drive import finished, groups, refusal, rows, section, shown
from drive_objects import _evaluated, _item_ids


@section
def labeling(lab: Any) -> Any:
    client = lab.client
    dataset = lab.dataset("labeled")
    # Published clients get their projects from elsewhere; ours live in the workspace.
    project = client.make_request(
        {"name": f"cars {dataset.id}", "labels": ["car"], "types": ["box"]}, "lab/labelingProjects"
    )["project_id"]
    part = dataset.create_slice("batch", ["0", "1"])
    job = part.send_to_labeling(project)
    finished(job)
    tasks = client.make_request({}, f"lab/labelingProject/{project}/tasks")["tasks"]
    box = {"type": "box", "label": "car", "geometry": {"x": 1, "y": 2, "width": 3, "height": 4}}
    answers = [{"task_id": tasks[0]["task_id"], "annotations": [box]}]
    client.make_request({"tasks": answers}, f"lab/labelingProject/{project}/complete")
    made = client.create_dataset_from_project(project, last_n_tasks=5, name="made")
    other = client.create_dataset("other")

    def told(found: Any) -> list[Any]:
        return [
            [
                row["item"].reference_id,
                [
                    [task["task_status"], task["project_name"][:4]]
                    for task in row["scale_task_info"]
                ],
            ]
            for row in found
        ]

    return {
        "job": job.job_type,
        "tasks": len(tasks),
        "annotated": [
            [box.label, box.x, box.width] for box in dataset.refloc("0")["annotations"]["box"]
        ],
        "made": [made.name, [item.reference_id for item in made.items]],
        "ingested": other.ingest_tasks([task["task_id"] for task in tasks]),
        "info": told(dataset.export_scale_task_info()),
        "info of slice": told(part.export_scale_task_info()),
        "unknown": refusal(lambda: part.send_to_labeling("lbl_0000000ffffff"))[1],
    }


@section
def schemas(lab: Any) -> Any:
    nucleus = lab.nucleus
    schema = {
        "kind": {"type": "category", "choices": ["day", "night"]},
        "place": {"type": "number"},
    }
    dataset = lab.client.create_dataset(
        "schema", item_metadata_schema=schema, annotation_metadata_schema=schema
    )

    def item(name: str, **metadata: Any) -> Any:
        return nucleus.DatasetItem(
            image_location=f"https://example.org/{name}.jpg", reference_id=name, metadata=metadata
        )

    good, bad = item("good", kind="day", place=1), item("bad", kind="day", place="here")
    answer = dataset.append([good, bad], asynchronous=True)
    message = finished(answer)
    boxes = [
        nucleus.BoxAnnotation(
            label="car",
            x=0,
            y=0,
            width=1,
            height=1,
            reference_id="good",
            annotation_id=name,
            metadata={"kind": kind},
        )
        for name, kind in (("a", "night"), ("b", "noon"))
    ]
    annotated = dataset.annotate(boxes)
    info = dataset.info()
    return {
        "counts": [message["new_items"], message["upload_errors"]],
        "errors": ["type conflict" in text for text in answer.errors()],
        "items": [found.reference_id for found in dataset.items],
        "annotated": [annotated["annotations_processed"], len(annotated["errors"])],
        "info": [info.item_metadata_schema == schema, info.annotation_metadata_schema == schema],
        "no schema": refusal(
            lambda: lab.client.create_dataset("x", item_metadata_schema={"a": {"type": "odd"}})
        )[1],
    }


@section
def history(lab: Any) -> Any:
    client = lab.client
    dataset = lab.dataset("history")
    dataset.annotate(lab.boxes("annotation"))
    finished(dataset.delete_annotations(["0", "1"], keep_history=True))
    after = [groups(dataset.refloc(name)["annotations"]) for name in "01"]
    kept = client.make_request({}, f"lab/dataset/{dataset.id}/deletedAnnotations")["annotations"]
    restored = client.make_request(
        {"annotation_ids": [row["id"] for row in kept[:1]]},
        f"lab/dataset/{dataset.id}/restoreAnnotations",
    )
    return {
        "after": after,
        "kept": len(kept),
        "restored": [restored["annotations_restored"], restored["annotations_ignored"]],
        "left": [row["objects"] for row in rows(dataset.items_and_annotations())],
    }


@section
def raw_exports(lab: Any) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("raw")
    paths = sorted((lab.folder / "pictures").iterdir())[:2]
    finished(
        dataset.append([
            nucleus.DatasetItem(
                image_location=str(path), reference_id=str(place), metadata={"n": 1}
            )
            for place, path in enumerate(paths)
        ])
    )
    dataset.annotate(lab.boxes("annotation", 2))
    model = lab.client.create_model("raw", f"raw {dataset.id}")
    dataset.upload_predictions(model, lab.boxes("prediction", 2))
    part = dataset.create_slice("both", ["0", "1"])
    answer = part.export_raw_items()
    found = answer["raw_dataset_items"] if isinstance(answer, dict) else answer
    truths = [row["id"] for row in _objects(lab, dataset, "ground_truth_only")]
    guesses = [row["id"] for row in _objects(lab, dataset, "predictions_only", dataset.model_runs)]
    mixed = dataset.create_slice_by_ids(
        "objects", annotation_ids=truths[:1], prediction_ids=guesses[:1]
    )
    return {
        "items": [[row["ref_id"], row["metadata"]] for row in found],
        "files": [
            _downloaded(row["scale_url"]) == path.read_bytes()
            for row, path in zip(found, paths, strict=True)
        ],
        "json": [sorted(row) for row in mixed.export_raw_json()],
        "objects": [type(value).__name__ for value in mixed.items],
        "type": mixed.info()["type"],
        "of type": [known.name for known in dataset.get_slices(slice_type="object")],
        "created": [str(part.created_at)[:4].isdigit(), part.description],
        "generated": rows(part.export_predictions_generator(model))
        == rows(part.export_predictions(model)),
        "predicted": [row["objects"] for row in rows(mixed.export_predictions(model))],
        "annotated": [row["objects"] for row in rows(mixed.items_and_annotations())],
    }


def _downloaded(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        content: bytes = answer.read()
    return content


def _objects(lab: Any, dataset: Any, mode: str, runs: Any = ()) -> list[Any]:
    body = {"pageToken": None, "pageSize": 100, "query": "", "patch_mode": mode}
    if runs:
        body["model_run_id"] = runs[0]
    found: list[Any] = lab.client.make_request(body, f"dataset/{dataset.id}/queryObjectsPage")[
        "items"
    ]
    return found


@section
def object_queries(lab: Any) -> Any:
    nucleus = lab.nucleus
    dataset = lab.dataset("objects")
    dataset.annotate(lab.boxes("annotation"))
    model = lab.client.create_model("objects", f"objects {dataset.id}")
    elsewhere = nucleus.BoxPrediction(
        label="car",
        x=500,
        y=500,
        width=5,
        height=5,
        reference_id="2",
        annotation_id="far",
        confidence=0.25,
    )
    dataset.upload_predictions(model, [*lab.boxes("prediction")[:2], elsewhere])
    finished(_evaluated(dataset, model))
    run = dataset.model_runs[0]

    def asked(query: str, mode: str, chosen: Any = run) -> list[Any]:
        found = list(dataset.query_objects(query, mode, chosen))
        if mode.endswith("_only"):
            return sorted(f"{type(value).__name__} {value.annotation_id}" for value in found)
        return sorted([match.iou, match.confusion_category.name] for match in found)

    return {
        "truths": asked('annotations.label = "bus"', "ground_truth_only", None),
        "guesses": asked("predictions.confidence > 0.3", "predictions_only"),
        "iou": asked("", "iou"),
        "false positives": asked("", "false_positive"),
        "false negatives": asked("", "false_negative"),
        "bad": refusal(lambda: asked("annotations.label =", "ground_truth_only", None))[1],
    }


@section
def job_lists(lab: Any) -> Any:
    dataset = lab.dataset("listed jobs")
    jobs = [dataset.annotate(lab.boxes("annotation"), asynchronous=True) for _ in range(3)]
    for job in jobs:
        finished(job)
    finished(dataset.delete_annotations(["0"]))
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)

    def listed(**wanted: Any) -> list[str]:
        found = dataset.jobs(show_completed=True, **wanted)
        return sorted(job.job_type for job in found if job.job_type != "uploadDatasetItems")

    return {
        "all": listed(),
        "types": listed(job_types=["annotationDeletion"]),
        "limit": len(listed(job_types=["uploadAnnotations"], limit=2)),
        "since": len(listed(from_date=(now - day).isoformat())),
        "later": listed(from_date=(now + day).isoformat()),
        "until": listed(to_date=(now - day).isoformat()),
        "mine": {job.job_id for job in jobs}
        <= {job.job_id for job in lab.client.list_jobs(show_completed=True)},
        "no errors": jobs[0].errors(),
        "unknown": refusal(lambda: lab.client.get_job("job_0000000ffffff"))[1],
    }


@section
def odds_and_ends(lab: Any) -> Any:
    client = lab.client
    dataset = lab.dataset("odds and ends")
    model = client.create_model("odds", f"odds {dataset.id}", tags=["a"])
    part = dataset.create_slice("trained", ["0"])
    model.add_trained_slice_ids([part.id])
    model.remove_trained_slice_ids([part.id])
    privacy = client.create_dataset("proxied", use_privacy_mode=True)
    finished(  # newer clients answer a job
        privacy.add_items_from_dir(
            str(lab.folder / "pictures"), privacy_mode_proxy="https://proxy.example.org/"
        )
    )
    return {
        "by id": shown(dataset.loc(_item_ids(lab, dataset)[1])["item"]),
        "listed": model.id in [known.id for known in client.list_models()],
        "trained": client.get_model(model.id).trained_slice_ids,
        "no tag": refusal(lambda: model.remove_tags(["nothing"]))[1],
        "no bundle": refusal(lambda: model.run(dataset.id, "run", None)) != "nothing was refused",
        "proxied": sorted(
            item.image_location
            for item in privacy.items
            if item.image_location.endswith(("/a.png", "/d.jpeg"))
        ),
        "too large": refusal(lambda: dataset.create_slice("x", [str(n) for n in range(10_001)]))[1],
    }


@section
def command_line(lab: Any) -> Any:
    """The command ``nu`` that comes with published clients."""
    command = Path(sys.executable).with_name("nu")
    if lab.name != "nucleus":
        return None
    dataset = lab.dataset("command line")
    model = lab.client.create_model("Commanded", f"commanded {dataset.id}")
    part = dataset.create_slice("commanded", ["0"])
    validate = lab.client.validate
    test = validate.create_scenario_test(
        f"commanded {dataset.id}", part.id, [validate.eval_functions.bbox_iou()]
    )
    questions = {
        dataset.id: ["datasets", "list", "-m"],
        model.id: ["models", "list"],
        part.id: ["slices", "list"],
        test.id: ["tests", "list"],
    }
    running = {
        name: subprocess.Popen(
            [command, *question],
            env={**os.environ, "COLUMNS": "300"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for name, question in questions.items()
    }
    return [name in process.communicate()[0] for name, process in running.items()]


@section
def many_pages(lab: Any) -> Any:
    """More than the pages of 10,000 rows that clients ask for."""
    dataset = lab.client.create_dataset("pages")
    count = 10_050
    items = [
        lab.nucleus.DatasetItem(
            image_location="https://example.org/a.jpg", reference_id=f"{n}", metadata={"n": n}
        )
        for n in range(count)
    ]
    finished(dataset.append(items, asynchronous=True))
    dataset.annotate(lab.boxes("annotation"))
    exported = list(dataset.items_and_annotation_generator())
    expected = [f"{n}" for n in range(count)]
    seen = {
        "size": dataset.size == count,
        "listed": [item.reference_id for item in dataset.items_generator(page_size=4_000)]
        == expected,
        "queried": [item.reference_id for item in dataset.query_items("metadata.n >= 0")]
        == expected,
        "exported": [row["item"].reference_id for row in exported] == expected,
        "boxes": sum(len(row["annotations"]["box"]) for row in exported),
    }
    lab.client.delete_dataset(dataset.id)
    return seen
