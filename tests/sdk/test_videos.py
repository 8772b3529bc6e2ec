"""Videos are cut into pictures by a job, without a loss."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab import JobError, NucleusClient, VideoScene
from nucleus_lab.engine import Engine, video
from nucleus_lab.errors import MediaError

av = pytest.importorskip("av")

SIZE = (64, 48)


def film(path: Path, codec: str, pixels: str, frames: int = 12, rate: int = 10) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *SIZE, pixels
        for at in range(frames):
            picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
            picture[:, :, 0] = at * 20
            picture[at : at + 8, at : at + 8] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def pixels_of(dataset: Any, item: Any) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(dataset.image_bytes(item.dataset_item_id))))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose jobs run at once; one test below takes a worker process instead."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "settings.toml").write_text("inline_jobs = true\n")
    return folder


@pytest.fixture
def dataset(client: Any) -> Any:
    return client.create_dataset("s", is_scene=True)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
    ],
)
def test_each_picture_is_what_the_decoder_gives(
    workspace: Path, tmp_path: Path, name: str, codec: str, pixels: str
) -> None:
    path = film(tmp_path / name, codec, pixels)

    with NucleusClient(workspace=workspace) as client:
        dataset = client.create_dataset("s", is_scene=True)
        job = dataset.append(
            [VideoScene("drive", video_location=str(path), metadata={"city": "Oslo"})],
            asynchronous=True,
        )
        job.sleep_until_complete(verbose_std_out=False)

        scene = dataset.get_scene("drive")
        assert job.job_type == "uploadVideoScene"
        assert (scene.frame_rate, scene.video_location) == (10, str(path))
        assert scene.metadata == {"city": "Oslo"}
        assert [item.reference_id for item in scene.items] == [
            f"drive_frame_{at:06}" for at in range(12)
        ]
        assert {(item.width, item.height) for item in scene.items} == {SIZE}
        for item, wanted in zip(scene.items, decoded(path), strict=True):
            assert np.array_equal(pixels_of(dataset, item), wanted)


def test_motion_jpeg_is_kept_as_it_is(dataset: Any, tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", "mjpeg", "yuvj420p")
    with av.open(str(path)) as container:
        wanted = [bytes(packet) for packet in container.demux(video=0) if packet.size]

    job = dataset.append([VideoScene("v", video_location=str(path))], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)

    found = [dataset.image_bytes(item.dataset_item_id) for item in dataset.get_scene("v").items]
    assert found == wanted


def test_a_video_is_not_cut_again_and_its_metadata_may_change(dataset: Any, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", "libx264", "yuv420p", frames=3)

    def upload(scene: VideoScene, *, update: bool) -> dict[str, Any]:
        job = dataset.append([scene], update=update, asynchronous=True)
        job.sleep_until_complete(verbose_std_out=False)
        progress: dict[str, Any] = job.status()["message"]["scene_upload_progress"]
        return progress

    assert upload(VideoScene("v", video_location=str(path)), update=False)["new_scenes"] == 1
    before = dataset.items
    assert upload(VideoScene("v", video_location=str(path)), update=False)["ignored_scenes"] == 1
    changed = VideoScene("v", video_location=str(path), metadata={"new": 1})
    assert upload(changed, update=True)["updated_scenes"] == 1
    assert (dataset.items, dataset.get_scene("v").metadata) == (before, {"new": 1})
    other = film(tmp_path / "b.mp4", "libx264", "yuv420p", frames=2)
    with pytest.raises(JobError, match="its video is"):
        upload(VideoScene("v", video_location=str(other)), update=True)
    assert dataset.items == before


def test_files_that_are_no_video_are_refused_by_name(dataset: Any, tmp_path: Path) -> None:
    def tried(content: bytes, name: str = "v.mp4") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        scene = VideoScene("v", video_location=str(path))
        with pytest.raises((MediaError, JobError)) as fault:
            dataset.append([scene], asynchronous=True).sleep_until_complete(verbose_std_out=False)
        assert dataset.scenes == []
        assert dataset.size == 0
        return str(fault.value)

    good = film(tmp_path / "good.mp4", "libx264", "yuv420p").read_bytes()
    assert "is empty" in tried(b"")
    assert "is no video that can be read" in tried(b"hello")
    # A play list makes FFmpeg open what it names; it never gets that far.
    assert "is no video" in tried(b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "v.m3u8")
    assert "is no video" in tried(b"ffconcat version 1.0\nfile /etc/passwd\n")
    assert "is damaged or cut off" in tried(good[: len(good) // 2])
    assert "cut off" in tried(good[:8] + b"\0" * 500)


def test_sound_alone_is_no_video(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)

    engine = Engine(workspace)
    with pytest.raises(MediaError, match="no video stream"):
        video.cut(engine, path, "a.mp4")
    engine.close()


def test_a_video_that_is_too_long_is_refused(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "a.mp4", "libx264", "yuv420p", frames=12)
    raw = film(tmp_path / "a.mkv", "ffv1", "bgr0", frames=12)
    monkeypatch.setattr(video, "MOST_VIDEO_FRAMES", 10)
    engine = Engine(workspace)

    for name, told in ((path, "has 12 pictures"), (raw, "has more pictures")):
        with pytest.raises(MediaError, match=f"{told} and a scene takes 10"):
            video.cut(engine, name, name.name)
    engine.close()


def test_without_pyav_the_message_says_what_to_install(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "a.mp4", "libx264", "yuv420p", frames=1)
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    engine = Engine(workspace)

    with pytest.raises(MediaError, match=r"pip install 'nucleus-lab\[video\]'"):
        video.cut(engine, path, "a.mp4")
    engine.close()


def test_a_video_at_a_url_is_fetched_and_cut(workspace: Path, tmp_path: Path) -> None:
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    (workspace / "settings.toml").unlink()
    film(tmp_path / "a.mp4", "libx264", "yuv420p", frames=3)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/a.mp4"
    try:
        with NucleusClient(workspace=workspace) as client:
            dataset = client.create_dataset("s", is_scene=True)
            for name, place in (("v", url), ("gone", url.replace("a.mp4", "b.mp4"))):
                job = dataset.append([VideoScene(name, video_location=place)], asynchronous=True)
                if name == "v":
                    job.sleep_until_complete(verbose_std_out=False)
                    continue
                with pytest.raises(JobError, match="could not be fetched"):
                    job.sleep_until_complete(verbose_std_out=False)
            scene = dataset.get_scene("v")
    finally:
        server.shutdown()
        server.server_close()

    assert (scene.video_location, scene.frame_rate, len(scene.items)) == (url, 10, 3)
    assert scene.items[2].image_location == f"{url}#frame=2"
