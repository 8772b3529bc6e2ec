"""What crosses the seam: plain values, frames of bytes, ids, batches, columns."""

from __future__ import annotations

import datetime
import decimal
import gc
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nucleus_lab import identifiers
from nucleus_lab.bulk import batches, collector_paused, importing
from nucleus_lab.columns import BoxColumns, ItemColumns
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.wire import decode, encode, encode_each, frame, plain, unframe

# U+0000 is refused: tests/routes/test_nul.py.
texts = st.text().filter(lambda text: "\0" not in text)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_what_is_plain_already_stays_as_it_is_and_survives_json(value: object) -> None:
    reduced = plain(value)

    assert reduced == value
    assert decode(encode(reduced)) == value


@given(st.lists(json_values))
def test_many_values_are_written_at_once_as_one_by_one(values: list[object]) -> None:
    assert encode_each(values) == [encode(value).decode() for value in values]


def test_text_that_is_passed_on_raw_may_span_lines() -> None:
    raw = msgspec.Raw(b'{\n"a":\n1}')

    assert encode_each([{"b": 2}, raw]) == ['{"b":2}', '{\n"a":\n1}']


def test_numpy_dates_sets_and_keys_become_what_json_can_hold() -> None:
    given_value = {
        1: np.float32(0.5),
        "array": np.arange(3),
        "pair": {1},
        "day": datetime.date(2024, 5, 1),
        "time": datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC),
        "flag": np.bool_(True),
    }

    assert plain(given_value) == {
        "1": 0.5,
        "array": [0, 1, 2],
        "pair": [1],
        "day": "2024-05-01",
        "time": "2024-05-01T12:00:00Z",
        "flag": True,
    }


def test_plain_values_share_nothing_with_the_caller() -> None:
    inner = {"a": [1]}

    reduced = plain({"metadata": inner})
    inner["a"].append(2)

    assert reduced == {"metadata": {"a": [1]}}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"items": [{"metadata": {"speed": math.nan}}]}, "$.items[0].metadata.speed"),
        ({"x": [1.0, 2.0, math.inf]}, "$.x[2]"),
        ({"x": np.array([1.0, math.nan])}, "$.x[1]"),
        ({"x": (1.0, math.nan)}, "$.x[1]"),
        ({"metadata": {"image": b"bytes"}}, "$.metadata.image"),
        ({"metadata": {"thing": object()}}, "$.metadata.thing"),
        ([{"a": {"b": (1, {2, 3}, complex(1))}}], "$[0].a.b[2]"),
    ],
    ids=[
        "nan",
        "inf in a list",
        "nan in an array",
        "nan in a tuple",
        "bytes",
        "an object",
        "a complex number",
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_path(value: object, path: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        plain(value)

    assert refused.value.details == {"path": path}
    assert str(refused.value).startswith(path)


def test_a_decimal_crosses_as_text() -> None:
    assert plain({"price": decimal.Decimal("1.50")}) == {"price": "1.50"}


def test_broken_json_says_where() -> None:
    with pytest.raises(InvalidInputError, match=r"not valid JSON.*byte 6"):
        decode(b'{"a": x}')


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_framed_parts_come_back(parts: list[bytes]) -> None:
    assert unframe(frame(parts)) == parts


def test_a_cut_frame_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="should have"):
        unframe(frame([b"abc", b"def"])[:-1])


@given(st.integers(0, 2**52))
def test_an_id_stands_for_one_row(key: int) -> None:
    text = identifiers.encode(identifiers.ITEM, key)

    assert identifiers.decode(identifiers.ITEM, text) == key
    with pytest.raises(NotFoundError):
        identifiers.decode(identifiers.DATASET, text)


@pytest.mark.parametrize(
    "text", ["", "ds", "ds_", "ds_xyz", "di_1", "ds_" + "f" * 16, "ds_-1", "1"]
)
def test_what_is_no_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFoundError, match=r"there is no dataset .*ds_0000000000001"):
        identifiers.decode(identifiers.DATASET, text)


def test_the_collector_rests_until_the_last_block_ends() -> None:
    assert gc.isenabled()
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_imported_counts_as_old_at_once() -> None:
    made: list[list[object]] = []
    with importing():
        made += [[made] for _ in range(3)]  # what the collector has to follow

    old = {id(each) for each in gc.get_objects(generation=2)}

    assert {id(each) for each in made} <= old
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()


def test_what_a_program_has_frozen_stays_frozen() -> None:
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        with importing():
            pass
        assert gc.get_freeze_count() == before
    finally:
        gc.unfreeze()


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7))
def test_batches_hold_every_row_in_order(rows: list[int], size: int) -> None:
    cut = list(batches(rows, size))

    assert [row for batch in cut for row in batch] == rows
    assert all(len(batch) == size for batch in cut[:-1])


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(
        InvalidInputError, match="column location has 0 values, the first column has 1"
    ):
        ItemColumns(reference_id=["a"]).check()
    boxes = BoxColumns([0, 2], ["a", "b"], ["1", "2"], [0, 0], [0, 0], [1, 1], [1, 1])
    with pytest.raises(InvalidInputError, match="between 0 and 1, found 0 to 2"):
        boxes.check(2)
