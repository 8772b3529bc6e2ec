"""Chips kept in object storage, on servers that speak the protocols of S3 and of Google."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import BoxAnnotation, DatasetItem
from nucleus_lab.errors import MediaError
from tests.s3_server import s3_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

Read = Callable[[str], bytes]


def needs(*modules: str) -> None:
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Read]]:
    """URL of a bucket, and what reads an object of it without our code."""
    import fsspec

    with s3_server(monkeypatch) as endpoint:
        import boto3

        # As a user sets it up: worker processes inherit the environment.
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        direct = boto3.client("s3")
        direct.create_bucket(Bucket="chips")
        yield (
            "s3://chips/of x",
            lambda url: direct.get_object(Bucket="chips", Key=url.removeprefix("s3://chips/"))[
                "Body"
            ].read(),
        )
        direct.close()
        fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def gs(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Read]]:
    """URL of a bucket, and what reads an object of it without our code."""
    needs("gcp_storage_emulator", "gcsfs")
    import urllib.parse
    import urllib.request

    import fsspec
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="chips")
    server.start()
    endpoint = f"http://127.0.0.1:{server._api._httpd.server_port}"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", endpoint)

    def read(url: str) -> bytes:
        name = urllib.parse.quote(url.removeprefix("gs://chips/"), safe="")
        with urllib.request.urlopen(f"{endpoint}/storage/v1/b/chips/o/{name}?alt=media") as answer:
            found: bytes = answer.read()
        return found

    yield "gs://chips/of x", read
    server.stop()
    fsspec.filesystem("gs").clear_instance_cache()


@pytest.fixture
def dataset(client: Any, tmp_path: Path) -> Any:
    made = client.create_dataset("x")
    ramp = np.zeros((40, 60, 3), dtype=np.uint8)
    ramp[:, 30:] = 200
    names = ("a.png", "folder/b ü.png")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(ramp).save(tmp_path / name)
    made.append([DatasetItem(str(tmp_path / name), name) for name in names])
    made.annotate([BoxAnnotation("car", 10, 10, 40, 20, "a.png")])
    return made


@pytest.mark.parametrize(
    ("store", "processes"), [("s3", 0), ("s3", 2), ("gs", 0), ("gs", 2)], ids=str
)
def test_chips_are_kept_in_a_bucket_and_found_there_again(
    dataset: Any, request: pytest.FixtureRequest, store: str, processes: int
) -> None:
    place, read = request.getfixturevalue(store)

    found = list(
        dataset.items_and_annotation_chip_generator(30, 30, place, num_processes=processes)
    )

    places = ["0_0_30_30", "0_10_30_40", "30_0_60_30", "30_10_60_40"]
    assert [chip["image_location"] for chip in found] == [
        f"{place}/{name}_{at}.jpeg" for name in ("a.png", "folder/b ü.png") for at in places
    ]
    boxed = [chip["annotation_location"] is not None for chip in found]
    assert boxed == [True] * 4 + [False] * 4
    for chip, shade in zip(found, [0, 0, 200, 200] * 2, strict=True):
        with Image.open(io.BytesIO(read(chip["image_location"]))) as picture:
            assert (picture.format, picture.size) == ("JPEG", (30, 30))
            assert abs(int(np.asarray(picture).mean()) - shade) <= 2
    cut = {"x": 10, "y": 10, "width": 20, "height": 20}
    assert json.loads(read(found[0]["annotation_location"])) == [
        {"label": "car", "type": "box", "geometry": cut}
    ]
    dataset.annotate([BoxAnnotation("bus", 0, 0, 5, 5, "a.png", "late")])
    again = list(dataset.items_and_annotation_chip_generator(30, 30, place))
    assert again == found  # given as they are
    assert len(json.loads(read(again[0]["annotation_location"]))) == 1


@pytest.mark.parametrize("processes", [0, 1])
def test_a_bucket_that_is_not_there_is_named_and_not_made(
    dataset: Any, s3: tuple[str, Read], processes: int
) -> None:
    import boto3

    chips = dataset.items_and_annotation_chip_generator(
        30, 30, "s3://nowhere/chips", num_processes=processes
    )
    with pytest.raises(MediaError, match=r"s3://nowhere/chips/a\.png_0_0_30_30 cannot be kept"):
        list(chips)

    client = boto3.client("s3")
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["chips"]
    client.close()


def test_a_folder_that_cannot_be_written_is_named(dataset: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(MediaError, match="cannot be kept"):
        list(dataset.items_and_annotation_chip_generator(30, 30, str(tmp_path / "file" / "x")))
