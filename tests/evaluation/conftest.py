"""A small dataset with known mistakes, in a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from seeding import Seeded, box
from sqlalchemy import insert

from nucleus_lab.engine import Engine, clock, datasets, models
from nucleus_lab.engine.schema import model, model_run, taxonomy


@pytest.fixture
def make_seeded(engine: Engine) -> Callable[..., Seeded]:
    """Make an empty dataset with a model."""

    def make(name: str = "street") -> Seeded:
        with engine.store.write() as connection:
            dataset_id = datasets.create(connection, name)
            row = {"reference_id": name, "name": name, "created_at": clock.now()}
            model_id = connection.scalar(insert(model).values(row).returning(model.c.id))
            run = {
                "model_id": model_id,
                "dataset_id": dataset_id,
                "name": models.RUN_NAME,
                "created_at": clock.now(),
            }
            run_id = connection.scalar(insert(model_run).values(run).returning(model_run.c.id))
        return Seeded(engine, dataset_id, model_id, run_id)

    return make


@pytest.fixture
def seeded(make_seeded: Callable[..., Seeded]) -> Seeded:
    """Four items: a car found and a bus taken for a car, a dog missed, a loose car, nothing."""
    found = make_seeded()
    found.add_items(["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
    found.add("a.jpg", "car", **box(0, 0, 10, 10))
    found.add("a.jpg", "bus", **box(50, 0, 10, 10))
    found.add("b.jpg", "dog", **box(0, 0, 10, 10))
    found.add("c.jpg", "car", **box(0, 0, 10, 10))
    found.add("a.jpg", "car", score=0.9, **box(0, 0, 10, 10))
    found.add("a.jpg", "car", score=0.8, **box(50, 0, 10, 10))
    found.add("b.jpg", "car", score=0.7, **box(80, 80, 5, 5))
    found.add("c.jpg", "car", score=0.6, **box(5, 5, 5, 5))
    return found


@pytest.fixture
def taxonomy_of(engine: Engine) -> Callable[[Seeded, str], int]:
    """Make a taxonomy of categories."""

    def make(of: Seeded, name: str) -> int:
        with engine.store.write() as connection:
            row = {"dataset_id": of.dataset_id, "name": name, "type": "category", "labels": "[]"}
            return connection.scalar(insert(taxonomy).values(row).returning(taxonomy.c.id))

    return make


@pytest.fixture
def blood_cells(shared_data: Path, new_workspace: Path) -> Iterator[tuple[Any, Any, Any]]:
    """A client, real photographs of blood cells, and the model of their real detections."""
    from nucleus_lab import NucleusClient

    folder = shared_data / "bccd"
    truth_file = folder / "predictions" / "gt_coco.json"
    result_file = folder / "predictions" / "classical_detector_results.json"
    with NucleusClient(workspace=new_workspace) as client:
        dataset = client.create_dataset("blood cells")
        dataset.import_from(truth_file, "coco", images=folder / "images")
        model = client.create_model("Classical detector", "classical")
        dataset.import_predictions_from(model, result_file, ground_truth=truth_file)
        yield client, dataset, model
