"""How this protocol says that something failed, and the decorator of its routes."""

from __future__ import annotations

from functools import partial
from typing import Final

from nucleus_lab.errors import NotFoundError, NucleusError, UnauthorizedError
from nucleus_lab.routes.table import route
from nucleus_lab.wire import Response

SUCCESS: Final = {"success": True}


def refusal(error: NucleusError) -> Response:
    """Answer an error.

    Args:
        error: The error.

    Returns:
        ``success`` false with the text. What does not exist is told with status 200: published
        clients take a 404 for a server that is not there.
    """
    told = {"success": False, **error.to_wire()}
    if isinstance(error, UnauthorizedError):
        told["error"] = "Invalid API key"
    return Response(200 if isinstance(error, NotFoundError) else error.status_code, told)


api = partial(route, refuse=refusal)
"""Registers a handler, like :func:`nucleus_lab.routes.table.route`."""
