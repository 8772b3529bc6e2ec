"""Scripts for the published package run when their import says ``nucleus_lab as nucleus``."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nucleus_lab as nucleus
from nucleus_lab import NucleusClient
from wire.drive import SECTIONS, Lab

# What scripts import from where, besides the names at the top.
PLACES = {
    "annotation": "BoxAnnotation PolygonAnnotation SegmentationAnnotation Segment Point Point3D "
    "AnnotationList CategoryAnnotation CuboidAnnotation KeypointsAnnotation Keypoint "
    "LineAnnotation Annotation",
    "prediction": "PredictionList "
    "BoxPrediction PolygonPrediction SegmentationPrediction CategoryPrediction",
    "slice": "Slice SliceBuilderFilters SliceBuilderFilterAutotag SliceBuilderMethods SliceType",
    "scene": "Frame LidarScene VideoScene",
    "dataset": "Dataset",
    "dataset_item": "DatasetItem",
    "async_job": "AsyncJob EmbeddingsExportJob",
    "job": "CustomerJobTypes",
    "errors": "NucleusAPIError NotFoundError NoAPIKey DuplicateIDError ModelCreationError",
    "constants": "ITEM_KEY ANNOTATIONS_KEY BOX_TYPE REFERENCE_ID_KEY METADATA_KEY ERROR_PAYLOAD",
    "utils": "format_prediction_response format_dataset_item_response convert_export_payload",
    "camera_params": "CameraParams",
    "quaternion": "Quaternion",
    "model": "Model",
    "track": "Track",
    "evaluation_match": "EvaluationMatch",
    "evaluation_v2": "EvaluationV2 EvaluationV2Status RollupGroup",
    "evaluation_v2_exclusions": "MetadataExclusionRule LabelExclusionRule BoxAreaExclusionRule "
    "EvaluationV2ExclusionRule",
    "evaluation_v2_preset": "EvaluationV2Preset",
    "data_transfer_object.evaluation_v2": "EvaluationV2Charts EvaluationV2FilterArgs RangeNum "
    "MetadataPredicate EvaluationV2ExamplesPage LeaderboardRankingEntry BenchmarkItemsPage",
    "benchmark": "Benchmark",
    "model_run": "ModelRun",
    "model_weights": "ModelWeights MODEL_WEIGHTS_MAX_BYTES",
    "upload_response": "UploadResponse",
    "deduplication": "DeduplicationJob DeduplicationResult DeduplicationStats",
    "local_deduplication": "deduplicate_by_phash LocalDeduplicationResult",
    "metrics": "Metric ScalarResult CategorizationF1 CuboidIOU CuboidPrecision CuboidRecall "
    "FieldFilter ListOfOrAndFilters MetadataFilter SegmentFieldFilter SegmentMetadataFilter "
    "apply_filters PolygonAveragePrecision PolygonIOU PolygonMAP PolygonMetric PolygonPrecision "
    "PolygonRecall SegmentationFWAVACC SegmentationIOU SegmentationMAP SegmentationMaskMetric "
    "SegmentationPrecision SegmentationRecall SegmentationMaskToPolyMetric "
    "SegmentationToPolyAveragePrecision SegmentationToPolyIOU SegmentationToPolyMAP "
    "SegmentationToPolyPrecision SegmentationToPolyRecall",
    "metrics.base": "Metric MetricResult ScalarResult",
    "metrics.categorization_metrics": "CategorizationF1 CategorizationMetric CategorizationResult",
    "metrics.cuboid_metrics": "CuboidIOU CuboidMetric CuboidPrecision CuboidRecall",
    "metrics.custom_types": "BoxOrPolygonAnnotation BoxOrPolygonPrediction BoxOrPolygonAnnoOrPred",
    "metrics.errors": "EverythingFilteredError PolygonAnnotationTypeError",
    "metrics.filtering": "FilterOp FilterType AnnotationOrPredictionFilter FieldFilter "
    "ListOfAndFilters ListOfOrAndFilters apply_filters ensureDNFFilters filter_annotation_list "
    "filter_prediction_list pretty_format_filters_with_or_and compose_helpful_filtering_error",
    "metrics.filters": "confidence_filter polygon_area_filter polygon_label_filter",
    "metrics.metric_utils": "compute_average_precision",
    "metrics.polygon_metrics": "PolygonMetric PolygonIOU PolygonMAP PolygonAveragePrecision",
    "metrics.polygon_utils": "BoxOrPolygonAnnotation BoxOrPolygonPrediction "
    "polygon_annotation_to_shape",
    "metrics.segmentation_loader": "SegmentationMaskLoader DummyLoader InMemoryLoader",
    "metrics.segmentation_metrics": "SegmentationMaskMetric SegmentationIOU",
    "metrics.segmentation_to_poly_metrics": "SegToPolyMode SegmentationMaskToPolyMetric",
    "metrics.segmentation_utils": "rasterize_polygons_to_segmentation_mask setup_iou_thresholds "
    "instance_mask_to_polys",
    "validate": "Validate ScenarioTest EvaluationCriterion EntityLevel ThresholdComparison "
    "EvalFunctionEntry EvaluationResult CreateScenarioTestError AvailableEvalFunctions "
    "ScenarioTestEvaluation ScenarioTestItemEvaluation ScenarioTestMetric",
    "validate.client": "Validate",
    "validate.constants": "EntityLevel ThresholdComparison",
    "validate.errors": "CreateScenarioTestError EvalFunctionNotAvailableError",
    "validate.scenario_test": "ScenarioTest",
    "validate.scenario_test_evaluation": "ScenarioTestEvaluation ScenarioTestItemEvaluation "
    "ScenarioTestEvaluationStatus",
    "validate.scenario_test_metric": "ScenarioTestMetric",
    "validate.eval_functions.available_eval_functions": "AvailableEvalFunctions EvalFunction "
    "ExternalEvalFunction CustomEvalFunction StandardEvalFunction EvalFunctionNotAvailable "
    "BoundingBoxIOUConfig BoundingBoxMAPConfig BoundingBoxPrecisionConfig BoundingBoxRecallConfig "
    "PolygonIOUConfig PolygonMAPConfig CuboidIOU2DConfig CategorizationF1Config "
    "SegmentationToPolyMAPConfig SegmentationIOUConfig",
    "validate.eval_functions.base_eval_function": "EvalFunctionConfig",
    "validate.data_transfer_objects.eval_function": "EvaluationCriterion EvalFunctionEntry",
    "validate.data_transfer_objects.scenario_test_evaluations": "EvaluationResult",
}


@pytest.mark.parametrize("module", PLACES)
def test_a_script_finds_what_it_imports(module: str) -> None:
    found = importlib.import_module(f"nucleus_lab.{module}")

    assert [name for name in PLACES[module].split() if not hasattr(found, name)] == []


def test_the_alias_reaches_modules_and_names(tmp_path: Path) -> None:
    script = (
        "import nucleus_lab as nucleus\n"
        "nucleus.metrics.PolygonIOU, nucleus.validate.EvaluationCriterion\n"
        "from nucleus_lab.annotation import Point\n"
        "import nucleus_lab.prediction, nucleus_lab.constants\n"
        "client = nucleus.NucleusClient()\n"
        "dataset = client.create_dataset('a')\n"
        "dataset.append([nucleus.DatasetItem('https://example.org/a.jpg', 'a')])\n"
        "corners = [Point(0, 0), Point(2, 0), Point(2, 2)]\n"
        "dataset.annotate([nucleus.annotation.PolygonAnnotation('x', corners, 'a')])\n"
        "row = dataset.items_and_annotations()[0]\n"
        "print(row[nucleus.constants.ANNOTATIONS_KEY]['polygon'][0].label)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NUCLEUS_LAB_WORKSPACE": str(tmp_path / "w")},
        capture_output=True,
        text=True,
    )

    assert (done.stdout, done.returncode) == ("x\n", 0), done.stderr


@pytest.mark.parametrize(
    "section",
    [
        "items_by_url", "ground_truth", "predictions", "slices", "jobs", "tags", "scenario_tests",
        "model_runs", "evaluations", "weights",
    ],
)  # fmt: skip
def test_the_driver_of_published_clients_runs_inside_this_process(
    section: str,
    workspace: Path,
    pictures_and_masks: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NUCLEUS_LAB_WORKSPACE", str(workspace))
    lab = Lab("nucleus_lab", str(pictures_and_masks))

    with lab.client:
        assert SECTIONS[section](lab)


VALUES = [
    nucleus.DatasetItem("https://example.org/a.jpg", "a", {"k": [1, 2.5, None]}, width=3, height=4),
    nucleus.BoxAnnotation("car", 1, 2.5, 3, 4, "a", "id", {"k": 1}),
    nucleus.BoxPrediction("car", 1, 2.5, 3, 4, "a", 0.5, class_pdf={"car": 1.0}),
    nucleus.PolygonAnnotation("road", [nucleus.Point(1, 2), nucleus.Point(3, 4)], "a"),
    nucleus.LineAnnotation("lane", [nucleus.Point(1, 2), nucleus.Point(3, 4)], "a"),
    nucleus.KeypointsAnnotation("p", [nucleus.Keypoint(1, 2, True)], ["l"], [], "a"),
    nucleus.CuboidAnnotation("car", nucleus.Point3D(1, 2, 3), nucleus.Point3D(4, 5, 6), 0.5, "a"),
    nucleus.CategoryAnnotation("day", "a", "weather", {"m": 1}),
    nucleus.MultiCategoryAnnotation(["wet"], "a", "feel"),
    nucleus.SegmentationAnnotation("s3://b/a.png", [nucleus.Segment("sky", 1, {"m": 1})], "a"),
    nucleus.Frame(cam=nucleus.DatasetItem("https://example.org/a.jpg", "a")),
    nucleus.CameraParams(
        nucleus.Point3D(1, 2, 3), nucleus.Quaternion(0, 0, 0, 1), 1.0, 2.0, 3.0, 4.0
    ),
    nucleus.Track("t", "ds_1", {"k": 1}),
    nucleus.RollupGroup("vehicle", ["car", "bus"]),
    nucleus.MetadataExclusionRule("k", "IN", [1]),
    nucleus.LabelExclusionRule("item", "prediction", ["car"]),
    nucleus.BoxAreaExclusionRule("annotation", "groundTruth", min=1.5),
    nucleus.ModelWeights("prj_1", True, "uploaded", 3, "w.bin"),
    nucleus.EvaluationV2("evalv2_1", None, "succeeded", "prj_1", "a"),
    nucleus.Benchmark("bm_1", "b", item_count=2),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_a_value_shows_makes_it_again(value: Any) -> None:
    names = {name: getattr(nucleus, name) for name in nucleus.__all__}

    assert eval(repr(value), names) == value


def test_local_deduplication_keeps_one_of_those_that_look_alike() -> None:
    from nucleus_lab.dataset_item import DatasetItem
    from nucleus_lab.errors import InvalidInputError
    from nucleus_lab.local_deduplication import deduplicate_by_phash

    def item(name: str, bits: int) -> DatasetItem:
        return DatasetItem("https://example.org/a.jpg", name, phash=f"{bits:064b}")

    given = [item("c", 0b111), item("b", 0), item("a", 0), item("d", 2**63)]

    def names(threshold: int) -> list[str | None]:
        return deduplicate_by_phash(given, threshold).unique_reference_ids

    # c differs from a in three bits, d in one.
    assert (names(0), names(1), names(3)) == (["a", "c", "d"], ["a", "c"], ["a"])
    assert names(64) == ["a"]
    rows = [{"item": value} for value in given]
    assert deduplicate_by_phash(rows, 0, sort_key=lambda row: 1).unique[0] == rows[1]
    with pytest.raises(InvalidInputError, match="phash"):
        deduplicate_by_phash([DatasetItem("https://example.org/a.jpg", "a")], 1)
    with pytest.raises(InvalidInputError, match="threshold"):
        deduplicate_by_phash(given, 65)
    with pytest.raises(TypeError, match="DatasetItem"):
        deduplicate_by_phash([3], 1)


def test_a_client_is_found_under_both_names() -> None:
    assert nucleus.NucleusClient is NucleusClient
