"""Pictures and chips in Azure storage, on a server that speaks its protocol."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import BoxAnnotation, DatasetItem
from nucleus_lab.engine.fetching import fetch
from nucleus_lab.engine.settings import Settings
from nucleus_lab.errors import ForbiddenError, MediaError
from tests.azure_server import azure_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

ACCOUNT = "devstoreaccount1.dfs.core.windows.net"


@pytest.fixture
def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch, picture: bytes) -> Iterator[Any]:
    """What reads and writes blobs without our code; containers photos and chips are there."""
    with azure_server(monkeypatch) as string:
        import fsspec
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(string) as direct:
            for name in ("photos", "chips"):
                direct.create_container(name)
            for name in ("p/a \u00fc.png", "p/b.png"):
                direct.get_blob_client("photos", name).upload_blob(picture)
            yield direct
        fsspec.filesystem("abfs").clear_instance_cache()


@pytest.mark.usefixtures("azure")
def test_blobs_are_fetched_by_every_scheme_within_the_rules(picture: bytes) -> None:
    for scheme in ("az", "abfs", "abfss", "azure"):
        assert fetch(f"{scheme}://photos/p/a \u00fc.png", Settings()) == picture
    assert fetch(f"abfs://photos@{ACCOUNT}/p/b.png", Settings()) == picture
    assert fetch("az://photos/p/b.png", Settings(fetch=("az://photos/p/*",))) == picture
    with pytest.raises(ForbiddenError, match="may not be fetched"):
        fetch("az://photos/p/b.png", Settings(fetch=("az://photos/q/*",)))
    with pytest.raises(MediaError, match="more than the 10 bytes"):
        fetch("az://photos/p/b.png", Settings(max_file_bytes=10))
    for missing in ("photos/p/c.png", "nowhere/p/b.png"):
        with pytest.raises(MediaError, match=rf"No such file or directory: '{missing}'"):
            fetch(f"az://{missing}", Settings())


@pytest.mark.usefixtures("azure")
def test_a_blob_of_another_account_is_not_looked_for_in_ones_own() -> None:
    with pytest.raises(MediaError, match=r"names the storage account 'other1'.*'devstoreaccount1'"):
        fetch("abfs://photos@other1.dfs.core.windows.net/p/b.png", Settings())


@pytest.mark.usefixtures("azure")
def test_a_wrong_key_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    string = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", string.replace("Eby8", "Aby8"))

    with pytest.raises(
        MediaError, match=r"failed to authenticate.*check the address, the cred"
    ) as e:
        fetch("az://photos/p/b.png", Settings(fetch_timeout_s=10))
    assert "\n" not in e.value.message


def test_items_in_azure_are_seen_and_cut_into_chips_in_azure(client: Any, azure: Any) -> None:
    dataset = client.create_dataset("x")
    dataset.append([DatasetItem("az://photos/p/a \u00fc.png", "a")])
    dataset.append([DatasetItem("abfs://photos/p/missing.png", "m")])
    dataset.annotate([BoxAnnotation("car", 10, 10, 40, 20, "a")])
    seen, missing = (item.dataset_item_id for item in dataset.items)

    with Image.open(io.BytesIO(dataset.image_bytes(seen))) as picture:
        assert picture.size == (60, 40)
    with pytest.raises(MediaError, match="No such file"):
        dataset.image_bytes(missing)
    dataset.delete_item("m")
    for place in ("az://chips/of x", "abfs://chips/of y"):
        found = list(dataset.items_and_annotation_chip_generator(30, 30, place))
        names = [f"{place}/a_{x}_{y}_{x + 30}_{y + 30}" for x in (0, 30) for y in (0, 10)]
        assert [chip["image_location"] for chip in found] == [f"{name}.jpeg" for name in names]
        kept = found[0]["annotation_location"].partition("://chips/")[2]
        boxes = json.loads(azure.get_blob_client("chips", kept).download_blob().readall())
        assert [box["label"] for box in boxes] == ["car"]
        assert list(dataset.items_and_annotation_chip_generator(30, 30, place)) == found
    with pytest.raises(MediaError, match=r"cannot be kept: .*container does not exist\. Check"):
        list(dataset.items_and_annotation_chip_generator(30, 30, "az://nowhere/x"))
    assert sorted(entry.name for entry in azure.list_containers()) == ["chips", "photos"]
