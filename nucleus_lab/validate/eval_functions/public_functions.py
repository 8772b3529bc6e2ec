"""The classes of the public evaluation functions, which say what arguments each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from nucleus_lab.validate.eval_functions.base_eval_function import EvalFunctionConfig

if TYPE_CHECKING:
    from nucleus_lab.metrics.filtering import Filters


class OverlapConfig(EvalFunctionConfig):
    """A function that pairs predictions and annotations at a threshold of 0."""

    def __call__(
        self,
        enforce_label_match: bool = False,
        iou_threshold: float = 0.0,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            enforce_label_match: Compare each label apart.
            iou_threshold: Overlap from which two belong together, 0 to 1.
            confidence_threshold: Predictions below it are left out, 0 to 1.
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            enforce_label_match=enforce_label_match,
            iou_threshold=iou_threshold,
            confidence_threshold=confidence_threshold,
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )


class DetectionConfig(EvalFunctionConfig):
    """A function that pairs predictions and annotations at a threshold of 0.5."""

    def __call__(
        self,
        enforce_label_match: bool = False,
        iou_threshold: float = 0.5,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            enforce_label_match: Compare each label apart.
            iou_threshold: Overlap from which two belong together, 0 to 1.
            confidence_threshold: Predictions below it are left out, 0 to 1.
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            enforce_label_match=enforce_label_match,
            iou_threshold=iou_threshold,
            confidence_threshold=confidence_threshold,
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )


class AveragePrecisionConfig(EvalFunctionConfig):
    """A mean average precision at one threshold."""

    def __call__(
        self,
        iou_threshold: float = 0.5,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            iou_threshold: Overlap from which two belong together, 0 to 1.
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            iou_threshold=iou_threshold,
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )


class CuboidConfig(EvalFunctionConfig):
    """A function that pairs cuboids."""

    def __call__(
        self,
        enforce_label_match: bool = True,
        iou_threshold: float = 0.0,
        confidence_threshold: float = 0.0,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            enforce_label_match: Compare each label apart.
            iou_threshold: Overlap from which two belong together, 0 to 1.
            confidence_threshold: Predictions below it are left out, 0 to 1.
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            enforce_label_match=enforce_label_match,
            iou_threshold=iou_threshold,
            confidence_threshold=confidence_threshold,
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )


class MaskConfig(EvalFunctionConfig):
    """A function that compares masks."""

    def __call__(
        self,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )


class BoundingBoxIOUConfig(OverlapConfig):
    """Mean overlap of boxes."""

    NAME = "bbox_iou"


class BoundingBoxPrecisionConfig(DetectionConfig):
    """Precision of boxes."""

    NAME = "bbox_precision"


class BoundingBoxRecallConfig(DetectionConfig):
    """Recall of boxes."""

    NAME = "bbox_recall"


class BoundingBoxMAPConfig(AveragePrecisionConfig):
    """Mean average precision of boxes."""

    NAME = "bbox_map"


class PolygonIOUConfig(OverlapConfig):
    """Mean overlap of boxes and polygons."""

    NAME = "poly_iou"


class PolygonPrecisionConfig(DetectionConfig):
    """Precision of boxes and polygons."""

    NAME = "poly_precision"


class PolygonRecallConfig(DetectionConfig):
    """Recall of boxes and polygons."""

    NAME = "poly_recall"


class PolygonMAPConfig(AveragePrecisionConfig):
    """Mean average precision of boxes and polygons."""

    NAME = "poly_map"


class CuboidIOU2DConfig(CuboidConfig):
    """Mean overlap of cuboids seen from above."""

    NAME = "cuboid_iou_2d"


class CuboidIOU3DConfig(CuboidConfig):
    """Mean overlap of cuboids in space."""

    NAME = "cuboid_iou_3d"


class CuboidPrecisionConfig(CuboidConfig):
    """Precision of cuboids."""

    NAME = "cuboid_precision"


class CuboidRecallConfig(CuboidConfig):
    """Recall of cuboids."""

    NAME = "cuboid_recall"


class SegmentationToPolyIOUConfig(OverlapConfig):
    """Mean overlap of masks with boxes and polygons."""

    NAME = "segmentation_to_poly_iou"


class SegmentationToPolyPrecisionConfig(DetectionConfig):
    """Precision of masks against boxes and polygons."""

    NAME = "segmentation_to_poly_precision"


class SegmentationToPolyRecallConfig(DetectionConfig):
    """Recall of masks against boxes and polygons."""

    NAME = "segmentation_to_poly_recall"


class SegmentationIOUConfig(MaskConfig):
    """Mean IoU of classes of masks."""

    NAME = "seg_iou"


class SegmentationRecallConfig(MaskConfig):
    """Mean recall of classes of masks."""

    NAME = "seg_recall"


class SegmentationMAPConfig(MaskConfig):
    """Mean of the precision of masks over thresholds."""

    NAME = "seg_map"


class SegmentationPrecisionConfig(MaskConfig):
    """Mean precision of classes of masks."""

    NAME = "seg_precision"


class SegmentationFWAVACCConfig(MaskConfig):
    """Frequency-weighted IoU of masks."""

    NAME = "seg_fwavacc"


class SegmentationToPolyMAPConfig(EvalFunctionConfig):
    """Mean average precision of masks against boxes and polygons."""

    NAME = "segmentation_to_poly_map"

    def __call__(
        self,
        iou_thresholds: list[float] | str = "coco",
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            iou_thresholds: Numbers from 0 to 1, or ``coco`` for 0.50, 0.55 … 0.95.
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            iou_thresholds=iou_thresholds,
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )


class SegmentationToPolyAveragePrecisionConfig(EvalFunctionConfig):
    """Precision of one label of masks against boxes and polygons."""

    NAME = "segmentation_to_poly_ap"

    def __call__(
        self,
        label: str = "label",
        iou_threshold: float = 0.5,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            label: The label.
            iou_threshold: Overlap from which two belong together, 0 to 1.
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            label=label,
            iou_threshold=iou_threshold,
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )


class CategorizationF1Config(EvalFunctionConfig):
    """F1 of categories."""

    NAME = "cat_f1"

    def __call__(
        self,
        confidence_threshold: float | None = None,
        f1_method: str | None = None,
        annotation_filters: Filters = None,
        prediction_filters: Filters = None,
        **kwargs: Any,
    ) -> Self:
        """Set arguments.

        Args:
            confidence_threshold: Predictions below it are left out, 0 to 1.
            f1_method: ``macro`` when left out; ``micro``, ``samples``, ``weighted`` or ``binary``.
            annotation_filters: Which annotations to look at; all when left out.
            prediction_filters: Which predictions to look at; all when left out.
            **kwargs: Further arguments of the metric.

        Returns:
            The function with these arguments.
        """
        return super().__call__(
            confidence_threshold=confidence_threshold,
            f1_method=f1_method,
            annotation_filters=annotation_filters,
            prediction_filters=prediction_filters,
            **kwargs,
        )
