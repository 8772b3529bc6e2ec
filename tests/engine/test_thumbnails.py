"""Thumbnails and whole pictures for browsers, from files and from URLs."""

from __future__ import annotations

import http.server
import io
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nucleus_lab.engine import Engine, pictures
from nucleus_lab.engine.fetch_rules import check_allowed
from nucleus_lab.engine.settings import Settings
from nucleus_lab.engine.thumbnails import Source
from nucleus_lab.errors import ForbiddenError, InvalidInputError, MediaError
from nucleus_lab.wire import FilePart

MOST = 120_000_000


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def ramp(width: int = 600, height: int = 300) -> Image.Image:
    """Dark on the left, bright on the right."""
    return Image.fromarray(np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1)))


@pytest.fixture
def engine(workspace: Path) -> Iterator[Engine]:
    opened_engine = Engine(workspace)
    yield opened_engine
    opened_engine.close()


def stored(engine: Engine, content: bytes) -> str:
    return engine.media.ingest(FilePart("image", "a picture", content=content)).key


def made(engine: Engine) -> list[Path]:
    return [path for path in (engine.workspace / "thumbnails").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("wanted", "size"), [(1, 128), (128, 128), (129, 256), (256, 256), (512, 512), (4096, 512)]
)
def test_a_thumbnail_has_the_next_size_that_is_made(engine: Engine, wanted: int, size: int) -> None:
    key = stored(engine, encoded(ramp(), "PNG"))

    small = opened(engine.media.thumbnail(key, wanted))

    assert (small.format, small.size) == ("JPEG", (size, size // 2))


@pytest.mark.parametrize("wanted", [0, -1, 4097])
def test_a_size_out_of_range_is_refused(engine: Engine, wanted: int) -> None:
    with pytest.raises(InvalidInputError, match="1 to 4096"):
        engine.media.thumbnails.many([None], wanted)


def test_a_small_picture_is_not_blown_up(engine: Engine) -> None:
    key = stored(engine, encoded(ramp(20, 10), "PNG"))

    assert opened(engine.media.thumbnail(key, 128)).size == (20, 10)


def test_a_thumbnail_is_made_once(engine: Engine) -> None:
    key = stored(engine, encoded(ramp(), "PNG"))
    first = engine.media.thumbnail(key, 128)
    engine.media.path(key).unlink()

    assert engine.media.thumbnail(key, 128) == first
    assert len(made(engine)) == 1


MODES: dict[str, tuple[bytes, str]] = {
    "grey": (encoded(ramp(), "JPEG"), "JPEG"),
    "cmyk": (encoded(ramp().convert("CMYK"), "JPEG"), "JPEG"),
    "palette": (encoded(ramp().convert("P"), "PNG"), "JPEG"),
    "gif": (encoded(ramp().convert("P"), "GIF"), "JPEG"),
    "1 bit": (encoded(ramp().point(lambda v: 255 * (v > 127)).convert("1"), "PNG"), "JPEG"),
    "opaque alpha": (encoded(ramp().convert("RGBA"), "PNG"), "JPEG"),
    "16 bit": (
        encoded(Image.fromarray(np.asarray(ramp(), np.uint16) * 16), "PNG"),  # uses 12 of 16 bits
        "JPEG",
    ),
    "float": (encoded(Image.fromarray(np.asarray(ramp(), np.float32) / 1000), "TIFF"), "JPEG"),
    "32 bit": (encoded(Image.fromarray(np.asarray(ramp(), np.int32) * 9999), "TIFF"), "JPEG"),
    "webp": (encoded(ramp().convert("RGB"), "WEBP"), "JPEG"),
    "bmp": (encoded(ramp(), "BMP"), "JPEG"),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_keeps_its_dark_and_bright_sides(engine: Engine, mode: str) -> None:
    content, kind = MODES[mode]

    small = opened(engine.media.thumbnail(stored(engine, content), 128))

    assert (small.format, small.size) == (kind, (128, 64))
    grey = np.asarray(small.convert("L"))
    assert grey[:, :8].mean() < 30
    assert grey[:, -8:].mean() > 225


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGBA", (300, 300), (255, 0, 0, 100)),
        Image.new("LA", (300, 300), (255, 100)),
    ],
    ids=lambda picture: picture.mode,
)
def test_a_transparent_picture_becomes_a_png(engine: Engine, picture: Image.Image) -> None:
    small = opened(engine.media.thumbnail(stored(engine, encoded(picture, "PNG")), 128))

    assert (small.format, small.mode, small.getpixel((5, 5))[3]) == ("PNG", "RGBA", 100)


def test_a_transparent_palette_becomes_a_png(engine: Engine) -> None:
    picture = Image.new("P", (300, 300), 0)
    content = encoded(picture, "PNG", transparency=0)

    small = opened(engine.media.thumbnail(stored(engine, content), 128))

    assert (small.format, small.getpixel((5, 5))[3]) == ("PNG", 0)


def test_values_that_are_no_numbers_are_dark(engine: Engine) -> None:
    values = np.full((20, 40), np.nan, np.float32)
    values[:, 20:] = 5
    values[0, 0] = 1
    content = encoded(Image.fromarray(values), "TIFF")

    grey = np.asarray(opened(engine.media.thumbnail(stored(engine, content), 128)).convert("L"))

    assert grey[10, 5] < 20
    assert grey[10, 35] > 235


def test_many_thumbnails_keep_their_order_and_leave_holes(engine: Engine) -> None:
    keys = [stored(engine, encoded(ramp(100 + 10 * n, 50), "PNG")) for n in range(6)]
    sources: list[Source | None] = [Source(f"{n}.png", key) for n, key in enumerate(keys)]
    sources[2] = None
    sources[3] = Source("gone.png", "0" * 40)
    sources[4] = Source("/only/a/path.png", None)

    small = engine.media.thumbnails.many(sources, 512)

    assert small[2:5] == [b"", b"", b""]
    assert [opened(small[n]).width for n in (0, 1, 5)] == [100, 110, 150]


# -- whole pictures for browsers ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_what_browsers_show_goes_to_them_as_it_is(kind: str) -> None:
    content = encoded(ramp(60, 30).convert("RGB"), kind)

    assert pictures.for_browser(content, "a", MOST) == (content, f"image/{kind.lower()}")


@pytest.mark.parametrize("mode", ["16 bit", "float", "32 bit"])
def test_what_browsers_do_not_show_becomes_a_png(mode: str) -> None:
    content, media_type = pictures.for_browser(MODES[mode][0], "a", MOST)

    shown = opened(content)
    assert (media_type, shown.format, shown.size) == ("image/png", "PNG", (600, 300))
    assert (shown.getpixel((0, 5)), shown.getpixel((599, 5))) == (0, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_browser_gets_no_wish_to_turn_the_picture(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = ramp(60, 30).convert("RGB")
    content = encoded(picture, kind, exif=exif)
    assert opened(content).getexif()[0x0112] == 6

    shown_content, _ = pictures.for_browser(content, "a", MOST)

    shown = opened(shown_content)
    assert shown.size == (60, 30)
    assert 0x0112 not in shown.getexif()
    assert np.array_equal(np.asarray(shown), np.asarray(opened(content)))


# -- remote pictures ---------------------------------------------------------------------------


class Site:
    """A web site on the loopback interface that counts what it is asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/a.png": encoded(ramp(), "PNG"), "/big.png": b"x" * 5000}
        self.asked: list[str] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                if self.path == "/slow.png":
                    time.sleep(1.5)
                if self.path == "/elsewhere.png":
                    self.send_response(302)
                    self.send_header("Location", "/a.png")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                content = site.files.get(self.path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                with suppress(BrokenPipeError):  # nobody waits for it any more
                    self.wfile.write(content or b"")

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    yield running
    running.close()


def source(site: Site, path: str) -> Source:
    return Source(site.url + path, None)


def test_a_remote_picture_is_fetched_once(engine: Engine, site: Site) -> None:
    thumbnails = engine.media.thumbnails

    assert opened(thumbnails.of(source(site, "/a.png"), 128)).size == (128, 64)
    assert opened(thumbnails.of(source(site, "/a.png"), 256)).size == (256, 128)
    assert thumbnails.original(source(site, "/a.png")) == site.files["/a.png"]
    assert opened(thumbnails.of(source(site, "/elsewhere.png"), 128)).size == (128, 64)

    assert site.asked == ["/a.png", "/elsewhere.png", "/a.png"]


def test_a_remote_picture_that_fails_is_not_asked_for_again_at_once(
    engine: Engine, site: Site
) -> None:
    for _ in range(3):
        with pytest.raises(MediaError, match=r"could not be fetched.*check the address"):
            engine.media.thumbnails.of(source(site, "/missing.png"), 128)
    assert engine.media.thumbnails.many([source(site, "/missing.png")] * 3, 128) == [b""] * 3

    assert site.asked == ["/missing.png"]


def test_a_server_that_nobody_runs_is_named(engine: Engine) -> None:
    with pytest.raises(MediaError, match=r"http://127.0.0.1:9/a.png could not be fetched"):
        engine.media.thumbnails.of(Source("http://127.0.0.1:9/a.png", None), 128)


def test_size_time_and_rules_limit_what_is_fetched(workspace: Path, site: Site) -> None:
    settings = Settings(
        max_file_bytes=4000, fetch_timeout_s=0.4, fetch=(f"{site.url}/*", "http://127.0.0.1/x")
    )
    limited = Engine(workspace, settings=settings)
    try:
        thumbnails = limited.media.thumbnails
        with pytest.raises(MediaError, match="more than the 4,000 bytes that are allowed"):
            thumbnails.of(source(site, "/big.png"), 128)
        start = time.monotonic()
        with pytest.raises(MediaError, match=r"slow.png"):
            thumbnails.of(source(site, "/slow.png"), 128)
        assert time.monotonic() - start < 1.4
        with pytest.raises(ForbiddenError, match="may not be fetched; allowed are: http://127"):
            thumbnails.of(Source("https://example.org/a.png", None), 128)
    finally:
        limited.close()
    assert site.asked == ["/big.png", "/slow.png"]


def test_a_server_fetches_nothing_by_default(workspace: Path, site: Site) -> None:
    serving = Engine(workspace, settings=Settings.load(workspace, serving=True, environment={}))
    try:
        with pytest.raises(ForbiddenError, match=r"allowed are: none. Add a pattern to fetch"):
            serving.media.thumbnails.of(source(site, "/a.png"), 128)
        assert serving.media.thumbnails.many([source(site, "/a.png")], 128) == [b""]
    finally:
        serving.close()
    assert site.asked == []


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("https://*", "https://any.example:8443/a.png", True),
        ("https://*", "http://any.example/a.png", False),
        ("https://*.example.org/*", "https://a.example.org/p/a.png", True),
        ("https://*.example.org/*", "https://evil.com/.example.org/a.png", False),
        ("https://*.example.org/*", "https://evil.com#.example.org/a.png", False),
        ("https://good.org/*", "https://good.org@evil.com/a.png", False),
        ("https://good.org/*", "https://GOOD.org/a.png", True),
        ("https://good.org/*", "https://good.org:8443/a.png", False),
        ("https://good.org:8443/*", "https://good.org:8443/a.png", True),
        ("https://good.org/*", "https://good.org:443/a.png", True),
        ("https://good.org/photos/*", "https://good.org/private/a.png", False),
        ("https://good.org", "https://good.org/a.png", True),
        ("s3://bucket/*", "s3://bucket/a.png", True),
        ("s3://bucket/*", "s3://bucket2/a.png", False),
        ("https://*", "https://[::1/a.png", False),
        ("https://good.org/*", "https://good.org:99999/a.png", False),
        ("https://*", "file:///etc/passwd", False),
    ],
)
def test_a_pattern_allows_only_what_it_says(pattern: str, url: str, allowed: bool) -> None:
    if allowed:
        check_allowed(url, (pattern,))
    else:
        with pytest.raises(ForbiddenError):
            check_allowed(url, (pattern,))


def test_a_disk_that_takes_nothing_still_shows_pictures(engine: Engine) -> None:
    key = stored(engine, encoded(ramp(), "PNG"))
    (engine.workspace / "thumbnails").write_text("in the way")

    assert opened(engine.media.thumbnail(key, 128)).size == (128, 64)
