"""Average precision from a curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def compute_average_precision(recall: npt.ArrayLike, precision: npt.ArrayLike) -> float:
    """Return the area below a precision-recall curve.

    Between two points of recall the highest precision to their right counts, as in Everingham et
    al., "The PASCAL Visual Object Classes Challenge", IJCV 2010 and 2012 (all points).

    Args:
        recall: Ascending, one value for each prediction by falling confidence.
        precision: Of the same length.

    Returns:
        0 to 1.

    Example:
        >>> compute_average_precision([0.5, 0.5, 1.0], [1.0, 0.5, 2 / 3])
        0.8333333333333333
    """
    recalls = np.concatenate(([0.0], np.asarray(recall, np.float64), [1.0]))
    precisions = np.concatenate(([0.0], np.asarray(precision, np.float64), [0.0]))
    highest = np.maximum.accumulate(precisions[::-1])[::-1]
    return float(np.sum(np.diff(recalls) * highest[1:]))
