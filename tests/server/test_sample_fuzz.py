"""Whatever is sent as a sample: each file is stored whole and readable, or refused alone."""

from __future__ import annotations

import random

import pytest
from requests_from_routes import is_an_error
from sample_requests import SAMPLE_FILES, sample_request
from sqlalchemy import func, select

from nucleus_lab.engine import Engine
from nucleus_lab.engine.sample_schema import sample
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request, encode

READINGS = ["", "/raw", "/image", "/wav", "/video", "/slice", "/original"]


def stored(engine: Engine) -> int:
    with engine.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(sample)) or 0


@pytest.mark.parametrize("seed", range(2))
def test_spoilt_files_are_refused_alone_and_all_others_can_be_read(
    engine: Engine, seed: int
) -> None:
    pick = random.Random(seed)
    refused = taken = 0
    for _ in range(100):
        before = stored(engine)
        request = sample_request(pick)
        answer = dispatch(engine, request)
        encode(answer.payload)
        if answer.status >= 400:
            assert answer.status < 500, (request, answer.payload)
            assert is_an_error(answer.payload)
            assert stored(engine) == before
            refused += 1
            continue
        done = [one["sampleId"] for one in answer.payload["files"] if one["success"]]
        failed = [one["error"] for one in answer.payload["files"] if not one["success"]]
        assert all(failed)
        assert stored(engine) == before + len(done)
        refused += len(failed)
        taken += len(done)
        for number in done:
            for rest in READINGS:
                query = {"limitPayloadValues": "2"}
                path = f"v1/api/1/raw-data/{number}{rest}"
                read = dispatch(engine, Request("GET", path, query=query))
                assert read.status < 500, (path, read.payload)
                if rest == "":
                    assert read.payload["success"]
                    encode(read.payload)
    assert refused > 30
    assert taken > 30


def test_every_file_that_the_spoilt_ones_are_made_of_is_sound(engine: Engine) -> None:
    files = [FilePart("data", name, content=content) for name, content in SAMPLE_FILES.items()]

    answer = dispatch(engine, Request("POST", "api/split/files", files=files))

    assert [one["success"] for one in answer.payload["files"]] == [True] * len(files)
