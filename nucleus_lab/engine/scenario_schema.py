"""The tables of scenario tests: tests, their criteria, and what evaluations found.

They are a part of :mod:`nucleus_lab.engine.whole_schema`. Evaluation functions
are named by their public ids: those that every workspace has are no rows.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from nucleus_lab.engine.schema import _KEYED, _Key, _key, _Name, _of, metadata
from nucleus_lab.engine.schema_types import JSONDocument, owned

# Functions that are computed elsewhere; their results are uploaded.
external_function = Table(
    "external_function",
    metadata,
    _key(),
    owned(),
    Column("name", _Name, nullable=False),
    Column("level", Text, nullable=False),  # item | scene | track
    Column("created_at", BigInteger, nullable=False),
    Unique("owner", "name"),
    **_KEYED,
)

scenario_test = Table(
    "scenario_test",
    metadata,
    _key(),
    owned(),
    Column("name", _Name, nullable=False),
    _of("slice"),
    Column("baseline_model_id", _Key, ForeignKey("model.id", ondelete="SET NULL")),
    Column("created_at", BigInteger, nullable=False),
    Unique("owner", "name"),
    **_KEYED,
)

scenario_criterion = Table(
    "scenario_criterion",
    metadata,
    _of("scenario_test", primary_key=True),
    Column("eval_function_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("arguments", JSONDocument),
    Column("threshold", Double),  # NULL: held against the baseline model, if there is one
    Column("threshold_comparison", Text, nullable=False),
    sqlite_with_rowid=False,
)

scenario_evaluation = Table(
    "scenario_evaluation",
    metadata,
    _key(),
    _of("scenario_test"),
    _of("model"),
    Column("eval_function_id", Text, nullable=False),
    Column("status", Text, nullable=False),  # completed | errored
    Column("result", Double),  # NULL: there was nothing to compare, or an item failed
    Column("passed", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_scenario_evaluation", "scenario_test_id", "model_id"),
    **_KEYED,
)

scenario_result = Table(
    "scenario_result",
    metadata,
    _of("scenario_evaluation", primary_key=True),
    Column("position", Integer, primary_key=True),
    # Id of the item or scene, or name of the track: it says what was measured, also when that has
    # been deleted since.
    Column("measured", Text, nullable=False),
    Column("result", Double),
    Column("weight", Double, nullable=False),
    Column("passed", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
