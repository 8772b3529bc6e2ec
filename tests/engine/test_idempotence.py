"""Laws of uploading: twice is once, parts are the whole, an update has the last word."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nucleus_lab.engine import Engine
from nucleus_lab.errors import from_wire
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

LAWS = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def embedded():
    """One SQLite workspace for all examples; each makes datasets of its own."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder))
        yield engine
        engine.close()


def ask(engine, method, path, payload=None):
    answer = dispatch(engine, Request(method, path, payload))
    if answer.status >= 400:
        raise from_wire(answer.status, answer.payload)
    return answer.payload


names = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"),
    min_size=1,
    max_size=12,
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
metadata = st.dictionaries(names, values, max_size=4)
items = st.dictionaries(names, metadata, min_size=1, max_size=8).map(
    lambda found: [
        {"reference_id": name, "image_url": "https://x/1.jpg", "metadata": extra}
        for name, extra in found.items()
    ]
)
numbers = st.floats(-1e6, 1e6)
sizes = st.floats(0, 1e6)


@st.composite
def boxes(draw, reference_ids):
    keys = draw(st.lists(st.tuples(st.sampled_from(reference_ids), names), max_size=8, unique=True))
    return [
        {
            "type": "box",
            "label": draw(names),
            "geometry": {
                "x": draw(numbers),
                "y": draw(numbers),
                "width": draw(sizes),
                "height": draw(sizes),
            },
            "reference_id": reference_id,
            "annotation_id": name,
            "metadata": draw(metadata),
            "embedding_vector": None,
            "track_reference_id": None,
        }
        for reference_id, name in keys
    ]


def upload(engine, ds, rows, truths, *, update=False):
    first = ask(engine, "POST", f"dataset/{ds}/append", {"items": rows, "update": update})
    second = ask(
        engine, "POST", f"dataset/{ds}/annotate", {"annotations": truths, "update": update}
    )
    return first, second


def state(engine, ds):
    rows = ask(engine, "GET", f"dataset/{ds}/exportForTraining")["exportedRows"]
    for row in rows:
        del row["item"]["id"], row["item"]["dataset_item_id"]
    return rows


def create(engine):
    return ask(engine, "POST", "dataset/create", {"name": "law"})["dataset_id"]


@LAWS
@given(st.data(), items)
def test_what_goes_in_comes_out_and_twice_is_once(embedded, data, rows):
    truths = data.draw(boxes([row["reference_id"] for row in rows]))
    ds = create(embedded)

    first = upload(embedded, ds, rows, truths)
    before = state(embedded, ds)
    again = upload(embedded, ds, rows, truths)

    assert (first[0]["new_items"], first[1]["annotations_processed"]) == (len(rows), len(truths))
    assert (again[0]["ignored_items"], again[1]["annotations_ignored"]) == (len(rows), len(truths))
    assert state(embedded, ds) == before
    assert [row["item"]["metadata"] for row in before] == [row["metadata"] for row in rows]
    found = [truth for row in before for truth in row["box"]]
    by_item = {row["reference_id"]: place for place, row in enumerate(rows)}
    assert found == sorted(truths, key=lambda truth: by_item[truth["reference_id"]])


@LAWS
@given(st.data(), items, st.integers(0, 8))
def test_parts_are_the_whole(embedded, data, rows, cut):
    truths = data.draw(boxes([row["reference_id"] for row in rows]))
    whole, parts = create(embedded), create(embedded)

    upload(embedded, whole, rows, truths)
    upload(embedded, parts, rows[:cut], [])
    upload(embedded, parts, rows, truths[:cut])
    upload(embedded, parts, [], truths[cut:])

    assert state(embedded, parts) == state(embedded, whole)


@LAWS
@given(items, metadata, metadata)
def test_an_update_has_the_last_word_and_a_merge_adds_to_it(embedded, rows, new, more):
    ds = create(embedded)
    name = rows[0]["reference_id"]
    upload(embedded, ds, rows, [])

    upload(embedded, ds, [{**rows[0], "metadata": new}], [], update=True)
    entry = {"reference_id": name, "metadata": more}
    ask(embedded, "POST", f"dataset/{ds}/metadata", {"metadata": [entry]})

    assert state(embedded, ds)[0]["item"]["metadata"] == {**new, **more}
