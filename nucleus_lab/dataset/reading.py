"""Reading a dataset: items, ground truth and predictions, one by one and all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from nucleus_lab.annotation import Annotation
from nucleus_lab.bulk import batches, collector_paused
from nucleus_lab.dataset.base import DatasetBase, model_id, segment
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.model import Model
from nucleus_lab.prediction import Prediction
from nucleus_lab.slice.rows import Groups, narrow_pages, paged, read_groups

EXPORT_PAGE: Final = 1_000
"""Items of a page that carry their annotations: large enough to be fast, small enough to hold."""

ROWS_A_REQUEST: Final = 1_000


class ReadingMethods(DatasetBase):
    """Items, ground truth and predictions of a dataset."""

    @property
    def items(self) -> list[DatasetItem]:
        """All items, in dataset order."""
        return list(self.items_generator())

    def items_generator(self, page_size: int = 100_000) -> Iterator[DatasetItem]:
        """Read the items page by page.

        Args:
            page_size: Items of a request.

        Yields:
            Items in dataset order.
        """
        route = f"dataset/{segment(self.id)}/itemsPage"
        for page in paged(self._client, route, page_size, rows="items"):
            with collector_paused():
                items = [DatasetItem.from_json(row) for row in page]
            yield from items

    def items_and_annotations(self) -> list[dict[str, Any]]:
        """Read all items with their ground truth.

        Returns:
            ``item``, and ``annotations`` grouped by type (``box``, ``polygon`` … ``segmentation``;
            an absent type reads as ``[]``), of each item in dataset order.
        """
        return list(self.items_and_annotation_generator())

    def items_and_annotation_generator(
        self, query: str | None = None, use_mirrored_images: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Read the items with their ground truth, page by page.

        Args:
            query: Only items that match this query.
            use_mirrored_images: Give locations that the workspace serves instead of the original
                ones.

        Yields:
            As :meth:`items_and_annotations`.
        """
        yield from narrow_pages(
            self._client,
            f"lab/dataset/{segment(self.id)}/exportRows",
            EXPORT_PAGE,
            query=query,
            chip=use_mirrored_images,
        )

    def iloc(self, i: int) -> dict[str, Any]:
        """Read one item by its position.

        Args:
            i: Position in the dataset, 0 for the first item.

        Returns:
            ``item``, and ``annotations`` grouped by type.
        """
        return self._read(f"iloc/{segment(i)}")

    def refloc(self, reference_id: str) -> dict[str, Any]:
        """Read one item by its reference id.

        Args:
            reference_id: The caller's id of the item.

        Returns:
            ``item``, and ``annotations`` grouped by type.
        """
        return self._read(f"refloc/{segment(reference_id)}")

    def loc(self, dataset_item_id: str) -> dict[str, Any]:
        """Read one item by its id.

        Args:
            dataset_item_id: Id, starts with ``di_``.

        Returns:
            ``item``, and ``annotations`` grouped by type.
        """
        return self._read(f"loc/{segment(dataset_item_id)}")

    def _read(self, route: str) -> dict[str, Any]:
        answer = self._ask(None, route, "GET")
        return {
            "item": DatasetItem.from_json(answer["item"]),
            "annotations": read_groups(answer["annotations"]),
        }

    def ground_truth_loc(self, reference_id: str, annotation_id: str) -> Annotation:
        """Read one annotation.

        Args:
            reference_id: The caller's id of the item.
            annotation_id: The caller's id of the annotation.

        Returns:
            The annotation.
        """
        route = f"groundTruth/loc/{segment(reference_id)}/{segment(annotation_id)}"
        return Annotation.from_json(self._ask(None, route, "GET"))

    def predictions_iloc(self, model: Model | str, index: int) -> Groups:
        """Read a model's predictions on one item by its position.

        Args:
            model: The model, or its id.
            index: Position of the item in the dataset, 0 for the first.

        Returns:
            Predictions grouped by type.
        """
        answer = self._ask(None, f"model/{model_id(model)}/iloc/{segment(index)}", "GET")
        return read_groups(answer["annotations"], predictions=True)

    def predictions_refloc(self, model: Model | str, reference_id: str) -> Groups:
        """Read a model's predictions on one item by its reference id.

        Args:
            model: The model, or its id.
            reference_id: The caller's id of the item.

        Returns:
            Predictions grouped by type.
        """
        route = f"model/{model_id(model)}/referenceId/{segment(reference_id)}"
        return read_groups(self._ask(None, route, "GET")["annotations"], predictions=True)

    def prediction_loc(
        self, model: Model | str, reference_id: str, annotation_id: str
    ) -> Annotation:
        """Read one prediction.

        Args:
            model: The model, or its id.
            reference_id: The caller's id of the item.
            annotation_id: The caller's id of the prediction.

        Returns:
            The prediction.
        """
        place = f"{segment(reference_id)}/{segment(annotation_id)}"
        answer = self._ask(None, f"model/{model_id(model)}/loc/{place}", "GET")
        return Prediction.from_json(answer)

    def export_predictions(self, model: Model | str) -> Groups:
        """Read all predictions of a model on this dataset.

        Args:
            model: The model, or its id.

        Returns:
            Predictions grouped by type; an absent type reads as ``[]``.
        """
        answer = self._ask(None, f"model/{model_id(model)}/export", "GET")
        with collector_paused():
            return read_groups(answer, predictions=True)

    def rows(
        self, item_ids: Sequence[str], *, model: Model | str | None = None
    ) -> list[dict[str, Any]]:
        """Read chosen items as plain mappings, for display.

        Args:
            item_ids: Ids, each starts with ``di_``; any number.
            model: Add the predictions of this model.

        Returns:
            One mapping an id, in the order asked: ``id``, ``reference_id``, ``width``, ``height``,
            ``metadata``, ``location``, ``annotations`` and ``predictions`` (payloads with their
            ``id``).
        """
        of_model = None if model is None else model if isinstance(model, str) else model.id
        rows: list[dict[str, Any]] = []
        for batch in batches(item_ids, ROWS_A_REQUEST):
            rows += self._ask_lab({"item_ids": batch, "model_id": of_model}, "rows")["rows"]
        return rows

    def label_counts(self, model: Model | str | None = None) -> dict[str, list[dict[str, Any]]]:
        """Count the objects of each label.

        Args:
            model: Count the predictions of this model as well.

        Returns:
            ``ground_truth`` and ``predictions``, each a list of ``label`` and ``count``.
        """
        query = "" if model is None else f"?model_id={model_id(model)}"
        answer: dict[str, list[dict[str, Any]]] = self._ask_lab(None, f"labels{query}", "GET")
        return answer
