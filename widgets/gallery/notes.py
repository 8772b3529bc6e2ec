"""What a gallery says about what is missing: predictions, or every item."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nucleus_lab.errors import NotFoundError, NucleusError
from nucleus_lab.query_help import QueryWarning

if TYPE_CHECKING:
    from nucleus_lab.dataset import Dataset
    from nucleus_lab.model import Model


def predicting(dataset: Dataset, model: Model | str | None) -> tuple[Model | str | None, str]:
    """Leave a model out that predicts nothing on a dataset; its pictures can be seen all the same.

    Args:
        dataset: The dataset.
        model: The model that was asked for, or its id.

    Returns:
        The model, and ``""``; or ``None`` and the sentence that tells why.
    """
    if model is None:
        return None, ""
    try:
        dataset.item_ids(model=model, limit=1)
    except NotFoundError as fault:
        if fault.details.get("reason") != "no_predictions":
            raise
        name = getattr(model, "name", model)
        return None, (
            f"The model “{name}” has no predictions on this dataset yet: "
            "dataset.upload_predictions(model, [...]), then refresh or run the cell again."
        )
    return model, ""


def heard(read: Callable[[], list[str]]) -> tuple[list[str], list[str]]:
    """Read a list of items and keep what is said about the query, instead of warning of it at once.

    Args:
        read: Reads the list.

    Returns:
        The list, and the texts of its query warnings. Other warnings go their way.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", QueryWarning)
        ids = read()
    for one in caught:
        if not issubclass(one.category, QueryWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return ids, [str(one.message) for one in caught if issubclass(one.category, QueryWarning)]


def why_empty(
    dataset: Dataset, query: str, model: Model | str | None, params: Mapping[str, Any]
) -> list[str]:
    """Explain why a query finds nothing.

    Args:
        dataset: The dataset.
        query: The query.
        model: The model that it speaks of.
        params: Values of ``{name}`` in it.

    Returns:
        Sentences; none where nothing can be said.
    """
    try:
        told = dataset.explain(query, model=model, params=params)
    except NucleusError:
        return []  # the gallery has told of it already
    because = [told.empty_because] if told.empty_because else []
    return [*because, *told.warnings]
