"""The routes of the Edge Impulse protocol, which clients use for samples, one module a resource.

Those of the studio hang under ``/v1/api``, those that take files under ``/api``.
"""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
