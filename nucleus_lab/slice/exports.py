"""What a slice gives out besides its members: files, and objects with all that belongs to them."""

from __future__ import annotations

from typing import Any

from nucleus_lab.transport.handle import Handle, segment


class SliceExports(Handle):
    """Exports of a slice for other programs."""

    def export_raw_items(self) -> dict[str, list[dict[str, Any]]]:
        """Ask for URLs that read the files of the items and need no key.

        A server signs its URLs and lets them expire (``media_url_s`` in its settings, an hour by
        default); an embedded workspace gives the URL of the stored file. An item that was never
        stored keeps the URL that it has::

            for row in foggy.export_raw_items()["raw_dataset_items"]:
                print(row["ref_id"], row["scale_url"])

        Returns:
            ``raw_dataset_items``, in the order of the slice, each with ``id``, ``ref_id``,
            ``metadata``, ``original_url`` and ``scale_url``.
        """
        route = f"slice/{segment(self.id)}/exportRawItems"
        answer: dict[str, list[dict[str, Any]]] = self._client.make_request(None, route, "GET")
        return answer

    def export_raw_json(self) -> list[dict[str, Any]]:
        """Read every object of a slice of objects with its item, as plain JSON.

        ::

            for row in mistakes.export_raw_json():
                print(row["item"]["reference_id"], row.get("annotation"), row.get("prediction"))

        Returns:
            In the order of the slice, each entry with ``item``; ``annotation`` or ``prediction``,
            or both where the slice holds both and the newest evaluation matched them; ``scene``
            where the item is a part of one.
        """
        route = f"slice/{segment(self.id)}/export_raw_json"
        answer: list[dict[str, Any]] = self._client.make_request(None, route, "GET")
        return answer
