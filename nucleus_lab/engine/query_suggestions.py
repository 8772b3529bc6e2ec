"""Completion of queries: what the language offers, with the names and values of a dataset."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, text

from nucleus_lab.engine import indexes
from nucleus_lab.engine.query_catalog import StoredCatalog
from nucleus_lab.engine.query_statistics import counted
from nucleus_lab.engine.query_values import LOOKED_AT, MOST_VALUES, metadata_sample, values_of
from nucleus_lab.engine.schema import slice_
from nucleus_lab.engine.statements import Statement
from nucleus_lab.query.complete import (
    Place,
    finished,
    language_suggestions,
    place_of,
    quoted,
    written_name,
)
from nucleus_lab.query.fields import fields_of

Found = list[tuple[str, str, str]]


def _class_counts(table: str, run: str = "") -> Statement:
    # To SQLite CROSS JOIN is an order, items first; and counting names keeps it from an index of
    # labels. Otherwise it reads all objects of a run.
    return Statement(
        lambda: text(
            f"SELECT label_id, count(annotation_id) FROM item CROSS JOIN {table} "
            f"WHERE {table}.item_id = item.id {run}AND item.dataset_id = :dataset_id "
            "AND item.position < :last GROUP BY label_id"
        )
    )


_COUNTS = {
    "annotations": _class_counts("annotation"),
    "predictions": _class_counts("prediction", "AND prediction.model_run_id = :run_id "),
}
_SLICES = Statement(
    lambda: select(slice_.c.name).where(slice_.c.dataset_id == bindparam("dataset_id"))
)


def suggest(
    connection: Connection,
    dataset_id: int,
    query: str,
    cursor: int,
    level: str = "items",
    run_id: int | None = None,
) -> list[dict[str, Any]]:
    """Suggest how a query may go on at the cursor.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        query: The query so far; it need not be finished.
        cursor: Offset of the cursor.
        level: What the query returns.
        run_id: Model run that predictions are of.

    Returns:
        ``text``, ``kind``, ``detail``, ``start`` and ``end`` of each.
    """
    place = place_of(query, cursor)
    catalog = StoredCatalog(connection, dataset_id, run_id)
    found = language_suggestions(place, level)
    if place.kind == "path":
        found += _below(connection, catalog, place, level)
    elif place.kind == "value":
        found = [*_values(connection, catalog, place, level), *found]
    elif place.kind == "saved":
        found += [
            (quoted(name), "saved", catalog.saved(name) or "") for name in catalog.saved_names
        ]
    elif place.kind == "start":
        found += [
            (f"saved({quoted(name)})", "saved", catalog.saved(name) or "")
            for name in catalog.saved_names
        ]
    return [asdict(each) for each in finished(place, found)]


def _below(connection: Connection, catalog: StoredCatalog, place: Place, level: str) -> Found:
    path = place.path
    if path[0] == "item":
        path = path[1:] or ["item"]
    if path[0] == "metadata" and level != "scenes":
        return _keys(connection, catalog.dataset_id, tuple(path[1:]))
    if path[0] == "autotag" and len(path) == 2:
        return [
            (written_name(name), "autotag", f"score of an {path[1]} tag, -1 to 1")
            for kind, name in catalog.autotags
            if kind == path[1]
        ]
    if path[0] in _COUNTS and len(path) <= 2:
        counts = _classes(connection, catalog, path[0])
        found: Found = [
            (written_name(name), "class", detail)
            for name, detail in counts
            if len(path) == 1 or path[1] != "metadata"
        ]
        if len(path) == 1:
            found += [
                (written_name(name), "taxonomy", "label in this taxonomy")
                for name in catalog.taxonomies
            ]
        return found
    return []


def _keys(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> Found:
    """Suggest keys with their type, the share of items that have them, and an example."""
    return counted(
        connection, dataset_id, ("keys", path), lambda: _counted_keys(connection, dataset_id, path)
    )


def _counted_keys(connection: Connection, dataset_id: int, path: tuple[str, ...]) -> Found:
    sample, _ = metadata_sample(connection, dataset_id)
    filled: dict[str, int] = {}
    kinds: dict[str, Counter[type]] = {}
    examples: dict[str, Any] = {}
    for values in sample:
        level: Any = values
        for key in path:
            level = level.get(key) if isinstance(level, dict) else None
        for key, value in level.items() if isinstance(level, dict) else ():
            if value is None or value == []:
                continue
            if key not in filled:
                filled[key], kinds[key], examples[key] = 0, Counter(), value
            filled[key] += 1
            kinds[key][type(value)] += 1
    total = max(1, len(sample))
    return [
        (
            written_name(key),
            "key",
            (
                f"{' or '.join(_named(kinds[key]))}, "
                f"{100 * count / total:.0f} % filled, such as {_short(examples[key])}"
            ),
        )
        for key, count in sorted(filled.items(), key=lambda pair: -pair[1])
    ]


_KINDS: Final = {
    bool: "true/false",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
}


def _named(kinds: Counter[type]) -> list[str]:
    """Name the two most frequent kinds of values."""
    names: Counter[str] = Counter()
    for kind, count in kinds.items():
        names[_KINDS[kind]] += count
    return [name for name, _ in names.most_common(2)]


def _short(value: Any) -> str:
    text = quoted(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _classes(connection: Connection, catalog: StoredCatalog, kind: str) -> list[tuple[str, str]]:
    size = indexes.size_of(connection, catalog.dataset_id)

    def count() -> Counter[int]:
        found: Counter[int] = Counter()
        for run in runs:
            values: dict[str, Any] = {"dataset_id": catalog.dataset_id, "last": LOOKED_AT}
            values |= {"run_id": run} if run is not None else {}
            for key, number in _COUNTS[kind].rows(connection, **values):
                found[key] += number
        return found

    runs: list[int | None] = [None]
    if kind == "predictions":
        chosen = catalog.run_id
        runs = [run.id for run in catalog.runs] if chosen is None else [chosen]
    about = ("classes", kind, *runs)
    counts = counted(connection, catalog.dataset_id, about, count)
    sampled = "+" if size > LOOKED_AT else ""
    ordered = sorted(catalog.labels.items(), key=lambda pair: (-counts.get(pair[1], 0), pair[0]))
    return [(name, f"class, {counts.get(key, 0)}{sampled} objects") for name, key in ordered]


def _values(connection: Connection, catalog: StoredCatalog, place: Place, level: str) -> Found:
    path = [*place.path]
    if path[:1] == ["item"]:
        path = path[1:]
    if not path:
        return []
    if path[0] == "metadata" and len(path) > 1 and place.inside in {None, "items"}:
        if level == "scenes":
            return []
        values = values_of(connection, catalog.dataset_id, tuple(path[1:]))
        if len(values.counts) > MOST_VALUES:
            return []
        about = "" if values.complete else " of those looked at"
        return [
            (
                quoted(value)
                if isinstance(value, str) and value not in {"true", "false"}
                else str(value),
                "value",
                f"{count} items{about}",
            )
            for value, count in values.counts
        ]
    last = path[-1]
    if last in {"label", "gt_label", "pred_label"}:
        kind = "predictions" if "predictions" in {path[0], place.inside, level} else "annotations"
        return [
            (quoted(name), "class", detail) for name, detail in _classes(connection, catalog, kind)
        ]
    if path[0] in {"slice", "slices"}:
        rows = _SLICES.rows(connection, dataset_id=catalog.dataset_id)
        return [(quoted(name), "slice", "") for (name,) in rows]
    if path[0] == "autotag" and path[-1] in {"image", "object"} and len(path) <= 3:
        return [
            (quoted(name), "autotag", "") for kind, name in catalog.autotags if kind == path[-1]
        ]
    if last == "model":
        return [(quoted(run.model_ids[-1]), "model", run.name) for run in catalog.runs]
    if last == "taxonomy":
        return [(quoted(name), "taxonomy", "") for name in catalog.taxonomies]
    scope = path[0] if len(path) > 1 else place.inside or level
    known = fields_of(scope).get(last)
    return [] if known is None else [(text, "value", told) for text, told in known.values.items()]
