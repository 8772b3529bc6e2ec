"""Loading modules of routes, one where a request asks for it or all that there are."""

from __future__ import annotations

import importlib
from typing import Final

from nucleus_lab.bulk import importing

_ROUTES: Final = __name__.rpartition(".")[0]
_PROTOCOLS: Final = ("edge_impulse", "nucleus")


def load(module: str | None = None) -> None:
    """Import a module of routes, which adds them to the table.

    Args:
        module: Its name below this package, such as ``nucleus.datasets``; ``None`` for all.
    """
    with importing():
        for name in _names() if module is None else [module]:
            importlib.import_module(f"{_ROUTES}.{name}")


def _names() -> list[str]:
    import pkgutil

    return [
        f"{protocol}.{found.name}"
        for protocol in _PROTOCOLS
        for found in pkgutil.iter_modules(importlib.import_module(f"{_ROUTES}.{protocol}").__path__)
    ]
