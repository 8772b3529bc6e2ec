"""What a slice gives out besides its members: files, and objects with all that belongs to them."""

from __future__ import annotations

from typing import Any, ClassVar

from nucleus_lab.async_job import EmbeddingsExportJob
from nucleus_lab.transport.handle import Handle, segment


class RawItems(list[dict[str, Any]]):
    """Items with their URLs, as :meth:`Slice.export_raw_items` documents them: a list.

    The published client answers with a mapping that holds the list under ``raw_dataset_items``, so
    scripts that ask for that key find it here too.
    """

    KEY: ClassVar[str] = "raw_dataset_items"

    def __getitem__(self, place: Any) -> Any:
        return list(self) if place == self.KEY else super().__getitem__(place)


class SliceExports(Handle):
    """Exports of a slice for other programs."""

    def export_raw_items(self) -> RawItems:
        """Ask for URLs that read the files of the items and need no key.

        A server signs its URLs and lets them expire (``media_url_s`` in its settings, an hour by
        default); an embedded workspace gives the URL of the stored file. An item that was never
        stored keeps the URL that it has::

            for row in foggy.export_raw_items():
                print(row["ref_id"], row["scale_url"])

        Returns:
            In the order of the slice, each with ``id``, ``ref_id``, ``metadata``,
            ``original_url`` and ``scale_url``.
        """
        route = f"slice/{segment(self.id)}/exportRawItems"
        return RawItems(self._client.make_request(None, route, "GET")[RawItems.KEY])

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

    def export_embeddings(
        self, asynchronous: bool = True
    ) -> list[dict[str, str | list[float]]] | EmbeddingsExportJob:
        """Read the embeddings of the items, from the primary index of the dataset.

        Args:
            asynchronous: Write them to files in a job.

        Returns:
            The job, whose ``result_urls()`` says where the files are; otherwise a list of
            ``reference_id`` and ``embedding_vector``.
        """
        if asynchronous:
            # The protocol has the id of the slice stand where that of a dataset does elsewhere.
            route = f"dataset/{segment(self.id)}/async_export_embeddings"
            return EmbeddingsExportJob.from_json(self._client.make_request({}, route), self._client)
        rows: list[dict[str, str | list[float]]] = self._client.make_request(
            None, f"slice/{segment(self.id)}/embeddings", "GET"
        )
        return rows
