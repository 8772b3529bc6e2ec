"""Files of samples, sound and spoilt, and requests that send them."""

from __future__ import annotations

import json
import random
from typing import Any

import cbor2
import numpy as np

from nucleus_lab.formats.samples.wave import wav_of
from nucleus_lab.wire import FilePart, Request

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
ACQUISITION: dict[str, Any] = {
    "protected": {"ver": "v1", "alg": "none", "iat": None},
    "signature": "0" * 64,
    "payload": {
        "device_name": None,
        "device_type": "t",
        "interval_ms": 10,
        "sensors": [{"name": "x", "units": "g"}, {"name": "y", "units": "g"}],
        "values": [[1, 2.5], [3, None], [5, 6]],
    },
}
BINARY = ACQUISITION | {
    "payload": ACQUISITION["payload"] | {"values": ["Ref-Binary-i16", "Ref-Binary-i16"]}
}
SAMPLE_FILES: dict[str, bytes] = {
    "a.json": json.dumps(ACQUISITION).encode(),
    "b.cbor": cbor2.dumps(ACQUISITION),
    "c.cbor": cbor2.dumps(BINARY) + b"\xff" + np.arange(8, dtype="<i2").tobytes(),
    "d.csv": b"timestamp,x,y\n0,1,2\n10,3,\n20,5,6\n",
    "e.csv": b"x,y\n1,2\n",
    "f.wav": wav_of(np.sin(np.arange(40.0)), 8000),
    "g.png": PNG,
    "h.mp4": b"\0\0\0\x18ftypisom\0\0\0\0",
}
_DESCRIPTIONS = {
    "structured_labels.labels": {
        "version": 1,
        "type": "structured-labels",
        "structuredLabels": {"d.csv": [{"startIndex": 0, "endIndex": 2, "label": "a"}]},
    },
    "bounding_boxes.labels": {
        "version": 1,
        "type": "bounding-box-labels",
        "boundingBoxes": {"g.png": [{"label": "a", "x": 0, "y": 0, "width": 1, "height": 1}]},
    },
}
_HEADERS = {
    "x-label": ["a", "%C3%BC", "\xfc", "%00", "a" * 5000, ""],
    "x-metadata": ['{"a":"b"}', "{", "[]", '{"a":{}}', '{"a":"\\u0000"}', "\xfc"],
    "x-bounding-boxes": [
        '[{"label":"a","x":1,"y":1,"width":2,"height":2}]',
        '[{"label":1}]',
        "[]",
        '[{"label":"a","x":1e400,"y":1,"width":2,"height":2}]',
        "{}",
    ],
    "x-disallow-duplicates": ["1", "0", "true"],
    "x-no-label": ["1"],
    "x-add-date-id": ["1"],
    "x-upload-source": ["EDGE_IMPULSE_PYTHON_SDK", "other"],
}
_NAMES = [
    "x.parquet",
    "x",
    "",
    "../x.csv",
    "x.labels",
    "info.labels",
    "x\0.csv",
    "n" * 300,
    "ü.csv",
]


def sample_request(pick: random.Random) -> Request:
    """Make a request that sends files; about a third of them are sound."""
    pool = dict(SAMPLE_FILES)
    if pick.random() < 0.3:
        for name, content in _DESCRIPTIONS.items():
            pool[name] = json.dumps(content).encode()
    names = pick.sample(sorted(pool), pick.choice([0, 1, 1, 2, 4, len(pool)]))
    files = []
    for name in names:
        content = pool[name]
        for _ in range(pick.choice([0, 0, 1, 3])):
            content = _spoilt(pick, content)
        shown = pick.choice(_NAMES) if pick.random() < 0.1 else name
        field = "file" if pick.random() < 0.03 else "data"
        files.append(FilePart(field, shown, content=content))
    some = pick.sample(sorted(_HEADERS), pick.choice([0, 0, 1, 2]))
    headers = {name: pick.choice(_HEADERS[name]) for name in some}
    category = pick.choice(["training", "testing", "split", "anomaly", "bogus", "%00"])
    return Request("POST", f"api/{category}/files", files=files, headers=headers)


_PIECES = [b"", b"\0", b"\xff", b"{", b"[", b'"', b"NaN", b"1e999", b"9" * 5000, b"[" * 3000]
_PIECES += [b"null", b"-", b",", b";", b"\n", b"\\ud800", b"\xc4\x80\xd8", b"\x9f", b"\xd8\x1d\x00"]


def _spoilt(pick: random.Random, content: bytes) -> bytes:
    at = pick.randrange(len(content) + 1)
    end = min(len(content), at + pick.choice([0, 1, 2, 8, 10_000]))
    return content[:at] + pick.choice(_PIECES) + content[end:]
