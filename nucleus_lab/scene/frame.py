"""Frames: what the sensors of a lidar scene saw at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from keyword import iskeyword
from typing import Any
from unicodedata import normalize

from nucleus_lab.annotation.payloads import reading
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError


@dataclass(slots=True, init=False, repr=False)
class Frame:
    """The items of one moment, by the name of their sensor.

    Args:
        **kwargs: Item by sensor name; a frame of a lidar scene has one point cloud and any number
            of pictures.

    Raises:
        InvalidInputError: A value is no :class:`~nucleus_lab.dataset_item.DatasetItem`.

    Example:
        >>> cloud = DatasetItem(pointcloud_location="s3://b/0.json", reference_id="cloud_0")
        >>> Frame(lidar=cloud).get_sensors()
        ['lidar']
    """

    items: dict[str, DatasetItem]

    def __init__(self, /, **kwargs: DatasetItem) -> None:
        self.items = {}
        for sensor_name, item in kwargs.items():
            self.add_item(item, sensor_name)

    def __repr__(self) -> str:
        if all(map(_is_name, self.items)):
            return f"Frame({', '.join(f'{name}={item!r}' for name, item in self.items.items())})"
        return f"Frame(**{self.items!r})"

    def __len__(self) -> int:
        return len(self.items)

    def add_item(self, item: DatasetItem, sensor_name: str) -> None:
        """Add what a sensor saw, in place of what was there.

        Args:
            item: Point cloud or picture.
            sensor_name: Such as ``lidar`` or ``front_cam``.

        Raises:
            InvalidInputError: ``item`` is no item or ``sensor_name`` no text.
        """
        if not isinstance(item, DatasetItem):
            raise InvalidInputError(
                f"sensor {sensor_name!r} holds a {type(item).__name__}: give a DatasetItem"
            )
        if not isinstance(sensor_name, str):
            raise InvalidInputError(f"the sensor name {sensor_name!r} is no text")
        self.items[sensor_name] = item

    def get_item(self, sensor_name: str) -> DatasetItem:
        """Return what a sensor saw.

        Args:
            sensor_name: Such as ``lidar`` or ``front_cam``.

        Returns:
            The item.

        Raises:
            InvalidInputError: The frame has no such sensor.
        """
        if sensor_name not in self.items:
            known = ", ".join(self.items) or "none"
            raise InvalidInputError(f"this frame has no sensor {sensor_name!r}; it has: {known}")
        return self.items[sensor_name]

    def get_items(self) -> list[DatasetItem]:
        """Return all items of the frame.

        Returns:
            The items in the order they were added.
        """
        return list(self.items.values())

    def get_sensors(self) -> list[str]:
        """Return the names of all sensors.

        Returns:
            The names in the order they were added.
        """
        return list(self.items)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Frame:
        """Make a frame from its payload.

        Args:
            payload: Item payload by sensor name.

        Returns:
            The frame.
        """
        with reading("frame", payload):
            return cls(**{name: DatasetItem.from_json(item) for name, item in payload.items()})

    def to_payload(self) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Returns:
            Item payload by sensor name.
        """
        return {name: item.to_payload(is_scene=True) for name, item in self.items.items()}


def _is_name(text: str) -> bool:
    """Say whether Python reads a text as the name of an argument, and as no other one."""
    return text.isidentifier() and not iskeyword(text) and normalize("NFKC", text) == text
