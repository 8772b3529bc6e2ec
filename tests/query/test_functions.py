"""Regular expressions, numbers in text, hashes, places on the earth: on both databases."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from query_world import Item, World

from nucleus_lab.errors import QueryError


def at(item: Item, key: str) -> Any:
    return item.metadata.get(key)


def filename(item: Item) -> str:
    return item.location.replace("\\", "/").rpartition("/")[2]


def number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except ValueError:
        return None


def share(text: str) -> float:
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) / 2**32


def metres(lat: float, lon: float, other: tuple[float, float]) -> float:
    one, two = math.radians(lat), math.radians(other[0])
    half = math.sin((two - one) / 2) ** 2
    half += math.cos(one) * math.cos(two) * math.sin(math.radians(other[1] - lon) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half))


def found(value: Any, pattern: str) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, str) and re.search(pattern, each) for each in values)


CLAIMS: dict[str, Callable[[Item], Any]] = {
    r'filename MATCHES "[ab].*_\d+\.png$"': lambda i: re.search(r"[ab].*_\d+\.png$", filename(i)),
    r'filename ~ "left_[0-4]+\."': lambda i: re.search(r"left_[0-4]+\.", filename(i)),
    'metadata.camera ~ "^(r|f)"': lambda i: found(at(i, "camera"), "^(r|f)"),
    'NOT metadata.camera ~ "^(r|f)"': lambda i: not found(at(i, "camera"), "^(r|f)"),
    'metadata.camera NOT MATCHES "r"': lambda i: not found(at(i, "camera"), "r"),
    'metadata.tags ~ "^con"': lambda i: found(at(i, "tags"), "^con"),
    'annotations.label ~ "^t"': lambda i: any(
        (name or "").startswith("t")
        for o in i.annotations
        for name in (o.label, *o.segments, *o.labels)
    ),
    "number(metadata.speed_mph) > 60": lambda i: (number(at(i, "speed_mph")) or 0) > 60,
    "number(metadata.speed_mph) IS NULL": lambda i: number(at(i, "speed_mph")) is None,
    "text(width) = '1920'": lambda i: i.width == 1920,
    "text(metadata.speed_mph) = '60.25'": lambda i: str(at(i, "speed_mph")) == "60.25",
    "text(metadata.frame_number) ~ '^-'": lambda i: at(i, "frame_number") < 0,
    "text(metadata.is_keyframe) = 'true'": lambda i: str(at(i, "is_keyframe")).lower() == "true",
    "hash(ref_id) < 0.25": lambda i: share(i.ref) < 0.25,
    "hash(metadata.camera) >= 0.5": lambda i: (
        isinstance(at(i, "camera"), str) and share(at(i, "camera")) >= 0.5
    ),
}


@pytest.mark.parametrize("text", CLAIMS)
def test_a_function_selects_what_python_does(text: str, ask: Any, world: World) -> None:
    assert ask(text) == world.ids(CLAIMS[text])


def test_near_and_within_measure_on_the_earth(engine: Any) -> None:
    import json

    from sqlalchemy import insert

    from nucleus_lab.engine import queries, schema

    places: list[dict[str, Any]] = [
        {"lat": 52.52, "lon": 13.40},
        {"lat": 52.55, "lon": 13.40},
        {"latitude": 52.50, "longitude": 13.45},
        {"lat": 52.57, "lon": 13.40},
        {"lat": -10, "lon": 179.9},
        {"lat": -10, "lon": -179.9},
        {"lat": "x", "lon": 13.4},
        {"lat": 52.52},
        {},
    ]
    base = {"dataset_id": 1, "kind": "image", "location": "x", "created_at": 0}
    with engine.store.write() as connection:
        row = {"id": 1, "name": "d", "is_scene": False, "use_privacy_mode": False, "created_at": 0}
        connection.execute(insert(schema.dataset).values(row))
        connection.execute(
            insert(schema.item),
            [
                {"id": n, "reference_id": str(n), "position": n, "metadata": json.dumps(m), **base}
                for n, m in enumerate(places)
                if n or m
            ],
        )

    def ask(text: str) -> list[int]:
        with engine.store.read() as connection:
            return queries.keys_of(connection, queries.select_rows(connection, 1, text))

    def close(centre: tuple[float, float], radius: float) -> list[int]:
        return [
            n
            for n, m in enumerate(places)
            for lat, lon in [(m.get("lat", m.get("latitude")), m.get("lon", m.get("longitude")))]
            if isinstance(lat, float | int) and lon is not None
            if metres(lat, lon, centre) <= radius
        ]

    assert ask("near(52.52, 13.40, 5km)") == close((52.52, 13.40), 5000) == [0, 1, 2]
    assert ask("near(52.52, 13.40, 500m)") == [0]
    assert ask("near(-10, -179.99, 30km)") == close((-10, -179.99), 30_000) == [4, 5]
    assert ask("NOT near(52.52, 13.40, 5km)") == [3, 4, 5, 6, 7, 8]
    assert ask("within(52.4, 13.3, 52.56, 13.5)") == [0, 1, 2]
    assert ask("within(-20, 170, 0, -170)") == [4, 5]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its fault
def test_a_regular_expression_that_never_ends_is_stopped(
    engine: Any,
) -> None:
    from query_world import make
    from sqlalchemy import update

    from nucleus_lab.engine import queries, schema

    make(engine, size=12)
    with engine.store.write() as connection:
        connection.execute(update(schema.item).values(location="1," * 60))
    start = time.monotonic()

    with engine.store.read() as connection, pytest.raises(QueryError, match="Q051"):
        queries.keys_of(connection, queries.select_rows(connection, 1, 'url ~ "^(.*?,){25}P"'))

    assert time.monotonic() - start < 5
    with engine.store.read() as connection:
        found = queries.select_rows(connection, 1, 'url ~ "^(1,)+$"')
        assert len(queries.keys_of(connection, found)) == 11


@pytest.mark.parametrize(
    "text", ["metadata.x ~ '('", "number(created_at) > 1", "hash(created_at) > 1"]
)
def test_a_function_of_the_wrong_value_is_refused(text: str, ask: Any) -> None:
    with pytest.raises(QueryError, match=r"Q0[35]0"):
        ask(text)
