"""The schema with every table, for what makes, lists or compares them all.

Evaluations, embeddings, labeling, samples and scenario tests describe their tables in modules of
their own, which whoever reads such a table imports: together they would cost every start nearly as
much as the tables that every start needs.
"""

from __future__ import annotations

from nucleus_lab.engine import (
    embedding_schema,
    evaluation_schema,
    labeling_schema,
    query_schema,
    sample_schema,
    scenario_schema,
)
from nucleus_lab.engine.schema import CONDITIONS, metadata

__all__ = ["PARTS", "complete_for_postgresql", "metadata"]

PARTS = (
    embedding_schema,
    evaluation_schema,
    labeling_schema,
    query_schema,
    sample_schema,
    scenario_schema,
)
"""The modules beside :mod:`nucleus_lab.engine.schema` that describe tables."""


def complete_for_postgresql() -> None:
    """Add what only PostgreSQL is told, before tables are made there.

    Naming an option of a dialect imports that dialect, which would cost every start a tenth of a
    second.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            if str(index.name) in CONDITIONS:
                index.dialect_kwargs["postgresql_where"] = CONDITIONS[str(index.name)]
