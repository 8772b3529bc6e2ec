"""The names of one dataset, read from the store when a query first asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, exists, select, text

from nucleus_lab import identifiers
from nucleus_lab.engine import indexes
from nucleus_lab.engine.schema import (
    annotation,
    autotag,
    dataset,
    evaluation,
    label,
    model,
    model_run,
    prediction,
    saved_query,
    slice_,
    taxonomy,
)
from nucleus_lab.engine.statements import Statement
from nucleus_lab.query.catalog import Catalog, Run
from nucleus_lab.query.scores import Refusal, Scores


def _any_other(table: Table) -> Any:
    """Look whether there are rows that stand in the index of categories and masks."""
    return select(exists(select(1).select_from(table).where(table.c.type > text("5"))))


_DENSE = Statement(
    lambda: select(dataset.c.positions_dense).where(dataset.c.id == bindparam("dataset_id"))
)
_LABELS = Statement(
    lambda: select(label.c.name, label.c.id).where(label.c.dataset_id == bindparam("dataset_id"))
)
_TAXONOMIES = Statement(
    lambda: select(taxonomy.c.name, taxonomy.c.id).where(
        taxonomy.c.dataset_id == bindparam("dataset_id")
    )
)
_AUTOTAGS = Statement(
    lambda: select(autotag.c.level, autotag.c.name, autotag.c.id).where(
        autotag.c.dataset_id == bindparam("dataset_id")
    )
)
_SLICES = Statement(
    lambda: (
        select(slice_.c.name)
        .where(slice_.c.dataset_id == bindparam("dataset_id"))
        .order_by(slice_.c.id)
    )
)
_RUNS = Statement(
    lambda: (
        select(model_run.c.id, model_run.c.name, model.c.id, model.c.reference_id, model.c.name)
        .join(model, model.c.id == model_run.c.model_id)
        .where(model_run.c.dataset_id == bindparam("dataset_id"))
        .order_by(model_run.c.id)
    )
)
_SAVED = Statement(
    lambda: select(saved_query.c.name, saved_query.c.query).where(
        saved_query.c.dataset_id == bindparam("dataset_id")
    )
)
_EVALUATION = Statement(
    lambda: (
        select(evaluation.c.id)
        .where(evaluation.c.model_run_id == bindparam("run_id"), evaluation.c.status == "succeeded")
        .order_by(evaluation.c.id.desc())
        .limit(1)
    )
)


_OTHER = {
    kind: Statement(partial(_any_other, table))
    for kind, table in (("annotations", annotation), ("predictions", prediction))
}
_NAMES = (
    "positions_dense",
    "labels",
    "taxonomies",
    "autotags",
    "slices",
    "runs",
    "_saved",
    "plain",
    "column_indexes",
)


class Facts(msgspec.Struct, frozen=True):
    """What a catalog has told.

    Attributes:
        names: Values of its properties.
        kinds: Kinds of values under metadata keys.
        evaluations: Evaluations of model runs.
    """

    names: dict[str, Any]
    kinds: dict[tuple[str, ...], frozenset[str] | None]
    evaluations: dict[int, int | None]


class StoredCatalog(Catalog):
    """The catalog of a dataset in the store.

    Args:
        connection: The open transaction; the catalog must not outlive it.
        dataset_id: Primary key of the dataset.
        run_id: The model run that the query means; ``None`` when the caller chose none.
        iou_threshold: Matches are read at it.

    Attributes:
        unindexed: Keys of item metadata that the query uses and no index holds.
    """

    def __init__(
        self,
        connection: Connection,
        dataset_id: int,
        run_id: int | None = None,
        iou_threshold: float | None = None,
    ) -> None:
        self._connection = connection
        self.dataset_id = dataset_id
        self.run_id = run_id
        self.iou_threshold = iou_threshold
        self.unindexed: set[tuple[str, ...]] = set()
        self._kinds: dict[tuple[str, ...], frozenset[str] | None] = {}
        self._evaluations: dict[int, int | None] = {}
        self._scores: dict[tuple[str, str], Scores | Refusal] = {}

    def kinds(self, path: tuple[str, ...]) -> frozenset[str] | None:
        """Return the kinds of values under a key of item metadata, where an index knows them.

        Args:
            path: Keys from the outside in.

        Returns:
            The kinds; ``None`` without an index, and the key is put into ``unindexed``.
        """
        if path not in self._kinds:
            self._kinds[path] = indexes.known_kinds(
                self._connection, self.dataset_id, path, self._index_names
            )
            if self._kinds[path] is None:
                self.unindexed.add(path)
        return self._kinds[path]

    @cached_property
    def _index_names(self) -> frozenset[str]:
        return indexes.indexed(self._connection, self.dataset_id)

    @cached_property
    def column_indexes(self) -> frozenset[str]:
        """Names of the indexes of columns that there are."""
        from nucleus_lab.engine import column_indexes  # the Tab key asks for no column

        return column_indexes.existing(self._connection)

    @property
    def indexed_labels(self) -> frozenset[str]:
        """Which of annotations and predictions have an index of their labels."""
        from nucleus_lab.engine import column_indexes

        known = column_indexes.LABELS.items()
        return frozenset(kind for kind, offer in known if offer.name in self.column_indexes)

    @cached_property
    def positions_dense(self) -> bool:
        """Whether stored positions are indexes."""
        row = _DENSE.first(self._connection, dataset_id=self.dataset_id)
        return bool(row and row[0])

    @cached_property
    def plain(self) -> frozenset[str]:
        """Which of annotations and predictions have no category and no mask among them."""
        return frozenset(
            kind for kind, statement in _OTHER.items() if not statement.rows(self._connection)[0][0]
        )

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """Classes and their keys."""
        return dict(_LABELS.rows(self._connection, dataset_id=self.dataset_id))

    @cached_property
    def taxonomies(self) -> Mapping[str, int]:
        """Taxonomies and their keys."""
        return dict(_TAXONOMIES.rows(self._connection, dataset_id=self.dataset_id))

    @cached_property
    def autotags(self) -> Mapping[tuple[str, str], int]:
        """Keys of autotags by level and name."""
        rows = _AUTOTAGS.rows(self._connection, dataset_id=self.dataset_id)
        return {(level, name): key for level, name, key in rows}

    @cached_property
    def slices(self) -> Sequence[str]:
        """Names of slices."""
        return [name for (name,) in _SLICES.rows(self._connection, dataset_id=self.dataset_id)]

    @cached_property
    def runs(self) -> Sequence[Run]:
        """Model runs of the dataset."""
        rows = _RUNS.rows(self._connection, dataset_id=self.dataset_id)
        return [
            Run(key, (identifiers.encode(identifiers.MODEL, model_key), reference, name), run_name)
            for key, run_name, model_key, reference, name in rows
        ]

    @property
    def item_keys(self) -> Sequence[str]:
        """Keys of the metadata of some items, those within others with a dot; read for errors."""
        from nucleus_lab.engine.query_values import metadata_sample

        documents, _ = metadata_sample(self._connection, self.dataset_id)
        keys = dict.fromkeys(key for document in documents for key in document)
        inner = {
            f"{key}.{below}": None
            for document in documents
            for key, value in document.items()
            if isinstance(value, dict)
            for below in value
        }
        return [*keys, *inner]

    @cached_property
    def _saved(self) -> Mapping[str, str]:
        return dict(_SAVED.rows(self._connection, dataset_id=self.dataset_id))

    @property
    def saved_names(self) -> Sequence[str]:
        """Names of saved queries."""
        return list(self._saved)

    def saved(self, name: str) -> str | None:
        """Return the text of a saved query.

        Args:
            name: Its name.

        Returns:
            The text, or ``None`` when there is none of that name.
        """
        return self._saved.get(name)

    def evaluation(self, run_id: int) -> int | None:
        """Return the evaluation that ``matches`` means.

        Args:
            run_id: A model run.

        Returns:
            Key of its newest finished evaluation, or ``None``.
        """
        if run_id not in self._evaluations:
            row = _EVALUATION.first(self._connection, run_id=run_id)
            self._evaluations[run_id] = None if row is None else int(row[0])
        return self._evaluations[run_id]

    def scores(self, function: str, text: str) -> Scores | Refusal:
        """Compare all items with one thing.

        Args:
            function: ``similarity`` (to an item) or ``text_similarity`` (to words).
            text: Reference id of the item, or the words.

        Returns:
            The scores, or why there are none.
        """
        from nucleus_lab.engine import query_scores

        key = (function, text)
        if key not in self._scores:
            self._scores[key] = query_scores.scores_of(self._connection, self.dataset_id, *key)
        return self._scores[key]

    def facts(self) -> Facts:
        """Return what was read so far; what was made from it holds while the facts do.

        Returns:
            The facts.
        """
        names = {name: self.__dict__[name] for name in _NAMES if name in self.__dict__}
        return Facts(names, dict(self._kinds), dict(self._evaluations))

    def holds(self, facts: Facts) -> bool:
        """Tell whether facts that were read before are still true.

        Args:
            facts: What :meth:`facts` returned, of this dataset and run.

        Returns:
            Whether all are.
        """
        return (
            all(getattr(self, name) == value for name, value in facts.names.items())
            and all(self.kinds(path) == kinds for path, kinds in facts.kinds.items())
            and all(self.evaluation(run) == key for run, key in facts.evaluations.items())
        )


def run_key(connection: Connection, dataset_id: int, public_id: str | None) -> int | None:
    """Find the model run that a caller names.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        public_id: Id of a model or of a model run; ``None`` when the caller names none.

    Returns:
        Primary key of the run, or ``None``.

    Raises:
        NotFoundError: There is no such model or run, or it has no predictions on the dataset.
    """
    if public_id is None:
        return None
    if not public_id.startswith(f"{identifiers.RUN}_"):
        from nucleus_lab.engine import models

        return models.run_on(connection, public_id, dataset_id)
    from nucleus_lab.engine import runs

    return runs.part_on(connection, runs.get(connection, public_id), dataset_id)
