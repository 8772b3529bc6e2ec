"""The first requests of a process, from many threads at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from nucleus_lab import BoxAnnotation, BoxPrediction, DatasetItem, NucleusClient

PACKAGE = Path(__file__).resolve().parents[2] / "nucleus_lab"

# Threads change as often as Python can: unguarded, msgspec ended the process every time.
PROGRAM = """
import sys, threading
from nucleus_lab.routes import TABLE, _read_body
from nucleus_lab.errors import InvalidInputError

kinds = [entry.body for entry in TABLE.routes if entry.body not in (None, bytes)]
start = threading.Barrier(16)
sys.setswitchinterval(1e-6)

def read():
    start.wait()
    for kind in kinds:
        for payload in (b'{"annotations": [{"type": "box"}]}', {"items": [{}]}):
            try:
                _read_body(kind, payload)
            except InvalidInputError:
                pass

threads = [threading.Thread(target=read) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


# Each thread begins with other routes, so that modules which share parts are loaded at once.
MATCHING = """
import sys, threading
from nucleus_lab.routes import TABLE
from nucleus_lab.routes.index import INDEX

names = [name.partition(" ") for name in INDEX]
start = threading.Barrier(16)
sys.setswitchinterval(1e-6)
found, faults = [], []

def ask(first):
    start.wait()
    try:
        for method, _, template in names[first:] + names[:first]:
            path = template.replace("{", "").replace(":path}", "").replace("}", "")
            found.append(TABLE.match(method, path)[0].method == method)
    except BaseException as fault:
        faults.append(fault)

threads = [threading.Thread(target=ask, args=(number * len(names) // 16,)) for number in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(faults, len(found) == 16 * len(names), all(found), len(TABLE.routes) == len(names))
"""


def test_threads_may_ask_for_their_first_routes_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", MATCHING], capture_output=True, text=True)

    assert (done.stderr, done.stdout) == ("", "[] True True True\n")


def test_threads_may_read_their_first_bodies_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_only_the_wire_module_lets_msgspec_learn_kinds() -> None:
    unguarded = re.compile(r"msgspec\.(convert|(json|msgpack)\.(Decoder|decode))\(")

    found = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if unguarded.search(path.read_text())
    ]

    assert found == ["wire.py"]


TYPING = """
import sys
from nucleus_lab import NucleusClient

with NucleusClient(workspace=sys.argv[1]) as client:
    (dataset,) = client.datasets
    found = [
        [each.text for each in dataset.complete_query(text)][:1]
        for text in ("metadata.", "metadata.n = ", "annotations.", "predictions.", "slice = ")
    ]
    print(found, [each.name for each in client.models], [each.name for each in dataset.slices])
    print([each.text for each in dataset.complete_query("predictions.", model=client.models[0])][0])
    print([name for name in %r if "nucleus_lab." + name in sys.modules])
"""


def test_what_is_asked_while_somebody_types_loads_nothing_that_answers_queries_or_deletes(
    tmp_path: Path,
) -> None:
    with NucleusClient(workspace=tmp_path) as client:
        dataset = client.create_dataset("typed")
        dataset.append([DatasetItem("https://example.org/1.jpg", "1", {"n": 1})])
        dataset.annotate([BoxAnnotation("car", 1, 1, 2, 2, "1")])
        model = client.create_model("m", "m")
        dataset.upload_predictions(model, [BoxPrediction("car", 1, 1, 2, 2, reference_id="1")])
        dataset.create_slice("odd", ["1"])
    heavy = [
        "query.parse", "query.compile", "query.resolve", "engine.queries", "engine.query_explain",
        "engine.cuboid_points", "engine.deletion", "engine.evaluation_schema", "engine.items",
        "engine.slice_objects", "engine.column_indexes", "routes.nucleus.slices",
    ]  # fmt: skip

    done = subprocess.run(
        [sys.executable, "-c", TYPING % heavy, str(tmp_path)], capture_output=True, text=True
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "[['n'], ['1'], ['count'], ['count'], ['\"odd\"']] ['m'] ['odd']",
        "count",
        "[]",
    ]
