"""CPU cost of an evaluation: 10,000 images with 10 annotations and 10 predictions each.

Run ``python -m benchmarks.evaluate [IMAGES] [--pycocotools]``. Ours reads boxes from the store,
matches, computes every metric and stores every match and the report; the peers compute COCO
metrics from what is in memory and store nothing. All in one run, CPU seconds of the process, the
median of several runs.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import tempfile
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from sqlalchemy import select

from nucleus_lab.columns import BoxColumns, ItemColumns
from nucleus_lab.engine import Engine
from nucleus_lab.engine.evaluation_arrays import DatasetArrays
from nucleus_lab.engine.evaluation_run import evaluate
from nucleus_lab.engine.evaluations import EvaluationOptions
from nucleus_lab.engine.schema import dataset, evaluation, match, model_run
from nucleus_lab.evaluation.coco import coco_metrics
from nucleus_lab.evaluation.objects import Objects
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request, plain

LIMIT = 2.0
OBJECTS = 10
CLASSES = 20
RUNS = 3


def make(images: int) -> tuple[Objects, Objects]:
    """Truths, and predictions that shift, mislabel and rank them at random."""
    random = np.random.default_rng(7)
    size = images * OBJECTS
    group = np.repeat(np.arange(images), OBJECTS)
    boxes = np.column_stack([random.uniform(0, 500, (size, 2)), random.uniform(20, 140, (size, 2))])
    label = random.integers(0, CLASSES, size)
    moved = boxes + random.normal(0, 8, boxes.shape)
    moved[:, 2:] = np.abs(moved[:, 2:]) + 1
    guess = np.where(random.random(size) < 0.7, label, random.integers(0, CLASSES, size))
    return (
        Objects.of(group, label, boxes),
        Objects.of(group, guess, moved, confidence=random.random(size)),
    )


def fill(engine: Engine, truths: Objects, predictions: Objects, images: int) -> tuple[int, int]:
    """Put both into a workspace; returns the keys of the dataset and of the run."""

    def ask(path: str, payload: Any) -> Any:
        answer = dispatch(engine, Request("POST", path, plain(payload)))
        if answer.status != 200:
            raise RuntimeError(answer.payload)
        return answer.payload

    ds = ask("dataset/create", {"name": "benchmark"})["dataset_id"]
    prj = ask("models/add", {"name": "detector", "reference_id": "detector"})["model_id"]
    names = [f"image_{index:06}.jpg" for index in range(images)]
    for objects, model_id in ((truths, None), (predictions, prj)):
        items = ItemColumns(
            names,
            [f"https://example.org/{name}" for name in names],
            [640] * images,
            [640] * images,
        )
        scored = objects.confidence.tolist() if model_id else []
        boxes = BoxColumns(
            objects.group.tolist(),
            [f"class {label:02}" for label in objects.label.tolist()],
            [f"box {index}" for index in range(len(objects))],
            *objects.boxes.T.tolist(),
            scored,
        )
        body = {"items": items, "boxes": boxes, "update": False, "model_id": model_id}
        ask(f"lab/dataset/{ds}/columns", body)
    with engine.store.read() as connection:
        return (
            connection.scalar(select(dataset.c.id)) or 0,
            connection.scalar(select(model_run.c.id)) or 0,
        )


def cpu(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median CPU seconds."""
    spent = []
    for _ in range(runs):
        started = process_time()
        work()
        spent.append(process_time() - started)
    return statistics.median(spent)


def phases(engine: Engine, dataset_id: int, run_id: int) -> dict[str, float]:
    """Median CPU seconds of each phase of an evaluation, cut at its own progress reports."""
    marks = ("reading and matching", "computing average", "computing precision", "storing")
    names = ("read and match", "average precision", "other metrics", "store")
    runs: list[dict[str, float]] = []
    for _ in range(RUNS):
        started = process_time()
        begun: dict[str, float] = {}

        def note(_done: int, _total: int, text: str, begun: dict[str, float] = begun) -> None:
            for mark in marks:
                if text.startswith(mark):
                    begun.setdefault(mark, process_time())

        evaluate(engine.store, dataset_id, run_id, EvaluationOptions(), progress=note)
        ended = process_time()
        cuts = [started, *(begun[mark] for mark in marks[1:]), ended]
        spent = dict(zip(names, np.diff(cuts).tolist(), strict=True))
        runs.append(spent | {"whole": ended - started})

    def read() -> None:
        with engine.store.read() as connection:
            arrays = DatasetArrays(connection, dataset_id, run_id)
            for _ in arrays.parts(400):
                pass

    answer = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return {"read alone": cpu(read), **answer}


def coco_json(
    truths: Objects, predictions: Objects, images: int
) -> tuple[dict[str, Any], list[Any]]:
    """The same boxes as pycocotools reads them."""
    ground = {
        "images": [{"id": index + 1, "width": 640, "height": 640} for index in range(images)],
        "categories": [{"id": label + 1, "name": str(label)} for label in range(CLASSES)],
        "annotations": [
            {
                "id": index + 1,
                "image_id": group + 1,
                "category_id": label + 1,
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": 0,
            }
            for index, (group, label, box) in enumerate(_columns(truths))
        ],
    }
    results = [
        {"image_id": group + 1, "category_id": label + 1, "bbox": box, "score": score}
        for (group, label, box), score in zip(
            _columns(predictions), predictions.confidence.tolist(), strict=True
        )
    ]
    return ground, results


def _columns(objects: Objects) -> Any:
    return zip(objects.group.tolist(), objects.label.tolist(), objects.boxes.tolist(), strict=True)


def peer(name: str, ground: dict[str, Any], results: list[Any]) -> float:
    """Run a peer on dictionaries; returns its mAP."""
    if name == "hotcoco":
        from hotcoco import COCO, COCOeval
    elif name == "faster-coco-eval":
        from faster_coco_eval import COCO
        from faster_coco_eval import COCOeval_faster as COCOeval
    else:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    with contextlib.redirect_stdout(io.StringIO()):
        if name == "pycocotools":
            truth = COCO()
            truth.dataset = ground
            truth.createIndex()
        else:
            truth = COCO(ground)
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = np.asarray(evaluation.eval["precision"])[:, :, :, 0, -1]
    return float(precision[precision > -1].mean())


def main() -> None:
    numbers = [argument for argument in sys.argv[1:] if argument.isdigit()]
    images = int(numbers[0]) if numbers else 10_000
    truths, predictions = make(images)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(folder)
        dataset_id, run_id = fill(engine, truths, predictions, images)
        evaluate(engine.store, dataset_id, run_id, EvaluationOptions())  # imports and caches
        ours = phases(engine, dataset_id, run_id)
        with engine.store.read() as connection:
            kept = len(connection.execute(select(match.c.id)).all())
            reports = len(connection.execute(select(evaluation.c.id)).all())
        engine.close()
    print(f"{images:,} images x {OBJECTS} truths x {OBJECTS} predictions, CPU seconds")
    for name, seconds in ours.items():
        print(f"  ours: {name:<24}{seconds:8.3f}")
    print(f"  {kept:,} matches and {reports} report stored; limit {LIMIT:.1f}")
    found = {"hotcoco, from arrays": coco_metrics(truths, predictions).ap}
    spent = {"hotcoco, from arrays": cpu(lambda: coco_metrics(truths, predictions))}
    ground, results = coco_json(truths, predictions, images)
    peers = ["hotcoco", "faster-coco-eval"]
    if "--pycocotools" in sys.argv:
        peers.append("pycocotools")
    for name in peers:
        runs = 1 if name == "pycocotools" else RUNS
        spent[name] = cpu(lambda name=name: peer(name, ground, results), runs)
        found[name] = peer(name, ground, results)
    for name, seconds in spent.items():
        print(f"  {name:<30}{seconds:8.3f}   mAP {found[name]:.7f}")
    if max(found.values()) - min(found.values()) > 1e-6:
        sys.exit("the libraries disagree")
    if images == 10_000 and ours["whole"] > LIMIT:
        sys.exit(f"{ours['whole']:.2f} s is above the limit of {LIMIT} s")


if __name__ == "__main__":
    main()
