"""Evaluations of masks: each segment is an object, compared pixel by pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as codec
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    DatasetItem,
    NucleusClient,
    Segment,
    SegmentationAnnotation,
    SegmentationPrediction,
)
from nucleus_lab.errors import MediaError

SIZE = (40, 30)


def picture(folder: Path, name: str, pixels: Any) -> str:
    path = folder / f"{name}.png"
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return str(path)


def grid(*blocks: tuple[int, int, int, int, int]) -> np.ndarray:
    """Zeros with blocks of ``value, x, y, width, height``."""
    pixels = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    for value, x, y, width, height in blocks:
        pixels[y : y + height, x : x + width] = value
    return pixels


@pytest.fixture
def dataset(client: NucleusClient, tmp_path: Path) -> Any:
    made = client.create_dataset("masked")
    for name in "abc":
        Image.new("RGB", SIZE).save(tmp_path / f"{name}.png")
    made.append([
        DatasetItem(str(tmp_path / f"{name}.png"), reference_id=f"{name}.png") for name in "abc"
    ])
    return made


def evaluated(dataset: Any, model: Any) -> tuple[Any, Any]:
    job = dataset.calculate_evaluation_metrics(model)
    job.sleep_until_complete(verbose_std_out=False)
    return dataset.evaluation(model), job


def segments(*labels: str, sure: float | None = None) -> list[Segment]:
    metadata = None if sure is None else {"confidence": sure}
    return [Segment(label, at, metadata) for at, label in enumerate(labels, 1)]


def test_each_instance_of_a_mask_is_matched_by_its_pixels(
    client: NucleusClient, dataset: Any, tmp_path: Path
) -> None:
    truth = grid((1, 0, 0, 10, 10), (2, 20, 0, 10, 10), (3, 0, 20, 10, 10))
    found = grid((1, 0, 0, 10, 8), (2, 20, 0, 10, 10), (3, 30, 20, 5, 5))
    dataset.annotate([
        SegmentationAnnotation(
            picture(tmp_path, "t", truth), segments("cell", "cell", "nucleus"), "a.png"
        )
    ])
    model = client.create_model("m", "m")
    dataset.upload_predictions(
        model,
        [
            SegmentationPrediction(
                picture(tmp_path, "p", found), segments("cell", "nucleus", "cell"), "a.png"
            )
        ],
    )

    report, job = evaluated(dataset, model)

    matches = sorted(
        (match.ground_truth_annotation_label, match.model_prediction_label, match.iou)
        for match in dataset.query_objects("", "iou", report.model_run_id)
        if match.iou
    )
    assert matches == [("cell", "cell", 0.8), ("cell", "nucleus", 1.0)]
    assert (report.overall.annotations, report.overall.predictions) == (3, 3)
    assert report.for_class("cell").true_positives == 1
    assert (report.ap_protocol, report.not_evaluated, job.errors()) == ("segm", {}, [])


def test_the_average_precision_of_masks_is_that_of_pycocotools(
    client: NucleusClient, dataset: Any, tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    model = client.create_model("m", "m")
    truths: list[dict[str, Any]] = []
    guesses: list[dict[str, Any]] = []
    for image, name in enumerate("abc", 1):
        blocks = [(at, 10 * at - 8, 4 + 2 * at, 7, 9) for at in (1, 2, 3)]
        moved = [(at, x + int(random.integers(0, 4)), y, w, h) for at, x, y, w, h in blocks]
        labels = [str(random.choice(["one", "two"])) for _ in blocks]
        scores = random.uniform(0, 1, len(blocks)).round(3).tolist()
        dataset.annotate([
            SegmentationAnnotation(
                picture(tmp_path, f"t{name}", grid(*blocks)), segments(*labels), f"{name}.png"
            )
        ])
        chosen = [
            Segment(label, at, {"confidence": score})
            for at, (label, score) in enumerate(zip(labels, scores, strict=True), 1)
        ]
        place = picture(tmp_path, f"p{name}", grid(*moved))
        dataset.upload_predictions(model, [SegmentationPrediction(place, chosen, f"{name}.png")])
        for rows, shapes in ((truths, blocks), (guesses, moved)):
            for at, label in enumerate(labels, 1):
                runs = codec.encode(np.asfortranarray(grid(*shapes) == at).astype(np.uint8))
                row = {"id": len(rows) + 1, "image_id": image, "segmentation": runs}
                row |= {"category_id": 1 + (label == "two"), "iscrowd": 0}
                row |= {"area": float(codec.area(runs)), "bbox": codec.toBbox(runs).tolist()}
                rows.append(row | ({"score": scores[at - 1]} if rows is guesses else {}))
    ground = COCO()
    ground.dataset = {
        "images": [{"id": at, "width": SIZE[0], "height": SIZE[1]} for at in (1, 2, 3)],
        "categories": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}],
        "annotations": truths,
    }
    ground.createIndex()
    judge = COCOeval(ground, ground.loadRes(guesses), "segm")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()

    report, _ = evaluated(dataset, model)

    assert 0.1 < judge.stats[0] < 0.9
    assert report.overall.ap == pytest.approx(judge.stats[0], abs=1e-6)
    assert report.overall.ap50 == pytest.approx(judge.stats[1], abs=1e-6)


def test_masks_and_boxes_are_not_taken_for_each_other(
    client: NucleusClient, dataset: Any, tmp_path: Path
) -> None:
    place = picture(tmp_path, "t", grid((1, 0, 0, 10, 10)))
    model = client.create_model("m", "m")
    dataset.annotate([
        SegmentationAnnotation(place, segments("cell"), "a.png"),
        BoxAnnotation("cell", 20, 20, 5, 5, "a.png"),
    ])
    dataset.upload_predictions(
        model,
        [
            SegmentationPrediction(place, segments("cell"), "b.png"),
            BoxPrediction("cell", 0, 0, 10, 10, "a.png", 0.9),
        ],
    )

    report, _ = evaluated(dataset, model)

    assert (report.overall.annotations, report.overall.predictions) == (2, 2)
    assert report.overall.true_positives == 0


def test_masks_of_one_side_alone_are_counted_as_not_evaluated(
    client: NucleusClient, dataset: Any, tmp_path: Path
) -> None:
    place = picture(tmp_path, "t", grid((1, 0, 0, 10, 10)))
    model = client.create_model("m", "m")
    dataset.annotate([SegmentationAnnotation(place, segments("cell"), "a.png")])
    dataset.upload_predictions(model, [BoxPrediction("cell", 0, 0, 10, 10, "a.png", 0.9)])

    assert evaluated(dataset, model)[0].not_evaluated == {"mask": 1}


def test_a_mask_at_a_url_is_held_against_its_picture_when_it_is_read(
    workspace: Path, tmp_path: Path, hosted: tuple[Path, str]
) -> None:
    folder, place = hosted
    picture(folder, "good", grid((1, 0, 0, 10, 10)))
    picture(folder, "turned", grid((1, 0, 0, 10, 10)).T)
    (folder / "text.png").write_text("no picture")
    for name in "abcd":
        Image.new("RGB", SIZE).save(tmp_path / f"{name}.png")
    names = {"a": "good", "b": "turned", "c": "text", "d": "missing"}
    with NucleusClient(workspace=workspace) as client:
        dataset = client.create_dataset("far")
        dataset.append([DatasetItem(str(tmp_path / f"{n}.png"), reference_id=n) for n in names])
        model = client.create_model("m", "m")
        for kind in (SegmentationAnnotation, SegmentationPrediction):
            masks = [kind(f"{place}/{url}.png", segments("cell"), n) for n, url in names.items()]
            if kind is SegmentationAnnotation:
                dataset.annotate(masks)
            else:
                dataset.upload_predictions(model, masks)

        report, job = evaluated(dataset, model)
        turned = dataset.rows(list(dataset.item_ids()))[1]["annotations"][0]["id"]

        assert (report.overall.annotations, report.overall.true_positives) == (1, 1)
        assert report.not_evaluated == {"mask": 6}
        told = sorted(set(job.errors()))
        assert [text.split(":")[0] for text in told] == [
            f"the mask of item {name!r} was not evaluated" for name in "bcd"
        ]
        size = (
            rf"the mask '{place}/turned\.png' of item 'b' does not fit: it has 30 x 40 pixels and "
            "the picture 40 x 30: give a mask of the size of the picture"
        )
        with pytest.raises(AssertionError, match=size):
            raise AssertionError(told[0])
        with pytest.raises(MediaError, match=size):
            dataset.mask_bytes(turned)
