"""The client: where it connects, and the datasets it makes and finds."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import Dataset, NoAPIKey, NotFoundError, NucleusClient
from nucleus_lab.errors import InvalidInputError, TransportError, WorkspaceError


def test_a_dataset_is_made_found_listed_and_deleted(client: Any) -> None:
    made = client.create_dataset("street scenes")
    other = client.create_dataset("second", is_scene=True, use_privacy_mode=True)

    assert made.id.startswith("ds_")
    assert client.datasets == [made, other] == client.list_datasets()
    assert (made.name, made.is_scene, made.use_privacy_mode, made.size) == (
        "street scenes",
        False,
        False,
        0,
    )
    found = client.get_dataset(other.id)
    assert (found.name, found.is_scene, found.use_privacy_mode) == ("second", True, True)
    assert client.dataset("second") == other == client.dataset(other.id)
    assert client.delete_dataset(made.id) == {"message": "Beginning dataset deletion..."}
    assert client.datasets == [other]
    with pytest.raises(NotFoundError, match=made.id):
        made.info()


def test_a_name_that_nothing_has_lists_what_there_is(client: Any) -> None:
    client.create_dataset("cats")

    with pytest.raises(NotFoundError, match="there are: 'cats'"):
        client.dataset("dogs")


def test_a_name_that_two_datasets_have_needs_an_id(client: Any) -> None:
    twins = [client.create_dataset("cats"), client.create_dataset("cats")]

    with pytest.raises(NotFoundError, match=f"{twins[0].id}, {twins[1].id}"):
        client.dataset("cats")


def test_info_describes_the_dataset(client: Any) -> None:
    schema = {"weather": {"type": "category", "choices": ["fog", "sun"], "description": None}}
    made = client.create_dataset("x", item_metadata_schema=schema)

    info = made.info()

    assert (info.dataset_id, info.name, info.length) == (made.id, "x", 0)
    assert (info.slice_ids, info.model_run_ids) == ([], [])
    assert info.item_metadata_schema == schema


def test_make_request_takes_a_method_name_or_a_function(client: Any) -> None:
    def get() -> None: ...

    answer = client.make_request({"name": "x"}, "dataset/create")

    assert client.make_request({}, f"dataset/{answer['dataset_id']}/name", get) == {"name": "x"}
    assert client.make_request(None, "/dataset/details", "get")[0]["name"] == "x"
    with pytest.raises(InvalidInputError, match="GET, POST, PUT, PATCH, DELETE"):
        client.make_request({}, "dataset/create", "FETCH")


def test_make_request_returns_the_raw_response_when_asked(client: Any) -> None:
    raw = client.make_request({"name": "x"}, "dataset/create", "POST", True)

    assert (raw.status_code, raw.media_type) == (200, "application/json")
    assert raw.json() == {"dataset_id": client.datasets[0].id}
    assert raw.text.encode() == raw.content


def test_what_json_cannot_carry_is_refused_alike(client: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"\$\.item_metadata_schema\.a is nan"):
        client.create_dataset("x", item_metadata_schema={"a": float("nan")})
    with pytest.raises(InvalidInputError, match=r"\$\.name holds a object"):
        client.create_dataset(object())
    with pytest.raises(InvalidInputError, match="Expected `str`, got `int`"):
        client.create_dataset(3)
    assert client.datasets == []


def test_an_unknown_route_is_an_error_with_its_name(client: Any) -> None:
    with pytest.raises(NotFoundError, match="no route POST nothing/here"):
        client.make_request({}, "nothing/here")


def test_handles_are_equal_when_they_stand_for_the_same(client: Any, tmp_path: Path) -> None:
    made = client.create_dataset("x")

    assert made == client.get_dataset(made.id)
    assert hash(made) == hash(client.get_dataset(made.id))
    assert made != client.create_dataset("x")
    with NucleusClient(workspace=tmp_path / "other") as elsewhere:
        assert made != elsewhere.get_dataset(made.id)


def test_a_repr_is_one_line_and_never_fails(client: Any) -> None:
    made = client.create_dataset("<b>x</b>")

    assert repr(made) == f"Dataset(name='<b>x</b>', dataset_id='{made.id}')"
    assert repr(client.get_dataset("ds_404")) == "Dataset(name='?', dataset_id='ds_404')"
    assert client.target in repr(client)


def test_html_shows_names_escaped(client: Any) -> None:
    made = client.create_dataset("<script>alert(1)</script>")

    for shown in (made._repr_html_(), client._repr_html_()):
        assert "<script>" not in shown
        assert "&lt;script&gt;" in shown
    assert "no dataset" in client.get_dataset("ds_404")._repr_html_()


def test_a_closed_client_says_so(client: Any) -> None:
    client.close()
    client.close()

    with pytest.raises((WorkspaceError, TransportError), match="closed: make a new NucleusClient"):
        client.create_dataset("x")


def test_clients_of_one_folder_share_the_workspace(workspace: Path) -> None:
    with NucleusClient(workspace=workspace) as first:
        with NucleusClient(workspace=str(workspace)) as second:
            second.create_dataset("x")
        assert [dataset.name for dataset in first.datasets] == ["x"]
    with NucleusClient(workspace=workspace) as again:
        assert [dataset.name for dataset in again.datasets] == ["x"]


def test_the_workspace_comes_from_the_environment(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUCLEUS_LAB_WORKSPACE", str(workspace))

    with NucleusClient("a key that a folder does not need") as client:
        assert client.target == str(workspace)
        assert client.embedded


def test_the_default_workspace_is_in_the_user_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    with NucleusClient() as client:
        assert Path(client.target).is_relative_to(tmp_path)


def test_a_remote_server_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAPIKey, match=r"NUCLEUS_API_KEY.*keys create"):
        NucleusClient(endpoint="https://lab.example.org/v1/nucleus")
    monkeypatch.setenv("NUCLEUS_ENDPOINT", "https://lab.example.org/v1/nucleus")
    with pytest.raises(NoAPIKey):
        NucleusClient()
    monkeypatch.setenv("NUCLEUS_API_KEY", "k")
    assert NucleusClient().target == "https://lab.example.org/v1/nucleus"


def test_arguments_that_exclude_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="give one of them"):
        NucleusClient(endpoint="http://127.0.0.1:1", workspace=tmp_path)
    with pytest.raises(InvalidInputError, match="use one of them"):
        NucleusClient("a", endpoint="http://127.0.0.1:1", limited_access_key="b")
    with pytest.raises(InvalidInputError, match="use http:// or https://"):
        NucleusClient("a", endpoint="s3://bucket")


def test_a_server_that_is_not_there_is_an_error_with_the_remedy() -> None:
    with (
        NucleusClient(endpoint="http://127.0.0.1:9/v1/nucleus") as client,
        pytest.raises(TransportError, match=r"127.0.0.1:9.*nucleus-lab serve"),
    ):
        client.create_dataset("x")


def test_handles_need_no_request() -> None:
    with NucleusClient(endpoint="http://127.0.0.1:9/v1/nucleus") as client:
        assert isinstance(client.get_dataset("ds_1"), Dataset)
        assert client.get_slice("slc_1").id == "slc_1"


@pytest.mark.parametrize("text", ["127.0.0.1:8765/v1/nucleus", "lab/workspace", "ftp://host/x"])
@pytest.mark.parametrize("given", ["endpoint", "NUCLEUS_ENDPOINT"])
def test_an_endpoint_that_is_no_address_is_refused_and_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if given == "NUCLEUS_ENDPOINT":
        monkeypatch.setenv(given, text)

    with pytest.raises(InvalidInputError, match=rf"^{given} is '{text}', which is no address"):
        NucleusClient(endpoint=text if given == "endpoint" else None)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "postgresql://me:secret@host/lab",
            "'postgresql://me:***@host/lab', the URL of a database",
        ),
        (Path("postgresql://me:secret@host/lab"), "the URL of a database"),
        ("http://127.0.0.1:8765/v1/nucleus", "which is no folder: .*endpoint="),
    ],
)
@pytest.mark.parametrize("given", ["workspace", "NUCLEUS_LAB_WORKSPACE"])
def test_a_workspace_that_is_a_url_is_refused_and_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | Path, told: str, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if given != "workspace":
        monkeypatch.setenv(given, str(text))

    with pytest.raises(InvalidInputError, match=told.replace("***", r"\*\*\*")) as refused:
        NucleusClient(workspace=text if given == "workspace" else None)

    assert refused.value.message.startswith(f"{given} is ")
    assert "secret" not in refused.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_goes_away_during_a_call_is_told_from_one_that_is_not_there() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        def leave() -> None:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.close()

        leaving = threading.Thread(target=leave)
        leaving.start()
        with (
            NucleusClient(endpoint=f"http://127.0.0.1:{port}/v1/nucleus") as client,
            pytest.raises(TransportError, match=r"broke during POST dataset/create .*not known"),
        ):
            client.create_dataset("x")
        leaving.join()


def test_https_to_a_server_without_a_certificate_is_told(client: Any) -> None:
    if client.embedded:
        return
    endpoint = client.target.replace("http://", "https://")
    with (
        NucleusClient("k", endpoint=endpoint) as other,
        pytest.raises(TransportError, match=r"cannot be reached by https .* write http://"),
    ):
        other.create_dataset("x")


def test_an_address_with_another_path_is_told_what_it_ends_in(client: Any) -> None:
    if client.embedded:
        return
    endpoint = client.target.replace("/v1/nucleus", "/v2/other")
    with (
        NucleusClient(endpoint=endpoint) as other,
        pytest.raises(NotFoundError, match=r"no route POST v2/other/.* ends in /v1/nucleus"),
    ):
        other.create_dataset("x")
