"""Sections of the driver: what models are held against, their runs and weights."""

from __future__ import annotations

from typing import Any

from drive import Lab, finished, groups, refusal, section, shown
from drive_objects import _item_ids


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
