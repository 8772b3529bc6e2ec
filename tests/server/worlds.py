"""A little of everything, made by one caller, and one sound request of each route against it."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

from PIL import Image

from nucleus_lab.engine import Engine
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, Response

World = dict[str, str]
"""Ids and names by what they are of; every name holds the word of its world."""


def send(
    engine: Engine, user: str, method: str, path: str, payload: Any = None, **more: Any
) -> Any:
    """Send a request that has to succeed."""
    answer = dispatch(engine, Request(method, path, payload, user=user, **more))
    assert answer.status == 200, (method, path, answer.payload)
    return answer.payload


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), "orange").save(buffer, "PNG")
    return buffer.getvalue()


def box(name: str, number: int = 0, **more: Any) -> dict[str, Any]:
    """Payload of a box."""
    geometry = {"x": 1 + number, "y": 2, "width": 3, "height": 4}
    known = {"type": "box", "label": "car", "annotation_id": f"b{number}"}
    return {**known, "reference_id": name, "geometry": geometry, **more}


def make(engine: Engine, user: str, word: str) -> World:
    """Make a little of everything as one caller."""

    def post(path: str, payload: Any = None, **more: Any) -> Any:
        return send(engine, user, "POST", path, payload, **more)

    def get(path: str) -> Any:
        return send(engine, user, "GET", path)

    w: World = {"word": word}
    w["ds"] = ds = post("dataset/create", {"name": f"{word} pictures"})["dataset_id"]
    w["ref"], w["ref2"], w["ref3"] = names = [f"{word}-{n}.png" for n in range(3)]
    for name in names[:2]:
        stored = {"reference_id": name, "image_url": f"/{name}", "metadata": {"k": word}}
        part = FilePart("image", f"/{name}", content=_picture())
        post(f"dataset/{ds}/append", [stored], files=[part])
    remote = {"reference_id": names[2], "image_url": f"https://example.org/{names[2]}"}
    post(f"dataset/{ds}/append", {"items": [remote]})
    mask = {
        "type": "mask", "mask_url": "/m.png", "reference_id": names[0],
        "annotations": [{"label": "x", "index": 1}],
    }  # fmt: skip
    part = FilePart("mask", "/m.png", content=_mask())
    w["track"] = f"{word} track"
    truths = [box(n, track_reference_id=w["track"]) for n in names]
    post(f"dataset/{ds}/annotate", {"annotations": truths})
    post(f"dataset/{ds}/annotate", {"segmentations": [mask]}, files=[part])
    w["taxonomy"] = f"{word} taxonomy"
    labels = {"taxonomy_name": w["taxonomy"], "type": "category", "labels": ["l"]}
    post(f"dataset/{ds}/add_taxonomy", labels)
    w["prj"] = prj = post("models/add", {"name": f"{word} model", "reference_id": f"{word} m"})[
        "model_id"
    ]
    of_model = f"dataset/{ds}/model/{prj}"
    post(f"dataset/{ds}/annotate", {"annotations": [box(names[0], 1, embedding_vector=[1, 2])]})
    boxes = [box(n, confidence=0.5) for n in names]
    post(f"{of_model}/uploadPredictions", {"annotations": boxes})
    named = {"name": f"{word} run", "metadata": {}}
    w["run"] = run = post(f"dataset/{ds}/modelRun/create", named | {"reference_id": f"{word} m"})[
        "model_run_id"
    ]
    post(f"modelRun/{run}/predict", {"annotations": boxes})
    named |= {"name": f"{word} other run", "reference_id": f"{word} m"}
    w["run2"] = post(f"dataset/{ds}/modelRun/create", named)["model_run_id"]
    page = post(f"dataset/{ds}/itemsPage", {})["items"]
    w["di"], w["di2"], w["di3"] = (item["id"] for item in page)
    by_ids = post(f"lab/dataset/{ds}/rows", {"item_ids": [w["di"], w["di2"]], "model_id": prj})
    objects = _ids(by_ids)
    w["ann"], w["ann2"], *_ = (name for name in objects if name.startswith("ann_"))
    masks = [found for found in _objects(by_ids) if found.get("type") == "mask"]
    w["mask"] = next(name for name in _ids(masks) if name.startswith("ann_"))
    w["pred"] = next(name for name in objects if name.startswith("pred_"))
    whole = {"name": f"{word} slice", "reference_ids": names}
    w["slc"] = post(f"dataset/{ds}/create_slice", whole)["slice_id"]
    whole = {"name": f"{word} objects", "object_ids": [w["ann"], w["ann2"]]}
    w["slc_objects"] = post(f"dataset/{ds}/create_slice", whole)["slice_id"]
    w["job"] = post(f"{of_model}/calculateEvaluationMetrics", {})["job_id"]
    post(f"modelRun/{run}/commit", {})
    post(f"indexing/{ds}/internal/image")
    w["autotag"] = f"{word} autotag"
    chosen = {"name": w["autotag"], "positives": [names[0]], "level": "image"}
    w["tag"] = post(f"lab/dataset/{ds}/autotag", chosen)["autotag"]["id"]
    w["saved"] = f"{word} saved"
    post(f"lab/dataset/{ds}/savedQueries", {"name": w["saved"], "query": "width > 0"})
    w["test"], w["test_external"] = f"{word} test", f"{word} external"
    w["ef_ext"] = post("validate/eval_fn", {"name": f"{word}_fn"})["eval_fn"]["id"]
    test = {"name": w["test"], "slice_id": w["slc"]}
    test |= {"evaluation_functions": [{"id": "ef_bbox_iou"}]}
    w["st"] = post("validate/scenario_test", test)["scenario_test_id"]
    test |= {"name": w["test_external"], "evaluation_functions": [{"id": w["ef_ext"]}]}
    w["st_external"] = post("validate/scenario_test", test)["scenario_test_id"]
    post(f"validate/{prj}/evaluate", {"test_names": [w["test"]]})
    w["sev"] = get(f"validate/scenario_test/{w['st']}/eval_history/details")[0]["id"]
    groups = [{"class_name": "vehicle", "labels": ["car"]}]
    named = {"name": f"{word} groups", "rollup_groups": groups}
    w["alm"] = post("lab/allowedLabelMatches", named)["id"]
    preset = {"name": f"{word} preset"}
    w["prev"] = send(engine, user, "POST", "evaluationV2Presets", preset, caller=word)["id"]
    made = {"name": f"{word} bench", "dataset_id": ds}
    w["bm"] = post("benchmarks", made)["benchmark_id"]
    w["bm_draft"] = post("benchmarks", made | {"draft": True})["benchmark_id"]
    w["ev"] = post(f"model/{prj}/evaluationsV2", {})["evaluation_id"]
    w["ev_benchmark"] = post(f"benchmarks/{w['bm']}/evaluationsV2", {"model_id": prj})[
        "evaluation_id"
    ]
    w["lbl"] = post("lab/labelingProjects", {"name": f"{word} labeling"})["project_id"]
    post(f"slice/{w['slc']}/{w['lbl']}/send_to_labeling")
    tasks = post(f"lab/labelingProject/{w['lbl']}/tasks", {})["tasks"]
    w["task"], w["task_done"], w["task2"] = (task["task_id"] for task in tasks)
    post(f"lab/labelingTask/{w['task_done']}/complete", {"annotations": []})
    weights = post(f"model/{prj}/weights/presign", {"declaredSizeBytes": 9})
    w["upload"] = weights["uploadId"]
    send(engine, "", "PUT", weights["uploadUrl"], b"123456789")
    weights = post(f"model/{prj}/weights/presign", {"declaredSizeBytes": 9})
    send(engine, "", "PUT", weights["uploadUrl"], b"123456789")
    post(f"model/{prj}/weights/finalize", {"uploadId": weights["uploadId"]})
    w["dsv"] = dsv = post("dataset/create", {"name": f"{word} scenes", "is_scene": True})[
        "dataset_id"
    ]
    w["scene"] = f"{word} scene"
    cloud = {"reference_id": f"{word}-cloud", "url": f"https://example.org/{word}.json"}
    frames = [{"lidar": cloud | {"type": "pointcloud"}}]
    post(f"{dsv}/upload_scenes", {"scenes": [{"reference_id": w["scene"], "frames": frames}]})
    cleared = {"reference_ids": [names[2]], "keep_history": True}
    send(engine, user, "DELETE", f"annotation/{ds}", cleared)
    gone = post(f"lab/dataset/{ds}/deletedAnnotations", {})["annotations"]
    w["gone"] = next(name for name in _ids(gone) if name.startswith("ann_"))
    return w


def _mask() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (30, 20), 1).save(buffer, "PNG")
    return buffer.getvalue()


def _objects(value: Any) -> list[dict[str, Any]]:
    """All objects in an answer."""
    if isinstance(value, list | tuple):
        return [found for inner in value for found in _objects(inner)]
    if not isinstance(value, dict):
        return []
    return [value, *_objects(list(value.values()))]


def _ids(value: Any) -> list[str]:
    """All texts in an answer."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _ids(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _ids(inner)]
    return [value] if isinstance(value, str) else []


def sound(w: World, new: str) -> dict[tuple[str, str], tuple[dict[str, str], dict[str, str], Any]]:
    """Places in the path, query and body of a sound request, for routes that need their own."""
    ds, prj, run, ref, di = w["ds"], w["prj"], w["run"], w["ref"], w["di"]
    boxes = {"annotations": [box(ref, 7)]}
    scored = {"annotations": [box(ref, 7, confidence=0.5)]}
    level = {"level": "item"}
    task, draft = {"task": w["task"]}, {"bm": w["bm_draft"]}
    audited = {"task": w["task_done"]}
    custom = {"image": False, "custom": True}
    answer = [box(ref, 8) | {"label": "car"}]
    rows: dict[str, Any] = {
        "POST dataset/{ds}/annotate": boxes,
        "POST dataset/{ds}/model/{prj}/uploadPredictions": scored,
        "DELETE annotation/{ds}": {"reference_ids": [ref]},
        "POST lab/dataset/{ds}/autotag": {"name": new, "positives": [ref], "level": "image"},
        "POST lab/autotag/{tag}/refine": {"negatives": [w["ref2"]]},
        "POST dataset/{ds}/autotag/{name:path}/taggedItems": ({"name": w["autotag"]}, {}, {}),
        "GET dataset/{ds}/autotag/{name:path}/trainingItems": ({"name": w["autotag"]}, {}, None),
        "POST benchmarks": {"name": new, "slice_id": w["slc"], "parent_benchmark_id": w["bm"]},
        "PATCH benchmarks/{bm}": (draft, {}, {"name": new, "allowed_label_matches_id": w["alm"]}),
        "POST benchmarks/{bm}/finalize": (draft, {}, None),
        "POST benchmarks/{bm}/items": (draft, {}, {"slice_id": w["slc"], "item_ids": [di]}),
        "DELETE benchmarks/{bm}/items": (draft, {}, {"item_ids": [di]}),
        "POST leaderboard/ranking": {"metric_type": "F1", "benchmark_ids": [w["bm"]]},
        "POST leaderboard/f1Curve": {"benchmark_ids": [w["bm"]], "model_ids": [prj]},
        "POST models/add": {"name": new, "reference_id": new, "trained_slice_ids": [w["slc"]]},
        "POST model/{prj}/tag": {"tags": ["t"]},
        "DELETE model/{prj}/tag": {"tags": ["t"]},
        "POST model/{prj}/trainedSliceId": {"trained_slice_ids": [w["slc"]]},
        "DELETE model/{prj}/trainedSliceId": {"trained_slice_ids": [w["slc"]]},
        "POST lab/models/addBundle": {
            "name": new, "reference_id": new, "manifest": {}, "trained_slice_ids": [w["slc"]],
        },
        "POST model/run/{prj}/": {"dataset_id": ds, "model_run_name": new, "slice_id": w["slc"]},
        "POST lab/dataset/{ds}/columns": {
            "items": {
                "reference_id": [new], "location": ["https://example.org/n"],
                "width": [1], "height": [1],
            },
            "model_id": prj,
            "boxes": {
                "item": [0], "label": ["car"], "annotation_id": ["c"], "x": [0.0], "y": [0.0],
                "width": [1.0], "height": [1.0], "confidence": [0.5],
            },
        },
        "POST lab/dataset/{ds}/exportColumns": {"model_id": prj, "pageSize": 10},
        "POST lab/dataset/{ds}/rows": {"item_ids": [di], "model_id": prj},
        "POST dataset/create": {"name": new},
        "POST dataset/{ds}/tags": {"tags": ["t"]},
        "DELETE dataset/{ds}/tags": {"tags": ["t"]},
        "POST dataset/{ds}/deduplicate_async": {"threshold": 1, "dataset_item_ids": [di]},
        "POST dataset/{ds}/append": {
            "items": [{"reference_id": new, "image_url": "https://example.org/n.png"}]
        },
        "POST dataset/{ds}/itemsPage": {},
        "POST dataset/{ds}/metadata": {
            "metadata": [{"reference_id": ref, "metadata": {"a": 1}}], "level": "item",
        },
        "GET dataset/{ds}/groundTruth/loc/{ids:path}": ({"ids": f"{ref}/b0"}, {}, None),
        "GET dataset/{ds}/model/{prj}/loc/{ids:path}": ({"ids": f"{ref}/b0"}, {}, None),
        "GET modelRun/{run}/prediction/loc/{ids:path}": ({"ids": f"{ref}/b0"}, {}, None),
        "POST lab/dataset/{ds}/deletedAnnotations": {},
        "POST lab/dataset/{ds}/restoreAnnotations": {"annotation_ids": [w["gone"]]},
        "POST evaluationV2Presets": {"name": new},
        "PATCH evaluationV2Presets/{prev}": {"name": new},
        "POST dataset/{ds}/model/{prj}/calculateEvaluationMetrics": {},
        "POST lab/dataset/{ds}/model/{prj}/matches": {"item_ids": [di]},
        "POST modelRun/{run}/evaluationsV2": {"slice_id": w["slc"]},
        "POST model/{prj}/evaluationsV2": {"model_run_id": run},
        "POST benchmarks/{bm}/evaluationsV2": {
            "model_id": prj, "allowed_label_matches_id": w["alm"],
        },
        "POST evaluationsV2/{ev}/charts": {},
        "POST evaluationsV2/{ev}/examples": {"match_type": "TP"},
        "GET evaluationsV2/{ev}/charts": ({}, {"iouThreshold": "0.5"}, None),
        "POST lab/allowedLabelMatches": {
            "name": new, "rollup_groups": [{"class_name": "v", "labels": ["car"]}],
        },
        "POST dataset/{ds}/exportForTrainingPage": {},
        "POST lab/dataset/{ds}/exportRows": {},
        "POST indexing/{ds}": {
            "embeddings_urls": ["https://example.org/e.json"], "embedding_dimension": 2,
        },
        "DELETE indexing/{ds}": {"image": False},
        "POST indexing/{ds}/setPrimary": custom,
        "POST indexing/{ds}/setContinuous": {"enable": True},
        "POST indexing/{ds}/internal/object": {"model_run_id": run},
        "POST dataset/{ds}/indexingStatus": {"image": False, "model_run_id": run},
        "POST jobs/": {"dataset_id": ds, "show_completed": True},
        "POST slice/{slc}/{project}/send_to_labeling": ({"project": w["lbl"]}, {}, None),
        "POST dataset/create_from_project": {"project_id": w["lbl"], "name": new},
        "POST dataset/{ds}/ingest_tasks": {"tasks": [w["task_done"]]},
        "POST lab/labelingProjects": {"name": new},
        "POST lab/labelingProject/{lbl}/tasks": {},
        "POST lab/labelingProject/{lbl}/complete": {
            "tasks": [{"task_id": w["task2"], "annotations": answer}], "update": True,
        },
        "GET lab/labelingTask/{task}": (task, {}, None),
        "POST lab/labelingTask/{task}/complete": (
            task, {}, {"annotations": answer, "update": True},
        ),
        "POST lab/labelingTask/{task}/accept": (audited, {}, {"comment": "c"}),
        "POST lab/labelingTask/{task}/reject": (audited, {}, {"comment": "c"}),
        "POST lab/labelingTask/{task}/assign": (task, {}, {"assignee": "x"}),
        "POST lab/dataset/{ds}/thumbnails": {"item_ids": [di]},
        "GET lab/dataset/{ds}/mask/{obj}": ({"obj": w["mask"]}, {}, None),
        "POST model/{prj}/predictions": {
            "annotations": [box(ref, 7, confidence=0.5, item_id=di)]
        },
        "POST model/{prj}/predictions/copyFromRun": {"model_run_id": run},
        "POST dataset/{ds}/modelRun/create": {
            "name": new, "reference_id": f"{w['word']} m", "metadata": {},
        },
        "POST model/{prj}/modelRun/create": {"name": new, "metadata": {}},
        "POST modelRun/{run}/predict": scored,
        "POST dataset/{ds}/modelRun/{run}/uploadPredictions": scored,
        "POST modelRun/{run}/uploadPredictions": {
            "annotations": [box(ref, 7, confidence=0.5, item_id=di)]
        },
        "POST modelRun/{run}/commit": {},
        "POST modelRun/merge": {"model_run_ids": [run, w["run2"]], "name": new},
        "GET task/{task}/frame/{frame}": (
            {"task": w["task"], "frame": "0"}, {}, None,
        ),
        "POST dataset/{ds}/model/{prj}/pointcloud/{ref:path}/uploadLSSPrediction": {
            "pointsSegmentationUrl": "https://example.org/s.json"
        },
        "POST dataset/{ds}/queryItemsPage": {
            "query": "predictions.count > 0", "model_run_id": run,
        },
        "POST dataset/{ds}/queryObjectsPage": {
            "query": "confidence > 0", "model_run_id": run, "patch_mode": "predictions_only",
        },
        "POST dataset/{ds}/queryScenesPage": ({"ds": w["dsv"]}, {}, {"query": ""}),
        "POST lab/dataset/{ds}/itemIds": {"slice_id": w["slc"], "model_id": prj},
        "POST lab/dataset/{ds}/count": {"slice_id": w["slc"], "model_id": prj},
        "POST lab/dataset/{ds}/explain": {"query": f'autotag.image = "{w["autotag"]}"'},
        "POST lab/dataset/{ds}/complete": {"text": "label", "model_id": prj},
        "POST lab/dataset/{ds}/savedQueries": {"name": new, "query": "width > 1"},
        "POST lab/dataset/{ds}/deleteSavedQuery": {"name": w["saved"]},
        "POST {ds}/upload_scenes": ({"ds": w["dsv"]}, {}, {"scenes": []}),
        "POST {ds}/upload_video_scenes": ({"ds": w["dsv"]}, {}, {"scenes": []}),
        "POST lab/dataset/{ds}/files": ({"ds": w["dsv"]}, {}, {}),
        "GET dataset/{ds}/scenes_list": ({"ds": w["dsv"]}, {}, None),
        "GET dataset/{ds}/scene/{ref:path}": ({"ds": w["dsv"], "ref": w["scene"]}, {}, None),
        "GET lab/dataset/{ds}/scene/{ref:path}": ({"ds": w["dsv"], "ref": w["scene"]}, {}, None),
        "DELETE dataset/{ds}/scene/{ref:path}": ({"ds": w["dsv"], "ref": w["scene"]}, {}, None),
        "POST dataset/{ds}/exportForTrainingByScene": ({"ds": w["dsv"]}, {}, {}),
        "POST lab/dataset/{ds}/similar": {"reference_id": ref},
        "POST lab/dataset/{ds}/similar_to_picture": _picture(),
        "POST dataset/{ds}/build_slice": {
            "name": new, "sampleSize": 1, "sampleMethod": "Random",
        },
        "GET slice/{slc}/export_raw_json": ({"slc": w["slc_objects"]}, {}, None),
        "POST dataset/{ds}/create_slice": {"name": new, "dataset_item_ids": [di]},
        "POST slice/{slc}/append": {"reference_ids": [ref], "dataset_id": ds},
        "POST slice/{slc}/tag": {"slice_tags": ["t"]},
        "POST slice/{slc}/itemsPage": {},
        "POST slice/{slc}/exportForTrainingPage": {},
        "POST slice/{slc}/{prj}/exportForTrainingPage": {},
        "POST dataset/{ds}/add_taxonomy": {
            "taxonomy_name": new, "type": "category", "labels": ["l"],
        },
        "DELETE dataset/{ds}/taxonomy/{name:path}": ({"name": w["taxonomy"]}, {}, None),
        "POST dataset/{ds}/tracks": {"reference_id": w["track"], "metadata": {"a": 1}},
        "DELETE dataset/{ds}/tracks": {"track_reference_ids": [w["track"]]},
        "POST validate/eval_fn": {"name": new.replace(" ", "_")},
        "POST validate/scenario_test": {
            "name": new, "slice_id": w["slc"], "evaluation_functions": [{"id": "ef_bbox_iou"}],
        },
        "POST validate/scenario_test_eval_function": {
            "scenario_test_name": w["test"], "eval_function_id": "ef_bbox_recall",
        },
        "GET validate/scenario_test/{st}/items": ({}, level, None),
        "POST validate/metric/set_threshold/{st}/{ef}": {"threshold": 0.5},
        "POST validate/{prj}/evaluate": {"test_names": [w["test"]]},
        "POST validate/scenario_test/upload_results": {
            "unit_test_id": w["st_external"], "eval_function_id": w["ef_ext"],
            "result_per_ref_id": dict.fromkeys((ref, w["ref2"], w["ref3"]), 0.5),
            "overall_metric": 0.5, "model_id": prj, "slice_id": w["slc"], "level": "item",
            "weight_per_ref_id": dict.fromkeys((ref, w["ref2"], w["ref3"]), 1.0),
        },
        "POST model/{prj}/weights/presign": {"declaredSizeBytes": 9},
        "POST model/{prj}/weights/finalize": {"uploadId": w["upload"]},
    }  # fmt: skip
    parted = {tuple(name.split(" ", 1)): row for name, row in rows.items()}
    return {name: row if isinstance(row, tuple) else ({}, {}, row) for name, row in parted.items()}


def request_of(method: str, template: str, w: World, new: str = "new") -> Request:
    """Make a sound request of a route against a world; what it makes has a name that is new."""
    places, query, body = sound(w, new).get((method, template), ({}, {}, None))
    known = {**w, "index": "0", "rid": "0" * 32, "name": "", "ef": "ef_bbox_iou"} | places
    segments = []
    for segment in template.split("/"):
        name, _, _ = segment.strip("{}").partition(":")
        segments.append(quote(known[name], safe="/_") if segment.startswith("{") else segment)
    return Request(method, "/".join(segments), body, query)


def ask(engine: Engine, request: Request, user: str) -> Response:
    """Send a request as a user; ``""`` is the team."""
    request.user, request.caller = user, user or "team"
    return dispatch(engine, request)
