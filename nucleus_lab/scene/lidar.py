"""Lidar scenes: point clouds and pictures over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from nucleus_lab.annotation.payloads import reading
from nucleus_lab.bulk import listed
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError
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
from nucleus_lab.scene.frame import Frame
from nucleus_lab.track import Track


@dataclass(slots=True)
class LidarScene(Scene):
    """Frames in order, each with one point cloud and any number of pictures.

    A scene may be built bit by bit; it must be complete when it is uploaded.

    Args:
        reference_id: Unique name in the dataset.
        frames: Frames from index 0; ``None`` where one is still to come.
        metadata: Anything JSON can hold, by key.
        tracks: Tracks whose metadata travels along.

    Example:
        >>> scene = LidarScene("crossing")
        >>> cloud = DatasetItem(pointcloud_location="s3://b/0.json", reference_id="cloud_0")
        >>> scene.add_item(0, "lidar", cloud)
        >>> scene.info()
        {'reference_id': 'crossing', 'length': 1, 'num_sensors': 1}
    """

    TYPE: ClassVar[str] = "lidar"

    reference_id: str
    frames: list[Frame] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    tracks: list[Track] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.frames = listed("frames", self.frames or (), "frames")
        self.metadata, self.tracks = check_parts(self)
        for index, frame in enumerate(self.frames):
            if frame is not None and not isinstance(frame, Frame):
                raise InvalidInputError(
                    f"frames[{index}] of scene {self.reference_id!r} is a "
                    f"{type(frame).__name__}: give a Frame"
                )

    @property
    def length(self) -> int:
        """Number of frames."""
        return len(self.get_frames())

    @property
    def num_sensors(self) -> int:
        """Number of different sensors."""
        return len(self.get_sensors())

    def add_frame(self, frame: Frame, index: int, update: bool = False) -> None:
        """Add a frame.

        Args:
            frame: The frame.
            index: Its place, from 0.
            update: Replace the frame that is there already; it is kept otherwise.

        Raises:
            InvalidInputError: ``frame`` is no frame or the index no place.
        """
        if not isinstance(frame, Frame):
            raise InvalidInputError(f"found a {type(frame).__name__}: give a Frame")
        put(self.frames, check_index(index, "frame"), frame, update=update)

    def add_item(self, index: int, sensor_name: str, item: DatasetItem) -> None:
        """Add what a sensor saw to a frame; the frame is made if need be.

        Args:
            index: Place of the frame, from 0.
            sensor_name: Such as ``lidar`` or ``front_cam``.
            item: Point cloud or picture.
        """
        at = check_index(index, "frame")
        put(self.frames, at, Frame(), update=False)
        self.frames[at].add_item(item, sensor_name)

    def get_frame(self, index: int) -> Frame:
        """Return a frame.

        Args:
            index: Its place, from 0.

        Returns:
            The frame.

        Raises:
            InvalidInputError: There is none.
        """
        at = check_index(index, "frame")
        if at >= len(self.frames) or self.frames[at] is None:
            raise InvalidInputError(
                f"scene {self.reference_id!r} has no frame {index}: it has {self.length}, from 0"
            )
        return self.frames[at]

    def get_frames(self) -> list[Frame]:
        """Return the frames.

        Returns:
            The frames in order.
        """
        return [frame for frame in self.frames if frame is not None]

    def get_item(self, index: int, sensor_name: str) -> DatasetItem:
        """Return what a sensor saw in a frame.

        Args:
            index: Place of the frame, from 0.
            sensor_name: Such as ``lidar`` or ``front_cam``.

        Returns:
            The item.
        """
        return self.get_frame(index).get_item(sensor_name)

    def get_items(self) -> list[DatasetItem]:
        """Return all items of the scene.

        Returns:
            The items in the order of their frames.
        """
        return [item for frame in self.get_frames() for item in frame.get_items()]

    def get_items_from_sensor(self, sensor_name: str) -> list[DatasetItem]:
        """Return everything a sensor saw.

        Args:
            sensor_name: Such as ``lidar`` or ``front_cam``.

        Returns:
            The items in the order of their frames; a frame without the sensor is passed over.

        Raises:
            InvalidInputError: No frame has the sensor.
        """
        if sensor_name not in self.get_sensors():
            known = ", ".join(self.get_sensors()) or "none"
            raise InvalidInputError(
                f"scene {self.reference_id!r} has no sensor {sensor_name!r}; it has: {known}"
            )
        frames = self.get_frames()
        return [frame.items[sensor_name] for frame in frames if sensor_name in frame.items]

    def get_sensors(self) -> list[str]:
        """Return the names of all sensors.

        Returns:
            The names in the order they come up.
        """
        return list(dict.fromkeys(name for frame in self.get_frames() for name in frame.items))

    def info(self) -> dict[str, Any]:
        """Return the scene in figures.

        Returns:
            ``reference_id``, ``length`` and ``num_sensors``.
        """
        return {
            "reference_id": self.reference_id,
            "length": self.length,
            "num_sensors": self.num_sensors,
        }

    def validate(self) -> None:
        """Hold the scene against what an upload needs.

        Raises:
            InvalidInputError: No frame, a gap, not exactly one point cloud in each frame, or point
                clouds of several sensors.
        """
        check_name(self)
        if not self.frames:
            raise InvalidInputError(f"scene {self.reference_id!r} has no frame: add one")
        gap_in(self.frames, self.reference_id, "frame")
        sensors = set()
        for index, frame in enumerate(self.frames):
            clouds = [name for name, item in frame.items.items() if item.pointcloud_location]
            if len(clouds) != 1:
                raise InvalidInputError(
                    f"frame {index} of scene {self.reference_id!r} has {len(clouds)} point "
                    "clouds: each frame has exactly one"
                )
            sensors.update(clouds)
        if len(sensors) > 1:
            raise InvalidInputError(
                f"the point clouds of scene {self.reference_id!r} come from the sensors "
                f"{', '.join(sorted(sensors))}: all must have one sensor name"
            )
        check_unique(self.get_items(), self.reference_id)

    @classmethod
    def from_json(
        cls,
        payload: dict[str, Any],
        client: Any = None,
        skip_validate: bool = False,
    ) -> LidarScene:
        """Make a scene from its payload.

        Args:
            payload: What :meth:`to_payload` returns, or a row of an answer.
            client: Sends later updates of the scene's tracks.
            skip_validate: Take an incomplete scene, such as a row of a slice.

        Returns:
            The scene.
        """
        with reading("lidar scene", payload):
            scene = cls(
                payload["reference_id"],
                [Frame.from_json(frame) for frame in payload.get("frames") or ()],
                payload.get("metadata"),
                read_tracks(payload, client),
            )
        if not skip_validate:
            scene.validate()
        return scene

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            ``reference_id`` and ``frames``; ``metadata`` and ``tracks`` when there are any.
        """
        self.validate()
        payload: dict[str, Any] = {
            "reference_id": self.reference_id,
            "frames": [frame.to_payload() for frame in self.frames],
        }
        if self.metadata:
            payload["metadata"] = self.metadata
        if self.tracks:
            payload["tracks"] = [track.to_payload() for track in self.tracks]
        return payload
