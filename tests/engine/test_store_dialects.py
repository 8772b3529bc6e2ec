"""What opening a workspace loads: of SQLAlchemy's dialects, the one in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from nucleus_lab import NucleusClient
with NucleusClient(workspace=sys.argv[1]) as client:
    assert client.create_dataset("d").count("metadata.a = 1") == 0
print([name for name in sys.modules if name.startswith("sqlalchemy.dialects.postgresql")])
print([name for name in ("numpy", "PIL", "httpx", "starlette", "pydantic") if name in sys.modules])
"""


def test_a_sqlite_workspace_opens_without_what_it_does_not_use(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "w")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["[]", "[]"]
