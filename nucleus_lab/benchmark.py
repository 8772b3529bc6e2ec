"""Benchmark: a handle to a named set of items that models are compared on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation_v2 import EvaluationV2, RollupGroup, group_payloads
from nucleus_lab.evaluation_v2_exclusions import rule_payloads
from nucleus_lab.evaluation_v2_preset import UNSET, EvaluationV2Preset
from nucleus_lab.model import Model
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

if TYPE_CHECKING:
    from nucleus_lab.data_transfer_object.evaluation_v2 import BenchmarkItemsPage


@dataclass
class Benchmark:
    """Items with ground truth, of one dataset or of many, that stay the same.

    Every item counts: what a model says nothing about is missed, so that models with predictions
    on different items compare fairly::

        benchmark = client.create_benchmark("night streets", slice_id=night.id)
        benchmark.create_evaluation_v2(model_id=model).wait_for_completion()
        client.leaderboard_ranking("MAP_50", [benchmark.id])

    Attributes:
        id: Id, starts with ``bm_``.
        name: A name for people.
        description: Free text.
        metadata: Anything JSON can hold.
        created_by_user_id: Name of the maker's key.
        created_at: ISO time in UTC.
        item_count: Items it has.
        dataset_count: Datasets that they are of.
        skipped_items_without_ground_truth: Items that were given and left out.
        status: ``draft`` (items change), ``building`` (a job adds them), ``ready`` or ``failed``.
        parent_benchmark_id: The version before it.
        version_major: First number of its version.
        version_minor: Second number of its version.
        version_label: A word for people.
        allowed_label_matches_id: Set of roll-up groups that it compares by.
        class_agnostic: Labels are ignored.
    """

    id: str
    name: str
    description: str | None = None
    metadata: dict[str, Any] | None = None
    created_by_user_id: str | None = None
    created_at: str | None = None
    item_count: int | None = None
    dataset_count: int | None = None
    skipped_items_without_ground_truth: int | None = None
    status: str | None = None
    parent_benchmark_id: str | None = None
    version_major: int | None = None
    version_minor: int | None = None
    version_label: str | None = None
    allowed_label_matches_id: str | None = None
    class_agnostic: bool | None = None
    _client: Connection | None = field(repr=False, default=None)

    @classmethod
    def from_json(cls, payload: dict[str, Any], client: Connection | None = None) -> Benchmark:
        """Make a handle from a payload.

        Args:
            payload: What a route answers.
            client: The connection that asks.

        Returns:
            The handle.
        """
        names = [name for name in cls.__dataclass_fields__ if name not in {"id", "_client"}]
        values: dict[str, Any] = {name: payload.get(name) for name in names}
        return cls(payload["benchmark_id"], _client=client, **values)

    def _ask(self, payload: Any, place: str = "", method: str = "POST") -> Any:
        return _client_of(self).make_request(
            payload, f"benchmarks/{segment(self.id)}{place}", method
        )

    def _renew(self, payload: dict[str, Any]) -> Benchmark:
        self.__dict__.update(Benchmark.from_json(payload, self._client).__dict__)
        return self

    def refresh(self) -> Benchmark:
        """Ask for the present state.

        Returns:
            This handle, renewed.
        """
        return self._renew(self._ask(None, method="GET"))

    def update(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        rollup_groups: list[RollupGroup] | None = None,
        allowed_label_matches_id: str | None = UNSET,
        class_agnostic: bool | None = None,
    ) -> Benchmark:
        """Change what is given; the last three only while it is a draft, one of them at a time.

        Args:
            name: New name.
            description: New text.
            metadata: New metadata, in place of the old.
            rollup_groups: New groups.
            allowed_label_matches_id: Another set of groups; ``None`` compares label by label.
            class_agnostic: Ignore labels, or not.

        Returns:
            This handle, renewed.
        """
        given = {
            "name": name,
            "description": description,
            "metadata": metadata,
            "rollupGroups": group_payloads(rollup_groups),
            "class_agnostic": class_agnostic,
        }
        payload: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if allowed_label_matches_id is not UNSET:
            payload["allowed_label_matches_id"] = allowed_label_matches_id
        return self._renew(self._ask(payload, method="PATCH"))

    def delete(self) -> None:
        """Delete the benchmark; evaluations on it stay."""
        self._ask({}, method="DELETE")

    def items(self, *, limit: int | None = None, offset: int | None = None) -> BenchmarkItemsPage:
        """Look at its items, page by page.

        Args:
            limit: Items of the page; 1,000 when left out.
            offset: Items before it.

        Returns:
            Ids of items, and how many there are.
        """
        from nucleus_lab.data_transfer_object.evaluation_v2 import BenchmarkItemsPage

        given = {"limit": limit, "offset": offset}
        query = "&".join(f"{key}={value}" for key, value in given.items() if value is not None)
        place = f"/items?{query}" if query else "/items"
        return BenchmarkItemsPage.from_json(self._ask(None, place, "GET"))

    def add_items(
        self,
        *,
        item_ids: list[str] | None = None,
        items: list[dict[str, str]] | None = None,
        slice_id: str | None = None,
        dataset_id: str | None = None,
        slice_ids: list[str] | None = None,
        dataset_ids: list[str] | None = None,
        scene_ids: list[str] | None = None,
        wait_for_completion: bool = True,
        verbose: bool = True,
    ) -> Benchmark:
        """Add items to a draft; those without ground truth are left out.

        Args:
            item_ids: Ids of items.
            items: Mappings ``dataset_id`` and ``ref_id``.
            slice_id: Id of a slice.
            dataset_id: Id of a dataset.
            slice_ids: Ids of slices.
            dataset_ids: Ids of datasets.
            scene_ids: Ids of scenes.
            wait_for_completion: Wait for the job that adds them.
            verbose: Show a progress bar while waiting.

        Returns:
            This handle, renewed.
        """
        given = {
            "item_ids": item_ids,
            "items": items,
            "slice_id": slice_id,
            "dataset_id": dataset_id,
            "slice_ids": slice_ids,
            "dataset_ids": dataset_ids,
            "scene_ids": scene_ids,
        }
        payload = {key: value for key, value in given.items() if value is not None}
        job = self._ask(payload, "/items")["job_id"]
        if wait_for_completion:
            AsyncJob.from_id(job, _client_of(self)).sleep_until_complete(verbose)
        return self.refresh()

    def remove_items(self, item_ids: list[str]) -> Benchmark:
        """Take items out of a draft.

        Args:
            item_ids: Ids of items; those that it does not have are ignored.

        Returns:
            This handle, renewed.
        """
        self._ask({"item_ids": item_ids}, "/items", "DELETE")
        return self.refresh()

    def finalize(self) -> Benchmark:
        """Turn a draft into a benchmark that stays as it is and can be evaluated on.

        Returns:
            This handle, renewed.

        Raises:
            ConflictError: It is no draft, or a job is adding items.
        """
        return self._renew(self._ask({}, "/finalize"))

    def create_evaluation_v2(
        self,
        model_run_id: str | None = None,
        *,
        model_id: Model | str | None = None,
        name: str | None = None,
        rollup_groups: list[RollupGroup] | None = None,
        exclusion_rules: list[Any] | None = None,
        preset: EvaluationV2Preset | None = None,
    ) -> EvaluationV2:
        """Evaluate a model on all items.

        Args:
            model_run_id: Id of a run; give it or ``model_id``.
            model_id: A model, or its id: its predictions that are of no named run.
            name: A name for people.
            rollup_groups: Labels to compare as one class; those of the benchmark when left out.
            exclusion_rules: What to leave out, as rules or their payloads.
            preset: Groups and rules, where they are not given.

        Returns:
            The evaluation; it goes on in the background.
        """
        payload = evaluation_payload(
            model_run_id, model_id, name, rollup_groups, exclusion_rules, preset
        )
        made = self._ask(payload, "/evaluationsV2")["evaluation_id"]
        return EvaluationV2(made, None, "pending", _client=self._client).refresh()


def _client_of(benchmark: Benchmark) -> Connection:
    client = benchmark._client  # noqa: SLF001 - this module's own class
    if client is None:
        raise InvalidInputError(
            f"benchmark {benchmark.id} was made without a client: find it by "
            "client.get_benchmark(id)"
        )
    return client


def evaluation_payload(
    model_run_id: str | None,
    model_id: Model | str | None,
    name: str | None,
    rollup_groups: list[RollupGroup] | None,
    exclusion_rules: list[Any] | None,
    preset: EvaluationV2Preset | None,
) -> dict[str, Any]:
    """Return the body of the routes that create an evaluation.

    Args:
        model_run_id: Id of a run.
        model_id: A model, or its id.
        name: A name for people.
        rollup_groups: Labels to compare as one class.
        exclusion_rules: What to leave out.
        preset: Groups and rules, where they are not given.

    Returns:
        The body.

    Raises:
        InvalidInputError: Run and model are given, or neither.
    """
    if (model_run_id is None) == (model_id is None):
        raise InvalidInputError("give exactly one of model_run_id and model_id")
    if preset is not None:
        rollup_groups = preset.rollup_groups if rollup_groups is None else rollup_groups
        exclusion_rules = preset.exclusion_rules if exclusion_rules is None else exclusion_rules
    given = {
        "model_run_id": model_run_id,
        "model_id": model_id.id if isinstance(model_id, Model) else model_id,
        "name": name,
        "rollupGroups": group_payloads(rollup_groups),
        "exclusionRules": rule_payloads(exclusion_rules),
    }
    return {key: value for key, value in given.items() if value is not None}
