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
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from nucleus_lab.engine.schema_types import JSONDocument, owned

SCHEMA_VERSION: Final = "0001"
"""Head of the migrations; a workspace with a version unknown here is refused."""

metadata = MetaData()
"""The tables that are described so far: those of this module, which every start needs, and of the
features in use. :mod:`nucleus_lab.engine.whole_schema` has them all."""

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
    Column("user", _Name, nullable=False, server_default=""),  # "": a team key, which sees all
    Column("hash", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    **_KEYED,
)

dataset = Table(
    "dataset",
    metadata,
    _key(),
    owned(),
    Column("name", _Name, nullable=False),
    Column("is_scene", Boolean, nullable=False),
    Column("use_privacy_mode", Boolean, nullable=False),
    Column("tags", JSONDocument),
    Column("item_metadata_schema", JSONDocument),
    Column("annotation_metadata_schema", JSONDocument),
    Column("created_at", BigInteger, nullable=False),
    # Raised in every transaction that changes the dataset: derived data names the value it saw.
    Column("change_seq", BigInteger, nullable=False, server_default="0"),
    # Position of the next item; positions have gaps after a delete until iloc closes them.
    Column("next_position", BigInteger, nullable=False, server_default="0"),
    Column("positions_dense", Boolean, nullable=False, server_default="1"),
    # Whether new pictures get their embeddings without being asked for.
    Column("continuous_indexing", Boolean, nullable=False, server_default="0"),
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
    Index("ix_scene_position", "dataset_id", "position"),
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
    # Of a stored picture: 64 characters 0 and 1; pictures that look alike differ in few of them.
    Column("phash", Text),
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

CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {}
"""Which rows a partial index holds, by its name."""


def _partial(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> None:
    """Add an index of some rows; PostgreSQL is told by ``whole_schema``."""
    CONDITIONS[name] = where
    Index(name, *columns, unique=unique, sqlite_where=where)


# Most items are of no scene: an index of those that are costs the others nothing.
_partial("ix_item_scene", item.c.scene_id, item.c.frame, where=item.c.scene_id.is_not(None))

track = Table(
    "track",
    metadata,
    _key(),
    _of("dataset"),
    # The name under which annotations and predictions of one thing are joined: their
    # track_reference_id. A row comes into being with the first upload that names it.
    Column("reference_id", _Name, nullable=False),
    Column("metadata", JSONDocument),
    UniqueConstraint("dataset_id", "reference_id"),
    **_KEYED,
)

# The tracks that a scene was uploaded with; those that only its objects name are not listed here.
scene_track = Table(
    "scene_track",
    metadata,
    _of("scene", primary_key=True),
    _of("track", primary_key=True),
    sqlite_with_rowid=False,
)

model = Table(
    "model",
    metadata,
    _key(),
    owned(),
    Column("reference_id", _Name, nullable=False),
    Column("name", _Name, nullable=False),
    Column("metadata", JSONDocument),
    Column("tags", JSONDocument),
    Column("trained_slice_ids", JSONDocument),
    Column("bundle_name", Text),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("owner", "reference_id"),
    **_KEYED,
)

model_run = Table(
    "model_run",
    metadata,
    _key(),
    _of("model"),
    # A run of no dataset has a part for each dataset that it has predictions on.
    _of("dataset", nullable=True),
    Column("parent_id", _Key, ForeignKey("model_run.id", ondelete="CASCADE")),
    Column("name", _Name, nullable=False),
    Column("metadata", JSONDocument),
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

# Annotations that were deleted and can be restored, under the keys that they had. Rows of one item
# may have the same annotation_id: it was deleted, uploaded anew and deleted again.
deleted_annotation = Table(
    "deleted_annotation",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=False),
    _of("dataset"),
    Column("item_id", _Key, nullable=False),  # goes with its item: engine.deletion
    *_object_columns(),
    Column("deleted_at", BigInteger, nullable=False),
    Index("ix_deleted_annotation", "dataset_id", "item_id"),
)

# Most objects lie on an item; an index of the few that lie on a scene costs the others nothing.
for _name, _object, _columns in (
    ("uq_annotation_scene", annotation, ("scene_id", "annotation_id")),
    ("uq_prediction_scene", prediction, ("scene_id", "model_run_id", "annotation_id")),
):
    _partial(
        _name,
        *(_object.c[_column] for _column in _columns),
        where=_object.c.scene_id.is_not(None),
        unique=True,
    )


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
    # Best overlap of the prediction with any annotation; NULL for a missed annotation.
    Column("best_iou", Double),
    # Best overlap of the prediction with annotations of a right label and of others, and the key
    # of that annotation: which error of TIDE it is at any threshold. NULL below 0.1, and where it
    # is the annotation of the pair.
    Column("right_iou", Double),
    Column("right_annotation_id", _Key),
    Column("wrong_iou", Double),
    Column("wrong_annotation_id", _Key),
    Index("ix_match_item", "evaluation_id", "item_id"),
)

autotag = Table(
    "autotag",
    metadata,
    _key(),
    _of("dataset"),
    Column("name", _Name, nullable=False),
    Column("level", Text, nullable=False),  # image | object
    Column("status", Text, nullable=False),  # pending until there are scores, then completed
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
    owned(),
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

# What the schema holds for the sake of queries has a module of its own.
from nucleus_lab.engine import query_schema as _query_schema  # noqa: E402, F401
