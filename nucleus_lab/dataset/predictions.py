"""Predictions of models on a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, overload

from nucleus_lab.annotation import Annotation
from nucleus_lab.async_job import AsyncJob
from nucleus_lab.bulk import listed
from nucleus_lab.dataset.annotations import AnnotationMethods
from nucleus_lab.dataset.base import model_id, segment
from nucleus_lab.dataset.objects import check_objects, upload_objects
from nucleus_lab.model import Model


class PredictionMethods(AnnotationMethods):
    """Upload predictions."""

    @overload
    def upload_predictions(
        self,
        model: Model | str,
        predictions: Sequence[Annotation],
        update: bool = False,
        asynchronous: Literal[False] = False,
        batch_size: int = 5000,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
        trained_slice_id: str | None = None,
    ) -> dict[str, Any]: ...

    @overload
    def upload_predictions(
        self,
        model: Model | str,
        predictions: Sequence[Annotation],
        update: bool = False,
        *,
        asynchronous: Literal[True],
        batch_size: int = 5000,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
        trained_slice_id: str | None = None,
    ) -> AsyncJob: ...

    def upload_predictions(
        self,
        model: Model | str,
        predictions: Sequence[Annotation],
        update: bool = False,
        asynchronous: bool = False,
        batch_size: int = 5000,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
        trained_slice_id: str | None = None,
    ) -> dict[str, Any] | AsyncJob:
        """Upload predictions of a model.

        The first upload makes the model's run on this dataset; later ones add to it. A prediction
        is known by its item and its ``annotation_id``. One that exists is ignored, or with
        ``update`` replaced.

        Args:
            model: The model, or its id.
            predictions: Predictions of any types.
            update: Replace predictions that exist.
            asynchronous: Work in the background; masks must have URLs.
            batch_size: Predictions of one request, masks apart.
            remote_files_per_upload_request: Masks with a URL in one request.
            local_files_per_upload_request: Masks with a local file in one request, 1 to 10.
            trained_slice_id: Slice that the model was trained on.

        Returns:
            ``dataset_id``, ``model_run_id``, ``predictions_processed``, ``predictions_ignored``
            and, where some were refused, ``errors``, each naming its object; ``{}`` when there
            was nothing to upload. The job with ``asynchronous``.

        Raises:
            InvalidInputError: One is no prediction; nothing was uploaded.
            DuplicateIDError: Two on one item have the same id; nothing was uploaded.
            MediaError: A local mask does not exist; nothing was uploaded.
        """
        uploaded = listed("predictions", predictions, "predictions")
        check_objects(uploaded, predictions=True)
        request: dict[str, Any] = {"update": update}
        if trained_slice_id is not None:
            request["trained_slice_id"] = trained_slice_id
        route = f"model/{model_id(model)}/uploadPredictions"
        if asynchronous:
            place = f"dataset/{segment(self.id)}/{route}"
            return self._upload_later(uploaded, place, request)
        return upload_objects(
            self._client,
            partial(self._ask, route=route),
            uploaded,
            request,
            batch_size=batch_size,
            remote_files=remote_files_per_upload_request,
            local_files=local_files_per_upload_request,
        )

    def upload_predictions_for_model_run(
        self,
        model_run_id: str,
        predictions: Sequence[Annotation],
        update: bool = False,
        asynchronous: bool = False,
        batch_size: int = 5000,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
        trained_slice_id: str | None = None,
    ) -> dict[str, Any] | AsyncJob:
        """Upload predictions on items of this dataset to a run that exists.

        Args:
            model_run_id: Id of a run of this dataset, or of a run of no dataset.
            predictions: Predictions of any types.
            update: Replace predictions that exist.
            asynchronous: Work in the background; masks must have URLs.
            batch_size: Predictions of one request, masks apart.
            remote_files_per_upload_request: Masks with a URL in one request.
            local_files_per_upload_request: Masks with a local file in one request, 1 to 10.
            trained_slice_id: Slice that the model was trained on.

        Returns:
            As :meth:`upload_predictions`.
        """
        uploaded = listed("predictions", predictions, "predictions")
        check_objects(uploaded, predictions=True)
        request: dict[str, Any] = {"update": update}
        if trained_slice_id is not None:
            request["trained_slice_id"] = trained_slice_id
        route = f"modelRun/{segment(model_run_id)}/uploadPredictions"
        if asynchronous:
            return self._upload_later(uploaded, f"dataset/{segment(self.id)}/{route}", request)
        return upload_objects(
            self._client,
            partial(self._ask, route=route),
            uploaded,
            request,
            batch_size=batch_size,
            remote_files=remote_files_per_upload_request,
            local_files=local_files_per_upload_request,
        )
