"""ModelRun: a handle to predictions of a model that were made together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from nucleus_lab.annotation import Annotation
from nucleus_lab.async_job import AsyncJob
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment

Groups = dict[str, list[Any]]


class PredictionStore(Protocol):
    """What handles of predictions ask of the client: batches, masks and files are its business."""

    def store_predictions(
        self,
        route: str,
        predictions: Sequence[Annotation],
        *,
        update: bool,
        dataset_item_ids: Sequence[str] | None = None,
        batch_size: int = 5000,
        remote_files: int = 20,
        local_files: int = 10,
    ) -> dict[str, Any]:
        """Upload predictions now.

        Args:
            route: Where to.
            predictions: Predictions of any types that the route takes.
            update: Replace those that exist.
            dataset_item_ids: Ids of their items, in place of the reference ids.
            batch_size: Predictions of one request, masks apart.
            remote_files: Masks with a URL in one request.
            local_files: Masks with a local file in one request.

        Returns:
            The answers as one.
        """
        ...

    def store_predictions_later(
        self, dataset_id: str, route: str, predictions: Sequence[Annotation], *, update: bool
    ) -> AsyncJob:
        """Upload predictions in the background.

        Args:
            dataset_id: Id of the dataset.
            route: Where to.
            predictions: Predictions; masks must have URLs.
            update: Replace those that exist.

        Returns:
            The job.
        """
        ...

    def read_predictions(self, route: str) -> Groups:
        """Read predictions.

        Args:
            route: A route that answers predictions.

        Returns:
            Predictions grouped by type.
        """
        ...


def store_of(client: Connection) -> PredictionStore:
    """Return what stores predictions for a handle.

    Args:
        client: The connection of the handle: a client.

    Returns:
        The same client.
    """
    return cast(PredictionStore, client)


def refuse_asynchronous(asynchronous: bool, remedy: str) -> None:
    """Refuse to upload predictions on items of any dataset in the background.

    Args:
        asynchronous: What the caller asked for.
        remedy: What does it.

    Raises:
        InvalidInputError: The caller asked for it.
    """
    if asynchronous:
        raise InvalidInputError(
            "asynchronous=True is not possible for predictions on items of any dataset: use "
            f"{remedy} for each dataset, or leave it out"
        )


class ModelRun(Handle):
    """Predictions of one model under a name, on one dataset or on items of any.

    ::

        run = model.create_run("epoch 3", dataset=dataset, predictions=predictions)
        run.commit()

    Args:
        model_run_id: Id, starts with ``run_``.
        dataset_id: Id of its dataset; ``None`` for a run of no dataset.
        client: The connection that asks.

    Attributes:
        id: ``model_run_id``.
        model_run_id: As given.
        dataset_id: As given.
    """

    def __init__(self, model_run_id: str, dataset_id: str | None, client: Connection) -> None:
        super().__init__(model_run_id, client)
        self.model_run_id = model_run_id
        self.dataset_id = dataset_id

    def _ask(self, payload: Any, place: str, method: str = "POST") -> Any:
        return self._client.make_request(payload, f"{self._route}/{place}", method)

    @property
    def _route(self) -> str:
        return f"modelRun/{segment(self.id)}"

    def info(self) -> dict[str, Any]:
        """Describe the run.

        Returns:
            ``model_run_id``, ``model_id``, ``dataset_id``, ``dataset_ids``, ``name``, ``status``
            and ``metadata``.
        """
        answer: dict[str, Any] = self._ask(None, "info", "GET")
        return answer

    def commit(self, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        """Start matching the predictions with annotations.

        Args:
            payload: Options, as of :meth:`Dataset.calculate_evaluation_metrics`.

        Returns:
            ``model_run_id`` and the keys of the job.
        """
        answer: dict[str, Any] = self._ask(payload or {}, "commit")
        return answer

    def delete(self) -> dict[str, Any]:
        """Delete the run with its predictions and evaluations.

        Returns:
            The answer of the route.
        """
        answer: dict[str, Any] = self._client.make_request({}, self._route, "DELETE")
        return answer

    def predict(
        self,
        annotations: Sequence[Annotation],
        update: bool = False,
        asynchronous: bool = False,
        batch_size: int = 5000,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
    ) -> dict[str, Any] | AsyncJob:
        """Add predictions to a run of one dataset.

        Args:
            annotations: Predictions of any types.
            update: Replace predictions that exist.
            asynchronous: Work in the background; masks must have URLs.
            batch_size: Predictions of one request, masks apart.
            remote_files_per_upload_request: Masks with a URL in one request.
            local_files_per_upload_request: Masks with a local file in one request, 1 to 10.

        Returns:
            Counters, or the job with ``asynchronous``.

        Raises:
            InvalidInputError: The run is of no dataset, or one is no prediction.
        """
        store, route = store_of(self._client), f"{self._route}/predict"
        if not asynchronous:
            return store.store_predictions(
                route,
                annotations,
                update=update,
                batch_size=batch_size,
                remote_files=remote_files_per_upload_request,
                local_files=local_files_per_upload_request,
            )
        if self.dataset_id is None:
            raise InvalidInputError(
                f"run {self.id} is of no dataset: use add_predictions(), or "
                "dataset.upload_predictions_for_model_run(..., asynchronous=True)"
            )
        return store.store_predictions_later(self.dataset_id, route, annotations, update=update)

    def add_predictions(
        self,
        predictions: Sequence[Annotation],
        update: bool = False,
        asynchronous: bool = False,
        batch_size: int = 5000,
        remote_files_per_upload_request: int = 20,
        local_files_per_upload_request: int = 10,
        *,
        dataset_item_ids: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Add predictions on items of any dataset.

        Args:
            predictions: Predictions of any types.
            update: Replace predictions that exist.
            asynchronous: Not here: what works in the background belongs to one dataset.
            batch_size: Predictions of one request, masks apart.
            remote_files_per_upload_request: Masks with a URL in one request.
            local_files_per_upload_request: Masks with a local file in one request, 1 to 10.
            dataset_item_ids: Ids of the items, one a prediction, in place of their reference ids;
                needed where several datasets have items of one name.

        Returns:
            ``model_run_id``, ``predictions_processed``, ``predictions_ignored`` and, where some
            were refused, ``errors``.

        Raises:
            InvalidInputError: ``asynchronous`` was asked for, or one is no prediction.
        """
        refuse_asynchronous(asynchronous, "Dataset.upload_predictions_for_model_run(…)")
        return store_of(self._client).store_predictions(
            f"{self._route}/uploadPredictions",
            predictions,
            update=update,
            dataset_item_ids=dataset_item_ids,
            batch_size=batch_size,
            remote_files=remote_files_per_upload_request,
            local_files=local_files_per_upload_request,
        )

    def iloc(self, i: int) -> Groups:
        """Read the predictions on one item by its position in the dataset of the run.

        Args:
            i: Position of the item, 0 for the first.

        Returns:
            Predictions grouped by type.
        """
        return self._read(f"iloc/{segment(i)}")

    def refloc(self, reference_id: str) -> Groups:
        """Read the predictions on one item by its reference id.

        Args:
            reference_id: The caller's id of the item.

        Returns:
            Predictions grouped by type.
        """
        return self._read(f"refloc/{segment(reference_id)}")

    def loc(self, dataset_item_id: str) -> Groups:
        """Read the predictions on one item by its id.

        Args:
            dataset_item_id: Id of the item.

        Returns:
            Predictions grouped by type.
        """
        return self._read(f"loc/{segment(dataset_item_id)}")

    def prediction_loc(self, reference_id: str, annotation_id: str) -> Annotation:
        """Read one prediction.

        Args:
            reference_id: The caller's id of the item.
            annotation_id: The caller's id of the prediction.

        Returns:
            The prediction.
        """
        place = f"prediction/loc/{segment(reference_id)}/{segment(annotation_id)}"
        groups = self._read(place)
        found: Annotation = next(value for values in groups.values() for value in values)
        return found

    def ungrouped_export(self) -> Groups:
        """Read all predictions.

        Returns:
            Predictions grouped by type.
        """
        return self._read("ungrouped")

    def _read(self, place: str) -> Groups:
        return store_of(self._client).read_predictions(f"{self._route}/{place}")

    def __repr__(self) -> str:
        return f"ModelRun(model_run_id={self.id!r}, dataset_id={self.dataset_id!r})"
