"""Autotags, similarity search and samples through the routes, on both databases."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from nucleus_lab import wire
from nucleus_lab.engine import Engine
from nucleus_lab.engine.settings import Settings
from nucleus_lab.errors import ConflictError, InvalidInputError, MediaError, NotFoundError
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

from .conftest import box, item

COUNT = 30


@pytest.fixture
def engine(workspace, database_url):
    """An open workspace whose jobs run where they are submitted."""
    opened = Engine(workspace, database_url=database_url, settings=Settings(inline_jobs=True))
    yield opened
    opened.close()


def vectors():
    """Three bundles of ten directions in eight dimensions, by reference id."""
    draw = np.random.default_rng(4)
    centres = np.eye(8)[:3] * 5
    return {
        f"r{number}": (centres[number % 3] + draw.normal(0, 0.3, 8)).round(4).tolist()
        for number in range(COUNT)
    }


@pytest.fixture
def known(engine, ask, ds):
    """Id of a dataset of items that have vectors, and one that has none."""
    ask("POST", f"dataset/{ds}/append", {"items": [item(n) for n in range(COUNT + 1)]})
    text = b"".join(wire.encode(pair) + b"\n" for pair in vectors().items())
    url = ask("GET", f"dataset/{ds}/signedUrl/vectors")["signed_url"]
    dispatch(engine, Request("PUT", url, text))
    done(ask, ask("POST", f"indexing/{ds}", {"embedding_dimension": 8, "requestId": "vectors"}))
    return ds


def done(ask, job):
    status = ask("GET", f"job/{job['job_id']}")
    assert status["status"] == "Completed", status
    return status["message"]


FIRST = [f"r{number}" for number in range(0, COUNT, 3)]


@pytest.fixture
def tag(ask, known):
    """Id of an autotag of the first bundle."""
    body = {"name": "a/b c", "positives": FIRST[:3], "negatives": ["r1", "r2", "r4"]}
    answer = ask("POST", f"lab/dataset/{known}/autotag", body)
    done(ask, answer)
    return answer["autotag"]["id"]


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


# -- similarity ---------------------------------------------------------------------------------


def cosines(query):
    given = vectors()
    unit = np.array(query) / np.linalg.norm(query)
    found = {name: float(np.dot(v, unit) / np.linalg.norm(v)) for name, v in given.items()}
    return sorted(found.items(), key=lambda entry: -entry[1])


def test_similarity_is_the_cosine(ask, known):
    query = vectors()["r4"]
    by_item = ask("POST", f"lab/dataset/{known}/similar", {"reference_id": "r4", "limit": 5})
    by_vector = ask("POST", f"lab/dataset/{known}/similar", {"vector": query, "limit": 50})

    expected = cosines(query)
    rows = [(row["item"]["reference_id"], row["score"]) for row in by_vector["similar"]]
    assert [name for name, _ in rows] == [name for name, _ in expected]
    assert [score for _, score in rows] == pytest.approx([s for _, s in expected], abs=1e-5)
    found = [row["item"]["reference_id"] for row in by_item["similar"]]
    assert found == [name for name, _ in expected[1:6]]


def test_similarity_to_nothing_is_zero(ask, known):
    found = ask("POST", f"lab/dataset/{known}/similar", {"vector": [0.0] * 8, "limit": 2})

    assert [row["score"] for row in found["similar"]] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("body", "fault", "text"),
    [
        ({}, InvalidInputError, "give one of"),
        ({"reference_id": "r0", "vector": [1]}, InvalidInputError, "give one of"),
        ({"reference_id": "r0", "limit": 0}, InvalidInputError, "limit is 0"),
        ({"vector": [1, 2]}, InvalidInputError, "has 2 numbers, and 8 are wanted"),
        ({"vector": ["a"] * 8}, InvalidInputError, "at place 0"),
        ({"reference_id": "zz"}, NotFoundError, "zz"),
        ({"reference_id": "r30"}, ConflictError, "'r30' has no embedding"),
        ({"object_id": "ann_1"}, NotFoundError, "ann_1"),
        ({"object_id": "di_1"}, InvalidInputError, "ids of objects begin"),
        ({"vector": [1] * 8, "level": "Object"}, ConflictError, "no object index"),
    ],
)
def test_bad_searches_are_refused(ask, known, body, fault, text):
    with pytest.raises(fault, match=text):
        ask("POST", f"lab/dataset/{known}/similar", body)


def test_a_picture_cannot_be_looked_for_among_foreign_vectors(engine, known):
    route = f"lab/dataset/{known}/similar_to_picture"
    answer = dispatch(engine, Request("POST", route, b"GIF", {"limit": "3"}))

    assert answer.status == 409
    assert "made by 'custom'" in answer.payload["error"]


# -- samples ------------------------------------------------------------------------------------


def build(ask, ds, **more):
    body = {"name": "sample", "sampleSize": 6, "sampleMethod": "Random", **more}
    answer = ask("POST", f"dataset/{ds}/build_slice", body)
    message = done(ask, answer)
    assert message["slice_id"] == answer["sliceId"]
    return answer["sliceId"], message


def members(ask, slc):
    return [row["reference_id"] for row in ask("GET", f"slice/{slc}")["items"]]


def test_a_random_sample_has_the_size_asked_for(ask, known):
    slc, message = build(ask, known)

    found = members(ask, slc)
    assert len(set(found)) == 6
    assert message == {
        "slice_id": slc, "sampled": 6, "candidates": COUNT + 1, "without_embedding": 0,
    }  # fmt: skip
    assert ask("GET", f"slice/{slc}/info")["pending_job_count"] == 0


def test_a_sample_is_capped_by_what_there_is(ask, known):
    slc, _ = build(ask, known, sampleSize=1000)

    assert len(members(ask, slc)) == COUNT + 1


def test_a_unique_sample_takes_one_of_each_bundle(ask, known):
    slc, message = build(ask, known, sampleSize=3, sampleMethod="SliceBuilderMethods.UNIQUENESS")

    assert {int(name[1:]) % 3 for name in members(ask, slc)} == {0, 1, 2}
    assert message["without_embedding"] == 1


def test_a_sample_keeps_to_its_filters(ask, known, tag):
    some = ask("POST", f"dataset/{known}/create_slice",
               {"name": "some", "reference_ids": ["r0", "r1", "r3", "r4"]})["slice_id"]  # fmt: skip
    tagged = {"autotag": {"autotagId": tag, "range": [0, 1]}}

    by_tag, _ = build(ask, known, name="a", sampleSize=99, filters=tagged)
    by_slice, _ = build(ask, known, name="b", sampleSize=99, filters={"sliceId": some})
    by_both, _ = build(ask, known, name="c", sampleSize=99, filters={**tagged, "sliceId": some})

    assert sorted(members(ask, by_tag)) == sorted(FIRST)
    assert members(ask, by_slice) == ["r0", "r1", "r3", "r4"]
    assert members(ask, by_both) == ["r0", "r3"]


def test_a_sample_of_nothing_leaves_no_slice(ask, known, tag):
    filters = {"autotag": {"autotagId": tag, "range": [-0.0001, 0.0001]}}
    body = {"name": "none", "sampleSize": 3, "sampleMethod": "Random", "filters": filters}
    job = ask("POST", f"dataset/{known}/build_slice", body)

    status = ask("GET", f"job/{job['job_id']}")
    assert status["status"] == "Errored"
    assert "widen the filters" in status["message"]["final_error"]
    assert ask("GET", f"dataset/{known}/slices") == []


SAMPLING_KILLED = """
import os, signal, sys
from nucleus_lab.engine import Engine, slice_members
from nucleus_lab.engine.settings import Settings
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

add_members = slice_members.add

def killed(*given):
    add_members(*given)
    os.kill(os.getpid(), signal.SIGKILL)  # the slice and its members are written, not committed

slice_members.add = killed
engine = Engine(sys.argv[1], database_url=sys.argv[2] or None, settings=Settings(inline_jobs=True))
dispatch(engine, Request("POST", f"dataset/{sys.argv[3]}/build_slice",
                         {"name": "sample", "sampleSize": 6, "sampleMethod": "Random"}))
"""


def test_a_killed_sample_leaves_no_slice_and_its_name_is_free(ask, engine, known):
    command = [sys.executable, "-c", SAMPLING_KILLED, str(engine.workspace)]
    ended = subprocess.run(
        [*command, engine.database_url or "", known], capture_output=True, text=True
    )
    assert ended.returncode == -9, ended.stderr

    time.sleep(0.2)  # a PostgreSQL server notices the lost connection
    assert ask("GET", f"dataset/{known}/slices") == []
    slc, _ = build(ask, known)
    assert [row["id"] for row in ask("GET", f"dataset/{known}/slices")] == [slc]
    assert len(members(ask, slc)) == 6


def test_a_slice_is_not_there_before_its_sample(ask, engine, known, monkeypatch):
    from nucleus_lab.engine import sampling

    seen = []
    draw = sampling.draw

    def look(chosen, size):
        seen.append(ask("GET", f"dataset/{known}/slices"))
        # Another takes the name meanwhile.
        ask("POST", f"dataset/{known}/create_slice", {"name": "sample", "reference_ids": ["r0"]})
        return draw(chosen, size)

    monkeypatch.setattr(sampling, "draw", look)
    body = {"name": "sample", "sampleSize": 6, "sampleMethod": "Random"}
    job = ask("POST", f"dataset/{known}/build_slice", body)

    status = ask("GET", f"job/{job['job_id']}")
    assert seen == [[]]
    assert status["status"] == "Errored"
    assert "has a slice 'sample' already" in status["message"]["final_error"]
    assert [row["name"] for row in ask("GET", f"dataset/{known}/slices")] == ["sample"]
    with pytest.raises(NotFoundError, match="when its job has ended"):
        ask("GET", f"slice/{job['sliceId']}/info")


@pytest.mark.parametrize(
    ("more", "fault", "text"),
    [
        ({"sampleMethod": "Best"}, InvalidInputError, "use Random or Uniqueness"),
        ({"sampleSize": 0}, InvalidInputError, "sampleSize is 0"),
        ({"name": ""}, InvalidInputError, "name is empty"),
        ({"filters": {"sliceId": "slc_99"}}, NotFoundError, "slc_99"),
        ({"filters": {"autotag": {"autotagId": "tag_99", "range": [0, 1]}}}, NotFoundError, "tag"),
        (
            {"filters": {"autotag": {"autotagId": "tag_1", "range": [1, 0]}}},
            InvalidInputError,
            "the lower one first",
        ),
        ({"filters": {"autotag": {"autotagId": "tag_1", "range": []}}}, InvalidInputError, "two"),
    ],
)
def test_bad_samples_are_refused_and_leave_no_slice(ask, known, more, fault, text):
    body = {"name": "sample", "sampleSize": 6, "sampleMethod": "Random", **more}

    with pytest.raises(fault, match=text):
        ask("POST", f"dataset/{known}/build_slice", body)
    assert ask("GET", f"dataset/{known}/slices") == []


def test_uniqueness_needs_an_index(ask, five):
    body = {"name": "sample", "sampleSize": 6, "sampleMethod": "Uniqueness"}

    with pytest.raises(ConflictError, match="create_image_index"):
        ask("POST", f"dataset/{five}/build_slice", body)
    assert ask("GET", f"dataset/{five}/slices") == []


# -- objects ------------------------------------------------------------------------------------


@pytest.fixture
def objects(engine, ask, ds):
    """Id of a dataset with two items, each with a bright and a dark half that are boxed."""
    import io

    from PIL import Image

    from nucleus_lab.wire import FilePart

    parts, payloads, boxes = [], [], []
    for number in range(8):
        pixels = np.zeros((40, 80, 3), np.uint8)
        pixels[:, 40:] = (250, 240 - number * 10, 20)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        parts.append(FilePart("image", f"{number}.png", "image/png", buffer.getvalue()))
        payloads.append({"reference_id": f"r{number}", "image_url": f"{number}.png"})
        for label, x in (("dark", 0), ("bright", 40)):
            geometry = {"x": x, "y": 0, "width": 40, "height": 40}
            boxes.append(box(number, label, geometry=geometry))
    dispatch(engine, Request("POST", f"dataset/{ds}/append", payloads, {}, parts))
    ask("POST", f"dataset/{ds}/annotate", {"annotations": boxes})
    done(ask, ask("POST", f"indexing/{ds}/internal/object", {"ingest_gt_only": True}))
    return ds


def ids_by_label(engine):
    found = {}
    query = (
        "SELECT name, annotation.id FROM annotation JOIN label ON label.id = label_id ORDER BY 2"
    )
    with engine.store.read() as connection:
        for label, key in connection.exec_driver_sql(query):
            found.setdefault(label, []).append(f"ann_{key:013x}")
    return found


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


def test_similar_objects_come_with_their_items(engine, ask, objects):
    ids = ids_by_label(engine)
    found = ask("POST", f"lab/dataset/{objects}/similar", {"object_id": ids["dark"][0], "limit": 7})

    assert {row["annotation"]["id"] for row in found["similar"]} == set(ids["dark"][1:])
    first = found["similar"][0]
    assert first["score"] == pytest.approx(1.0)
    assert first["item"]["reference_id"] == first["annotation"]["reference_id"]


def test_a_picture_that_is_none_is_refused(engine, ask, objects):
    done(ask, ask("POST", f"indexing/{objects}/internal/image"))
    route = f"lab/dataset/{objects}/similar_to_picture"

    answer = dispatch(engine, Request("POST", route, b"no picture", {}))
    wrong = dispatch(engine, Request("POST", route, b"no picture", {"limit": "many"}))

    assert answer.payload["code"] == MediaError.code
    assert wrong.payload["code"] == InvalidInputError.code
