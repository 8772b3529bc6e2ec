"""Settings: where values come from, and that a wrong one is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from nucleus_lab.engine.settings import Settings
from nucleus_lab.errors import WorkspaceError


def _write(workspace: Path, text: str) -> Path:
    workspace.mkdir(exist_ok=True)
    (workspace / "settings.toml").write_text(text)
    return workspace


def test_a_workspace_without_settings_has_the_defaults(workspace: Path) -> None:
    assert Settings.load(workspace, environment={}) == Settings()


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(workspace: Path) -> None:
    _write(workspace, 'max_pixels = 5\nworkers = 3\nfetch = ["https://a.example/*"]')

    found = Settings.load(workspace, environment={"NUCLEUS_LAB_WORKERS": "4"})

    assert found == Settings(max_pixels=5, workers=4, fetch=("https://a.example/*",))


def test_a_server_fetches_nothing_unless_a_pattern_is_written_down(workspace: Path) -> None:
    found = Settings.load(workspace, serving=True, environment={})
    assert (found.fetch, found.private_hosts) == ((), ())
    _write(workspace, 'fetch = ["https://a.example/*"]')
    assert Settings.load(workspace, serving=True, environment={}).fetch == ("https://a.example/*",)


def test_settings_survive_the_environment_of_a_worker() -> None:
    chosen = Settings(
        inline_jobs=True, fetch=(), thumbnail_sizes=(64, 640), job_modules=("a.b", "c"), workers=7
    )

    assert Settings.load(None, environment=chosen.to_environment()) == chosen


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_pixel = 5", "max_pixel is no setting: did you mean max_pixels?"),
        ("zzz = 5", "zzz is no setting: known are database_url"),
        ('max_pixels = "5"', "max_pixels is '5': Expected `int`"),
        ("max_pixels = 0", "max_pixels is 0: write 1 or above"),
        ("worker_idle_s = nan", "worker_idle_s is nan: write 0 or above"),
        ("thumbnail_sizes = [512, 128]", "ascending, 16 to 4096"),
        ("thumbnail_sizes = []", "one or more sizes"),
        ('fetch = ["file:///etc/*"]', "holds 'file:///etc/*'"),
        ('fetch = ["*"]', "a pattern looks like https://"),
        ('private_hosts = ["10.0.0.0/99"]', "write a host such as *.intern, an address or"),
        ("remote_cache_bytes = -1", "write 0 or above"),
        ("max_pixels = ", "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(workspace: Path, text: str, message: str) -> None:
    _write(workspace, text)

    with pytest.raises(WorkspaceError) as refusal:
        Settings.load(workspace, environment={})

    assert message in str(refusal.value)
    assert str(workspace / "settings.toml") in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("NUCLEUS_LAB_WORKRES", "1", "NUCLEUS_LAB_WORKRES is no setting: did you mean workers?"),
        ("NUCLEUS_LAB_WORKERS", "two", "NUCLEUS_LAB_WORKERS is 'two': write a whole number"),
        ("NUCLEUS_LAB_INLINE_JOBS", "maybe", "write true or false"),
    ],
)
def test_a_wrong_variable_is_refused_with_its_name(variable: str, text: str, message: str) -> None:
    with pytest.raises(WorkspaceError, match=variable) as refusal:
        Settings.load(None, environment={variable: text})

    assert message in str(refusal.value)


def test_variables_that_are_no_settings_of_a_workspace_are_left_alone() -> None:
    environment = {"NUCLEUS_LAB_WORKSPACE": "/w", "NUCLEUS_LAB_TEST_DATA": "/d", "HOME": "/h"}

    assert Settings.load(None, environment=environment) == Settings()
