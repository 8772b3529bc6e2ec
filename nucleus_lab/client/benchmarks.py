"""Benchmarks and leaderboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.benchmark import Benchmark
from nucleus_lab.evaluation_v2 import EvaluationV2, RollupGroup, group_payloads
from nucleus_lab.evaluation_v2_preset import UNSET, EvaluationV2Preset
from nucleus_lab.model import Model
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

if TYPE_CHECKING:
    from nucleus_lab.data_transfer_object.evaluation_v2 import (
        BenchmarkItemsPage,
        LeaderboardF1CurveEntry,
        LeaderboardRankingEntry,
    )


class BenchmarkCalls(Connection):
    """Make and find benchmarks, and rank models on them."""

    def create_benchmark(  # noqa: PLR0913 - the published signature
        self,
        name: str,
        *,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        item_ids: list[str] | None = None,
        items: list[dict[str, str]] | None = None,
        slice_id: str | None = None,
        dataset_id: str | None = None,
        slice_ids: list[str] | None = None,
        dataset_ids: list[str] | None = None,
        parent_benchmark_id: str | None = None,
        bump_type: str | None = None,
        version_major: int | None = None,
        version_minor: int | None = None,
        version_label: str | None = None,
        removed_item_ids: list[str] | None = None,
        draft: bool = False,
        rollup_groups: list[RollupGroup] | None = None,
        allowed_label_matches_id: str | None = None,
        class_agnostic: bool | None = None,
        wait_for_completion: bool = True,
        verbose: bool = True,
    ) -> Benchmark:
        """Make a benchmark of items with ground truth.

        The sources add up; items without ground truth are left out. ``rollup_groups``,
        ``allowed_label_matches_id`` and ``class_agnostic`` are three ways to say which labels are
        the same; a new version has its parent's when none is given::

            first = client.create_benchmark("streets", dataset_id=dataset.id)
            second = client.create_benchmark("streets", parent_benchmark_id=first.id,
                                             slice_id=more.id, removed_item_ids=wrong)

        Args:
            name: A name for people.
            description: Free text.
            metadata: Anything JSON can hold.
            item_ids: Ids of items.
            items: Mappings ``dataset_id`` and ``ref_id``.
            slice_id: Id of a slice.
            dataset_id: Id of a dataset.
            slice_ids: Ids of slices.
            dataset_ids: Ids of datasets.
            parent_benchmark_id: The version before: its items are taken over.
            bump_type: ``"minor"`` (the default) or ``"major"``: which number rises.
            version_major: Given outright, with ``version_minor``.
            version_minor: Given outright, with ``version_major``.
            version_label: A word for people.
            removed_item_ids: Ids of items that a new version does without.
            draft: Items come later, by :meth:`Benchmark.add_items`.
            rollup_groups: Labels to compare as one class.
            allowed_label_matches_id: A stored set of such groups.
            class_agnostic: Ignore labels.
            wait_for_completion: Wait for the job that gathers the items.
            verbose: Show a progress bar while waiting.

        Returns:
            The benchmark.

        Raises:
            JobError: None of the items has ground truth.
        """
        given = {
            "name": name,
            "description": description,
            "metadata": metadata,
            "item_ids": item_ids,
            "items": items,
            "slice_id": slice_id,
            "dataset_id": dataset_id,
            "slice_ids": slice_ids,
            "dataset_ids": dataset_ids,
            "parent_benchmark_id": parent_benchmark_id,
            "bump_type": bump_type,
            "version_major": version_major,
            "version_minor": version_minor,
            "version_label": version_label,
            "removed_item_ids": removed_item_ids,
            "draft": draft or None,
            "rollupGroups": group_payloads(rollup_groups),
            "allowed_label_matches_id": allowed_label_matches_id,
            "class_agnostic": class_agnostic,
        }
        payload = {key: value for key, value in given.items() if value is not None}
        answer = self.make_request(payload, "benchmarks")
        if wait_for_completion and answer["job_id"] is not None:
            AsyncJob.from_id(answer["job_id"], self).sleep_until_complete(verbose)
        return self.get_benchmark(answer["benchmark_id"])

    def list_benchmarks(self) -> list[Benchmark]:
        """List the benchmarks, newest first.

        Returns:
            The benchmarks.
        """
        rows = self.make_request(None, "benchmarks", "GET")
        return [Benchmark.from_json(row, self) for row in rows]

    def get_benchmark(self, benchmark_id: str) -> Benchmark:
        """Find a benchmark.

        Args:
            benchmark_id: Id, starts with ``bm_``.

        Returns:
            The benchmark.
        """
        route = f"benchmarks/{segment(benchmark_id)}"
        return Benchmark.from_json(self.make_request(None, route, "GET"), self)

    def update_benchmark(
        self,
        benchmark_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        rollup_groups: list[RollupGroup] | None = None,
        allowed_label_matches_id: str | None = UNSET,
        class_agnostic: bool | None = None,
    ) -> Benchmark:
        """Change a benchmark, as :meth:`Benchmark.update` does.

        Args:
            benchmark_id: Id, starts with ``bm_``.
            name: New name.
            description: New text.
            metadata: New metadata.
            rollup_groups: New groups, of a draft.
            allowed_label_matches_id: Another set, of a draft; ``None`` for none.
            class_agnostic: Ignore labels or not, of a draft.

        Returns:
            The benchmark.
        """
        return self._benchmark(benchmark_id).update(
            name=name,
            description=description,
            metadata=metadata,
            rollup_groups=rollup_groups,
            allowed_label_matches_id=allowed_label_matches_id,
            class_agnostic=class_agnostic,
        )

    def delete_benchmark(self, benchmark_id: str) -> None:
        """Delete a benchmark; evaluations on it stay.

        Args:
            benchmark_id: Id, starts with ``bm_``.
        """
        self._benchmark(benchmark_id).delete()

    def list_benchmark_items(
        self, benchmark_id: str, *, limit: int | None = None, offset: int | None = None
    ) -> BenchmarkItemsPage:
        """Look at the items of a benchmark, page by page.

        Args:
            benchmark_id: Id, starts with ``bm_``.
            limit: Items of the page.
            offset: Items before it.

        Returns:
            The page.
        """
        return self._benchmark(benchmark_id).items(limit=limit, offset=offset)

    def add_benchmark_items(self, benchmark_id: str, **sources: Any) -> None:
        """Add items to a draft.

        Args:
            benchmark_id: Id, starts with ``bm_``.
            **sources: As of :meth:`Benchmark.add_items`.
        """
        self._benchmark(benchmark_id).add_items(**sources)

    def remove_benchmark_items(self, benchmark_id: str, item_ids: list[str]) -> None:
        """Take items out of a draft.

        Args:
            benchmark_id: Id, starts with ``bm_``.
            item_ids: Ids of items.
        """
        self._benchmark(benchmark_id).remove_items(item_ids)

    def finalize_benchmark(self, benchmark_id: str) -> Benchmark:
        """Turn a draft into a benchmark that stays as it is.

        Args:
            benchmark_id: Id, starts with ``bm_``.

        Returns:
            The benchmark.
        """
        return self._benchmark(benchmark_id).finalize()

    def create_benchmark_evaluation_v2(
        self,
        benchmark_id: str,
        model_run_id: str | None = None,
        *,
        model_id: Model | str | None = None,
        name: str | None = None,
        rollup_groups: list[RollupGroup] | None = None,
        exclusion_rules: list[Any] | None = None,
        preset: EvaluationV2Preset | None = None,
    ) -> EvaluationV2:
        """Evaluate a model on all items of a benchmark.

        Args:
            benchmark_id: Id, starts with ``bm_``.
            model_run_id: Id of a run; give it or ``model_id``.
            model_id: A model, or its id.
            name: A name for people.
            rollup_groups: Labels to compare as one class; those of the benchmark when left out.
            exclusion_rules: What to leave out.
            preset: Groups and rules, where they are not given.

        Returns:
            The evaluation; it goes on in the background.
        """
        return self._benchmark(benchmark_id).create_evaluation_v2(
            model_run_id,
            model_id=model_id,
            name=name,
            rollup_groups=rollup_groups,
            exclusion_rules=exclusion_rules,
            preset=preset,
        )

    def _benchmark(self, benchmark_id: str) -> Benchmark:
        return Benchmark(benchmark_id, "", _client=self)

    def leaderboard_ranking(
        self,
        metric_type: str,
        benchmark_ids: list[str],
        *,
        confidence_threshold: float | None = None,
        model_ids: list[str] | None = None,
        scope: str | None = None,
        collapse: str | None = None,
    ) -> list[LeaderboardRankingEntry]:
        """Rank the evaluations on benchmarks.

        Args:
            metric_type: ``MAP_50``, ``MAP_50_95``, ``AP_SMALL``, ``AP_MEDIUM``, ``AP_LARGE``,
                ``PRECISION``, ``RECALL`` or ``F1``.
            benchmark_ids: Ids of benchmarks.
            confidence_threshold: Predictions below it do not count, for the last three.
            model_ids: Only these models.
            scope: ``"mine"`` for your evaluations, ``"all"`` (the default).
            collapse: ``"bestPerModel"`` (the default) or ``"allEvaluations"``.

        Returns:
            The entries, the best first.
        """
        from nucleus_lab.data_transfer_object.evaluation_v2 import LeaderboardRankingEntry

        given = {
            "metric_type": metric_type,
            "benchmark_ids": benchmark_ids,
            "confidence_threshold": confidence_threshold,
            "model_ids": model_ids,
            "scope": scope,
            "collapse": collapse,
        }
        payload = {key: value for key, value in given.items() if value is not None}
        rows = self.make_request(payload, "leaderboard/ranking")
        return [LeaderboardRankingEntry.from_json(row) for row in rows]

    def leaderboard_f1_curve(
        self, benchmark_ids: list[str], *, model_ids: list[str] | None = None, top_n: int = 5
    ) -> list[LeaderboardF1CurveEntry]:
        """Ask for F1 by confidence threshold of the best models on benchmarks.

        Args:
            benchmark_ids: Ids of benchmarks.
            model_ids: Only these models.
            top_n: Models at most.

        Returns:
            The entries, the best first.
        """
        from nucleus_lab.data_transfer_object.evaluation_v2 import LeaderboardF1CurveEntry

        payload: dict[str, Any] = {"benchmark_ids": benchmark_ids, "top_n": top_n}
        if model_ids is not None:
            payload["model_ids"] = model_ids
        rows = self.make_request(payload, "leaderboard/f1Curve")
        return [LeaderboardF1CurveEntry.from_json(row) for row in rows]
