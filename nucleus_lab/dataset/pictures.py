"""Pictures of a dataset: thumbnails, whole images and masks, as bytes that a browser can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nucleus_lab.bulk import batches
from nucleus_lab.dataset.base import DatasetBase, segment
from nucleus_lab.wire import unframe

PICTURES_A_REQUEST: Final = 500


class PictureMethods(DatasetBase):
    """Pictures of items and masks of objects."""

    def thumbnails(self, item_ids: Sequence[str], size: int = 256) -> list[bytes]:
        """Read small versions of pictures; the workspace keeps them once made.

        Args:
            item_ids: Ids, each starts with ``di_``.
            size: Pixels of the longer side.

        Returns:
            One JPEG or PNG an id, in the order asked; ``b""`` where there is none.
        """
        pictures: list[bytes] = []
        for batch in batches(item_ids, PICTURES_A_REQUEST):
            pictures += unframe(self._ask_lab({"item_ids": batch, "size": size}, "thumbnails"))
        return pictures

    def image_bytes(self, item_id: str) -> bytes:
        """Read the picture of an item.

        Args:
            item_id: Id, starts with ``di_``.

        Returns:
            The file as it was uploaded, or a PNG where browsers cannot show its format.
        """
        picture: bytes = self._ask_lab(None, f"image/{segment(item_id)}", "GET")
        return picture

    def mask_bytes(self, object_id: str) -> bytes:
        """Read a segmentation mask.

        Args:
            object_id: Id of an annotation (``ann_``) or a prediction (``pred_``).

        Returns:
            A PNG whose pixel values are the indexes of the segments.
        """
        mask: bytes = self._ask_lab(None, f"mask/{segment(object_id)}", "GET")
        return mask
