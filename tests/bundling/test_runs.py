"""Models with code run on datasets, in-process and over HTTP."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bundle_functions as code
import psutil
import pytest
from PIL import Image

from nucleus_lab import DatasetItem, JobError, NucleusClient
from nucleus_lab.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    ModelCreationError,
    NotFoundError,
)


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the owner of a server sets; slow items are given up soon."""
    monkeypatch.setenv("NUCLEUS_LAB_RUN_BUNDLES", "true")
    monkeypatch.setenv("NUCLEUS_LAB_BUNDLE_ITEM_S", "2")
    monkeypatch.setenv("NUCLEUS_LAB_WORKER_IDLE_S", "1")


@pytest.fixture
def dataset_of(client: Any, tmp_path: Path) -> Callable[..., Any]:
    def make(*widths: int) -> Any:
        for width in widths:
            Image.new("L", (width, 5)).save(tmp_path / f"{width}.png")
        made = client.create_dataset("d")
        made.append([DatasetItem(str(tmp_path / f"{n}.png"), f"{n}.png") for n in widths])
        return made

    return make


def bundle(client: Any, function: Any, reference_id: str = "m") -> Any:
    args = {"model_bundle_name": "b", "predict_fn_or_cls": function}
    return client.create_launch_model("M", reference_id, args, {"epochs": 3})


def run(client: Any, model: Any, *args: Any) -> Any:
    job = client.get_job(model.run(*args))
    job.sleep_until_complete(verbose_std_out=False)
    return job


def test_a_model_predicts_by_its_own_code(
    allowed: None, client: Any, dataset_of: Callable[..., Any]
) -> None:
    dataset = dataset_of(20, 21, 22)
    part = dataset.create_slice("part", ["21.png"])
    args = {
        "model_bundle_name": "b",
        "load_model_fn": code.load_model,
        "load_predict_fn": code.load_predict,
        "requirements": ["pillow"],
    }
    model = client.create_launch_model("M", "m", args, {"epochs": 3}, [part.id])

    job = run(client, model, dataset.id, "first")

    found = client.get_model(model.id)
    assert (found.bundle_name, found.metadata, found.trained_slice_ids) == (
        "b",
        {"epochs": 3},
        [part.id],
    )
    status = job.status()
    assert status["job_type"] == "modelInferenceRun"
    assert (status["completed_steps"], status["total_steps"]) == (3, 3)
    message = status["message"]
    assert {**message, "model_run_id": ""} == {
        "model_run_id": "",
        "items": 3,
        "failed": 0,
        "predictions": 3,
    }
    boxes = dataset.predictions_refloc(model, "21.png")["box"]
    assert [(box.label, box.width, box.confidence) for box in boxes] == [("car", 21, 0.5)]
    assert dataset.predictions_refloc(message["model_run_id"], "21.png")["box"] == boxes
    again = run(client, model, dataset.id, "first", part.id)
    assert again.status()["message"]["items"] == 1
    assert len(dataset.predictions_refloc(model, "20.png")["box"]) == 1
    assert len(dataset.predictions_refloc(model, "21.png")["box"]) == 1
    other = run(client, model, dataset.id, "second", part.id).status()["message"]["model_run_id"]
    assert dataset.model_runs == [message["model_run_id"], other]


def test_one_bad_picture_is_an_error_of_that_picture(
    allowed: None, client: Any, dataset_of: Callable[..., Any]
) -> None:
    dataset = dataset_of(11, 12, 20, 13, 21, 14, 15, 22)
    model = bundle(client, code.by_width)

    job = run(client, model, dataset.id, "r")

    message = job.status()["message"]
    assert (message["items"], message["failed"], message["predictions"]) == (8, 5, 3)
    eleven, twelve, thirteen, fourteen, fifteen = job.errors()
    assert "item 11.png: ValueError: eleven (bundle.py line" in eleven
    assert "in by_width)" in eleven
    assert "item 12.png: its process ended by the signal SIGKILL" in twelve
    assert "item 13.png: it took longer than 2 s" in thirteen
    assert "item 14.png: TypeError: the bundle returned dict" in fourteen
    assert "item 15.png: prediction 0 does not fit" in fifteen


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (code.always_fails, "none of the 3 items worked"),
        (code.always_dies, r"failed on 3 items in a row.*exit status 7"),
    ],
)
def test_a_model_that_never_works_ends_in_an_error(
    allowed: None, client: Any, dataset_of: Callable[..., Any], function: Any, reason: str
) -> None:
    dataset = dataset_of(20, 21, 22)
    model = bundle(client, function)

    with pytest.raises(JobError, match=reason):
        run(client, model, dataset.id, "r")

    assert dataset.model_runs == []


def test_a_model_that_cannot_be_loaded_says_why(
    allowed: None, client: Any, dataset_of: Callable[..., Any]
) -> None:
    dataset = dataset_of(20)
    args = {
        "model_bundle_name": "b",
        "load_model_fn": code.cannot_load,
        "load_predict_fn": code.load_any,
    }
    broken = client.create_launch_model("M", "m1", args)
    needy = client.create_launch_model("M", "m2", {**args, "requirements": ["no-such-thing==1"]})

    with pytest.raises(JobError, match=r"cannot be loaded: OSError: weights\.pt is missing"):
        run(client, broken, dataset.id, "r")
    with pytest.raises(JobError, match="needs 'no-such-thing==1', which is not installed"):
        run(client, needy, dataset.id, "r")


def test_code_in_folders_runs(
    allowed: None, client: Any, dataset_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "weights.txt").write_text("bus")
    (tmp_path / "mine" / "deep" / "infer.py").write_text(
        "from pathlib import Path\n"
        "from nucleus_lab import CategoryPrediction\n"
        "def load_model():\n"
        "    return (Path(__file__).parents[1] / 'weights.txt').read_text()\n"
        "def load_predict(model):\n"
        "    return lambda picture: [CategoryPrediction(model, 'x', confidence=0.25)]\n"
    )
    dataset = dataset_of(20)
    model = client.create_launch_model_from_dir(
        "M",
        "m",
        {
            "model_bundle_name": "b",
            "base_paths": [str(tmp_path / "mine")],
            "load_predict_fn_module_path": "mine.deep.infer.load_predict",
            "load_model_fn_module_path": "mine.deep.infer.load_model",
        },
    )

    run(client, model, dataset.id, "r")

    (chosen,) = dataset.predictions_refloc(model, "20.png")["category"]
    assert (chosen.label, chosen.confidence) == ("bus", 0.25)


def test_a_model_object_stays_in_the_workspace(
    allowed: None, client: Any, dataset_of: Callable[..., Any]
) -> None:
    dataset = dataset_of(20)
    args = {"model_bundle_name": "b", "load_predict_fn": code.load_any, "model": code.factory(9)}
    if not client.embedded:
        with pytest.raises(InvalidInputError, match="a server unpickles nothing"):
            client.create_launch_model("M", "m", args)
        payload = {"name": "M", "reference_id": "m", "manifest": {"predict": "a.b", "model": True}}
        with pytest.raises(ForbiddenError, match="a server unpickles nothing"):
            client.make_request(payload, "lab/models/addBundle")
        assert client.models == []
        return
    model = client.create_launch_model("M", "m", args)

    run(client, model, dataset.id, "r")

    assert dataset.predictions_refloc(model, "20.png")["category"][0].label == "9"


def test_a_server_takes_no_code_unless_its_owner_says_so(
    client: Any, dataset_of: Callable[..., Any], workspace: Path
) -> None:
    dataset = dataset_of(20)
    if client.embedded:
        assert bundle(client, code.by_width).run(dataset.id, "r")
        return

    with pytest.raises(ForbiddenError, match="run_bundles = true"):
        bundle(client, code.by_width)
    assert client.models == []
    with NucleusClient(workspace=workspace) as owner:
        made = bundle(owner, code.by_width)
    with pytest.raises(ForbiddenError, match="run_bundles = true"):
        client.get_model(made.id).run(dataset.id, "r")


def test_a_run_that_cannot_be_is_refused(
    allowed: None, client: Any, dataset_of: Callable[..., Any]
) -> None:
    dataset, empty = dataset_of(20), client.create_dataset("empty")
    plain, model = client.create_model("P", "p"), bundle(client, code.by_width)

    with pytest.raises(ConflictError, match="has no bundle"):
        plain.run(dataset.id, "r")
    with pytest.raises(NotFoundError, match="ds_77"):
        model.run("ds_77", "r")
    with pytest.raises(InvalidInputError, match="no pictures"):
        model.run(empty.id, "r")
    with pytest.raises(InvalidInputError, match="no slice of items of dataset"):
        model.run(empty.id, "r", dataset.create_slice("s", ["20.png"]).id)
    with pytest.raises(ModelCreationError, match="belongs to model"):
        bundle(client, code.by_width)
    assert client.jobs == []


@pytest.mark.parametrize("path", ["../x.py", "/etc/x.py", "a/../../x.py", "c:x.py", "a\\b.py"])
def test_a_file_outside_the_bundle_is_refused(
    allowed: None, client: Any, workspace: Path, path: str
) -> None:
    from nucleus_lab.wire import FilePart

    payload = {"name": "M", "reference_id": "m", "manifest": {"predict": "a.b"}}
    with pytest.raises(InvalidInputError, match="relative path"):
        client.make_request(
            payload, "lab/models/addBundle", files=[FilePart("bundle", path, content=b"x")]
        )

    assert client.models == []
    assert list((workspace / "bundles").glob("*")) == []


def test_the_code_goes_with_its_model(allowed: None, client: Any, workspace: Path) -> None:
    model = bundle(client, code.by_width)
    assert len(list((workspace / "bundles").iterdir())) == 1

    client.delete_model(model.id)

    assert list((workspace / "bundles").iterdir()) == []


def _until(claim: Callable[[], Any], timeout_s: float = 40) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := claim()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def _children(workspace: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any("bundle_child" in word for word in words) and str(workspace) in " ".join(words):
            found.append(process)
    return found


@pytest.mark.parametrize("client", ["in_process"], indirect=True)  # the same either way
def test_a_cancelled_run_ends_its_code(
    client: Any, dataset_of: Callable[..., Any], workspace: Path
) -> None:
    dataset = dataset_of(20)
    job = client.get_job(bundle(client, code.sleeps).run(dataset.id, "r"))
    _until(lambda: _children(workspace))

    job.cancel()

    _until(lambda: job.status()["status"] == "Cancelled")
    assert _children(workspace) == []


@pytest.mark.parametrize("client", ["in_process"], indirect=True)  # the same either way
def test_a_killed_worker_takes_the_code_along(
    client: Any, dataset_of: Callable[..., Any], workspace: Path
) -> None:
    dataset = dataset_of(20)
    job = client.get_job(bundle(client, code.sleeps).run(dataset.id, "r"))
    (child,) = _until(lambda: _children(workspace))

    os.kill(child.ppid(), 9)

    status = _until(lambda: (found := job.status())["status"] == "Errored" and found)
    assert "WorkerLost" in status["message"]["final_error"]
    _until(lambda: _children(workspace) == [])
