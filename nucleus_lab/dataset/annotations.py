"""Ground truth of a dataset: uploading and deleting annotations, and taxonomies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Literal, overload

from nucleus_lab.annotation import Annotation, SegmentationAnnotation
from nucleus_lab.async_job import AsyncJob
from nucleus_lab.bulk import collector_paused, listed
from nucleus_lab.dataset.base import DatasetBase, segment
from nucleus_lab.dataset.objects import check_objects, upload_objects
from nucleus_lab.dataset.uploads import upload_in_background
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local
from nucleus_lab.taxonomy import Taxonomy

DEFAULT_ANNOTATION_UPDATE_MODE: Final = False
"""An annotation that the item has already is ignored unless the caller asks for an update."""


class AnnotationMethods(DatasetBase):
    """Upload and delete ground truth."""

    @overload
    def annotate(
        self,
        annotations: Sequence[Annotation],
        update: bool = DEFAULT_ANNOTATION_UPDATE_MODE,
        batch_size: int = 5000,
        asynchronous: Literal[False] = False,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
    ) -> dict[str, Any]: ...

    @overload
    def annotate(
        self,
        annotations: Sequence[Annotation],
        update: bool = DEFAULT_ANNOTATION_UPDATE_MODE,
        batch_size: int = 5000,
        *,
        asynchronous: Literal[True],
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
    ) -> AsyncJob: ...

    def annotate(
        self,
        annotations: Sequence[Annotation],
        update: bool = DEFAULT_ANNOTATION_UPDATE_MODE,
        batch_size: int = 5000,
        asynchronous: bool = False,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
    ) -> dict[str, Any] | AsyncJob:
        """Upload ground truth.

        An annotation is known by its item and its ``annotation_id``. One that exists is ignored, or
        with ``update`` replaced.

        Args:
            annotations: Annotations of any types.
            update: Replace annotations that exist.
            batch_size: Annotations of one request, masks apart.
            asynchronous: Work in the background; masks must have URLs.
            remote_files_per_upload_request: Masks with a URL in one request.
            local_files_per_upload_request: Masks with a local file in one request, 1 to 10.

        Returns:
            ``dataset_id``, ``annotations_processed``, ``annotations_ignored`` and, where some were
            refused, ``errors``, each naming its object; ``{}`` when there was nothing to upload.
            The job with ``asynchronous``.

        Raises:
            InvalidInputError: One is no annotation; nothing was uploaded.
            DuplicateIDError: Two on one item have the same id; nothing was uploaded.
            MediaError: A local mask does not exist; nothing was uploaded.
        """
        uploaded = listed("annotations", annotations, "annotations")
        check_objects(uploaded, predictions=False)
        if asynchronous:
            route = f"dataset/{segment(self.id)}/annotate"
            return self._upload_later(uploaded, route, {"update": update})
        return upload_objects(
            self._client,
            partial(self._ask, route="annotate"),
            uploaded,
            {"update": update},
            batch_size=batch_size,
            remote_files=remote_files_per_upload_request,
            local_files=local_files_per_upload_request,
        )

    def _upload_later(
        self, objects: Sequence[Annotation], route: str, request: dict[str, Any]
    ) -> AsyncJob:
        for thing in objects:
            if isinstance(thing, SegmentationAnnotation) and is_local(thing.mask_url):
                raise InvalidInputError(
                    f"the mask of item {thing.reference_id!r} is a local file: "
                    "with asynchronous=True masks need URLs; leave it out to upload local files",
                    reference_id=thing.reference_id,
                )
        with collector_paused():
            payloads = [thing.to_payload() for thing in objects]
        return upload_in_background(self._client, self.id, payloads, route, request)

    def delete_annotations(
        self, reference_ids: Sequence[str] | None = None, keep_history: bool = True
    ) -> AsyncJob:
        """Delete all ground truth of items, in the background.

        What is deleted can be listed by :meth:`deleted_annotations` and brought back by
        :meth:`restore_annotations`, until it is deleted for good or its item goes::

            dataset.delete_annotations(["1.jpg"]).sleep_until_complete()
            dataset.restore_annotations([row["id"] for row in dataset.deleted_annotations()])

        Args:
            reference_ids: The items; none by default.
            keep_history: Keep what is deleted; ``False`` removes it for good, and with it what
                was kept of these items before.

        Returns:
            The job.
        """
        wanted = listed("reference_ids", reference_ids or (), "reference ids")
        payload = {"reference_ids": wanted, "keep_history": keep_history}
        answer = self._client.make_request(payload, f"annotation/{segment(self.id)}", "DELETE")
        return AsyncJob.from_json(answer, self._client)

    def add_taxonomy(
        self, taxonomy_name: str, taxonomy_type: str, labels: Sequence[str], update: bool = False
    ) -> dict[str, Any]:
        """Make a taxonomy: the labels that a category may take.

        Args:
            taxonomy_name: Unique name within the dataset.
            taxonomy_type: ``category``, or ``multicategory`` for several labels at once.
            labels: The labels.
            update: Add labels to a taxonomy that exists; none is ever taken away.

        Returns:
            ``dataset_id``, ``taxonomy_name`` and ``status``.
        """
        payload = {
            "taxonomy_name": taxonomy_name,
            "type": taxonomy_type,
            "labels": listed("labels", labels, "texts"),
            "update": update,
        }
        answer: dict[str, Any] = self._ask(payload, "add_taxonomy")
        return answer

    @property
    def taxonomies(self) -> list[Taxonomy]:
        """All taxonomies, oldest first."""
        rows = self._ask_lab(None, "taxonomies", "GET")["taxonomies"]
        return [Taxonomy.from_json(row) for row in rows]

    def delete_taxonomy(self, taxonomy_name: str) -> dict[str, Any]:
        """Delete a taxonomy with every annotation and prediction that uses it.

        Args:
            taxonomy_name: Its name.

        Returns:
            ``dataset_id``, ``taxonomy_name`` and ``status``.
        """
        answer: dict[str, Any] = self._ask({}, f"taxonomy/{segment(taxonomy_name)}", "DELETE")
        return answer
