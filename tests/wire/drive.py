"""Uses a workspace the way scripts do, and prints what it saw as JSON.

Runs in any environment that has a client: ``python drive.py nucleus <folder> [section …]`` drives
a published scale-nucleus, ``python drive.py nucleus_lab …`` ours. Endpoint and key come from
``NUCLEUS_ENDPOINT`` and ``NUCLEUS_API_KEY``. A section is one function below; each makes datasets
of its own and answers plain values that no client may disagree about.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

SECTIONS: dict[str, Callable[[Lab], Any]] = {}


class Lab:
    """What every section works with."""

    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        self.folder = Path(folder)
        self.nucleus = importlib.import_module(name)
        self.client = self.nucleus.NucleusClient()

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.name}.{name}")

    def dataset(self, name: str, items: int = 3, prefix: str = "") -> Any:
        """A dataset with remote items ``0`` …"""
        nucleus = self.nucleus
        dataset = self.client.create_dataset(name)
        if items:
            finished(
                dataset.append([
                    nucleus.DatasetItem(
                        image_location=f"https://example.org/{index}.jpg",
                        reference_id=f"{prefix}{index}",
                        metadata={"place": index, "kind": "day"},
                    )
                    for index in range(items)
                ])
            )
        return dataset

    def boxes(self, kind: str, items: int = 3) -> list[Any]:
        """One box an item, as annotations or as predictions."""
        made = []
        for index in range(items):
            values = {
                "label": "car" if index % 2 else "bus",
                "x": index,
                "y": 2,
                "width": 30,
                "height": 40.5,
                "reference_id": str(index),
                "annotation_id": f"box/{index}",
                "metadata": {"n": index},
            }
            if kind == "prediction":
                made.append(
                    self.nucleus.BoxPrediction(
                        **values, confidence=0.5 + index / 10, class_pdf={"car": 0.5, "bus": 0.5}
                    )
                )
            else:
                made.append(self.nucleus.BoxAnnotation(**values))
        return made


def section(work: Callable[[Lab], Any]) -> Callable[[Lab], Any]:
    SECTIONS[work.__name__] = work
    return work


def finished(answer: Any) -> Any:
    """Wait where the call answered a job; return its final message, else the answer."""
    if hasattr(answer, "sleep_until_complete"):
        answer.sleep_until_complete(verbose_std_out=False)
        status = answer.status()
        if status["status"] != "Completed":
            raise RuntimeError(f"the job ended as {status}")
        return status["message"]
    return answer


COUNTERS = ("new_items", "updated_items", "ignored_items", "upload_errors")


def counted(answer: Any) -> dict[str, int]:
    """The four counters of an append, whatever the client makes of them."""
    found = finished(answer)
    if not isinstance(found, dict):
        found = (
            vars(found)
            if hasattr(found, "__dict__")
            else {name: getattr(found, name) for name in COUNTERS}
        )
    return {name: found[name] for name in COUNTERS}


def shown(value: Any) -> Any:
    """A value as plain data, the same for every client; generated ids are left out."""
    if hasattr(value, "to_payload"):
        value = value.to_payload()
    if isinstance(value, dict):
        hidden = {"task_id", "dataset_item_id", "item_id", "dataset_id", "id", "phash", "type"}
        kept = {
            key: shown(inner)
            for key, inner in value.items()
            if (key not in hidden or (key == "type" and isinstance(inner, str)))
            and inner is not None
        }
        return {key: kept[key] for key in sorted(kept)}
    if isinstance(value, (list, tuple)):
        return [shown(inner) for inner in value]
    return value


def groups(annotations: Any) -> dict[str, Any]:
    """Values by type, those that are there."""
    # Published clients answer the one mask of an exported item bare; the documents say a list.
    return {
        kind: shown(values if isinstance(values, list) else [values])
        for kind, values in sorted(annotations.items())
        if values
    }


def rows(found: Any) -> list[Any]:
    return [
        {
            "item": shown(row["item"]),
            "objects": groups(row.get("annotations", row.get("predictions"))),
        }
        for row in found
    ]


def refusal(work: Callable[[], Any]) -> Any:
    """What an error looks like: its class, its status and whether the server's words arrive."""
    try:
        work()
    except Exception as fault:  # noqa: BLE001 - which one it is is what is asked
        return [type(fault).__name__, getattr(fault, "status_code", None)]
    return "nothing was refused"


# -- datasets ------------------------------------------------------------------------------------


@section
def datasets(lab: Lab) -> Any:
    client = lab.client
    dataset = client.create_dataset("named", item_metadata_schema=None)
    private = client.create_dataset("private", use_privacy_mode=True)
    listed = [found.name for found in client.datasets]
    info = dataset.info()
    again = client.get_dataset(dataset.id)
    seen = {
        "prefix": dataset.id[:3],
        "again": [again.name, again.is_scene, again.size, again.use_privacy_mode],
        "private": client.get_dataset(private.id).use_privacy_mode,
        "listed": {"named", "private"} <= set(listed),
        "info": [info.name, info.length, info.model_run_ids, info.slice_ids],
        "equal": again == dataset,
        "deleted": client.delete_dataset(private.id)["message"],
        "gone": private.id not in [found.id for found in client.datasets],
    }
    finished(
        dataset.append([
            lab.nucleus.DatasetItem(
                image_location="https://example.org/p.jpg", reference_id="p", width=3, height=4
            )
        ])
    )
    return {**seen, "size": dataset.size}


# -- items ---------------------------------------------------------------------------------------


@section
def items_by_url(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("by url")

    def items(kind: str, names: Any) -> Any:
        return [
            nucleus.DatasetItem(
                image_location=f"https://example.org/{name}.jpg",
                reference_id=f"folder/{name} ü",
                metadata={"kind": kind, "nested": {"list": [1, 2.5, None, True]}},
            )
            for name in names
        ]

    return {
        "first": counted(dataset.append(items("a", range(45)))),
        "twice": counted(dataset.append(items("b", range(40, 50)))),
        "update": counted(dataset.append(items("c", range(3)), update=True)),
        "later": counted(dataset.append(items("d", range(50, 60)), asynchronous=True)),
        "size": dataset.size,
        "first item": shown(dataset.refloc("folder/0 ü")["item"]),
        "by place": shown(dataset.iloc(41)["item"]),
        "items": [shown(item) for item in dataset.items][:3],
        "paged": len(list(dataset.items_generator(page_size=7))),
        "queried": sorted(item.reference_id for item in dataset.query_items('metadata.kind = "c"')),
        "merged": finished(dataset.update_item_metadata({"folder/1 ü": {"kind": "e", "more": 1}}))
        is not None,
        "after": shown(dataset.refloc("folder/1 ü")["item"]),
        "deleted": dataset.delete_item("folder/2 ü") is not None,
        "left": dataset.size,
        "moved up": dataset.iloc(2)["item"].reference_id,
    }


@section
def items_by_file(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("by file")
    paths = sorted((lab.folder / "pictures").iterdir())
    items = [
        nucleus.DatasetItem(image_location=str(path), reference_id=path.name, metadata={"n": index})
        for index, path in enumerate(paths)
    ]
    first = counted(dataset.append(items))
    again = dataset.append(items[:2], update=True)
    changed = finished(again) is not None
    folder = str(lab.folder / "pictures")
    from_dir = lab.client.create_dataset_from_dir(folder, dataset_name="from folder")
    read = {item.reference_id: item for item in dataset.items}
    return {
        "first": first,
        "changed": changed,
        "names": sorted(read),
        "locations": [read[path.name].image_location == str(path) for path in paths],
        # Published clients tell pictures by endings in small letters alone.
        "from folder": sorted(
            item.reference_id for item in from_dir.items if "JPEG" not in item.reference_id
        ),
    }


# -- ground truth --------------------------------------------------------------------------------


def truths(lab: Lab) -> list[Any]:
    nucleus = lab.nucleus
    corners = [nucleus.Point(1, 2), nucleus.Point(3.5, 4), nucleus.Point(5, 1)]
    return [
        nucleus.BoxAnnotation(
            label="car",
            x=1,
            y=2.5,
            width=3,
            height=4,
            reference_id="0",
            annotation_id="box/1 ü",
            metadata={"k": [1]},
            track_reference_id="t",
        ),
        nucleus.BoxAnnotation(label="bus", x=0, y=0, width=1, height=1, reference_id="0"),
        nucleus.LineAnnotation("lane", vertices=corners, reference_id="0", annotation_id="line"),
        nucleus.PolygonAnnotation(
            "road", vertices=corners, reference_id="0", annotation_id="polygon"
        ),
        nucleus.KeypointsAnnotation(
            label="person",
            keypoints=[nucleus.Keypoint(1, 2, True), nucleus.Keypoint(None, None, False)],
            names=["l", "r"],
            skeleton=[[0, 1]],
            reference_id="0",
        ),
        nucleus.CategoryAnnotation(label="day", reference_id="0", metadata={"m": 1}),
        nucleus.CategoryAnnotation(
            label="fog", taxonomy_name="weather", reference_id="1", metadata={}
        ),
        nucleus.MultiCategoryAnnotation(
            labels=["wet", "cold"], taxonomy_name="feel", reference_id="1", metadata={}
        ),
        nucleus.SegmentationAnnotation(
            mask_url="s3://bucket/a.png",
            annotations=[nucleus.Segment("sky", 1), nucleus.Segment("road", 2)],
            reference_id="1",
            annotation_id="far",
        ),
    ]


@section
def ground_truth(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.dataset("ground truth")
    values = truths(lab)
    seen = {
        "taxonomy": dataset.add_taxonomy("weather", "category", ["fog", "sun"])["status"],
        "more labels": dataset.add_taxonomy("weather", "category", ["rain"], update=True)["status"],
        "as it is": dataset.add_taxonomy("weather", "category", ["rain"])["status"],
        "feel": dataset.add_taxonomy("feel", "multicategory", ["wet", "cold"])["status"],
    }
    local = [
        nucleus.SegmentationAnnotation(
            mask_url=str(path),
            annotations=[nucleus.Segment("cell", 1, metadata={"x": 1})],
            reference_id=name,
            annotation_id="near",
        )
        for name, path in zip("02", sorted((lab.folder / "masks").iterdir()), strict=True)
    ]
    answer = dataset.annotate(values + local)
    again = dataset.annotate(values)
    changed = nucleus.BoxAnnotation(
        label="van", x=1, y=2.5, width=3, height=4, reference_id="0", annotation_id="box/1 ü"
    )
    unknown = nucleus.BoxAnnotation(
        label="van", x=1, y=2.5, width=3, height=4, reference_id="nowhere", annotation_id="b"
    )
    partly = dataset.annotate([changed, unknown], update=True)
    later = finished(dataset.annotate(lab.boxes("annotation"), asynchronous=True))
    exported = dataset.items_and_annotations()
    generated = list(dataset.items_and_annotation_generator())
    seen |= {
        "stored": [answer["annotations_processed"], answer["annotations_ignored"]],
        "again": [again["annotations_processed"], again["annotations_ignored"]],
        "partly": [
            partly["annotations_processed"],
            ["nowhere" in text for text in partly["errors"]],
        ],
        "later": {
            key: value for key, value in later["annotation_upload"].items() if key != "datasetId"
        },
        "one": shown(dataset.ground_truth_loc("0", "box/1 ü")),
        "item": groups(dataset.refloc("0")["annotations"]),
        "exported": rows(exported),
        "the same": rows(generated) == rows(exported),
        "objects": sorted(
            f"{type(value).__name__} {value.reference_id}"
            for value in dataset.query_objects("annotations.count > 0", "ground_truth_only")
        ),
        "taxonomy gone": dataset.delete_taxonomy("feel")["status"],
    }
    finished(dataset.delete_annotations(["0"], keep_history=False))
    seen["left"] = groups(dataset.refloc("0")["annotations"])
    return seen


# -- predictions ---------------------------------------------------------------------------------


@section
def predictions(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.dataset("predictions")
    dataset.annotate(lab.boxes("annotation"))
    model = lab.client.create_model(
        "Detector", f"detector {dataset.id}", metadata={"epochs": 3}, tags=["first"]
    )
    model.add_tags(["second"])
    model.remove_tags(["first"])
    part = dataset.create_slice("trained", ["0"])
    model.add_trained_slice_ids([part.id])
    found = lab.boxes("prediction")
    masks = [
        nucleus.SegmentationPrediction(
            mask_url=str(path),
            annotations=[nucleus.Segment("cell", 1)],
            reference_id=name,
            annotation_id="near",
        )
        for name, path in zip("02", sorted((lab.folder / "masks").iterdir()), strict=True)
    ]
    stored = dataset.upload_predictions(model, found + masks)
    again = dataset.upload_predictions(model, found)
    later = finished(
        dataset.upload_predictions(
            model,
            [
                nucleus.CategoryPrediction(label="day", reference_id="1", confidence=0.25),
                nucleus.LinePrediction(
                    "lane",
                    vertices=[nucleus.Point(1, 1), nucleus.Point(2, 2)],
                    reference_id="1",
                    annotation_id="line",
                    confidence=0,
                ),
            ],
            asynchronous=True,
        )
    )
    read = lab.client.get_model(model.id)
    seen = {
        "model": [read.name, read.metadata, read.tags, read.trained_slice_ids == [part.id]],
        "by run": lab.client.get_model(model_run_id=dataset.model_runs[0]) == model,
        "listed": model.id in [known.id for known in lab.client.models],
        "stored": [stored["predictions_processed"], stored["predictions_ignored"]],
        "again": [again["predictions_processed"], again["predictions_ignored"]],
        "run": stored["model_run_id"] == dataset.model_runs[0],
        "later": later["prediction_upload"]["processed"],
        "by place": groups(dataset.predictions_iloc(model, 1)),
        "by name": groups(dataset.predictions_refloc(model, "0")),
        "one": shown(dataset.prediction_loc(model, "1", "box/1")),
        "exported": groups(dataset.export_predictions(model)),
    }
    finished(_evaluated(dataset, model))
    matches = list(dataset.query_objects("", "iou", dataset.model_runs[0]))
    seen["matches"] = sorted(match.iou for match in matches)
    seen["deleted"] = lab.client.delete_model(model.id)["msg"]
    return seen


def _evaluated(dataset: Any, model: Any) -> Any:
    answer = dataset.calculate_evaluation_metrics(model)
    if isinstance(answer, dict):  # published clients answer what the route answered
        from nucleus.async_job import AsyncJob

        return AsyncJob.from_json(answer, dataset._client)
    return answer


# -- slices --------------------------------------------------------------------------------------


@section
def slices(lab: Lab) -> Any:
    dataset = lab.dataset("slices", 5)
    dataset.annotate(lab.boxes("annotation"))
    model = lab.client.create_model("Sliced", f"sliced {dataset.id}")
    dataset.upload_predictions(model, lab.boxes("prediction"))
    some = dataset.create_slice("some", ["0", "3"])
    empty = dataset.create_slice("empty", [])
    by_ids = dataset.create_slice_by_ids("by ids", dataset_item_ids=_item_ids(lab, dataset)[:2])
    added = some.append(reference_ids=["1", "3"])
    some.add_tags(["good", "new"])
    info = some.info()
    read = lab.client.get_slice(some.id)
    seen = {
        "info": [info["name"], info["type"], sorted(info["tags"]), info["pending_job_count"]],
        "lazy": [read.name, read.type, read.dataset_id == dataset.id, sorted(read.tags)],
        "added": added["new_items"],
        "items": [item.reference_id for item in some.items],
        "generated": [item.reference_id for item in some.items_generator(page_size=2)],
        "by ids": len(by_ids.items),
        "empty": empty.items,
        "exported": rows(some.items_and_annotations()),
        "the same": rows(some.items_and_annotation_generator())
        == rows(some.items_and_annotations()),
        "predicted": rows(some.export_predictions(model)),
        "of dataset": sorted(known.name for known in dataset.slices),
        "named": [known.id == some.id for known in dataset.get_slices(name="some")],
        "nothing": refusal(lambda: dataset.get_slices(name="nothing"))[0],
        "everywhere": some.id in [known.id for known in lab.client.slices],
        "appended": lab.client.append_to_slice(empty.id, ["4"], dataset.id)["new_items"],
    }
    lab.client.delete_slice(empty.id)
    return {**seen, "left": sorted(known.name for known in dataset.slices)}


def _item_ids(lab: Lab, dataset: Any) -> list[str]:
    answer = lab.client.make_request(
        {"pageToken": None, "pageSize": 100}, f"dataset/{dataset.id}/itemsPage"
    )
    return [row["id"] for row in answer["items"]]


# -- jobs and refusals ---------------------------------------------------------------------------


@section
def jobs(lab: Lab) -> Any:
    dataset = lab.dataset("jobs")
    job = dataset.annotate(
        [
            *lab.boxes("annotation"),
            lab.nucleus.BoxAnnotation(
                label="car", x=0, y=0, width=1, height=1, reference_id="nowhere", annotation_id="n"
            ),
        ],
        asynchronous=True,
    )
    finished(job)
    status = job.status()
    listed = dataset.jobs(job_types=["uploadAnnotations"], show_completed=True)
    found = lab.client.get_job(job.job_id)
    return {
        "status": [
            status["status"],
            status["job_progress"],
            status["completed_steps"] == status["total_steps"],
        ],
        "type": job.job_type,
        "errors": ["nowhere" in text for text in job.errors()],
        "listed": [known.job_id == job.job_id for known in listed],
        "hidden": [known.job_id for known in dataset.jobs(job_types=["uploadAnnotations"])],
        "all": job.job_id in [known.job_id for known in lab.client.list_jobs(show_completed=True)],
        "found": [found.job_type, found.job_last_known_status],
    }


@section
def refusals(lab: Lab) -> Any:
    client = lab.client
    dataset = lab.dataset("refusals", 1)
    item = lab.nucleus.DatasetItem(image_location="https://example.org/x.jpg", reference_id="x")
    wrong = lab.nucleus.NucleusClient(api_key="wrong", endpoint=_endpoint())
    return {
        "dataset": refusal(lambda: client.get_dataset("ds_0000000ffffff").size)[1],
        "item": refusal(lambda: dataset.refloc("nothing/here"))[1],
        "place": refusal(lambda: dataset.iloc(99))[1],
        "model": refusal(lambda: client.get_model("prj_0000000ffffff"))[1],
        "slice": refusal(lambda: client.get_slice("slc_0000000ffffff").info())[1],
        "job": refusal(lambda: client.get_job("job_0000000ffffff"))[1],
        "query": refusal(lambda: list(dataset.query_items("metadata.a =")))[1],
        "twice": refusal(lambda: dataset.append([item, item]))[1] in (None, 400),
        "tag": refusal(lambda: client.make_request({"tags": 3}, f"dataset/{dataset.id}/annotate"))[
            1
        ]
        in (None, 400),
        "key": refusal(lambda: wrong.datasets)[1],
        "left": dataset.size,
    }


def _endpoint() -> str:
    import os

    return os.environ["NUCLEUS_ENDPOINT"]


# -- what came after 0.17 ------------------------------------------------------------------------


@section
def tags(lab: Lab) -> Any:
    dataset = lab.dataset("tags", 0)
    if not hasattr(dataset, "add_tags"):
        return None
    return {
        "added": shown(dataset.add_tags(["b", "a"])),
        "again": shown(dataset.add_tags(["a"])),
        "known": sorted(dataset.get_tags()),
        "removed": shown(dataset.remove_tags(["b", "nothing"])),
        "left": dataset.get_tags(),
        "info": lab.client.get_dataset(dataset.id).info().tags,
    }


@section
def class_labels(lab: Lab) -> Any:
    dataset = lab.dataset("class labels")
    if not hasattr(dataset, "export_class_labels"):
        return None
    dataset.annotate(lab.boxes("annotation"))
    part = dataset.create_slice("even", ["0", "2"])
    return [list(dataset.export_class_labels()), list(part.export_class_labels())]


@section
def duplicates(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("duplicates")
    if not hasattr(dataset, "deduplicate"):
        return None
    paths = sorted((lab.folder / "pictures").iterdir())
    finished(
        dataset.append([
            nucleus.DatasetItem(image_location=str(path), reference_id=f"{copy} {path.name}")
            for copy in range(2)
            for path in paths
        ])
    )
    results = {}
    for threshold in (0, 10, 64):
        result = dataset.deduplicate(threshold).result()
        results[threshold] = [result.unique_reference_ids, vars_of(result.stats)]
    chosen = dataset.deduplicate(0, reference_ids=[f"{copy} {paths[0].name}" for copy in range(2)])
    by_ids = dataset.deduplicate_by_ids(0, _item_ids(lab, dataset)[:2])
    items = list(dataset.items_generator())
    seen = {
        "results": results,
        "chosen": chosen.result().unique_reference_ids,
        "by ids": by_ids.result().unique_reference_ids,
        "bits": sorted({len(item.phash) for item in items}),
        "out of range": refusal(lambda: dataset.deduplicate(65))[1],
        "unknown": refusal(lambda: dataset.deduplicate(1, reference_ids=["nothing"]))[1],
        "empty": vars_of(lab.dataset("no items", 0).deduplicate(3).result().stats),
    }
    try:
        here = lab.module("local_deduplication").deduplicate_by_phash(items, 10)
    except ImportError:
        return seen
    return {**seen, "here": here.unique_reference_ids == results[10][0]}


def vars_of(value: Any) -> list[Any]:
    return [value.threshold, value.original_count, value.deduplicated_count]


@section
def limited_key(lab: Lab) -> Any:
    import inspect
    import os

    kind = lab.nucleus.NucleusClient
    if "limited_access_key" not in inspect.signature(kind.__init__).parameters and (
        "kwargs" not in inspect.signature(kind.__init__).parameters
    ):
        return None
    key = os.environ.pop("NUCLEUS_API_KEY")
    try:
        with_it = kind(limited_access_key=key)
        without = kind(limited_access_key="wrong")
    finally:
        os.environ["NUCLEUS_API_KEY"] = key
    return [
        isinstance(with_it.list_datasets() if lab.name == "nucleus" else with_it.datasets, list),
        refusal(lambda: without.datasets)[1],
    ]


# -- scenario tests ------------------------------------------------------------------------------


@section
def scenario_tests(lab: Lab) -> Any:
    dataset = lab.dataset("scenario tests", 4)
    dataset.annotate(lab.boxes("annotation"))
    model = lab.client.create_model("Tested", f"tested {dataset.id}")
    better = lab.client.create_model("Better", f"better {dataset.id}")
    boxes = lab.boxes("prediction")
    boxes[0].width, boxes[2].label = 15, "tram"
    dataset.upload_predictions(model, boxes[:1] + boxes[2:])
    dataset.upload_predictions(better, lab.boxes("prediction"))
    part = dataset.create_slice("tested", ["0", "1", "2", "3"])
    validate = lab.client.validate
    functions = validate.eval_functions
    buses = [lab.module("metrics").FieldFilter("label", "==", "bus")]
    test = validate.create_scenario_test(
        f"boxes {dataset.id}",
        part.id,
        [
            functions.bbox_iou(enforce_label_match=True),
            functions.bbox_recall(annotation_filters=buses, iou_threshold=0.4),
            functions.bbox_map(),
        ],
    )
    added = test.add_eval_function(functions.cat_f1)
    metrics = test.get_eval_functions()
    metrics[0].set_threshold(0.25)
    metrics[1].set_threshold(0.75)
    finished(model.evaluate([test.name]))
    alone = [_evaluation(entry) for entry in test.get_eval_history()]
    baseline = test.set_baseline_model(better.id) == better.id
    finished(validate.evaluate_model_on_scenario_tests(model.id, [test.name]))
    items = {public: str(place) for place, public in enumerate(_item_ids(lab, dataset))}
    newest = test.get_eval_history()[-4]
    of_items = [
        [items[entry.dataset_item_id], entry.result, entry.passed] for entry in newest.item_evals
    ]
    found = validate.get_scenario_test(test.id)
    made = validate.create_external_eval_function(f"mine_{dataset.id}")
    external = validate.eval_functions.external_functions[made.name]
    other = validate.create_scenario_test(f"external {dataset.id}", part.id, [external])
    result = lab.module("validate.data_transfer_objects.scenario_test_evaluations").EvaluationResult
    other.upload_external_evaluation_results(
        external,
        [result(item_ref_id="0", score=1.0), result(item_ref_id="1", score=0.5)],
        model.id,
    )
    jobs = validate.metrics(model.id)
    for job in jobs:
        finished(job)
    return {
        "functions": sorted(functions.public_functions),
        "same": functions.from_id("ef_bbox_iou").name,
        "found": [found.id == test.id, found.name == test.name, found.slice_id == part.id],
        "added": [added.threshold, _text(added.threshold_comparison)],
        "metrics": [
            [entry.eval_function_id, entry.threshold, _text(entry.threshold_comparison)]
            for entry in test.get_eval_functions()
        ],
        "arguments": shown([
            {key: value for key, value in entry.eval_func_arguments.items() if value}
            for entry in test.get_eval_functions()
        ]),
        "alone": alone,
        "baseline": baseline,
        "history": [_evaluation(entry) for entry in test.get_eval_history()],
        "of items": of_items,
        "items": [item.reference_id for item in test.get_items()],
        "scenes": test.get_items(level=lab.module("validate").EntityLevel.SCENE),
        "listed": {test.id, other.id} <= {known.id for known in validate.scenario_tests},
        "external": [
            [entry.result, entry.passed, [one.result for one in entry.item_evals]]
            for entry in other.get_eval_history()
        ],
        "metrics of": len(jobs),
        "refused": [
            refusal(lambda: test.set_baseline_model("prj_none"))[1],
            refusal(lambda: model.evaluate(["none"]))[1],
            refusal(lambda: test.add_eval_function(external))[1],
            refusal(
                lambda: validate.create_scenario_test(test.name, part.id, [functions.bbox_iou()])
            )[1],
            refusal(lambda: validate.create_external_eval_function(made.name))[1],
        ],
        "deleted": [validate.delete_scenario_test(other.id), refusal(other.get_eval_history)[1]],
    }


def _evaluation(entry: Any) -> Any:
    result = None if entry.result is None else round(entry.result, 9)
    return [entry.eval_function_id, entry.status.value, result, entry.passed]


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))


# -- model runs: only published clients have them ------------------------------------------------


@section
def model_runs(lab: Lab) -> Any:
    dataset = lab.dataset("model runs")
    model = lab.client.create_model("Runner", f"runner {dataset.id}")
    if not hasattr(model, "create_run"):
        return None
    dataset.annotate(lab.boxes("annotation"))
    boxes = lab.boxes("prediction")
    run = model.create_run("one", dataset=dataset, predictions=boxes[:2], metadata={"epoch": 3})
    later = finished(run.predict(boxes, asynchronous=True))
    info = run.info()
    seen = {
        "info": [info["name"], info["metadata"], info["status"], info["model_id"] == model.id],
        "later": later["prediction_upload"]["processed"],
        "again": run.predict(boxes)["predictions_ignored"],
        "listed": dataset.model_runs == [run.model_run_id],
        "by place": groups(run.iloc(0)),
        "by name": groups(run.refloc("1")),
        "by id": groups(run.loc(_item_ids(lab, dataset)[2])),
        "one": shown(run.prediction_loc("0", "box/0")),
        "all": groups(run.ungrouped_export()),
        "taken": refusal(lambda: model.create_run("one", dataset=dataset)) != "nothing was refused",
        "model": lab.client.get_model(model_run_id=run.model_run_id) == model,
    }
    committed = run.commit()
    job = lab.client.get_job(committed["job_id"])
    finished(job)
    matches = list(dataset.query_objects("", "iou", run.model_run_id))
    seen["matches"] = [match.iou for match in matches]
    lab.client.delete_model_run(run.model_run_id)
    return {**seen, "left": dataset.model_runs}


@section
def predictions_without_runs(lab: Lab) -> Any:
    first, second = lab.dataset("here", 2), lab.dataset("there", 3, "there/")
    model = lab.client.create_model("Free", f"free {first.id}")
    if not hasattr(model, "copy_predictions_from_run"):
        return None
    nucleus = lab.nucleus
    ids = _item_ids(lab, second)

    def box(name: str, **target: Any) -> Any:
        return nucleus.BoxPrediction(
            label="car", x=1, y=2, width=3, height=4, confidence=0.5, annotation_id=name, **target
        )

    given = [box(f"b{place}", dataset_item_id=public) for place, public in enumerate(ids)]
    stored = model.upload_predictions([*given, box("c", reference_id="there/2")])
    unclear = model.upload_predictions([box("d", reference_id="0")])
    run = model.create_run("anywhere", predictions=given, metadata={"epoch": 1})
    other = model.create_run("other")
    added = other.add_predictions([
        box("b0", dataset_item_id=ids[0]),
        box("e", reference_id="there/2"),
    ])
    merged = lab.client.merge_model_runs([run.model_run_id, other.model_run_id], name="merged")
    job = finished(merged["job"])
    on_dataset = second.upload_predictions_for_model_run(
        other.model_run_id, [box("f", reference_id="there/1")]
    )
    copied = model.copy_predictions_from_run(other.model_run_id)
    read = lab.client.make_request({}, f"modelRun/{merged['model_run_id']}/ungrouped", _get())
    return {
        "stored": [stored["predictions_processed"], stored["model_id"] == model.id],
        "unclear": ["several datasets" in text for text in unclear["errors"]],
        "by id": groups(model.predictions_loc(ids[2])),
        "by name": groups(model.predictions_refloc("there/2")),
        "by place": groups(model.predictions_iloc(1)),
        "added": added["predictions_processed"],
        "runs": len(model.model_runs()),
        "merged": [merged["dataset_ids"] == [second.id], job["predictions_copied"]],
        "renamed": len({row["annotation_id"] for row in read["box"]}),
        "on dataset": on_dataset["predictions_processed"],
        "copied": copied["predictions_copied"],
        "info": run.info()["metadata"],
    }


def _get() -> Any:
    import requests

    return requests.get


# -- Evaluation V2 --------------------------------------------------------------------------------


@section
def evaluations(lab: Lab) -> Any:
    """Evaluate on a benchmark, look at it in every way, rank, and clean up."""
    client, nucleus = lab.client, lab.nucleus
    if not hasattr(client, "create_benchmark"):
        return None
    v2, rules = lab.module("evaluation_v2"), lab.module("evaluation_v2_exclusions")
    values = lab.module("data_transfer_object.evaluation_v2")
    dataset = lab.dataset("evaluations", 4, "ev/")

    def boxes(kind: Any, names: list[str], **more: Any) -> list[Any]:
        return [
            kind(
                label=label, x=4 * at, y=0, width=20, height=20, reference_id=f"ev/{at}",
                annotation_id=f"b{at}", **more,
            )
            for at, label in enumerate(names)
        ]  # fmt: skip

    dataset.annotate(boxes(nucleus.BoxAnnotation, ["car", "bus", "dog"]))
    model = client.create_model("Evaluated", f"evaluated {dataset.id}")
    model.upload_predictions(
        boxes(nucleus.BoxPrediction, ["car", "car", "dog", "cow"], confidence=0.5)
    )
    draft = client.create_benchmark("streets", draft=True, description="all")
    draft.add_items(dataset_id=dataset.id, verbose=False)
    draft.remove_items(_item_ids(lab, dataset)[3:])
    benchmark = draft.finalize()
    version = client.create_benchmark(
        "streets",
        parent_benchmark_id=benchmark.id,
        rollup_groups=[v2.RollupGroup("vehicle", ["car", "bus"])],
        removed_item_ids=_item_ids(lab, dataset)[2:3],
        verbose=False,
    )
    rule = rules.LabelExclusionRule("annotation", "groundTruth", ["dog"])
    preset = client.create_evaluation_v2_preset("mine", exclusion_rules=[rule])
    changed = preset.update(name="ours", rollup_groups=[v2.RollupGroup("vehicle", ["car", "bus"])])
    plain = benchmark.create_evaluation_v2(model_id=model, name="plain")
    rolled = client.create_benchmark_evaluation_v2(benchmark.id, model_id=model.id, preset=changed)
    of_version = version.create_evaluation_v2(model_id=model)
    for made in (plain, rolled, of_version):
        made.wait_for_completion(poll_interval=0.1)
    filters = values.EvaluationV2FilterArgs(
        confidence_range=values.RangeNum(min=0.4),
        gt_labels=["car", "bus"],
        item_metadata=[values.MetadataPredicate(key="place", op="LT", value=5)],
    )
    schema = plain.filter_schema()
    example = plain.examples("FP", sort_by="iou", sort_order="DESC").rows[0]
    seen = {
        "status": [plain.status, rolled.status, of_version.status, plain.name],
        "benchmark": [benchmark.status, benchmark.item_count, version.version_minor,
                      version.item_count, benchmark.items(limit=1).total],
        "excluded": rolled.exclusion_stats["excluded_annotations"],
        "groups": [group.class_name for group in rolled.rollup_groups],
        "counts": [_counts(made.charts()) for made in (plain, rolled, of_version)],
        "filtered": _counts(plain.charts(0.3, filters)),
        "queried": _counts(plain.charts(query="metadata.place = 1")),
        "precision": plain.charts().mapSummary.mapAt50,
        "causes": plain.charts().tideAttribution.classification,
        "cells": sorted(
            [cell.gtLabel, cell.predLabel, cell.count] for cell in plain.charts().confusionMatrix
        ),
        "example": [example.match_type, example.gt_raw_label, example.pred_raw_label, example.iou],
        "all": plain.examples(limit=100).total,
        "schema": schema.gt_labels,
        "fields": [[field.key, field.value_type] for field in schema.metadata_fields],
        "labels": shown(dataset.evaluation_label_schema()),
        "listed": [made.id for made in client.list_evaluations_v2(model_id=model)]
        == [of_version.id, rolled.id, plain.id],
        "ranking": [
            [row.rank, row.evaluation_name, row.score]
            for row in client.leaderboard_ranking(
                "F1", [benchmark.id], confidence_threshold=0.25, collapse="allEvaluations"
            )
        ],
        "curve": [
            [entry.rank, entry.best_f1, len(entry.points)]
            for entry in client.leaderboard_f1_curve([benchmark.id])
        ],
        "cancel": refusal(plain.cancel)[1],
        "retry": refusal(plain.retry)[1],
        "frozen": refusal(lambda: benchmark.remove_items([]))[1],
        "presets": [row.name for row in client.list_evaluation_v2_presets()],
    }  # fmt: skip
    preset.delete()
    plain.delete()
    version.delete()
    return {
        **seen,
        "gone": refusal(lambda: client.get_evaluation_v2(plain.id))[1],
        "left": [row.id == benchmark.id for row in client.list_benchmarks()],
    }


def _counts(charts: Any) -> list[int]:
    totals = charts.totalCounts
    return [totals.tp, totals.fp, totals.fn, totals.predsWithConfidence]


@section
def weights(lab: Lab) -> Any:
    """Weights in one piece and in parts, there and back."""
    model = lab.client.create_model("Heavy", "heavy")
    if not hasattr(model, "upload_weights"):
        return None
    seen: dict[str, Any] = {"before": model.weights().present}
    for title, size in (("small", 1000), ("large", 17 * 1024 * 1024)):
        source, copy = lab.folder / f"{title}.bin", lab.folder / f"{title}.copy"
        source.write_bytes(bytes(range(250)) * (size // 250))
        stored = model.upload_weights(str(source), progress=False)
        written = model.download_weights(str(copy), progress=False)
        seen[title] = [
            stored.present, stored.size_bytes, stored.original_filename, stored.content_type,
            Path(written).read_bytes() == source.read_bytes(),
        ]  # fmt: skip
        source.unlink()
        copy.unlink()
    seen["deleted"] = [model.delete_weights(), model.delete_weights()]
    return seen


def everything(lab: Lab) -> Any:
    """What there is in the workspace, to be asked by two clients of one server."""
    client = lab.client
    found = {}
    models = client.models
    for dataset in client.datasets:
        if dataset.is_scene:  # the sections on scenes look at all of theirs
            continue
        found[dataset.id] = {
            "info": [dataset.name, dataset.size, dataset.is_scene, dataset.use_privacy_mode],
            "items": [_without_size(shown(item)) for item in dataset.items],
            "exported": [
                {**row, "item": _without_size(row["item"])}
                for row in rows(dataset.items_and_annotations())
            ],
            "slices": {
                part.name: sorted(str(_without_size(shown(item))) for item in part.items)
                for part in dataset.slices
            },
            "runs": dataset.model_runs,
            "predictions": {model.reference_id: _predicted(dataset, model) for model in models},
            "jobs": sorted(
                f"{job.job_id} {job.job_type}" for job in dataset.jobs(show_completed=True)
            ),
        }
    named = [[model.id, model.name, model.metadata or {}, model.tags] for model in models]
    return {"datasets": found, "models": named}


def _without_size(item: Any) -> Any:
    """Published clients do not read the size of an item."""
    return {key: value for key, value in item.items() if key not in {"width", "height"}}


def _predicted(dataset: Any, model: Any) -> Any:
    try:
        return groups(dataset.export_predictions(model))
    except Exception as fault:  # noqa: BLE001 - a model without predictions is refused
        return getattr(fault, "status_code", None)


def main(name: str, folder: str, *wanted: str) -> None:
    warnings.simplefilter("ignore")
    lab = Lab(name, folder)
    if name == "nucleus":  # its five seconds between two looks at a job are not what is tested
        lab.module("async_job").JOB_POLLING_INTERVAL = 0.05
    results: dict[str, Any] = {}
    stdout, sys.stdout = sys.stdout, sys.stderr  # clients print while they work
    for title in wanted or SECTIONS:
        try:
            results[title] = {**SECTIONS, "everything": everything}[title](lab)
        except Exception:  # noqa: BLE001 - the other sections are worth knowing too
            results[title] = {"failed": traceback.format_exc()}
    sys.stdout = stdout
    sys.stdout.write(json.dumps(results))


# More sections. They find this module as ``drive``, whether it runs as a program or is imported.
sys.modules["drive"] = sys.modules[__name__]
sys.path.insert(0, str(Path(__file__).parent))
for _more in ("drive_scenes", "drive_workflows", "drive_learning"):
    importlib.import_module(_more)

if __name__ == "__main__":
    main(*sys.argv[1:])
