"""Models and jobs through the SDK."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nucleus_lab import (
    AsyncJob,
    BoxPrediction,
    DatasetItem,
    JobError,
    Model,
    NotFoundError,
    async_job,
)
from nucleus_lab.errors import InvalidInputError, ModelCreationError, NucleusAPIError


def test_a_model_is_made_found_listed_and_deleted(client: Any) -> None:
    made = client.create_model(
        "Detector", "det-1", {"epochs": 3}, bundle_name="b", tags=["fast"], trained_slice_ids=[]
    )

    found = client.get_model(made.id)
    assert found == made
    for model in (made, found, client.models[0], client.list_models()[0]):
        assert (model.name, model.reference_id, model.metadata, model.tags) == (
            "Detector",
            "det-1",
            {"epochs": 3},
            ["fast"],
        )
        assert model.trained_slice_ids == []
    client.delete_model(made.id)
    assert client.models == []
    with pytest.raises(NotFoundError, match=made.id):
        client.get_model(made.id)


def test_a_reference_id_names_one_model(client: Any) -> None:
    client.create_model("Detector", "det-1")

    with pytest.raises(ModelCreationError, match="det-1"):
        client.create_model("Other", "det-1")


def test_get_model_needs_one_id(client: Any) -> None:
    for ids in ({}, {"model_id": "prj_1", "model_run_id": "run_1"}):
        with pytest.raises(InvalidInputError, match="needs one id"):
            client.get_model(**ids)


def test_tags_and_trained_slices_change(client: Any) -> None:
    dataset = client.create_dataset("x")
    trained = dataset.create_slice("train").id
    model = client.create_model("Detector", "det-1")

    model.add_tags(["a", "b"])
    model.remove_tags(["a"])
    model.add_trained_slice_ids([trained])

    assert (model.tags, model.trained_slice_ids) == (["b"], [trained])
    assert client.get_model(model.id).tags == ["b"]
    model.remove_trained_slice_ids([trained])
    assert client.get_model(model.id).trained_slice_ids == []
    with pytest.raises(NucleusAPIError, match="Deleted 0 tags from model"):
        model.remove_tags(["a"])


def test_a_model_is_a_plain_value_with_an_escaped_display(client: Any) -> None:
    model = Model("prj_1", "<i>", "<b>", None, client)

    assert (model.metadata, model.tags, model.trained_slice_ids) == ({}, [], [])
    assert "<i>" not in model._repr_html_()
    assert "prj_1" in repr(model)


def test_jobs_are_found_by_id_type_date_and_dataset(client: Any) -> None:
    dataset, other = client.create_dataset("x"), client.create_dataset("y")
    job = dataset.append([DatasetItem("https://example.org/a.jpg", "a")], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)

    found = client.get_job(job.job_id)
    assert found == job == AsyncJob.from_id(job.job_id, client)
    assert found.job_last_known_status == "Completed"
    assert client.jobs == [] == other.jobs(show_completed=True)
    assert client.list_jobs(show_completed=True) == [job]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    dated = {"from_date": yesterday, "to_date": str(datetime.now(UTC).date())}
    assert client.list_jobs(True, **dated, job_types=["uploadDatasetItems"]) == [job]
    assert client.list_jobs(True, to_date=yesterday) == []
    assert client.list_jobs(True, job_types=["modelMetrics"], dataset_id=dataset.id) == []
    with pytest.raises(NotFoundError, match="job_0000000000fff"):
        client.get_job("job_0000000000fff")
    with pytest.raises(InvalidInputError, match="limit"):
        client.list_jobs(limit=50_001)


class Answers:
    """A connection whose job passes through prepared states."""

    target = "here"
    use_notebook = False

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)

    def make_request(self, _payload: Any, _route: str, _method: str) -> dict[str, Any]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


def state(status: str, progress: str = "0.00", message: Any = "") -> dict[str, Any]:
    return {"job_id": "job_1", "status": status, "job_progress": progress, "message": message}


def job_with(*states: dict[str, Any]) -> AsyncJob:
    connection: Any = Answers(*states)
    return AsyncJob("job_1", "Running", "uploadDatasetItems", "2026-11-21T00:00:00Z", connection)


def test_a_wait_goes_on_while_the_job_is_under_way() -> None:
    job = job_with(state("Queued"), state("Running", "0.50"), state("Completed", "1.00"))

    job.sleep_until_complete()

    assert job.job_last_known_status == "Completed"


def test_a_wait_shows_a_bar_where_it_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    job_with(state("Running", "0.25"), state("Completed", "1.00")).sleep_until_complete()
    assert capsys.readouterr().err == ""

    monkeypatch.setitem(sys.modules, "ipykernel", object())
    job_with(state("Running", "0.25"), state("Completed", "1.00")).sleep_until_complete()
    shown = capsys.readouterr()
    assert "uploadDatasetItems:  25%" in shown.out
    assert "100%" in shown.out
    assert "Completed" in shown.out
    assert shown.err == ""  # a notebook draws it as an error


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("the disk is full", "the disk is full"),
        ({"final_error": "BadRequestError: x"}, "BadRequestError: x"),
        (None, "no reason was recorded"),
    ],
)
@pytest.mark.parametrize("status", ["Errored", "Errored_Hanging", "Cancelled"])
def test_a_failed_job_raises_with_the_reason(status: str, message: Any, reason: str) -> None:
    with pytest.raises(JobError, match=f"job_1 ended as {status}: {reason}"):
        job_with(state("Running"), state(status, message=message)).sleep_until_complete(False)


def test_a_registered_display_follows_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    class Display:
        def __init__(self, job: AsyncJob) -> None:
            seen.append(job.job_id)

        def update(self, status: dict[str, Any]) -> None:
            seen.append(status["status"])

        def close(self) -> None:
            seen.append("closed")

    monkeypatch.setattr(async_job, "progress_display", Display)
    with pytest.raises(JobError):
        job_with(state("Running"), state("Errored")).sleep_until_complete()

    assert seen == ["job_1", "Running", "Errored", "closed"]


def test_embeddings_are_listed_once_the_export_is_complete() -> None:
    from nucleus_lab import EmbeddingsExportJob

    done = state("Completed", "1.00", {"result": ["file:///a.json"]})
    waiting: Any = Answers(state("Running"), done)
    job = EmbeddingsExportJob("job_1", "Running", "exportEmbeddings", "", waiting)

    with pytest.raises(JobError, match="is Running"):
        job.result_urls(wait_for_completion=False)
    assert job.result_urls() == ["file:///a.json"]


def test_a_job_shows_itself_escaped() -> None:
    connection: Any = Answers(state("Running"))
    job = AsyncJob("job_1", "<b>", "kind", "now", connection)

    assert "&lt;b&gt;" in job._repr_html_()
    assert repr(job).startswith("AsyncJob(job_id='job_1'")


def test_slices_that_a_model_was_trained_on_must_be_there(client: Any) -> None:
    dataset = client.create_dataset("trained")
    dataset.append([DatasetItem("https://x/a.jpg", "a")])
    model = client.create_model("Trained", "trained-1")
    nowhere = "slc_00000000000ff"

    for call in (
        lambda: model.add_trained_slice_ids([nowhere]),
        lambda: client.create_model("Other", "other-1", trained_slice_ids=[nowhere]),
        lambda: dataset.upload_predictions(
            model, [BoxPrediction("car", 1, 2, 3, 4, "a")], trained_slice_id=nowhere
        ),
    ):
        with pytest.raises(NotFoundError, match=nowhere):
            call()

    assert [one.trained_slice_ids for one in client.models] == [[]]
    assert dataset.model_runs == []


def test_an_option_of_an_evaluation_that_there_is_not_is_refused(client: Any) -> None:
    dataset = client.create_dataset("options")
    dataset.append([DatasetItem("https://x/a.jpg", "a")])
    model = client.create_model("Options", "options-1")
    dataset.upload_predictions(model, [BoxPrediction("car", 1, 2, 3, 4, "a")])

    with pytest.raises(InvalidInputError, match="class_agnostics"):
        dataset.calculate_evaluation_metrics(model, {"class_agnostics": True})
