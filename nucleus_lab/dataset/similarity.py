"""Similarity search in a dataset."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nucleus_lab.annotation import Annotation, Prediction
from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError, MediaError


class SimilarityMethods(DatasetBase):
    """Find what looks alike."""

    def similar(
        self,
        reference_id: str | None = None,
        *,
        object_id: str | None = None,
        vector: Sequence[float] | None = None,
        picture: Any = None,
        level: str = "Image",
        limit: int = 10,
    ) -> list[dict[str, Any]]:
        """Find what lies nearest by the cosine of embeddings, in the primary index.

        ::

            dataset.create_image_index().sleep_until_complete()
            for row in dataset.similar("night/17.jpg", limit=5):
                print(row["item"].reference_id, row["score"])

        Args:
            reference_id: Look for items like this one.
            object_id: Look for objects like this annotation (``ann_``) or prediction (``pred_``).
            vector: Look for what lies nearest to this vector; as long as those of the index.
            picture: Look for what looks like this picture: the path or the bytes of a file, a
                Pillow image, or an array of shape ``(height, width, 3)``.
            level: ``Image`` or ``Object``: what to look for by a vector or a picture.
            limit: At most so many, up to 10,000.

        Returns:
            By falling score: ``item``, ``score`` (-1 to 1), and for objects ``object_id`` and
            ``annotation`` or ``prediction``. What was asked with is not among them.

        Raises:
            InvalidInputError: None of the four is given, or more than one.
        """
        given = (reference_id, object_id, vector, picture)
        if sum(value is not None for value in given) != 1:
            raise InvalidInputError("give one of reference_id, object_id, vector and picture")
        if picture is not None:
            query = urlencode({"limit": limit, "level": level})
            answer = self._ask_lab(_picture_bytes(picture), f"similar_to_picture?{query}")
        else:
            payload = {
                "reference_id": reference_id,
                "object_id": object_id,
                "vector": vector,
                "level": level,
                "limit": limit,
            }
            answer = self._ask_lab(payload, "similar")
        return [_read(row) for row in answer["similar"]]


def _read(row: dict[str, Any]) -> dict[str, Any]:
    found = {"item": DatasetItem.from_json(row["item"]), "score": row["score"]}
    for name, kind in (("annotation", Annotation), ("prediction", Prediction)):
        if name in row:
            found[name] = kind.from_json(row[name])
            found["object_id"] = row[name]["id"]
    return found


def _picture_bytes(picture: Any) -> bytes:
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture)
    if isinstance(picture, str | os.PathLike):
        try:
            return Path(picture).expanduser().read_bytes()
        except OSError as fault:
            raise MediaError(
                f"{os.fspath(picture)} cannot be read ({fault.strerror}): check the path",
                path=os.fspath(picture),
            ) from fault
    from PIL import Image

    if not isinstance(picture, Image.Image):
        try:
            picture = Image.fromarray(picture)
        except (TypeError, AttributeError, ValueError, KeyError) as fault:
            raise InvalidInputError(
                f"picture is a {type(picture).__name__}: give a path, bytes, a Pillow image or an "
                "array of shape (height, width, 3) with numbers from 0 to 255 (uint8)"
            ) from fault
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
