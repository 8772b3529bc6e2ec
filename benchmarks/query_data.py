"""A workspace of a million items and five million boxes, filled the way the engine fills one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from nucleus_lab.engine import Engine, datasets, schema
from nucleus_lab.engine.store import Store

LABELS = ("car", "bus", "truck", "person", "dog", "bicycle", "sign", "light")
_WEIGHTS = (30, 6, 8, 25, 3, 6, 12, 10)
_WEATHER = ("fog", "rain", "sun", "snow", "wind", "hail", "dusk", "dawn", "haze", "ice")
_CHUNK = 200_000


def fill(engine: Engine, items: int) -> int:
    """Make a dataset; each item has 0 to 10 boxes and as many predicted ones.

    Args:
        engine: An engine with an empty workspace.
        items: How many.

    Returns:
        Primary key of the dataset.
    """
    store = engine.store
    with store.write(bulk=True) as connection:
        dataset_id = datasets.create(connection, "benchmark")
        _items(store, connection, dataset_id, items)
        connection.execute(schema.dataset.update().values(next_position=items, change_seq=1))
        connection.execute(
            schema.label.insert(), [{"dataset_id": dataset_id, "name": name} for name in LABELS]
        )
        connection.execute(
            schema.model.insert(), [{"reference_id": "m", "name": "m", "created_at": 0}]
        )
        connection.execute(
            schema.model_run.insert(),
            [{"model_id": 1, "dataset_id": dataset_id, "name": "m", "created_at": 0}],
        )
    names = ["item_id", "annotation_id", "type", "label_id", "x", "y", "width", "height"]
    for table, more, key in (
        (schema.annotation, [], ["item_id", "annotation_id"]),
        (
            schema.prediction,
            ["confidence", "model_run_id"],
            ["model_run_id", "item_id", "annotation_id"],
        ),
    ):
        for first in range(1, items + 1, _CHUNK):
            rows = _boxes(first, min(first + _CHUNK, items + 1), predicted=bool(more))
            with store.write(bulk=True) as connection:
                store.upsert(connection, table, [*names, *more], rows, key=key)
    return dataset_id


def _items(store: Store, connection: Any, dataset_id: int, items: int) -> None:
    draw = random.Random(1)
    rows = (
        (
            dataset_id,
            f"image_{number:07}",
            number,
            "image",
            f"/data/{number}.jpg",
            json.dumps({
                "weather": draw.choice(_WEATHER),
                "speed": round(draw.random() * 60, 2),
                "frame_number": number % 300,
            }),
            0,
        )
        for number in range(items)
    )
    columns = ["dataset_id", "reference_id", "position", "kind", "location", "metadata"]
    key = ["dataset_id", "reference_id"]
    store.upsert(connection, schema.item, [*columns, "created_at"], rows, key=key)


def _boxes(first: int, stop: int, *, predicted: bool) -> Iterator[tuple[Any, ...]]:
    draw = random.Random(first)
    for item in range(first, stop):
        number = draw.randrange(11)
        for at, label in enumerate(draw.choices(range(1, 9), _WEIGHTS, k=number)):
            size = draw.random() * 90
            row = (item, f"b{at:02}", 1, label, 1.0, 2.0, size, 9.0)
            yield (*row, draw.random(), 1) if predicted else row
