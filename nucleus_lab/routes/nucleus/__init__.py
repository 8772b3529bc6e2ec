"""The routes of the Nucleus protocol, one module a resource, and our own under ``lab/``."""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
