"""The datasets of a workspace."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nucleus_lab.dataset import Dataset
from nucleus_lab.dataset.directory import directory_items, valid_dirname
from nucleus_lab.errors import NotFoundError
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment


class DatasetCalls(Connection):
    """Make, find and delete datasets."""

    @property
    def datasets(self) -> list[Dataset]:
        """All datasets, oldest first."""
        rows = self.make_request(None, "dataset/details", "GET")
        return [Dataset(row["id"], self, name=row["name"]) for row in rows]

    def list_datasets(self) -> list[Dataset]:
        """List all datasets; the same as :attr:`datasets`.

        Returns:
            The datasets, oldest first.
        """
        return self.datasets

    def create_dataset(
        self,
        name: str,
        is_scene: bool | None = None,
        use_privacy_mode: bool = False,
        item_metadata_schema: dict[str, Any] | None = None,
        annotation_metadata_schema: dict[str, Any] | None = None,
    ) -> Dataset:
        """Make an empty dataset.

        Without a schema, one metadata key may hold text on one item and a number on another, and
        queries compare each value as what it is. A schema gives a key one type: an item that
        breaks it is counted in ``upload_errors`` and named there, an annotation that does is named
        in ``errors``; the others of the same call are kept. Keys that the schema does not name
        stay free, and ``None`` fits every type::

            client.create_dataset(
                "street",
                item_metadata_schema={
                    "speed": {"type": "number"},
                    "weather": {"type": "category", "choices": ["fog", "sun"]},
                },
            )

        Args:
            name: A name for people.
            is_scene: Whether it will hold scenes; fixed from then on. ``None`` means items.
            use_privacy_mode: Keep the URLs of pictures only, never the pictures.
            item_metadata_schema: For each metadata field of items ``type`` (``category``,
                ``number``, ``text`` or ``json``) and, if wanted, ``choices`` and ``description``.
            annotation_metadata_schema: The same for annotations.

        Returns:
            The dataset.
        """
        answer = self.make_request(
            {
                "name": name,
                "is_scene": False if is_scene is None else is_scene,
                "use_privacy_mode": use_privacy_mode,
                "item_metadata_schema": item_metadata_schema,
                "annotation_metadata_schema": annotation_metadata_schema,
            },
            "dataset/create",
        )
        return Dataset(answer["dataset_id"], self, name, bool(is_scene), use_privacy_mode)

    def get_dataset(self, dataset_id: str) -> Dataset:
        """Make a handle to a dataset; nothing is asked until it is used.

        Args:
            dataset_id: Id, starts with ``ds_``; :meth:`dataset` finds one by name.

        Returns:
            The dataset.
        """
        return Dataset(dataset_id, self)

    def dataset(self, name: str) -> Dataset:
        """Find a dataset by its name.

        Args:
            name: Its name, or its id.

        Returns:
            The dataset.

        Raises:
            NotFoundError: None or several have that name; the message lists what there is.
        """
        known = self.datasets
        found = [dataset for dataset in known if name in {dataset.id, dataset.name}]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(dataset.id for dataset in found)
            raise NotFoundError(
                f"{len(found)} datasets are named {name!r}: use get_dataset with one of {ids}"
            )
        names = ", ".join(repr(dataset.name) for dataset in known[:20]) or "none"
        raise NotFoundError(f"there is no dataset {name!r}; there are: {names}", name=name)

    def delete_dataset(self, dataset_id: str) -> dict[str, Any]:
        """Delete a dataset with its items, annotations, predictions and slices.

        Args:
            dataset_id: Id, starts with ``ds_``.

        Returns:
            The answer of the route.
        """
        answer: dict[str, Any] = self.make_request({}, f"dataset/{segment(dataset_id)}", "DELETE")
        return answer

    @staticmethod
    def valid_dirname(dirname: str | os.PathLike[str]) -> str:
        """Check that a folder exists.

        Args:
            dirname: Path; ``~`` stands for the home folder.

        Returns:
            The path.
        """
        return valid_dirname(dirname)

    def create_dataset_from_dir(
        self,
        dirname: str | os.PathLike[str],
        dataset_name: str | None = None,
        use_privacy_mode: bool = False,
        privacy_mode_proxy: str = "",
        allowed_file_types: Sequence[str] = ("png", "jpg", "jpeg"),
        skip_size_warning: bool = False,
    ) -> Dataset:
        """Make a dataset of every picture of a folder and the folders in it.

        The reference id of an item is its path relative to the folder. Pictures that cannot be
        read are left out; :meth:`Dataset.add_items_from_dir` says which.

        Args:
            dirname: Folder.
            dataset_name: Name; that of the folder by default.
            use_privacy_mode: Keep the URLs of pictures only.
            privacy_mode_proxy: URL that serves the folder, for privacy mode.
            allowed_file_types: File name extensions, in any case.
            skip_size_warning: Allow more than 500 files.

        Returns:
            The dataset.
        """
        folder = valid_dirname(dirname)
        proxy = privacy_mode_proxy if use_privacy_mode else None
        # Listed before the dataset is made, so that a wrong folder leaves no empty dataset behind.
        items = directory_items(folder, allowed_file_types, skip_size_warning, proxy)
        made = self.create_dataset(
            dataset_name or Path(folder).resolve().name, use_privacy_mode=use_privacy_mode
        )
        made.append(items)
        return made
