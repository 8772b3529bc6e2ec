"""Embedding indexes of a dataset: vectors of its pictures and objects."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from nucleus_lab.async_job import AsyncJob, EmbeddingsExportJob
from nucleus_lab.dataset.base import DatasetBase, segment
from nucleus_lab.dataset.uploads import MOST_UPLOAD_BYTES
from nucleus_lab.errors import InvalidInputError, MediaError, PayloadTooLargeError
from nucleus_lab.location import is_local
from nucleus_lab.wire import decode, encode, plain

Vectors = Mapping[str, Sequence[float]]


class IndexingMethods(DatasetBase):
    """Make, choose and export embeddings."""

    def create_image_index(self) -> AsyncJob:
        """Embed the pictures that have no embedding yet; those that have one keep it.

        ::

            dataset.create_image_index().sleep_until_complete()
            dataset.similar("night/17.jpg")

        Returns:
            The job; pictures that cannot be read are named in its ``errors()``.
        """
        return self._job({}, "internal/image")

    def create_object_index(
        self, model_run_id: str | None = None, gt_only: bool | None = None
    ) -> AsyncJob:
        """Embed objects that have no embedding yet, each as it is cut out of its picture.

        An object whose box was changed keeps its embedding: delete it and upload it again.

        Args:
            model_run_id: Embed the predictions of this run.
            gt_only: Embed the ground truth. One of the two is needed.

        Returns:
            The job.

        Raises:
            InvalidInputError: Neither is given, or both.
        """
        if bool(model_run_id) == bool(gt_only):
            raise InvalidInputError(
                "an object index is made of ground truth or of the predictions of one run: give "
                "either gt_only=True or model_run_id"
            )
        if model_run_id:
            return self._job({"model_run_id": model_run_id}, "internal/object")
        return self._job({"ingest_gt_only": True}, "internal/object")

    def create_custom_index(
        self, embeddings_urls: Sequence[str | os.PathLike[str] | Vectors], embedding_dim: int
    ) -> AsyncJob:
        """Take in embeddings that you made.

        ::

            dataset.create_custom_index(["vectors.json"], embedding_dim=512)
            dataset.create_custom_index([{"1.jpg": model(picture)}], embedding_dim=512)

        An item that has a vector already gets the new one.

        Args:
            embeddings_urls: URLs or local paths of JSON files, each a mapping of reference ids to
                vectors; or such mappings themselves, numpy included. A file at a URL holds at most
                5,000 vectors.
            embedding_dim: Numbers of each vector.

        Returns:
            The job; what it could not take is named in its ``errors()``.

        Raises:
            InvalidInputError: There is nothing in the list, or a file is no such mapping.
        """
        if isinstance(embeddings_urls, str | os.PathLike | Mapping):
            embeddings_urls = [embeddings_urls]
        if not embeddings_urls:
            raise InvalidInputError("embeddings_urls is empty: give at least one URL or mapping")
        urls: list[str] = []
        sent: list[bytes] = []
        for source in embeddings_urls:
            if isinstance(source, Mapping):
                sent += _lines(source, "a mapping in embeddings_urls")
            elif is_local(os.fspath(source)):
                sent += _lines(_read(os.fspath(source)), os.fspath(source))
            else:
                urls.append(os.fspath(source))
        payload = {"embeddings_urls": urls, "embedding_dimension": embedding_dim}
        if sent:
            payload["requestId"] = self._send_ahead(b"".join(sent))
        return self._job(payload, "")

    def _send_ahead(self, text: bytes) -> str:
        if len(text) > MOST_UPLOAD_BYTES:
            raise PayloadTooLargeError(
                f"the vectors make {len(text):,} bytes, one call holds {MOST_UPLOAD_BYTES:,}: use "
                "several calls, they add up"
            )
        name = uuid4().hex
        self._client.put(self._ask(None, f"signedUrl/{name}", "GET")["signed_url"], text)
        return name

    def _job(self, payload: dict[str, Any], route: str) -> AsyncJob:
        place = f"indexing/{segment(self.id)}/{route}".rstrip("/")
        return AsyncJob.from_json(self._client.make_request(payload, place), self._client)

    def delete_custom_index(self, image: bool = True) -> dict[str, Any]:
        """Delete the embeddings that you gave.

        Args:
            image: Those of pictures; otherwise those of objects.

        Returns:
            ``dataset_id``, ``message`` and ``embeddings_deleted``.
        """
        answer: dict[str, Any] = self._client.make_request(
            {"image": image}, f"indexing/{segment(self.id)}", "DELETE"
        )
        return answer

    def set_primary_index(self, image: bool = True, custom: bool = False) -> dict[str, Any]:
        """Choose the index that autotags, similarity search and smart sampling read.

        The first index of a level is its primary one.

        Args:
            image: The index of pictures; otherwise that of objects.
            custom: The embeddings that you gave; otherwise those made here.

        Returns:
            ``success``.
        """
        answer: dict[str, Any] = self._client.make_request(
            {"image": image, "custom": custom}, f"indexing/{segment(self.id)}/setPrimary"
        )
        return answer

    def set_continuous_indexing(self, enable: bool = True) -> dict[str, Any]:
        """Choose whether pictures are embedded by themselves when they are uploaded.

        Args:
            enable: Whether they are.

        Returns:
            ``dataset_id`` and ``message``; when enabling also ``backfill_job``, the job that embeds
            what is there already.
        """
        answer: dict[str, Any] = self._client.make_request(
            {"enable": enable}, f"indexing/{segment(self.id)}/setContinuous"
        )
        told = {key: answer[key] for key in ("dataset_id", "message")}
        if enable:
            told["backfill_job"] = AsyncJob.from_json(answer, self._client)
        return told

    def get_image_indexing_status(self) -> dict[str, Any]:
        """Ask how many pictures have an embedding in the primary index.

        Returns:
            ``embedding_count``, ``image_count``, ``percent_indexed`` (0 to 100) and
            ``additional_context``.
        """
        answer: dict[str, Any] = self._ask({"image": True}, "indexingStatus")
        return answer

    def get_object_indexing_status(self, model_run_id: str | None = None) -> dict[str, Any]:
        """Ask how many objects have an embedding in the primary index.

        Args:
            model_run_id: Look at the predictions of this run; at the ground truth by default.

        Returns:
            ``embedding_count``, ``object_count``, ``percent_indexed`` (0 to 100) and
            ``additional_context``.
        """
        payload = {"image": False, "model_run_id": model_run_id}
        answer: dict[str, Any] = self._ask(payload, "indexingStatus")
        return answer

    @property
    def embedding_indexes(self) -> list[dict[str, Any]]:
        """The indexes, each with ``id``, ``status``, ``index_type``, ``index_level`` and more."""
        rows: list[dict[str, Any]] = self._ask(None, "embeddingIndexes", "GET")["embedding_indexes"]
        return rows

    def export_embeddings(
        self, asynchronous: bool = True
    ) -> list[dict[str, str | list[float]]] | EmbeddingsExportJob:
        """Read the embeddings of the primary index of pictures.

        Args:
            asynchronous: Write them to files in a job.

        Returns:
            The job, whose ``result_urls()`` says where the files are; otherwise a list of
            ``reference_id`` and ``embedding_vector``.
        """
        if asynchronous:
            answer = self._ask({}, "async_export_embeddings")
            return EmbeddingsExportJob.from_json(answer, self._client)
        rows: list[dict[str, str | list[float]]] = self._ask(None, "embeddings", "GET")
        return rows


def _read(path: str) -> Any:
    place = Path(path.removeprefix("file://")).expanduser()
    try:
        content = place.read_bytes()
    except OSError as fault:
        raise MediaError(
            f"{path} cannot be read ({fault.strerror}): check the path", path=path
        ) from fault
    try:
        return decode(content)
    except (InvalidInputError, UnicodeDecodeError) as fault:
        raise InvalidInputError(f"{path} is not valid JSON: {fault}", path=path) from fault


def _lines(vectors: Any, source: str) -> list[bytes]:
    if not isinstance(vectors, Mapping):
        raise InvalidInputError(
            f"{source} holds a {type(vectors).__name__}: a mapping of reference ids to vectors is "
            "needed"
        )
    return [encode(plain([name, vector])) + b"\n" for name, vector in vectors.items()]
