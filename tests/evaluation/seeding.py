"""A dataset that tests fill at the level of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from nucleus_lab import identifiers, wire
from nucleus_lab.annotation import ANNOTATION_TYPES
from nucleus_lab.engine import Engine, clock, datasets
from nucleus_lab.engine.schema import (
    annotation,
    item,
    label,
    prediction,
)
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request


@dataclass
class Seeded:
    """A dataset and a model with a run, filled at the level of rows."""

    engine: Engine
    dataset_id: int
    model_id: int
    run_id: int
    items: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    @property
    def ds(self) -> str:
        return identifiers.encode(identifiers.DATASET, self.dataset_id)

    @property
    def prj(self) -> str:
        return identifiers.encode(identifiers.MODEL, self.model_id)

    def item(self, reference_id: str) -> str:
        return identifiers.encode(identifiers.ITEM, self.items[reference_id])

    def add_items(self, references: Iterable[str]) -> None:
        with self.engine.store.write() as connection:
            for reference in references:
                row = {
                    "dataset_id": self.dataset_id,
                    "reference_id": reference,
                    "position": len(self.items),
                    "kind": "image",
                    "location": f"https://example.org/{reference}",
                    "created_at": clock.now(),
                }
                self.items[reference] = connection.scalar(
                    insert(item).values(row).returning(item.c.id)
                )

    def label(self, connection: Any, name: str) -> int:
        if name not in self.labels:
            row = {"dataset_id": self.dataset_id, "name": name}
            self.labels[name] = connection.scalar(insert(label).values(row).returning(label.c.id))
        return self.labels[name]

    def add(
        self, reference: str, name: str | None, *, score: float | None = None, **shape: Any
    ) -> int:
        """Add an annotation, or a prediction where a score is given; returns its key."""
        table = annotation if score is None else prediction
        self._count += 1
        with self.engine.store.write() as connection:
            row = {
                "item_id": self.items[reference],
                "annotation_id": f"object {self._count}",
                "label_id": None if name is None else self.label(connection, name),
                "type": ANNOTATION_TYPES["box"].code,
                **shape,
            }
            if score is not None:
                row |= {"model_run_id": self.run_id, "confidence": score}
            datasets.lock(connection, self.dataset_id)
            return connection.scalar(insert(table).values(row).returning(table.c.id))

    def ask(self, method: str, path: str, payload: Any = None) -> Any:
        answer = dispatch(self.engine, Request(method, path, payload))
        assert answer.status == 200, answer.payload
        return answer.payload

    def refusal(self, method: str, path: str, payload: Any = None) -> tuple[int, str]:
        answer = dispatch(self.engine, Request(method, path, payload))
        assert answer.status >= 400, answer.payload
        return answer.status, answer.payload["error"]


def box(x: float, y: float, width: float, height: float) -> dict[str, float]:
    return {"x": x, "y": y, "width": width, "height": height}


def polygon(*corners: tuple[float, float]) -> dict[str, Any]:
    xs, ys = zip(*corners, strict=True)
    return {
        "type": ANNOTATION_TYPES["polygon"].code,
        **box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)),
        "geometry": wire.encode({"vertices": [{"x": x, "y": y} for x, y in corners]}).decode(),
    }


def stored(engine: Engine, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """All rows of a table."""
    with engine.store.read() as connection:
        rows = connection.execute(select(*(table.c[name] for name in columns)).order_by(table.c.id))
        return [tuple(row) for row in rows]
