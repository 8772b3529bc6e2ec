"""Models that bring their code: bundles that are run on datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nucleus_lab.bundling import Bundle, bundle_from_args, bundle_from_dirs
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.model import Model
from nucleus_lab.transport.connection import Connection
from nucleus_lab.wire import FilePart


class BundleCalls(Connection):
    """Make models with code."""

    def create_launch_model(
        self,
        name: str,
        reference_id: str,
        bundle_args: Mapping[str, Any],
        metadata: dict[str, Any] | None = None,
        trained_slice_ids: list[str] | None = None,
    ) -> Model:
        """Make a model with the code that runs it, from functions.

        The code gets the bytes of a picture and returns a list of predictions, as mappings
        (``type``, ``label``, ``geometry``, ``confidence``) or as objects such as
        ``BoxPrediction``::

            def load_model():
                import torch
                return torch.load("/models/detector.pt")

            def load_predict(model):
                def predict(picture: bytes):
                    ...
                    return [{"type": "box", "label": "car", "confidence": 0.9,
                             "geometry": {"x": 4, "y": 8, "width": 32, "height": 16}}]
                return predict

            model = client.create_launch_model("Detector", "det-1", {
                "model_bundle_name": "detector", "load_model_fn": load_model,
                "load_predict_fn": load_predict})
            client.get_job(model.run(dataset.id, "first run")).sleep_until_complete()

        Functions are stored as source text with what they refer to: other functions and classes of
        the notebook, imports of installed packages, plain constants. The code runs in a process of
        its own, in this Python, with the rights of the user who owns the workspace. A server takes
        code only where its owner set ``run_bundles``, and never a ``model`` object.

        Args:
            name: A name for people.
            reference_id: A name of your own, unique among all models.
            bundle_args: ``model_bundle_name``, and exactly one of ``predict_fn_or_cls`` (takes a
                picture; a class is instantiated first), ``load_predict_fn`` with ``load_model_fn``,
                or ``load_predict_fn`` with ``model`` (an object, pickled into the workspace);
                ``requirements`` (packages that must be installed), ``app_config`` (a mapping or a
                YAML file, kept with the bundle). ``env_params``, ``pytorch_image_tag`` and their
                like describe a cloud service and have no effect.
            metadata: Anything JSON can hold.
            trained_slice_ids: Slices that it was trained on.

        Returns:
            The model.

        Raises:
            InvalidInputError: A function cannot be written down as source; the message names what
                it refers to.
            ForbiddenError: The server takes no code.
        """
        bundle = bundle_from_args(bundle_args)
        return self._store_bundle(name, reference_id, bundle, metadata, trained_slice_ids)

    def create_launch_model_from_dir(
        self,
        name: str,
        reference_id: str,
        bundle_from_dir_args: Mapping[str, Any],
        metadata: dict[str, Any] | None = None,
        trained_slice_ids: list[str] | None = None,
    ) -> Model:
        """Make a model with the code that runs it, from folders.

        ::

            client.create_launch_model_from_dir("Detector", "det-1", {
                "model_bundle_name": "detector", "base_paths": ["my_module"],
                "load_predict_fn_module_path": "my_module.inference.load_predict",
                "load_model_fn_module_path": "my_module.inference.load_model"})

        Args:
            name: A name for people.
            reference_id: A name of your own, unique among all models.
            bundle_from_dir_args: ``model_bundle_name``; ``base_paths``, folders that are copied
                under their names; ``load_predict_fn_module_path`` and
                ``load_model_fn_module_path``, each a module in them and a function;
                ``requirements_path`` and ``app_config`` if wanted.
            metadata: Anything JSON can hold.
            trained_slice_ids: Slices that it was trained on.

        Returns:
            The model; :meth:`create_launch_model` says how its code is run.

        Raises:
            InvalidInputError: A folder or a module that is named does not exist.
            ForbiddenError: The server takes no code.
        """
        bundle = bundle_from_dirs(bundle_from_dir_args)
        return self._store_bundle(name, reference_id, bundle, metadata, trained_slice_ids)

    def _store_bundle(
        self,
        name: str,
        reference_id: str,
        bundle: Bundle,
        metadata: dict[str, Any] | None,
        trained_slice_ids: list[str] | None,
    ) -> Model:
        if bundle.model is not None and not self.embedded:
            raise InvalidInputError(
                "a model object is pickled, and a server unpickles nothing: give load_model_fn, "
                "which loads the model from a file"
            )
        files = [
            FilePart("bundle", path, content=text.encode()) for path, text in bundle.sources.items()
        ]
        files += [FilePart("bundle", path, path=str(file)) for path, file in bundle.files.items()]
        if bundle.model is not None:
            files.append(FilePart("model", "model.pkl", content=bundle.model))
        payload = {
            "name": name,
            "reference_id": reference_id,
            "metadata": metadata or {},
            "trained_slice_ids": trained_slice_ids,
            "bundle_name": bundle.name,
            "manifest": bundle.manifest,
        }
        answer = self.make_request(payload, "lab/models/addBundle", files=files)
        return Model(
            answer["model_id"],
            name,
            reference_id,
            metadata,
            self,
            bundle.name,
            None,
            trained_slice_ids,
        )
