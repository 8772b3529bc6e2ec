"""Progress bars: where somebody can see them, and only there."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

    from nucleus_lab.transport.connection import Connection


def progress_bar(client: Connection, total: float, title: str, **options: Any) -> tqdm[Any]:
    """Make a progress bar.

    It is drawn in a terminal and in a notebook, and silent elsewhere, so that logs stay readable.

    Args:
        client: Says whether a bar made for notebooks is wanted.
        total: What counts as done.
        title: What is going on.
        **options: Passed on to tqdm.

    Returns:
        The bar; a context manager.
    """
    module = import_module("tqdm.notebook" if client.use_notebook else "tqdm")
    seen = client.use_notebook or "ipykernel" in sys.modules or sys.stderr.isatty()
    if "ipykernel" in sys.modules:
        options.setdefault("file", sys.stdout)  # notebooks show what goes to stderr as an error
    bar: tqdm[Any] = module.tqdm(total=total, desc=title, disable=not seen, **options)
    return bar
