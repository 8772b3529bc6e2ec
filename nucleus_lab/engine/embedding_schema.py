"""The tables of embeddings and of what is learnt from them.

They are a part of :mod:`nucleus_lab.engine.whole_schema`. The vectors
themselves are files beside the database (:mod:`nucleus_lab.engine.vectors`): a row says in which
file and on which line the vector of a thing is.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from nucleus_lab.engine.schema import _KEYED, _Key, _key, _of, metadata

embedding_index = Table(
    "embedding_index",
    metadata,
    _key(),
    _of("dataset"),
    Column("level", Text, nullable=False),  # image | object
    Column("kind", Text, nullable=False),  # internal | custom
    Column("embedder", Text, nullable=False),  # name with version; "custom" for the caller's own
    Column("dimension", Integer, nullable=False),
    Column("is_primary", Boolean, nullable=False),
    # Raised when vectors come or go: what was loaded names the value it saw.
    Column("change_seq", BigInteger, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Unique("dataset_id", "level", "kind"),
    **_KEYED,
)

embedding_segment = Table(
    "embedding_segment",
    metadata,
    _key(),
    _of("embedding_index"),
    Column("file", Text, nullable=False, unique=True),  # below "vectors" of the workspace
    Column("count", Integer, nullable=False),
    Index("ix_embedding_segment", "embedding_index_id"),
    **_KEYED,
)

embedding = Table(
    "embedding",
    metadata,
    _of("embedding_index", primary_key=True),
    # "item" in an index of images; "annotation" or "prediction" in one of objects.
    Column("member", Text, primary_key=True),
    Column("member_id", _Key, primary_key=True),
    Column("item_id", _Key, nullable=False),
    Column("segment_id", _Key, nullable=False),
    Column("line", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# What a person chose for an autotag, and what it is not.
autotag_example = Table(
    "autotag_example",
    metadata,
    _of("autotag", primary_key=True),
    Column("member", Text, primary_key=True),
    Column("member_id", _Key, primary_key=True),
    Column("item_id", _Key, nullable=False),
    Column("positive", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# One row a time that a person chose examples.
autotag_refinement = Table(
    "autotag_refinement",
    metadata,
    _key(),
    _of("autotag"),
    Column("positives", Integer, nullable=False),
    Column("negatives", Integer, nullable=False),
    Column("ms_taken", Double),  # from the choice to the scores; NULL until they are there
    Column("precision", Double),  # measured by cross-validation; NULL with too few examples
    Column("recall", Double),
    Column("folds", Integer),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_autotag_refinement", "autotag_id"),
    **_KEYED,
)
