"""Sections of the driver: embeddings, autotags, samples, videos at URLs."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from drive import finished, refusal, section
from drive_models import _get
from drive_objects import _item_ids
from drive_scenes import _hosted

DARK, LIGHT = ("a", "b", "c"), ("x", "y", "z")


def _pictured(lab: Any, name: str) -> Any:
    """A dataset with three dark pictures and three light ones."""
    dataset = lab.client.create_dataset(name)
    paths = [lab.folder / "tones" / f"{place}.png" for place in (*DARK, *LIGHT)]
    finished(
        dataset.append([
            lab.nucleus.DatasetItem(image_location=str(path), reference_id=path.stem)
            for path in paths
        ])
    )
    return dataset


def _boxes(lab: Any) -> list[Any]:
    return [
        lab.nucleus.BoxAnnotation(
            label="part", x=4, y=4, width=20, height=16, reference_id=name, annotation_id=name
        )
        for name in (*DARK, *LIGHT)
    ]


def _autotag(lab: Any, dataset: Any, name: str, **examples: Any) -> str:
    """Published clients find autotags that were made elsewhere: here, on the server."""
    answer = lab.client.make_request(
        {"name": name, **examples}, f"lab/dataset/{dataset.id}/autotag"
    )
    finished(lab.client.get_job(answer["job_id"]))
    tag: str = answer["autotag"]["id"]
    return tag


def _download(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.loads(answer.read())


def _said(status: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if name != "additional_context"}


def _indexes(dataset: Any) -> list[Any]:
    # Ours answers mappings, published clients values.
    names = ("status", "index_type", "index_level", "embedding_type", "embedding_dimension")
    return sorted(
        [
            str(getattr(found[name], "value", found[name])).rpartition(".")[2]
            if name != "embedding_dimension"
            else found[name]
            for name in names
        ]
        for found in (
            index if isinstance(index, dict) else vars(index) for index in dataset.embedding_indexes
        )
    )


@section
def indexes(lab: Any) -> Any:
    dataset = _pictured(lab, "indexes")
    place = _hosted(lab)
    vectors = {name: [1.0, at / 8, 0.0] for at, name in enumerate((*DARK, *LIGHT))}
    (lab.folder / "hosted" / "vectors.json").write_text(json.dumps(vectors))
    (lab.folder / "hosted" / "odd.json").write_text(json.dumps({"a": [1, 2], "b": [1, 2, 3]}))
    before = _said(dataset.get_image_indexing_status())
    image = dataset.create_image_index()
    made = finished(image)
    dataset.annotate(_boxes(lab))
    objects = dataset.create_object_index(gt_only=True)
    finished(objects)
    model = lab.client.create_model("indexed", f"indexed {dataset.id}")
    guesses = [
        lab.nucleus.BoxPrediction(
            label="part", x=1, y=1, width=9, height=9, reference_id="a", annotation_id="g"
        )
    ]
    run = dataset.upload_predictions(model, guesses)["model_run_id"]
    finished(dataset.create_object_index(model_run_id=run))
    custom = dataset.create_custom_index([f"{place}/vectors.json"], embedding_dim=3)
    taken = finished(custom)
    odd = dataset.create_custom_index([f"{place}/odd.json"], embedding_dim=3)
    finished(odd)
    seen = {
        "before": before,
        "jobs": [image.job_type, objects.job_type, custom.job_type],
        "made": made,
        "taken": taken,
        "odd": ["'a'" in text for text in odd.errors()],
        "images": _said(dataset.get_image_indexing_status()),
        "objects": _said(dataset.get_object_indexing_status()),
        "guesses": _said(dataset.get_object_indexing_status(model_run_id=run)),
        "indexes": _indexes(dataset),
        "primary": dataset.set_primary_index(image=True, custom=True),
    }
    rows = dataset.export_embeddings(asynchronous=False)
    seen["exported"] = sorted([row["reference_id"], row["embedding_vector"]] for row in rows)
    job = dataset.export_embeddings()
    files = [_download(url) for url in job.result_urls()]
    seen["in files"] = [row for part in files for row in part] == rows
    part = dataset.create_slice("part", ["a", "z"])
    seen["of slice"] = sorted(
        row["reference_id"] for row in part.export_embeddings(asynchronous=False)
    )
    sliced = part.export_embeddings()
    seen["of slice in files"] = sorted(
        row["reference_id"] for url in sliced.result_urls() for row in _download(url)
    )
    seen["deleted"] = dataset.delete_custom_index(image=True)["embeddings_deleted"]
    seen["left"] = _indexes(dataset)
    seen["refused"] = [
        refusal(lambda: dataset.set_primary_index(image=True, custom=True))[1],
        refusal(lambda: dataset.create_custom_index(["/tmp/vectors.json"], 3))[1] in (400, None),
        refusal(lambda: dataset.create_custom_index([f"{place}/vectors.json"], 0))[1],
        refusal(lambda: dataset.delete_custom_index(image=True))[1],
        refusal(lambda: dataset.create_object_index(model_run_id="run_0000000ffffff"))[1],
    ]
    return seen


@section
def continuous_indexing(lab: Any) -> Any:
    dataset = _pictured(lab, "continuous")
    on = dataset.set_continuous_indexing(True)
    finished(on["backfill_job"])
    first = dataset.get_image_indexing_status()["embedding_count"]
    more = lab.nucleus.DatasetItem(
        image_location=str(lab.folder / "tones" / "a.png"), reference_id="more"
    )
    finished(dataset.append([more]))
    for _ in range(600):  # it is indexed by itself, a moment later
        if dataset.get_image_indexing_status()["embedding_count"] > first:
            break
        time.sleep(0.05)
    off = dataset.set_continuous_indexing(False)
    return {
        "on": [sorted(on), on["dataset_id"] == dataset.id, on["message"]],
        "first": first,
        "then": _said(dataset.get_image_indexing_status()),
        "off": [sorted(off), off["message"]],
    }


@section
def autotags(lab: Any) -> Any:
    client = lab.client
    dataset = _pictured(lab, "autotags")
    finished(dataset.create_image_index())
    dataset.annotate(_boxes(lab))
    finished(dataset.create_object_index(gt_only=True))
    tag = _autotag(lab, dataset, "dark or not", positives=["a", "b"], negatives=["x", "y"])
    ids = [value["id"] for value in _truths(lab, dataset)]
    of_objects = _autotag(lab, dataset, "parts/ü", positives=ids[:2], level="Object")
    found = dataset.autotag_items("dark or not")
    everything = dataset.autotag_items("dark or not", for_scores_greater_than=-1)
    scores = [row["score"] for row in everything["autotagItems"]]
    training = dataset.autotag_training_items("dark or not")
    again = dataset.update_autotag(tag)
    finished(again)
    metrics = client.get_autotag_refinement_metrics(tag)
    objects = dataset.autotag_items("parts/ü", -1)["autotagItems"]
    seen = {
        "listed": [
            [row["name"], row["status"], row["autotag_level"]] for row in dataset.list_autotags()
        ],
        "by client": client.list_autotags(dataset.id) == dataset.list_autotags()
        if hasattr(client, "list_autotags")
        else True,
        "tagged": sorted(row["ref_id"] for row in found["autotagItems"]),
        "of": [found["autotag"]["id"] == tag, found["autotag"]["status"]],
        "falling": scores == sorted(scores, reverse=True) and len(scores) == 6,
        "bounds": -1 <= min(scores) < 0 < max(scores) <= 1,
        "keys": sorted(everything["autotagItems"][0]),
        "chosen": sorted(row["ref_id"] for row in training["autotagPositiveTrainingItems"]),
        "objects": sorted(
            [row["ref_id"], row["ground_truth_annotation_id"] in ids] for row in objects
        ),
        "updated": again.job_type,
        "metrics": [
            metrics["total_refinement_steps"],
            metrics["average_positives_selected_per_refinement"],
            metrics["average_ms_taken_in_refinement"] > 0,
        ],
        "queried": sorted(
            item.reference_id for item in dataset.query_items('autotag.image."dark or not" > 0')
        ),
        "unknown": _words(lambda: dataset.autotag_items("nothing"), dataset),
        "too high": refusal(lambda: dataset.autotag_items("dark or not", 2))[1],
        "deleted": client.delete_autotag(of_objects),
    }
    seen["left"] = [row["name"] for row in dataset.list_autotags()]
    seen["gone"] = refusal(lambda: dataset.update_autotag(of_objects))[1]
    return seen


def _truths(lab: Any, dataset: Any) -> list[Any]:
    body = {
        "pageToken": None, "pageSize": 100, "query": "", "patch_mode": "ground_truth_only",
        "model_run_id": None,
    }  # fmt: skip
    rows: list[Any] = lab.client.make_request(body, f"dataset/{dataset.id}/queryObjectsPage")[
        "items"
    ]
    return rows


def _words(work: Any, dataset: Any) -> bool:
    try:
        work()
    except Exception as fault:  # noqa: BLE001 - its text is what is asked
        return f"The autotag nothing was not found in dataset {dataset.id}" in str(fault)
    return False


@section
def built_slices(lab: Any) -> Any:
    builder = lab.module("slice")
    dataset = _pictured(lab, "built")
    finished(dataset.create_image_index())
    tag = _autotag(lab, dataset, "dark", positives=["a", "b", "c"], negatives=["x", "y", "z"])
    whole = dataset.create_slice("light", list(LIGHT))
    methods = builder.SliceBuilderMethods

    def built(name: str, size: int, method: Any, filters: Any = None) -> list[str]:
        job, part = dataset.build_slice(name, size, method, filters)
        finished(job)
        return sorted(item.reference_id for item in lab.client.get_slice(part).items)

    tagged = builder.SliceBuilderFilterAutotag(tag, [0, 1])
    return {
        "random": len(built("random", 4, methods.RANDOM)),
        "all": built("all", 50, methods.RANDOM),
        "unique": len(built("unique", 2, methods.UNIQUENESS)),
        "of slice": built(
            "of slice", 3, methods.RANDOM, builder.SliceBuilderFilters(slice_id=whole.id)
        ),
        "of tag": built("of tag", 6, methods.RANDOM, builder.SliceBuilderFilters(autotag=tagged)),
        "taken": refusal(lambda: dataset.build_slice("all", 5, methods.RANDOM))[1],
        "no slice": refusal(
            lambda: dataset.build_slice(
                "x", 5, methods.RANDOM, builder.SliceBuilderFilters("slc_0000000ffffff")
            )
        )[1],
        "too few": refusal(lambda: dataset.build_slice("y", 0, methods.RANDOM))[1] in (400, None),
    }


# -- code beside models --------------------------------------------------------------------------


@section
def videos_by_url(lab: Any) -> Any:
    nucleus, client = lab.nucleus, lab.client
    place = _hosted(lab)
    film: Path = lab.folder / "hosted" / "film.mp4"
    film.write_bytes((lab.folder / "film.mp4").read_bytes())
    (lab.folder / "hosted" / "text.mp4").write_text("no video")
    dataset = client.create_dataset("films", is_scene=True)

    def video(name: str, file: str) -> Any:
        return nucleus.VideoScene(name, video_location=f"{place}/{file}", metadata={"n": name})

    job = dataset.append([video("film", "film.mp4")], asynchronous=True)
    progress = dict(finished(job)["scene_upload_progress"])
    progress.pop("dataset_id")
    broken = dataset.append([video("text", "text.mp4")], asynchronous=True)
    try:
        broken.sleep_until_complete(verbose_std_out=False)
    except Exception as fault:  # noqa: BLE001 - that it is refused is what is asked
        refused = type(fault).__name__
    else:
        refused = "nothing was refused"
    scene = dataset.get_scene("film")
    return {
        "new": [job.job_type, progress],
        "scene": [scene.reference_id, scene.metadata, scene.length],
        "frames": [item.reference_id for item in dataset.items],
        "points to it": scene.info()["video_url"].endswith("/film.mp4"),
        "broken": [refused, [f"{place}/text.mp4" in text for text in broken.errors()]],
        "size": dataset.size,
        "listed": [found.reference_id for found in dataset.scenes],
    }


# -- evaluations as clients between the versions that are driven ask for them ----------------------


@section
def evaluations_of_runs(lab: Any) -> Any:
    nucleus, ask = lab.nucleus, lab.client.make_request
    dataset = lab.dataset("evaluations of runs", 3)
    dataset.annotate(lab.boxes("annotation"))
    model = lab.client.create_model("run", f"run {dataset.id}")
    boxes = lab.boxes("prediction")
    boxes[1].label = "bus"
    run = dataset.upload_predictions(model, boxes)["model_run_id"]
    get = _get() if lab.name == "nucleus" else "GET"
    made = ask({"name": "old"}, f"modelRun/{run}/evaluationsV2")["evaluation_id"]
    for _ in range(600):
        state = ask(None, f"evaluationsV2/{made}", get)
        if state["status"] not in {"pending", "computing"}:
            break
        time.sleep(0.05)
    charts = ask(None, f"evaluationsV2/{made}/charts?iouThreshold=0.5", get)
    filters = '{"gtLabels":["bus"]}'
    some = ask(None, f"evaluationsV2/{made}/charts?iouThreshold=0.5&filters={filters}", get)
    examples = ask({"match_type": "FP", "limit": 5}, f"evaluationsV2/{made}/examples")
    return {
        "state": [state["status"], state["name"], state["model_run_id"] == run],
        "dataset": state["dataset_id"] == dataset.id,
        "listed": len(ask(None, f"modelRun/{run}/evaluationsV2", get)),
        "counts": charts["totalCounts"],
        "some": some["totalCounts"],
        "examples": [
            [row["match_type"], row["dataset_item_id"] == _item_ids(lab, dataset)[1]]
            for row in examples["rows"]
        ],
        "kind": nucleus.BoxPrediction.__name__,
    }
