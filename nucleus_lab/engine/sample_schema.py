"""The tables of time-series samples.

They are a part of :mod:`nucleus_lab.engine.schema`, which imports this module. What was uploaded
lies in the media store as it came, and beside it the numbers of a long recording, column by column,
so that it is not parsed again.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from nucleus_lab.engine.schema import _KEYED, _key, _Name, _of, metadata
from nucleus_lab.engine.schema_types import JSONDocument, owned

sample_project = Table(
    "sample_project",
    metadata,
    _key(),
    owned(),
    Column("name", _Name, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Unique("owner", "name"),
    **_KEYED,
)

sample = Table(
    "sample",
    metadata,
    _key(),
    _of("sample_project"),
    Column("category", _Name, nullable=False),
    Column("file", _Name, nullable=False),  # name as uploaded, with its end
    Column("filename", _Name, nullable=False),  # shown: without its last end
    Column("label", _Name, nullable=False),  # "" while it has none
    Column("kind", Text, nullable=False),  # series | image | video
    Column("content_hash", Text, nullable=False),
    Column("media_key", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    # Of a long recording: its numbers, one column after the other, of the type dtype.
    Column("values_key", Text),
    Column("dtype", Text),
    Column("readings", BigInteger, nullable=False),  # readings, before it was cropped
    Column("sensors", JSONDocument, nullable=False),
    Column("interval_ms", Double, nullable=False),
    # Readings that are left of it: from crop_start to before crop_end; NULL for all.
    Column("crop_start", BigInteger),
    Column("crop_end", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("media_type", Text, nullable=False),
    Column("device_type", Text, nullable=False),
    Column("device_name", Text),
    Column("signature_method", Text, nullable=False),
    Column("signature_valid", Boolean, nullable=False),
    Column("metadata", JSONDocument),
    Column("bounding_boxes", JSONDocument),
    Column("structured_labels", JSONDocument),  # indices before cropping, both ends inclusive
    Column("is_disabled", Boolean, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    # Lists go from the newest to the oldest, of one category or all; deletion asks by category.
    Index("ix_sample_category", "sample_project_id", "category", "id"),
    Index("ix_sample_content", "sample_project_id", "content_hash"),
    **_KEYED,
)
