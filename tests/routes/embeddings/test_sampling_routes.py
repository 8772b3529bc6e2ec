"""Samples of a dataset through the routes, on both databases."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

from .conftest import COUNT, FIRST, build

pytestmark = pytest.mark.usefixtures("inline_jobs")


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
