"""Sections of the driver: datasets, their items, and what is said of both."""

from __future__ import annotations

import os
from typing import Any

from drive import Lab, counted, finished, refusal, section, shown
from drive_objects import _item_ids


@section
def datasets(lab: Lab) -> Any:
    client = lab.client
    dataset = client.create_dataset("named", item_metadata_schema=None)
    private = client.create_dataset("private", use_privacy_mode=True)
    listed = [found.name for found in client.datasets]
    info = dataset.info()
    again = client.get_dataset(dataset.id)
    seen = {
        "prefix": dataset.id[:3],
        "again": [again.name, again.is_scene, again.size, again.use_privacy_mode],
        "private": client.get_dataset(private.id).use_privacy_mode,
        "listed": {"named", "private"} <= set(listed),
        "info": [info.name, info.length, info.model_run_ids, info.slice_ids],
        "equal": again == dataset,
        "deleted": client.delete_dataset(private.id)["message"],
        "gone": private.id not in [found.id for found in client.datasets],
    }
    finished(
        dataset.append([
            lab.nucleus.DatasetItem(
                image_location="https://example.org/p.jpg", reference_id="p", width=3, height=4
            )
        ])
    )
    return {**seen, "size": dataset.size}


@section
def items_by_url(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("by url")

    def items(kind: str, names: Any) -> Any:
        return [
            nucleus.DatasetItem(
                image_location=f"https://example.org/{name}.jpg",
                reference_id=f"folder/{name} ü",
                metadata={"kind": kind, "nested": {"list": [1, 2.5, None, True]}},
            )
            for name in names
        ]

    return {
        "first": counted(dataset.append(items("a", range(45)))),
        "twice": counted(dataset.append(items("b", range(40, 50)))),
        "update": counted(dataset.append(items("c", range(3)), update=True)),
        "later": counted(dataset.append(items("d", range(50, 60)), asynchronous=True)),
        "size": dataset.size,
        "first item": shown(dataset.refloc("folder/0 ü")["item"]),
        "by place": shown(dataset.iloc(41)["item"]),
        "items": [shown(item) for item in dataset.items][:3],
        "paged": len(list(dataset.items_generator(page_size=7))),
        "queried": sorted(item.reference_id for item in dataset.query_items('metadata.kind = "c"')),
        "merged": finished(dataset.update_item_metadata({"folder/1 ü": {"kind": "e", "more": 1}}))
        is not None,
        "after": shown(dataset.refloc("folder/1 ü")["item"]),
        "deleted": dataset.delete_item("folder/2 ü") is not None,
        "left": dataset.size,
        "moved up": dataset.iloc(2)["item"].reference_id,
    }


@section
def items_by_file(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("by file")
    paths = sorted((lab.folder / "pictures").iterdir())
    items = [
        nucleus.DatasetItem(image_location=str(path), reference_id=path.name, metadata={"n": index})
        for index, path in enumerate(paths)
    ]
    first = counted(dataset.append(items))
    again = dataset.append(items[:2], update=True)
    changed = finished(again) is not None
    folder = str(lab.folder / "pictures")
    from_dir = lab.client.create_dataset_from_dir(folder, dataset_name="from folder")
    read = {item.reference_id: item for item in dataset.items}
    return {
        "first": first,
        "changed": changed,
        "names": sorted(read),
        "locations": [read[path.name].image_location == str(path) for path in paths],
        # Published clients tell pictures by endings in small letters alone.
        "from folder": sorted(
            item.reference_id for item in from_dir.items if "JPEG" not in item.reference_id
        ),
    }


@section
def jobs(lab: Lab) -> Any:
    dataset = lab.dataset("jobs")
    job = dataset.annotate(
        [
            *lab.boxes("annotation"),
            lab.nucleus.BoxAnnotation(
                label="car", x=0, y=0, width=1, height=1, reference_id="nowhere", annotation_id="n"
            ),
        ],
        asynchronous=True,
    )
    finished(job)
    status = job.status()
    listed = dataset.jobs(job_types=["uploadAnnotations"], show_completed=True)
    found = lab.client.get_job(job.job_id)
    return {
        "status": [
            status["status"],
            status["job_progress"],
            status["completed_steps"] == status["total_steps"],
        ],
        "type": job.job_type,
        "errors": ["nowhere" in text for text in job.errors()],
        "listed": [known.job_id == job.job_id for known in listed],
        "hidden": [known.job_id for known in dataset.jobs(job_types=["uploadAnnotations"])],
        "all": job.job_id in [known.job_id for known in lab.client.list_jobs(show_completed=True)],
        "found": [found.job_type, found.job_last_known_status],
    }


@section
def refusals(lab: Lab) -> Any:
    client = lab.client
    dataset = lab.dataset("refusals", 1)
    item = lab.nucleus.DatasetItem(image_location="https://example.org/x.jpg", reference_id="x")
    wrong = lab.nucleus.NucleusClient(api_key="wrong", endpoint=_endpoint())
    return {
        "dataset": refusal(lambda: client.get_dataset("ds_0000000ffffff").size)[1],
        "item": refusal(lambda: dataset.refloc("nothing/here"))[1],
        "place": refusal(lambda: dataset.iloc(99))[1],
        "model": refusal(lambda: client.get_model("prj_0000000ffffff"))[1],
        "slice": refusal(lambda: client.get_slice("slc_0000000ffffff").info())[1],
        "job": refusal(lambda: client.get_job("job_0000000ffffff"))[1],
        "query": refusal(lambda: list(dataset.query_items("metadata.a =")))[1],
        "twice": refusal(lambda: dataset.append([item, item]))[1] in (None, 400),
        "tag": refusal(lambda: client.make_request({"tags": 3}, f"dataset/{dataset.id}/annotate"))[
            1
        ]
        in (None, 400),
        "key": refusal(lambda: wrong.datasets)[1],
        "left": dataset.size,
    }


def _endpoint() -> str:

    return os.environ["NUCLEUS_ENDPOINT"]


@section
def tags(lab: Lab) -> Any:
    dataset = lab.dataset("tags", 0)
    if not hasattr(dataset, "add_tags"):
        return None
    return {
        "added": shown(dataset.add_tags(["b", "a"])),
        "again": shown(dataset.add_tags(["a"])),
        "known": sorted(dataset.get_tags()),
        "removed": shown(dataset.remove_tags(["b", "nothing"])),
        "left": dataset.get_tags(),
        "info": lab.client.get_dataset(dataset.id).info().tags,
    }


@section
def class_labels(lab: Lab) -> Any:
    dataset = lab.dataset("class labels")
    if not hasattr(dataset, "export_class_labels"):
        return None
    dataset.annotate(lab.boxes("annotation"))
    part = dataset.create_slice("even", ["0", "2"])
    return [list(dataset.export_class_labels()), list(part.export_class_labels())]


@section
def duplicates(lab: Lab) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("duplicates")
    if not hasattr(dataset, "deduplicate"):
        return None
    paths = sorted((lab.folder / "pictures").iterdir())
    finished(
        dataset.append([
            nucleus.DatasetItem(image_location=str(path), reference_id=f"{copy} {path.name}")
            for copy in range(2)
            for path in paths
        ])
    )
    results = {}
    for threshold in (0, 10, 64):
        result = dataset.deduplicate(threshold).result()
        results[threshold] = [result.unique_reference_ids, vars_of(result.stats)]
    chosen = dataset.deduplicate(0, reference_ids=[f"{copy} {paths[0].name}" for copy in range(2)])
    by_ids = dataset.deduplicate_by_ids(0, _item_ids(lab, dataset)[:2])
    items = list(dataset.items_generator())
    seen = {
        "results": results,
        "chosen": chosen.result().unique_reference_ids,
        "by ids": by_ids.result().unique_reference_ids,
        "bits": sorted({len(item.phash) for item in items}),
        "out of range": refusal(lambda: dataset.deduplicate(65))[1],
        "unknown": refusal(lambda: dataset.deduplicate(1, reference_ids=["nothing"]))[1],
        "empty": vars_of(lab.dataset("no items", 0).deduplicate(3).result().stats),
    }
    try:
        here = lab.module("local_deduplication").deduplicate_by_phash(items, 10)
    except ImportError:
        return seen
    return {**seen, "here": here.unique_reference_ids == results[10][0]}


def vars_of(value: Any) -> list[Any]:
    return [value.threshold, value.original_count, value.deduplicated_count]


@section
def limited_key(lab: Lab) -> Any:
    import inspect

    kind = lab.nucleus.NucleusClient
    if "limited_access_key" not in inspect.signature(kind.__init__).parameters and (
        "kwargs" not in inspect.signature(kind.__init__).parameters
    ):
        return None
    key = os.environ.pop("NUCLEUS_API_KEY")
    try:
        with_it = kind(limited_access_key=key)
        without = kind(limited_access_key="wrong")
    finally:
        os.environ["NUCLEUS_API_KEY"] = key
    return [
        isinstance(with_it.list_datasets() if lab.name == "nucleus" else with_it.datasets, list),
        refusal(lambda: without.datasets)[1],
    ]
