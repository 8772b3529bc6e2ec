"""Where the metrics of masks take the masks from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.location import is_local


class SegmentationMaskLoader(ABC):
    """Turns the ``mask_url`` of a mask into its pixels; give one to the ``loader`` of a metric."""

    @abstractmethod
    def fetch(self, url: str) -> npt.NDArray[Any]:
        """Read a mask.

        Args:
            url: ``mask_url`` of the annotation or prediction.

        Returns:
            Class or instance number of each pixel, ``(height, width)``; of a picture with several
            equal channels, ``(height, width, channels)``.
        """


class InMemoryLoader(SegmentationMaskLoader):
    """Masks that are in memory.

    Args:
        url_to_array: Pixels by ``mask_url``.
    """

    def __init__(self, url_to_array: Mapping[str, npt.NDArray[Any]]) -> None:
        self.url_to_array = url_to_array

    def fetch(self, url: str) -> npt.NDArray[Any]:
        """Read a mask.

        Args:
            url: ``mask_url`` of the annotation or prediction.

        Returns:
            Its pixels.

        Raises:
            InvalidInputError: There is no mask under this URL.
        """
        if url not in self.url_to_array:
            raise InvalidInputError(
                f"there is no mask {url!r}: known are {list(self.url_to_array)}"
            )
        return self.url_to_array[url]


class DummyLoader(SegmentationMaskLoader):
    """Masks that are files on this machine; what a metric has before it is given another loader."""

    def fetch(self, url: str) -> npt.NDArray[Any]:
        """Read a mask.

        Args:
            url: Path of a picture.

        Returns:
            Its pixels.

        Raises:
            InvalidInputError: It is a URL, or there is no such file.
        """
        from PIL import Image

        if not is_local(url) or not Path(url).is_file():
            raise InvalidInputError(
                f"the mask {url!r} is no file on this machine: set metric.loader to a loader that "
                "reads it, such as InMemoryLoader({mask_url: array})"
            )
        with Image.open(url) as picture:
            return np.asarray(picture)


def first_channel(pixels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the numbers of a mask that may have been stored with several equal channels.

    Args:
        pixels: ``(height, width)``, or with one further axis for channels, the shortest one.

    Returns:
        ``(height, width)``.

    Raises:
        InvalidInputError: It has another number of axes.
    """
    if pixels.ndim == 3:
        pixels = np.take(pixels, 0, axis=int(np.argmin(pixels.shape)))
    if pixels.ndim != 2:
        raise InvalidInputError(
            f"a mask has the shape {pixels.shape}: use (height, width), or with one further axis"
        )
    return pixels.astype(np.int64)
