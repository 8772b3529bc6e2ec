"""Model: what predictions belong to."""

from __future__ import annotations

from html import escape
from typing import Any, Self

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment


class Model(Handle):
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

    def run(self, dataset_id: str, model_run_name: str, slice_id: str | None = None) -> str:
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
            model_run_name: Name of the run.
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
