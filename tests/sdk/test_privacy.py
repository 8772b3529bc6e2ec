"""Privacy mode and pictures that stay at URLs, over both transports."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import DatasetItem, Frame, LidarScene, NucleusClient, Segment
from nucleus_lab.annotation import SegmentationAnnotation
from nucleus_lab.errors import ForbiddenError, InvalidInputError
from nucleus_lab.widgets import Gallery

pytestmark = pytest.mark.usefixtures("inline_jobs")


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "orange").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """URL of a web site that answers one picture everywhere, and what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(png())))
            self.end_headers()
            self.wfile.write(png())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def private_items(url: str) -> list[DatasetItem]:
    return [
        DatasetItem(f"{url}/{name}.png", reference_id=name, width=8, height=6)
        for name in ("a", "b")
    ]


def test_in_privacy_mode_nothing_is_fetched_and_the_dataset_is_usable(
    client: NucleusClient, site: tuple[str, list[str]]
) -> None:
    url, asked = site
    dataset = client.create_dataset("private", use_privacy_mode=True)
    dataset.append(private_items(url))
    dataset.annotate([SegmentationAnnotation(f"{url}/m.png", [Segment("x", 1)], "a")])
    ids = list(dataset.item_ids())
    mask_id = dataset.refloc("a")["annotations"]["segmentation"][0].annotation_id

    assert dataset.thumbnails(ids) == [b"", b""]
    with pytest.raises(ForbiddenError, match=r"/a\.png belongs to a dataset in privacy mode"):
        dataset.image_bytes(ids[0])
    rows = list(dataset.items_and_annotation_generator(use_mirrored_images=True))
    assert [row["item"].image_location for row in rows] == [f"{url}/a.png", f"{url}/b.png"]
    part = dataset.create_slice_by_ids("s", dataset_item_ids=ids)
    assert {row["scale_url"] for row in part.export_raw_items()["raw_dataset_items"]} == {
        f"{url}/a.png", f"{url}/b.png"
    }  # fmt: skip
    kept = dataset.deduplicate(threshold=4).result()
    assert sorted(kept.unique_reference_ids) == ["a", "b"]
    assert mask_id is None
    assert asked == []


def test_the_gallery_lets_the_browser_load_private_pictures(
    client: NucleusClient, site: tuple[str, list[str]]
) -> None:
    url, asked = site
    dataset = client.create_dataset("private", use_privacy_mode=True)
    dataset.append(private_items(url))

    shown = Gallery(dataset)

    assert [row["url"] for row in shown._listing["rows"]] == [f"{url}/a.png", f"{url}/b.png"]
    assert shown._pictures == []
    answer, pictures = shown._page({"epoch": 1, "first": 0, "count": 2, "pixels": 256})
    assert ([row["url"] for row in answer["rows"]], pictures) == (
        [f"{url}/a.png", f"{url}/b.png"],
        [],
    )
    detail, _ = shown._item({"epoch": 1, "index": 1})
    assert (detail["url"], detail["problem"]) == (f"{url}/b.png", None)
    assert asked == []


def test_a_gallery_of_other_datasets_names_no_urls(client: NucleusClient) -> None:
    dataset = client.create_dataset("open")
    dataset.append([DatasetItem("https://example.invalid/a.png", reference_id="a")])

    assert "url" not in Gallery(dataset)._rows(list(dataset.item_ids()))[0]


def test_private_point_clouds_are_not_fetched(
    client: NucleusClient, site: tuple[str, list[str]]
) -> None:
    url, asked = site
    dataset = client.create_dataset("private", is_scene=True, use_privacy_mode=True)
    cloud = DatasetItem(pointcloud_location=f"{url}/c.json", reference_id="c")
    dataset.append([LidarScene("s", [Frame(lidar=cloud)])], asynchronous=True)
    scene_id = dataset.scenes[0].id
    item_id = dataset.get_scene("s").get_frame(0).get_item("lidar").dataset_item_id
    model = client.create_model("m", "m")

    with pytest.raises(ForbiddenError, match="privacy mode"):
        client.download_pointcloud_task(scene_id, 0)
    with pytest.raises(ForbiddenError, match="privacy mode"):
        dataset.pointcloud(item_id)
    with pytest.raises(ForbiddenError, match="privacy mode"):
        dataset.upload_lidar_semseg_predictions(model, "c", f"{url}/semseg.json")
    assert asked == []


def test_privacy_mode_takes_no_local_files(client: NucleusClient, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png())
    dataset = client.create_dataset("private", use_privacy_mode=True)

    with pytest.raises((InvalidInputError, ValueError), match=r"URL"):
        dataset.append([DatasetItem(str(path), reference_id="a", width=8, height=6)])
    assert dataset.size == 0


def test_mirrored_locations_are_what_the_workspace_has(
    client: NucleusClient, site: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, asked = site
    path = tmp_path / "local.png"
    path.write_bytes(png())
    dataset = client.create_dataset("open")
    dataset.append([
        DatasetItem(f"{url}/far.png", reference_id="far"),
        DatasetItem(str(path), reference_id="local"),
    ])

    def locations() -> dict[str, str]:
        rows = dataset.items_and_annotation_generator(use_mirrored_images=True)
        return {row["item"].reference_id: row["item"].image_location for row in rows}

    def read(location: str) -> bytes:
        if location.startswith("http"):
            route = location.partition("/nucleus/")[2]
            content: bytes = client.make_request(None, route, "GET")
            return content
        return Path(location).read_bytes()

    before = locations()
    assert asked == []  # an export fetches nothing
    assert read(before["local"]) == png()
    dataset.image_bytes(dataset.refloc("far")["item"].dataset_item_id)
    after = locations()
    assert read(after["far"]) == png()
    assert asked == ["/far.png"]
