"""What the magics of one notebook remember: the client and the dataset in use."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nucleus_lab import Dataset, Model, NucleusClient


class Session:
    """The connection and the current dataset of a notebook.

    Args:
        shell: The running IPython; its namespace holds the variables that magics may name.

    Attributes:
        shell: As given.
        dataset: Dataset in use, or ``None``.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.dataset: Dataset | None = None
        self._client: NucleusClient | None = None

    @property
    def client(self) -> NucleusClient:
        """The connection; the default workspace is opened when none was chosen."""
        if self._client is None:
            from nucleus_lab import NucleusClient

            self._client = NucleusClient()
        return self._client

    def connect(self, client: NucleusClient) -> None:
        """Use another connection from now on; the dataset in use is forgotten.

        Args:
            client: The new connection.
        """
        self._client = client
        self.dataset = None

    def find_dataset(self, name: str) -> Dataset:
        """Find a dataset by its name or id.

        Args:
            name: What the user wrote.

        Returns:
            The dataset.

        Raises:
            UsageError: There is none, or several have that name.
        """
        known = self.client.datasets
        found = [dataset for dataset in known if name in {dataset.id, dataset.name}]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(dataset.id for dataset in found)
            raise UsageError(f"{len(found)} datasets are called {name!r}; use one of the ids {ids}")
        names = [dataset.name for dataset in known]
        near = difflib.get_close_matches(name, names, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else "%nucleus datasets lists what there is"
        raise UsageError(f"there is no dataset {name!r}: {hint}; add --create to make it")

    def need_dataset(self, name: str | None = None) -> Dataset:
        """Return the dataset that a command works on.

        Args:
            name: Value of ``--dataset``; ``None`` for the one in use.

        Returns:
            The dataset.

        Raises:
            UsageError: None is named and none is in use.
        """
        if name is not None:
            value = self.variable(name)
            if value is not None and hasattr(value, "items_and_annotation_generator"):
                chosen: Dataset = value
                return chosen
            return self.find_dataset(name)
        if self.dataset is None:
            raise UsageError("no dataset is in use: run  %nucleus use NAME  or add  --dataset NAME")
        return self.dataset

    def find_model(self, name: str) -> Model:
        """Find a model by its name, reference id or id, or by a variable that holds it.

        Args:
            name: What the user wrote.

        Returns:
            The model.

        Raises:
            UsageError: There is none.
        """
        value = self.variable(name)
        if value is not None and hasattr(value, "reference_id"):
            chosen: Model = value
            return chosen
        known = self.client.models
        for model in known:
            if name in {model.id, model.reference_id, model.name}:
                return model
        have = ", ".join(sorted(model.name for model in known)) or "none"
        raise UsageError(f"there is no model {name!r}; there are: {have}")

    def variable(self, name: str) -> Any:
        """Return a variable of the notebook, with or without a leading ``$``.

        Args:
            name: Name as the user wrote it.

        Returns:
            Its value, or ``None`` when there is no such variable.
        """
        return self.shell.user_ns.get(name.removeprefix("$"))

    def source(self, text: str) -> Any:
        """Read an argument that may be a variable or a path.

        Args:
            text: ``$name``, a variable's name, or a path that exists.

        Returns:
            The value of the variable, or the path.

        Raises:
            UsageError: It is neither.
        """
        if not text.startswith("$"):
            path = Path(text).expanduser()
            if path.exists():
                return path
        value = self.variable(text)
        if value is None:
            raise UsageError(
                f"{text!r} is neither a variable of this notebook nor a file or folder that exists"
            )
        return value
