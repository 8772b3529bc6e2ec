"""Sections of the driver: Evaluation V2, and weights of models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drive import Lab, refusal, section, shown
from drive_objects import _item_ids


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
