"""What every topic of a Dataset builds on: an id and a connection."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from nucleus_lab.transport.connection import Connection


def segment(value: object) -> str:
    """Write a value as one segment of a route.

    Args:
        value: An id or a reference id; slashes, spaces and any letters are fine.

    Returns:
        The percent-encoded text.
    """
    return quote(str(value), safe="")


class DatasetBase:
    """The state of a Dataset handle; topics are added as mixins.

    A topic is a class beside this one that derives from ``DatasetBase`` and asks routes by
    ``self._ask(payload, "refloc/…", "GET")`` or, outside of ``dataset/{id}/``, by
    ``self._client.make_request``.

    Args:
        dataset_id: Id, starts with ``ds_``.
        client: The connection that asks.
    """

    def __init__(self, dataset_id: str, client: Connection) -> None:
        self.id = dataset_id
        self._client = client

    def _ask(self, payload: Any, route: str, method: str = "POST", **options: Any) -> Any:
        """Ask a route below ``dataset/{id}/``."""
        return self._client.make_request(
            payload, f"dataset/{segment(self.id)}/{route}", method, **options
        )
