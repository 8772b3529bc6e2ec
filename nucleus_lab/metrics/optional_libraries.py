"""Libraries that only some metrics need; they are imported when such a metric first runs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nucleus_lab.metrics.errors import MissingLibraryError


def required(module: str, purpose: str) -> Any:
    """Import a module of the ``metrics`` extra.

    Args:
        module: Its full name.
        purpose: What it is needed for.

    Returns:
        The module.

    Raises:
        MissingLibraryError: It is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as fault:
        package = {"sklearn": "scikit-learn"}.get(
            module.partition(".")[0], module.partition(".")[0]
        )
        raise MissingLibraryError(
            f"{purpose} needs {package}, which is not installed: pip install 'nucleus_lab[metrics]'"
        ) from fault
