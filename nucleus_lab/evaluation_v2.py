"""EvaluationV2: a handle to one evaluation of a model, its charts and its examples."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import EvaluationError
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

if TYPE_CHECKING:
    from nucleus_lab.data_transfer_object.evaluation_v2 import (
        EvaluationV2Charts,
        EvaluationV2ExamplesPage,
        EvaluationV2FilterArgs,
        EvaluationV2FilterSchema,
    )

    Filters = EvaluationV2FilterArgs | dict[str, Any]

_FIRST_POLL_SECONDS: Final = 0.05


class EvaluationV2Status(StrEnum):
    """How far an evaluation is."""

    PENDING = "pending"
    COMPUTING = "computing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class RollupGroup:
    """Labels that are compared as one class; a label belongs to one group at most.

    Args:
        class_name: Name of the class.
        labels: The labels.
    """

    class_name: str
    labels: list[str]

    def to_api_dict(self) -> dict[str, Any]:
        """Return the group as the wire carries it.

        Returns:
            Its payload.
        """
        return {"class_name": self.class_name, "labels": list(self.labels)}


def groups_from(payload: Iterable[dict[str, Any]] | None) -> list[RollupGroup] | None:
    """Read groups from their payloads.

    Args:
        payload: The payloads, with names in either spelling; ``None`` for none.

    Returns:
        The groups, ``None`` for ``None``.
    """
    if payload is None:
        return None
    return [
        RollupGroup(str(group.get("class_name") or group.get("className")), list(group["labels"]))
        for group in payload
    ]


def group_payloads(groups: Iterable[RollupGroup] | None) -> list[dict[str, Any]] | None:
    """Return groups as the wire carries them.

    Args:
        groups: The groups; ``None`` for none.

    Returns:
        The payloads, ``None`` for ``None``.
    """
    return None if groups is None else [group.to_api_dict() for group in groups]


@dataclass
class EvaluationV2:
    """An evaluation of a model on datasets, on a slice or on a benchmark.

    It measures once, in the background, and keeps what it measured: charts and examples can be
    asked for at any IoU threshold and with any filters afterwards, and stay the same when the
    dataset changes::

        evaluation = client.create_evaluation_v2(model_id=model)
        evaluation.wait_for_completion()
        evaluation.charts().mapSummary
        evaluation.examples("FP", sort_by="confidence", sort_order="DESC").rows

    Attributes:
        id: Id, starts with ``evalv2_``.
        model_run_id: Run with the predictions; ``None`` for the predictions of the model itself.
        status: A value of :class:`EvaluationV2Status`.
        model_id: Id of the model.
        name: As given.
        temporal_workflow_id: Id of the job that computes it.
        error_message: Why it failed.
        created_at: ISO time in UTC.
        rollup_groups: Labels that were compared as one class.
        benchmark_id: Id of the benchmark, if it is on one.
        slice_id: Id of the slice, if it is on one.
        exclusion_rules: What was left out.
        exclusion_stats: How much that was.
    """

    id: str
    model_run_id: str | None
    status: str
    model_id: str | None = None
    name: str | None = None
    temporal_workflow_id: str | None = None
    error_message: str | None = None
    created_at: str | None = None
    rollup_groups: list[RollupGroup] | None = None
    benchmark_id: str | None = None
    slice_id: str | None = None
    exclusion_rules: list[dict[str, Any]] | None = None
    exclusion_stats: dict[str, Any] | None = None
    _client: Connection | None = field(repr=False, default=None)

    @classmethod
    def from_json(cls, payload: dict[str, Any], client: Connection | None = None) -> EvaluationV2:
        """Make a handle from a payload.

        Args:
            payload: What a route answers.
            client: The connection that asks.

        Returns:
            The handle.
        """
        names = (
            "name temporal_workflow_id error_message created_at benchmark_id slice_id model_id "
            "exclusion_rules exclusion_stats"
        )
        return cls(
            payload["id"],
            payload.get("model_run_id"),
            payload["status"],
            rollup_groups=groups_from(payload.get("rollup_groups")),
            _client=client,
            **{name: payload.get(name) for name in names.split()},
        )

    def _ask(self, payload: Any, place: str = "", method: str = "POST") -> Any:
        if self._client is None:
            raise EvaluationError(
                f"evaluation {self.id} was made without a client: find it by "
                "client.get_evaluation_v2(id)"
            )
        route = f"evaluationsV2/{segment(self.id)}{place}"
        return self._client.make_request(payload, route, method)

    def refresh(self) -> EvaluationV2:
        """Ask for the present state.

        Returns:
            This handle, renewed.
        """
        now = EvaluationV2.from_json(self._ask(None, method="GET"), self._client)
        self.__dict__.update(now.__dict__)
        return self

    def wait_for_completion(
        self, timeout_sec: float = 600, poll_interval: float = 5
    ) -> EvaluationV2:
        """Wait until the evaluation has succeeded or was cancelled.

        Args:
            timeout_sec: Seconds to wait at most.
            poll_interval: Seconds between two looks at most; the first ones are closer together.

        Returns:
            This handle, renewed.

        Raises:
            EvaluationError: It failed, or has not ended in time.
        """
        end, pause = time.monotonic() + timeout_sec, _FIRST_POLL_SECONDS
        while True:
            self.refresh()
            if self.status == EvaluationV2Status.FAILED:
                raise EvaluationError(f"evaluation {self.id} failed: {self.error_message}")
            if self.status in {EvaluationV2Status.SUCCEEDED, EvaluationV2Status.CANCELLED}:
                return self
            left = end - time.monotonic()
            if left <= 0:
                raise EvaluationError(
                    f"evaluation {self.id} is still {self.status} after {timeout_sec:g} s: wait "
                    "longer, timeout_sec="
                )
            time.sleep(max(0.0, min(pause, poll_interval, left)))
            pause *= 2

    def charts(
        self,
        iou_threshold: float = 0.5,
        filters: Filters | None = None,
        query: str | None = None,
    ) -> EvaluationV2Charts:
        """Compute charts.

        Args:
            iou_threshold: Overlap from which a pair counts, 0.1 to 1. Average precision has
                thresholds of its own.
            filters: Which rows are counted.
            query: A query that the items have to pass.

        Returns:
            The charts.

        Raises:
            ConflictError: The evaluation has not succeeded.
        """
        from nucleus_lab.data_transfer_object.evaluation_v2 import EvaluationV2Charts

        payload = {"iouThreshold": iou_threshold, **_choice(filters, query)}
        return EvaluationV2Charts.from_json(self._ask(payload, "/charts"))

    def examples(
        self,
        match_type: str | None = None,
        limit: int = 50,
        offset: int = 0,
        sort_by: str | None = None,
        sort_order: str | None = None,
        filters: Filters | None = None,
        query: str | None = None,
        *,
        iou_threshold: float = 0.5,
    ) -> EvaluationV2ExamplesPage:
        """Look at rows, page by page.

        Args:
            match_type: ``"TP"``, ``"FP"`` or ``"FN"``; all when ``None``.
            limit: Rows of the page, 1 to 100.
            offset: Rows before it.
            sort_by: ``"confidence"``, ``"iou"``, ``"dataset_item_id"`` or ``"gt_area"``; rows
                without one stand last. The order of the items when ``None``.
            sort_order: ``"ASC"`` (the default) or ``"DESC"``.
            filters: Which rows.
            query: A query that the items have to pass.
            iou_threshold: Overlap from which a pair counts, 0.1 to 1.

        Returns:
            The page.

        Raises:
            ConflictError: The evaluation has not succeeded.
        """
        from nucleus_lab.data_transfer_object.evaluation_v2 import EvaluationV2ExamplesPage

        payload: dict[str, Any] = {"limit": limit, "offset": offset, **_choice(filters, query)}
        optional = {"match_type": match_type, "sort_by": sort_by, "sort_order": sort_order}
        payload |= {name: value for name, value in optional.items() if value is not None}
        payload["iouThreshold"] = iou_threshold
        return EvaluationV2ExamplesPage.from_json(self._ask(payload, "/examples"))

    def filter_schema(self) -> EvaluationV2FilterSchema:
        """Ask what the rows can be filtered by.

        Returns:
            Classes, and keys and values of the items' metadata.
        """
        from nucleus_lab.data_transfer_object.evaluation_v2 import EvaluationV2FilterSchema

        return EvaluationV2FilterSchema.from_json(self._ask(None, "/filterSchema", "GET"))

    def cancel(self) -> EvaluationV2:
        """Stop the evaluation before it has finished.

        Returns:
            This handle, renewed.

        Raises:
            ConflictError: It has finished.
        """
        self._ask({}, "/cancel")
        return self.refresh()

    def retry(self) -> EvaluationV2:
        """Evaluate the same once more, where this one failed or was cancelled.

        Returns:
            The new evaluation.

        Raises:
            ConflictError: This one has succeeded or has not finished.
        """
        made = self._ask({}, "/retry")["evaluation_id"]
        return EvaluationV2(made, None, EvaluationV2Status.PENDING, _client=self._client).refresh()

    def delete(self) -> None:
        """Delete the evaluation."""
        self._ask({}, method="DELETE")


def _choice(filters: Filters | None, query: str | None) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    if filters is not None:
        payload["filters"] = filters if isinstance(filters, dict) else filters.to_api_filters()
    if query:
        payload["query"] = query
    return payload
