"""Video scenes: a video, or its pictures one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from nucleus_lab.annotation.payloads import reading
from nucleus_lab.annotation.quantity import finite
from nucleus_lab.bulk import listed
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local, written
from nucleus_lab.scene.base import (
    Scene,
    check_index,
    check_name,
    check_parts,
    check_unique,
    gap_in,
    put,
    read_tracks,
)
from nucleus_lab.track import Track


@dataclass(slots=True)
class VideoScene(Scene):
    """A video file, or pictures in order with a frame rate.

    A scene may be built bit by bit; it must be complete when it is uploaded.

    Args:
        reference_id: Unique name in the dataset.
        frame_rate: Pictures a second; required with ``items``, not allowed with a video.
        video_location: URL of an MP4 file; this or ``items``.
        items: Pictures from index 0, at most 3000; ``None`` where one is still to come.
        metadata: Anything JSON can hold, by key.
        tracks: Tracks whose metadata travels along.
        use_privacy_mode: The service must not fetch the media; then items and a video may come
            together.

    Example:
        >>> scene = VideoScene("drive", frame_rate=5)
        >>> scene.add_item(DatasetItem("s3://b/0.jpg", "frame_0"))
        >>> scene.info()["length"]
        1
    """

    TYPE: ClassVar[str] = "video"

    reference_id: str
    frame_rate: float | None = None
    video_location: str | None = None
    items: list[DatasetItem] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    tracks: list[Track] = field(default_factory=list)
    use_privacy_mode: bool = False

    def __post_init__(self) -> None:
        self.items = listed("items", self.items or (), "items")
        self.video_location = written(self.video_location)
        self.metadata, self.tracks = check_parts(self)
        if self.frame_rate is not None:
            self.frame_rate = finite(self.frame_rate, "frame_rate")
        for index, item in enumerate(self.items):
            if item is not None and not isinstance(item, DatasetItem):
                raise InvalidInputError(
                    f"items[{index}] of scene {self.reference_id!r} is a "
                    f"{type(item).__name__}: give a DatasetItem"
                )

    @property
    def length(self) -> int | None:
        """Number of items; ``None`` for a video, whose pictures are not counted yet."""
        return None if self.video_location and not self.items else len(self.get_items())

    def add_item(
        self,
        item: DatasetItem,
        index: int | None = None,
        update: bool = False,
    ) -> None:
        """Add a picture.

        Args:
            item: The picture.
            index: Its place, from 0; by default after the last.
            update: Replace the picture that is there already; it is kept otherwise.

        Raises:
            InvalidInputError: The scene has a video, or ``item`` is no item.
        """
        if self.video_location and not self.use_privacy_mode:
            raise InvalidInputError(
                f"scene {self.reference_id!r} has a video: pictures cannot be added to it"
            )
        if not isinstance(item, DatasetItem):
            raise InvalidInputError(f"found a {type(item).__name__}: give a DatasetItem")
        at = len(self.items) if index is None else check_index(index, "item")
        put(self.items, at, item, update=update)

    def get_item(self, index: int) -> DatasetItem:
        """Return a picture.

        Args:
            index: Its place, from 0.

        Returns:
            The picture.

        Raises:
            InvalidInputError: There is none.
        """
        at = check_index(index, "item")
        if at >= len(self.items) or self.items[at] is None:
            raise InvalidInputError(
                f"scene {self.reference_id!r} has no item {index}: it has "
                f"{len(self.get_items())}, from 0"
            )
        return self.items[at]

    def get_items(self) -> list[DatasetItem]:
        """Return the pictures.

        Returns:
            The pictures in order.
        """
        return [item for item in self.items if item is not None]

    def local_locations(self) -> list[str]:
        """Return the locations that are paths on this machine, which scenes cannot upload.

        Returns:
            The paths; empty when the scene can be uploaded.
        """
        local = [item.location for item in self.get_items() if item.local]
        if self.video_location and is_local(self.video_location):
            local.append(self.video_location)
        return local

    def info(self) -> dict[str, Any]:
        """Return the scene in figures.

        Returns:
            ``reference_id`` and, of pictures, ``length`` and ``frame_rate``; of a video,
            ``video_url``.
        """
        return {
            "reference_id": self.reference_id,
            "length": self.length,
            "frame_rate": self.frame_rate,
            "video_url": self.video_location,
        }

    def validate(self) -> None:
        """Hold the scene against what an upload needs.

        Raises:
            InvalidInputError: Neither or both of items and video, or a frame rate that is missing
                or too much.
        """
        check_name(self)
        name = f"scene {self.reference_id!r}"
        if not self.items and not self.video_location:
            raise InvalidInputError(f"{name} has neither items nor a video: give one of both")
        if not self.items:
            if self.frame_rate:
                raise InvalidInputError(f"{name} has a video: leave frame_rate out")
            return
        if self.video_location and not self.use_privacy_mode:
            raise InvalidInputError(f"{name} has items and a video: give one of both")
        if self.frame_rate is None or self.frame_rate <= 0:
            raise InvalidInputError(
                f"{name} has items and the frame_rate {self.frame_rate!r}: give pictures a second"
            )
        gap_in(self.items, self.reference_id, "item")
        for item in self.items:
            if item.pointcloud_location:
                raise InvalidInputError(f"{name} has the point cloud {item.reference_id!r}")
        check_unique(self.items, self.reference_id)

    @classmethod
    def from_json(
        cls,
        payload: dict[str, Any],
        client: Any = None,
        skip_validate: bool = False,  # noqa: ARG003 - so that scenes of both kinds are read alike
    ) -> VideoScene:
        """Make a scene from its payload.

        Args:
            payload: What :meth:`to_payload` returns, or a row of an answer.
            client: Sends later updates of the scene's tracks.
            skip_validate: Without effect: a video that is read is never held against the rules
                of an upload.

        Returns:
            The scene; it may be incomplete, such as a row of a slice.
        """
        with reading("video scene", payload):
            return cls(
                payload["reference_id"],
                payload.get("frame_rate"),
                payload.get("video_url"),
                [DatasetItem.from_json(item) for item in payload.get("frames") or ()],
                payload.get("metadata"),
                read_tracks(payload, client),
                not payload.get("upload_to_scale", True),
            )

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``reference_id`` and ``upload_to_scale``; the rest when there is any.
        """
        self.validate()
        payload: dict[str, Any] = {"reference_id": self.reference_id}
        if self.frame_rate:
            payload["frame_rate"] = self.frame_rate
        if self.metadata:
            payload["metadata"] = self.metadata
        if self.video_location:
            payload["video_url"] = self.video_location
        payload["upload_to_scale"] = not self.use_privacy_mode
        if self.items:
            payload["frames"] = [item.to_payload(is_scene=True) for item in self.items]
        if self.tracks:
            payload["tracks"] = [track.to_payload() for track in self.tracks]
        return payload
