"""Autotags of a dataset: learnt from a few examples, scored on everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.dataset.base import DatasetBase, segment


class AutotagMethods(DatasetBase):
    """Make, refine and read autotags."""

    def create_autotag(
        self,
        name: str,
        positives: Sequence[str],
        negatives: Sequence[str] = (),
        level: str = "Image",
    ) -> dict[str, Any]:
        """Learn a tag from examples and score everything of the dataset.

        A few positives are enough for a start; look at :meth:`autotag_items`, and refine::

            dataset.create_image_index().sleep_until_complete()
            made = dataset.create_autotag("night", ["1.jpg", "7.jpg"])
            made["job"].sleep_until_complete()
            dataset.query_items("autotag.image.night > 0.5")

        Needs an index (:meth:`create_image_index`, :meth:`create_object_index`) and scikit-learn.

        Args:
            name: Unique in the dataset.
            positives: What the tag is: reference ids of items; for ``Object`` ids of annotations
                (``ann_``) and predictions (``pred_``).
            negatives: What it is not.
            level: ``Image`` to score items, ``Object`` to score objects.

        Returns:
            ``autotag`` (``id``, ``name``, ``status``, ``autotag_level``) and ``job``.
        """
        answer = self._ask_lab(
            {
                "name": name,
                "positives": list(positives),
                "negatives": list(negatives),
                "level": level,
            },
            "autotag",
        )
        return {"autotag": answer["autotag"], "job": AsyncJob.from_json(answer, self._client)}

    def refine_autotag(
        self,
        autotag_id: str,
        positives: Sequence[str] = (),
        negatives: Sequence[str] = (),
        taken_back: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Add examples to a tag, or take some back, and score everything anew.

        Args:
            autotag_id: Id, starts with ``tag_``.
            positives: More of what the tag is.
            negatives: More of what it is not.
            taken_back: What is no longer an example of either.

        Returns:
            ``autotag`` and ``job``.
        """
        payload = {
            "positives": list(positives),
            "negatives": list(negatives),
            "taken_back": list(taken_back),
        }
        answer = self._client.make_request(payload, f"lab/autotag/{segment(autotag_id)}/refine")
        return {"autotag": answer["autotag"], "job": AsyncJob.from_json(answer, self._client)}

    def update_autotag(self, autotag_id: str) -> AsyncJob:
        """Score everything anew, new items included; one job at a time.

        Args:
            autotag_id: Id, starts with ``tag_``.

        Returns:
            The job.
        """
        answer = self._client.make_request({}, f"autotag/{segment(autotag_id)}")
        return AsyncJob.from_json(answer, self._client)

    def list_autotags(self) -> list[dict[str, Any]]:
        """List the autotags.

        Returns:
            ``id``, ``name``, ``status`` (``pending``, ``started`` or ``completed``) and
            ``autotag_level`` (``Image`` or ``Object``) of each, oldest first.
        """
        rows: list[dict[str, Any]] = self._client.make_request(
            None, f"{segment(self.id)}/list_autotags", "GET"
        )
        return rows

    def autotag_items(
        self, autotag_name: str, for_scores_greater_than: float = 0
    ) -> dict[str, Any]:
        """Read what a tag scores above a threshold.

        Args:
            autotag_name: Name of the tag.
            for_scores_greater_than: -1 to 1; above 0 means tagged.

        Returns:
            ``autotagItems``, by falling score, each with ``ref_id``, ``score``,
            ``model_prediction_annotation_id`` and ``ground_truth_annotation_id`` (ids of objects,
            ``None`` for a tag of items); and ``autotag``.
        """
        answer: dict[str, Any] = self._ask(
            {"score_threshold": for_scores_greater_than},
            f"autotag/{quote(autotag_name, safe='')}/taggedItems",
        )
        return answer

    def autotag_training_items(self, autotag_name: str) -> dict[str, Any]:
        """Read what was chosen as positive examples of a tag.

        Args:
            autotag_name: Name of the tag.

        Returns:
            ``autotagPositiveTrainingItems``, each with ``ref_id``,
            ``model_prediction_annotation_id`` and ``ground_truth_annotation_id``; and ``autotag``.
        """
        answer: dict[str, Any] = self._ask(
            None, f"autotag/{quote(autotag_name, safe='')}/trainingItems", "GET"
        )
        return answer
