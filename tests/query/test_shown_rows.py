"""Tables that a query reads are those rows of them that whoever asks is shown."""

from __future__ import annotations

from nucleus_lab.engine.ownership import compiler_for
from nucleus_lab.query.sql import Sql
from nucleus_lab.query.sql_select import Row, reading, select
from nucleus_lab.query.written import driver_text


def test_a_user_reads_sub_queries_in_the_places_of_tables() -> None:
    from sqlalchemy.dialects import sqlite

    seen = compiler_for(sqlite.dialect().statement_compiler, "sqlite").seen_rows
    inner = select(Sql("1")).select_from(Row("predictions_1", "prediction")).exists()
    whole = Sql(f"SELECT item.id FROM {reading('item', 'item')} WHERE {inner.text}")

    everyone, _ = driver_text(whole, "sqlite")
    user, _ = driver_text(whole, "sqlite", seen)

    assert everyone == (
        "SELECT item.id FROM item WHERE EXISTS (SELECT 1 FROM prediction AS predictions_1)"
    )
    assert "FROM (SELECT * FROM item AS seen WHERE " in user
    assert "(SELECT 1 FROM (SELECT * FROM prediction AS seen WHERE " in user
    assert "nucleus_lab_viewer()" in user
    assert user.count(") AS item ") == user.count(") AS predictions_1)") == 1
