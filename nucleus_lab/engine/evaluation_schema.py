"""The tables of Evaluation V2: evaluations, benchmarks, presets, label sets; files of models.

They are a part of :mod:`nucleus_lab.engine.whole_schema`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from nucleus_lab.engine.schema import _KEYED, _Key, _key, _Name, _of, metadata
from nucleus_lab.engine.schema_types import JSONDocument, owned

# Which labels count as which: roll-up groups, or pairs of an annotation and a prediction.
label_match_set = Table(
    "label_match_set",
    metadata,
    _key(),
    owned(),
    Column("name", _Name, nullable=False),
    Column("rollup_groups", JSONDocument),  # [{"class_name", "labels"}]
    Column("allowed_label_matches", JSONDocument),  # pairs [annotation, prediction]
    Column("created_at", BigInteger, nullable=False),
    **_KEYED,
)

benchmark = Table(
    "benchmark",
    metadata,
    _key(),
    owned(),
    Column("name", _Name, nullable=False),
    Column("description", Text),
    Column("metadata", JSONDocument),
    Column("created_by", Text, nullable=False),
    Column("status", Text, nullable=False),  # draft | building | ready | failed
    Column("parent_id", _Key, ForeignKey("benchmark.id", ondelete="SET NULL")),
    Column("version_major", Integer, nullable=False),
    Column("version_minor", Integer, nullable=False),
    Column("version_label", Text),
    Column("label_match_set_id", _Key, ForeignKey("label_match_set.id", ondelete="SET NULL")),
    Column("class_agnostic", Boolean),
    Column("exclusion_rules", JSONDocument),  # of every evaluation on it
    Column("skipped", BigInteger, nullable=False, server_default="0"),  # items without truth
    Column("job_id", _Key),  # of the job that adds items now or did last
    Column("created_at", BigInteger, nullable=False),
    **_KEYED,
)

benchmark_item = Table(
    "benchmark_item",
    metadata,
    _of("benchmark", primary_key=True),
    Column("item_id", _Key, primary_key=True),  # an item goes with its places: engine.deletion
    Index("ix_benchmark_item", "item_id"),
    sqlite_with_rowid=False,
)

evaluation_v2 = Table(
    "evaluation_v2",
    metadata,
    _key(),
    _of("model"),
    # NULL: the predictions of the model itself
    Column("model_run_id", _Key, ForeignKey("model_run.id", ondelete="CASCADE")),
    Column("dataset_id", _Key, ForeignKey("dataset.id", ondelete="CASCADE")),  # where it is of one
    Column("benchmark_id", _Key, ForeignKey("benchmark.id", ondelete="SET NULL")),
    Column("slice_id", _Key),
    Column("name", _Name),
    Column("created_by", Text, nullable=False),
    Column("status", Text, nullable=False),  # pending | computing | succeeded | cancelled | failed
    Column("options", JSONDocument, nullable=False),
    Column("results", JSONDocument),  # charts without filters at IoU 0.5; counts by confidence
    Column("exclusion_stats", JSONDocument),
    Column("job_id", _Key),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_evaluation_v2_model", "model_id"),
    Index("ix_evaluation_v2_benchmark", "benchmark_id"),
    **_KEYED,
)

# What was measured, as evaluation.frame writes it, cut into parts that every database takes.
evaluation_v2_part = Table(
    "evaluation_v2_part",
    metadata,
    _of("evaluation_v2", primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

evaluation_preset = Table(
    "evaluation_preset",
    metadata,
    _key(),
    owned(),
    Column("created_by", _Name, nullable=False),
    Column("name", _Name, nullable=False),
    Column("rollup_groups", JSONDocument),
    Column("exclusion_rules", JSONDocument),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("owner", "created_by", "name"),
    **_KEYED,
)

model_weights = Table(
    "model_weights",
    metadata,
    _of("model", primary_key=True),
    Column("upload", Text, nullable=False, unique=True),  # names the file below "weights"
    Column("size_bytes", BigInteger, nullable=False),
    Column("original_filename", Text),
    Column("content_type", Text, nullable=False),
    Column("checksum_sha256", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

model_bundle = Table(
    "model_bundle",
    metadata,
    _of("model", primary_key=True),
    Column("folder", Text, nullable=False, unique=True),  # below "bundles" of the workspace
    Column("manifest", JSONDocument, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
