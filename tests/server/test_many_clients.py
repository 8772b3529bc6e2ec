"""Many clients at once: nothing is lost, nothing is stored twice, and no answer is a 5xx."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from live_server import serving

from nucleus_lab import BoxAnnotation, BoxPrediction, DatasetItem, NucleusClient

CLIENTS = 32
ITEMS = 6


def items(number: int) -> list[DatasetItem]:
    return [
        DatasetItem(image_location=f"https://example.org/{place}.jpg", reference_id=name)
        for place, name in enumerate(names(number))
    ]


def names(number: int) -> list[str]:
    return [f"{number}/{place}" for place in range(ITEMS)]


def test_clients_that_write_at_once_lose_nothing(engine: Any) -> None:
    start = threading.Barrier(CLIENTS)

    def one(number: int) -> list[Any]:
        with NucleusClient(endpoint=endpoint) as client:
            start.wait(60)
            own = client.create_dataset(f"own {number}")
            seen: list[Any] = []
            for dataset in (own, client.get_dataset(shared.id)):
                given = items(number)
                stored = [dataset.append(given[:3]), dataset.append(given)]  # three come again
                seen.append([[answer.new_items, answer.ignored_items] for answer in stored])
                boxes = [BoxAnnotation("car", 1, 2, 3, 4, name) for name in names(number)]
                answer = dataset.annotate(boxes)
                seen.append([answer["annotations_processed"], answer["annotations_ignored"]])
            dataset.update_item_metadata({name: {"by": number} for name in names(number)})
            model = client.create_model(f"model {number}", f"model-{number}")
            found = [BoxPrediction("car", 1, 2, 3, 4, name) for name in names(number)]
            seen.append(dataset.upload_predictions(model, found)["predictions_processed"])
            # Everyone also appends the same items: each is new for one of them.
            seen.append(dataset.append(items(CLIENTS)).new_items)
            client.delete_dataset(own.id)
            return seen

    with (
        serving(engine) as endpoint,
        NucleusClient(endpoint=endpoint) as first,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        shared = first.create_dataset("shared")
        seen = list(clients.map(one, range(CLIENTS)))
        rows = list(shared.items_and_annotation_generator())
        models, datasets = first.models, first.datasets

    once = [[[3, 0], [3, 3]], [6, 0]]
    assert [answers[:-1] for answers in seen] == [[*once, *once, 6]] * CLIENTS
    assert sum(answers[-1] for answers in seen) == ITEMS
    expected = {name: {"by": number} for number in range(CLIENTS) for name in names(number)}
    expected |= {name: {} for name in names(CLIENTS)}
    assert {row["item"].reference_id: row["item"].metadata or {} for row in rows} == expected
    assert len(rows) == len(expected)
    assert sum(len(row["annotations"]["box"]) for row in rows) == CLIENTS * ITEMS
    assert [dataset.id for dataset in datasets] == [shared.id]
    assert {model.name for model in models} == {f"model {number}" for number in range(CLIENTS)}
