"""Several processes on one workspace, and processes that die in the middle of a write."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select, text

from nucleus_lab.engine import Engine
from nucleus_lab.engine.schema import annotation, dataset, item

# Appends batches of items with boxes for ever; every batch is one transaction.
WRITER = """
import sys
from nucleus_lab.columns import BoxColumns, ItemColumns
from nucleus_lab.engine import Engine, columns, datasets
engine = Engine(sys.argv[1], database_url=sys.argv[2] or None)
with engine.store.read() as connection:
    row = datasets.by_key(connection, int(sys.argv[3]))
print("ready", flush=True)
start = int(sys.argv[4])
while True:
    names = [f"i{n}" for n in range(start, start + 500)]
    items = ItemColumns(names, [f"https://x/{n}" for n in names], [None] * 500, [None] * 500)
    ones = [1.0] * 1000
    boxes = BoxColumns(
        [n // 2 for n in range(1000)], ["car"] * 1000, [f"b{n}" for n in range(1000)],
        ones, ones, ones, ones,
    )
    columns.ingest(engine, row, items, boxes, (), update=False, model_id=None)
    print(start, flush=True)
    start += 500
"""


@pytest.fixture
def filled(engine):
    """Primary key of an empty dataset."""
    from nucleus_lab.engine import datasets

    with engine.store.write() as connection:
        return datasets.create(connection, "d")


def test_kill_9_in_the_middle_of_bulk_writes_leaves_whole_transactions(
    engine, filled, workspace, database_url
):
    rng = random.Random(5)
    committed = 0
    for _ in range(6):
        with engine.store.read() as connection:
            before = connection.scalar(select(func.count()).select_from(item))
        command = [sys.executable, "-c", WRITER]
        command += [str(workspace), database_url or "", str(filled), str(before)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.02, 0.4))
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        committed += 500 * len(said)
        time.sleep(0.2)  # a PostgreSQL server notices the lost connection

        with engine.store.read() as connection:
            items = connection.scalar(select(func.count()).select_from(item))
            boxes = connection.scalar(select(func.count()).select_from(annotation))
            following = connection.scalar(select(dataset.c.next_position))
            if engine.store.dialect == "sqlite":
                assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert items >= committed
        assert items % 500 == 0
        assert boxes == 2 * items
        assert following == items
        committed = items


# Upserts the same 300 items and boxes as the others, in an order of its own.
RIVAL = """
import random, sys
from nucleus_lab.columns import BoxColumns, ItemColumns
from nucleus_lab.engine import Engine, columns, datasets
engine = Engine(sys.argv[1], database_url=sys.argv[2] or None)
with engine.store.read() as connection:
    row = datasets.by_key(connection, int(sys.argv[3]))
numbers = list(range(300))
random.Random(sys.argv[4]).shuffle(numbers)
new = 0
for at in range(0, 300, 20):
    names = [f"i{n}" for n in numbers[at:at + 20]]
    items = ItemColumns(names, [f"https://x/{n}" for n in names], [None] * 20, [None] * 20)
    ones = [1.0] * 20
    boxes = BoxColumns(list(range(20)), [f"label{n % 7}" for n in range(20)], ["b"] * 20,
                       ones, ones, ones, ones)
    answer = columns.ingest(engine, row, items, boxes, (), update=at % 40 == 0, model_id=None)
    new += answer["new_items"]
print(new)
"""


def test_processes_that_upsert_the_same_keys_make_each_row_once(
    engine, filled, workspace, database_url
):
    command = [sys.executable, "-c", RIVAL, str(workspace), database_url or "", str(filled)]
    rivals = [
        subprocess.Popen(
            [*command, str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    said = [rival.communicate() for rival in rivals]

    assert [errors for _, errors in said] == [""] * 4
    assert sum(int(new) for new, _ in said) == 300
    with engine.store.read() as connection:
        positions = connection.scalars(select(item.c.position).order_by(item.c.position)).all()
        assert positions == list(range(300))
        assert connection.scalar(select(func.count()).select_from(annotation)) == 300


def test_a_small_writer_gets_its_turn_while_another_loads(engine, filled, workspace, database_url):
    from nucleus_lab.engine import datasets

    command = [sys.executable, "-c", WRITER, str(workspace), database_url or "", str(filled), "0"]
    loader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert loader.stdout.readline() == "ready\n"
        started = time.monotonic()
        for number in range(5):
            with engine.store.write() as connection:
                datasets.create(connection, f"small {number}")
        waited = time.monotonic() - started
    finally:
        loader.kill()
        loader.stdout.close()
        loader.wait()

    assert waited < 30


def test_a_reader_is_never_blocked_by_a_writer(engine, filled):
    with engine.store.write() as writing:
        writing.execute(text("UPDATE dataset SET name = 'new'"))
        with engine.store.read() as reading:
            assert reading.scalar(select(dataset.c.name)) == "d"


def test_a_second_engine_sees_what_the_first_wrote(engine, workspace, database_url):
    from nucleus_lab.engine import datasets

    second = Engine(workspace, database_url=database_url)
    with engine.store.write() as connection:
        datasets.create(connection, "seen")

    with second.store.read() as connection:
        assert connection.scalars(select(dataset.c.name)).all() == ["seen"]
    second.close()
