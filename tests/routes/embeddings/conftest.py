"""Datasets whose items have vectors, whose objects have, and an autotag."""

from __future__ import annotations

import numpy as np
import pytest

from nucleus_lab import wire
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request
from routes.conftest import box, item

COUNT = 30


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
        parts.append(FilePart("image", f"{number}.png", content=buffer.getvalue()))
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


def build(ask, ds, **more):
    body = {"name": "sample", "sampleSize": 6, "sampleMethod": "Random", **more}
    answer = ask("POST", f"dataset/{ds}/build_slice", body)
    message = done(ask, answer)
    assert message["slice_id"] == answer["sliceId"]
    return answer["sliceId"], message
