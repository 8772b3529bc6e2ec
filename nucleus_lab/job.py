"""Jobs: their kinds and the states they pass through."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

JOB_REQ_LIMIT: Final = 50_000
"""Most jobs that one listing returns."""


class CustomerJobTypes(StrEnum):
    """What a job does; the value is its name on the wire."""

    UPLOAD_DATASET_ITEMS = "uploadDatasetItems"
    UPLOAD_PREDICTIONS = "uploadPredictions"
    UPLOAD_ANNOTATIONS = "uploadAnnotations"
    UPLOAD_LIDAR_SCENE = "uploadLidarScene"
    UPLOAD_VIDEO_SCENE = "uploadVideoScene"
    MODEL_INFERENCE_RUN = "modelInferenceRun"
    INDEXING_IMAGE = "indexingImage"
    INDEXING_OBJECT = "indexingObject"
    ANNOTATION_DELETION = "annotationDeletion"
    SEND_TO_LABELING = "sendToLabeling"
    INGEST_TASKS = "ingestTasks"
    CUSTOM_INDEXING = "customIndexing"
    EMBEDDING_DELETE = "embeddingDelete"
    TEST_EVALUATION = "testEvaluation"
    MODEL_METRICS = "modelMetrics"
    MODEL_RUN_COMMIT = "modelRunCommit"
    AUTOTAG_INFERENCE = "autotagInference"
    SLICE_QUERY = "sliceQuery"
    CLONE_DATASET = "cloneDataset"
    METADATA_UPDATE = "metadataUpdate"
    TRIGGER_EVALUATE = "triggerEvaluate"
    EXPORT_EMBEDDINGS = "exportEmbeddings"
    DEDUPLICATE = "deduplicate"
    AUTOCURATE_ENTROPY = "autocurateEntropy"

    @classmethod
    def options(cls) -> list[str]:
        """Return the names of all kinds.

        Returns:
            The values, such as ``uploadDatasetItems``.
        """
        return [kind.value for kind in cls]


class JobStatus(StrEnum):
    """How far a job is. Published clients wait while it is exactly ``Running``."""

    QUEUED = "Queued"
    RUNNING = "Running"
    COMPLETED = "Completed"
    ERRORED = "Errored"
    ERRORED_SERVER = "Errored_Server"
    ERRORED_USER = "Errored_User"
    ERRORED_PARTIAL = "Errored_Partial"
    ERRORED_HANGING = "Errored_Hanging"
    CANCELLED = "Cancelled"
    RETRIED = "Retried"

    @property
    def failed(self) -> bool:
        """Whether it is one of the ``Errored`` states."""
        return self.value.startswith("Errored")

    @property
    def finished(self) -> bool:
        """Whether the job will not go on."""
        return self not in {JobStatus.QUEUED, JobStatus.RUNNING}
