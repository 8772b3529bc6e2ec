"""The server: the route table over HTTP, for other processes, machines and published clients."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nucleus_lab.server.app import create_app
    from nucleus_lab.server.listen import serve

__all__ = ["create_app", "serve"]

_HOMES = {"create_app": "app", "serve": "listen"}


def __getattr__(name: str) -> Any:  # so that the keys command does not load a web server
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
