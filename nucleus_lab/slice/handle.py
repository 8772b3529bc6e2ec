"""Slice: a named subset of the items, scenes or objects of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final, Self

from nucleus_lab.annotation import Annotation
from nucleus_lab.bulk import collector_paused, listed
from nucleus_lab.dataset_item import DatasetItem
from nucleus_lab.model import Model, key_of
from nucleus_lab.prediction import Prediction
from nucleus_lab.scene import Scene
from nucleus_lab.slice.exports import SliceExports
from nucleus_lab.slice.labeling import SliceLabelingMethods
from nucleus_lab.slice.rows import narrow_pages, paged
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

EXPORT_PAGE: Final = 1_000
"""Items of a page that carry their objects: large enough to be fast, small enough to hold."""


class Slice(SliceExports, SliceLabelingMethods):
    """A named subset of a dataset.

    Made by :meth:`Dataset.create_slice`::

        foggy = dataset.create_slice("foggy", reference_ids)
        for row in foggy.items_and_annotation_generator(): ...

    Args:
        slice_id: Id, starts with ``slc_``.
        client: The connection that asks.

    Attributes:
        id: ``slice_id``.
        slice_id: As given.
    """

    def __init__(self, slice_id: str, client: Connection) -> None:
        super().__init__(slice_id, client)
        self.slice_id = slice_id
        # Name, dataset, type and time of creation never change, so they are asked for once.
        self._fixed: dict[str, Any] = {}

    @classmethod
    def from_json(cls, payload: dict[str, Any], client: Connection) -> Self:
        """Make a handle from a row of a list of slices.

        Args:
            payload: Holds ``id`` and, where known, ``name``, ``dataset_id``, ``type`` and
                ``created_at``.
            client: The connection that asks.

        Returns:
            The handle.
        """
        made = cls(payload["id"], client)
        made._keep(payload)
        return made

    def _keep(self, payload: dict[str, Any]) -> None:
        for key in ("name", "dataset_id", "type", "created_at"):
            if payload.get(key) is not None:
                self._fixed[key] = payload[key]

    def _ask(self, payload: Any, route: str, method: str) -> Any:
        return self._client.make_request(payload, self._route(route), method)

    def _route(self, route: str) -> str:
        return f"slice/{segment(self.id)}/{route}".rstrip("/")

    def _get(self, key: str) -> Any:
        if key not in self._fixed:
            self.info()
        return self._fixed[key]

    def info(self) -> dict[str, Any]:
        """Ask what is known about the slice.

        Returns:
            ``name``, ``slice_id``, ``dataset_id``, ``type``, ``pending_job_count``, ``created_at``
            (a datetime), ``description`` and ``tags``.
        """
        answer: dict[str, Any] = self._ask(None, "info", "GET")
        self._keep(answer)
        return {**answer, "created_at": _time(answer["created_at"])}

    @property
    def name(self) -> str:
        """Name of the slice, unique in its dataset."""
        name: str = self._get("name")
        return name

    @property
    def dataset_id(self) -> str:
        """Id of the dataset it is a part of."""
        dataset_id: str = self._get("dataset_id")
        return dataset_id

    @property
    def type(self) -> str:
        """``dataset_item``, ``object`` or ``scene``."""
        kind: str = self._get("type")
        return kind

    @property
    def created_at(self) -> datetime:
        """When it was made, in UTC."""
        return _time(self._get("created_at"))

    @property
    def description(self) -> str | None:
        """Free text."""
        text: str | None = self.info()["description"]
        return text

    @property
    def tags(self) -> list[str]:
        """Free words."""
        return self.info().get("tags") or []

    @property
    def pending_job_count(self) -> int:
        """Jobs that still add to it."""
        count: int = self.info()["pending_job_count"]
        return count

    @property
    def items(self) -> list[Any]:
        """All members: items, annotations, predictions, or scenes without their frames."""
        with collector_paused():
            return [_member(row) for row in self._ask(None, "", "GET")["items"]]

    def dataset_items(self) -> list[DatasetItem]:
        """Read all items of the slice; of a large one by :meth:`items_generator` instead.

        Returns:
            The items, in the order in which they were added; those that carry the objects of a
            slice of objects, once each; those of the scenes of a slice of scenes.
        """
        if self.type == "dataset_item":
            return list(self.items_generator())
        if self.type == "scene":
            return [row["item"] for row in self.items_and_annotation_generator()]
        carriers = {row["item"]["id"]: row["item"] for row in self.export_raw_json()}
        return [DatasetItem.from_json(row) for row in carriers.values()]

    def items_generator(self, page_size: int = 100_000) -> Iterator[Any]:
        """Read the members page by page.

        Args:
            page_size: Members of a request.

        Yields:
            Items; annotations and predictions of a slice of objects.
        """
        for page in paged(self._client, self._route("itemsPage"), page_size, rows="items"):
            with collector_paused():
                members = [_member(row) for row in page]
            yield from members

    def items_and_annotation_generator(
        self, use_mirrored_images: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Read the items with their ground truth, page by page.

        A slice of objects gives the items that carry its annotations, each with those alone.

        Args:
            use_mirrored_images: Give locations that the workspace serves instead of the original
                ones.

        Yields:
            ``item``, and ``annotations`` grouped by type.
        """
        yield from narrow_pages(
            self._client,
            f"lab/slice/{segment(self.id)}/exportRows",
            EXPORT_PAGE,
            chip=use_mirrored_images,
        )

    def items_and_annotations(self) -> list[dict[str, Any]]:
        """Read all items with their ground truth.

        Returns:
            ``item``, and ``annotations`` grouped by type, of each item.
        """
        return list(self.items_and_annotation_generator())

    def export_predictions_generator(self, model: Model | str) -> Iterator[dict[str, Any]]:
        """Read the items with a model's predictions, page by page.

        Args:
            model: The model, or its id.

        Yields:
            ``item``, and ``predictions`` grouped by type.
        """
        yield from narrow_pages(
            self._client,
            f"lab/slice/{segment(self.id)}/exportRows",
            EXPORT_PAGE,
            predictions=True,
            model_id=key_of(model),
        )

    def export_predictions(self, model: Model | str) -> list[dict[str, Any]]:
        """Read all items with a model's predictions.

        Args:
            model: The model, or its id.

        Returns:
            ``item``, and ``predictions`` grouped by type, of each item.
        """
        return list(self.export_predictions_generator(model))

    def append(self, reference_ids: Sequence[str] | None = None) -> dict[str, Any]:
        """Add items of the dataset to the slice.

        Args:
            reference_ids: At most 10,000; those it has are left alone.

        Returns:
            ``slice_id`` and ``new_items``, the reference ids that were not in it before.
        """
        names = listed("reference_ids", reference_ids or (), "reference ids")
        payload = {"reference_ids": names, "dataset_id": self.dataset_id}
        answer: dict[str, Any] = self._ask(payload, "append", "POST")
        return answer

    def add_tags(self, tags: list[str]) -> dict[str, Any]:
        """Tag the slice.

        Args:
            tags: Free words.

        Returns:
            The answer of the route.
        """
        answer: dict[str, Any] = self._ask({"slice_tags": tags}, "tag", "POST")
        return answer

    def export_class_labels(self) -> list[str]:
        """Ask which labels the annotations in the slice have.

        Returns:
            The labels, sorted.
        """
        labels: list[str] = self._ask(None, "class_labels", "GET")["data"]
        return labels

    def __repr__(self) -> str:
        known = "".join(
            f", {key}={self._fixed[key]!r}" for key in ("name", "type") if key in self._fixed
        )
        return f"Slice(slice_id={self.id!r}{known})"

    def _repr_html_(self) -> str:
        return (
            f"<b>{escape(str(self._fixed.get('name', 'Slice')))}</b> "
            f"<code>{escape(self.id)}</code> {escape(str(self._fixed.get('type', '')))}"
        )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _member(row: dict[str, Any]) -> Any:
    """Read a member by the prefix of its id."""
    prefix = str(row.get("id", "")).partition("_")[0]
    if prefix == "ann":
        return Annotation.from_json(row)
    if prefix == "pred":
        return Prediction.from_json(row)
    if prefix == "scn":
        return Scene.from_json(row, skip_validate=True)
    return DatasetItem.from_json(row)
