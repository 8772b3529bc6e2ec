"""Labeling projects: what is to be labeled, with which types, labels and taxonomies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, case, delete, func, insert, select

from nucleus_lab import identifiers, wire
from nucleus_lab.engine import clock, labeling_marks
from nucleus_lab.engine.datasets import document, lock
from nucleus_lab.engine.labeling_schema import labeling_project, labeling_task, labeling_task_item
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError

TYPES: Final = ("box", "line", "polygon", "keypoints", "category", "multicategory")
"""Annotation types that a task can be answered with."""

_CHOICES: Final = ("category", "multicategory")


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One labeling project.

    Attributes:
        id: Primary key.
        name: Unique in the workspace.
        types: Annotation types that answers may have.
        labels: Labels that answers may have; empty for any.
        taxonomies: ``type`` and ``labels`` of each taxonomy by its name.
        instructions: Text for those who label.
        created_at: Microseconds since 1970 in UTC.
    """

    id: int
    name: str
    types: list[str]
    labels: list[str]
    taxonomies: dict[str, dict[str, Any]]
    instructions: str
    created_at: int

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return identifiers.encode(identifiers.LABELING_PROJECT, self.id)

    def payload(self) -> dict[str, Any]:
        """Return the project as the wire carries it.

        Returns:
            Its payload.
        """
        return {
            "project_id": self.public_id,
            "name": self.name,
            "types": self.types,
            "labels": self.labels,
            "taxonomies": self.taxonomies,
            "instructions": self.instructions,
            "created_at": clock.iso(self.created_at),
        }

    def fault(self, value: Any, kind: str) -> str | None:
        """Say why an annotation is no answer in this project.

        Args:
            value: A validated payload.
            kind: Its type.

        Returns:
            A sentence, or ``None`` when it fits.
        """
        if kind not in self.types:
            return f"its type is {kind}, and project {self.name!r} asks for {_or(self.types)}"
        chosen = value.labels if kind == "multicategory" else [value.label]
        taxonomy = getattr(value, "taxonomy_name", None)
        allowed = self.labels
        if taxonomy:
            entry = self.taxonomies.get(taxonomy)
            if entry is None or entry["type"] != kind:
                return f"project {self.name!r} has no {kind} taxonomy {taxonomy!r}"
            allowed = entry["labels"]
        wrong = [label for label in chosen if allowed and label not in allowed]
        return f"its label is {wrong[0]!r}: use {_or(allowed)}" if wrong else None


def _or(words: list[str]) -> str:
    return " or ".join(repr(word) for word in words[:20])


def create(
    connection: Connection,
    name: str,
    *,
    types: list[str] | None = None,
    labels: list[str] | None = None,
    taxonomies: dict[str, Any] | None = None,
    instructions: str = "",
) -> ProjectRow:
    """Create a project.

    Args:
        connection: The open write transaction.
        name: Unique in the workspace.
        types: Annotation types that answers may have; all that can be labeled when ``None``.
        labels: Labels that answers may have; any when ``None``.
        taxonomies: By name either a list of labels, or ``type`` and ``labels``.
        instructions: Text for those who label.

    Returns:
        The project.

    Raises:
        InvalidInputError: No name, an unknown type, or a taxonomy of another shape.
        ConflictError: The name is taken.
    """
    if not name.strip():
        raise InvalidInputError("a labeling project needs a name: name is empty", path="name")
    chosen = list(dict.fromkeys(TYPES if types is None else types))
    unknown = [kind for kind in chosen if kind not in TYPES]
    if unknown or not chosen:
        raise InvalidInputError(
            f"types is {chosen}: use one or more of {', '.join(TYPES)}", path="types"
        )
    taken = connection.scalar(
        select(labeling_project.c.id).where(labeling_project.c.name == name).limit(1)
    )
    if taken is not None:
        shown = identifiers.encode(identifiers.LABELING_PROJECT, taken)
        raise ConflictError(
            f"there is a labeling project {name!r} already ({shown}): use it, or another name"
        )
    values = {
        "name": name,
        "types": document(chosen),
        "labels": document(list(dict.fromkeys(labels or ()))),
        "taxonomies": document(_taxonomies(taxonomies or {})),
        "instructions": instructions,
        "created_at": clock.now(),
    }
    key = connection.scalar(
        insert(labeling_project).values(values).returning(labeling_project.c.id)
    )
    return get(connection, identifiers.encode(identifiers.LABELING_PROJECT, key))


def _taxonomies(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, entry in given.items():
        kind, labels = "category", entry
        if isinstance(entry, dict):
            kind, labels = entry.get("type", "category"), entry.get("labels")
        fits = isinstance(labels, list) and labels and all(isinstance(one, str) for one in labels)
        if not name or kind not in _CHOICES or not fits:
            raise InvalidInputError(
                f"taxonomy {name!r} is {entry!r}: give a list of labels, or a mapping with type "
                "('category' or 'multicategory') and labels",
                path=f"taxonomies.{name}",
            )
        found[name] = {"type": kind, "labels": list(dict.fromkeys(labels))}
    return found


def _row(row: Row[Any]) -> ProjectRow:
    return ProjectRow(
        row.id,
        row.name,
        wire.decode(row.types),
        wire.decode(row.labels) if row.labels else [],
        wire.decode(row.taxonomies) if row.taxonomies else {},
        row.instructions,
        row.created_at,
    )


def get(connection: Connection, public_id: str) -> ProjectRow:
    """Return a project.

    Args:
        connection: The open transaction.
        public_id: Its id on the wire.

    Returns:
        The project.

    Raises:
        NotFoundError: There is no such project.
    """
    key = identifiers.decode(identifiers.LABELING_PROJECT, public_id)
    row = connection.execute(
        select(labeling_project).where(labeling_project.c.id == key)
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            f"there is no labeling project {public_id!r}: it was deleted, or never was"
        )
    return _row(row)


def by_keys(connection: Connection, keys: set[int]) -> dict[int, ProjectRow]:
    """Return some projects.

    Args:
        connection: The open transaction.
        keys: Primary keys.

    Returns:
        Those that exist, by key.
    """
    rows = connection.execute(select(labeling_project).where(labeling_project.c.id.in_(keys)))
    return {row.id: _row(row) for row in rows}


def listing(connection: Connection) -> list[ProjectRow]:
    """Return all projects, oldest first.

    Args:
        connection: The open transaction.

    Returns:
        The projects.
    """
    rows = connection.execute(select(labeling_project).order_by(labeling_project.c.id))
    return [_row(row) for row in rows]


def counts(connection: Connection, project_id: int) -> dict[str, int]:
    """Count the tasks of a project.

    Args:
        connection: The open transaction.
        project_id: Primary key.

    Returns:
        ``pending``, ``completed``, ``accepted`` and ``rejected``; a rejected task is pending too.
    """
    columns = labeling_task.c

    def number(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = connection.execute(
        select(
            number(columns.status == "pending").label("pending"),
            number(columns.status == "completed").label("completed"),
            number(columns.audit_status == "accepted").label("accepted"),
            number(columns.audit_status == "rejected").label("rejected"),
        ).where(columns.labeling_project_id == project_id)
    ).one()
    return {name: int(value) for name, value in row._mapping.items()}  # noqa: SLF001 - public name


def remove(connection: Connection, project: ProjectRow) -> int:
    """Delete a project with its tasks; annotations that came of them stay.

    Args:
        connection: The open write transaction.
        project: The project.

    Returns:
        How many tasks went.
    """
    tasks = select(labeling_task.c.id).where(labeling_task.c.labeling_project_id == project.id)
    ours = labeling_task_item.c.labeling_task_id.in_(tasks)
    links = connection.execute(
        select(labeling_task_item.c.dataset_id, labeling_task_item.c.item_id).where(ours)
    ).all()
    for dataset_id in sorted({link.dataset_id for link in links}):
        lock(connection, dataset_id)
    connection.execute(delete(labeling_task_item).where(ours))
    gone = connection.execute(
        delete(labeling_task).where(labeling_task.c.labeling_project_id == project.id)
    ).rowcount
    connection.execute(delete(labeling_project).where(labeling_project.c.id == project.id))
    labeling_marks.renew(connection, {link.item_id for link in links})
    return gone
