"""Small scenes, and their upload."""

from __future__ import annotations

from typing import Any

from nucleus_lab import (
    CameraParams,
    DatasetItem,
    Frame,
    LidarScene,
    Point3D,
    Quaternion,
    VideoScene,
)

CAMERA = CameraParams(Point3D(0, 1, 2), Quaternion(0, 0, 0, 1), 500, 400, 320, 240)


def cloud(name: str) -> DatasetItem:
    return DatasetItem(pointcloud_location=f"https://example.org/{name}.json", reference_id=name)


def photo(name: str, **metadata: Any) -> DatasetItem:
    return DatasetItem(f"https://example.org/{name}.jpg", name, metadata=metadata)


def lidar(name: str = "crossing", frames: int = 3, **metadata: Any) -> LidarScene:
    made = [
        Frame(
            lidar=cloud(f"{name}/cloud/{at}"),
            front=photo(f"{name}/front/{at}", camera_params=CAMERA, at=at),
        )
        for at in range(frames)
    ]
    return LidarScene(name, made, metadata)


def video(name: str = "drive", frames: int = 4, **metadata: Any) -> VideoScene:
    return VideoScene(
        name, 5, items=[photo(f"{name}-{at}") for at in range(frames)], metadata=metadata
    )


def uploaded(dataset: Any, scenes: list[Any], **options: Any) -> dict[str, Any]:
    job = dataset.append(scenes, asynchronous=True, **options)
    job.sleep_until_complete(verbose_std_out=False)
    progress: dict[str, Any] = job.status()["message"]["scene_upload_progress"]
    return progress
