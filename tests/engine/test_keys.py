"""API keys: shown once, stored as a hash, useless at once when revoked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from nucleus_lab.engine import Engine, keys
from nucleus_lab.engine.schema import api_key
from nucleus_lab.errors import ConflictError, InvalidInputError, NotFoundError


def test_a_key_is_known_by_its_name_until_it_is_revoked(engine: Engine) -> None:
    assert not keys.any_active(engine)
    key = keys.create(engine, "laptop")
    other = keys.create(engine, "server")

    assert keys.verify(engine, key) == ("laptop", "")
    assert keys.verify(engine, other) == ("server", "")

    with Engine_again(engine) as elsewhere:
        keys.revoke(elsewhere, "laptop")

    assert keys.verify(engine, key) is None
    assert keys.verify(engine, other) == ("server", "")
    assert [(row["name"], row["revoked_at"] is None) for row in keys.listing(engine)] == [
        ("laptop", False),
        ("server", True),
    ]
    assert keys.any_active(engine)


class Engine_again:  # noqa: N801
    """A second engine on the same workspace, as another process would have."""

    def __init__(self, engine: Engine) -> None:
        self._engine = Engine(engine.workspace, database_url=engine.database_url)

    def __enter__(self) -> Engine:
        return self._engine

    def __exit__(self, *_: object) -> None:
        self._engine.close()


def test_only_a_hash_of_the_key_is_stored(engine: Engine) -> None:
    key = keys.create(engine, "laptop")

    with engine.store.read() as connection:
        (row,) = connection.execute(select(api_key)).all()

    assert all(key not in str(value) and key[4:] not in str(value) for value in row)
    assert key not in str(keys.listing(engine))


@pytest.mark.parametrize("presented", ["", "lab_", "x" * 10_000, "ключ", "\ud800", "' OR 1=1 --"])
def test_an_unknown_key_is_nobody(engine: Engine, presented: str) -> None:
    keys.create(engine, "laptop")

    assert keys.verify(engine, presented) is None


def test_a_name_is_taken_until_its_key_is_revoked(engine: Engine) -> None:
    keys.create(engine, "laptop")
    with pytest.raises(ConflictError, match="there is a key named 'laptop'"):
        keys.create(engine, "laptop")

    keys.revoke(engine, "laptop")

    assert keys.verify(engine, keys.create(engine, "laptop")) == ("laptop", "")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_a_name_that_cannot_be_shown_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(InvalidInputError, match="key name"):
        keys.create(engine, name)


def test_a_key_of_a_user_says_whose_it_is(engine: Engine) -> None:
    key = keys.create(engine, "laptop", "anna")
    desk = keys.create(engine, "desk", "anna")
    team = keys.create(engine, "team")

    assert keys.verify(engine, key) == keys.Caller("laptop", "anna")
    assert keys.verify(engine, desk) == keys.Caller("desk", "anna")
    assert keys.verify(engine, team) == keys.Caller("team", "")
    assert [(row["name"], row["user"]) for row in keys.listing(engine)] == [
        ("laptop", "anna"),
        ("desk", "anna"),
        ("team", None),
    ]


@pytest.mark.parametrize("user", [" ", " anna", "anna ", "a\nb", "x" * 201])
def test_a_user_that_could_pass_for_another_is_refused(engine: Engine, user: str) -> None:
    with pytest.raises(InvalidInputError, match="user name"):
        keys.create(engine, "laptop", user)

    assert keys.listing(engine) == []


def test_revoking_an_unknown_name_says_so(engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="no key named 'laptop'"):
        keys.revoke(engine, "laptop")
