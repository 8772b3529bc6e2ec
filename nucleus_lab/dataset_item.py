"""Dataset items: pictures and point clouds, with what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nucleus_lab.annotation.quantity import finite
from nucleus_lab.camera import CameraParams
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local, written
from nucleus_lab.wire import encode

_IMAGE_ENDINGS = (".jpg", ".jpeg", ".png")


@dataclass(slots=True)
class DatasetItemEmbeddingInfo:
    """A vector of a picture that a custom index takes in.

    Args:
        index_id: The index.
        embedding_vector: As many numbers as the index has dimensions.
    """

    index_id: str
    embedding_vector: list[float]

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> DatasetItemEmbeddingInfo:
        """Make it from its payload.

        Args:
            payload: ``index_id`` and ``embedding_vector``.

        Returns:
            The same as a value.
        """
        return cls(payload["index_id"], payload["embedding_vector"])

    def to_payload(self) -> dict[str, Any]:
        """Return the payload.

        Returns:
            ``index_id`` and ``embedding_vector``.
        """
        return {"index_id": self.index_id, "embedding_vector": self.embedding_vector}


@dataclass(slots=True)
class DatasetItem:
    """A picture or a point cloud, under a name of the caller's.

    Whether a local file is there is not looked at here but when it is uploaded.

    Args:
        image_location: Local path or URL of the picture; this or ``pointcloud_location``.
        reference_id: Unique name in the dataset; required.
        metadata: Anything JSON can hold, by key. ``camera_params`` may be a
            :class:`~nucleus_lab.camera.CameraParams` or its payload.
        pointcloud_location: URL of the point cloud; this or ``image_location``.
        embedding_info: Vector of the picture for a custom index.
        width: Pixels; needed only where the picture cannot be read (privacy mode).
        height: Pixels.
        dataset_item_id: Public id; known on items that were read. It does not count when items
            are compared.
        phash: What the picture looks like, 64 characters 0 and 1; known on items that were read
            and whose picture the workspace holds. It does not count either.

    Raises:
        InvalidInputError: No reference id, not exactly one location, metadata that is no mapping,
            or unfit camera parameters.

    Example:
        >>> DatasetItem("photos/1.jpg", reference_id="1", metadata={"animal": "dog"}).local
        True
    """

    image_location: str | None = None
    reference_id: str | None = None
    metadata: dict[str, Any] | None = None
    pointcloud_location: str | None = None
    embedding_info: DatasetItemEmbeddingInfo | None = None
    width: int | None = None
    height: int | None = None
    dataset_item_id: str | None = field(default=None, compare=False)
    phash: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.reference_id is None:
            raise InvalidInputError("a DatasetItem needs a reference_id", field="reference_id")
        self.image_location = written(self.image_location)
        self.pointcloud_location = written(self.pointcloud_location)
        if "" in {self.image_location, self.pointcloud_location}:
            raise InvalidInputError(
                f"item {self.reference_id!r} has an empty location: give a path or a URL",
                reference_id=self.reference_id,
            )
        if (self.image_location is None) == (self.pointcloud_location is None):
            raise InvalidInputError(
                f"item {self.reference_id!r} needs either image_location or pointcloud_location, "
                f"found {self.image_location!r} and {self.pointcloud_location!r}",
                reference_id=self.reference_id,
            )
        if self.embedding_info is not None and self.pointcloud_location is not None:
            raise InvalidInputError(
                f"item {self.reference_id!r} is a point cloud: embedding_info is for pictures",
                reference_id=self.reference_id,
            )
        if self.metadata is None:
            self.metadata = {}
        elif not isinstance(self.metadata, Mapping):
            raise InvalidInputError(
                f"metadata of item {self.reference_id!r} is a {type(self.metadata).__name__}: give "
                "a mapping of keys to values",
                reference_id=self.reference_id,
            )
        elif "camera_params" in self.metadata:
            self.metadata = {**self.metadata, "camera_params": self._camera_payload()}
        if self.width is not None:
            self.width = _pixels(self.width, "width")
        if self.height is not None:
            self.height = _pixels(self.height, "height")

    def _camera_payload(self) -> Any:
        given = self.metadata["camera_params"] if self.metadata else None
        if isinstance(given, CameraParams):
            return given.to_payload()
        if not isinstance(given, dict):
            raise InvalidInputError(
                f"metadata.camera_params of item {self.reference_id!r} is {given!r}: give "
                "CameraParams or a mapping",
                reference_id=self.reference_id,
            )
        CameraParams.from_json(given)
        return given

    @property
    def camera_params(self) -> CameraParams | None:
        """The camera that took the picture, from ``metadata["camera_params"]``."""
        given = (self.metadata or {}).get("camera_params")
        return None if given is None else CameraParams.from_json(given)

    @property
    def location(self) -> str:
        """Path or URL of the picture or the point cloud."""
        return self.image_location or self.pointcloud_location or ""

    @property
    def local(self) -> bool:
        """Whether the picture or point cloud is a path on this machine."""
        return is_local(self.location)

    def has_local_files_to_upload(self) -> bool:
        """Say whether a file on this machine has to travel along.

        Returns:
            Whether the location is a path.

        Raises:
            FileNotFoundError: It is a path, and there is no such file.
        """
        if not self.local:
            return False
        if not self.local_file_exists():
            raise FileNotFoundError(
                f"the file {self.location!r} of item {self.reference_id!r} does not exist: give "
                "the path of a picture or a URL"
            )
        return True

    def local_file_exists(self) -> bool:
        """Say whether the file of a local item is there.

        Returns:
            Whether the location is an existing file.
        """
        return Path(self.location).is_file()

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> DatasetItem:
        """Make an item from its payload.

        Args:
            payload: What :meth:`to_payload` returns, or a row of an answer.

        Returns:
            The item. Of several picture locations ``processed_url`` wins over ``image_url`` and
            ``original_image_url``; ``ref_id`` wins over ``reference_id``.
        """
        get = payload.get
        image = get("processed_url") or get("image_url") or get("original_image_url")
        pointcloud = get("pointcloud_url")
        if not image and not pointcloud:
            image, pointcloud = _by_url(payload)
        info = get("embedding_info")
        return cls(
            image_location=image,
            reference_id=get("ref_id") or get("reference_id"),
            metadata=get("metadata") or {},
            pointcloud_location=None if image else pointcloud,
            embedding_info=DatasetItemEmbeddingInfo.from_json(info) if info else None,
            width=get("width"),
            height=get("height"),
            dataset_item_id=get("dataset_item_id") or get("id"),
            phash=get("phash"),
        )

    def to_payload(self, is_scene: bool = False) -> dict[str, Any]:
        """Return the payload that crosses the wire.

        Args:
            is_scene: Whether the item is part of a scene, where it is a ``url`` and a ``type``.

        Returns:
            A mapping that JSON can hold; keys without a value are left out.

        Raises:
            InvalidInputError: A point cloud outside a scene.
        """
        payload: dict[str, Any] = {"metadata": self.metadata, "reference_id": self.reference_id}
        if is_scene:
            payload["url"] = self.location
            payload["type"] = "image" if self.image_location else "pointcloud"
            if self.metadata and "camera_params" in self.metadata:
                payload["camera_params"] = self.metadata["camera_params"]
        elif self.image_location is None:
            raise InvalidInputError(
                f"item {self.reference_id!r} is a point cloud: point clouds are uploaded in a "
                "LidarScene",
                reference_id=self.reference_id,
            )
        else:
            payload["image_url"] = self.image_location
        if self.width is not None:
            payload["width"] = self.width
        if self.height is not None:
            payload["height"] = self.height
        if self.embedding_info is not None:
            payload["embedding_info"] = self.embedding_info.to_payload()
        return payload

    def to_json(self) -> str:
        """Return the payload as JSON text.

        Returns:
            Compact JSON, that of an item outside scenes.
        """
        return encode(self.to_payload()).decode()


def _pixels(value: Any, name: str) -> int:
    number = finite(value, name)
    if number <= 0 or number != int(number):
        raise InvalidInputError(f"{name} is {value!r}: give whole pixels above 0", field=name)
    return int(number)


def _by_url(payload: dict[str, Any]) -> tuple[str | None, str | None]:
    """Tell pictures from point clouds where there is only a ``url``, as in scenes."""
    url = payload.get("url")
    if not url:
        return None, None
    kind = payload.get("type")
    if kind == "image" or (kind != "pointcloud" and url.lower().endswith(_IMAGE_ENDINGS)):
        return url, None
    if kind == "pointcloud" or url.lower().endswith(".json"):
        return None, url
    raise InvalidInputError(
        f"the item {payload.get('reference_id')!r} has the url {url!r} and no type: add the type "
        "image or pointcloud"
    )
