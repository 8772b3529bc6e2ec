"""Queries put together from queries."""

from __future__ import annotations

import pytest

from nucleus_lab.magics.composing import parts, with_condition, with_limit
from nucleus_lab.query.parse import parse


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ("", "")),
        ("WHERE a.b > 1 LIMIT 3", ("a.b > 1", "LIMIT 3")),
        (
            "metadata.limit = 3 ORDER BY metadata.order",
            ("metadata.limit = 3", "ORDER BY metadata.order"),
        ),
        ("ref_id = limit OR ref_id = order", ("ref_id = limit OR ref_id = order", "")),
        ("(metadata.a = 1) SAMPLE 5 SEED 7", ("(metadata.a = 1)", "SAMPLE 5 SEED 7")),
        ('ref_id = "ORDER BY x LIMIT 3"', ('ref_id = "ORDER BY x LIMIT 3"', "")),
    ],
)
def test_a_query_is_split_before_its_order_and_limit(query: str, expected: tuple[str, str]) -> None:
    assert parts(query) == expected


@pytest.mark.parametrize(
    ("query", "more", "expected"),
    [
        ("", "a.x = 1", "a.x = 1"),
        ("a.x = 1", "", "a.x = 1"),
        (
            "a.x = 1 OR a.y = 2",
            "a.z = 3 OR a.w = 4",
            "(a.x = 1 OR a.y = 2) AND (a.z = 3 OR a.w = 4)",
        ),
        ("a.x = 1 LIMIT 3", "a.z = 3", "(a.x = 1) AND (a.z = 3) LIMIT 3"),
        ("ORDER BY a.x", "a.z = 3", "a.z = 3 ORDER BY a.x"),
        ("a.x = 1 # one", "a.z = 3", "(a.x = 1 # one\n) AND (a.z = 3)"),
    ],
)
def test_conditions_are_joined(query: str, more: str, expected: str) -> None:
    joined = with_condition(query, more)

    assert joined == expected
    parse(joined)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "LIMIT 5"),
        ("a.x = 1", "a.x = 1 LIMIT 5"),
        ("a.x = 1 LIMIT 3", "a.x = 1 LIMIT 3"),
        ("a.x = 1 ORDER BY a.x # first", "a.x = 1 ORDER BY a.x # first\n LIMIT 5"),
    ],
)
def test_a_limit_is_added_once(query: str, expected: str) -> None:
    limited = with_limit(query, 5)

    assert limited == expected
    parse(limited)
