"""Whatever is sent: an answer of 4xx with ``{"error": …}`` or success, and no half-done write."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from live_server import serving
from requests_from_routes import Maker, is_an_error
from sqlalchemy import select

from nucleus_lab.engine import Engine, keys
from nucleus_lab.engine.settings import Settings
from nucleus_lab.engine.whole_schema import metadata as tables
from nucleus_lab.routes import TABLE, dispatch
from nucleus_lab.wire import Request, encode

SECONDS = float(os.environ.get("NUCLEUS_LAB_TESTS_FUZZ_SECONDS", "30"))

# What reading may renew: numbers that follow from the rest.
DERIVED = {"position", "next_position", "positions_dense"}


@pytest.fixture
def engine(workspace: Path) -> Iterator[Engine]:
    """A workspace whose jobs run where they are submitted."""
    settings = Settings.load(workspace, serving=True).changed(inline_jobs=True)
    opened = Engine(workspace, settings=settings)
    yield opened
    opened.close()


def ask(engine: Engine, method: str, path: str, payload: Any = None) -> Any:
    answer = dispatch(engine, Request(method, path, payload))
    assert answer.status == 200, (path, answer.payload)
    return answer.payload


def fill(engine: Engine) -> dict[str, list[str]]:
    """Store a little of everything; returns ids by the names that routes and bodies use."""
    ds = ask(engine, "POST", "dataset/create", {"name": "x"})["dataset_id"]
    names = ["a.jpg", "b/c ü.jpg", "d.jpg"]
    items = [{"reference_id": name, "image_url": f"https://example.org/{name}"} for name in names]
    ask(engine, "POST", f"dataset/{ds}/append", {"items": items})
    taxonomy = {"taxonomy_name": "t", "type": "category", "labels": ["l"]}
    ask(engine, "POST", f"dataset/{ds}/add_taxonomy", taxonomy)
    boxes = [
        {
            "type": "box",
            "label": "car",
            "reference_id": name,
            "annotation_id": "b",
            "geometry": {"x": 1, "y": 2, "width": 3, "height": 4},
        }
        for name in names
    ]
    ask(engine, "POST", f"dataset/{ds}/annotate", {"annotations": boxes})
    model = {"name": "m", "reference_id": f"m {ds}"}
    prj = ask(engine, "POST", "models/add", model)["model_id"]
    route = f"dataset/{ds}/model/{prj}"
    run = ask(engine, "POST", f"{route}/uploadPredictions", {"annotations": boxes})["model_run_id"]
    slc = ask(engine, "POST", f"dataset/{ds}/create_slice", {"name": "s", "reference_ids": names})
    job = ask(engine, "POST", f"{route}/calculateEvaluationMetrics", {})["job_id"]
    page = ask(engine, "POST", f"dataset/{ds}/itemsPage", {})
    ids = [item["id"] for item in page["items"]]
    test = {
        "name": "test",
        "slice_id": slc["slice_id"],
        "evaluation_functions": [{"id": "ef_bbox_iou"}],
    }
    st = ask(engine, "POST", "validate/scenario_test", test)["scenario_test_id"]
    ask(engine, "POST", f"validate/{prj}/evaluate", {"test_names": ["test"]})
    sev = ask(engine, "GET", f"validate/scenario_test/{st}/eval_history/details")[0]["id"]
    external = ask(engine, "POST", "validate/eval_fn", {"name": f"mine_{ds}"})["eval_fn"]["id"]
    other = {**test, "name": "other", "evaluation_functions": [{"id": external}]}
    uploads = ask(engine, "POST", "validate/scenario_test", other)["scenario_test_id"]
    token = ask(engine, "GET", f"dataset/{ds}/signedUrl/{'0' * 32}")["signed_url"]
    weights = ask(engine, "POST", f"model/{prj}/weights/presign", {"declaredSizeBytes": 9})
    return {
        **evaluations(engine, ds, prj, run),
        "uploadId": [weights["uploadId"]],
        "ds": [ds], "dataset_id": [ds], "prj": [prj], "model_id": [prj], "run": [run],
        "model_run_id": [run], "slc": [slc["slice_id"]], "slice_id": [slc["slice_id"]],
        "job": [job], "job_id": [job], "di": ids, "item_id": ids, "dataset_item_id": ids,
        "ref": names, "reference_id": names, "index": ["0", "2"], "name": ["t", "s"],
        "taxonomy_name": ["t"], "label": ["l", "car"], "annotation_id": ["b"],
        "ids": [f"{name}/b" for name in names],
        "token": [url.rpartition("/")[2] for url in (token, weights["uploadUrl"])],
        "rid": ["0" * 32], "requestId": ["0" * 32], "level": ["item", "scene"],
        "query": ["metadata.a = 1", "annotations.count >", 'reference_id = "a.jpg"'],
        "st": [st, uploads], "unit_test_id": [uploads, st], "sev": [sev],
        "ef": ["ef_bbox_iou", external], "id": ["ef_poly_map", "ef_seg_iou", external],
        "eval_function_id": ["ef_bbox_iou", "ef_seg_iou", external],
        "test_name": ["test", "other"], "scenario_test_name": ["test", "other"],
        "job_type": ["uploadAnnotations"], "mask_url": ["s3://b/m.png", "/etc/hosts"],
    }  # fmt: skip


def evaluations(engine: Engine, ds: str, prj: str, run: str) -> dict[str, list[str]]:
    """Store evaluations, benchmarks and what they are made with; returns ids by names."""
    groups = [{"class_name": "vehicle", "labels": ["car"]}]
    named = {"name": f"g {ds}", "rollup_groups": groups}
    alm = ask(engine, "POST", "lab/allowedLabelMatches", named)["id"]
    prev = ask(engine, "POST", "evaluationV2Presets", {"name": f"p {ds}"})["id"]
    ready, draft = (
        ask(engine, "POST", "benchmarks", {"name": "b", "dataset_id": ds, "draft": draft})
        for draft in (False, True)
    )
    bms = [ready["benchmark_id"], draft["benchmark_id"]]
    made = [
        ask(engine, "POST", f"model/{prj}/evaluationsV2", {}),
        ask(engine, "POST", f"modelRun/{run}/evaluationsV2", {}),
        ask(engine, "POST", f"benchmarks/{bms[0]}/evaluationsV2", {"model_id": prj}),
    ]
    return {
        "ev": [entry["evaluation_id"] for entry in made], "bm": bms, "benchmark_id": bms,
        "parent_benchmark_id": bms, "prev": [prev], "alm": [alm], "allowed_label_matches_id": [alm],
        "model_run_ids": [run], "dataset_ids": [ds], "class_name": ["vehicle"],
        "gtLabels": ["car", "vehicle"], "predLabels": ["car"], "sort_by": ["iou", "gt_area"],
        "sort_order": ["ASC", "desc"],
    }  # fmt: skip


def content(engine: Engine) -> dict[str, Any]:
    """All that the workspace holds."""
    with engine.store.read() as connection:
        return {
            table.name: sorted(
                map(
                    repr, connection.execute(select(*(c for c in table.c if c.name not in DERIVED)))
                )
            )
            for table in tables.sorted_tables
        }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2))
def test_requests_that_almost_fit_are_answered_or_refused_as_a_whole(
    engine: Engine, seed: int
) -> None:
    maker = Maker(seed, fill(engine))
    routes = list(TABLE.routes)
    faults: list[Any] = []
    end = time.monotonic() + SECONDS / 2
    sent, refused = 0, 0
    before = content(engine)
    least = 5 * len(routes)  # also on a machine that is busy with other things
    while (time.monotonic() < end or sent < least) and len(faults) < 5:
        maker.random.shuffle(routes)
        for route in routes:
            request = maker.request(route)
            answer = dispatch(engine, request)
            sent += 1
            line = (route.method, request.path[:200], str(request.payload)[:300], request.query)
            if answer.status >= 500:
                faults.append((line, answer.payload))
            if answer.status >= 400:
                refused += 1
                if not is_an_error(answer.payload):
                    faults.append((line, answer.payload))
                if route.method != "GET":
                    after = content(engine)
                    if after != before:
                        changed = [name for name in after if after[name] != before[name]]
                        faults.append((line, answer.payload, changed))
                        before = after
            else:
                if isinstance(answer.payload, (dict, list)):
                    encode(answer.payload)
                before = content(engine)
        if ask(engine, "GET", "dataset/details") == [] or sent % (len(routes) * 4) == 0:
            for row in ask(engine, "GET", "dataset/details"):
                ask(engine, "DELETE", f"dataset/{row['id']}")
            maker.known = fill(engine)
            before = content(engine)

    assert faults == []
    assert sent >= least
    assert sent > refused > sent // 5  # neither side of the fence was left out


@pytest.fixture
def web(engine: Engine) -> Iterator[httpx.Client]:
    """A server with a key, and a browser-like client without."""
    keys.create(engine, "team")
    with (
        serving(engine, most_body_bytes=10_000) as endpoint,
        httpx.Client(base_url=f"{endpoint}/", timeout=30) as client,
    ):
        yield client


def paths() -> list[tuple[str, str]]:
    return sorted({
        (entry.method, entry.template.replace("{", "").replace("}", "").replace(":path", ""))
        for entry in TABLE.routes
        if not entry.public
    })


def test_no_route_answers_a_wrong_key(web: httpx.Client) -> None:
    for method, path in paths():
        answer = web.request(method, path, auth=("wrong", ""))
        assert (answer.status_code, list(answer.json())) == (401, ["error", "code"]), path


def test_no_route_takes_too_much_or_half_a_body(engine: Engine, web: httpx.Client) -> None:
    key = keys.create(engine, "other")
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    half = b'--b\r\nContent-Disposition: form-data; name="items"\r\n\r\n[{"reference_id":"a"}]\r\n'
    before = content(engine)
    for method, path in paths():
        if method == "GET":
            continue
        much = web.request(method, path, content=b" " * 20_000, auth=(key, ""))
        cut = web.request(method, path, content=half, headers=head, auth=(key, ""))
        assert (much.status_code, much.json()["code"]) == (413, "payload_too_large"), path
        assert (cut.status_code, cut.json()["code"]) == (400, "invalid_input"), path
    assert content(engine) == before
