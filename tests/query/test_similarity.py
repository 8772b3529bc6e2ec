"""Likeness to an item or to words, from the primary index of images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from query_examples import EXAMPLES
from query_world import World, make

from nucleus_lab.engine import Engine, embedders, embeddings, queries, query_explain
from nucleus_lab.errors import QueryError

LIST = {number: text for number, text, _ in EXAMPLES}


@embedders.embedder
class Words:
    """Reads a word as one of two directions."""

    name: ClassVar[str] = "words-for-tests-1"
    dimension: ClassVar[int] = 2

    def check(self) -> None:
        """It needs nothing."""

    def embed(self, pictures: Sequence[Any]) -> Any:
        return np.tile(np.array([1, 0], np.float32), (len(pictures), 1))

    def embed_text(self, texts: Sequence[str]) -> Any:
        return np.array([[1, 0] if each == "east" else [0, 1] for each in texts], np.float32)


@pytest.fixture
def world(engine: Engine) -> World:
    return make(engine)


def index(engine: Engine, keys: Sequence[int], embedder: str = "custom") -> dict[int, Any]:
    """Give each item a direction of its own; returns the vectors by key."""
    angles = {key: (key**1.37) % math.pi for key in keys}
    vectors = np.array([[math.cos(a), math.sin(a)] for a in angles.values()], np.float32) * 3
    kind: Any = "custom" if embedder == "custom" else "internal"
    members = [("item", key, key) for key in keys]
    embeddings.add(engine, 1, ("image", kind, embedder), members, vectors)
    return dict(zip(keys, vectors / 3, strict=True))


def cosines(vectors: dict[int, Any], to: Any) -> dict[int, float]:
    return {key: float(vector @ to) for key, vector in vectors.items()}


def found(engine: Engine, text: str, level: str = "items", **more: Any) -> list[int]:
    with engine.store.read() as connection:
        selection = queries.select_rows(connection, 1, text, level, **more)
        keys = queries.keys_of(connection, selection)
        paged: list[int] = []
        token: str | None = None
        while True:
            selection = queries.select_rows(connection, 1, text, level, paged=True, **more)
            part, token = queries.page_of(connection, selection, token, 7)
            paged += part
            if token is None:
                break
        assert paged == keys
    return keys


def refusal(engine: Engine, text: str, level: str = "items") -> str:
    with engine.store.read() as connection, pytest.raises(QueryError) as refused:
        queries.select_rows(connection, 1, text, level)
    return str(refused.value)


def test_the_nearest_items_come_first_and_those_without_a_vector_last(
    engine: Engine, world: World
) -> None:
    keys = [item.id for item in world.items]
    vectors = index(engine, keys[:-10])
    name = world.items[3].ref
    likeness = cosines(vectors, vectors[world.items[3].id])
    nearest = sorted(likeness, key=lambda key: -likeness[key])
    text = LIST[88].replace("image_1", name)

    assert found(engine, text) == nearest[:20]
    assert found(engine, text.replace(" LIMIT 20", "")) == nearest + keys[-10:]


def test_a_score_is_a_number_like_any_other(engine: Engine, world: World) -> None:
    vectors = index(engine, [item.id for item in world.items if item.id % 3])
    one, two = world.items[0], world.items[1]
    to_one, to_two = (cosines(vectors, vectors[item.id]) for item in (one, two))
    text = f'similarity("{one.ref}") > 0.5 AND similarity({{two}}) < 0.9 AND metadata.camera = rear'

    assert found(engine, text, parameters={"two": two.ref}) == world.ids(
        lambda item: (
            to_one.get(item.id, -1) > 0.5
            and to_two[item.id] < 0.9
            and item.metadata.get("camera") == "rear"
        )
    )
    assert found(engine, f'similarity("{one.ref}") IS NULL') == world.ids(
        lambda item: item.id not in vectors
    )
    assert found(engine, f'similarity("{one.ref}") >= 0.999999 AND ref_id = "{one.ref}"') == [
        one.id
    ]


def test_objects_have_the_likeness_of_their_item(engine: Engine, world: World) -> None:
    vectors = index(engine, [item.id for item in world.items])
    likeness = cosines(vectors, vectors[world.items[0].id])

    text = f'similarity("{world.items[0].ref}") > 0.8 AND label = car'

    assert found(engine, text, "annotations") == world.objects(
        lambda o, item: likeness[item.id] > 0.8 and "car" in {o.label, *o.segments, *o.labels}
    )


def test_new_vectors_count_at_once(engine: Engine, world: World) -> None:
    keys = [item.id for item in world.items]
    index(engine, keys[:5])
    text = f'similarity("{world.items[0].ref}") IS NOT NULL'
    assert found(engine, text) == keys[:5]

    index(engine, keys[:8])

    assert found(engine, text) == keys[:8]


def test_keys_far_apart_are_found_as_well(engine: Engine, world: World) -> None:
    chosen = [world.items[0].id, world.items[-1].id]
    index(engine, chosen)

    assert found(engine, f'similarity("{world.items[0].ref}") IS NOT NULL') == chosen


def test_what_is_missing_is_told_with_the_remedy(engine: Engine, world: World) -> None:
    first, last = world.items[0], world.items[-1]
    assert refusal(engine, LIST[88]) == (
        "Query error Q024 at line 1, column 21: similarity() needs an image index, and there is "
        "none\n"
        '  ORDER BY similarity("image_1") DESC LIMIT 20\n'
        "                      ^~~~~~~~~\n"
        "  hint: call dataset.create_image_index() and wait for its job"
    )
    index(engine, [first.id])

    assert "Q025" in refusal(engine, 'similarity("nowhere") > 0')
    assert "Q024" in refusal(engine, f'similarity("{last.ref}") > 0')
    assert "Q030" in refusal(engine, "similarity(width) > 0")
    assert "Q010" in refusal(engine, "similarity() > 0")
    assert "Q031" in refusal(engine, f'similarity("{first.ref}")')
    assert "Q021" in refusal(engine, f'similarity("{first.ref}") > 0', "scenes")
    assert "the primary image index was made by 'custom'" in refusal(
        engine, 'text_similarity("east") > 0'
    )


def test_words_need_an_embedder_that_reads_them(engine: Engine, world: World) -> None:
    index(engine, [world.items[0].id], embedders.DEFAULT)

    told = refusal(engine, 'text_similarity("east") > 0')

    assert "Q024" in told
    assert "'colour-gradient-1' reads pictures and no text" in told
    assert "embed_text" in told


def test_words_are_compared_where_the_embedder_reads_them(engine: Engine, world: World) -> None:
    engine.settings = engine.settings.changed(embedder=Words.name)
    vectors = index(engine, [item.id for item in world.items], Words.name)
    east = cosines(vectors, np.array([1, 0]))

    assert (
        found(engine, 'ORDER BY text_similarity("east") DESC LIMIT 9')
        == sorted(east, key=lambda key: -east[key])[:9]
    )


def test_a_query_with_scores_is_explained(engine: Engine, world: World) -> None:
    index(engine, [item.id for item in world.items])
    text = f'similarity("{world.items[0].ref}") > 0.8'

    with engine.store.read() as connection:
        told = query_explain.explained(connection, 1, text, "items")

    assert told["canonical"] == text
    assert told["count"] == len(found(engine, text))
    assert len(told["sql"]) < 2_000


def test_a_saved_query_of_the_present_moment_is_read_anew(engine: Engine, world: World) -> None:
    from sqlalchemy import insert

    from nucleus_lab.engine.schema import saved_query

    with engine.store.write() as connection:
        row = {"dataset_id": 1, "name": "new", "level": "items", "created_at": 0}
        connection.execute(insert(saved_query), [{**row, "query": "created_at > now() - 1d"}])
    with engine.store.read() as connection:
        one, two = (queries.select_rows(connection, 1, 'saved("new")') for _ in range(2))

    assert one is not two
