"""The first requests of a process, from many threads at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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
