"""Vectors that come along with objects and items."""

from __future__ import annotations

import pytest

from nucleus_lab import wire
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

from .conftest import box, item

pytestmark = pytest.mark.usefixtures("inline_jobs")


def indexes(ask, ds):
    rows = ask("GET", f"dataset/{ds}/embeddingIndexes")["embedding_indexes"]
    return [(row["index_type"], row["index_level"], row["embedding_dimension"]) for row in rows]


def covered(ask, ds, **body):
    answer = ask("POST", f"dataset/{ds}/indexingStatus", {"image": False, **body})
    return answer["embedding_count"]


def test_objects_with_vectors_make_a_custom_object_index(ask, five, model):
    boxes = [box(n, embedding_vector=[float(n), 1.0, 0.5]) for n in range(3)] + [box(3)]
    answer = ask("POST", f"dataset/{five}/annotate", {"annotations": boxes})
    scored = [{**entry, "confidence": 0.5} for entry in boxes]
    route = f"dataset/{five}/model/{model}/uploadPredictions"
    run = ask("POST", route, {"annotations": scored})["model_run_id"]

    status = ask("GET", f"job/{answer['customObjectIndexingJobId']}")
    assert status["message"] == {"embeddings_processed": 3, "errored": 0}
    assert indexes(ask, five) == [("Custom", "Object", 3)]
    assert covered(ask, five) == 3
    assert covered(ask, five, model_run_id=run) == 3
    query = {"vector": [0.0, 1.0, 0.5], "level": "Object", "limit": 1}
    found = ask("POST", f"lab/dataset/{five}/similar", query)["similar"]
    assert found[0]["annotation"]["reference_id"] == "r0"


def test_objects_whose_vectors_have_another_length_are_left_out_and_named(ask, five):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0, embedding_vector=[1, 2, 3])]})
    boxes = [box(1, embedding_vector=[1, 2]), box(2), box(3, embedding_vector=[3, 2, 1])]

    answer = ask("POST", f"dataset/{five}/annotate", {"annotations": boxes})

    assert answer["annotations_processed"] == 2
    assert answer["errors"] == [
        "an object of item 'r1' was left out: embedding_vector has 2 numbers, and 3 are wanted"
    ]
    assert covered(ask, five) == 2


def test_an_updated_vector_takes_the_place_of_the_old_one(ask, five):
    for vector in ([1, 0], [0, 1]):
        body = {"annotations": [box(0, embedding_vector=vector)], "update": True}
        ask("POST", f"dataset/{five}/annotate", body)

    query = {"vector": [0, 1], "level": "Object"}
    assert ask("POST", f"lab/dataset/{five}/similar", query)["similar"][0]["score"] == 1.0


def test_objects_without_vectors_start_no_job(ask, five):
    answer = ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0)]})

    assert "customObjectIndexingJobId" not in answer
    assert indexes(ask, five) == []


def test_a_custom_object_index_can_be_deleted(ask, five):
    ask("POST", f"dataset/{five}/annotate", {"annotations": [box(0, embedding_vector=[1, 2, 3])]})

    assert ask("DELETE", f"indexing/{five}", {"image": False})["embeddings_deleted"] == 1
    assert indexes(ask, five) == []


def test_items_carry_vectors_into_the_custom_index_that_they_name(ask, engine, five):
    url = ask("GET", f"dataset/{five}/signedUrl/vectors")["signed_url"]
    dispatch(engine, Request("PUT", url, wire.encode(["r0", [1, 2]])))
    ask("POST", f"indexing/{five}", {"embedding_dimension": 2, "requestId": "vectors"})
    key = ask("GET", f"dataset/{five}/embeddingIndexes")["embedding_indexes"][0]["id"]
    items = [
        item(10, embedding_info={"index_id": key, "embedding_vector": [3, 4]}),
        item(11, embedding_info={"index_id": "idx_77", "embedding_vector": [3, 4]}),
    ]

    ask("POST", f"dataset/{five}/append", {"items": items})

    rows = ask("GET", f"dataset/{five}/embeddings")
    assert [(row["reference_id"], row["embedding_vector"]) for row in rows] == [
        ("r0", [1.0, 2.0]),
        ("r10", [3.0, 4.0]),
    ]
