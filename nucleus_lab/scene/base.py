"""What lidar and video scenes share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from nucleus_lab.bulk import listed
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import DuplicateIDError, InvalidInputError
from nucleus_lab.track import Track
from nucleus_lab.wire import encode

LARGEST_INDEX: Final = 100_000
"""Frames may be added in any order; an index above this is surely no count of frames."""


class Scene:
    """Base of all scenes: items that belong together in space and time.

    ``Scene.from_json`` reads a payload of either kind.
    """

    __slots__ = ()

    TYPE: ClassVar[str] = ""
    """Name of the kind on the wire."""

    reference_id: str
    metadata: dict[str, Any] | None
    tracks: list[Track]

    @classmethod
    def from_json(
        cls, payload: dict[str, Any], client: Any = None, skip_validate: bool = False
    ) -> Scene:
        """Make the scene that a payload describes.

        Args:
            payload: What :meth:`to_payload` returns, or a row of an answer.
            client: Sends later updates of the scene's tracks.
            skip_validate: Take an incomplete scene, such as a row of a slice.

        Returns:
            A :class:`~nucleus_lab.scene.VideoScene` or :class:`~nucleus_lab.scene.LidarScene`;
            the answer's ``type`` decides, else what only one of both has.
        """
        from nucleus_lab.scene.lidar import LidarScene
        from nucleus_lab.scene.video import VideoScene

        if payload.get("type") == VideoScene.TYPE or _looks_like_video(payload):
            return VideoScene.from_json(payload, client)
        return LidarScene.from_json(payload, client, skip_validate)

    def get_items(self) -> list[DatasetItem]:
        """Return all items of the scene.

        Returns:
            The items in the order of their frames.
        """
        raise NotImplementedError

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            A mapping that JSON can hold.
        """
        raise NotImplementedError

    def to_json(self) -> str:
        """Return the payload as JSON text.

        Returns:
            Compact JSON.
        """
        return encode(self.to_payload()).decode()

    def local_locations(self) -> list[str]:
        """Return the locations that are paths on this machine, which scenes cannot upload.

        Returns:
            The paths; empty when the scene can be uploaded.
        """
        return [item.location for item in self.get_items() if item.local]


def _looks_like_video(payload: dict[str, Any]) -> bool:
    frames = payload.get("frames")
    first = frames[0] if frames else {}
    return bool(
        payload.get("video_url") or payload.get("frame_rate") or "reference_id" in first
    ) and payload.get("type") in {None, ""}


def check_parts(scene: Scene) -> tuple[dict[str, Any], list[Track]]:
    """Check what scenes of both kinds have besides their items.

    Args:
        scene: The scene.

    Returns:
        Metadata and tracks; empty ones where there are none.

    Raises:
        InvalidInputError: The metadata is no mapping, or a track is none.
    """
    metadata = {} if scene.metadata is None else scene.metadata
    tracks = listed("tracks", scene.tracks or (), "tracks")
    if not isinstance(metadata, Mapping):
        raise InvalidInputError(
            f"metadata of scene {scene.reference_id!r} is a {type(metadata).__name__}: give "
            "a mapping of keys to values"
        )
    for index, track in enumerate(tracks):
        if not isinstance(track, Track):
            raise InvalidInputError(
                f"tracks[{index}] of scene {scene.reference_id!r} is {track!r}: give a Track"
            )
    return metadata, tracks


def check_name(scene: Scene) -> None:
    """Refuse a scene that has no name to be uploaded under.

    Args:
        scene: The scene.

    Raises:
        InvalidInputError: Its reference id is no text, or empty.
    """
    if not scene.reference_id or not isinstance(scene.reference_id, str):
        raise InvalidInputError(f"a scene has the reference_id {scene.reference_id!r}: give a text")


def check_index(index: Any, what: str) -> int:
    """Return a frame index.

    Args:
        index: As given by the caller.
        what: What is counted, for the message.

    Returns:
        The index.

    Raises:
        InvalidInputError: It is no whole number, negative, or no count of frames.
    """
    if not hasattr(index, "__index__") or not 0 <= index <= LARGEST_INDEX:
        raise InvalidInputError(
            f"the {what} index is {index!r}: give a whole number from 0 to {LARGEST_INDEX}"
        )
    return int(index)


def put(entries: list[Any], index: int, entry: Any, *, update: bool) -> None:
    """Put an entry at an index, ``None`` at indexes that were skipped.

    Args:
        entries: Changed in place.
        index: Where.
        entry: What.
        update: Replace an entry that is there already; it is kept otherwise.
    """
    if index >= len(entries):
        entries.extend([None] * (index + 1 - len(entries)))
    if update or entries[index] is None:
        entries[index] = entry


def check_unique(items: list[DatasetItem], scene_id: str) -> None:
    """Hold the reference ids of a scene against each other.

    Args:
        items: The items of the scene.
        scene_id: Reference id of the scene.

    Raises:
        DuplicateIDError: Two items have the same.
    """
    seen: set[str | None] = set()
    for item in items:
        if item.reference_id in seen:
            raise DuplicateIDError(
                f"scene {scene_id!r} has two items {item.reference_id!r}: reference ids must differ"
            )
        seen.add(item.reference_id)


def gap_in(entries: list[Any], scene_id: str, what: str) -> None:
    """Refuse a scene with skipped indexes.

    Args:
        entries: Its frames or items.
        scene_id: Reference id of the scene.
        what: What is counted, for the message.

    Raises:
        InvalidInputError: An index is empty.
    """
    if None in entries:
        raise InvalidInputError(
            f"scene {scene_id!r} has no {what} {entries.index(None)}: indexes run from 0, gapless"
        )


def read_tracks(payload: dict[str, Any], client: Any) -> list[Track]:
    """Read the tracks of a scene.

    Args:
        payload: The payload of the scene.
        client: Sends later updates.

    Returns:
        The tracks.
    """
    return [Track.from_json(track, client) for track in payload.get("tracks") or ()]
