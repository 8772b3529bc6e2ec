"""Benchmarks: named sets of items with ground truth that models are compared on.

A benchmark is built in one go by a job, or put together as a draft and then finalized; from then
on its items stay as they are. A new version takes the items of its parent, adds and removes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, distinct, func, insert, select, update

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import benchmark_taxonomy, clock
from nucleus_lab.engine.benchmark_taxonomy import Taxonomy
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.evaluation_schema import benchmark, benchmark_item, evaluation_v2
from nucleus_lab.engine.schema import item, job
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

DRAFT, BUILDING, READY, FAILED = "draft", "building", "ready", "failed"
_C: Final = benchmark.c
_ENDED: Final = ("Errored", "Cancelled")


def row_of(connection: Connection, public_id: str) -> Row[Any]:
    """Find a benchmark.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.

    Returns:
        Its columns.

    Raises:
        NotFoundError: There is none.
    """
    key = identifiers.decode(identifiers.BENCHMARK, public_id)
    row = connection.execute(select(benchmark).where(_C.id == key)).first()
    if row is None:
        raise NotFoundError(f"there is no benchmark {public_id!r}: it was deleted, or never was")
    return row


def describe(connection: Connection, public_id: str) -> dict[str, Any]:
    """Describe a benchmark.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.

    Returns:
        Its payload.
    """
    return _payload(connection, row_of(connection, public_id))


def listing(connection: Connection) -> list[dict[str, Any]]:
    """List the benchmarks, newest first.

    Args:
        connection: The open transaction.

    Returns:
        Their payloads.
    """
    rows = connection.execute(select(benchmark).order_by(_C.id.desc())).all()
    return [_payload(connection, row) for row in rows]


def _payload(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    counted = (
        select(func.count(), func.count(distinct(item.c.dataset_id)))
        .select_from(benchmark_item.join(item, item.c.id == benchmark_item.c.item_id))
        .where(benchmark_item.c.benchmark_id == row.id)
    )
    items, datasets = connection.execute(counted).one()

    def public(prefix: str, key: int | None) -> str | None:
        return None if key is None else identifiers.encode(prefix, key)

    return {
        "benchmark_id": identifiers.encode(identifiers.BENCHMARK, row.id),
        "id": identifiers.encode(identifiers.BENCHMARK, row.id),
        "name": row.name,
        "description": row.description,
        "metadata": wire.decode(row.metadata) if row.metadata else None,
        "created_by_user_id": row.created_by or None,
        "created_at": clock.iso(row.created_at),
        "status": _status(connection, row),
        "item_count": items,
        "dataset_count": datasets,
        "skipped_items_without_ground_truth": row.skipped,
        "parent_benchmark_id": public(identifiers.BENCHMARK, row.parent_id),
        "version_major": row.version_major,
        "version_minor": row.version_minor,
        "version_label": row.version_label,
        "allowed_label_matches_id": public(identifiers.LABEL_MATCHES, row.label_match_set_id),
        "class_agnostic": row.class_agnostic,
        "exclusion_rules": benchmark_taxonomy.rules(row) or None,
    }


def _status(connection: Connection, row: Row[Any]) -> str:
    """A benchmark whose job ended without an end has failed."""
    if row.status == BUILDING and row.job_id is not None:
        state = connection.scalar(select(job.c.status).where(job.c.id == row.job_id))
        if state is None or state in _ENDED:
            return FAILED
    return str(row.status)


@dataclass(frozen=True, slots=True)
class Version:
    """Where a new benchmark stands in its line.

    Attributes:
        parent: Id of the parent on the wire.
        bump: ``minor`` or ``major``.
        major: Given outright, with ``minor``.
        minor: Given outright, with ``major``.
        label: A word for people.
    """

    parent: str | None = None
    bump: str | None = None
    major: int | None = None
    minor: int | None = None
    label: str | None = None


def create(
    connection: Connection,
    name: str,
    *,
    version: Version,
    taxonomy: Taxonomy,
    draft: bool,
    exclusion_rules: list[dict[str, Any]] | None = None,
    description: str | None = None,
    metadata: dict[str, Any] | None = None,
    created_by: str = "",
) -> int:
    """Store a benchmark without items.

    Args:
        connection: The open write transaction.
        name: A name for people.
        version: Where it stands in its line.
        taxonomy: Which labels it tells apart; a parent's where nothing is given.
        draft: Items come later, call by call; else a job adds them and makes it ready.
        exclusion_rules: What every evaluation on it leaves out, checked; a parent's where it is
            ``None``.
        description: Free text.
        metadata: Anything JSON can hold.
        created_by: Name of the caller's key.

    Returns:
        Primary key.

    Raises:
        InvalidInputError: The name is empty, or the version does not follow its parent's.
        ConflictError: The parent is not ready.
    """
    if not name.strip():
        raise InvalidInputError("a benchmark needs a name: name is empty", path="name")
    parent = None if version.parent is None else row_of(connection, version.parent)
    if parent is not None and parent.status != READY:
        raise ConflictError(
            f"benchmark {version.parent} is {parent.status}: only one that is ready gets versions"
        )
    major, minor = _numbers(version, parent)
    if parent is not None and not taxonomy.given:
        labels = {
            "label_match_set_id": parent.label_match_set_id,
            "class_agnostic": parent.class_agnostic,
        }
    else:
        labels = taxonomy.columns(connection, name)
    if parent is not None and exclusion_rules is None:
        exclusion_rules = benchmark_taxonomy.rules(parent)
    row = {
        "name": name,
        "description": description,
        "metadata": document(metadata),
        "created_by": created_by,
        "status": DRAFT if draft else BUILDING,
        "parent_id": None if parent is None else parent.id,
        "version_major": major,
        "version_minor": minor,
        "version_label": version.label,
        "created_at": clock.now(),
        "exclusion_rules": document(exclusion_rules or None),
        **labels,
    }
    key: int = connection.execute(insert(benchmark).values(row).returning(_C.id)).scalar_one()
    return key


def _numbers(version: Version, parent: Row[Any] | None) -> tuple[int, int]:
    if (version.major is None) != (version.minor is None):
        raise InvalidInputError("give version_major and version_minor together, or neither")
    before = (0, 0) if parent is None else (parent.version_major, parent.version_minor)
    if version.major is not None and version.minor is not None:
        given = version.major, version.minor
        if parent is not None and given <= before:
            raise InvalidInputError(
                f"version {given[0]}.{given[1]} does not follow {before[0]}.{before[1]} of the "
                "parent: choose a higher one"
            )
        return given
    if parent is None:
        return 1, 0
    return (before[0] + 1, 0) if version.bump == "major" else (before[0], before[1] + 1)


def change(
    connection: Connection, public_id: str, values: dict[str, Any], taxonomy: Taxonomy
) -> dict[str, Any]:
    """Change what a benchmark is called, and of a draft which labels it tells apart.

    Args:
        connection: The open write transaction.
        public_id: Id on the wire.
        values: New ``name``, ``description``, ``metadata`` and checked ``exclusion_rules``, where
            they change.
        taxonomy: New taxonomy, where it is given.

    Returns:
        Its payload afterwards.

    Raises:
        InvalidInputError: The name is empty.
        ConflictError: Taxonomy and rules of a benchmark that is no draft cannot change.
    """
    row = row_of(connection, public_id)
    if "name" in values and not values["name"].strip():
        raise InvalidInputError("a benchmark needs a name: name is empty", path="name")
    if "metadata" in values:
        values = {**values, "metadata": document(values["metadata"])}
    if "exclusion_rules" in values:
        _only_draft(connection, row, "what it excludes")
        values = {**values, "exclusion_rules": document(values["exclusion_rules"] or None)}
    if taxonomy.given:
        _only_draft(connection, row, "its taxonomy")
        values = {**values, **taxonomy.columns(connection, values.get("name", row.name))}
    if values:
        connection.execute(update(benchmark).where(_C.id == row.id).values(values))
    return describe(connection, public_id)


def _only_draft(connection: Connection, row: Row[Any], what: str) -> None:
    status = _status(connection, row)
    if status != DRAFT:
        shown = identifiers.encode(identifiers.BENCHMARK, row.id)
        raise ConflictError(
            f"benchmark {shown} is {status}, so {what} cannot change any more: create a new "
            "version of it, parent_benchmark_id",
            status=status,
        )


def check_draft(connection: Connection, public_id: str) -> Row[Any]:
    """Make sure that the items of a benchmark can change.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.

    Returns:
        Its columns.
    """
    row = row_of(connection, public_id)
    _only_draft(connection, row, "the set of its items")
    return row


def note_job(connection: Connection, key: int, job_id: int) -> None:
    """Remember the job that adds items.

    Args:
        connection: The open write transaction.
        key: Primary key of the benchmark.
        job_id: Primary key of the job.
    """
    connection.execute(update(benchmark).where(_C.id == key).values(job_id=job_id))


def finalize(connection: Connection, public_id: str) -> dict[str, Any]:
    """Turn a draft into a benchmark that stays as it is.

    Args:
        connection: The open write transaction.
        public_id: Id on the wire.

    Returns:
        Its payload.

    Raises:
        ConflictError: It is no draft, or a job is adding items.
        InvalidInputError: It has no items.
    """
    row = check_draft(connection, public_id)
    state = None
    if row.job_id is not None:
        state = connection.scalar(select(job.c.status).where(job.c.id == row.job_id))
    if state in {"Queued", "Running"}:
        raise ConflictError(f"a job is adding items to benchmark {public_id}: wait for its end")
    if describe(connection, public_id)["item_count"] == 0:
        raise InvalidInputError(f"benchmark {public_id} has no items: add some first")
    connection.execute(update(benchmark).where(_C.id == row.id).values(status=READY))
    return describe(connection, public_id)


def check_ready(connection: Connection, public_id: str) -> Row[Any]:
    """Make sure that models can be evaluated on a benchmark.

    Args:
        connection: The open transaction.
        public_id: Id on the wire.

    Returns:
        Its columns.

    Raises:
        ConflictError: It is not ready.
    """
    row = row_of(connection, public_id)
    status = _status(connection, row)
    if status != READY:
        remedy = "finalize it first" if status == DRAFT else "wait for its job"
        raise ConflictError(f"benchmark {public_id} is {status}: {remedy}", status=status)
    return row


def remove(connection: Connection, public_id: str) -> None:
    """Delete a benchmark; evaluations on it and its other versions stay.

    Args:
        connection: The open write transaction.
        public_id: Id on the wire.
    """
    key = row_of(connection, public_id).id
    on_it = evaluation_v2.c.benchmark_id == key
    connection.execute(update(evaluation_v2).where(on_it).values(benchmark_id=None))
    connection.execute(update(benchmark).where(_C.parent_id == key).values(parent_id=None))
    connection.execute(delete(benchmark_item).where(benchmark_item.c.benchmark_id == key))
    connection.execute(delete(benchmark).where(_C.id == key))
