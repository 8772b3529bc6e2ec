"""Program for the environment of a published client that has ``scale-launch`` installed too.

``create_launch_model`` of the published client hands the code to a service of its own and registers
the model with us. That service stands here, for the real package: a list, an address to upload to,
and a place for what is uploaded. Prints what was seen as JSON.
"""

from __future__ import annotations

import http.server
import io
import json
import os
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import cloudpickle
import launch.client
import nucleus
from nucleus.errors import ModelCreationError, NucleusAPIError

FOLDER = Path(sys.argv[1])
bundles: list[dict[str, Any]] = []
uploaded: dict[str, bytes] = {}


class Service(http.server.BaseHTTPRequestHandler):
    """What the package asks for."""

    def log_message(self, *_: Any) -> None: ...

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self._body()
        self._answer({"bundles": [{"name": one["bundle_name"]} for one in bundles]})

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/model_bundle_upload":
            key = f"bundle{len(uploaded)}"
            host = self.headers["Host"]
            place = {"signedUrl": f"http://{host}/put/{key}", "bucket": "b", "key": key}
            self._answer(place)
            return
        bundles.append(json.loads(body))
        self._answer({})

    def do_PUT(self) -> None:
        uploaded[self.path.rpartition("/")[2]] = self._body()
        self._answer({})


def predict(picture: bytes) -> list[dict[str, Any]]:
    """Predict one box."""
    return [{"type": "box", "label": "car", "size": len(picture)}]


def refusal(call: Any) -> str:
    try:
        call()
    except (NucleusAPIError, ModelCreationError) as fault:
        return f"{type(fault).__name__} {getattr(fault, 'status_code', '')}".strip()
    return "nothing was refused"


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
launch.client.SCALE_LAUNCH_ENDPOINT = f"http://127.0.0.1:{server.server_port}"

code = FOLDER / "detector"
code.mkdir()
(code / "run.py").write_text("def load_predict(model):\n    return lambda picture: []\n")
(FOLDER / "requirements.txt").write_text("numpy\n")
os.chdir(FOLDER)

client = nucleus.NucleusClient()
made = client.create_launch_model(
    "far", "far-1", {"predict_fn_or_cls": predict, "env_params": {}, "requirements": []}, {"a": 1}
)
dataset = client.create_dataset("d", is_scene=False)
part = dataset.create_slice("p", [])
from_dir = client.create_launch_model_from_dir(
    "dir",
    "dir-1",
    {
        "base_paths": ["detector"],
        "requirements_path": "requirements.txt",
        "env_params": {},
        "load_predict_fn_module_path": "detector.run.load_predict",
        "load_model_fn_module_path": "detector.run.load_model",
    },
    trained_slice_ids=[part.id],
)
read = [client.get_model(model.id) for model in (made, from_dir)]
args = {"predict_fn_or_cls": predict, "env_params": {}, "requirements": []}
sys.stdout.write(
    json.dumps({
        "registered": [[one.name, one.reference_id, one.metadata or {}] for one in read],
        "trained": read[1].trained_slice_ids == [part.id],
        "bundles": [[one["bundle_name"], one["packaging_type"]] for one in bundles],
        "pickled": cloudpickle.loads(uploaded["bundle0"])(b"123"),
        "zipped": zipfile.ZipFile(io.BytesIO(uploaded["bundle1"])).namelist(),
        "twice": refusal(lambda: client.create_launch_model("far", "far-2", args)),
        "run": refusal(lambda: made.run(dataset.id, "x", None)),
    })
)
