"""Public ids of many rows are those of each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab import identifiers


@given(st.lists(st.integers(0, 2**60 - 1)))
def test_ids_of_many_rows_are_those_of_each(keys: list[int]) -> None:
    together = identifiers.encode_all(identifiers.ITEM, keys)

    assert together == [identifiers.encode(identifiers.ITEM, key) for key in keys]
    assert [identifiers.decode(identifiers.ITEM, each) for each in together] == keys
