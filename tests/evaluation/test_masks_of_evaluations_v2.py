"""Evaluation V2 of masks, by their pixels; and masks at URLs, fetched between transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import (
    DatasetItem,
    NucleusClient,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)
from nucleus_lab.engine import remote
from nucleus_lab.engine.store import Store
from nucleus_lab.validate import ScenarioTest

SIZE = (200, 150)

# value, x, y, width, height; a truth of 40 x 40, one found by 4/5, one taken for another class,
# one badly placed, one on the background, one missed.
TRUTH = [(1, 0, 0, 40, 40), (2, 60, 0, 10, 10), (3, 120, 0, 30, 30), (4, 0, 100, 20, 20)]
FOUND = [(1, 0, 0, 40, 32), (2, 60, 0, 10, 10), (3, 120, 15, 30, 30), (4, 100, 100, 20, 20)]


def grid(blocks: list[tuple[int, ...]]) -> Any:
    pixels = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    for value, x, y, width, height in blocks:
        pixels[y : y + height, x : x + width] = value
    return pixels


def picture(folder: Path, name: str, pixels: Any) -> str:
    path = folder / f"{name}.png"
    Image.fromarray(pixels).save(path)
    return str(path)


def segments(*labels: str, sure: list[float] | None = None) -> list[Segment]:
    scores = sure or [None] * len(labels)
    return [
        Segment(label, at, None if score is None else {"confidence": score})
        for at, (label, score) in enumerate(zip(labels, scores, strict=True), 1)
    ]


@pytest.fixture
def masked(client: NucleusClient, tmp_path: Path) -> tuple[Any, Any]:
    """A dataset of three pictures, of which two have the same masks, and a model."""
    dataset = client.create_dataset("masked")
    dataset.append([
        DatasetItem(picture(tmp_path, name, grid([])), reference_id=name) for name in "abc"
    ])
    model = client.create_model("m", "m")
    truth, found = picture(tmp_path, "t", grid(TRUTH)), picture(tmp_path, "p", grid(FOUND))
    labels = segments("cell", "cell", "nucleus", "cell")
    guesses = segments("cell", "nucleus", "nucleus", "cell", sure=[0.9, 0.8, 0.7, 0.6])
    dataset.annotate([SegmentationAnnotation(truth, labels, name) for name in "ab"])
    dataset.upload_predictions(
        model, [SegmentationPrediction(found, guesses, name) for name in "ab"]
    )
    return dataset, model


def evaluated(client: NucleusClient, model: Any, **more: Any) -> Any:
    (run,) = model.model_runs()
    made = client.create_evaluation_v2(run, **more)
    return made.wait_for_completion()


def test_evaluation_v2_compares_the_segments_of_masks_by_their_pixels(
    client: NucleusClient, masked: tuple[Any, Any]
) -> None:
    dataset, model = masked
    evaluation = evaluated(client, model)
    charts = evaluation.charts()

    assert evaluation.exclusion_stats["not_evaluated"] == {}
    assert vars(charts.totalCounts) == {"tp": 2, "fp": 6, "fn": 6, "predsWithConfidence": 8}
    assert {
        (cell.gtLabel, cell.predLabel): cell.count for cell in charts.confusionMatrix
    } == {
        ("cell", "cell"): 2,
        ("cell", "nucleus"): 2,
        ("nucleus", "background"): 2,
        ("cell", "background"): 2,
        ("background", "nucleus"): 2,
        ("background", "cell"): 2,
    }  # fmt: skip
    causes = {name: count for name, count in vars(charts.tideAttribution).items() if count}
    assert causes == {
        "truePositive": 2, "classification": 2, "localization": 2, "background": 2, "missed": 2,
    }  # fmt: skip
    job = dataset.calculate_evaluation_metrics(model)
    job.sleep_until_complete(verbose_std_out=False)
    report = dataset.evaluation(model).overall
    summary = charts.mapSummary
    assert (summary.mapAt5095, summary.mapAt50) == pytest.approx((report.ap, report.ap50))
    assert summary.mapAt5095 > 0


def test_rows_of_masks_have_their_area_in_pixels_and_ids_of_their_own(
    client: NucleusClient, masked: tuple[Any, Any]
) -> None:
    _, model = masked
    evaluation = evaluated(client, model)
    page = evaluation.examples(limit=100)

    assert len({row.id for row in page.rows}) == page.total == 14
    areas = sorted(row.gt_area for row in page.rows if row.match_type == "FN")
    assert areas == [100.0, 100.0, 400.0, 400.0, 900.0, 900.0]
    (first, *_) = evaluation.examples("TP").rows
    assert (first.iou, first.confidence, first.gt_raw_label) == (0.8, 0.9, "cell")
    large = evaluation.charts(filters={"gtAreaRange": {"min": 1000}})
    assert (large.totalCounts.tp, large.totalCounts.fn) == (2, 0)
    # Charts computed anew from what is stored are those of the evaluation.
    assert evaluation.charts(filters={"iouRange": {"min": 0}}) == evaluation.charts()


def test_an_evaluation_of_a_slice_reads_the_masks_of_its_items_alone(
    client: NucleusClient, masked: tuple[Any, Any]
) -> None:
    dataset, model = masked
    part = dataset.create_slice("a alone", ["a", "c"])

    charts = evaluated(client, model, slice_id=part.id).charts()

    assert vars(charts.totalCounts) == {"tp": 1, "fp": 3, "fn": 3, "predsWithConfidence": 4}


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> list[tuple[str, int]]:
    """Each URL that is fetched, and how many transactions of this workspace are open meanwhile."""
    monkeypatch.setenv("NUCLEUS_LAB_INLINE_JOBS", "true")
    opened: list[None] = []
    found: list[tuple[str, int]] = []
    fetch = remote.fetch

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def wrapper(store: Store, *given: Any, **more: Any) -> Iterator[Any]:
            with method(store, *given, **more) as connection:
                if not store.place.startswith(str(workspace)):  # what an earlier test left behind
                    yield connection
                    return
                opened.append(None)
                try:
                    yield connection
                finally:
                    opened.pop()

        return wrapper

    def noted(url: str, *more: Any) -> bytes:
        found.append((url.rpartition("/")[2], len(opened)))
        return fetch(url, *more)

    monkeypatch.setattr(Store, "read", counted(Store.read))
    monkeypatch.setattr(Store, "write", counted(Store.write))
    monkeypatch.setattr(remote, "fetch", noted)
    return found


@pytest.fixture
def far(
    workspace: Path, tmp_path: Path, hosted: tuple[Path, str], fetches: list[Any]
) -> Iterator[Any]:
    """A client, and a dataset and a model whose masks stay at URLs."""
    folder, place = hosted
    with NucleusClient(workspace=workspace) as client:
        dataset = client.create_dataset("far")
        dataset.append([DatasetItem(picture(tmp_path, "a", grid([])), reference_id="a")])
        model = client.create_model("m", "m")
        for name, blocks in (("t", TRUTH), ("p", FOUND)):
            picture(folder, name, grid(blocks))
        labels = segments("cell", "cell", "nucleus", "cell")
        dataset.annotate([SegmentationAnnotation(f"{place}/t.png", labels, "a")])
        dataset.upload_predictions(model, [SegmentationPrediction(f"{place}/p.png", labels, "a")])
        yield client, dataset, model
    assert sorted(fetches) == [("p.png", 0), ("t.png", 0)]


def test_no_transaction_is_open_while_an_evaluation_fetches_masks(far: Any) -> None:
    _, dataset, model = far

    dataset.calculate_evaluation_metrics(model)

    assert dataset.evaluation(model).overall.true_positives == 2


def test_no_transaction_is_open_while_an_evaluation_v2_fetches_masks(far: Any) -> None:
    client, _, model = far

    assert evaluated(client, model).charts().totalCounts.tp == 2


def test_no_transaction_is_open_while_a_scenario_test_fetches_masks(far: Any) -> None:
    client, dataset, model = far
    part = dataset.create_slice("all", ["a"])
    functions = client.validate.eval_functions
    test: ScenarioTest = client.validate.create_scenario_test("s", part.id, [functions.seg_iou()])

    client.validate.evaluate_model_on_scenario_tests(model.id, [test.name])

    (history,) = test.get_eval_history()
    assert 0 < history.result < 1


def test_a_mask_that_is_uploaded_meanwhile_is_told(
    far: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nucleus_lab.engine.mask_objects import MaskObjects

    _, dataset, model = far
    prepare = MaskObjects.prepare

    def then_uploaded(self: MaskObjects, *given: Any, **more: Any) -> None:
        prepare(self, *given, **more)
        mask = dataset.refloc("a")["annotations"]["segmentation"][0]
        mask.annotations = segments("nucleus")
        dataset.annotate([mask], update=True)

    monkeypatch.setattr(MaskObjects, "prepare", then_uploaded)
    job = dataset.calculate_evaluation_metrics(model)

    told = "it was uploaded while masks were read; evaluate again"
    assert job.errors() == [f"the mask of item 'a' was not evaluated: {told}"]
    assert dataset.evaluation(model).not_evaluated == {"mask": 1}
