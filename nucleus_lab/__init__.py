"""A workbench for machine-learning data that lives inside Jupyter.

::

    from nucleus_lab import BoxAnnotation, DatasetItem, NucleusClient

    client = NucleusClient()
    dataset = client.create_dataset("street scenes")
    dataset.append([DatasetItem("photos/1.jpg", "1.jpg")])
    dataset.annotate([BoxAnnotation("car", x=4, y=8, width=32, height=16, reference_id="1.jpg")])

Where things are:

=========================================  =====================================================
``client``                                 :class:`NucleusClient`: datasets, models, slices, jobs
``dataset``, ``slice``, ``model``,         handles: an id and the connection that asks about it
``async_job``
``annotation``, ``prediction``,            values: what is uploaded and read back
``dataset_item``, ``scene``, ``camera``,
``track``, ``taxonomy``, …
``metrics``, ``validate``                  predictions against ground truth: of values at hand,
                                           and as tests that models pass on slices
``samples``                                time series, sounds and pictures, with the functions
                                           of ``edgeimpulse.data``
``errors``                                 every error, in one tree
``transport``                              a request as a function call, or over HTTP
``routes``                                 the one table of routes that answers both
``engine``                                 a workspace: database, media, jobs
``query``, ``evaluation``, ``formats``     text to SQL, boxes to metrics, files to values
``server``, ``cli``                        ``nucleus-lab serve`` and the other commands
``widgets``, ``magics``                    what ``%load_ext nucleus_lab`` brings to a notebook
=========================================  =====================================================

Names are loaded when they are first used: importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nucleus_lab.annotation import (
        Annotation,
        BoxAnnotation,
        CategoryAnnotation,
        CuboidAnnotation,
        Keypoint,
        KeypointsAnnotation,
        LidarPoint,
        LineAnnotation,
        MultiCategoryAnnotation,
        Point,
        Point3D,
        PolygonAnnotation,
        SceneCategoryAnnotation,
        Segment,
        SegmentationAnnotation,
    )
    from nucleus_lab.async_job import AsyncJob, EmbeddingsExportJob
    from nucleus_lab.benchmark import Benchmark
    from nucleus_lab.camera import CameraParams, Quaternion
    from nucleus_lab.client import NucleusClient
    from nucleus_lab.dataset import Dataset
    from nucleus_lab.dataset_info import DatasetInfo
    from nucleus_lab.dataset_item import DatasetItem
    from nucleus_lab.errors import (
        DatasetItemRetrievalError,
        DuplicateIDError,
        JobError,
        ModelCreationError,
        ModelRunCreationError,
        NoAPIKey,
        NotFoundError,
        NucleusAPIError,
        NucleusError,
    )
    from nucleus_lab.evaluation_match import EvaluationMatch
    from nucleus_lab.evaluation_v2 import EvaluationV2, EvaluationV2Status, RollupGroup
    from nucleus_lab.evaluation_v2_exclusions import (
        BoxAreaExclusionRule,
        LabelExclusionRule,
        MetadataExclusionRule,
    )
    from nucleus_lab.evaluation_v2_preset import EvaluationV2Preset
    from nucleus_lab.job import CustomerJobTypes
    from nucleus_lab.model import Model
    from nucleus_lab.model_run import ModelRun
    from nucleus_lab.model_weights import ModelWeights
    from nucleus_lab.prediction import (
        BoxPrediction,
        CategoryPrediction,
        CuboidPrediction,
        KeypointsPrediction,
        LinePrediction,
        MultiCategoryPrediction,
        PolygonPrediction,
        Prediction,
        SceneCategoryPrediction,
        SegmentationPrediction,
    )
    from nucleus_lab.scene import Frame, LidarScene, VideoScene
    from nucleus_lab.slice import (
        Slice,
        SliceBuilderFilterAutotag,
        SliceBuilderFilters,
        SliceBuilderMethods,
        SliceType,
    )
    from nucleus_lab.track import Track
    from nucleus_lab.upload_response import UploadResponse

    __version__: str

# Where each public name lives; a test holds this against the imports above.
_HOMES = {
    "annotation": (
        "Annotation BoxAnnotation CategoryAnnotation CuboidAnnotation Keypoint KeypointsAnnotation "
        "LidarPoint LineAnnotation MultiCategoryAnnotation Point Point3D PolygonAnnotation "
        "SceneCategoryAnnotation Segment SegmentationAnnotation"
    ),
    "async_job": "AsyncJob EmbeddingsExportJob",
    "benchmark": "Benchmark",
    "camera": "CameraParams Quaternion",
    "client": "NucleusClient",
    "dataset": "Dataset",
    "dataset_info": "DatasetInfo",
    "dataset_item": "DatasetItem",
    "errors": (
        "DatasetItemRetrievalError DuplicateIDError JobError ModelCreationError "
        "ModelRunCreationError NoAPIKey NotFoundError NucleusAPIError NucleusError"
    ),
    "evaluation_match": "EvaluationMatch",
    "evaluation_v2": "EvaluationV2 EvaluationV2Status RollupGroup",
    "evaluation_v2_exclusions": "BoxAreaExclusionRule LabelExclusionRule MetadataExclusionRule",
    "evaluation_v2_preset": "EvaluationV2Preset",
    "job": "CustomerJobTypes",
    "model": "Model",
    "model_run": "ModelRun",
    "model_weights": "ModelWeights",
    "prediction": (
        "BoxPrediction CategoryPrediction CuboidPrediction KeypointsPrediction LinePrediction "
        "MultiCategoryPrediction PolygonPrediction Prediction SceneCategoryPrediction "
        "SegmentationPrediction"
    ),
    "scene": "Frame LidarScene VideoScene",
    "slice": "Slice SliceBuilderFilterAutotag SliceBuilderFilters SliceBuilderMethods SliceType",
    "track": "Track",
    "upload_response": "UploadResponse",
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Annotation",
    "AsyncJob",
    "Benchmark",
    "BoxAnnotation",
    "BoxAreaExclusionRule",
    "BoxPrediction",
    "CameraParams",
    "CategoryAnnotation",
    "CategoryPrediction",
    "CuboidAnnotation",
    "CuboidPrediction",
    "CustomerJobTypes",
    "Dataset",
    "DatasetInfo",
    "DatasetItem",
    "DatasetItemRetrievalError",
    "DuplicateIDError",
    "EmbeddingsExportJob",
    "EvaluationMatch",
    "EvaluationV2",
    "EvaluationV2Preset",
    "EvaluationV2Status",
    "Frame",
    "JobError",
    "Keypoint",
    "KeypointsAnnotation",
    "KeypointsPrediction",
    "LabelExclusionRule",
    "LidarPoint",
    "LidarScene",
    "LineAnnotation",
    "LinePrediction",
    "MetadataExclusionRule",
    "Model",
    "ModelCreationError",
    "ModelRun",
    "ModelRunCreationError",
    "ModelWeights",
    "MultiCategoryAnnotation",
    "MultiCategoryPrediction",
    "NoAPIKey",
    "NotFoundError",
    "NucleusAPIError",
    "NucleusClient",
    "NucleusError",
    "Point",
    "Point3D",
    "PolygonAnnotation",
    "PolygonPrediction",
    "Prediction",
    "Quaternion",
    "RollupGroup",
    "SceneCategoryAnnotation",
    "SceneCategoryPrediction",
    "Segment",
    "SegmentationAnnotation",
    "SegmentationPrediction",
    "Slice",
    "SliceBuilderFilterAutotag",
    "SliceBuilderFilters",
    "SliceBuilderMethods",
    "SliceType",
    "Track",
    "UploadResponse",
    "VideoScene",
    "__version__",
]

_MODULES = frozenset({
    "annotation", "async_job", "camera_params", "constants", "dataset", "dataset_item",
    "deduplication", "errors", "evaluation_match", "job", "local_deduplication", "metrics", "model",
    "model_run", "prediction", "quaternion", "samples", "scene", "slice", "track",
    "upload_response", "utils", "validate",
})  # fmt: skip
"""Modules that scripts reach as attributes of the package, whether or not they were imported."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("nucleus_lab")
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    elif name in _MODULE_OF:
        from nucleus_lab.bulk import importing

        with importing():
            value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Bring the magics into a notebook: ``%load_ext nucleus_lab``.

    Args:
        ipython: The running IPython.
    """
    from nucleus_lab import magics

    magics.load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take the magics out again: ``%unload_ext nucleus_lab``.

    Args:
        ipython: The running IPython.
    """
    from nucleus_lab import magics

    magics.unload(ipython)
