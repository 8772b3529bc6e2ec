"""The point clouds of scenes, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

from nucleus_lab.annotation import LidarPoint, Point3D
from nucleus_lab.bulk import listed
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

Points = list[Point3D | LidarPoint]


class PointCloudCalls(Connection):
    """Download point clouds."""

    def download_pointcloud_task(self, task_id: str, frame_num: int) -> Points:
        """Read the points of one frame.

        ::

            scene_id = dataset.scenes[0].id
            points = client.download_pointcloud_task(scene_id, frame_num=0)

        Args:
            task_id: Id of a scene (``scn_``), or of a labeling task (``task_``) of one of its
                pictures.
            frame_num: Index of the frame, from 0.

        Returns:
            :class:`~nucleus_lab.LidarPoint` where the cloud has an intensity, else ``Point3D``.
        """
        route = f"task/{segment(task_id)}/frame/{segment(frame_num)}"
        points = self.make_request(None, route, "GET")["points"]
        if points and "i" in points[0]:
            return [LidarPoint.from_json(point) for point in points]
        return [Point3D.from_json(point) for point in points]

    def download_pointcloud_tasks(
        self, task_ids: Sequence[str], frame_num: int
    ) -> dict[str, Points]:
        """Read the points of one frame of several scenes or tasks.

        Args:
            task_ids: Ids of scenes (``scn_``) or labeling tasks (``task_``).
            frame_num: Index of the frame, from 0.

        Returns:
            The points by id.
        """
        wanted = dict.fromkeys(listed("task_ids", task_ids, "ids of scenes or tasks"))
        return {task: self.download_pointcloud_task(task, frame_num) for task in wanted}
