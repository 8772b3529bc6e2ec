"""Uploads and changes that run as jobs."""

from __future__ import annotations

import pytest

from nucleus_lab import wire
from nucleus_lab.errors import InvalidInputError, NotFoundError

from .conftest import asking, box, item

pytestmark = pytest.mark.usefixtures("inline_jobs")


def stage(ask, ds, payloads, name="request1"):
    url = ask("GET", f"dataset/{ds}/signedUrl/{name}")["signed_url"]
    text = b"".join(wire.encode(payload) + b"\n" for payload in payloads)
    ask("PUT", url, text)
    return name


@pytest.fixture
def ask(engine):
    """Send requests; the body of an upload goes as it is."""
    plain_ask = asking(engine)

    def ask(method, path, payload=None, **more):
        if isinstance(payload, bytes):
            from nucleus_lab.routes import dispatch

            answer = dispatch(engine, wire.Request(method, path, payload))
            assert answer.status == 200, answer.payload
            return answer.payload
        return plain_ask(method, path, payload, **more)

    return ask


def finished(ask, job):
    assert set(job) == {"job_id", "job_last_known_status", "job_type", "job_creation_time"}
    key = job["job_id"]
    return ask("GET", f"job/{key}"), ask("GET", f"job/{key}/errors")


def test_items_are_taken_in_by_a_job(ask, ds):
    payloads = [item(0), item(1), {"reference_id": "bad"}, {"nothing": 1}, item(1)]
    name = stage(ask, ds, payloads[:2] + payloads[3:4])

    job = ask("POST", f"dataset/{ds}/append?async=1", {"requestId": name, "update": False})
    status, errors = finished(ask, job)

    assert (job["job_type"], status["status"]) == ("uploadDatasetItems", "Completed")
    counted = {key: status["message"][key] for key in ("new_items", "upload_errors")}
    assert counted == {"new_items": 2, "upload_errors": 1}
    assert len(errors) == 1
    assert "reference_id" in errors[0]
    assert ask("GET", f"dataset/{ds}/size") == {"count": 2}


def test_an_item_that_stands_twice_in_an_upload_is_reported(ask, ds):
    name = stage(ask, ds, [item(0), item(0)])

    job = ask("POST", f"dataset/{ds}/append?async=1", {"requestId": name})
    status, errors = finished(ask, job)

    assert status["message"]["new_items"] == 1
    assert "repeat a reference id" in errors[0]


def test_annotations_are_taken_in_by_a_job_with_partial_failures(ask, five):
    name = stage(ask, five, [box(0), box(1), box(9), {"type": "blob"}])

    job = ask("POST", f"dataset/{five}/annotate?async=1", {"requestId": name})
    status, errors = finished(ask, job)

    assert (job["job_type"], status["status"]) == ("uploadAnnotations", "Completed")
    assert status["message"] == {
        "annotation_upload": {
            "total": 4,
            "errored": 2,
            "ignored": 0,
            "processed": 2,
            "datasetId": five,
        }
    }
    assert len(errors) == 2
    assert any("Item with id r9 doesn" in text for text in errors)


def test_an_unknown_taxonomy_ends_the_job(ask, five):
    wrong = {
        "type": "category",
        "label": "a",
        "reference_id": "r0",
        "taxonomy_name": "mood",
        "geometry": {},
    }
    name = stage(ask, five, [wrong])

    status, _ = finished(ask, ask("POST", f"dataset/{five}/annotate?async=1", {"requestId": name}))

    assert status["status"] == "Errored"
    said = (
        f"BadRequestError: Input validation failed: Taxonomy mood does not exist in dataset {five}"
    )
    assert said in status["message"]["final_error"]


def test_predictions_are_taken_in_by_a_job(ask, five, model):
    name = stage(ask, five, [box(0, confidence=0.5), box(1, confidence=0.5)])
    route = f"dataset/{five}/model/{model}"

    job = ask("POST", f"{route}/uploadPredictions?async=1", {"requestId": name, "update": True})
    status, errors = finished(ask, job)

    assert (job["job_type"], errors) == ("uploadPredictions", [])
    assert status["message"]["prediction_upload"]["processed"] == 2
    assert len(ask("GET", f"{route}/export")["box"]) == 2


def test_metadata_is_changed_by_a_job(ask, five):
    entries = [{"reference_id": name, "metadata": {"a": 1}} for name in ("r0", "r1", "nobody")]

    job = ask("POST", f"dataset/{five}/metadata?async=1", {"metadata": entries, "level": "item"})
    status, errors = finished(ask, job)

    assert (job["job_type"], status["status"]) == ("metadataUpdate", "Completed")
    assert status["message"]["updated_items"] == 2
    assert "nobody" in errors[0]
    assert ask("GET", f"dataset/{five}/refloc/r1")["item"]["metadata"] == {"number": 1, "a": 1}


def test_annotations_are_deleted_by_a_job_that_names_unknown_items(ask, five):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0), box(0, "bus"), box(1)]})

    body = {"reference_ids": ["r0", "nobody"], "keep_history": True}
    status, errors = finished(ask, ask("DELETE", f"annotation/{five}", body))

    assert status["message"] == {
        "dataset_id": five,
        "annotations_deleted": 2,
        "history_kept": True,
    }
    assert "nobody" in errors[0]
    assert ask("GET", f"dataset/{five}/refloc/r0")["annotations"] == {}
    assert len(ask("GET", f"dataset/{five}/refloc/r1")["annotations"]["box"]) == 1


def test_a_job_is_refused_before_anything_was_uploaded(ask, five):
    with pytest.raises(NotFoundError, match="nothing was uploaded"):
        ask("POST", f"dataset/{five}/annotate?async=1", {"requestId": "never"})
    with pytest.raises(InvalidInputError, match="takes no scenes"):
        ask("POST", f"dataset/{five}/metadata", {"metadata": [], "level": "scene"})


def test_files_that_come_with_an_asynchronous_call_are_answered_by_a_job(ask, ds, tmp_path):
    from PIL import Image

    path = str(tmp_path / "a.png")
    Image.new("RGB", (7, 5)).save(path)
    files = [wire.FilePart("image", path, path=path)]

    job = ask("POST", f"dataset/{ds}/append?async=1", [item(0, image_url=path)], files=files)
    status, errors = finished(ask, job)

    assert (status["status"], status["message"]["new_items"], errors) == ("Completed", 1, [])
