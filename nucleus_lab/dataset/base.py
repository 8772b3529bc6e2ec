"""What every topic of a Dataset builds on: an id, a connection, and what never changes."""

from __future__ import annotations

from typing import Any

from nucleus_lab.model import Model, key_of
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment

__all__ = ["DatasetBase", "model_id", "segment"]


def model_id(model: Model | str) -> str:
    """Return the id of a model for a route.

    Args:
        model: The model, its id, or the id of one of its runs.

    Returns:
        The percent-encoded id.
    """
    return segment(key_of(model))


class DatasetBase(Handle):
    """The state of a Dataset handle; topics are added as mixins.

    A topic is a class in a module beside this one that derives from ``DatasetBase`` and asks
    routes by ``self._ask(payload, "refloc/…", "GET")`` (below ``dataset/{id}/``), by
    ``self._ask_lab(…)`` (below ``lab/dataset/{id}/``), or by ``self._client.make_request``.

    Args:
        dataset_id: Id, starts with ``ds_``.
        client: The connection that asks.
        name: Its name, where known.
        is_scene: Whether it holds scenes, where known.
        use_privacy_mode: Whether it is in privacy mode, where known.

    Attributes:
        id: ``dataset_id``.
    """

    def __init__(
        self,
        dataset_id: str,
        client: Connection,
        name: str | None = None,
        is_scene: bool | None = None,
        use_privacy_mode: bool | None = None,
    ) -> None:
        super().__init__(dataset_id, client)
        # All three are fixed when a dataset is made: asked for once, never stale.
        self._name = name
        self._is_scene = is_scene
        self._use_privacy_mode = use_privacy_mode

    @property
    def name(self) -> str:
        """Name of the dataset."""
        if self._name is None:
            self._name = str(self._ask(None, "name", "GET")["name"])
        return self._name

    @property
    def is_scene(self) -> bool:
        """Whether it holds scenes; items otherwise."""
        if self._is_scene is None:
            self._is_scene = bool(self._ask(None, "is_scene", "GET")["is_scene"])
        return self._is_scene

    @property
    def use_privacy_mode(self) -> bool:
        """Whether pictures stay where they are and only their URLs are kept."""
        if self._use_privacy_mode is None:
            answer = self._ask(None, "use_privacy_mode", "GET")
            self._use_privacy_mode = bool(answer["use_privacy_mode"])
        return self._use_privacy_mode

    def _ask(self, payload: Any, route: str, method: str = "POST", **options: Any) -> Any:
        """Ask a route below ``dataset/{id}/``."""
        return self._client.make_request(
            payload, f"dataset/{segment(self.id)}/{route}", method, **options
        )

    def _ask_lab(self, payload: Any, route: str, method: str = "POST", **options: Any) -> Any:
        """Ask a route below ``lab/dataset/{id}/``."""
        return self._client.make_request(
            payload, f"lab/dataset/{segment(self.id)}/{route}", method, **options
        )
