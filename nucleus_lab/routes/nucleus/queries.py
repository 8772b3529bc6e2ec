"""Routes that answer queries: pages of what they find, ids, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from nucleus_lab import identifiers
from nucleus_lab.bulk import collector_paused
from nucleus_lab.engine import cuboid_points, datasets, queries, query_catalog
from nucleus_lab.errors import ConflictError, InvalidInputError
from nucleus_lab.routes.table import Call, route

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_LEVELS: Final = {
    "ground_truth_only": "annotations",
    "predictions_only": "predictions",
    "iou": "matches",
    "false_positive": "matches",
    "false_negative": "matches",
}

_LONGEST: Final = 600_000
"""Milliseconds that a page may be given."""


class QueryBody(msgspec.Struct):
    """Body of ``dataset/{ds}/queryItemsPage`` and ``queryScenesPage``.

    ``params`` holds the values of ``{name}`` in the query. With ``within_ms`` a page ends after
    about that time with what was found so far, which may be nothing: its ``nextPageToken`` goes on
    from there, and ``looked_at`` says how far it looked.
    """

    query: str = ""
    pageToken: str | None = None
    pageSize: int = 10_000
    model_run_id: str | None = None
    params: dict[str, Any] | None = None
    iou_threshold: float | None = None
    within_ms: float | None = None


class ObjectsBody(QueryBody):
    """Body of ``dataset/{ds}/queryObjectsPage``."""

    patch_mode: str = "ground_truth_only"


class SelectionBody(msgspec.Struct):
    """Body of ``lab/dataset/{ds}/itemIds`` and ``lab/dataset/{ds}/count``."""

    query: str | None = None
    slice_id: str | None = None
    model_id: str | None = None
    params: dict[str, Any] | None = None
    iou_threshold: float | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None


def _page(
    engine: Engine, body: QueryBody, ds: str, level: str, match_type: str = ""
) -> dict[str, Any]:
    from nucleus_lab.engine import query_rows

    within = _seconds(body.within_ms)
    cuboid_points.ensure(engine, ds, body.query)
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        run_id = query_catalog.run_key(connection, row.id, body.model_run_id)

        def selection(text: str) -> queries.Selection:
            return queries.select_rows(
                connection,
                row.id,
                text,
                level,
                run_id=run_id,
                match_type=match_type,
                parameters=body.params,
                paged=True,
                iou_threshold=body.iou_threshold,
            )

        found = selection(body.query)
        page = queries.page_within(connection, found, body.pageToken, body.pageSize, within)
        rejected = body.iou_threshold is not None
        items = query_rows.payloads(connection, row.id, level, page.keys, rejected=rejected)
        answer: dict[str, Any] = {"items": items, "nextPageToken": page.token}
        if page.looked_at is not None:
            answer["looked_at"] = dict(zip(("count", "of"), page.looked_at, strict=True))
        first = body.pageToken is None
        told = _told(connection, found) if first or page.empty else []
        if first:
            answer["warnings"] = told
        if within is None and (first or page.empty):
            # It looks at the dataset again, condition by condition: that is not done in time.
            because = _because(connection, body.query, told, selection, empty=page.empty)
            answer["empty_because"] = because
    queries.improve(engine.store, found)
    return answer


def _seconds(milliseconds: float | None) -> float | None:
    if milliseconds is not None and not 0 < milliseconds <= _LONGEST:
        raise InvalidInputError(
            f"within_ms is {milliseconds!r}: use a number above 0, {_LONGEST} at most, or null for "
            "a full page however long it takes",
            path="within_ms",
        )
    return None if milliseconds is None else milliseconds / 1e3


def _told(connection: Any, found: queries.Selection) -> list[str]:
    """Return the warnings of a query."""
    from nucleus_lab.engine import query_warnings

    return query_warnings.told(connection, found)


def _because(
    connection: Any, text: str, told: list[str], selection: Any, *, empty: bool
) -> str | None:
    """Say which condition leaves nothing of a first page, and which values there are."""
    if not empty or not text.strip():
        return None
    from nucleus_lab.engine import query_advice

    return query_advice.safely(lambda: query_advice.advice(connection, text, told, selection))


@route("POST", "dataset/{ds}/queryItemsPage", body=QueryBody)
def query_items(engine: Engine, call: Call[QueryBody], ds: str) -> dict[str, Any]:
    """Answer items that a query selects."""
    return _page(engine, call.body, ds, "items")


@route("POST", "dataset/{ds}/queryObjectsPage", body=ObjectsBody)
def query_objects(engine: Engine, call: Call[ObjectsBody], ds: str) -> dict[str, Any]:
    """Answer annotations, predictions or evaluation matches that a query selects."""
    mode = call.body.patch_mode
    if mode not in _LEVELS:
        raise InvalidInputError(
            f"patch_mode is {mode!r}: use one of {', '.join(sorted(_LEVELS))}", path="patch_mode"
        )
    level = _LEVELS[mode]
    return _page(engine, call.body, ds, level, mode if level == "matches" else "")


@route("POST", "dataset/{ds}/queryScenesPage", body=QueryBody)
def query_scenes(engine: Engine, call: Call[QueryBody], ds: str) -> dict[str, Any]:
    """Answer scenes that a query selects."""
    return _page(engine, call.body, ds, "scenes")


@route("POST", "lab/dataset/{ds}/itemIds", body=SelectionBody)
def item_ids(engine: Engine, call: Call[SelectionBody], ds: str) -> dict[str, Any]:
    """Answer the ids of items: of the dataset, of a slice, of a query, or of both."""
    body = call.body
    cuboid_points.ensure(engine, ds, body.query)
    with engine.store.read() as connection, collector_paused():
        row = datasets.get(connection, ds)
        run = query_catalog.run_key(connection, row.id, body.model_id)
        found = queries.select_rows(
            connection,
            row.id,
            body.query,
            run_id=run,
            parameters=body.params,
            paged=body.limit is not None,
            iou_threshold=body.iou_threshold,
        )
        if body.limit is None:
            keys = queries.keys_of(connection, found)
        elif body.slice_id is None:
            keys, _ = queries.page_of(connection, found, None, body.limit)
        else:
            raise InvalidInputError("limit is not possible with a slice_id", path="limit")
        if body.slice_id is not None:
            members = _members(connection, row.id, body.slice_id)
            selected = set(keys)
            keys = [key for key in members if key in selected]
        told = _told(connection, found)
    queries.improve(engine.store, found)
    shown = identifiers.encode_all(identifiers.ITEM, keys)
    return {"item_ids": shown, "warnings": told}


def _members(connection: Any, dataset_id: int, slice_id: str) -> list[int]:
    from nucleus_lab.engine import slice_members, slices

    row = slices.get(connection, slice_id)
    if row.dataset_id != dataset_id or row.type != "dataset_item":
        raise ConflictError(f"slice {slice_id} holds no items of this dataset")
    return [key for _, key, _ in slice_members.listing(connection, row.id)]


@route("POST", "lab/dataset/{ds}/count", body=SelectionBody)
def count(engine: Engine, call: Call[SelectionBody], ds: str) -> dict[str, Any]:
    """Answer how many items a query selects."""
    body = call.body
    cuboid_points.ensure(engine, ds, body.query)
    with engine.store.read() as connection:
        row = datasets.get(connection, ds)
        run = query_catalog.run_key(connection, row.id, body.model_id)

        def selection(text: str | None) -> queries.Selection:
            return queries.select_rows(
                connection,
                row.id,
                text,
                run_id=run,
                parameters=body.params,
                iou_threshold=body.iou_threshold,
            )

        found = selection(body.query)
        counted = queries.count_of(connection, found)
        text = body.query or ""
        told = _told(connection, found)
        because = _because(connection, text, told, selection, empty=counted == 0)
    queries.improve(engine.store, found)
    return {"count": counted, "warnings": told, "empty_because": because}
