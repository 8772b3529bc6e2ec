"""Model runs, and the predictions that runs and models hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from nucleus_lab.annotation import ANNOTATION_TYPES, Annotation
from nucleus_lab.async_job import AsyncJob
from nucleus_lab.bulk import listed
from nucleus_lab.dataset.objects import check_objects, upload_objects
from nucleus_lab.dataset.uploads import upload_in_background
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local
from nucleus_lab.model_run import Groups, ModelRun
from nucleus_lab.slice.rows import read_groups
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment


class ModelRunCalls(Connection):
    """Make, find, merge and delete model runs."""

    def create_model_run(self, dataset_id: str, payload: dict[str, Any]) -> ModelRun:
        """Make a run of a model on a dataset; :meth:`Model.create_run` does it from the model.

        Args:
            dataset_id: Id of the dataset.
            payload: ``name``, ``reference_id`` (that of the model) and, if any, ``metadata``.

        Returns:
            The run.

        Raises:
            ConflictError: The model has a run of this name on the dataset.
        """
        answer = self.make_request(payload, f"dataset/{segment(dataset_id)}/modelRun/create")
        return ModelRun(answer["model_run_id"], dataset_id, self)

    def get_model_run(self, model_run_id: str, dataset_id: str | None = None) -> ModelRun:
        """Return a handle to a run; nothing is asked.

        Args:
            model_run_id: Id, starts with ``run_``.
            dataset_id: Id of its dataset, if it is of one.

        Returns:
            The run.
        """
        return ModelRun(model_run_id, dataset_id, self)

    def model_run_info(self, model_run_id: str) -> dict[str, Any]:
        """Describe a run.

        Args:
            model_run_id: Id, starts with ``run_``.

        Returns:
            As :meth:`ModelRun.info`.
        """
        return self.get_model_run(model_run_id).info()

    def commit_model_run(
        self, model_run_id: str, payload: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Start matching the predictions of a run with annotations.

        Args:
            model_run_id: Id, starts with ``run_``.
            payload: Options, as of :meth:`Dataset.calculate_evaluation_metrics`.

        Returns:
            As :meth:`ModelRun.commit`.
        """
        return self.get_model_run(model_run_id).commit(payload)

    def delete_model_run(self, model_run_id: str) -> dict[str, Any]:
        """Delete a run with its predictions and evaluations.

        Args:
            model_run_id: Id, starts with ``run_``.

        Returns:
            The answer of the route.
        """
        return self.get_model_run(model_run_id).delete()

    def merge_model_runs(
        self,
        model_run_ids: list[str],
        *,
        name: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Copy the predictions of several runs of one model into a new one.

        Where two runs have a prediction of the same id on an item, the second gets another id.

        Args:
            model_run_ids: Ids of two runs or more.
            name: Name of the new run; that of the model when left out.
            metadata: Metadata of the new run; it also names the runs that it came from.

        Returns:
            ``model_run_id``, ``dataset_ids``, and ``job``, which copies; the run is empty until
            it ends.

        Raises:
            InvalidInputError: There are fewer than two different runs.
        """
        wanted = list(dict.fromkeys(model_run_ids))
        if len(wanted) < 2:
            raise InvalidInputError(f"merging takes two different runs or more, given: {wanted}")
        payload: dict[str, Any] = {"model_run_ids": wanted}
        optional = {"name": name, "metadata": metadata}
        payload |= {key: value for key, value in optional.items() if value is not None}
        answer = self.make_request(payload, "modelRun/merge")
        return {
            "model_run_id": answer["model_run_id"],
            "dataset_ids": answer["dataset_ids"],
            "job": AsyncJob.from_id(answer["job_id"], self),
        }

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
        """Upload predictions to a route; :class:`Model` and :class:`ModelRun` call it.

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
        uploaded: Sequence[Any] = listed("predictions", predictions, "predictions")
        if dataset_item_ids is None:
            check_objects(uploaded, predictions=True)
        else:
            # One of each kind: two of one name may well lie on items of different datasets.
            check_objects(list({type(one): one for one in uploaded}.values()), predictions=True)
            uploaded = _on_items(uploaded, dataset_item_ids)
        return upload_objects(
            self,
            partial(self.make_request, route=route),
            uploaded,
            {"update": update},
            batch_size=batch_size,
            remote_files=remote_files,
            local_files=local_files,
        )

    def store_predictions_later(
        self, dataset_id: str, route: str, predictions: Sequence[Annotation], *, update: bool
    ) -> AsyncJob:
        """Upload predictions in the background; :class:`ModelRun` calls it.

        Args:
            dataset_id: Id of the dataset.
            route: Where to.
            predictions: Predictions; masks must have URLs.
            update: Replace those that exist.

        Returns:
            The job.
        """
        check_objects(predictions, predictions=True)
        payloads = [prediction.to_payload() for prediction in predictions]
        return upload_in_background(self, dataset_id, payloads, route, {"update": update})

    def read_predictions(self, route: str) -> Groups:
        """Read the predictions that a route answers, in any of the shapes that routes have.

        Args:
            route: The route.

        Returns:
            Predictions grouped by type.
        """
        answer = self.make_request(None, route, "GET")
        rows = answer.get("predictions", [answer] if "type" in answer else None)
        if rows is None:
            return read_groups(answer.get("annotations", answer), predictions=True)
        return read_groups(_grouped(rows), predictions=True)


class _OnItem:
    """A prediction whose item is named by its id."""

    __slots__ = ("_item_id", "_prediction")

    def __init__(self, prediction: Annotation, item_id: str) -> None:
        self._prediction = prediction
        self._item_id = item_id

    def to_payload(self) -> dict[str, Any]:
        return {**self._prediction.to_payload(), "item_id": self._item_id}


def _on_items(predictions: Sequence[Annotation], item_ids: Sequence[str]) -> list[_OnItem]:
    if len(item_ids) != len(predictions):
        raise InvalidInputError(
            f"dataset_item_ids has {len(item_ids)} ids for {len(predictions)} predictions: give "
            "one for each"
        )
    for prediction in predictions:
        if is_local(getattr(prediction, "mask_url", None) or "https://"):
            raise InvalidInputError(
                f"the mask of item {prediction.reference_id!r} is a local file: with "
                "dataset_item_ids masks need URLs; name the items by their reference ids instead"
            )
    return [_OnItem(one, public) for one, public in zip(predictions, item_ids, strict=True)]


def _grouped(rows: Sequence[dict[str, Any]]) -> Groups:
    groups: Groups = {}
    for row in rows:
        groups.setdefault(ANNOTATION_TYPES[row["type"]].group, []).append(row)
    return groups
