"""Asking a dataset: items, objects and scenes that fit a query, their ids and their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from nucleus_lab.annotation import Annotation
from nucleus_lab.dataset.base import DatasetBase, segment
from nucleus_lab.dataset.query_answers import QueryRows, tell
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation_match import EvaluationMatch
from nucleus_lab.model import Model
from nucleus_lab.prediction import Prediction
from nucleus_lab.scene import Scene


class ObjectQueryType(StrEnum):
    """What :meth:`QueryMethods.query_objects` returns."""

    GROUND_TRUTH_ONLY = "ground_truth_only"
    """Annotations."""
    PREDICTIONS_ONLY = "predictions_only"
    """Predictions of a model run."""
    IOU = "iou"
    """Evaluation matches of a prediction and an annotation."""
    FALSE_POSITIVE = "false_positive"
    """Evaluation matches that count as false positives."""
    FALSE_NEGATIVE = "false_negative"
    """Evaluation matches that count as false negatives: annotations that no prediction met."""


class QueryMethods(DatasetBase):
    """Ask in the query language."""

    def query_items(
        self,
        query: str,
        *,
        model: Model | str | None = None,
        params: Mapping[str, Any] | None = None,
        iou_threshold: float | None = None,
    ) -> QueryRows[DatasetItem]:
        """Find items.

        ::

            dataset.query_items("annotations.car > 3 AND metadata.weather = fog")
            dataset.query_items("ref_id IN {ids}", params={"ids": ["1.jpg", "2.jpg"]})

        Args:
            query: The condition; empty for all items.
            model: Model whose predictions and matches the query speaks of; needed when several
                models have predictions here.
            params: Values of ``{name}`` in the query: text, numbers, booleans, dates or lists.
                They are bound, never pasted, so quotes in them are harmless.
            iou_threshold: A pair of a match that overlaps less is read as a false positive and a
                miss; without it pairs are as the evaluation stored them.

        Returns:
            The items in dataset order, or in the order that the query asks for; read page by page.

        Raises:
            QueryError: The query cannot be read; the message points at the place.
        """
        return self._query(
            "queryItemsPage", query, model, params, iou_threshold, DatasetItem.from_json
        )

    def query_objects(
        self,
        query: str,
        query_type: ObjectQueryType | str = ObjectQueryType.GROUND_TRUTH_ONLY,
        model_run_id: str | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        iou_threshold: float | None = None,
    ) -> QueryRows[Annotation | Prediction | EvaluationMatch]:
        """Find annotations, predictions or evaluation matches.

        ::

            dataset.query_objects("label = car AND area < 32 * 32")
            dataset.query_objects("confidence > 0.9", ObjectQueryType.FALSE_POSITIVE, model.id)

        Args:
            query: The condition. A property such as ``label`` is that of the object; ``metadata``,
                counts and slices are those of its item.
            query_type: What to find.
            model_run_id: Id of the model run, or of its model; needed when several models have
                predictions here.
            params: Values of ``{name}`` in the query.
            iou_threshold: A pair of a match that overlaps less is read as a false positive and a
                miss; without it pairs are as the evaluation stored them.

        Returns:
            The objects, item by item; read page by page.

        Raises:
            QueryError: The query cannot be read, or needs a model run.
            InvalidInputError: There is no such query type.
        """
        if query_type not in set(ObjectQueryType):
            known = ", ".join(ObjectQueryType)
            raise InvalidInputError(f"query_type is {query_type!r}: use one of {known}")
        mode = str(query_type)
        read: Any = EvaluationMatch.from_json
        if mode == ObjectQueryType.GROUND_TRUTH_ONLY:
            read = Annotation.from_json
        elif mode == ObjectQueryType.PREDICTIONS_ONLY:
            read = Prediction.from_json
        return self._query(
            "queryObjectsPage", query, model_run_id, params, iou_threshold, read, patch_mode=mode
        )

    def query_scenes(
        self,
        query: str,
        *,
        model: Model | str | None = None,
        params: Mapping[str, Any] | None = None,
        iou_threshold: float | None = None,
    ) -> QueryRows[Scene]:
        """Find scenes.

        ::

            dataset.query_scenes('scene.metadata.weather = "rain" AND items.count > 100')

        Args:
            query: The condition. ``metadata`` is that of any item of the scene.
            model: Model whose predictions the query speaks of.
            params: Values of ``{name}`` in the query.
            iou_threshold: A pair of a match that overlaps less is read as a false positive and a
                miss; without it pairs are as the evaluation stored them.

        Returns:
            The scenes with their frames; read page by page.

        Raises:
            QueryError: The query cannot be read.
        """
        return self._query("queryScenesPage", query, model, params, iou_threshold, Scene.from_json)

    def item_ids(
        self,
        query: str | None = None,
        *,
        slice_id: str | None = None,
        model: Model | str | None = None,
        params: Mapping[str, Any] | None = None,
        iou_threshold: float | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Find the ids of items, which is fast for very many of them.

        Args:
            query: The condition; all items without one.
            slice_id: Only items of this slice, in the order of the slice.
            model: Model whose predictions and matches the query speaks of.
            params: Values of ``{name}`` in the query.
            iou_threshold: A pair of a match that overlaps less is read as a false positive and a
                miss; without it pairs are as the evaluation stored them.
            limit: Only the first so many, which are found at once however many match; at most
                100,000, and not of a slice.

        Returns:
            Ids such as ``di_0000000000001``.

        Raises:
            QueryError: The query cannot be read.
            NotFoundError: There is no such slice or model.
            InvalidInputError: The limit is out of its range, or given with a slice.
        """
        body = self._selection(query, model, params, iou_threshold)
        body |= {"slice_id": slice_id, "limit": limit}
        answer = self._ask_lab(body, "itemIds")
        tell(answer, depth=1)
        found: list[str] = answer["item_ids"]
        return found

    def count(
        self,
        query: str | None = None,
        *,
        model: Model | str | None = None,
        params: Mapping[str, Any] | None = None,
        iou_threshold: float | None = None,
    ) -> int:
        """Count items.

        Args:
            query: The condition; all items without one.
            model: Model whose predictions and matches the query speaks of.
            params: Values of ``{name}`` in the query.
            iou_threshold: A pair of a match that overlaps less is read as a false positive and a
                miss; without it pairs are as the evaluation stored them.

        Returns:
            The number of items.

        Raises:
            QueryError: The query cannot be read.
            NotFoundError: There is no such model.
        """
        answer = self._ask_lab(self._selection(query, model, params, iou_threshold), "count")
        tell(answer, depth=1)
        return int(answer["count"])

    @staticmethod
    def _selection(
        query: str | None,
        model: Model | str | None,
        params: Mapping[str, Any] | None,
        iou_threshold: float | None,
    ) -> dict[str, Any]:
        return {
            "query": query,
            "model_id": model.id if isinstance(model, Model) else model,
            "params": dict(params) if params else None,
            "iou_threshold": iou_threshold,
        }

    def _query(
        self,
        route: str,
        query: str,
        model: Model | str | None,
        params: Mapping[str, Any] | None,
        iou_threshold: float | None,
        read: Callable[[dict[str, Any]], Any],
        **more: Any,
    ) -> QueryRows[Any]:
        """Ask the first rows at once, so that a bad query is refused where it is written."""
        more |= {
            "query": query,
            "model_run_id": model.id if isinstance(model, Model) else model,
            "params": dict(params) if params else None,
            "iou_threshold": iou_threshold,
        }
        path = f"dataset/{segment(self.id)}/{route}"

        def ask(paging: dict[str, Any]) -> dict[str, Any]:
            answer: dict[str, Any] = self._client.make_request(more | paging, path, "POST")
            return answer

        rows = QueryRows(ask, read)
        tell({"warnings": rows.warnings}, depth=2)
        return rows
