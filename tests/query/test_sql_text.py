"""SQL as text with values: parentheses where they are needed, and nothing pasted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import column, select

from nucleus_lab.engine.sqlite_library import sqlite_library
from nucleus_lab.errors import QueryError
from nucleus_lab.query import sql
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.compile import condition_of
from nucleus_lab.query.parse import parse
from nucleus_lab.query.resolve import resolve
from nucleus_lab.query.sql import ATOM, PLACE, Sql, and_, case, literal, or_, word
from nucleus_lab.query.written import Written, driver_text

Both = tuple[Sql, str]
"""An expression, and the same in parentheses everywhere."""

_NUMBERS = st.integers(-3, 3).map(lambda n: (sql.given(n), f"({n})"))
_TESTS: list[Callable[[Any, Any], Sql]] = [
    lambda a, b: a == b,
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
]
_SIGNS = ("=", "<", "<=", ">", ">=")
_SUMS: list[tuple[str, Callable[[Any, Any], Sql]]] = [
    ("+", lambda a, b: a + b),
    ("-", lambda a, b: a - b),
    ("*", lambda a, b: a * b),
    ("/", lambda a, b: a / b),
]


def _computed(inner: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    def two(drawn: tuple[tuple[str, Any], Both, Both]) -> Both:
        (sign, work), (a, one), (b, other) = drawn
        return work(a, b), f"({one} {sign} {other})"

    negated = inner.map(lambda each: (-each[0], f"(-{each[1]})"))
    return st.one_of(st.tuples(st.sampled_from(_SUMS), inner, inner).map(two), negated)


_VALUES = st.recursive(_NUMBERS, _computed, max_leaves=6)


def _tested(drawn: tuple[int, Both, Both]) -> Both:
    at, (a, one), (b, other) = drawn
    return _TESTS[at](a, b), f"({one} {_SIGNS[at]} {other})"


def _between(drawn: tuple[Both, Both, Both]) -> Both:
    (a, one), (b, low), (c, high) = drawn
    return a.between(b, c), f"({one} BETWEEN {low} AND {high})"


def _joined(inner: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    def both(drawn: tuple[Both, Both]) -> Both:
        return and_(drawn[0][0], drawn[1][0]), f"({drawn[0][1]} AND {drawn[1][1]})"

    def either(drawn: tuple[Both, Both]) -> Both:
        return or_(drawn[0][0], drawn[1][0]), f"({drawn[0][1]} OR {drawn[1][1]})"

    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(both),
        pairs.map(either),
        pairs.map(lambda two: (two[0][0] == two[1][0], f"({two[0][1]} = {two[1][1]})")),
        inner.map(lambda one: (one[0].is_not(sql.TRUE), f"({one[1]} IS NOT TRUE)")),
        inner.map(lambda one: (one[0].in_([0, sql.NULL]), f"({one[1]} IN (0, NULL))")),
        pairs.map(
            lambda two: (
                case((two[0][0], two[1][0]), else_=0),
                f"(CASE WHEN {two[0][1]} THEN {two[1][1]} ELSE 0 END)",
            )
        ),
    )


_CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(st.integers(0, 4), _VALUES, _VALUES).map(_tested),
        st.tuples(_VALUES, _VALUES, _VALUES).map(_between),
    ),
    _joined,
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(_CONDITIONS)
def test_parentheses_stand_where_they_are_needed(both: Both) -> None:
    expression, plain = both
    connection = sqlite_library().connect(":memory:")

    found = connection.execute(f"SELECT {expression.text}, {plain}").fetchone()

    assert found[0] == found[1]


_QUERIES = (
    "metadata.a = {v}",
    "metadata.a != {v} AND NOT metadata.b CONTAINS {v}",
    "metadata.a IN ({v}, fog)",
    "metadata.a LIKE {v} OR metadata.a ILIKE {v}",
    "metadata.a STARTS WITH {v} AND ref_id ENDS WITH {v}",
    "filename = {v} OR url > {v}",
    "annotations.label = {v}",
    "annotations.metadata.a = {v}",
    "annotations[label = {v} AND metadata.k = {v}].count > 3",
    "slice = {v}",
    "autotag.image = {v}",
    "id = {v}",
    "max(annotations.metadata.a) > 3 AND hash(ref_id) < 0.5",
    "lower(metadata.a) = {v}",
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(_QUERIES),
    st.sampled_from(["sqlite", "postgresql"]),
    st.text(st.sampled_from("ab'\"%_?:\\;-{}[]*\x01é"), min_size=1, max_size=6),
)
def test_what_a_person_writes_is_a_value_and_never_text(
    text: str, dialect: str, value: str
) -> None:
    from nucleus_lab.engine.schema import metadata

    def condition(given: str) -> Sql:
        query = resolve(parse(text), "items", Catalog(), {"v": given})
        return condition_of(query, metadata, Catalog(), dialect, {"items": "item"})

    marked = f"\u2603{value}\u2603"
    found = condition(marked)

    assert "\u2603" not in found.text
    assert found.text.count(PLACE) == len(found.values)
    written, values = driver_text(found, dialect)
    assert len(values) == len(found.values)
    assert written.replace("%%", "").count("?" if dialect == "sqlite" else "%s") == len(values)


def test_a_key_with_a_quote_stands_escaped_in_the_text() -> None:
    from nucleus_lab.engine.schema import metadata

    query = resolve(parse('metadata."it\'s 100%" = 1'), "items", Catalog(), None)

    found = condition_of(query, metadata, Catalog(), "sqlite", {"items": "item"})

    assert "'$.\"it''s 100%\"'" in found.text


def test_only_plain_words_become_literals() -> None:
    assert word("true") == "'true'"
    with pytest.raises(ValueError, match="no plain word"):
        word("it's")


def test_true_and_false_vanish_from_what_they_do_not_change() -> None:
    one = Sql("a = 1")

    assert and_(one, sql.TRUE) is one
    assert and_(one, sql.FALSE) is sql.FALSE
    assert or_(one, sql.FALSE) is one
    assert or_(one, sql.TRUE) is sql.TRUE
    assert and_() is sql.TRUE
    assert or_() is sql.FALSE
    assert Sql("a").in_([]) is sql.FALSE


def test_the_library_sees_one_node_with_its_values() -> None:
    node = Written(or_(Sql("a") == literal(1), Sql("b") == "100%"))
    statement = select(column("c")).where(node, column("d") == 2)

    written = statement.compile(compile_kwargs={"literal_binds": True})

    assert " ".join(str(written).split()) == "SELECT c WHERE (a = 1 OR b = '100%') AND d = 2"
    assert node.sql.level < ATOM


def test_a_comparison_without_meaning_is_still_refused() -> None:
    query = resolve(parse("width = fast"), "items", Catalog(), None)
    from nucleus_lab.engine.schema import metadata

    with pytest.raises(QueryError, match="Q030"):
        condition_of(query, metadata, Catalog(), "sqlite", {"items": "item"})
