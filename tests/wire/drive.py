"""Uses a workspace the way scripts do, and prints what it saw as JSON.

Runs in any environment that has a client: ``python drive.py nucleus <folder> [section …]`` drives
a published scale-nucleus, ``python drive.py nucleus_lab …`` ours. Endpoint and key come from
``NUCLEUS_ENDPOINT`` and ``NUCLEUS_API_KEY``. A section is one function of a module beside this one;
each makes datasets of its own and answers plain values that no client may disagree about.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

SECTIONS: dict[str, Callable[[Lab], Any]] = {}


class Lab:
    """What every section works with."""

    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        self.folder = Path(folder)
        self.nucleus = importlib.import_module(name)
        self.client = self.nucleus.NucleusClient()

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.name}.{name}")

    def dataset(self, name: str, items: int = 3, prefix: str = "") -> Any:
        """A dataset with remote items ``0`` …"""
        nucleus = self.nucleus
        dataset = self.client.create_dataset(name)
        if items:
            finished(
                dataset.append([
                    nucleus.DatasetItem(
                        image_location=f"https://example.org/{index}.jpg",
                        reference_id=f"{prefix}{index}",
                        metadata={"place": index, "kind": "day"},
                    )
                    for index in range(items)
                ])
            )
        return dataset

    def boxes(self, kind: str, items: int = 3) -> list[Any]:
        """One box an item, as annotations or as predictions."""
        made = []
        for index in range(items):
            values = {
                "label": "car" if index % 2 else "bus",
                "x": index,
                "y": 2,
                "width": 30,
                "height": 40.5,
                "reference_id": str(index),
                "annotation_id": f"box/{index}",
                "metadata": {"n": index},
            }
            if kind == "prediction":
                made.append(
                    self.nucleus.BoxPrediction(
                        **values, confidence=0.5 + index / 10, class_pdf={"car": 0.5, "bus": 0.5}
                    )
                )
            else:
                made.append(self.nucleus.BoxAnnotation(**values))
        return made


def section(work: Callable[[Lab], Any]) -> Callable[[Lab], Any]:
    SECTIONS[work.__name__] = work
    return work


def finished(answer: Any) -> Any:
    """Wait where the call answered a job; return its final message, else the answer."""
    if hasattr(answer, "sleep_until_complete"):
        answer.sleep_until_complete(verbose_std_out=False)
        status = answer.status()
        if status["status"] != "Completed":
            raise RuntimeError(f"the job ended as {status}")
        return status["message"]
    return answer


COUNTERS = ("new_items", "updated_items", "ignored_items", "upload_errors")


def counted(answer: Any) -> dict[str, int]:
    """The four counters of an append, whatever the client makes of them."""
    found = finished(answer)
    if not isinstance(found, dict):
        found = (
            vars(found)
            if hasattr(found, "__dict__")
            else {name: getattr(found, name) for name in COUNTERS}
        )
    return {name: found[name] for name in COUNTERS}


def shown(value: Any) -> Any:
    """A value as plain data, the same for every client; generated ids are left out."""
    if hasattr(value, "to_payload"):
        value = value.to_payload()
    if isinstance(value, dict):
        hidden = {"task_id", "dataset_item_id", "item_id", "dataset_id", "id", "phash", "type"}
        kept = {
            key: shown(inner)
            for key, inner in value.items()
            if (key not in hidden or (key == "type" and isinstance(inner, str)))
            and inner is not None
        }
        return {key: kept[key] for key in sorted(kept)}
    if isinstance(value, (list, tuple)):
        return [shown(inner) for inner in value]
    return value


def groups(annotations: Any) -> dict[str, Any]:
    """Values by type, those that are there."""
    # Published clients answer the one mask of an exported item bare; the documents say a list.
    return {
        kind: shown(values if isinstance(values, list) else [values])
        for kind, values in sorted(annotations.items())
        if values
    }


def rows(found: Any) -> list[Any]:
    return [
        {
            "item": shown(row["item"]),
            "objects": groups(row.get("annotations", row.get("predictions"))),
        }
        for row in found
    ]


def refusal(work: Callable[[], Any]) -> Any:
    """What an error looks like: its class, its status and whether the server's words arrive."""
    try:
        work()
    except Exception as fault:  # noqa: BLE001 - which one it is is what is asked
        return [type(fault).__name__, getattr(fault, "status_code", None)]
    return "nothing was refused"


def everything(lab: Lab) -> Any:
    """What there is in the workspace, to be asked by two clients of one server."""
    client = lab.client
    found = {}
    models = client.models
    for dataset in client.datasets:
        if dataset.is_scene:  # the sections on scenes look at all of theirs
            continue
        found[dataset.id] = {
            "info": [dataset.name, dataset.size, dataset.is_scene, dataset.use_privacy_mode],
            "items": [_without_size(shown(item)) for item in dataset.items],
            "exported": [
                {**row, "item": _without_size(row["item"])}
                for row in rows(dataset.items_and_annotations())
            ],
            "slices": {
                part.name: sorted(str(_without_size(shown(item))) for item in part.items)
                for part in dataset.slices
            },
            "runs": dataset.model_runs,
            "predictions": {model.reference_id: _predicted(dataset, model) for model in models},
            "jobs": sorted(
                f"{job.job_id} {job.job_type}" for job in dataset.jobs(show_completed=True)
            ),
        }
    named = [[model.id, model.name, model.metadata or {}, model.tags] for model in models]
    return {"datasets": found, "models": named}


def _without_size(item: Any) -> Any:
    """Published clients do not read the size of an item."""
    return {key: value for key, value in item.items() if key not in {"width", "height"}}


def _predicted(dataset: Any, model: Any) -> Any:
    try:
        return groups(dataset.export_predictions(model))
    except Exception as fault:  # noqa: BLE001 - a model without predictions is refused
        return getattr(fault, "status_code", None)


def main(name: str, folder: str, *wanted: str) -> None:
    warnings.simplefilter("ignore")
    lab = Lab(name, folder)
    if name == "nucleus":  # its five seconds between two looks at a job are not what is tested
        lab.module("async_job").JOB_POLLING_INTERVAL = 0.05
    results: dict[str, Any] = {}
    stdout, sys.stdout = sys.stdout, sys.stderr  # clients print while they work
    for title in wanted or SECTIONS:
        try:
            results[title] = {**SECTIONS, "everything": everything}[title](lab)
        except Exception:  # noqa: BLE001 - the other sections are worth knowing too
            results[title] = {"failed": traceback.format_exc()}
    sys.stdout = stdout
    sys.stdout.write(json.dumps(results))


# The sections. They find this module as ``drive``, whether it runs as a program or is imported.
sys.modules["drive"] = sys.modules[__name__]
sys.path.insert(0, str(Path(__file__).parent))
for _more in (
    "drive_items",
    "drive_objects",
    "drive_models",
    "drive_evaluations",
    "drive_scenes",
    "drive_workflows",
    "drive_learning",
    "drive_launch",
):
    importlib.import_module(_more)

if __name__ == "__main__":
    main(*sys.argv[1:])
