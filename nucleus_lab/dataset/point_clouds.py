"""Point clouds of a dataset, and the classes that models predict for their points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.dataset.base import DatasetBase, model_id, segment
from nucleus_lab.dataset.uploads import file_part, refuse_missing
from nucleus_lab.location import is_local
from nucleus_lab.model import Model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PointCloudMethods(DatasetBase):
    """Points, and their semantic segmentation."""

    def pointcloud(self, item_id: str) -> NDArray[np.float32]:
        """Read the points of an item.

        ::

            cloud = scene.get_frame(0).get_item("lidar")
            x, y, z, intensity = dataset.pointcloud(cloud.dataset_item_id).T

        Args:
            item_id: Id of a point cloud, starts with ``di_``.

        Returns:
            Shape ``(n, 4)``: x, y and z in metres, and the intensity (0 where the file has none).
        """
        import numpy as np

        content = self._ask_lab(None, f"pointcloud/{segment(item_id)}", "GET")
        return np.frombuffer(content, dtype="<f4").reshape(-1, 4)

    def upload_lidar_semseg_predictions(
        self, model: Model | str, pointcloud_ref_id: str, predictions_s3_path: str
    ) -> dict[str, Any]:
        """Upload the classes that a model predicts for the points of a cloud.

        The file holds, for a cloud of four points, three of them cars::

            {
                "objects": [{"label": "Car", "index": 1}, {"label": "Person", "index": 2}],
                "point_objects": [1, 1, 1, 2],
                "point_confidence": [0.5, 0.9, 0.9, 0.3]
            }

        ``point_objects`` goes in the order of the points in the uploaded file. What the model
        predicted for the cloud before is replaced.

        Args:
            model: The model, or its id.
            pointcloud_ref_id: The caller's id of the point cloud.
            predictions_s3_path: URL (``s3://`` or another) or local path of the file.

        Returns:
            The answer of the route.
        """
        files = []
        if is_local(predictions_s3_path):
            refuse_missing([(pointcloud_ref_id, predictions_s3_path)])
            files = [file_part("segmentation", predictions_s3_path)]
        route = f"model/{model_id(model)}/pointcloud/{segment(pointcloud_ref_id)}"
        body = {"pointsSegmentationUrl": predictions_s3_path}
        answer: dict[str, Any] = self._ask(body, f"{route}/uploadLSSPrediction", files=files)
        return answer

    def lidar_semseg_predictions(
        self, model: Model | str, pointcloud_ref_id: str
    ) -> dict[str, Any]:
        """Read the classes that a model predicted for the points of a cloud.

        Args:
            model: The model, or its id.
            pointcloud_ref_id: The caller's id of the point cloud.

        Returns:
            ``objects``, ``point_objects`` and ``point_confidence``, as they were uploaded.
        """
        route = f"model/{model_id(model)}/pointcloud/{segment(pointcloud_ref_id)}/segmentation"
        answer: dict[str, Any] = self._ask_lab(None, route, "GET")
        return answer
