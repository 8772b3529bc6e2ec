"""Likeness of items to an item or to words, computed once for a query from the primary index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from nucleus_lab.engine import embedders, embeddings, vector_set
from nucleus_lab.engine.schema import item
from nucleus_lab.query.scores import Refusal, Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.vector_set import VectorSet

_BUILD = "call dataset.create_image_index() and wait for its job"


def scores_of(
    connection: Connection, dataset_id: int, function: str, text: str
) -> Scores | Refusal:
    """Compare all items of a dataset with one thing.

    Args:
        connection: The open transaction.
        dataset_id: Primary key of the dataset.
        function: ``similarity`` (to an item) or ``text_similarity`` (to words).
        text: Reference id of the item, or the words.

    Returns:
        Cosines of the items that have a vector; or why there are none.
    """
    engine: Engine = connection.get_execution_options()["workspace"]()
    index = embeddings.primary(connection, dataset_id, "image")
    if index is None:
        return Refusal("Q024", f"{function}() needs an image index, and there is none", _BUILD)
    if function == "text_similarity":
        words = _of_words(engine, index, text)
        if isinstance(words, Refusal):
            return words
        loaded = vector_set.load(engine, index)
        return _recalled(engine, loaded, (function, text), words)
    key = connection.scalar(
        select(item.c.id).where(item.c.dataset_id == dataset_id, item.c.reference_id == text)
    )
    if key is None:
        return Refusal("Q025", f"there is no item with the reference id {text!r}")
    loaded = vector_set.load(engine, index)
    place = (loaded.keys == key).nonzero()[0]
    if not len(place):
        message = f"item {text!r} has no embedding in the primary image index"
        return Refusal("Q024", message, _BUILD if index.kind == "internal" else "add its vector")
    return _recalled(engine, loaded, (function, key), loaded.take(place[:1])[0])


def _of_words(engine: Engine, index: embeddings.IndexRow, text: str) -> NDArray[Any] | Refusal:
    embedder = embedders.chosen(engine)
    if index.embedder != embedder.name:
        return Refusal(
            "Q024",
            f"the primary image index was made by {index.embedder!r}, and words can only be "
            f"embedded by {embedder.name!r}",
            f"choose that in the setting embedder and {_BUILD}; or set_primary_index()",
        )
    if not isinstance(embedder, embedders.TextEmbedder):
        return Refusal(
            "Q024",
            f"the embedder {embedder.name!r} reads pictures and no text",
            "write a class with embed and embed_text under the decorator embedder of "
            "nucleus_lab.engine.embedders, name its module in the setting job_modules and its "
            f"name in the setting embedder, and {_BUILD}; or compare with an item: similarity(…)",
        )
    made: NDArray[Any] = embedder.embed_text([text])[0]
    return made


def _recalled(
    engine: Engine, loaded: VectorSet, about: tuple[Any, ...], vector: NDArray[Any]
) -> Scores:
    """Compute scores, or take those of the last pages of the same query."""
    import numpy as np

    key = (loaded.index.id, loaded.index.change_seq, *about)
    kept: Scores | None = engine.vectors.scores(key)
    if kept is None:
        live = loaded.live()
        live = live[np.argsort(loaded.keys[live], kind="stable")]
        values = loaded.cosines(vector)[live].astype(np.float64)
        kept = Scores(loaded.keys[live], np.clip(values, -1.0, 1.0))
        engine.vectors.keep_scores(key, kept)
    return kept
