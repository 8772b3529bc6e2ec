"""Routes of Evaluation V2: create, look at, cancel, retry and delete evaluations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    benchmark_taxonomy,
    benchmarks,
    datasets,
    evaluation_config,
    evaluations_v2,
    slices,
)
from nucleus_lab.engine.evaluation_config import (
    EvaluationConfig,
    ExclusionRule,
    RollupGroup,
    groups_of,
    rules_of,
)
from nucleus_lab.engine.evaluation_request import (
    MOST_EXAMPLES,
    SORTS,
    Filters,
    Page,
    View,
    decode_filters,
)
from nucleus_lab.engine.evaluations_v2 import NewEvaluation
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.nucleus.evaluations import LabelPair
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class NewBody(msgspec.Struct):
    """Body of the routes that create an evaluation.

    Attributes:
        name: A name for people.
        rollupGroups: Labels that are compared as one class.
        exclusionRules: What is left out.
        allowed_label_matches: Pairs of labels that count as right.
        allowed_label_matches_id: A stored set of groups or pairs.
        class_agnostic: Ours: labels are ignored.
        slice_id: Ours: only the items of this slice.
        model_id: Whose predictions, on a benchmark.
        model_run_id: Which run, on a benchmark.
    """

    name: str | None = None
    rollupGroups: list[RollupGroup] | None = None
    exclusionRules: list[ExclusionRule] | None = None
    allowed_label_matches: list[LabelPair] | None = None
    allowed_label_matches_id: str | None = None
    class_agnostic: bool | None = None
    slice_id: str | None = None
    model_id: str | None = None
    model_run_id: str | None = None


def _config(connection: Any, body: NewBody) -> EvaluationConfig:
    groups = groups_of(body.rollupGroups)
    pairs = [
        (pair.ground_truth_label, pair.model_prediction_label)
        for pair in body.allowed_label_matches or ()
    ]
    if body.allowed_label_matches_id is not None:
        if groups or pairs:
            raise InvalidInputError(
                "allowed_label_matches_id was given with groups or pairs of its own: choose one"
            )
        stored = evaluation_config.read_set(connection, body.allowed_label_matches_id)
        groups = stored["rollup_groups"]
        pairs = [
            (pair["ground_truth_label"], pair["model_prediction_label"])
            for pair in stored["allowed_label_matches"]
        ]
    return EvaluationConfig(
        class_agnostic=bool(body.class_agnostic),
        allowed_label_matches=tuple(pairs),
        rollup_groups=tuple(groups) or None,
        exclusion_rules=tuple(rules_of(body.exclusionRules)) or None,
    )


def _create(
    engine: Engine, call: Call[NewBody], *, model: str | None = None, run: str | None = None
) -> dict[str, Any]:
    body = call.body
    with engine.store.read() as connection:
        model_id, run_id = evaluations_v2.anchor(connection, model, run)
        of_slice = None if body.slice_id is None else slices.get(connection, body.slice_id).id
        config = _config(connection, body)
    new = NewEvaluation(model_id, run_id, None, of_slice, body.name, call.caller, config)
    return evaluations_v2.create(engine, new)


@route("POST", "modelRun/{run}/evaluationsV2", body=NewBody)
def evaluate_run(engine: Engine, call: Call[NewBody], run: str) -> dict[str, Any]:
    """Evaluate a run on the datasets that it has predictions on."""
    return _create(engine, call, run=run)


@route("POST", "model/{prj}/evaluationsV2", body=NewBody)
def evaluate_model(engine: Engine, call: Call[NewBody], prj: str) -> dict[str, Any]:
    """Evaluate the predictions of a model on the datasets that it has any on."""
    return _create(engine, call, model=prj)


@route("POST", "benchmarks/{bm}/evaluationsV2", body=NewBody)
def evaluate_on_benchmark(engine: Engine, call: Call[NewBody], bm: str) -> dict[str, Any]:
    """Evaluate a model or a run on all items of a benchmark."""
    body = call.body
    if body.slice_id is not None:
        raise InvalidInputError(
            "slice_id was given: a benchmark is evaluated as a whole; make a benchmark of the slice"
        )
    with engine.store.read() as connection:
        model_id, run_id = evaluations_v2.anchor(connection, body.model_id, body.model_run_id)
        row = benchmarks.check_ready(connection, bm)
        config = _config(connection, body)
        ways = (config.rollup_groups, config.allowed_label_matches, body.class_agnostic is not None)
        if not any(ways):
            given = config.exclusion_rules
            config = replace(benchmark_taxonomy.config_of(connection, row), exclusion_rules=given)
        config = benchmark_taxonomy.with_rules(config, row)
    new = NewEvaluation(model_id, run_id, row.id, None, body.name, call.caller, config)
    return evaluations_v2.create(engine, new)


@route("GET", "modelRun/{run}/evaluationsV2")
def list_of_run(engine: Engine, call: Call[None], run: str) -> list[dict[str, Any]]:
    """List the evaluations of a run."""
    return evaluations_v2.of_run(engine, run)


@route("GET", "model/{prj}/evaluationsV2")
def list_of_model(engine: Engine, call: Call[None], prj: str) -> list[dict[str, Any]]:
    """List the evaluations of the predictions of a model itself."""
    return evaluations_v2.of_model(engine, prj)


@route("GET", "evaluationsV2/{ev}")
def get_evaluation(engine: Engine, call: Call[None], ev: str) -> dict[str, Any]:
    """Describe an evaluation."""
    return evaluations_v2.get(engine, ev)


@route("DELETE", "evaluationsV2/{ev}")
def delete_evaluation(engine: Engine, call: Call[None], ev: str) -> dict[str, Any]:
    """Delete an evaluation."""
    evaluations_v2.remove(engine, ev)
    return {"id": ev, "message": "Evaluation deleted"}


@route("POST", "evaluationsV2/{ev}/cancel")
def cancel_evaluation(engine: Engine, call: Call[None], ev: str) -> dict[str, Any]:
    """Stop an evaluation."""
    return evaluations_v2.cancel(engine, ev)


@route("POST", "evaluationsV2/{ev}/retry")
def retry_evaluation(engine: Engine, call: Call[None], ev: str) -> dict[str, Any]:
    """Evaluate the same once more."""
    return evaluations_v2.retry(engine, ev, call.caller)


class ChartsBody(msgspec.Struct):
    """Body of ``charts``.

    Attributes:
        iouThreshold: IoU from which a pair counts.
        filters: Which rows are counted.
        query: A query that the items have to pass.
    """

    iouThreshold: float = 0.5
    filters: Filters | None = None
    query: str | None = None


@route("POST", "evaluationsV2/{ev}/charts", body=ChartsBody)
def charts(engine: Engine, call: Call[ChartsBody], ev: str) -> dict[str, Any]:
    """Answer the charts of an evaluation."""
    from nucleus_lab.engine import evaluation_view

    body = call.body
    view = View(body.iouThreshold, body.filters or Filters(), body.query)
    with engine.store.read() as connection:
        return evaluation_view.charts(connection, ev, view)


@route("GET", "evaluationsV2/{ev}/charts")
def charts_of_query(engine: Engine, call: Call[None], ev: str) -> dict[str, Any]:
    """Answer the charts of an evaluation, as clients before 0.20 ask for them."""
    from nucleus_lab.engine import evaluation_view

    given = call.query
    try:
        threshold = float(given.get("iouThreshold") or 0.5)
    except ValueError:
        raise InvalidInputError(
            f"iouThreshold is {given['iouThreshold']!r}: use a number such as 0.5",
            path="iouThreshold",
        ) from None
    text = given.get("filters")
    filters = decode_filters(text) if text else Filters()
    view = View(threshold, filters, given.get("query"))
    with engine.store.read() as connection:
        return evaluation_view.charts(connection, ev, view)


class ExamplesBody(msgspec.Struct):
    """Body of ``examples``.

    Attributes:
        match_type: TP, FP or FN; all when left out.
        limit: Rows at most.
        offset: Rows to skip.
        sort_by: What to sort by; the order of the items when left out.
        sort_order: ASC or DESC; ascending when left out.
        filters: Which rows.
        query: A query that the items have to pass.
        iouThreshold: Ours: IoU from which a pair counts.
    """

    match_type: Literal["TP", "FP", "FN"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_EXAMPLES)] = 50
    offset: _Count = 0
    sort_by: str | None = None
    sort_order: str | None = None
    filters: Filters | None = None
    query: str | None = None
    iouThreshold: float = 0.5


@route("POST", "evaluationsV2/{ev}/examples", body=ExamplesBody)
def examples(engine: Engine, call: Call[ExamplesBody], ev: str) -> dict[str, Any]:
    """Answer a page of the rows of an evaluation."""
    from nucleus_lab.engine import evaluation_view

    body = call.body
    if body.sort_by is not None and body.sort_by not in SORTS:
        raise InvalidInputError(
            f"sort_by is {body.sort_by!r}: use one of {', '.join(SORTS)}", path="sort_by"
        )
    order = (body.sort_order or "ASC").upper()
    if order not in {"ASC", "DESC"}:
        raise InvalidInputError(
            f"sort_order is {body.sort_order!r}: use ASC or DESC", path="sort_order"
        )
    view = View(body.iouThreshold, body.filters or Filters(), body.query)
    page = Page(body.match_type, body.limit, body.offset, body.sort_by, order == "DESC")
    with engine.store.read() as connection:
        return evaluation_view.examples(connection, ev, view, page)


@route("GET", "evaluationsV2/{ev}/filterSchema")
def filter_schema(engine: Engine, call: Call[None], ev: str) -> dict[str, Any]:
    """Answer what the rows of an evaluation can be filtered by."""
    from nucleus_lab.engine import evaluation_view

    with engine.store.read() as connection:
        return evaluation_view.filter_schema(connection, ev)


@route("GET", "dataset/{ds}/labelSchema")
def label_schema(engine: Engine, call: Call[None], ds: str) -> dict[str, list[str]]:
    """Answer the labels of a dataset, apart by annotations and predictions."""
    from nucleus_lab.engine import evaluation_view

    with engine.store.read() as connection:
        return evaluation_view.label_schema(connection, datasets.get(connection, ds).id)


class LabelMatchesBody(msgspec.Struct):
    """Body of ``lab/allowedLabelMatches``.

    Attributes:
        name: A name for people.
        rollup_groups: Labels that are compared as one class.
        allowed_label_matches: Pairs of labels that count as right.
    """

    name: str
    rollup_groups: list[RollupGroup] | None = None
    allowed_label_matches: list[LabelPair] | None = None


@route("POST", "lab/allowedLabelMatches", body=LabelMatchesBody)
def create_label_matches(engine: Engine, call: Call[LabelMatchesBody]) -> dict[str, Any]:
    """Store a set of labels that count as the same."""
    body = call.body
    pairs = [
        (pair.ground_truth_label, pair.model_prediction_label)
        for pair in body.allowed_label_matches or ()
    ]
    groups = groups_of(body.rollup_groups, "rollup_groups")
    if not body.name.strip():
        raise InvalidInputError("a set needs a name: name is empty", path="name")
    with engine.store.write() as connection:
        key = evaluation_config.create_set(connection, body.name, groups, pairs)
        public = identifiers.encode(identifiers.LABEL_MATCHES, key)
        return evaluation_config.read_set(connection, public)


@route("GET", "lab/allowedLabelMatches")
def list_label_matches(engine: Engine, call: Call[None]) -> list[dict[str, Any]]:
    """List the sets of labels that count as the same."""
    with engine.store.read() as connection:
        return evaluation_config.list_sets(connection)


@route("DELETE", "lab/allowedLabelMatches/{alm}")
def delete_label_matches(engine: Engine, call: Call[None], alm: str) -> dict[str, Any]:
    """Delete a set of labels that count as the same."""
    with engine.store.write() as connection:
        evaluation_config.remove_set(connection, alm)
    return {"id": alm, "deleted": True}
