"""The commands of ``%nucleus``, one module each; a new module here is a new command."""

from __future__ import annotations

import importlib
import pkgutil

from nucleus_lab.magics.subcommands.base import Subcommand

__all__ = ["SUBCOMMANDS", "Subcommand"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

SUBCOMMANDS: dict[str, Subcommand] = {
    kind.name: kind() for kind in sorted(Subcommand.__subclasses__(), key=lambda kind: kind.order)
}
"""Every command by name, in the order of a working day."""
