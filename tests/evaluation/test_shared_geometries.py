"""A thing with a box and an outline is not counted twice."""

from __future__ import annotations

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    DatasetItem,
    NucleusClient,
    Point,
    PolygonAnnotation,
    PolygonPrediction,
)

SQUARE = [Point(0, 0), Point(10, 0), Point(10, 10), Point(0, 10)]


def _report(client: NucleusClient, truths: list[object], found: list[object]) -> tuple[object, ...]:
    dataset = client.create_dataset("shapes")
    dataset.append([DatasetItem("https://example.org/a.jpg", "a.jpg")])
    dataset.annotate(truths)
    model = client.create_model("model", "model")
    dataset.upload_predictions(model, found)
    dataset.calculate_evaluation_metrics(model).sleep_until_complete(verbose_std_out=False)
    report = dataset.evaluation(model)
    return report.overall.annotations, report.overall.predictions, report.not_evaluated


BOX = BoxAnnotation("cat", 0, 0, 10, 10, "a.jpg", "1")
OUTLINE = PolygonAnnotation("cat", SQUARE, "a.jpg", "1/polygon")
FOUND_BOX = BoxPrediction("cat", 0, 0, 10, 10, "a.jpg", 0.9)
FOUND_OUTLINE = PolygonPrediction("cat", SQUARE, "a.jpg", 0.9, "p")


def test_outlines_are_left_out_where_the_model_predicts_boxes(client: NucleusClient) -> None:
    assert _report(client, [BOX, OUTLINE], [FOUND_BOX]) == (1, 1, {"polygon": 1})


def test_boxes_are_left_out_where_the_model_predicts_outlines(client: NucleusClient) -> None:
    assert _report(client, [BOX, OUTLINE], [FOUND_OUTLINE]) == (1, 1, {"box": 1})


def test_both_are_compared_where_both_are_predicted(client: NucleusClient) -> None:
    found = [FOUND_BOX, FOUND_OUTLINE]

    assert _report(client, [BOX, OUTLINE], found) == (2, 2, {})


def test_a_box_is_compared_with_an_outline_where_nothing_else_is_there(
    client: NucleusClient,
) -> None:
    assert _report(client, [OUTLINE], [FOUND_BOX]) == (1, 1, {})
