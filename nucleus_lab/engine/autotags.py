"""Autotags: a name, examples that a person chose, and a score for everything of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from nucleus_lab import identifiers
from nucleus_lab.engine import bulk_write, clock, embeddings, live_jobs, slice_members
from nucleus_lab.engine.embedding_schema import autotag_example, autotag_refinement
from nucleus_lab.engine.embeddings import OBJECTS, Level
from nucleus_lab.engine.schema import autotag, autotag_score
from nucleus_lab.engine.similarity import lacking
from nucleus_lab.engine.statements import among, json_list
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

JOB: Final = "autotagInference"

Member = tuple[str, int]


@dataclass(frozen=True, slots=True)
class AutotagRow:
    """One autotag.

    Attributes:
        id: Primary key.
        dataset_id: Primary key of its dataset.
        name: Unique in the dataset.
        level: ``image`` or ``object``.
        status: ``pending`` until there are scores, then ``completed``.
    """

    id: int
    dataset_id: int
    name: str
    level: Level
    status: str

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return identifiers.encode(identifiers.AUTOTAG, self.id)

    def payload(self, at_work: bool) -> dict[str, Any]:
        """Return the autotag as the wire carries it.

        Args:
            at_work: Whether a job scores it right now.

        Returns:
            Its payload.
        """
        return {
            "id": self.public_id,
            "name": self.name,
            "status": "started" if at_work else self.status,
            "autotag_level": self.level.capitalize(),
        }


def _rows(connection: Connection, condition: Any) -> list[AutotagRow]:
    columns = [autotag.c[name] for name in AutotagRow.__dataclass_fields__]
    found = connection.execute(select(*columns).where(condition).order_by(autotag.c.id))
    return [AutotagRow(*row) for row in found]


def get(connection: Connection, public_id: str) -> AutotagRow:
    """Return an autotag.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        The autotag.

    Raises:
        NotFoundError: There is no such autotag.
    """
    key = identifiers.decode(identifiers.AUTOTAG, public_id)
    found = _rows(connection, autotag.c.id == key)
    if not found:
        raise NotFoundError(f"there is no autotag {public_id!r}: it was deleted, or never was")
    return found[0]


def by_name(connection: Connection, dataset_id: int, name: str) -> AutotagRow:
    """Return an autotag by its name.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        name: Its name.

    Returns:
        The autotag.

    Raises:
        NotFoundError: The dataset has no such autotag.
    """
    found = _rows(connection, (autotag.c.dataset_id == dataset_id) & (autotag.c.name == name))
    if not found:
        shown = identifiers.encode(identifiers.DATASET, dataset_id)
        raise NotFoundError(
            f"The autotag {name} was not found in dataset {shown}: list_autotags() says which "
            "there are",
            name=name,
        )
    return found[0]


def listing(connection: Connection, dataset_id: int) -> list[AutotagRow]:
    """Return the autotags of a dataset, oldest first.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.

    Returns:
        The autotags.
    """
    return _rows(connection, autotag.c.dataset_id == dataset_id)


def at_work(engine: Engine, dataset_id: int) -> set[int]:
    """Return which autotags of a dataset a job scores right now.

    Args:
        engine: The workspace.
        dataset_id: Primary key of the dataset.

    Returns:
        Primary keys.
    """
    return {job.payload["autotag_id"] for job in live_jobs.certain(engine, dataset_id, JOB)}


def submit(engine: Engine, row: AutotagRow, refinement_id: int | None = None) -> dict[str, Any]:
    """Queue the job that scores everything of the dataset.

    Args:
        engine: The workspace; no transaction is open.
        row: The autotag.
        refinement_id: The choice of examples that the job follows.

    Returns:
        The four keys of a job.
    """
    payload = {"autotag_id": row.id, "refinement_id": refinement_id}
    return engine.jobs.submit(JOB, payload, dataset_id=row.dataset_id)


def refuse_while_at_work(engine: Engine, row: AutotagRow) -> None:
    """Refuse a second job for one autotag.

    Args:
        engine: The workspace.
        row: The autotag.

    Raises:
        ConflictError: A job scores it right now.
    """
    for job in live_jobs.certain(engine, row.dataset_id, JOB):
        if job.payload["autotag_id"] == row.id:
            raise ConflictError(
                f"{job.public_id} scores the autotag {row.name!r} right now: wait for it, or "
                "cancel it",
                job_id=job.public_id,
            )


def create(connection: Connection, dataset_id: int, name: str, level: Level) -> AutotagRow:
    """Create an autotag without examples.

    Args:
        connection: The open write transaction; the dataset is locked.
        dataset_id: Primary key of the dataset.
        name: Unique in the dataset.
        level: ``image`` or ``object``.

    Returns:
        The autotag.

    Raises:
        InvalidInputError: The name is empty.
        ConflictError: The name is taken.
    """
    if not name.strip():
        raise InvalidInputError("an autotag needs a name: name is empty", path="name")
    if any(row.name == name for row in listing(connection, dataset_id)):
        raise ConflictError(
            f"the dataset has an autotag {name!r} already: refine it, delete it, or use another "
            "name"
        )
    values = {"dataset_id": dataset_id, "name": name, "level": level, "status": "pending"}
    key = connection.scalar(insert(autotag).values(values).returning(autotag.c.id))
    return AutotagRow(key, dataset_id, name, level, "pending")


def choose(connection: Connection, row: AutotagRow, chosen: Mapping[str, bool | None]) -> int:
    """Add examples to an autotag, or take some back, and note that it was refined.

    Args:
        connection: The open write transaction; the dataset is locked.
        row: The autotag.
        chosen: Whether it is an example or a counter-example, ``None`` to take it back; by
            reference id for an image autotag, by id of the object for an object autotag.

    Returns:
        Primary key of the refinement.

    Raises:
        ConflictError: One has no embedding yet, or no example would be left.
        NotFoundError: The dataset has no such item or object.
    """
    members = _members(connection, row, list(chosen))
    index = embeddings.needed(connection, row.dataset_id, row.level)
    wanting = set(lacking(connection, index, [member for member, _ in members.values()]))
    if wanting:
        names = [name for name, (member, _) in members.items() if member in wanting]
        shown = ", ".join(repr(name) for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise ConflictError(
            f"{shown}{more} {'has' if len(names) == 1 else 'have'} no embedding in the primary "
            f"{row.level} index: index first, then choose"
        )
    flags = {members[name]: flag for name, flag in chosen.items() if flag is not None}
    rows = sorted((row.id, *member, owner, flag) for (member, owner), flag in flags.items())
    columns = ["autotag_id", "member", "member_id", "item_id", "positive"]
    key = ["autotag_id", "member", "member_id"]
    bulk_write.upsert(connection, autotag_example, columns, rows, key=key, update=["positive"])
    taken_back = [members[name][0] for name, flag in chosen.items() if flag is None]
    for kind, member_id in taken_back:
        connection.execute(
            delete(autotag_example).where(
                autotag_example.c.autotag_id == row.id,
                autotag_example.c.member == kind,
                autotag_example.c.member_id == member_id,
            )
        )
    if not any(flag for flag in examples(connection, row.id).values()):
        raise ConflictError(f"the autotag {row.name!r} would have no positive example left")
    values = {
        "autotag_id": row.id,
        "positives": sum(flag is True for flag in chosen.values()),
        "negatives": sum(flag is False for flag in chosen.values()),
        "created_at": clock.now(),
    }
    made = insert(autotag_refinement).values(values).returning(autotag_refinement.c.id)
    return int(connection.scalar(made) or 0)


def _members(
    connection: Connection, row: AutotagRow, names: Sequence[str]
) -> dict[str, tuple[Member, int]]:
    """Find what a caller names: kind and key, and the key of the item."""
    if row.level == "image":
        keys = slice_members.of_references(connection, row.dataset_id, names, scenes=False)
        return {name: (("item", key), key) for name, key in zip(names, keys, strict=True)}
    found: dict[str, tuple[Member, int]] = {}
    prefixes = {"annotation": identifiers.ANNOTATION, "prediction": identifiers.PREDICTION}
    for kind, keys in slice_members.of_ids(connection, row.dataset_id, names).items():
        if kind not in OBJECTS:
            raise InvalidInputError(
                f"an object autotag has annotations (ann_) and predictions (pred_) for examples, "
                f"not a {kind}"
            )
        table = OBJECTS[kind]
        owners = select(table.c.id, table.c.item_id).where(among(table.c.id, "keys"))
        for key, item_id in connection.execute(owners, {"keys": json_list(keys)}):
            found[identifiers.encode(prefixes[kind], key)] = ((kind, key), item_id)
    # Ids may be written with or without leading zeros.
    return {
        name: found[identifiers.encode(head, identifiers.decode(head, name))]
        for name in names
        for head in [name.partition("_")[0]]
    }


def examples(connection: Connection, autotag_id: int) -> dict[Member, bool]:
    """Return what was chosen for an autotag.

    Args:
        connection: The open transaction.
        autotag_id: Primary key.

    Returns:
        Whether it is an example or a counter-example, by kind and primary key.
    """
    columns = autotag_example.c
    rows = select(columns.member, columns.member_id, columns.positive)
    found = connection.execute(rows.where(columns.autotag_id == autotag_id))
    return {(row[0], row[1]): bool(row[2]) for row in found}


def metrics(connection: Connection, row: AutotagRow) -> dict[str, Any]:
    """Return how an autotag was refined, and how good it is.

    Args:
        connection: The open transaction.
        row: The autotag.

    Returns:
        The three numbers of the protocol; under ``lab`` the numbers of examples, and ``precision``
        and ``recall`` as the last job measured them by cross-validation.
    """
    columns = autotag_refinement.c
    ours = columns.autotag_id == row.id
    steps, chosen, taken = connection.execute(
        select(func.count(), func.avg(columns.positives), func.avg(columns.ms_taken)).where(ours)
    ).one()
    last = connection.execute(
        select(columns.precision, columns.recall, columns.folds)
        .where(ours, columns.ms_taken.is_not(None))
        .order_by(columns.id.desc())
        .limit(1)
    ).first()
    flags = list(examples(connection, row.id).values())
    return {
        "total_refinement_steps": steps,
        "average_positives_selected_per_refinement": round(float(chosen or 0)),
        "average_ms_taken_in_refinement": round(float(taken or 0.0), 3),
        "lab": {
            "positives": flags.count(True),
            "negatives": flags.count(False),
            "precision": last[0] if last else None,
            "recall": last[1] if last else None,
            "folds": last[2] if last else None,
        },
    }


def remove(connection: Connection, row: AutotagRow) -> None:
    """Delete an autotag with its examples and scores.

    Args:
        connection: The open write transaction; the dataset is locked.
        row: The autotag.
    """
    for table in (autotag_score, autotag_example, autotag_refinement):
        connection.execute(delete(table).where(table.c.autotag_id == row.id))
    connection.execute(delete(autotag).where(autotag.c.id == row.id))


def note(
    connection: Connection, refinement_id: int, ms_taken: float, quality: Mapping[str, Any]
) -> None:
    """Note how long the job of a refinement took, and how good the tag is now.

    Args:
        connection: The open write transaction.
        refinement_id: Primary key of the refinement.
        ms_taken: Milliseconds.
        quality: ``precision``, ``recall`` and ``folds``.
    """
    change = update(autotag_refinement).where(autotag_refinement.c.id == refinement_id)
    connection.execute(change.values(ms_taken=ms_taken, **quality))
