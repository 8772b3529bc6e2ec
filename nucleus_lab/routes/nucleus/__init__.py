"""The routes of the Nucleus protocol, one module a resource, and our own under ``lab/``."""

from __future__ import annotations

import importlib

from nucleus_lab.bulk import collector_paused


def load(module: str | None = None) -> None:
    """Import a module of routes, which adds them to the table.

    Args:
        module: Its name below this package; ``None`` for all that there are.
    """
    with collector_paused():  # what an import makes stays: walking through it is for nothing
        for name in _names() if module is None else [module]:
            importlib.import_module(f"{__name__}.{name}")


def _names() -> list[str]:
    import pkgutil

    return [found.name for found in pkgutil.iter_modules(__path__)]
