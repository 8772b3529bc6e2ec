"""Published clients and our SDK do the same things and see the same, section by section."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wire.drive import SECTIONS
from wire.wire_servers import VERSIONS, drive, server_process

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]  # the first one may install

SINCE = {
    "tags": "0.18",
    "class_labels": "0.18",
    "duplicates": "0.18",
    "limited_key": "0.18",
    "by_scene": "0.18",
    "predictions_without_runs": "0.22",
    "evaluations": "0.20",
    "weights": "0.20",
}
# Our own command is another one.
OURS_SAYS_IT_OTHERWISE = {"command_line"}


@pytest.fixture(scope="module")
def ours(
    tmp_path_factory: pytest.TempPathFactory, pictures_and_masks: Path
) -> Iterator[dict[str, Any]]:
    """What our SDK did and saw in a workspace of its own, over HTTP."""
    with server_process(tmp_path_factory.mktemp("ours")) as variables:
        yield drive(sys.executable, "nucleus_lab", pictures_and_masks, variables)


@pytest.fixture(scope="module", params=VERSIONS)
def theirs(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    client_python: Callable[[str], Path],
    pictures_and_masks: Path,
) -> Iterator[tuple[str, dict[str, Any], Callable[..., dict[str, Any]]]]:
    """What a published client did and saw in a workspace of its own, and how to ask it again."""
    version = request.param
    python = client_python(version)
    with server_process(tmp_path_factory.mktemp("theirs")) as variables:

        def ask(program: Path | str, name: str) -> dict[str, Any]:
            return drive(program, name, pictures_and_masks, variables, "everything")

        yield (
            version,
            drive(python, "nucleus", pictures_and_masks, variables),
            lambda: {"theirs": ask(python, "nucleus"), "ours": ask(sys.executable, "nucleus_lab")},
        )


@pytest.mark.parametrize("section", SECTIONS)
def test_a_published_client_does_and_sees_the_same(
    theirs: tuple[str, dict[str, Any], Any], ours: dict[str, Any], section: str
) -> None:
    version, seen, _ = theirs
    if version < SINCE.get(section, ""):
        assert seen[section] is None
        return
    assert seen[section] is not None
    assert "failed" not in seen[section], seen[section]["failed"]
    if section not in OURS_SAYS_IT_OTHERWISE:
        assert seen[section] == ours[section]


def test_what_is_seen_is_what_was_to_be_seen(ours: dict[str, Any]) -> None:
    expected = json.loads(Path(__file__).with_name("expected.json").read_text("utf-8"))

    assert {section: ours[section] for section in expected} == expected


def test_both_read_the_same_from_one_server(theirs: tuple[str, dict[str, Any], Any]) -> None:
    read = theirs[2]()

    assert read["theirs"] == read["ours"]
    assert len(read["ours"]["everything"]["datasets"]) > 10


def test_runs_of_published_clients_hold_what_was_put_into_them(
    theirs: tuple[str, dict[str, Any], Any],
) -> None:
    seen = theirs[1]["model_runs"]

    assert {key: seen[key] for key in ("info", "later", "again", "taken", "matches", "left")} == {
        "info": ["one", {"epoch": 3}, "Completed", True],
        "later": 1,
        "again": 3,
        "taken": True,
        "matches": [1.0, 1.0, 1.0],
        "left": [],
    }
    assert [box["annotation_id"] for box in seen["all"]["box"]] == ["box/0", "box/1", "box/2"]
    assert seen["listed"]
    assert seen["model"]


def test_the_published_command_shows_what_is_there(theirs: tuple[str, dict[str, Any], Any]) -> None:
    assert theirs[1]["command_line"] == [True, True, True, True]


def test_predictions_find_their_items_in_any_dataset(
    theirs: tuple[str, dict[str, Any], Any],
) -> None:
    version, results, _ = theirs
    if version < "0.22":
        assert results["predictions_without_runs"] is None  # they upload to a dataset
        return
    seen = results["predictions_without_runs"]

    names = {
        key: [box["annotation_id"] for box in seen[key]["box"]]
        for key in ("by id", "by name", "by place")
    }
    assert names == {
        "by id": ["b2", "c", "e"],
        "by name": ["b2", "c", "e"],
        "by place": ["b1", "f"],
    }
    assert {key: seen[key] for key in seen if key not in names} == {
        "stored": [4, True],
        "unclear": [True],
        "added": 2,
        "runs": 4,
        "merged": [True, 5],
        "renamed": 5,
        "on dataset": 1,
        "copied": 2,
        "info": {"epoch": 1},
    }
