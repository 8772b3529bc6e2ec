"""Writes the index of the routes: ``python -m nucleus_lab.routes.write_index``.

The decorators say what the routes are; the index repeats where, so that a request need not load
every module to find its own. A test holds the two together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nucleus_lab.routes.table import TABLE, Route

PATH: Final = Path(__file__).with_name("index.py")

_HEAD: Final = '''"""Which module each route is in, so that a request loads that one alone.

Written by ``python -m nucleus_lab.routes.write_index`` from the decorators, never by hand.
"""

from __future__ import annotations

from typing import Final

INDEX: Final[dict[str, str]] = {
'''


def text_of(routes: list[Route]) -> str:
    """Write the index of some routes.

    Args:
        routes: The routes; a handler tells its module.

    Returns:
        The text of the module ``index``.
    """
    lines = sorted(
        f'    "{entry.method} {entry.template}": "{entry.handler.__module__.rpartition(".")[2]}",\n'
        for entry in routes
    )
    return f"{_HEAD}{''.join(lines)}}}\n"


if __name__ == "__main__":
    PATH.write_text(text_of(TABLE.routes), encoding="utf-8")
