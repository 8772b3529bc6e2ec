"""Slices of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from nucleus_lab import identifiers
from nucleus_lab.bulk import listed
from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.slice import Slice, SliceType

_PREFIXES: Final = {
    "dataset_item_ids": identifiers.ITEM,
    "scene_ids": identifiers.SCENE,
    "annotation_ids": identifiers.ANNOTATION,
    "prediction_ids": identifiers.PREDICTION,
}


class SliceMethods(DatasetBase):
    """Make slices and find them."""

    def create_slice(self, name: str, reference_ids: Sequence[str] | None = None) -> Slice:
        """Make a slice of items.

        Args:
            name: Unique name within the dataset.
            reference_ids: At most 10,000 items (or scenes, in a dataset of scenes); an empty slice
                is made without.

        Returns:
            The slice.
        """
        payload: dict[str, Any] = {"name": name}
        if reference_ids:
            payload["reference_ids"] = listed("reference_ids", reference_ids, "reference ids")
        else:
            payload["allow_empty"] = 1
        return self._made(payload)

    def create_slice_by_ids(
        self,
        name: str,
        dataset_item_ids: Sequence[str] | None = None,
        scene_ids: Sequence[str] | None = None,
        annotation_ids: Sequence[str] | None = None,
        prediction_ids: Sequence[str] | None = None,
    ) -> Slice:
        """Make a slice of items, of scenes or of objects by their ids.

        ::

            ids = [item.dataset_item_id for item in dataset.items if item.metadata["night"]]
            dataset.create_slice_by_ids("night", dataset_item_ids=ids)

        Args:
            name: Unique name within the dataset.
            dataset_item_ids: Items, each id starts with ``di_``.
            scene_ids: Scenes, each id starts with ``scn_``.
            annotation_ids: Annotations, each id starts with ``ann_``; may stand beside predictions.
            prediction_ids: Predictions, each id starts with ``pred_``.

        Returns:
            The slice.

        Raises:
            InvalidInputError: No id is given (:meth:`create_slice` makes an empty slice), or one of
                another kind. No slice is made then, nor where an id is not of the dataset.
        """
        items = _ids("dataset_item_ids", dataset_item_ids)
        scenes = _ids("scene_ids", scene_ids)
        objects = _ids("annotation_ids", annotation_ids) + _ids("prediction_ids", prediction_ids)
        if not (items or scenes or objects):
            raise InvalidInputError(
                "create_slice_by_ids was given no ids: give those of items, scenes or objects, or "
                "make an empty slice by create_slice(name)"
            )
        return self._made({
            "name": name,
            "dataset_item_ids": items or None,
            "scene_ids": scenes or None,
            "object_ids": objects or None,
        })

    def _made(self, payload: dict[str, Any]) -> Slice:
        answer = self._ask(payload, "create_slice")
        row = {"id": answer["slice_id"], "name": payload["name"], "dataset_id": self.id}
        return Slice.from_json(row, self._client)

    @property
    def slices(self) -> list[Slice]:
        """All slices, oldest first."""
        return [Slice.from_json(row, self._client) for row in self._ask(None, "slices", "GET")]

    def get_slices(
        self, name: str | None = None, slice_type: str | SliceType | None = None
    ) -> list[Slice]:
        """Find slices.

        Args:
            name: Only the slice of this name.
            slice_type: Only slices of ``dataset_item``, ``object`` or ``scene``.

        Returns:
            The slices, at least one.

        Raises:
            NotFoundError: There is none.
        """
        wanted: dict[str, str] = {}
        if name is not None:
            wanted["name"] = name
        if slice_type is not None:
            wanted["type"] = str(slice_type)
        route = f"slices?{urlencode(wanted)}" if wanted else "slices"
        rows = self._ask(None, route, "GET")
        if not rows:
            raise NotFoundError(
                f"dataset {self.id} has no slice with "
                + (" and ".join(f"{key} {text!r}" for key, text in wanted.items()) or "any name")
                + ": Dataset.slices lists what there is",
                **wanted,
            )
        return [Slice.from_json(row, self._client) for row in rows]


def _ids(name: str, values: Sequence[str] | None) -> list[str]:
    """Read ids of one kind."""
    prefix = _PREFIXES[name]
    ids = listed(name, values or (), f"ids that start with {prefix}_")
    identifiers.check_kinds(name, ids, [prefix], {each: to for to, each in _PREFIXES.items()})
    return ids
