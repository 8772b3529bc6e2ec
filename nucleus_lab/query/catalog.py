"""What a query has to know about the dataset: names of classes, taxonomies, tags and model runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from nucleus_lab.query.scores import Refusal, Scores


class Run(msgspec.Struct, frozen=True):
    """A model run of the dataset.

    Attributes:
        id: Primary key.
        model_ids: What a person may call its model: public id, reference id, name.
        name: Name of the run.
    """

    id: int
    model_ids: tuple[str, ...]
    name: str


class Catalog:
    """The names of one dataset; the engine reads them when they are first asked for.

    This base knows none, which is what a query on an empty dataset sees.

    Attributes:
        dataset_id: Primary key of the dataset.
        run_id: The model run that ``predictions`` and ``matches`` mean; ``None`` when the caller
            chose none.
        iou_threshold: Matches are read at it; ``None`` leaves pairs as they are stored.
    """

    dataset_id: int = 0
    run_id: int | None = None
    iou_threshold: float | None = None

    @property
    def positions_dense(self) -> bool:
        """Whether stored positions are indexes."""
        return True

    @property
    def plain(self) -> frozenset[str]:
        """Which of annotations and predictions have no category and no mask among them."""
        return frozenset()

    @property
    def indexed_labels(self) -> frozenset[str]:
        """Which of annotations and predictions have an index of their labels."""
        return frozenset()

    @property
    def labels(self) -> Mapping[str, int]:
        """Classes and their keys."""
        return {}

    @property
    def taxonomies(self) -> Mapping[str, int]:
        """Taxonomies and their keys."""
        return {}

    @property
    def autotags(self) -> Mapping[tuple[str, str], int]:
        """Keys of autotags by level (``image``, ``object``) and name."""
        return {}

    @property
    def slices(self) -> Sequence[str]:
        """Names of slices."""
        return ()

    @property
    def runs(self) -> Sequence[Run]:
        """Model runs of the dataset."""
        return ()

    @property
    def item_keys(self) -> Sequence[str]:
        """Known keys of item metadata, for suggestions."""
        return ()

    @property
    def saved_names(self) -> Sequence[str]:
        """Names of saved queries."""
        return ()

    def saved(self, name: str) -> str | None:
        """Return the text of a saved query.

        Args:
            name: Its name.

        Returns:
            The text, or ``None`` when there is none of that name.
        """
        del name
        return None

    def evaluation(self, run_id: int) -> int | None:
        """Return the evaluation that ``matches`` means.

        Args:
            run_id: A model run.

        Returns:
            Key of its newest finished evaluation, or ``None``.
        """
        del run_id
        return None

    def scores(self, function: str, text: str) -> Scores | Refusal:
        """Compare all items with one thing.

        Args:
            function: ``similarity`` (to an item) or ``text_similarity`` (to words).
            text: Reference id of the item, or the words.

        Returns:
            The scores, or why there are none.
        """
        del text
        return Refusal("Q024", f"{function}() needs an image index, and there is none")

    def kinds(self, path: tuple[str, ...]) -> frozenset[str] | None:
        """Return the kinds of values under a key of item metadata, where an index knows them.

        Args:
            path: Keys from the outside in.

        Returns:
            Kinds as :func:`~nucleus_lab.query.json_path.kind_at` names them; ``None`` when no
            index holds them.
        """
        del path
        return None
