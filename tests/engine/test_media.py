"""The media store: whole pictures go in once, anything else is refused with name and remedy."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import insert

from nucleus_lab.engine import Engine
from nucleus_lab.engine import media as media_module
from nucleus_lab.engine.pictures import Picture
from nucleus_lab.errors import MediaError, NotFoundError, StorageFullError
from nucleus_lab.wire import FilePart


def noise(width: int = 64, height: int = 48, channels: int = 3, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(values.squeeze())


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def part(path: Path, content: bytes | None = None) -> FilePart:
    if content is not None:
        path.write_bytes(content)
    return FilePart("image", str(path), str(path))


def stored_files(engine: Engine) -> list[str]:
    return sorted(path.name for path in (engine.workspace / "media").rglob("*") if path.is_file())


@pytest.fixture
def engine(workspace: Path) -> Any:
    opened = Engine(workspace)
    yield opened
    opened.close()


SIXTEEN = Image.fromarray(np.random.default_rng(0).integers(0, 60_000, (48, 64)).astype(np.uint16))
KINDS: dict[str, tuple[Image.Image, str, dict[str, Any], str]] = {
    "jpeg": (noise(), "JPEG", {}, "JPEG"),
    "jpeg progressive": (noise(), "JPEG", {"progressive": True}, "JPEG"),
    "jpeg grey": (noise(channels=1), "JPEG", {}, "JPEG"),
    "jpeg cmyk": (noise().convert("CMYK"), "JPEG", {}, "JPEG"),
    "png": (noise(), "PNG", {}, "PNG"),
    "png alpha": (noise(channels=4), "PNG", {}, "PNG"),
    "png 16 bit": (SIXTEEN, "PNG", {}, "PNG"),
    "png palette": (noise().convert("P"), "PNG", {}, "PNG"),
    "png 1 bit": (noise().convert("1"), "PNG", {}, "PNG"),
    "gif": (noise().convert("P"), "GIF", {}, "GIF"),
    "webp": (noise(), "WEBP", {}, "WEBP"),
    "webp lossless alpha": (noise(channels=4), "WEBP", {"lossless": True}, "WEBP"),
    "tiff": (noise(), "TIFF", {}, "TIFF"),
    "tiff 16 bit": (SIXTEEN, "TIFF", {"compression": "tiff_lzw"}, "TIFF"),
    "tiff float": (Image.fromarray(np.ones((48, 64), np.float32)), "TIFF", {}, "TIFF"),
    "bmp": (noise(), "BMP", {}, "BMP"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_is_stored_as_it_is(
    engine: Engine, tmp_path: Path, kind: str
) -> None:
    picture, extension, options, name = KINDS[kind]
    content = encoded(picture, extension, **options)

    stored = engine.media.ingest(part(tmp_path / "a.anything", content))

    assert stored == Picture(stored.key, 64, 48, name)
    assert engine.media.read(stored.key) == content
    assert stored_files(engine) == [stored.key]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"gif"}])
def test_a_picture_that_is_cut_off_is_refused(engine: Engine, tmp_path: Path, kind: str) -> None:
    picture, extension, options, _ = KINDS[kind]
    content = encoded(picture, extension, **options)
    path = tmp_path / "half.img"

    for share in (0.5, 0.9):
        with pytest.raises(MediaError) as refusal:
            engine.media.ingest(part(path, content[: int(len(content) * share)]))

        assert str(path) in str(refusal.value)
        assert "copy or download it again" in str(refusal.value)
    assert stored_files(engine) == []


def test_a_gif_that_is_cut_off_in_its_first_frame_is_refused(
    engine: Engine, tmp_path: Path
) -> None:
    content = encoded(noise().convert("P"), "GIF")

    with pytest.raises(MediaError, match="copy or download it again"):
        engine.media.ingest(part(tmp_path / "half.gif", content[:1500]))


def test_the_same_content_is_stored_once(engine: Engine, tmp_path: Path) -> None:
    content = encoded(noise(), "PNG")

    first = engine.media.ingest(part(tmp_path / "a.png", content))
    second = engine.media.ingest(FilePart("image", "b.png", content=content))

    assert first == second
    assert stored_files(engine) == [first.key]


def test_a_png_named_jpg_is_a_png(engine: Engine, tmp_path: Path) -> None:
    stored = engine.media.ingest(part(tmp_path / "a.jpg", encoded(noise(), "PNG")))

    assert stored.format == "PNG"


def test_the_size_is_that_of_the_stored_pixels_whatever_exif_says(
    engine: Engine, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to look at it

    stored = engine.media.ingest(part(tmp_path / "a.jpg", encoded(noise(), "JPEG", exif=exif)))

    assert (stored.width, stored.height) == (64, 48)


def _sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def _unreadable(path: Path) -> Path:
    path.write_bytes(b"secret")
    path.chmod(0)
    return path


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


BAD: dict[str, tuple[Any, str]] = {
    "missing": (lambda folder: folder / "no.jpg", "does not exist: check the path"),
    "in a missing folder": (lambda folder: folder / "no" / "no.jpg", "does not exist"),
    "below a file": (
        lambda folder: _written(folder / "f", b"") / "no.jpg",
        "cannot be read",
    ),
    "a folder": (lambda folder: folder, "is a folder: give the path of a picture"),
    "a pipe": (lambda folder: _pipe(folder / "pipe"), "is no regular file"),
    "empty": (lambda folder: _written(folder / "a.jpg", b""), "is empty (0 bytes)"),
    "text": (
        lambda folder: _written(folder / "a.jpg", b"hello " * 99),
        "is not a picture that can be read: JPEG, PNG",
    ),
    "postscript": (
        lambda folder: _written(folder / "a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n" * 20),
        "is not a picture",
    ),
    "a header and nothing else": (
        lambda folder: _written(folder / "a.png", b"\x89PNG\r\n\x1a\n"),
        "damaged or cut off",
    ),
    "too many bytes": (
        lambda folder: _sparse(folder / "big.jpg", 600 * 1024 * 1024),
        "bytes and 536,870,912 are allowed: shrink it, or raise max_file_bytes",
    ),
    "a name with a null byte": (lambda _: "a\0b.jpg", "cannot be read"),
    "a name that is too long": (lambda folder: folder / ("x" * 300), "cannot be read"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_its_name_and_a_remedy(
    engine: Engine, tmp_path: Path, case: str
) -> None:
    make, message = BAD[case]
    path = str(make(tmp_path))

    with pytest.raises(MediaError) as refusal:
        engine.media.ingest(FilePart("image", path, path))

    assert path in str(refusal.value)
    assert message in str(refusal.value)
    assert refusal.value.details["path"] == path
    assert stored_files(engine) == []


def test_a_file_of_someone_else_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(noise(), "JPEG"))
    path.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(MediaError, match="may not be read by this user"):
            engine.media.ingest(part(path))
        return
    # Root may read everything: ask as somebody who may not, from a folder that he may enter.
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    program = (
        "import os, sys; from nucleus_lab.engine import media\n"
        "from nucleus_lab.wire import FilePart\n"
        "from nucleus_lab.errors import MediaError\n"
        "os.setgid(65534); os.setuid(65534); path = sys.argv[1]\n"
        "try: media._content(FilePart('image', path, path), path, 10**6)\n"
        "except MediaError as refusal: print(refusal)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == (
        f"{path} may not be read by this user: change its permissions, or those of its folder"
    )


def test_a_picture_of_200_megapixels_is_refused_before_it_is_decoded(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (20_000, 10_000)).save(path)
    before = time.process_time()

    with pytest.raises(MediaError) as refusal:
        engine.media.ingest(part(path))

    assert time.process_time() - before < 0.2
    assert str(refusal.value) == (
        f"{path} has 20000 x 10000 pixels (200 megapixels) and 120 megapixels are allowed: "
        "cut or shrink it, or raise max_pixels in settings.toml of the workspace"
    )


def test_a_large_picture_within_the_limit_is_stored_without_a_warning(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    Image.new("1", (11_000, 10_000)).save(path)  # above the limit at which Pillow warns

    assert engine.media.ingest(part(path)).width == 11_000


def test_many_files_keep_their_order_and_a_bad_one_stands_for_itself(
    engine: Engine, tmp_path: Path
) -> None:
    parts = [
        part(tmp_path / f"{index}.png", encoded(noise(seed=index, width=10 + index), "PNG"))
        for index in range(40)
    ]
    parts[7] = part(tmp_path / "missing.png")

    stored = engine.media.ingest_many(parts)

    assert isinstance(stored[7], MediaError)
    widths = [one.width if isinstance(one, Picture) else None for one in stored]
    assert widths == [None if index == 7 else 10 + index for index in range(40)]
    assert len(stored_files(engine)) == 39


def test_a_full_disk_keeps_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(media_module.os, "fsync", full)

    with pytest.raises(StorageFullError, match="no space left"):
        engine.media.ingest(part(tmp_path / "a.png", encoded(noise(), "PNG")))
    with pytest.raises(StorageFullError):
        engine.media.ingest_many([
            part(tmp_path / f"{n}.png", encoded(noise(seed=n), "PNG")) for n in range(5)
        ])

    assert stored_files(engine) == []


def test_a_process_killed_while_it_writes_leaves_nothing_that_counts(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(noise(), "PNG"))
    program = (
        "import os, sys, signal; from nucleus_lab.engine import Engine\n"
        "from nucleus_lab.wire import FilePart\n"
        "engine = Engine(sys.argv[1])\n"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)\n"
        "engine.media.ingest(FilePart('image', sys.argv[2], sys.argv[2]))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(engine.workspace), str(path)])
    assert done.returncode == -9
    (left,) = stored_files(engine)
    assert left.endswith(".part")

    stored = engine.media.ingest(part(path))

    assert engine.media.sweep(grace_s=-1) == 2  # what was left, and the picture that no row names
    assert stored_files(engine) == []
    assert engine.media.ingest(part(path)) == stored


def _refer(engine: Engine, key: str) -> None:
    from nucleus_lab.engine import datasets
    from nucleus_lab.engine.schema import item

    with engine.store.write() as connection:
        dataset = datasets.create(connection, "d")
        connection.execute(
            insert(item).values(
                dataset_id=dataset,
                reference_id="a",
                position=0,
                kind="image",
                location="a.png",
                media_key=key,
                created_at=0,
            )
        )


def _refer_mask(engine: Engine, key: str) -> None:
    from sqlalchemy import select

    from nucleus_lab.annotation.segmentation import MASK
    from nucleus_lab.engine.schema import annotation, item

    with engine.store.write() as connection:
        connection.execute(
            insert(annotation).values(
                item_id=connection.scalar(select(item.c.id)),
                annotation_id="m",
                type=MASK.code,
                geometry='{"mask_url":"/m.png","annotations":[]}',
                extra=f'{{"media_key":"{key}"}}',
            )
        )


def test_a_sweep_takes_old_files_that_no_row_names(engine: Engine, tmp_path: Path) -> None:
    kept, mask, young, old = (
        engine.media.ingest(part(tmp_path / f"{n}.png", encoded(noise(seed=n), "PNG"))).key
        for n in range(4)
    )
    _refer(engine, kept)
    _refer_mask(engine, mask)
    engine.media.thumbnail(old, 128)
    for key in (kept, mask, old):
        os.utime(engine.media.path(key), (1, 1))

    assert engine.media.sweep(grace_s=3600) == 1

    assert stored_files(engine) == sorted([kept, mask, young])
    assert not [path for path in (engine.workspace / "thumbnails").rglob("*") if path.is_file()]


def test_asking_to_store_a_file_again_keeps_it_from_a_sweep(engine: Engine, tmp_path: Path) -> None:
    given = part(tmp_path / "a.png", encoded(noise(), "PNG"))
    key = engine.media.ingest(given).key
    os.utime(engine.media.path(key), (1, 1))

    engine.media.ingest(given)

    assert engine.media.sweep(grace_s=3600) == 0
    assert engine.media.read(key)


def test_sweeps_never_lose_a_file_that_is_being_stored(engine: Engine, tmp_path: Path) -> None:
    content = encoded(noise(width=8, height=8), "PNG")
    path = tmp_path / "a.png"
    given = part(path, content)
    stop = threading.Event()

    def sweep() -> None:
        while not stop.is_set():
            engine.media.sweep(grace_s=30)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(200):
            key = engine.media.ingest(given).key
            assert engine.media.read(key) == content
            with suppress(FileNotFoundError):  # set aside by the sweep for a moment
                os.utime(engine.media.path(key), (1, 1))  # as if it had been there for long
    finally:
        stop.set()
        sweeper.join()


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "x" * 39, "é/" * 20])
def test_what_is_no_key_names_no_file(engine: Engine, key: str) -> None:
    with pytest.raises(NotFoundError):
        engine.media.open(key)


def test_a_stored_file_that_was_deleted_by_hand_is_named(engine: Engine, tmp_path: Path) -> None:
    key = engine.media.ingest(part(tmp_path / "a.png", encoded(noise(), "PNG"))).key
    engine.media.path(key).unlink()

    with pytest.raises(NotFoundError, match="is missing from the workspace: restore"):
        engine.media.open(key)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "folder", ["bccd/images", "coco40_panoptic_yolo", "ei_formats", "sign_digits"]
)
def test_real_pictures_are_stored(engine: Engine, shared_data: Path, folder: str) -> None:
    paths = [
        path
        for path in sorted((shared_data / folder).rglob("*"))
        if path.suffix.lower() in {".jpg", ".png", ".jpeg"}
    ]

    stored = engine.media.ingest_many([part(path) for path in paths])

    assert [one for one in stored if isinstance(one, MediaError)] == []
    for path, one in zip(paths[:20], stored, strict=False):
        assert isinstance(one, Picture)
        with Image.open(path) as picture:
            assert (one.width, one.height) == picture.size
