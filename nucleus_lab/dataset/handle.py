"""Dataset: the handle that the topics beside this module add up to."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nucleus_lab.dataset.annotations import DEFAULT_ANNOTATION_UPDATE_MODE
from nucleus_lab.dataset.autotags import AutotagMethods
from nucleus_lab.dataset.chips import ChipMethods
from nucleus_lab.dataset.deduplication import DeduplicationMethods
from nucleus_lab.dataset.evaluation import EvaluationMethods
from nucleus_lab.dataset.history import HistoryMethods
from nucleus_lab.dataset.imports import ImportMethods
from nucleus_lab.dataset.indexing import IndexingMethods
from nucleus_lab.dataset.items import ItemMethods
from nucleus_lab.dataset.jobs import JobMethods
from nucleus_lab.dataset.labeling import DatasetLabelingMethods
from nucleus_lab.dataset.pictures import PictureMethods
from nucleus_lab.dataset.point_clouds import PointCloudMethods
from nucleus_lab.dataset.predictions import PredictionMethods
from nucleus_lab.dataset.queries import QueryMethods
from nucleus_lab.dataset.query_help import QueryHelpMethods
from nucleus_lab.dataset.reading import ReadingMethods
from nucleus_lab.dataset.sampling import SamplingMethods
from nucleus_lab.dataset.similarity import SimilarityMethods
from nucleus_lab.dataset.slices import SliceMethods
from nucleus_lab.dataset.tags import TagMethods
from nucleus_lab.dataset.tracks import TrackMethods
from nucleus_lab.errors import NucleusError

if TYPE_CHECKING:
    from nucleus_lab.dataset_info import DatasetInfo

__all__ = ["DEFAULT_ANNOTATION_UPDATE_MODE", "Dataset"]


class Dataset(
    ItemMethods,
    ImportMethods,
    PredictionMethods,
    ReadingMethods,
    PictureMethods,
    PointCloudMethods,
    TrackMethods,
    QueryMethods,
    QueryHelpMethods,
    SliceMethods,
    EvaluationMethods,
    JobMethods,
    TagMethods,
    DeduplicationMethods,
    DatasetLabelingMethods,
    HistoryMethods,
    ChipMethods,
    IndexingMethods,
    SimilarityMethods,
    AutotagMethods,
    SamplingMethods,
):
    """A collection of items with their ground truth and the predictions of models.

    Made by :meth:`NucleusClient.create_dataset` or found by :meth:`NucleusClient.get_dataset`::

        dataset = client.create_dataset("street scenes")
        dataset.append([DatasetItem("photos/1.jpg", "1.jpg", metadata={"weather": "fog"})])
        dataset.annotate([BoxAnnotation("car", 4, 8, 32, 16, reference_id="1.jpg")])

    A handle holds an id and nothing that can go stale: what it returns is asked for at that
    moment. Its methods live in modules by topic: items, scenes, tracks, point clouds,
    annotations, predictions, reading, pictures, queries, evaluation, slices, jobs, imports,
    indexing, similarity, autotags, sampling.

    Args:
        dataset_id: Id, starts with ``ds_``.
        client: The connection that asks.
        name: Its name, where known.
        is_scene: Whether it holds scenes, where known.
        use_privacy_mode: Whether it is in privacy mode, where known.

    Attributes:
        id: ``dataset_id``.
    """

    def info(self) -> DatasetInfo:
        """Ask what is known about the dataset.

        Returns:
            Its id, name, length, model runs, slices and metadata schemas.
        """
        from nucleus_lab.dataset_info import DatasetInfo

        return DatasetInfo.model_validate(self._ask(None, "info", "GET"))

    @property
    def size(self) -> int:
        """Number of items."""
        return int(self._ask(None, "size", "GET")["count"])

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return True  # an empty dataset is still one

    @property
    def model_runs(self) -> list[str]:
        """Ids of the model runs on this dataset, each starts with ``run_``."""
        runs: list[str] = self._ask(None, "model_runs", "GET")
        return runs

    def _shown_name(self) -> str:
        """The name for a repr, which must never raise."""
        try:
            return self.name
        except NucleusError:
            return "?"

    def __repr__(self) -> str:
        return f"Dataset(name={self._shown_name()!r}, dataset_id={self.id!r})"

    def _repr_html_(self) -> str:
        try:
            size = f"{self.size:,} items"
        except NucleusError as fault:
            size = fault.message
        return f"<b>{escape(self._shown_name())}</b> <code>{escape(self.id)}</code> {escape(size)}"
