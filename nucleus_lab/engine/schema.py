"""The tables of a workspace, the same on SQLite and PostgreSQL.

Public ids are made from the primary keys (:mod:`nucleus_lab.identifiers`). Times are microseconds
since 1970 in UTC. JSON columns are NULL when empty. Geometry that is not a box is stored twice:
exactly, as JSON, and as bounds in ``x y width height``, so that filters need no JSON.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import UserDefinedType

SCHEMA_VERSION: Final = "0001"
"""Head of the migrations; a workspace with a version unknown here is refused."""


class json_from_text(GenericFunction[Any]):  # noqa: N801 - named like a SQL function
    """``jsonb(text)`` on SQLite, ``CAST(text AS JSONB)`` on PostgreSQL."""

    inherit_cache = True


class json_to_text(GenericFunction[str]):  # noqa: N801 - named like a SQL function
    """``json(column)`` on SQLite, ``CAST(column AS TEXT)`` on PostgreSQL."""

    type = Text()
    inherit_cache = True


@compiles(json_from_text, "sqlite")
def _sqlite_from_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"jsonb({compiler.process(element.clauses, **kw)})"


@compiles(json_from_text, "postgresql")
def _postgresql_from_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS JSONB)"


@compiles(json_to_text, "sqlite")
def _sqlite_to_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json({compiler.process(element.clauses, **kw)})"


@compiles(json_to_text, "postgresql")
def _postgresql_to_text(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS TEXT)"


class JSONDocument(UserDefinedType[str]):
    """JSON text on the Python side, JSONB on the disk of both databases.

    The Python value is text rather than a structure, so that bulk readers can join the texts of
    many rows and decode them in one call.
    """

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        """Return the column type in DDL.

        Returns:
            ``JSONB``: a type of PostgreSQL, and BLOB-compatible affinity on SQLite.
        """
        return "JSONB"

    def bind_expression(self, bindvalue: Any) -> ColumnElement[Any] | None:
        """Parse the bound text on its way in.

        Args:
            bindvalue: The bound parameter.

        Returns:
            The converting expression.
        """
        return json_from_text(type_coerce(bindvalue, Text))

    def column_expression(self, column: Any) -> ColumnElement[Any] | None:
        """Print the document on its way out.

        Args:
            column: The column.

        Returns:
            The converting expression.
        """
        return json_to_text(column)


metadata = MetaData()

# SQLite gives integer keys out again after a delete unless AUTOINCREMENT is asked for, and a public
# id must never come to mean another thing.
_KEYED: Final[dict[str, Any]] = {"sqlite_autoincrement": True}
_Key = BigInteger().with_variant(Integer(), "sqlite")
# Byte order on both databases; on PostgreSQL also twice as fast to index as a locale's order.
_Name = Text().with_variant(Text(collation="C"), "postgresql")


def _key() -> Column[int]:
    return Column("id", _Key, primary_key=True, autoincrement=True)


def _of(target: str, *, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(
        f"{target}_id",
        _Key,
        ForeignKey(f"{target}.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=nullable,
    )


api_key = Table(
    "api_key",
    metadata,
    _key(),
    Column("name", _Name, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    **_KEYED,
)

dataset = Table(
    "dataset",
    metadata,
    _key(),
    Column("name", _Name, nullable=False),
    Column("is_scene", Boolean, nullable=False),
    Column("use_privacy_mode", Boolean, nullable=False),
    Column("item_metadata_schema", JSONDocument),
    Column("annotation_metadata_schema", JSONDocument),
    Column("created_at", BigInteger, nullable=False),
    # Raised in every transaction that changes the dataset: derived data names the value it saw.
    Column("change_seq", BigInteger, nullable=False, server_default="0"),
    # Position of the next item; positions have gaps after a delete until iloc closes them.
    Column("next_position", BigInteger, nullable=False, server_default="0"),
    Column("positions_dense", Boolean, nullable=False, server_default="1"),
    **_KEYED,
)

label = Table(
    "label",
    metadata,
    _key(),
    _of("dataset"),
    Column("name", _Name, nullable=False),
    UniqueConstraint("dataset_id", "name"),
    **_KEYED,
)

taxonomy = Table(
    "taxonomy",
    metadata,
    _key(),
    _of("dataset"),
    Column("name", _Name, nullable=False),
    Column("type", Text, nullable=False),  # category | multicategory
    Column("labels", JSONDocument, nullable=False),
    UniqueConstraint("dataset_id", "name"),
    **_KEYED,
)

scene = Table(
    "scene",
    metadata,
    _key(),
    _of("dataset"),
    Column("reference_id", _Name, nullable=False),
    Column("type", Text, nullable=False),  # lidar | video
    Column("position", BigInteger, nullable=False),
    Column("metadata", JSONDocument),
    Column("frame_rate", Double),
    Column("video_url", Text),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("dataset_id", "reference_id"),
    **_KEYED,
)

item = Table(
    "item",
    metadata,
    _key(),
    _of("dataset"),
    Column("reference_id", _Name, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),  # image | pointcloud
    Column("location", Text, nullable=False),  # as given: a URL or the original local path
    Column("media_key", Text),  # name of the content in the media store; NULL for a URL
    Column("width", Integer),
    Column("height", Integer),
    Column("metadata", JSONDocument),
    Column("embedding_info", JSONDocument),
    _of("scene", nullable=True),
    Column("frame", Integer),
    Column("sensor", Text),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("dataset_id", "reference_id"),
    Index("ix_item_position", "dataset_id", "position"),
    **_KEYED,
)

model = Table(
    "model",
    metadata,
    _key(),
    Column("reference_id", _Name, nullable=False, unique=True),
    Column("name", _Name, nullable=False),
    Column("metadata", JSONDocument),
    Column("tags", JSONDocument),
    Column("trained_slice_ids", JSONDocument),
    Column("bundle_name", Text),
    Column("created_at", BigInteger, nullable=False),
    **_KEYED,
)

model_run = Table(
    "model_run",
    metadata,
    _key(),
    _of("model"),
    _of("dataset"),
    Column("name", _Name, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("model_id", "dataset_id", "name"),
    **_KEYED,
)


def _object_columns() -> list[Column[Any]]:
    """Columns that annotations and predictions share."""
    return [
        # What makes it one and the same on a second upload: the caller's id; when none was given,
        # a digest of type, label and geometry; one fixed key per taxonomy for a category and one
        # per item for a segmentation mask.
        Column("annotation_id", _Name, nullable=False),
        Column("type", SmallInteger, nullable=False),  # annotation.base.AnnotationType.code
        # No foreign keys here: each would cost every insert a look-up, and the engine only ever
        # writes keys that it has just read in the same transaction.
        Column("label_id", _Key),  # NULL for a mask and a multicategory
        Column("taxonomy_id", _Key),
        Column("x", Double),  # bounds, pixels; of a cuboid: its footprint in metres
        Column("y", Double),
        Column("width", Double),
        Column("height", Double),
        Column("geometry", JSONDocument),  # NULL for a box and a category
        Column("metadata", JSONDocument),
        Column("track_reference_id", Text),
        Column(
            "extra", JSONDocument
        ),  # embedding_vector, task_id, class_pdf, whether the id was given
    ]


annotation = Table(
    "annotation",
    metadata,
    _key(),
    _of("item", nullable=True),
    _of("scene", nullable=True),
    *_object_columns(),
    UniqueConstraint("item_id", "annotation_id"),
    **_KEYED,
)

prediction = Table(
    "prediction",
    metadata,
    _key(),
    _of("model_run"),
    Column("item_id", _Key),  # an item goes with its predictions: engine.deletion
    _of("scene", nullable=True),
    *_object_columns(),
    Column("confidence", Double),
    # The run first: evaluations and exports read one run from end to end.
    UniqueConstraint("model_run_id", "item_id", "annotation_id"),
    **_KEYED,
)

# Most objects lie on an item; an index of the few that lie on a scene costs the others nothing.
for _name, _object, _columns in (
    ("uq_annotation_scene", annotation, ("scene_id", "annotation_id")),
    ("uq_prediction_scene", prediction, ("scene_id", "model_run_id", "annotation_id")),
):
    Index(
        _name,
        *(_object.c[_column] for _column in _columns),
        unique=True,
        sqlite_where=_object.c.scene_id.is_not(None),
    )


def complete_for_postgresql() -> None:
    """Add what only PostgreSQL is told, before tables are made there.

    Naming an option of a dialect imports that dialect, which would cost every start a tenth of a
    second.
    """
    for table in (annotation, prediction):
        for index in table.indexes:
            if index.dialect_options["sqlite"]["where"] is not None:
                index.dialect_kwargs["postgresql_where"] = table.c.scene_id.is_not(None)


slice_ = Table(
    "slice",
    metadata,
    _key(),
    _of("dataset"),
    Column("name", _Name, nullable=False),
    Column("type", Text, nullable=False),  # dataset_item | object | scene
    Column("description", Text, nullable=False, server_default=""),
    Column("tags", JSONDocument),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("dataset_id", "name"),
    **_KEYED,
)

slice_member = Table(
    "slice_member",
    metadata,
    _of("slice", primary_key=True),
    # One of "item", "scene", "annotation", "prediction"; with the key of that row.
    Column("member", Text, primary_key=True),
    Column("member_id", _Key, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Index("ix_slice_member", "member_id", "member"),
    sqlite_with_rowid=False,
)

saved_query = Table(
    "saved_query",
    metadata,
    _key(),
    _of("dataset"),
    Column("name", _Name, nullable=False),
    Column("query", Text, nullable=False),
    Column("level", Text, nullable=False),  # items | annotations | predictions | matches | scenes
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("dataset_id", "name"),
    **_KEYED,
)

evaluation = Table(
    "evaluation",
    metadata,
    _key(),
    _of("model_run"),
    Column("options", JSONDocument),
    Column("status", Text, nullable=False),  # running | succeeded | failed
    Column("report", JSONDocument),
    Column("change_seq", BigInteger, nullable=False),  # of the dataset when the numbers were read
    Column("created_at", BigInteger, nullable=False),
    **_KEYED,
)

match = Table(
    "match",
    metadata,
    _key(),
    _of("evaluation"),
    Column("item_id", _Key, nullable=False),  # an item goes with its matches: engine.deletion
    Column("annotation_id", _Key),  # key of the annotation row; NULL: unmatched prediction
    Column("prediction_id", _Key),  # key of the prediction row; NULL: missed annotation
    Column("iou", Double),  # NULL unless both are there
    Column("true_positive", Boolean, nullable=False),
    Column("annotation_label_id", _Key),
    Column("prediction_label_id", _Key),
    Column("confidence", Double),
    Index("ix_match_item", "evaluation_id", "item_id"),
)

autotag = Table(
    "autotag",
    metadata,
    _key(),
    _of("dataset"),
    Column("name", _Name, nullable=False),
    Column("level", Text, nullable=False),  # image | object
    Column("status", Text, nullable=False),
    UniqueConstraint("dataset_id", "name", "level"),
    **_KEYED,
)

autotag_score = Table(
    "autotag_score",
    metadata,
    _of("autotag", primary_key=True),
    # An image autotag scores items; an object autotag scores annotations and predictions.
    Column("member", Text, primary_key=True),
    Column("member_id", _Key, primary_key=True),
    Column("item_id", _Key, nullable=False),
    Column("score", Double, nullable=False),  # -1 … 1, above 0 means tagged
    Index("ix_autotag_item", "autotag_id", "item_id"),
    sqlite_with_rowid=False,
)

job = Table(
    "job",
    metadata,
    _key(),
    _of("dataset", nullable=True),
    Column("type", Text, nullable=False),  # job.CustomerJobTypes
    Column("status", Text, nullable=False),  # job.JobStatus; Queued is shown to clients as Running
    Column("payload", JSONDocument),
    Column("message", JSONDocument),
    Column("completed_steps", BigInteger, nullable=False, server_default="0"),
    Column("total_steps", BigInteger, nullable=False, server_default="1"),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("cancel_requested", Boolean, nullable=False, server_default="0"),
    # Who runs it: a process is one host, one pid and its start time, since pids come round again.
    Column("worker_host", Text),
    Column("worker_pid", Integer),
    Column("worker_started", Double),
    Column("heartbeat_at", BigInteger),
    Index("ix_job_status", "status"),
    **_KEYED,
)

job_error = Table(
    "job_error",
    metadata,
    _of("job", primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("message", Text, nullable=False),
    sqlite_with_rowid=False,
)
