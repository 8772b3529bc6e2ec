"""Labeling in the engine, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from nucleus_lab import identifiers
from nucleus_lab.engine import (
    datasets,
    deletion,
    items,
    labeling_answers,
    labeling_projects,
    labeling_tasks,
    labeling_transfer,
    slice_members,
    slices,
)
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.labeling_answers import Answer
from nucleus_lab.engine.labeling_schema import labeling_task
from nucleus_lab.engine.schema import annotation, item, slice_member
from nucleus_lab.errors import InvalidInputError

BOX = {"type": "box", "label": "car", "geometry": {"x": 1, "y": 2, "width": 3, "height": 4}}


@pytest.fixture
def sent(engine: Any) -> Any:
    """A dataset of 1,200 pictures, all of them open tasks of a project."""
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
        rows = [
            ItemRow(f"{n}", "image", f"https://e.org/{n}.jpg", None, 10, 10) for n in range(1_200)
        ]
        datasets.lock(connection, key)
        items.insert(connection, key, rows, update=False)
        keys = list(connection.scalars(select(item.c.id).order_by(item.c.id)))
        part = slices.create(connection, key, "all", "dataset_item")
        slice_members.add(connection, part, "item", keys)
        row = slices.get(connection, identifiers.encode(identifiers.SLICE, part))
        project = labeling_projects.create(connection, "p", labels=["car"])
        made = labeling_transfer.send(connection, row, project)
    assert made == (1_200, 0)
    return project


def ids(engine: Any, project: Any, size: int = 10_000) -> list[str]:
    with engine.store.read() as connection:
        rows, _ = labeling_tasks.listing(connection, project, size=size)
    return [labeling_tasks.payload(row)["task_id"] for row in rows]


def test_tasks_are_paged_in_order(engine: Any, sent: Any) -> None:
    found: list[str] = []
    token = None
    while True:
        with engine.store.read() as connection:
            rows, token = labeling_tasks.listing(connection, sent, token=token, size=500)
        found += [row.reference_id for row in rows]
        if token is None:
            break

    assert found == [str(n) for n in range(1_200)]


def test_many_answers_are_one_transaction(engine: Any, sent: Any, monkeypatch: Any) -> None:
    answers = [Answer(task, [BOX]) for task in ids(engine, sent)[:700]]

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(labeling_answers.labeling_marks, "renew", fail)
    with pytest.raises(RuntimeError), engine.store.write(bulk=True) as connection:
        labeling_answers.complete(connection, answers, update=False)
    monkeypatch.undo()
    with engine.store.read() as connection:
        assert connection.execute(select(annotation.c.id)).all() == []
        assert labeling_projects.counts(connection, sent.id)["completed"] == 0

    with engine.store.write(bulk=True) as connection:
        done = labeling_answers.complete(connection, answers, update=False)
        assert len(done.completed) == 700
    with engine.store.read() as connection:
        assert len(connection.execute(select(annotation.c.id)).all()) == 700
        assert labeling_projects.counts(connection, sent.id) == {
            "pending": 500,
            "completed": 700,
            "accepted": 0,
            "rejected": 0,
        }


def test_a_rejected_answer_leaves_the_slices_too(engine: Any, sent: Any) -> None:
    task = ids(engine, sent, 1)[0]
    with engine.store.write() as connection:
        labeling_answers.complete(connection, [Answer(task, [BOX])], update=False)
        key = connection.scalar(select(annotation.c.id))
        part = slices.create(connection, 1, "objects", "object")
        slice_members.add(connection, part, "annotation", [key])
    with engine.store.write() as connection:
        labeling_answers.reject(connection, task, "no")

    with engine.store.read() as connection:
        assert connection.execute(select(annotation.c.id)).all() == []
        left = select(slice_member.c.member_id).where(slice_member.c.member == "annotation")
        assert connection.execute(left).all() == []


def test_tasks_of_deleted_items_are_gone(engine: Any, sent: Any) -> None:
    with engine.store.write() as connection:
        keys = list(connection.scalars(select(item.c.id).order_by(item.c.id).limit(1_000)))
        datasets.lock(connection, 1)
        deletion.delete_items(connection, 1, keys)
    assert len(ids(engine, sent)) == 200

    with engine.store.write() as connection:
        deletion.delete_dataset(connection, 1)
    with engine.store.read() as connection:
        assert connection.execute(select(labeling_task.c.id)).all() == []


def test_only_pictures_are_sent(engine: Any) -> None:
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")
        items.insert(
            connection, key, [ItemRow("p", "pointcloud", "https://e.org/p.json")], update=False
        )
        part = slices.create(connection, key, "s", "dataset_item")
        slice_members.add(connection, part, "item", [1])
        row = slices.get(connection, identifiers.encode(identifiers.SLICE, part))
        project = labeling_projects.create(connection, "p")
        with pytest.raises(InvalidInputError, match="1 items"):
            labeling_transfer.send(connection, row, project)
