"""IPython magics: ``%nucleus`` and ``%%nucleus_query``, loaded by ``%load_ext nucleus_lab``.

One module a magic beside this file, listed in :data:`MAGICS`; one module a subcommand of
``%nucleus`` in :mod:`nucleus_lab.magics.subcommands`, found by itself. Magics use only the public
SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nucleus_lab import async_job
from nucleus_lab.magics.ahead import Ahead
from nucleus_lab.magics.hooks import Hooks
from nucleus_lab.magics.nucleus import NucleusMagic
from nucleus_lab.magics.query import QueryMagic
from nucleus_lab.magics.session import Session
from nucleus_lab.magics.tracebacks import Tracebacks

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nucleus_lab.async_job import AsyncJob

__all__ = ["MAGICS", "NucleusMagic", "QueryMagic", "Session", "load", "unload"]

MAGICS = (NucleusMagic, QueryMagic)

_loaded: dict[int, tuple[Session, Hooks, Tracebacks, Ahead]] = {}


def load(shell: InteractiveShell) -> None:
    """Register every magic in a shell; they share one session.

    Args:
        shell: The running IPython.
    """
    unload(shell)  # a second load begins anew
    session = Session(shell)
    for magic in MAGICS:
        magic(session).register()
    hooks = Hooks(session)
    hooks.set()
    tracebacks = Tracebacks(shell)
    tracebacks.set()
    ahead = Ahead()
    _loaded[id(shell)] = (session, hooks, tracebacks, ahead)
    if hasattr(shell, "kernel"):
        ahead.begin()
        # A terminal keeps its own bar.
        async_job.progress_display = _show_wait


def _show_wait(job: AsyncJob) -> async_job.ProgressDisplay:
    from nucleus_lab.widgets.job_progress import show_wait

    return show_wait(job)


def unload(shell: InteractiveShell) -> None:
    """Take every magic out of a shell again; a server that it started stops.

    Args:
        shell: The running IPython.
    """
    for kind, names in shell.magics_manager.magics.items():
        for name in [name for name in names if name.startswith("nucleus")]:
            del shell.magics_manager.magics[kind][name]
    session, hooks, tracebacks, ahead = _loaded.pop(id(shell), (None, None, None, None))
    if ahead is not None:
        ahead.stop()
    if tracebacks is not None:
        tracebacks.take_back()
    if hooks is not None:
        hooks.take_back()
    if session is not None and session.server is not None:
        session.server.stop()
    async_job.progress_display = None
