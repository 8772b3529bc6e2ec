"""Cutting videos into pictures with PyAV, without losing anything the decoder gives.

Pictures that are whole JPEG files in the video (Motion JPEG) are taken out as they are; of every
other codec the decoded picture is stored as PNG. A video is never turned, like a photograph.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.engine.scene_wire import MOST_VIDEO_FRAMES
from nucleus_lab.errors import MediaError
from nucleus_lab.wire import FilePart

if TYPE_CHECKING:
    from pathlib import Path

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.pictures import Picture

_AT_ONCE: Final = 16
"""Pictures in memory at a time; one of 4K takes 25 MB."""

_DAMAGED_AHEAD: Final = "is damaged or cut off"


@dataclass(slots=True)
class Cut:
    """The pictures of a video.

    Attributes:
        frame_rate: Pictures a second.
        pictures: In order.
    """

    frame_rate: float
    pictures: list[Picture] = field(default_factory=list)


# The demuxer is chosen here and not by probing: play lists (HLS, concat) are among those that
# FFmpeg would find by itself, and they make it open other files and URLs.
_CONTAINERS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (4, b"free", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (0, b"OggS", "ogg"),
    (0, b"FLV", "flv"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\x47", "mpegts"),
)


def container_of(content: bytes, name: str) -> str:
    """Tell the container of a video by its first bytes.

    Args:
        content: The file, or its head.
        name: What the caller calls it.

    Returns:
        Name of the demuxer.

    Raises:
        MediaError: It is no video that can be read.
    """
    if not content:
        raise MediaError(f"{name} is empty (0 bytes): copy or download it again", path=name)
    for at, mark, demuxer in _CONTAINERS:
        if content[at : at + len(mark)] == mark:
            return demuxer
    raise MediaError(
        f"{name} is no video that can be read: MP4, MOV, MKV, WebM, AVI, OGG, FLV and MPEG are "
        "possible",
        path=name,
    )


def ingest(engine: Engine, part: FilePart) -> str:
    """Store the file of a video until its job cuts it.

    Args:
        engine: The workspace.
        part: The file.

    Returns:
        Its key in the media store.
    """
    return engine.media.store(part, container_of)


def cut(
    engine: Engine, path: Path, name: str, progress: Callable[[int], object] = lambda _done: None
) -> Cut:
    """Store every picture of a video.

    Args:
        engine: The workspace.
        path: The video.
        name: What the caller calls it.
        progress: Called with the number of pictures that are stored.

    Returns:
        The stored pictures and the frame rate.

    Raises:
        MediaError: It is no video, damaged, cut off, too long, or PyAV is missing.
    """
    try:
        import av
    except ImportError as fault:
        raise MediaError(
            f"{name} cannot be cut into pictures without PyAV: install it with  pip install "
            "'nucleus-lab[video]', or upload the pictures as items of the VideoScene",
            path=name,
        ) from fault
    with path.open("rb") as file:
        demuxer = container_of(file.read(16), name)
    made = Cut(0.0)
    waiting: list[FilePart] = []

    def store() -> None:
        for picture in engine.media.ingest_many(waiting):
            if isinstance(picture, MediaError):
                raise picture
            made.pictures.append(picture)
        waiting.clear()
        progress(len(made.pictures))

    try:
        with av.open(
            str(path), format=demuxer, options={"protocol_whitelist": "file"}
        ) as container:
            if not container.streams.video:
                raise MediaError(f"{name} has no video stream, only sound or data", path=name)
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            rate = stream.average_rate or stream.guessed_rate
            made.frame_rate = float(rate) if rate else 0.0
            for content in _pictures(container, stream, engine.settings.max_pixels, name):
                at = len(made.pictures) + len(waiting)
                if at >= MOST_VIDEO_FRAMES:
                    raise _too_long(stream.frames, name)
                waiting.append(FilePart("image", f"{name}#frame={at}", content=content))
                if len(waiting) >= _AT_ONCE:
                    store()
            store()
    except (av.FFmpegError, EOFError) as fault:
        raise MediaError(
            f"{name} {_DAMAGED_AHEAD} after picture {len(made.pictures) + len(waiting)} ({fault}): "
            "copy or download it again",
            path=name,
        ) from fault
    if not made.pictures:
        raise MediaError(f"{name} holds no picture: it {_DAMAGED_AHEAD}", path=name)
    if not made.frame_rate > 0:
        raise MediaError(
            f"{name} does not say how many pictures a second it has: convert it to MP4", path=name
        )
    return made


def _too_long(announced: int, name: str) -> MediaError:
    shown = f"{announced:,}" if announced > MOST_VIDEO_FRAMES else "more"
    return MediaError(
        f"{name} has {shown} pictures and a scene takes {MOST_VIDEO_FRAMES:,}: cut the video into "
        "shorter ones, or lower its frame rate",
        path=name,
    )


def _pictures(container: Any, stream: Any, max_pixels: int, name: str) -> Iterator[bytes]:
    """Yield each picture as a file."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > max_pixels:
        raise MediaError(
            f"{name} has {width} x {height} pixels and {max_pixels / 1e6:g} megapixels are "
            "allowed: shrink it, or raise max_pixels in settings.toml of the workspace",
            path=name,
        )
    if stream.frames > MOST_VIDEO_FRAMES:
        raise _too_long(stream.frames, name)
    whole = stream.codec_context.name == "mjpeg"
    packets = 0
    for packet in container.demux(stream):
        packets += bool(packet.size)
        if getattr(packet, "is_corrupt", False):
            raise MediaError(f"{name} {_DAMAGED_AHEAD}: copy or download it again", path=name)
        content = bytes(packet) if whole and packet.size else b""
        if content and _stands_alone(content):
            yield content
            continue
        for frame in packet.decode():
            if frame.is_corrupt:
                raise MediaError(f"{name} {_DAMAGED_AHEAD}: copy or download it again", path=name)
            yield _png(frame)
    if packets < stream.frames:
        raise MediaError(
            f"{name} announces {stream.frames:,} pictures and holds {packets:,}: it is cut off; "
            "copy or download it again",
            path=name,
        )


def _stands_alone(content: bytes) -> bool:
    """Say whether a packet is a JPEG file; those of old cameras lack the Huffman tables."""
    begins_and_ends = content[:2] == b"\xff\xd8" and b"\xff\xd9" in content[-64:]
    return begins_and_ends and b"\xff\xc4" in content


def _png(frame: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
