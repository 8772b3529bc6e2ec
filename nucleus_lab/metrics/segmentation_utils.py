"""How masks are compared, drawn from polygons, and traced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nucleus_lab.annotation import Segment
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.metrics.base import share
from nucleus_lab.metrics.polygon_utils import assign, polygon_annotation_to_shape

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BACKGROUND: Final = None
"""Label of the pixels that no segment declares."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Pixels by annotated and by predicted class.

    A class is a label; the pixels that no segment declares are one too, without a label. Segments
    of one label are told apart: a pixel is right when the annotated segment belongs to the
    predicted one.

    Attributes:
        labels: Name of each class, ``None`` for the background. ``n`` of them.
        right: Pixels of segments that belong together, by class. ``(n,)``.
        annotated: Pixels of the ground truth, by class. ``(n,)``.
        predicted: Pixels of the prediction, by class. ``(n,)``.
        counted: The class is in the ground truth, so that it counts in a mean; other classes are
            false predictions and nothing else. ``(n,)``.
    """

    labels: list[str | None]
    right: Ints
    annotated: Ints
    predicted: Ints
    counted: npt.NDArray[np.bool_]

    @property
    def pixels(self) -> int:
        """Number of pixels that were compared."""
        return int(self.annotated.sum())

    def iou(self) -> Floats:
        """Return the IoU of each class.

        Returns:
            ``(n,)``; NaN for a class that does not count or has no pixels.
        """
        return self._over(self.annotated + self.predicted - self.right)

    def precision(self) -> Floats:
        """Return the share of the predicted pixels that are right, by class.

        Returns:
            ``(n,)``; NaN for a class that does not count or was not predicted.
        """
        return self._over(self.predicted)

    def recall(self) -> Floats:
        """Return the share of the annotated pixels that are right, by class.

        Returns:
            ``(n,)``; NaN for a class that does not count or has no pixels.
        """
        return self._over(self.annotated)

    def _over(self, total: Ints) -> Floats:
        nothing = np.full(len(self.labels), np.nan)
        np.divide(self.right, total, out=nothing, where=self.counted & (total > 0))
        return nothing


@dataclass(frozen=True, slots=True)
class MaskPixels:
    """Pixels by annotated and by predicted segment, before a threshold decides what is right.

    Attributes:
        counts: Pixels, ``(annotated + 1, predicted + 1)``; the last row and column are the
            background.
        annotated: Label of each row.
        predicted: Label of each column.
    """

    counts: Ints
    annotated: list[str | None]
    predicted: list[str | None]

    @classmethod
    def of(
        cls,
        annotation: tuple[Ints, Sequence[Segment]],
        prediction: tuple[Ints, Sequence[Segment]],
        *,
        background: bool = True,
    ) -> MaskPixels:
        """Count.

        Args:
            annotation: Pixels and segments of the ground truth.
            prediction: Pixels and segments of the prediction.
            background: Whether pixels that no annotated segment declares count.

        Returns:
            The counts.

        Raises:
            InvalidInputError: The masks differ in size, or a number is declared twice.
        """
        if annotation[0].shape != prediction[0].shape:
            raise InvalidInputError(
                f"the annotated mask is {_size(annotation[0])} and the predicted one "
                f"{_size(prediction[0])} pixels: give masks of one size"
            )
        rows, columns = _places(*annotation), _places(*prediction)
        width = len(prediction[1]) + 1
        counts = np.bincount(
            (rows * width + columns).ravel(), minlength=(len(annotation[1]) + 1) * width
        ).reshape(-1, width)
        if not background:
            counts[-1] = 0
        return cls(
            counts.astype(np.int64),
            [*(segment.label for segment in annotation[1]), _BACKGROUND],
            [*(segment.label for segment in prediction[1]), _BACKGROUND],
        )

    def confusion(self, iou_threshold: float) -> Confusion:
        """Decide which segments belong together.

        Segments of one label do so that the sum of their overlaps is highest, and each overlap at
        least the threshold.

        Args:
            iou_threshold: 0 to 1.

        Returns:
            The pixels by class.
        """
        counts = self.counts
        labels = list(dict.fromkeys([*self.annotated, *self.predicted]))
        place = {label: index for index, label in enumerate(labels)}
        of_rows = np.array([place[label] for label in self.annotated])
        of_columns = np.array([place[label] for label in self.predicted])
        in_rows, in_columns = counts.sum(axis=1), counts.sum(axis=0)
        union = np.add.outer(in_rows, in_columns) - counts
        same = (of_rows[:, None] == of_columns) & (union > 0)
        pairs = assign(
            np.divide(counts, union, out=np.zeros(counts.shape), where=same), iou_threshold
        )
        sums = [np.zeros(len(labels), np.int64) for _ in range(3)]
        right = counts[pairs.annotation, pairs.prediction]
        np.add.at(sums[0], of_rows[pairs.annotation], right)
        np.add.at(sums[1], of_rows, in_rows)
        np.add.at(sums[2], of_columns, in_columns)
        counted = np.isin(np.arange(len(labels)), of_rows[:-1])
        counted[place[_BACKGROUND]] = in_rows[-1] > 0
        return Confusion(labels, sums[0], sums[1], sums[2], counted)


def _size(pixels: Ints) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"


def _places(pixels: Ints, segments: Sequence[Segment]) -> Ints:
    """Number the segment of each pixel; the number of segments stands for none."""
    numbers = np.array([segment.index for segment in segments], np.int64)
    order = np.argsort(numbers)
    ascending = numbers[order]
    twice = ascending[1:][ascending[1:] == ascending[:-1]]
    if len(twice):
        raise InvalidInputError(
            f"the number {twice[0]} stands for two segments of a mask: give each one its own"
        )
    if not len(segments):
        return np.zeros(pixels.shape, np.int64)
    at = np.minimum(np.searchsorted(ascending, pixels), len(numbers) - 1)
    places: Ints = np.where(ascending[at] == pixels, order[at], len(numbers))
    return places


def setup_iou_thresholds(iou_thresholds: Any = "coco") -> Floats:
    """Read the thresholds of a mean average precision.

    Args:
        iou_thresholds: Numbers from 0 to 1, or ``coco`` for 0.50, 0.55 … 0.95.

    Returns:
        The thresholds.

    Raises:
        InvalidInputError: It is neither.
    """
    if isinstance(iou_thresholds, str) and iou_thresholds == "coco":
        return np.linspace(0.5, 0.95, 10)
    if isinstance(iou_thresholds, (list, tuple, np.ndarray)) and len(iou_thresholds):
        numbers = np.asarray(iou_thresholds).tolist()
        return np.array([share(number, "iou_thresholds") for number in numbers])
    raise InvalidInputError(
        f"iou_thresholds is {iou_thresholds!r}: use a list of numbers from 0 to 1, or 'coco'",
        path="iou_thresholds",
    )


def rasterize_polygons_to_segmentation_mask(
    annotations: Sequence[Any], shape: tuple[int, ...]
) -> tuple[Ints, list[Segment]]:
    """Draw boxes and polygons into a mask.

    A pixel belongs to a shape when its centre lies inside; where shapes overlap, the later one
    wins.

    Args:
        annotations: Boxes and polygons.
        shape: Height and width of the mask.

    Returns:
        The mask, and one segment a shape, numbered from 1; 0 is the background.
    """
    import shapely

    mask = np.zeros(shape[:2], np.int64)
    segments = []
    for index, entry in enumerate(annotations, start=1):
        outline = polygon_annotation_to_shape(entry)
        if not outline.is_valid:
            outline = shapely.make_valid(outline)
        segments.append(Segment(entry.label, index=index, metadata=entry.metadata))
        if outline.is_empty:
            continue
        left, top, right, bottom = outline.bounds
        rows = np.arange(max(int(top), 0), min(int(np.ceil(bottom)), shape[0]))
        columns = np.arange(max(int(left), 0), min(int(np.ceil(right)), shape[1]))
        across, down = np.meshgrid(columns + 0.5, rows + 0.5)
        inside = shapely.contains_xy(outline, across, down)
        if inside.size:
            mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][inside] = index
    return mask, segments


def instance_mask_to_polys(
    instance_mask: npt.NDArray[Any], background_code: int | None = None
) -> tuple[list[int], list[Any]]:
    """Trace the connected parts of a mask along their pixel edges.

    Args:
        instance_mask: Number of each pixel.
        background_code: Number that is not traced.

    Returns:
        Number and shapely polygon of each part.
    """
    import shapely

    values: list[int] = []
    polygons: list[Any] = []
    for value in np.unique(instance_mask).tolist():
        if value == background_code:
            continue
        edges = np.diff(np.pad(instance_mask == value, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        rows, starts = np.nonzero(edges == 1)
        ends = np.nonzero(edges == -1)[1]
        runs = shapely.box(starts, rows, ends, rows + 1)
        shape = shapely.simplify(shapely.union_all(runs), 0.0)
        parts = shapely.get_parts(shape).tolist()
        values += [int(value)] * len(parts)
        polygons += parts
    return values, polygons
