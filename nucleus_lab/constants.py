"""Keys of payloads and rows, under the names by which scripts for the published package ask.

Nothing in this package reads them: a key stands where it is used.
"""

from __future__ import annotations

from typing import Final

ANNOTATIONS_IGNORED_KEY: Final = "annotations_ignored"
ANNOTATIONS_KEY: Final = "annotations"
ANNOTATIONS_PROCESSED_KEY: Final = "annotations_processed"
ANNOTATION_ID_KEY: Final = "annotation_id"
BOX_TYPE: Final = "box"
CAMERA_PARAMS_KEY: Final = "camera_params"
CATEGORY_TYPE: Final = "category"
CLASS_PDF_KEY: Final = "class_pdf"
CONFIDENCE_KEY: Final = "confidence"
CUBOID_TYPE: Final = "cuboid"
DATASET_ID_KEY: Final = "dataset_id"
DATASET_ITEMS_KEY: Final = "dataset_items"
DATASET_ITEM_ID_KEY: Final = "dataset_item_id"
ERRORS_KEY: Final = "errors"
ERROR_ITEMS: Final = "upload_errors"
ERROR_PAYLOAD: Final = "error_payload"
EXPORTED_ROWS: Final = "exportedRows"
FRAMES_KEY: Final = "frames"
GEOMETRY_KEY: Final = "geometry"
HEIGHT_KEY: Final = "height"
ID_KEY: Final = "id"
IGNORED_ITEMS: Final = "ignored_items"
IMAGE_URL_KEY: Final = "image_url"
INDEX_KEY: Final = "index"
IOU_KEY: Final = "iou"
ITEMS_KEY: Final = "items"
ITEM_KEY: Final = "item"
JOB_CREATION_TIME_KEY: Final = "job_creation_time"
JOB_ID_KEY: Final = "job_id"
JOB_LAST_KNOWN_STATUS_KEY: Final = "job_last_known_status"
JOB_TYPE_KEY: Final = "job_type"
KEYPOINTS_TYPE: Final = "keypoints"
LABELS_KEY: Final = "labels"
LABEL_KEY: Final = "label"
LINE_TYPE: Final = "line"
MASK_TYPE: Final = "mask"
MASK_URL_KEY: Final = "mask_url"
MESSAGE_KEY: Final = "message"
METADATA_KEY: Final = "metadata"
MODEL_ID_KEY: Final = "model_id"
MODEL_RUN_ID_KEY: Final = "model_run_id"
MULTICATEGORY_TYPE: Final = "multicategory"
NAME_KEY: Final = "name"
NEW_ITEMS: Final = "new_items"
NEXT_TOKEN_KEY: Final = "nextPageToken"  # noqa: S105 - a name, no password
ORIGINAL_IMAGE_URL_KEY: Final = "original_image_url"
PAGE_SIZE_KEY: Final = "pageSize"
PAGE_TOKEN_KEY: Final = "pageToken"  # noqa: S105
POINTCLOUD_URL_KEY: Final = "pointcloud_url"
POLYGON_TYPE: Final = "polygon"
PREDICTIONS_IGNORED_KEY: Final = "predictions_ignored"
PREDICTIONS_KEY: Final = "predictions"
PREDICTIONS_PROCESSED_KEY: Final = "predictions_processed"
PROCESSED_URL_KEY: Final = "processed_url"
REFERENCE_IDS_KEY: Final = "reference_ids"
REFERENCE_ID_KEY: Final = "reference_id"
SCENE_KEY: Final = "scene"
SEGMENTATIONS_KEY: Final = "segmentations"
SEGMENTATION_TYPE: Final = "segmentation"
SLICE_ID_KEY: Final = "slice_id"
STATUS_KEY: Final = "status"
TAXONOMY_NAME_KEY: Final = "taxonomy_name"
TRACKS_KEY: Final = "tracks"
TRACK_REFERENCE_ID_KEY: Final = "track_reference_id"
TYPE_KEY: Final = "type"
UPDATED_ITEMS: Final = "updated_items"
UPDATE_KEY: Final = "update"
URL_KEY: Final = "url"
VERTICES_KEY: Final = "vertices"
VIDEO_URL_KEY: Final = "video_url"
WIDTH_KEY: Final = "width"
X_KEY: Final = "x"
Y_KEY: Final = "y"
Z_KEY: Final = "z"

DEFAULT_ANNOTATION_UPDATE_MODE: Final = False
JOB_REQ_LIMIT: Final = 50_000

EXPORT_FORMATS: Final = (
    "coco", "coco_panoptic", "cvat", "datumaro", "kitti", "label_studio", "mot", "pascal_voc",
    "yolo",
)  # fmt: skip
"""Formats that an export writes; commands offer them without loading one."""

IMPORT_FORMATS: Final = ("auto", *EXPORT_FORMATS, "images")
"""Formats that an import reads."""
