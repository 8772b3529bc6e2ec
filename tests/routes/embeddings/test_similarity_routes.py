"""Similarity search through the routes, on both databases."""

from __future__ import annotations

import numpy as np
import pytest

from nucleus_lab.errors import ConflictError, InvalidInputError, MediaError, NotFoundError
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

from .conftest import done, ids_by_label, vectors

pytestmark = pytest.mark.usefixtures("inline_jobs")


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
