"""The client side of ``benchmarks/server.py``; runs in the environment of a published client."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import nucleus


def items(count: int, prefix: str = "") -> list[Any]:
    return [
        nucleus.DatasetItem(
            image_location=f"https://example.org/{number}.jpg",
            reference_id=f"{prefix}{number}",
            metadata={"camera": number % 7, "place": "street"},
        )
        for number in range(count)
    ]


def boxes(count: int, names: int, prefix: str = "") -> list[Any]:
    return [
        nucleus.BoxAnnotation(
            label=("car", "bus", "van")[number % 3],
            x=number % 1000,
            y=number % 500,
            width=20 + number % 30,
            height=10,
            reference_id=f"{prefix}{number % names}",
            annotation_id=f"{prefix}{number}",
        )
        for number in range(count)
    ]


def timed(work: Any) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def main(task: str, *arguments: str) -> dict[str, Any]:
    client = nucleus.NucleusClient()
    if task == "shared":
        return {"dataset": client.create_dataset("shared").id}
    if task == "count":
        dataset = client.get_dataset(arguments[0])
        rows = list(dataset.items_and_annotation_generator())
        found = [name for row in rows for name in row["annotations"]["box"]]
        return {"items": dataset.size, "annotations": len(found)}
    if task == "one":
        return one(client, *arguments)
    count = int(arguments[0])
    dataset = nucleus.Dataset(
        client.make_request({"name": task, "is_scene": False}, "dataset/create")["dataset_id"],
        client,
    )
    if task == "items":
        given = items(count)
        # The largest batches that this client allows: each is a request.
        return timed(lambda: dataset.append(given, batch_size=29))
    dataset.append(items(1000), batch_size=29)
    drawn = boxes(count, 1000)
    return timed(lambda: dataset.annotate(drawn))


def one(client: Any, number: str, shared: str) -> dict[str, Any]:
    """Write to a dataset of its own and to a shared one, and read back."""
    own, prefix = client.create_dataset(f"own {number}"), f"{number}-"
    for dataset in (own, client.get_dataset(shared)):
        for start in range(0, 100, 25):
            part = items(100, prefix)[start : start + 25]
            answer = dataset.append(part, batch_size=25)
            assert answer.new_items == 25, answer
        answer = dataset.annotate(boxes(500, 100, prefix), batch_size=100)
        assert answer["annotations_processed"] == 500, answer
    assert own.size == 100
    read = own.refloc(f"{prefix}7")
    assert len(read["annotations"]["box"]) == 5, read
    model = client.create_model(f"m {number}", f"{shared} {number}")
    found = [
        nucleus.BoxPrediction("car", x=1, y=1, width=2, height=2, reference_id=f"{prefix}{place}")
        for place in range(100)
    ]
    stored = own.upload_predictions(model, found)
    assert stored["predictions_processed"] == 100, stored
    client.delete_dataset(own.id)
    return {}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])) + "\n")
