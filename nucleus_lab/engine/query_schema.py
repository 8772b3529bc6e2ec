"""What the schema holds for the sake of queries: indexes of objects, numbers that are derived.

It is a part of :mod:`nucleus_lab.engine.schema`, which imports this module.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, text

from nucleus_lab.engine.schema import _Key, _of, _partial, annotation, metadata, prediction
from nucleus_lab.engine.schema_types import JSONDocument

# Indexes of labels and numbers are made where queries need them: engine.column_indexes.

# Most objects are of no track.
_partial(
    "ix_annotation_track",
    annotation.c.track_reference_id,
    annotation.c.item_id,
    where=annotation.c.track_reference_id.is_not(None),
)

# Categories and masks are counted otherwise than what lies at one place with one label; the index
# holds only them, and tells a query at once that there are none.
for _name, _object in (("ix_annotation_other", annotation), ("ix_prediction_other", prediction)):
    _partial(_name, _object.c.type, where=_object.c.type > text("5"))

# How many lidar points a cuboid holds: derived, with what it was counted from.
cuboid_points = Table(
    "cuboid_points",
    metadata,
    Column("member", Text, primary_key=True),  # annotation | prediction
    Column("member_id", _Key, primary_key=True),
    _of("item"),
    Column("points", Integer),  # NULL: its point cloud cannot be read
    Column("geometry", JSONDocument, nullable=False),
    Column("location", Text, nullable=False),  # of the point cloud: its key in the store, or place
    Index("ix_cuboid_points_item", "item_id"),
    sqlite_with_rowid=False,
)
