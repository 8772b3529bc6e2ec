"""Autotags through the routes, on both databases."""

from __future__ import annotations

import pytest

from nucleus_lab import wire
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request
from routes.conftest import item

from .conftest import COUNT, FIRST, build, done, ids_by_label, vectors

pytestmark = pytest.mark.usefixtures("inline_jobs")


def test_an_autotag_learns_from_examples(ask, known, tag):
    row = {"id": tag, "name": "a/b c", "status": "completed", "autotag_level": "Image"}
    found = ask("POST", f"dataset/{known}/autotag/a%2Fb%20c/taggedItems", {"score_threshold": 0})
    everything = ask(
        "POST", f"dataset/{known}/autotag/a%2Fb%20c/taggedItems", {"score_threshold": -1}
    )
    training = ask("GET", f"dataset/{known}/autotag/a/b%20c/trainingItems")

    objects = {"model_prediction_annotation_id": None, "ground_truth_annotation_id": None}
    assert ask("GET", f"{known}/list_autotags") == [row]
    assert found["autotag"] == row
    assert sorted(entry["ref_id"] for entry in found["autotagItems"]) == sorted(FIRST)
    scores = [entry["score"] for entry in everything["autotagItems"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == COUNT
    assert all(-1 <= score <= 1 for score in scores)
    assert training == {
        "autotagPositiveTrainingItems": [{"ref_id": name, **objects} for name in FIRST[:3]],
        "autotag": row,
    }


def test_queries_read_the_scores(ask, known, tag):
    def names(query):
        rows = ask("POST", f"dataset/{known}/queryItemsPage", {"query": query, "pageToken": None})
        return {row["reference_id"] for row in rows["items"]}

    assert names('autotag.image = "a/b c"') == set(FIRST)
    assert names('autotag.image."a/b c" > -1').issuperset(FIRST)


def test_refinement_metrics_are_measured(ask, known, tag):
    first = ask("GET", f"autotag/{tag}/refinementMetrics")
    body = {"positives": FIRST[3:5], "negatives": ["r5"], "taken_back": ["r0"]}
    done(ask, ask("POST", f"lab/autotag/{tag}/refine", body))
    second = ask("GET", f"autotag/{tag}/refinementMetrics")

    quality = {"precision": 1.0, "recall": 1.0}
    assert first["lab"] == {"positives": 3, "negatives": 3, "folds": 3, **quality}
    assert second["lab"] == {"positives": 4, "negatives": 4, "folds": 4, **quality}
    assert (first["total_refinement_steps"], second["total_refinement_steps"]) == (1, 2)
    assert second["average_positives_selected_per_refinement"] == 2
    assert second["average_ms_taken_in_refinement"] > 0


def test_with_one_example_nothing_can_be_measured(ask, known):
    answer = ask("POST", f"lab/dataset/{known}/autotag", {"name": "one", "positives": ["r0"]})
    message = done(ask, answer)

    assert (message["precision"], message["folds"]) == (None, None)
    items = ask("POST", f"dataset/{known}/autotag/one/taggedItems", {})["autotagItems"]
    assert items[0]["ref_id"] == "r0"


def test_update_scores_what_is_new(ask, engine, known, tag):
    ask("POST", f"dataset/{known}/append", {"items": [item(99)]})
    url = ask("GET", f"dataset/{known}/signedUrl/more")["signed_url"]
    dispatch(engine, Request("PUT", url, wire.encode(["r99", vectors()["r0"]])))
    ask("POST", f"indexing/{known}", {"embedding_dimension": 8, "requestId": "more"})
    message = done(ask, ask("POST", f"autotag/{tag}"))

    assert (message["scored"], message["tagged"]) == (COUNT + 1, len(FIRST) + 1)


def test_a_deleted_item_loses_its_scores_and_is_no_example(ask, known, tag):
    ask("DELETE", f"dataset/{known}/refloc/r0")

    found = ask("POST", f"dataset/{known}/autotag/a%2Fb%20c/taggedItems", {})["autotagItems"]
    assert "r0" not in {entry["ref_id"] for entry in found}
    assert ask("GET", f"autotag/{tag}/refinementMetrics")["lab"]["positives"] == 2


def test_a_deleted_autotag_is_gone(ask, known, tag):
    assert ask("DELETE", f"autotag/{tag}") == {}
    assert ask("GET", f"{known}/list_autotags") == []
    for method, route in [
        ("DELETE", f"autotag/{tag}"),
        ("POST", f"autotag/{tag}"),
        ("GET", f"autotag/{tag}/refinementMetrics"),
        ("POST", f"lab/autotag/{tag}/refine"),
    ]:
        with pytest.raises(NotFoundError, match="there is no autotag"):
            ask(method, route, {"positives": ["r1"]})


def test_a_dataset_goes_with_its_autotags(ask, engine, known, tag):
    ask("DELETE", f"dataset/{known}")

    with engine.store.read() as connection:
        for table in ("autotag", "autotag_score", "autotag_example", "autotag_refinement"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


@pytest.mark.parametrize(
    ("body", "fault", "text"),
    [
        ({"name": "t", "positives": []}, InvalidInputError, "positives is empty"),
        ({"name": " ", "positives": ["r0"]}, InvalidInputError, "name is empty"),
        ({"name": "a/b c", "positives": ["r0"]}, ConflictError, "has an autotag"),
        ({"name": "t", "positives": ["zz"]}, NotFoundError, "'zz'"),
        ({"name": "t", "positives": ["r30"]}, ConflictError, "'r30' has no embedding"),
        ({"name": "t", "positives": ["r0"], "negatives": ["r0"]}, InvalidInputError, "in two of"),
        ({"name": "t", "positives": ["r0"], "level": "Scene"}, InvalidInputError, "level is"),
        ({"name": "t", "positives": ["di_1"], "level": "Object"}, InvalidInputError, "not a item"),
        ({"name": "t", "positives": ["x"], "level": "Object"}, NotFoundError, "'x'"),
    ],
)
def test_bad_autotags_are_refused_and_leave_nothing(ask, known, tag, body, fault, text):
    with pytest.raises(fault, match=text):
        ask("POST", f"lab/dataset/{known}/autotag", body)

    assert len(ask("GET", f"{known}/list_autotags")) == 1


def test_a_refinement_that_leaves_no_example_is_refused(ask, known, tag):
    with pytest.raises(ConflictError, match="no positive example left"):
        ask("POST", f"lab/autotag/{tag}/refine", {"taken_back": FIRST[:3]})
    with pytest.raises(InvalidInputError, match="nothing is chosen"):
        ask("POST", f"lab/autotag/{tag}/refine", {})

    assert ask("GET", f"autotag/{tag}/refinementMetrics")["total_refinement_steps"] == 1


@pytest.mark.parametrize("threshold", [1.5, -2])
def test_a_threshold_beyond_the_scores_is_refused(ask, known, tag, threshold):
    with pytest.raises(InvalidInputError, match="scores go from -1 to 1"):
        ask(
            "POST",
            f"dataset/{known}/autotag/a%2Fb%20c/taggedItems",
            {"score_threshold": threshold},
        )


def test_an_unknown_autotag_is_named_as_clients_expect(ask, known):
    for method, route in [("POST", "taggedItems"), ("GET", "trainingItems")]:
        with pytest.raises(
            NotFoundError, match=f"The autotag none was not found in dataset {known}"
        ):
            ask(method, f"dataset/{known}/autotag/none/{route}", {})


def test_object_autotags_score_objects(engine, ask, objects):
    ids = ids_by_label(engine)
    body = {"name": "bright", "positives": ids["bright"][::3], "negatives": ids["dark"][:3]}
    answer = ask("POST", f"lab/dataset/{objects}/autotag", {**body, "level": "Object"})
    done(ask, answer)

    found = ask("POST", f"dataset/{objects}/autotag/bright/taggedItems", {})
    assert answer["autotag"]["autotag_level"] == "Object"
    tagged = {row["ground_truth_annotation_id"] for row in found["autotagItems"]}
    assert tagged == set(ids["bright"])
    rows = ask("POST", f"dataset/{objects}/queryItemsPage",
               {"query": "autotag.object = bright", "pageToken": None})["items"]  # fmt: skip
    assert len(rows) == 8
    filters = {"autotag": {"autotagId": answer["autotag"]["id"], "range": [0, 1]}}
    slc, _ = build(ask, objects, sampleSize=3, sampleMethod="Uniqueness", filters=filters)
    assert ask("GET", f"slice/{slc}/info")["type"] == "object"
    assert {row["id"] for row in ask("GET", f"slice/{slc}")["items"]} <= set(ids["bright"])
