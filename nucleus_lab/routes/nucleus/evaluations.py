"""Routes of evaluations: start one, read its report, browse its matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.engine import datasets, evaluations, matches
from nucleus_lab.engine.evaluations import EvaluationOptions
from nucleus_lab.engine.matches import MOST_ROWS, MatchFilter, Side
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class LabelPair(msgspec.Struct):
    """Labels that count as the same.

    Attributes:
        ground_truth_label: Label of the annotation.
        model_prediction_label: Label of the prediction.
    """

    ground_truth_label: str
    model_prediction_label: str


class OptionsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Body of ``calculateEvaluationMetrics``.

    Attributes:
        class_agnostic: Whether objects of any labels may pair; true unless pairs are allowed.
        allowed_label_matches: Needs ``class_agnostic`` false.
        iou_threshold: Ours: overlap from which a pair counts.
        confidence_threshold: Ours: predictions below it are left out.
    """

    class_agnostic: bool | None = None
    allowed_label_matches: list[LabelPair] | None = None
    iou_threshold: _Share | None = None
    confidence_threshold: _Share | None = None


def options_of(body: OptionsBody) -> EvaluationOptions:
    """Read how to match.

    Args:
        body: What the caller asks for.

    Returns:
        The options.
    """
    allowed = tuple(
        (pair.ground_truth_label, pair.model_prediction_label)
        for pair in body.allowed_label_matches or ()
    )
    return EvaluationOptions(
        # The published example gives allowed pairs alone: they imply that classes matter.
        class_agnostic=not allowed if body.class_agnostic is None else body.class_agnostic,
        allowed_label_matches=allowed,
        iou_threshold=0.5 if body.iou_threshold is None else body.iou_threshold,
        confidence_threshold=body.confidence_threshold or 0.0,
    )


@route("POST", "dataset/{ds}/model/{prj}/calculateEvaluationMetrics", body=OptionsBody)
def calculate_evaluation_metrics(
    engine: Engine, call: Call[OptionsBody], ds: str, prj: str
) -> dict[str, Any]:
    """Submit the job that matches predictions with annotations and computes metrics."""
    options = options_of(call.body)
    with engine.store.read() as connection:
        found = datasets.get(connection, ds)
        run = evaluations.run_to_evaluate(connection, found, prj)
    return engine.jobs.submit(
        "modelMetrics",
        {"dataset_id": found.id, "run_id": run, "options": options.given()},
        dataset_id=found.id,
        total_steps=100,
    )


@route("GET", "lab/dataset/{ds}/model/{prj}/evaluation")
def evaluation_report(engine: Engine, call: Call[None], ds: str, prj: str) -> dict[str, Any]:
    """Answer the newest report."""
    with engine.store.read() as connection:
        return evaluations.report(connection, datasets.get(connection, ds), prj)


class MatchesBody(msgspec.Struct):
    """Body of ``lab/…/matches``.

    Attributes:
        item_ids: Ids of the items to read; all when left out.
        match_type: TP, FP or FN.
        gt_label: Label of the annotation; ``null`` for rows without one.
        pred_label: Label of the prediction; ``null`` for rows without one.
        iou_threshold: A pair below it is read as a false detection and a miss.
        pageToken: Where to go on, from the page before.
        pageSize: Stored rows to read at most.
    """

    item_ids: list[str] | None = None
    match_type: str | None = None
    gt_label: str | msgspec.UnsetType | None = msgspec.UNSET
    pred_label: str | msgspec.UnsetType | None = msgspec.UNSET
    iou_threshold: _Share | None = None
    pageToken: str | None = None
    pageSize: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)] = 1000


@route("POST", "lab/dataset/{ds}/model/{prj}/matches", body=MatchesBody)
def evaluation_matches(
    engine: Engine, call: Call[MatchesBody], ds: str, prj: str
) -> dict[str, Any]:
    """Answer a page of matches of the newest evaluation."""
    body = call.body
    items = body.item_ids
    wanted = MatchFilter(
        item_ids=None
        if items is None
        else [identifiers.decode(identifiers.ITEM, item) for item in items],
        type=None if body.match_type is None else matches.match_type(body.match_type),
        truth=_side(body.gt_label),
        prediction=_side(body.pred_label),
        iou_threshold=body.iou_threshold,
    )
    with engine.store.read() as connection:
        found = datasets.get(connection, ds)
        newest = evaluations.latest(connection, found, prj)
        rows, more = matches.page(
            connection,
            found.id,
            newest,
            wanted,
            after=_after(body.pageToken),
            size=body.pageSize,
        )
    token = None if more is None else f"{more[0]}-{more[1]}"
    return {"matches": rows, "nextPageToken": token}


def _side(label: str | msgspec.UnsetType | None) -> Side:
    return Side() if label is msgspec.UNSET else Side(any=False, label=label)


def _after(token: str | None) -> tuple[int, int]:
    if not token:
        return 0, 0
    item, _, key = token.partition("-")
    if not (item.isdigit() and key.isdigit()):
        raise InvalidInputError(
            f"pageToken is {token!r}: pass the nextPageToken of the page before", path="pageToken"
        )
    return int(item), int(key)
