"""Model: what predictions belong to."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Self

from nucleus_lab.annotation import Annotation
from nucleus_lab.async_job import AsyncJob
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.model_run import Groups, ModelRun, refuse_asynchronous, store_of
from nucleus_lab.model_weights import WeightsMethods
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

if TYPE_CHECKING:
    from nucleus_lab.dataset import Dataset


class Model(WeightsMethods):
    """A model whose predictions are kept beside the ground truth of datasets.

    Made by :meth:`NucleusClient.create_model`; one model serves any number of datasets::

        model = client.create_model(name="Detector", reference_id="detector-v3")
        dataset.upload_predictions(model, predictions)
        dataset.calculate_evaluation_metrics(model)

    Args:
        model_id: Id, starts with ``prj_``.
        name: Human-readable name.
        reference_id: Unique name that the caller chose.
        metadata: Anything JSON can hold.
        client: The connection that asks.
        bundle_name: Name of a code bundle, if any.
        tags: Free words.
        trained_slice_ids: Slices that it was trained on.

    Attributes:
        id: ``model_id``.
        name: As given.
        reference_id: As given.
        metadata: As given, ``{}`` for none.
        bundle_name: As given.
        tags: As given, ``[]`` for none.
        trained_slice_ids: As given, ``[]`` for none.
    """

    def __init__(
        self,
        model_id: str,
        name: str,
        reference_id: str,
        metadata: dict[str, Any] | None,
        client: Connection,
        bundle_name: str | None = None,
        tags: list[str] | None = None,
        trained_slice_ids: list[str] | None = None,
    ) -> None:
        super().__init__(model_id, client)
        self.name = name
        self.reference_id = reference_id
        self.metadata = metadata or {}
        self.bundle_name = bundle_name
        self.tags = tags or []
        self.trained_slice_ids = trained_slice_ids or []

    @classmethod
    def from_json(cls, payload: dict[str, Any], client: Connection) -> Self:
        """Make a handle from a row of ``models/``.

        Args:
            payload: Holds ``id``, ``name``, ``ref_id`` and, where there are any, ``metadata``,
                ``tags`` and ``trained_slice_ids``.
            client: The connection that asks.

        Returns:
            The handle.
        """
        return cls(
            payload["id"],
            payload["name"],
            payload["ref_id"],
            payload.get("metadata"),
            client,
            payload.get("bundle_name"),
            payload.get("tags"),
            payload.get("trained_slice_ids"),
        )

    def run(
        self, dataset_id: str, model_run_name: str | None = None, slice_id: str | None = None
    ) -> str:
        """Run the code of the model on the pictures of a dataset or a slice.

        The model was made by :meth:`NucleusClient.create_launch_model` or
        :meth:`NucleusClient.create_launch_model_from_dir`. Its predictions become the model run of
        that name; another run of the same name replaces those of the items that it covers. An
        error of the code on one picture is an entry of ``AsyncJob.errors()``; the job fails when
        no picture worked::

            job = client.get_job(model.run(dataset.id, "first run"))
            job.sleep_until_complete()
            job.status()["message"]["model_run_id"]

        Args:
            dataset_id: Id of the dataset, starts with ``ds_``.
            model_run_name: Name of the run; by default that of the predictions that are uploaded.
            slice_id: Only the items of this slice.

        Returns:
            Id of the job.

        Raises:
            ConflictError: The model has no code.
            ForbiddenError: The server runs no code.
        """
        payload = {
            "dataset_id": dataset_id,
            "slice_id": slice_id,
            "model_run_name": model_run_name,
        }
        route = f"model/run/{segment(self.id)}/"
        return str(self._client.make_request(payload, route)["job_id"])

    def create_run(
        self,
        name: str,
        dataset: Dataset | None = None,
        predictions: Sequence[Annotation] | None = None,
        metadata: dict[str, Any] | None = None,
        asynchronous: bool = False,
        reference_id: str | None = None,
    ) -> ModelRun:
        """Make a run: predictions under a name.

        Args:
            name: Name of the run, unique among those of the model on the dataset.
            dataset: Its dataset; left out for a run that takes predictions on items of any.
            predictions: Predictions to upload at once.
            metadata: Anything JSON can hold.
            asynchronous: Upload them in the background, to a dataset.
            reference_id: A name of your own, which is kept with the metadata.

        Returns:
            The run.
        """
        kept = {**(metadata or {}), **({"reference_id": reference_id} if reference_id else {})}
        if dataset is None:
            payload = {"name": name, "reference_id": reference_id, "metadata": kept}
            answer = self._client.make_request(payload, f"{self._route}/modelRun/create")
            run = ModelRun(answer["model_run_id"], None, self._client)
            if predictions:
                run.add_predictions(predictions)
            return run
        payload = {"name": name, "reference_id": self.reference_id, "metadata": kept}
        route = f"dataset/{segment(dataset.id)}/modelRun/create"
        made = self._client.make_request(payload, route)["model_run_id"]
        run = ModelRun(made, dataset.id, self._client)
        if predictions:
            run.predict(predictions, asynchronous=asynchronous)
        return run

    def model_runs(self, include_versions: bool = False) -> list[str]:
        """List the runs of the model.

        Args:
            include_versions: List also those of other versions: of the first one and of all that
                name it, or each other, as ``parent_model_id`` in their metadata.

        Returns:
            Ids, oldest first.
        """
        route = f"{self._route}/modelRun{'?family=true' if include_versions else ''}"
        runs: list[str] = self._client.make_request(None, route, "GET")
        return runs

    def upload_predictions(
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
        """Upload predictions on items of any dataset, without naming a run.

        Args:
            predictions: Predictions of any types.
            update: Replace predictions that exist.
            asynchronous: Not possible here.
            batch_size: Predictions of one request, masks apart.
            remote_files_per_upload_request: Masks with a URL in one request.
            local_files_per_upload_request: Masks with a local file in one request, 1 to 10.
            dataset_item_ids: Ids of the items, one a prediction, in place of their reference ids.

        Returns:
            ``model_id``, ``predictions_processed``, ``predictions_ignored`` and, where some were
            refused, ``errors``.

        Raises:
            InvalidInputError: ``asynchronous`` was asked for, or one is no prediction.
        """
        refuse_asynchronous(asynchronous, "Dataset.upload_predictions(model, …)")
        return store_of(self._client).store_predictions(
            f"{self._route}/predictions",
            predictions,
            update=update,
            dataset_item_ids=dataset_item_ids,
            batch_size=batch_size,
            remote_files=remote_files_per_upload_request,
            local_files=local_files_per_upload_request,
        )

    def predictions_loc(self, dataset_item_id: str) -> Groups:
        """Read the predictions on one item by its id.

        Args:
            dataset_item_id: Id of the item.

        Returns:
            Predictions grouped by type.
        """
        return self._read(f"loc/{segment(dataset_item_id)}")

    def predictions_refloc(self, reference_id: str) -> Groups:
        """Read the predictions on one item by its reference id.

        Args:
            reference_id: The caller's id of the item.

        Returns:
            Predictions grouped by type.

        Raises:
            ConflictError: The model has predictions on several datasets with such an item.
        """
        return self._read(f"refloc/{segment(reference_id)}")

    def predictions_iloc(self, i: int) -> Groups:
        """Read the predictions on one item by its place.

        Args:
            i: Place among the items of the datasets with predictions, one after the other.

        Returns:
            Predictions grouped by type.
        """
        return self._read(f"iloc/{segment(i)}")

    def _read(self, place: str) -> Groups:
        return store_of(self._client).read_predictions(f"{self._route}/predictions/{place}")

    def copy_predictions_from_run(self, model_run_id: str) -> dict[str, Any]:
        """Copy the predictions of a run to those of the model itself; the run stays.

        Args:
            model_run_id: Id of the run.

        Returns:
            ``model_id``, ``model_run_ids`` and counters.
        """
        answer: dict[str, Any] = self._client.make_request(
            {"model_run_id": model_run_id}, f"{self._route}/predictions/copyFromRun"
        )
        return answer

    @property
    def _route(self) -> str:
        return f"model/{segment(self.id)}"

    def evaluate(self, scenario_test_names: list[str]) -> AsyncJob:
        """Compare the predictions of the model with the ground truth on scenario tests.

        ::

            functions = client.validate.eval_functions
            test = client.validate.create_scenario_test(
                "night", slice_id, [functions.bbox_recall() > 0.8]
            )
            model.evaluate(["night"]).sleep_until_complete()
            test.get_eval_history()[-1].passed

        Args:
            scenario_test_names: Names of the tests.

        Returns:
            The job; its message holds the ids of the evaluations, and how many passed.
        """
        route = f"validate/{segment(self.id)}/evaluate"
        answer = self._client.make_request({"test_names": scenario_test_names}, route)
        return AsyncJob.from_json(answer, self._client)

    def add_tags(self, tags: list[str]) -> dict[str, Any]:
        """Tag the model.

        Args:
            tags: Free words; those it has are left alone.

        Returns:
            The answer of the route.
        """
        return self._change("tag", {"tags": tags}, "POST")

    def remove_tags(self, tags: list[str]) -> dict[str, Any]:
        """Take tags away.

        Args:
            tags: Words it has.

        Returns:
            The answer of the route.
        """
        return self._change("tag", {"tags": tags}, "DELETE")

    def add_trained_slice_ids(self, slice_ids: list[str]) -> dict[str, Any]:
        """Note slices that the model was trained on.

        Args:
            slice_ids: Ids, each starts with ``slc_``.

        Returns:
            The answer of the route.
        """
        return self._change("trainedSliceId", {"trained_slice_ids": slice_ids}, "POST")

    def remove_trained_slice_ids(self, slide_ids: list[str]) -> dict[str, Any]:
        """Forget slices that the model was trained on.

        Args:
            slide_ids: Ids of slices, each starts with ``slc_``.

        Returns:
            The answer of the route.
        """
        return self._change("trainedSliceId", {"trained_slice_ids": slide_ids}, "DELETE")

    def _change(self, place: str, payload: dict[str, Any], method: str) -> dict[str, Any]:
        """Send a change, then take over what the model is now."""
        route = f"model/{segment(self.id)}"
        answer: dict[str, Any] = self._client.make_request(payload, f"{route}/{place}", method)
        now = self._client.make_request(None, route, "GET")
        self.tags = now.get("tags") or []
        self.trained_slice_ids = now.get("trained_slice_ids") or []
        return answer

    def __repr__(self) -> str:
        return (
            f"Model(model_id={self.id!r}, name={self.name!r}, reference_id={self.reference_id!r}, "
            f"metadata={self.metadata!r}, tags={self.tags!r})"
        )

    def _repr_html_(self) -> str:
        return (
            f"<b>{escape(self.name)}</b> <code>{escape(self.id)}</code> "
            f"({escape(self.reference_id)}) {escape(', '.join(map(str, self.tags)))}"
        )


def key_of(model: Model | str) -> str:
    """Return the id of a model.

    Args:
        model: The model, its id, or the id of one of its runs.

    Returns:
        The id.

    Raises:
        InvalidInputError: It is neither.
    """
    wanted = getattr(model, "id", model)
    if not wanted or not isinstance(wanted, str):
        raise InvalidInputError(
            f"model is {model!r}: give a Model, such as client.get_model(model_id), or its id",
            field="model",
        )
    return wanted
