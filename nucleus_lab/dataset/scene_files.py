"""Sending the local files of scenes ahead: pictures, point clouds and videos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from nucleus_lab.dataset.base import segment
from nucleus_lab.dataset.uploads import MOST_FILES, refuse_missing
from nucleus_lab.errors import InvalidInputError, MediaError
from nucleus_lab.location import is_local
from nucleus_lab.scene import Scene, VideoScene
from nucleus_lab.transport.connection import Connection
from nucleus_lab.wire import FilePart

_SEEN: Final = ("width", "height", "phash")
_MOST_BYTES: Final = 64_000_000
_EMBEDDED_FILES: Final = 64

_File = tuple[str, str, str]
"""What it is (``image``, ``pointcloud``, ``video``), path, and whose it is."""


def payloads_of(
    client: Connection, dataset_id: str, scenes: Sequence[Scene]
) -> list[dict[str, Any]]:
    """Make the payloads of scenes; their local files are sent first.

    Args:
        client: The connection that asks.
        dataset_id: Id of the dataset.
        scenes: The scenes.

    Returns:
        A payload a scene; each local file in it carries the key under which it is stored.
    """
    payloads = [scene.to_payload() for scene in scenes]
    files = list(dict.fromkeys(_local_files(scenes)))
    if not files:
        return payloads
    refuse_missing((name, path) for _, path, name in files)
    stored = _send(client, dataset_id, {(kind, path): name for kind, path, name in files})
    for scene, payload in zip(scenes, payloads, strict=True):
        video = payload.get("video_url")
        if video and ("video", video) in stored:
            payload["stored"] = stored["video", video]["key"]
        frames = payload.get("frames") or ()
        entries = frames if isinstance(scene, VideoScene) else _inside(frames)
        for item in entries:
            found = stored.get((item["type"], item["url"]))
            if found:
                item["stored"] = found["key"]
                item |= {name: found[name] for name in _SEEN if found.get(name)}
    return payloads


def _inside(frames: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for frame in frames:
        yield from frame.values()


def _local_files(scenes: Sequence[Scene]) -> Iterator[_File]:
    for scene in scenes:
        whole = scene.video_location if isinstance(scene, VideoScene) and not scene.items else None
        if whole and is_local(whole):
            yield "video", whole, scene.reference_id
        for item in scene.get_items():
            if item.local:
                kind = "image" if item.image_location else "pointcloud"
                yield kind, item.location, str(item.reference_id)


def _send(
    client: Connection, dataset_id: str, files: dict[tuple[str, str], str]
) -> dict[tuple[str, str], dict[str, Any]]:
    route = f"lab/dataset/{segment(dataset_id)}/files"
    most = _EMBEDDED_FILES if client.embedded else MOST_FILES
    stored: dict[tuple[str, str], dict[str, Any]] = {}
    for group in _groups(list(files), most):
        parts = [FilePart(kind, path, path=str(Path(path).absolute())) for kind, path in group]
        answer = client.make_request({}, route, files=parts)["stored"]
        for (kind, path), entry in zip(group, answer, strict=True):
            if "error" in entry:
                raise MediaError(
                    f"{entry['error']} (of {files[kind, path]}); nothing was uploaded", path=path
                )
            stored[kind, path] = entry
    return stored


def _groups(files: Sequence[tuple[str, str]], most: int) -> Iterator[list[tuple[str, str]]]:
    group: list[tuple[str, str]] = []
    size = 0
    for entry in files:
        more = Path(entry[1]).stat().st_size
        if group and (len(group) >= most or size + more > _MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(entry)
        size += more
    if group:
        yield group


def one_kind(scenes: Sequence[Any]) -> str:
    """Tell the kind of scenes.

    Args:
        scenes: The scenes.

    Returns:
        ``lidar`` or ``video``.

    Raises:
        InvalidInputError: There is none, one is no scene, or they are of both kinds.
    """
    if not scenes:
        raise InvalidInputError("there is nothing to upload: the list is empty")
    for index, scene in enumerate(scenes):
        if not isinstance(scene, Scene):
            raise InvalidInputError(
                f"items[{index}] is a {type(scene).__name__}: a dataset of scenes takes "
                "LidarScene or VideoScene"
            )
    kinds = {scene.TYPE for scene in scenes}
    if len(kinds) > 1:
        raise InvalidInputError(
            "lidar and video scenes cannot be uploaded in one call: make a call for each kind"
        )
    return str(kinds.pop())
