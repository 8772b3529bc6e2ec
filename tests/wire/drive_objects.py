"""Sections of the driver: ground truth, predictions and slices."""

from __future__ import annotations

from typing import Any

from drive import Lab, finished, groups, refusal, rows, section, shown


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
