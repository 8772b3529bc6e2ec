"""Payloads of scenes, and what is checked of them before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec

from nucleus_lab import wire
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.uploading import Extent, Name
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local

MOST_VIDEO_FRAMES: Final = 3_000
"""Frames of one video at most, as documented."""

Rate = Annotated[float, msgspec.Meta(gt=0)]
_Key = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}$")]


class SceneItemWire(msgspec.Struct, kw_only=True, gc=False):
    """Payload of a picture or point cloud inside a scene.

    Attributes:
        reference_id: The caller's id of it.
        url: Where it is.
        type: ``image`` or ``pointcloud``; told by the ending of the URL when absent.
        metadata: Mapping of anything JSON can hold.
        camera_params: Camera of a picture; also accepted inside ``metadata``.
        width: Pixels.
        height: Pixels.
        stored: Key of a file that was sent ahead, for a ``url`` that is a local path.
        phash: What the picture that was sent ahead looks like, as the answer to it said.
        image_url: Accepted in place of ``url``.
        pointcloud_url: Accepted in place of ``url``.
    """

    reference_id: Name
    url: Name | None = None
    type: str | None = None
    metadata: dict[str, Any] | None = None
    camera_params: dict[str, Any] | None = None
    width: Extent | None = None
    height: Extent | None = None
    stored: _Key | None = None
    phash: Annotated[str, msgspec.Meta(pattern="^[01]{64}$")] | None = None
    image_url: Name | None = None
    pointcloud_url: Name | None = None


class TrackWire(msgspec.Struct, kw_only=True):
    """Payload of a track that travels with a scene.

    Attributes:
        reference_id: Its name.
        metadata: What is known about it.
    """

    reference_id: Name
    metadata: dict[str, Any] | None = None


class LidarSceneWire(msgspec.Struct, kw_only=True):
    """Payload of a lidar scene.

    Attributes:
        reference_id: The caller's id of it.
        frames: Items by the name of their sensor.
        metadata: Mapping of anything JSON can hold.
        tracks: Tracks that travel along.
        update: Overwrite; overrides what the request says.
    """

    reference_id: Name
    frames: list[dict[str, SceneItemWire]]
    metadata: dict[str, Any] | None = None
    tracks: list[TrackWire] = []
    update: bool | None = None


class VideoSceneWire(msgspec.Struct, kw_only=True):
    """Payload of a video scene.

    Attributes:
        reference_id: The caller's id of it.
        frame_rate: Pictures a second.
        video_url: Where the video is.
        frames: Its pictures in order.
        metadata: Mapping of anything JSON can hold.
        upload_to_scale: ``False`` in privacy mode: nothing is fetched.
        tracks: Tracks that travel along.
        stored: Key of the video where it was sent ahead.
        update: Overwrite; overrides what the request says.
    """

    reference_id: Name
    frame_rate: Rate | None = None
    video_url: Name | None = None
    frames: list[SceneItemWire] = []
    metadata: dict[str, Any] | None = None
    upload_to_scale: bool | None = None
    tracks: list[TrackWire] = []
    stored: _Key | None = None
    update: bool | None = None


@dataclass(slots=True)
class SceneRow:
    """One scene to be stored.

    Attributes:
        reference_id: Unique in the dataset.
        type: ``lidar`` or ``video``.
        items: Frame index, sensor (``None`` in a video) and item, frame by frame.
        metadata: JSON text, ``None`` when empty.
        frame_rate: Pictures a second.
        video_url: Where the video is.
        video_key: Stored file of the video, where it was sent ahead.
        cut: Whether the items are still to be cut out of the video.
        tracks: Name and metadata of the tracks that travel along.
    """

    reference_id: str
    type: str
    items: list[tuple[int, str | None, ItemRow]] = field(default_factory=list)
    metadata: str | None = None
    frame_rate: float | None = None
    video_url: str | None = None
    video_key: str | None = None
    cut: bool = False
    tracks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def item_names(self) -> list[str]:
        """Reference ids of the items in order."""
        return [entry.reference_id for _, _, entry in self.items]


def lidar_row(payload: LidarSceneWire) -> SceneRow:
    """Check a lidar scene.

    Args:
        payload: Its payload.

    Returns:
        What to store.

    Raises:
        InvalidInputError: No frame, a frame without exactly one point cloud, point clouds of
            several sensors, or an item twice; the message names the scene and the frame.
    """
    name = f"scene {payload.reference_id!r}"
    if not payload.frames:
        raise InvalidInputError(f"{name} has no frame: add one")
    row = _row(payload, "lidar")
    sensors: dict[str, None] = {}
    for index, frame in enumerate(payload.frames):
        clouds = []
        for sensor, entry in frame.items():
            ready = _item(entry, f"frame {index} of {name}")
            row.items.append((index, sensor, ready))
            if ready.kind == "pointcloud":
                clouds.append(sensor)
        if len(clouds) != 1:
            raise InvalidInputError(
                f"frame {index} of {name} has {len(clouds)} point clouds: each frame has exactly "
                "one"
            )
        sensors[clouds[0]] = None
    if len(sensors) > 1:
        raise InvalidInputError(
            f"the point clouds of {name} come from the sensors {', '.join(sensors)}: all must have "
            "one sensor name"
        )
    _refuse_twice(row)
    return row


def video_row(payload: VideoSceneWire, *, privacy: bool) -> SceneRow:
    """Check a video scene.

    Args:
        payload: Its payload.
        privacy: Whether the dataset keeps URLs only.

    Returns:
        What to store; ``cut`` says that its pictures are still to be cut out of the video.

    Raises:
        InvalidInputError: Neither or both of pictures and a video, a frame rate that is missing or
            too much, a point cloud, too many pictures, or one twice.
    """
    name = f"scene {payload.reference_id!r}"
    private = privacy or payload.upload_to_scale is False
    if not payload.frames and not payload.video_url:
        raise InvalidInputError(f"{name} has neither frames nor a video_url: give one of both")
    if payload.frames and payload.video_url and not private:
        raise InvalidInputError(f"{name} has frames and a video_url: give one of both")
    if payload.frames and payload.frame_rate is None:
        raise InvalidInputError(f"{name} has frames and no frame_rate: give pictures a second")
    if not payload.frames and payload.frame_rate is not None:
        raise InvalidInputError(f"{name} has a video_url: leave frame_rate out, the video has it")
    if not payload.frames and private:
        raise InvalidInputError(
            f"{name} has a video_url and no frames: in privacy mode nothing is fetched, so give "
            "the URL of each frame as well"
        )
    if len(payload.frames) > MOST_VIDEO_FRAMES:
        raise InvalidInputError(
            f"{name} has {len(payload.frames):,} frames and {MOST_VIDEO_FRAMES:,} are possible: "
            "cut it into several scenes"
        )
    row = _row(payload, "video")
    row.frame_rate, row.video_url = payload.frame_rate, payload.video_url
    row.video_key, row.cut = payload.stored, not payload.frames
    for index, entry in enumerate(payload.frames):
        ready = _item(entry, name)
        if ready.kind != "image":
            raise InvalidInputError(
                f"{name} has the point cloud {ready.reference_id!r}: a video has pictures only"
            )
        row.items.append((index, None, ready))
    _refuse_twice(row)
    return row


def _row(payload: LidarSceneWire | VideoSceneWire, kind: str) -> SceneRow:
    metadata = wire.encode(payload.metadata).decode() if payload.metadata else None
    tracks = {track.reference_id: track.metadata or {} for track in payload.tracks}
    return SceneRow(payload.reference_id, kind, metadata=metadata, tracks=tracks)


def _item(entry: SceneItemWire, where: str) -> ItemRow:
    places = [place for place in (entry.url, entry.image_url, entry.pointcloud_url) if place]
    if len(places) != 1:
        raise InvalidInputError(
            f"item {entry.reference_id!r} in {where} has {len(places)} locations: give one url",
            reference_id=entry.reference_id,
        )
    if entry.type not in {None, "image", "pointcloud"}:
        raise InvalidInputError(
            f"item {entry.reference_id!r} in {where} has the type {entry.type!r}: use image or "
            "pointcloud",
            reference_id=entry.reference_id,
        )
    if is_local(places[0]) and entry.stored is None:
        raise InvalidInputError(
            f"{places[0]!r} of item {entry.reference_id!r} in {where} is a local path and no file "
            "came along: give a URL, or upload through nucleus_lab, which sends local files",
            reference_id=entry.reference_id,
        )
    kind = entry.type or _kind(entry, places[0])
    metadata = dict(entry.metadata or {})
    if entry.camera_params is not None:
        metadata["camera_params"] = entry.camera_params
    return ItemRow(
        entry.reference_id,
        kind,
        places[0],
        entry.stored,
        entry.width,
        entry.height,
        wire.encode(metadata).decode() if metadata else None,
        phash=entry.phash if entry.stored and kind == "image" else None,
    )


def _kind(entry: SceneItemWire, place: str) -> str:
    if entry.pointcloud_url or (entry.url and place.lower().endswith((".json", ".pcd", ".ply"))):
        return "pointcloud"
    return "image"


def _refuse_twice(row: SceneRow) -> None:
    names: Sequence[str] = row.item_names
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise InvalidInputError(
            f"scene {row.reference_id!r} has two items {twice!r}: reference ids must differ"
        )
