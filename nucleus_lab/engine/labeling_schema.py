"""The tables of labeling: projects, tasks, and the items that show their pictures.

They are a part of :mod:`nucleus_lab.engine.whole_schema`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint

from nucleus_lab.engine.schema import _KEYED, _Key, _key, _Name, _of, metadata
from nucleus_lab.engine.schema_types import JSONDocument, owned

labeling_project = Table(
    "labeling_project",
    metadata,
    _key(),
    owned(),
    Column("name", _Name, nullable=False),
    Column("types", JSONDocument, nullable=False),  # annotation types that tasks may answer with
    Column("labels", JSONDocument),  # NULL: any label
    Column("taxonomies", JSONDocument),  # name -> {"type": category | multicategory, "labels"}
    Column("instructions", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("owner", "name"),
    **_KEYED,
)

labeling_task = Table(
    "labeling_task",
    metadata,
    _key(),
    _of("labeling_project"),
    Column("batch", Text, nullable=False),  # name of the slice that was sent
    Column("status", Text, nullable=False),  # pending | completed
    Column("audit_status", Text),  # accepted | rejected; NULL: not audited since the last answer
    Column("comment", Text),  # of the audit
    Column("assignee", Text),
    Column("answer", JSONDocument),  # the annotations as sent; kept when the task is opened again
    Column("created_at", BigInteger, nullable=False),
    Column("completed_at", BigInteger),
    Index("ix_labeling_task", "labeling_project_id", "status"),
    **_KEYED,
)

# The items that show the picture of a task: the one that was sent, and those that ingests made.
labeling_task_item = Table(
    "labeling_task_item",
    metadata,
    _of("labeling_task", primary_key=True),
    Column("item_id", _Key, primary_key=True),  # an item goes with its tasks: engine.deletion
    _of("dataset"),
    Index("ix_labeling_task_item", "item_id"),
    Index("ix_labeling_task_dataset", "dataset_id"),
    sqlite_with_rowid=False,
)
