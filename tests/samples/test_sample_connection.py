"""Where the samples are: the workspace, a server, or endpoints as scripts for Edge Impulse set."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_server import free_port, serving
from sample_files import csv

from nucleus_lab import NucleusClient, samples
from nucleus_lab.engine import Engine, keys
from nucleus_lab.errors import InvalidInputError, TransportError, UnauthorizedError
from nucleus_lab.samples import Sample


@pytest.fixture
def default(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUCLEUS_LAB_WORKSPACE", str(workspace))
    return workspace


@pytest.fixture
def server(workspace: Path) -> Iterator[tuple[str, str]]:
    """A server with a key: its root and the key."""
    engine = Engine(workspace)
    key = keys.create(engine, "alice")
    try:
        with serving(engine, key_required=True) as endpoint:
            yield endpoint.removesuffix("/v1/nucleus"), key
            samples.disconnect()  # before the server stops, which waits for open connections
    finally:
        engine.close()


def test_without_any_setting_the_default_workspace_is_used(default: Path) -> None:
    samples.upload_samples(Sample(csv(), "wave.1.csv"))

    with NucleusClient(workspace=default) as client:
        assert [each.filename for each in samples.get_sample_ids(client=client)] == ["wave.1"]
    assert [each.filename for each in samples.get_sample_ids()] == ["wave.1"]


def test_connect_chooses_a_workspace_and_brings_back_the_one_before(
    default: Path, tmp_path: Path
) -> None:
    samples.upload_samples(Sample(csv(), "here.csv"))

    with samples.connect(workspace=tmp_path / "other"):
        samples.upload_samples(Sample(csv(), "there.csv"))
        there = [each.filename for each in samples.get_sample_ids()]

    assert (there, [each.filename for each in samples.get_sample_ids()]) == (["there"], ["here"])
    with (
        NucleusClient(workspace=default) as client,
        pytest.raises(InvalidInputError, match="not both"),
    ):
        samples.connect(client, workspace=tmp_path)


@pytest.mark.parametrize("how", ["attributes", "environment", "studio only", "ingestion only"])
def test_endpoints_and_key_are_read_at_each_call(
    server: tuple[str, str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    root, key = server
    given = {"API_KEY": key, "API_ENDPOINT": f"{root}/v1", "INGESTION_ENDPOINT": root}
    if how == "studio only":
        del given["INGESTION_ENDPOINT"]
    if how == "ingestion only":
        del given["API_ENDPOINT"]
    for name, value in given.items():
        if how == "environment":
            monkeypatch.setenv(f"EI_{name}", value)
        else:
            monkeypatch.setattr(samples, name, value)

    made = [Sample(csv(at), f"ü b{at}.csv", "training", f"l {at} é") for at in range(3)]
    response = samples.upload_samples(made)

    assert response.success, response
    infos = samples.get_sample_ids()
    assert sorted((each.filename, each.label) for each in infos) == [
        (f"ü b{at}", f"l {at} é") for at in range(3)
    ]
    [found] = samples.download_samples_by_ids(infos[0].sample_id)
    assert found.label == infos[0].label
    assert samples.delete_samples_by_filename("b0")[0] is not None


def test_the_key_of_a_call_counts_before_that_of_the_module(
    server: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, key = server
    monkeypatch.setattr(samples, "API_ENDPOINT", f"{root}/v1")
    monkeypatch.setattr(samples, "API_KEY", "wrong")

    refused = samples.upload_samples([Sample(csv(1), "a.csv"), Sample(csv(2), "b.csv")])
    taken = samples.upload_samples(Sample(csv(), "a.csv", "training", "x"), api_key=key)

    assert [each.error for each in refused.fails] == ["Invalid API key"] * 2
    assert taken.success
    with pytest.raises(UnauthorizedError, match="Invalid API key"):
        samples.get_sample_ids()
    [info] = samples.get_sample_ids(api_key=key)
    identifier = info.sample_id or 0
    assert samples.get_filename_by_id(identifier, api_key=key) == "a"
    assert len(samples.download_samples_by_ids(identifier, api_key=key)) == 1
    assert len(samples.delete_samples_by_filename("a", api_key=key)) == 1
    assert samples.delete_sample_by_id(identifier, api_key=key) is None
    assert samples.delete_all_samples(api_key=key) is not None


def test_a_server_of_nucleus_lab_is_an_endpoint_too(server: tuple[str, str]) -> None:
    root, key = server

    with samples.connect(endpoint=f"{root}/v1/nucleus", api_key=key):
        samples.upload_samples([Sample(csv(1), "a.csv"), Sample(csv(2), "b.csv")])
        assert len(samples.get_sample_ids()) == 2


@pytest.mark.parametrize("endpoint", ["localhost:8080", "ftp://example.org", "/v1"])
def test_an_endpoint_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setattr(samples, "API_ENDPOINT", endpoint)

    with pytest.raises(InvalidInputError, match="API_ENDPOINT is"):
        samples.get_sample_ids()


def test_where_nobody_answers_an_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "API_ENDPOINT", f"http://127.0.0.1:{free_port()}/v1")

    with pytest.raises(TransportError, match="no server answers"):
        samples.upload_samples([Sample(csv(at), f"{at}.csv") for at in range(50)])
    with pytest.raises(TransportError, match="no server answers"):
        samples.get_sample_ids()


class _Recorder(http.server.BaseHTTPRequestHandler):
    """A server that notes requests, and answers uploads as told."""

    asked: list[dict[str, Any]]
    answer: tuple[int, str]
    wait: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append({"path": self.path, "headers": dict(self.headers), "body": body})
        self.wait.wait(20)
        status, text = self.answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Recorder]]:
    kind = type("Recorder", (_Recorder,), {"asked": [], "wait": threading.Event()})
    kind.wait.set()
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    monkeypatch.setattr(samples, "API_ENDPOINT", f"http://127.0.0.1:{running.server_port}/v1")
    monkeypatch.setattr(samples, "API_KEY", "ei_1")
    yield kind
    kind.wait.set()
    running.shutdown()
    running.server_close()


def test_an_upload_is_the_request_of_the_protocol(recorder: type[_Recorder]) -> None:
    recorder.answer = (200, '{"success": true, "files": [{"success": true, "sampleId": 7}]}')
    sample = Sample(
        "abc",
        'a "b" ü.csv',
        "anomaly",
        "walk fast",
        [{"label": "é", "x": 1}],
        {"é": 1},
        structured_labels=[{"startIndex": 0, "endIndex": 1, "label": "a"}],
    )

    response = samples.upload_samples(sample)

    [asked] = recorder.asked
    headers = {name.lower(): value for name, value in asked["headers"].items()}
    assert asked["path"] == "/api/anomaly/files"
    assert {name: value for name, value in headers.items() if name.startswith("x-")} == {
        "x-api-key": "ei_1",
        "x-upload-source": "NUCLEUS_LAB_PYTHON_SDK",
        "x-disallow-duplicates": "1",
        "x-label": "walk fast",
        "x-bounding-boxes": '[{"label": "\\u00e9", "x": 1}]',
        "x-metadata": '{"\\u00e9": 1}',
    }
    boundary = headers["content-type"].partition("boundary=")[2]
    parts = asked["body"].split(f"--{boundary}".encode())[1:-1]
    heads = [part.partition(b"\r\n\r\n")[0].decode().strip().splitlines()[0] for part in parts]
    name = "a %22b%22 ü.csv"
    assert heads == [
        f'Content-Disposition: form-data; name="data"; filename="{name}"',
        'Content-Disposition: form-data; name="data"; filename="structured_labels.labels"',
    ]
    assert json.loads(parts[1].partition(b"\r\n\r\n")[2]) == {
        "version": 1,
        "type": "structured-labels",
        "structuredLabels": {sample.filename: sample.structured_labels},
    }
    assert (response.successes[0].sample_id, sample.sample_id) == (7, 7)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (200, '{"success": true, "files": []}', "No files listed in response"),
        (200, '{"success": true, "files": [{"success": false, "error": "no"}]}', "no"),
        (401, '{"success": false, "error": "Invalid API key"}', "Invalid API key"),
        (429, '{"success": false, "error": "slow down"}', "slow down"),
        (500, '{"success": false}', "status 500"),
    ],
)
def test_a_refusal_is_a_fail_and_no_exception(
    recorder: type[_Recorder], status: int, text: str, error: str
) -> None:
    recorder.answer = (status, text)

    response = samples.upload_samples([Sample("a", "a.csv"), Sample("b", "b.csv")])

    assert [(each.filename, each.error) for each in response.fails] == [
        ("a.csv", error), ("b.csv", error),
    ]  # fmt: skip
    assert not response.successes


def test_a_time_limit_is_kept_and_nothing_is_tried_again(recorder: type[_Recorder]) -> None:
    recorder.wait.clear()
    recorder.answer = (200, "{}")

    with pytest.raises(TransportError, match=r"did not answer POST .* within 0\.2 s"):
        samples.upload_samples(Sample("a", "a.csv"), timeout_sec=0.2)

    assert len(recorder.asked) == 1
    with pytest.raises(InvalidInputError, match="timeout_sec is 0"):
        samples.upload_samples(Sample("a", "a.csv"), timeout_sec=0)


def test_an_answer_that_is_no_json_is_told_of(recorder: type[_Recorder]) -> None:
    recorder.answer = (200, "<html>")

    with pytest.raises(TransportError, match="not as a Nucleus server does"):
        samples.upload_samples(Sample("a", "a.csv"))


def test_importing_the_module_loads_none_of_the_libraries() -> None:
    program = (
        "import sys; from nucleus_lab import samples; samples.Sample, samples.upload_samples;"
        "heavy = ['numpy', 'pandas', 'httpx', 'sqlalchemy', 'PIL', 'IPython', 'tqdm'];"
        "print([name for name in heavy if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_every_public_name_exists_and_is_listed() -> None:
    assert sorted(samples.__all__) == samples.__all__
    homes = {name for names in samples._HOMES.values() for name in names.split()}
    others = {"API_ENDPOINT", "API_KEY", "INGESTION_ENDPOINT", "infer_from_filename"}
    assert set(samples.__all__) == homes | others
    assert all(hasattr(samples, name) for name in samples.__all__)
    assert set(samples.__all__) <= set(dir(samples))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = samples.nothing
