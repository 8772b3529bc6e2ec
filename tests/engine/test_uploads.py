"""Payloads sent ahead of an asynchronous call: signed, staged, read line by line, removed."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nucleus_lab.engine import Engine, datasets
from nucleus_lab.engine.settings import Settings
from nucleus_lab.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    StorageFullError,
    WorkspaceError,
)

RID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def engine(workspace: Path) -> Iterator[Engine]:
    opened = Engine(workspace)
    yield opened
    opened.close()


def staged(engine: Engine) -> list[str]:
    folder = engine.workspace / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_what_was_sent_is_read_line_by_line_until_it_is_discarded(engine: Engine) -> None:
    body = '{"a": 1}\n{"b": "ä\\n"}\n\n[1, null]'.encode()

    engine.uploads.receive(engine.uploads.sign(7, RID), body)

    engine.uploads.check(7, RID)
    assert list(engine.uploads.read(7, RID)) == [{"a": 1}, {"b": "ä\n"}, [1, None]]
    engine.uploads.discard(7, RID)
    engine.uploads.discard(7, RID)
    with pytest.raises(NotFoundError, match="nothing was uploaded under the request id"):
        engine.uploads.check(7, RID)
    assert staged(engine) == []


def test_a_second_body_replaces_the_first(engine: Engine) -> None:
    token = engine.uploads.sign(7, RID)
    engine.uploads.receive(token, b"1\n2\n")

    engine.uploads.receive(token, b"3\n")

    assert list(engine.uploads.read(7, RID)) == [3]
    assert len(staged(engine)) == 1


def test_another_dataset_does_not_see_it(engine: Engine) -> None:
    engine.uploads.receive(engine.uploads.sign(7, RID), b"1\n")

    with pytest.raises(NotFoundError):
        next(engine.uploads.read(8, RID))


def test_only_a_token_of_ours_is_taken(engine: Engine, tmp_path: Path) -> None:
    token = engine.uploads.sign(7, RID)
    other = Engine(tmp_path / "other")
    forged = [
        "",
        "x",
        token[:-1],
        "8" + token[1:],
        token.replace(RID, "f" * 32),
        other.uploads.sign(7, RID),
        "é" + token,
        token + "\ud800",
    ]
    other.close()

    for text in forged:
        with pytest.raises(ForbiddenError, match="was not made by this server"):
            engine.uploads.receive(text, b"1\n")
    assert staged(engine) == []


def test_a_token_expires(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(workspace, settings=Settings(upload_url_s=1))
    token = engine.uploads.sign(7, RID)
    now = time.time()
    monkeypatch.setattr("nucleus_lab.engine.uploads.time.time", lambda: now + 2.1)

    with pytest.raises(ForbiddenError, match="has expired: ask for a new one"):
        engine.uploads.receive(token, b"1\n")
    engine.close()


def test_a_token_outlives_the_process_that_made_it(engine: Engine) -> None:
    token = engine.uploads.sign(7, RID)
    again = Engine(engine.workspace)

    again.uploads.receive(token, b"1\n")

    assert list(engine.uploads.read(7, RID)) == [1]
    again.close()


def test_the_secret_is_for_the_owner_alone(engine: Engine) -> None:
    engine.uploads.sign(7, RID)
    secret = engine.workspace / "secret"

    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32
    secret.write_bytes(b"short")
    with pytest.raises(WorkspaceError, match="is damaged: delete it"):
        engine.uploads.sign(7, RID)


def test_a_body_above_the_limit_is_refused(workspace: Path) -> None:
    engine = Engine(workspace, settings=Settings(max_upload_bytes=10))

    with pytest.raises(PayloadTooLargeError, match="has 11 bytes and 10 are allowed"):
        engine.uploads.receive(engine.uploads.sign(7, RID), b"x" * 11)
    assert staged(engine) == []
    engine.close()


@pytest.mark.parametrize("request_id", ["", "a/b", "..", "a" * 129, "a.b", "ä"])
def test_a_request_id_that_could_be_a_path_is_refused(engine: Engine, request_id: str) -> None:
    with pytest.raises(InvalidInputError, match="request id"):
        engine.uploads.sign(7, request_id)
    with pytest.raises(InvalidInputError, match="request id"):
        engine.uploads.check(7, request_id)


@pytest.mark.parametrize(
    "bad", [b'{"a": ', b"\xff\xfe", b"NaN", b"{'a': 1}"], ids=["cut", "bytes", "nan", "quotes"]
)
def test_a_line_that_is_no_json_is_named_by_its_number(engine: Engine, bad: bytes) -> None:
    engine.uploads.receive(engine.uploads.sign(7, RID), b'{"ok": 1}\n\n' + bad + b"\n{}\n")
    lines = engine.uploads.read(7, RID)
    assert next(lines) == {"ok": 1}

    with pytest.raises(InvalidInputError, match="line 3 of the upload") as refusal:
        next(lines)

    assert refusal.value.details["line"] == 3


def test_a_full_disk_keeps_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    token = engine.uploads.sign(7, RID)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nucleus_lab.engine.uploads.os.fsync", full)

    with pytest.raises(StorageFullError, match="no space left"):
        engine.uploads.receive(token, b"1\n")
    assert staged(engine) == []


def test_uploads_that_no_job_took_are_swept(engine: Engine) -> None:
    import os

    engine.uploads.receive(engine.uploads.sign(7, "old"), b"1\n")
    os.utime(engine.workspace / "uploads" / "7-old.ndjson", (1, 1))

    engine.uploads.receive(engine.uploads.sign(7, "new"), b"1\n")

    assert staged(engine) == ["7-new.ndjson"]


def test_a_job_reads_its_upload_and_it_is_removed_at_the_end(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    settings = Settings(inline_jobs=True, job_modules=("job_kinds_for_tests",))
    engine = Engine(workspace, settings=settings)
    with engine.store.write() as connection:
        key = datasets.create(connection, "d")

    for body, state in ((b"1\n2\n", "Completed"), (b"1\nx\n", "Errored")):
        engine.uploads.receive(engine.uploads.sign(key, RID), body)
        handle = engine.jobs.submit("test.count_upload", {"requestId": RID}, dataset_id=key)

        assert handle["job_last_known_status"] == state
        assert staged(engine) == []
    engine.close()
