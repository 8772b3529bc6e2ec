"""The models of a workspace."""

from __future__ import annotations

import os
from typing import Any

from nucleus_lab import model_weights
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.model import Model
from nucleus_lab.model_weights import ModelWeights
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment


class ModelCalls(Connection):
    """Make, find and delete models."""

    @property
    def models(self) -> list[Model]:
        """All models, oldest first."""
        rows = self.make_request(None, "models/", "GET")["models"]
        return [Model.from_json(row, self) for row in rows]

    def list_models(self) -> list[Model]:
        """List all models; the same as :attr:`models`.

        Returns:
            The models, oldest first.
        """
        return self.models

    def create_model(
        self,
        name: str,
        reference_id: str,
        metadata: dict[str, Any] | None = None,
        bundle_name: str | None = None,
        tags: list[str] | None = None,
        trained_slice_ids: list[str] | None = None,
    ) -> Model:
        """Make a model, to which predictions can be uploaded.

        Args:
            name: A name for people.
            reference_id: A name of your own, unique among all models.
            metadata: Anything JSON can hold, such as training parameters.
            bundle_name: Name of a code bundle.
            tags: Free words.
            trained_slice_ids: Slices that it was trained on.

        Returns:
            The model.
        """
        payload: dict[str, Any] = {
            "name": name,
            "reference_id": reference_id,
            "metadata": metadata or {},
        }
        optional = {
            "bundle_name": bundle_name,
            "tags": tags,
            "trained_slice_ids": trained_slice_ids,
        }
        payload |= {key: value for key, value in optional.items() if value}
        answer = self.make_request(payload, "models/add")
        return Model(
            answer["model_id"],
            name,
            reference_id,
            metadata,
            self,
            bundle_name,
            list(dict.fromkeys(tags or ())),
            list(dict.fromkeys(trained_slice_ids or ())),
        )

    def get_model(self, model_id: str | None = None, model_run_id: str | None = None) -> Model:
        """Find a model.

        Args:
            model_id: Id of the model (``prj_``) or of one of its runs (``run_``).
            model_run_id: Id of one of its runs.

        Returns:
            The model.

        Raises:
            InvalidInputError: Neither or both ids are given.
        """
        wanted = model_id or model_run_id
        if not wanted or (model_id and model_run_id):
            raise InvalidInputError("get_model needs one id: pass model_id or model_run_id")
        return Model.from_json(self.make_request(None, f"model/{segment(wanted)}", "GET"), self)

    def delete_model(self, model_id: str) -> dict[str, Any]:
        """Delete a model with its predictions.

        Args:
            model_id: Id, starts with ``prj_``.

        Returns:
            The answer of the route.
        """
        answer: dict[str, Any] = self.make_request({}, f"model/{segment(model_id)}", "DELETE")
        return answer

    def upload_model_weights(
        self,
        model: Model | str,
        path: str | os.PathLike[str],
        *,
        content_type: str | None = None,
        original_filename: str | None = None,
        checksum_sha256: str | None = None,
        progress: bool = True,
    ) -> ModelWeights:
        """Store a file with the weights of a model, as :meth:`Model.upload_weights` does.

        Args:
            model: The model, or its id.
            path: The file.
            content_type: Its media type.
            original_filename: Name to keep.
            checksum_sha256: Its checksum in hexadecimal digits.
            progress: Show a progress bar.

        Returns:
            What is known about the file.
        """
        return model_weights.upload(
            self,
            _id_of(model),
            path,
            content_type=content_type,
            original_filename=original_filename,
            checksum_sha256=checksum_sha256,
            progress=progress,
        )

    def download_model_weights(
        self, model: Model | str, path: str | os.PathLike[str], *, progress: bool = True
    ) -> str:
        """Write the weights of a model to a file.

        Args:
            model: The model, or its id.
            path: Where to.
            progress: Show a progress bar.

        Returns:
            The path.
        """
        return model_weights.download(self, _id_of(model), path, progress=progress)

    def get_model_weights(self, model: Model | str) -> ModelWeights:
        """Ask what weights a model has.

        Args:
            model: The model, or its id.

        Returns:
            What is known; ``present`` is False when there are none.
        """
        route = f"model/{segment(_id_of(model))}/weights"
        return ModelWeights.from_json(self.make_request(None, route, "GET"))

    def delete_model_weights(self, model: Model | str) -> bool:
        """Delete the weights of a model.

        Args:
            model: The model, or its id.

        Returns:
            Whether there were any.
        """
        route = f"model/{segment(_id_of(model))}/weights"
        return bool(self.make_request({}, route, "DELETE")["deleted"])


def _id_of(model: Model | str) -> str:
    return model if isinstance(model, str) else model.id
