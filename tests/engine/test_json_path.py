"""Metadata as SQL: the same answers on both databases, whatever the values are."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from nucleus_lab import wire
from nucleus_lab.engine import datasets, items
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.schema import item
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.query.json_path import boolean_at, kind_at, number_at, text_at

VALUES = {
    "text": "fog",
    "empty text": "",
    "digits": "7",
    "number": 7,
    "real": 7.5,
    "large": 2**53 + 1,
    "zero": 0,
    "true": True,
    "false": False,
    "null": None,
    "list": [1, 2],
    "mapping": {"inner": 3},
    "é": "ü",
}
EXPECTED = {
    "text": ("text", "fog", None, None),
    "empty text": ("text", "", None, None),
    "digits": ("text", "7", None, None),
    "number": ("number", None, 7, None),
    "real": ("number", None, 7.5, None),
    "large": ("number", None, float(2**53 + 1), None),
    "zero": ("number", None, 0, None),
    "true": ("boolean", None, None, True),
    "false": ("boolean", None, None, False),
    "null": ("null", None, None, None),
    "list": ("array", None, None, None),
    "mapping": ("object", None, None, None),
    "é": ("text", "ü", None, None),
}
KEYS = [
    "plain",
    "two words",
    "quo'te",
    'double"quote',
    "back\\slash",
    "50%",
    "a.b",
    "$[0]",
    "naïve",
]


@pytest.fixture
def stored(engine):
    """Primary key of a dataset with one item a value, under every key, and one without any."""
    rows = [
        ItemRow(name, "image", "u", metadata=wire.encode(dict.fromkeys(KEYS, value)).decode())
        for name, value in VALUES.items()
    ]
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
        items.insert(connection, key, [*rows, ItemRow("absent", "image", "u")], update=False)
    return key


@pytest.mark.parametrize("key", KEYS)
def test_a_value_is_read_as_what_it_is_and_as_nothing_else(engine, stored, key):
    column = item.c.metadata
    with engine.store.read() as connection:
        rows = connection.execute(
            select(
                item.c.reference_id,
                kind_at(column, key),
                text_at(column, key),
                number_at(column, key),
                boolean_at(column, key),
            )
        ).all()

    # PostgreSQL's driver hands a large number out as a float; the database itself is exact.
    found = {
        row[0]: (*row[1:3], row[3] and float(row[3]), None if row[4] is None else bool(row[4]))
        for row in rows
    }
    assert found == {**EXPECTED, "absent": (None, None, None, None)}
    with engine.store.read() as connection:
        exact = select(item.c.reference_id).where(number_at(column, key) == 2**53 + 1)
        assert connection.scalars(exact).all() == ["large"]


def test_a_path_leads_into_mappings(engine, stored):
    inner = number_at(item.c.metadata, "plain", "inner")
    with engine.store.read() as connection:
        assert connection.scalars(select(item.c.reference_id).where(inner == 3)).all() == [
            "mapping"
        ]


def test_a_value_can_be_grouped_ordered_and_aliased(engine, stored):
    other = item.alias()
    value = number_at(other.c.metadata, "50%")
    with engine.store.read() as connection:
        grouped = select(value, func.count()).where(value.is_not(None)).group_by(value)
        rows = connection.execute(grouped.order_by(value.desc())).all()

    found = [(float(value), count) for value, count in rows]
    assert found == [(float(2**53 + 1), 1), (7.5, 1), (7.0, 1), (0.0, 1)]


@pytest.mark.parametrize("path", [(), ("a\x00b",)])
def test_a_path_that_no_database_can_read_is_refused(path):
    with pytest.raises(InvalidInputError, match="no path of metadata keys"):
        number_at(item.c.metadata, *path)


def test_a_filter_meets_the_index_of_its_expression(workspace):
    from nucleus_lab.engine import Engine, indexes

    engine = Engine(workspace)
    rows = [
        ItemRow(str(number), "image", "u", metadata=wire.encode({"speed": number}).decode())
        for number in range(500)
    ]
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
        items.insert(connection, key, rows, update=False)
    indexes.ensure(engine.store, key, ("speed",))

    wanted = select(item.c.id).where(
        item.c.dataset_id == key, number_at(item.c.metadata, "speed") == 495
    )
    with engine.store.read() as connection:
        compiled = wanted.compile(connection, compile_kwargs={"literal_binds": True})
        # First a read: it is what tells a connection of indexes that another one has made.
        assert len(connection.execute(wanted).all()) == 1
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()
    assert "ix_metadata_" in str(plan)
    engine.close()
