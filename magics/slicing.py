"""Making slices of any number of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nucleus_lab import Dataset, Slice

_A_REQUEST: Final = 10_000
_ROWS: Final = 1000


def make_slice(
    dataset: Dataset, name: str, reference_ids: Sequence[str], into: Slice | None = None
) -> Slice:
    """Make a slice, or add to one.

    Args:
        dataset: Where the items are.
        name: Name of the new slice, unique in the dataset.
        reference_ids: The items; any number.
        into: Slice to add to instead.

    Returns:
        The slice.
    """
    rest = list(reference_ids)
    if into is None:
        into = dataset.create_slice(name, rest[:_A_REQUEST])
        rest = rest[_A_REQUEST:]
    for start in range(0, len(rest), _A_REQUEST):
        into.append(rest[start : start + _A_REQUEST])
    return into


def reference_ids_of(dataset: Dataset, ids: Sequence[str]) -> list[str]:
    """Look up the reference ids of items.

    Args:
        dataset: Where they are.
        ids: Ids, each starts with ``di_``.

    Returns:
        Reference ids in the same order.
    """
    return [
        row["reference_id"]
        for start in range(0, len(ids), _ROWS)
        for row in dataset.rows(ids[start : start + _ROWS])
    ]
