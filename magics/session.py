"""What the magics of one notebook remember: the client, the dataset in use, the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.binding import Bound, given
from nucleus_lab.magics.refusal import Refused, did_you_mean

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nucleus_lab import Dataset, Model, NucleusClient, Slice
    from nucleus_lab.magics.local_server import LocalServer


@dataclass(slots=True)
class Settings:
    """How results are shown; ``%nucleus config`` changes them for the notebook.

    Attributes:
        thumbnail_size: Width of the pictures of a gallery, 96 to 360 pixels.
        page_size: Rows of a table.
    """

    thumbnail_size: int = 180
    page_size: int = 20


class Session:
    """The connection and the current dataset of a notebook.

    Args:
        shell: The running IPython; its namespace holds the variables that magics may name.

    Attributes:
        shell: As given.
        dataset: Dataset in use, or ``None``.
        settings: How results are shown.
        server: The server that ``%nucleus server start`` started, or ``None``.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.dataset: Dataset | None = None
        self.settings = Settings()
        self.server: LocalServer | None = None
        self._client: NucleusClient | None = None

    @property
    def client(self) -> NucleusClient:
        """The connection; the default workspace is opened when none was chosen."""
        if self._client is None:
            from nucleus_lab import NucleusClient

            self._client = NucleusClient()
        return self._client

    @property
    def namespace(self) -> Mapping[str, Any]:
        """The variables of the notebook."""
        namespace: dict[str, Any] = self.shell.user_ns
        return namespace

    def connect(self, client: NucleusClient) -> None:
        """Use another connection from now on; the dataset in use is forgotten.

        Args:
            client: The new connection.
        """
        self._client = client
        self.dataset = None

    def use(self, dataset: Dataset) -> None:
        """Work on a dataset from now on.

        Args:
            dataset: The dataset.
        """
        self.dataset = dataset

    def find_dataset(self, name: str) -> Dataset:
        """Find a dataset by its name or id.

        Args:
            name: What the user wrote.

        Returns:
            The dataset.

        Raises:
            Refused: There is none, or several have that name.
        """
        known = self.client.datasets
        found = [dataset for dataset in known if name in {dataset.id, dataset.name}]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(dataset.id for dataset in found)
            raise Refused(f"{len(found)} datasets are called {name!r}; use one of the ids {ids}")
        names = [dataset.name for dataset in known]
        hint = did_you_mean(name, names, "%nucleus datasets lists what there is")
        raise Refused(f"there is no dataset {name!r}: {hint}")

    def need_dataset(self, name: str | None = None) -> Dataset:
        """Return the dataset that a command works on.

        Args:
            name: Value of ``--dataset``: a name, an id or a variable; ``None`` for the one in use.

        Returns:
            The dataset.

        Raises:
            Refused: None is named and none is in use, or the variable holds something else.
        """
        if name is None:
            if self.dataset is None:
                raise Refused(
                    "no dataset is in use: run  %nucleus use NAME  or add  --dataset NAME"
                )
            return self.dataset
        value = self.variable(name)
        if hasattr(value, "items_and_annotation_generator") and hasattr(value, "item_ids"):
            chosen: Dataset = value
            return chosen
        return self.find_dataset(_text_of(name, "a Dataset, or the name of one"))

    def find_model(self, name: str) -> Model:
        """Find a model by its name, reference id or id, or by a variable that holds it.

        Args:
            name: What the user wrote.

        Returns:
            The model.

        Raises:
            Refused: There is none, or several have that name.
        """
        value = self.variable(name)
        if hasattr(value, "reference_id") and hasattr(value, "add_trained_slice_ids"):
            chosen: Model = value
            return chosen
        wanted = _text_of(name, "a Model, or the name of one")
        known = self.client.models
        for model in known:
            if wanted in {model.id, model.reference_id}:
                return model
        named = [model for model in known if model.name == wanted]
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(model.id for model in named)
            raise Refused(f"{len(named)} models are called {wanted!r}; use one of the ids {ids}")
        names = sorted({model.name for model in known})
        hint = did_you_mean(wanted, names, f"there are: {', '.join(names) or 'none'}")
        raise Refused(f"there is no model {wanted!r}: {hint}")

    def find_slice(self, dataset: Dataset, name: str) -> Slice:
        """Find a slice by its name or id, or by a variable that holds it.

        Args:
            dataset: The dataset that it belongs to.
            name: What the user wrote.

        Returns:
            The slice.

        Raises:
            Refused: There is none.
        """
        value = self.variable(name)
        if hasattr(value, "dataset_id") and hasattr(value, "export_raw_items"):
            chosen: Slice = value
            return chosen
        wanted = _text_of(name, "a Slice, or the name of one")
        known = dataset.slices
        for found in known:
            if wanted in {found.id, found.name}:
                return found
        names = [found.name for found in known]
        hint = did_you_mean(wanted, names, f"there are: {', '.join(names) or 'none'}")
        raise Refused(f"{dataset.name!r} has no slice {wanted!r}: {hint}")

    def variable(self, name: str) -> Any:
        """Return what a word stands for: the object of ``$name``, or a variable of that name.

        Args:
            name: The word.

        Returns:
            The object, or ``None`` when there is no such variable.
        """
        return name.value if isinstance(name, Bound) else self.namespace.get(name)

    def source(self, text: str) -> Any:
        """Read an argument that may be a variable or a path.

        Args:
            text: ``$name``, a variable's name, or a path that exists.

        Returns:
            The value of the variable, or the path.

        Raises:
            Refused: It is neither.
        """
        if isinstance(text, Bound):
            value = text.value
            return self.path(value) if isinstance(value, (str, Path)) else value
        path = Path(text).expanduser()
        if path.exists():
            return path
        if (value := self.variable(text)) is None:
            names = [*self.namespace, *(entry.name for entry in _beside(path))]
            known = [name for name in names if not name.startswith("_")]
            hint = did_you_mean(path.name, known, "")
            raise Refused(
                f"{text!r} is neither a variable of this notebook nor a file or folder that exists"
                + (f": {hint}" if hint else "")
            )
        return self.path(value) if isinstance(value, (str, Path)) else value

    @staticmethod
    def path(text: str | Path) -> Path:
        """Read a path that must exist.

        Args:
            text: The path, or a variable that holds one.

        Returns:
            The path.

        Raises:
            Refused: There is no such file or folder.
        """
        value = given(text)
        if not isinstance(value, (str, Path)):
            raise Refused(
                f"{text} is of type {type(value).__name__}, and a file or folder is wanted"
            )
        path = Path(value).expanduser()
        if not path.exists():
            near = [entry.name for entry in _beside(path)]
            hint = did_you_mean(path.name, near, f"this notebook runs in {Path.cwd()}")
            raise Refused(f"there is no file or folder {str(path)!r}: {hint}")
        return path


def _text_of(word: str, wanted: str) -> str:
    value = given(word)
    if not isinstance(value, str):
        raise Refused(
            f"the variable {word} is of type {type(value).__name__}: {wanted} is wanted here"
        )
    return str(value)


def _beside(path: Path) -> list[Path]:
    """List the folder that a path would be in; nothing where it cannot be read."""
    try:
        return list(path.parent.iterdir())[:500]
    except OSError:
        return []
