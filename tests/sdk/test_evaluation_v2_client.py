"""Evaluations, benchmarks, model runs and weights as scripts use them, on both transports."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import (
    Benchmark,
    BoxAnnotation,
    BoxAreaExclusionRule,
    BoxPrediction,
    DatasetItem,
    EvaluationV2,
    EvaluationV2Preset,
    EvaluationV2Status,
    LabelExclusionRule,
    MetadataExclusionRule,
    ModelWeights,
    NotFoundError,
    NucleusClient,
    RollupGroup,
    SegmentationPrediction,
)
from nucleus_lab.data_transfer_object.evaluation_v2 import (
    EvaluationV2FilterArgs,
    EvaluationV2FilterSchema,
    MapSummary,
    MetadataPredicate,
    RangeNum,
    TotalCounts,
)
from nucleus_lab.errors import ConflictError, EvaluationError, InvalidInputError, MediaError


def dataset_of(client: NucleusClient, name: str, items: int = 3) -> Any:
    dataset = client.create_dataset(name)
    dataset.append([
        DatasetItem(f"https://example.org/{name}/{at}.jpg", f"{at}", metadata={"place": at})
        for at in range(items)
    ])
    dataset.annotate([
        BoxAnnotation("car" if at % 2 else "bus", 0, 0, 40, 40, f"{at}", "b") for at in range(items)
    ])
    return dataset


def boxes(items: int = 3) -> list[BoxPrediction]:
    """The first is right, the second shifted, the third of another label."""
    return [
        BoxPrediction(
            "car" if at else "bus", 10 * (at == 1), 0, 40, 40, f"{at}", 0.9 - at / 10, "p"
        )
        for at in range(items)
    ]


def test_an_evaluation_from_its_making_to_its_end(client: NucleusClient) -> None:
    dataset = dataset_of(client, "one")
    model = client.create_model("m", "m")
    model.upload_predictions(boxes())
    rules = [
        MetadataExclusionRule("place", "GT", 5),
        LabelExclusionRule("annotation", "groundTruth", ["dog"]),
        BoxAreaExclusionRule("annotation", "prediction", min=4),
    ]

    made = client.create_evaluation_v2(model_id=model, name="first", exclusion_rules=rules)

    assert made.wait_for_completion(poll_interval=0.2) is made
    assert (made.status, made.model_id, made.model_run_id) == ("succeeded", model.id, None)
    assert made.status == EvaluationV2Status.SUCCEEDED
    assert made.exclusion_rules == [rule.to_api_dict() for rule in rules]
    charts = made.charts()
    assert charts.totalCounts == TotalCounts(tp=2, fp=1, fn=1, predsWithConfidence=3)
    assert charts["totalCounts"]["tp"] == 2
    # Bus: one of two found. Car: the shifted box has IoU 30 / 50, right at 0.50, 0.55 and 0.60,
    # behind nothing; the bus taken for a car stands behind it.
    assert charts.mapSummary == MapSummary(
        pytest.approx((51 / 101 + 1) / 2),
        pytest.approx(51 / 202),
        pytest.approx((51 / 101 + 0.3) / 2),
    )
    assert made.charts(0.7).totalCounts.tp == 1
    filters = EvaluationV2FilterArgs(
        confidence_range=RangeNum(min=0.75),
        item_metadata=[MetadataPredicate("place", "LT", 2)],
        gt_labels=["car", "bus"],
    )
    assert made.charts(filters=filters).totalCounts == TotalCounts(2, 0, 0, 2)
    page = made.examples("FP", filters={"predLabels": ["car"]}, query="metadata.place = 2")
    assert (page.total, page.rows[0].cause, page.rows[0]["iou"]) == (1, "classification", 1.0)
    ordered = made.examples(sort_by="confidence", sort_order="DESC", limit=2).rows
    assert [row.confidence for row in ordered] == [0.9, 0.8]
    schema = made.filter_schema()
    assert schema == client.get_evaluation_v2_filter_schema(made.id)
    assert EvaluationV2FilterSchema.from_json(schema.to_payload()) == schema
    assert (schema.gt_labels, schema.metadata_fields[0].values) == (["bus", "car"], ["0", "1", "2"])
    assert dataset.evaluation_label_schema() == {
        "gt_labels": ["bus", "car"],
        "prediction_labels": ["bus", "car"],
    }
    assert client.list_evaluations_v2(model_id=model) == [made]
    assert client.get_evaluation_v2(made.id) == made
    with pytest.raises(ConflictError, match="cannot be cancelled any more"):
        made.cancel()
    with pytest.raises(ConflictError, match="only one that failed or was cancelled is retried"):
        made.retry()
    made.delete()
    with pytest.raises(NotFoundError):
        made.refresh()


def test_an_evaluation_that_fails_says_why_and_is_retried(client: NucleusClient) -> None:
    dataset = client.create_dataset("bare")
    dataset.append([DatasetItem("https://example.org/0.jpg", "0")])
    model = client.create_model("m", "m")
    model.upload_predictions(boxes(1))
    made = client.create_evaluation_v2(model_id=model.id)

    with pytest.raises(EvaluationError, match="add ground truth"):
        made.wait_for_completion()
    dataset.annotate([BoxAnnotation("bus", 0, 0, 40, 40, "0", "b")])
    again = made.retry().wait_for_completion()

    assert (again.id != made.id, again.charts().totalCounts.tp) == (True, 1)


def test_handles_without_a_client_and_unclear_anchors_are_refused(client: NucleusClient) -> None:
    with pytest.raises(EvaluationError, match="without a client"):
        EvaluationV2("evalv2_1", None, "pending").refresh()
    with pytest.raises(InvalidInputError, match="without a client"):
        Benchmark("bm_1", "b").refresh()
    with pytest.raises(InvalidInputError, match="without a client"):
        EvaluationV2Preset("prev_1", "p").delete()
    for given in ({}, {"model_run_id": "run_1", "model_id": "prj_1"}):
        with pytest.raises(InvalidInputError, match="exactly one"):
            client.create_evaluation_v2(**given)
        with pytest.raises(InvalidInputError, match="exactly one"):
            client.list_evaluations_v2(**given)


def test_a_benchmark_from_its_draft_to_its_leaderboard(client: NucleusClient) -> None:
    first, second = dataset_of(client, "one"), dataset_of(client, "two", 2)
    good, poor = client.create_model("good", "good"), client.create_model("poor", "poor")
    first.upload_predictions(good, boxes())
    second.upload_predictions(good, boxes(2))
    first.upload_predictions(poor, boxes()[1:])

    draft = client.create_benchmark("b", draft=True, rollup_groups=[RollupGroup("v", ["car"])])
    assert (draft.status, draft.item_count) == ("draft", 0)
    draft.add_items(dataset_ids=[first.id, second.id], verbose=False)
    draft.remove_items(draft.items(limit=1).item_ids)
    assert (draft.item_count, draft.dataset_count, draft.items().total) == (4, 2, 4)
    draft.update(name="streets", metadata={"a": 1}, rollup_groups=[RollupGroup("w", ["car"])])
    assert draft.finalize().status == "ready"
    whole = client.create_benchmark(
        "whole", parent_benchmark_id=draft.id, dataset_id=first.id, verbose=False
    )
    assert (whole.item_count, whole.version_minor, whole.status) == (5, 1, "ready")
    assert [entry.id for entry in client.list_benchmarks()] == [whole.id, draft.id]

    preset = client.create_evaluation_v2_preset(
        "p", rollup_groups=[RollupGroup("vehicle", ["car", "bus"])]
    )
    ends = [
        whole.create_evaluation_v2(model_id=model, preset=preset).wait_for_completion()
        for model in (poor, good)
    ]
    assert [end.charts().totalCounts for end in ends] == [
        TotalCounts(2, 0, 3, 2), TotalCounts(5, 0, 0, 5),
    ]  # fmt: skip
    assert ends[0].rollup_groups == [RollupGroup("vehicle", ["car", "bus"])]
    ranking = client.leaderboard_ranking("RECALL", [whole.id], scope="all")
    assert [(row.rank, row.model_name, row.score) for row in ranking] == [
        (1, "good", 1.0), (2, "poor", 0.4),
    ]  # fmt: skip
    (curve, _) = client.leaderboard_f1_curve([whole.id])
    assert (curve.model_id, curve.best_f1, len(curve.points)) == (good.id, 1.0, 101)
    assert preset.update(rollup_groups=None).rollup_groups is None
    assert client.list_evaluation_v2_presets() == [preset]
    client.delete_evaluation_v2_preset(preset.id)
    client.delete_benchmark(draft.id)
    assert client.get_benchmark(whole.id).parent_benchmark_id is None


def test_label_sets_are_kept_and_used(client: NucleusClient) -> None:
    dataset_of(client, "one")
    model = client.create_model("m", "m")
    model.upload_predictions(boxes())
    pair = {"ground_truth_label": "bus", "model_prediction_label": "car"}
    kept = client.create_allowed_label_matches("pairs", allowed_label_matches=[pair])

    made = client.create_evaluation_v2(model_id=model, allowed_label_matches_id=kept)

    assert made.wait_for_completion().charts().totalCounts.tp == 3
    (listed,) = client.list_allowed_label_matches()
    assert (listed["id"], listed["allowed_label_matches"]) == (kept, [pair])
    client.delete_allowed_label_matches(kept)
    assert client.list_allowed_label_matches() == []


# -- model runs -----------------------------------------------------------------------------------


def test_a_run_of_a_dataset_is_filled_read_committed_and_deleted(client: NucleusClient) -> None:
    dataset = dataset_of(client, "one")
    model = client.create_model("m", "m")

    run = model.create_run("one", dataset, boxes()[:2], {"epoch": 3})
    later: Any = run.predict(boxes(), asynchronous=True)
    later.sleep_until_complete(verbose_std_out=False)

    info = run.info()
    assert (info["name"], info["metadata"], info["model_id"]) == ("one", {"epoch": 3}, model.id)
    assert client.model_run_info(run.id) == info
    assert run.predict(boxes(), update=True) == {
        "dataset_id": dataset.id,
        "model_run_id": run.id,
        "predictions_processed": 3,
        "predictions_ignored": 0,
    }
    assert (dataset.model_runs, model.model_runs()) == ([run.id], [run.id])
    assert run.iloc(0)["box"] == run.refloc("0")["box"] == [boxes()[0]]
    (item, *_) = dataset.items_and_annotations()
    assert run.prediction_loc("1", "p") == boxes()[1]
    assert sorted(run.ungrouped_export()["box"], key=lambda box: box.reference_id) == boxes()
    assert item["item"].reference_id == "0"
    job = client.get_job(run.commit()["job_id"])
    job.sleep_until_complete(verbose_std_out=False)
    made = client.create_evaluation_v2(run.id).wait_for_completion()
    assert (made.model_run_id, client.list_evaluations_v2(run.id)) == (run.id, [made])
    with pytest.raises(ConflictError):
        client.create_model_run(dataset.id, {"name": "one", "reference_id": "m"})
    assert client.get_model_run(run.id, dataset.id) == run
    client.delete_model_run(run.id)
    assert dataset.model_runs == []
    with pytest.raises(NotFoundError):
        client.get_evaluation_v2(made.id)


def test_predictions_on_items_of_any_dataset(client: NucleusClient) -> None:
    first, second = dataset_of(client, "one"), dataset_of(client, "two", 2)
    model = client.create_model("m", "m")
    rows = client.make_request({"pageToken": None}, f"dataset/{second.id}/itemsPage")["items"]
    ids = [row["id"] for row in rows]
    boxes_here = boxes(2)

    run = model.create_run("anywhere", predictions=None, reference_id="mine")
    unclear = run.add_predictions(boxes_here)
    assert "several datasets" in unclear["errors"][0]
    assert run.add_predictions(boxes_here, dataset_item_ids=ids)["predictions_processed"] == 2
    other = model.create_run("other")
    added = first.upload_predictions_for_model_run(other.id, boxes())
    assert added["predictions_processed"] == 3
    job: Any = second.upload_predictions_for_model_run(other.id, boxes_here, asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    merged = client.merge_model_runs([run.id, other.id], name="both", metadata={"a": 1})
    merged["job"].sleep_until_complete(verbose_std_out=False)

    assert run.info()["metadata"] == {"reference_id": "mine"}
    assert run.loc(ids[1])["box"] == [boxes_here[1]]
    assert merged["dataset_ids"] == [first.id, second.id]
    whole = client.get_model_run(merged["model_run_id"])
    assert whole.info()["metadata"]["a"] == 1
    assert len(whole.ungrouped_export()["box"]) == 7
    assert model.copy_predictions_from_run(run.id)["predictions_copied"] == 2
    assert model.predictions_loc(ids[0])["box"] == model.predictions_iloc(0)["box"]
    assert model.predictions_refloc("0")["box"] == [boxes_here[0]]
    assert model.upload_predictions(boxes_here[:1], dataset_item_ids=ids[:1]) == {
        "model_id": model.id,
        "predictions_processed": 0,
        "predictions_ignored": 1,
    }
    with pytest.raises(InvalidInputError, match="give one for each"):
        run.add_predictions(boxes_here, dataset_item_ids=ids[:1])
    mask = SegmentationPrediction("/nowhere/m.png", [], reference_id="0")
    with pytest.raises(InvalidInputError, match="local file"):
        run.add_predictions([mask], dataset_item_ids=ids[:1])
    with pytest.raises(InvalidInputError, match="of no dataset"):
        run.predict(boxes_here, asynchronous=True)
    for upload in (run.add_predictions, model.upload_predictions):
        with pytest.raises(InvalidInputError, match="leave it out"):
            upload(boxes_here, asynchronous=True)
    with pytest.raises(InvalidInputError, match="two different runs"):
        client.merge_model_runs([run.id, run.id])


# -- weights --------------------------------------------------------------------------------------


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts of a thousand bytes, so that a small file has many."""
    from nucleus_lab.engine import weights

    monkeypatch.setattr(weights, "PART_BYTES", 1000)
    return 1000


@pytest.mark.parametrize("size", [1, 1000, 1001, 5500])
def test_weights_arrive_and_leave_byte_by_byte(
    client: NucleusClient, tmp_path: Path, small_parts: int, size: int
) -> None:
    model = client.create_model("m", "m")
    content = bytes(at * 7 % 251 for at in range(size))
    (tmp_path / "w.bin").write_bytes(content)
    checksum = hashlib.sha256(content).hexdigest()
    assert model.weights() == ModelWeights(model.id)

    stored = model.upload_weights(tmp_path / "w.bin", checksum_sha256=checksum, progress=False)

    assert stored.download_url
    stored.download_url = None
    assert stored == ModelWeights(
        model.id, True, "uploaded", size, "w.bin", "application/octet-stream", None, checksum
    )
    written = client.download_model_weights(model, tmp_path / "deep" / "out.bin", progress=False)
    assert Path(written).read_bytes() == content
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.bin"]
    (tmp_path / "w.bin").write_bytes(b"second")
    assert client.upload_model_weights(model.id, tmp_path / "w.bin").size_bytes == 6
    assert Path(model.download_weights(written)).read_bytes() == b"second"
    assert client.get_model_weights(model).size_bytes == 6
    assert (model.delete_weights(), client.delete_model_weights(model)) == (True, False)
    with pytest.raises(NotFoundError, match="has no weights"):
        model.download_weights(tmp_path / "none.bin")


def test_weights_that_are_not_as_announced_are_refused(
    client: NucleusClient, tmp_path: Path, small_parts: int
) -> None:
    model = client.create_model("m", "m")
    (tmp_path / "w.bin").write_bytes(b"x" * 1500)
    with pytest.raises(InvalidInputError, match="SHA-256 checksum"):
        model.upload_weights(tmp_path / "w.bin", checksum_sha256="0" * 64)
    with pytest.raises(InvalidInputError, match="64 hexadecimal digits"):
        model.upload_weights(tmp_path / "w.bin", checksum_sha256="0")
    with pytest.raises(MediaError, match="there is no file"):
        model.upload_weights(tmp_path / "nothing.bin")
    route = f"model/{model.id}/weights"
    made = client.make_request({"declaredSizeBytes": 1500}, f"{route}/presign")
    assert [part["partNumber"] for part in made["parts"]] == [1, 2]
    client.put(made["parts"][0]["url"], b"x" * 1000)
    with pytest.raises(InvalidInputError, match="must have 500"):
        client.put(made["parts"][1]["url"], b"x")
    with pytest.raises(ConflictError, match="part 2 of 2 has not arrived"):
        client.make_request({"uploadId": made["uploadId"]}, f"{route}/finalize")
    with pytest.raises(NotFoundError):
        client.make_request({"uploadId": "../../secret"}, f"{route}/finalize")
    for size in (0, 2**40):
        with pytest.raises(ValueError, match=r"bytes|empty"):
            client.make_request({"declaredSizeBytes": size}, f"{route}/presign")
    assert model.weights().present is False
    small = client.make_request({"declaredSizeBytes": 5}, f"{route}/presign")
    client.put(small["uploadUrl"], b"hello")
    client.make_request({"uploadId": small["uploadId"]}, f"{route}/finalize")
    assert model.weights().present is True
    client.delete_model(model.id)
