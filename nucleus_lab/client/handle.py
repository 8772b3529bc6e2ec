"""NucleusClient: where the calls of the modules beside this one add up."""

from __future__ import annotations

import os
from html import escape
from types import TracebackType
from typing import Self

from nucleus_lab.client.autotags import AutotagCalls
from nucleus_lab.client.benchmarks import BenchmarkCalls
from nucleus_lab.client.bundles import BundleCalls
from nucleus_lab.client.datasets import DatasetCalls
from nucleus_lab.client.evaluations import EvaluationCalls
from nucleus_lab.client.jobs import JobCalls
from nucleus_lab.client.labeling import LabelingCalls
from nucleus_lab.client.model_runs import ModelRunCalls
from nucleus_lab.client.models import ModelCalls
from nucleus_lab.client.point_clouds import PointCloudCalls
from nucleus_lab.client.slices import SliceCalls
from nucleus_lab.client.target import choose
from nucleus_lab.client.validation import ValidationCalls
from nucleus_lab.errors import NucleusError
from nucleus_lab.transport import connect, load_embedded


class NucleusClient(
    DatasetCalls,
    ModelCalls,
    ModelRunCalls,
    BundleCalls,
    SliceCalls,
    JobCalls,
    PointCloudCalls,
    LabelingCalls,
    EvaluationCalls,
    BenchmarkCalls,
    AutotagCalls,
    ValidationCalls,
):
    """The door to a workspace.

    Without an endpoint the workspace is a folder on this machine and the engine runs inside this
    process: ``workspace``, else ``NUCLEUS_LAB_WORKSPACE``, else a folder in the user's data folder.
    With one, a server answers::

        client = NucleusClient()                                    # the default workspace
        client = NucleusClient(workspace="~/work/street-scenes")    # a folder of your choice
        client = NucleusClient("key", endpoint="https://lab.example.org/v1/nucleus")

    Several clients, threads and processes may use one workspace at once. A client is a context
    manager; :meth:`close` lets go of the workspace.

    Args:
        api_key: Key for a server, else ``NUCLEUS_API_KEY``; not needed for a folder, nor for a
            server on this machine that has no keys.
        use_notebook: Show long uploads by a bar made for notebooks rather than for terminals.
        endpoint: Address of a server, such as ``http://127.0.0.1:8765/v1/nucleus``; else
            ``NUCLEUS_ENDPOINT``.
        workspace: Folder of the workspace; made when it does not exist.
        limited_access_key: Key for a server that is sent in a header of its own, in place of
            ``api_key``.

    Attributes:
        use_notebook: As given.
    """

    def __init__(
        self,
        api_key: str | None = None,
        use_notebook: bool = False,
        endpoint: str | None = None,
        *,
        workspace: str | os.PathLike[str] | None = None,
        limited_access_key: str | None = None,
    ) -> None:
        target = choose(api_key, endpoint, workspace, limited_access_key)
        super().__init__(
            connect(
                target.place,
                api_key=target.api_key,
                limited_access_key=target.limited_access_key,
            ),
            use_notebook=use_notebook,
        )

    @staticmethod
    def load_ahead() -> None:
        """Load what a client without arguments will need; nothing is opened, made or asked.

        A notebook does it while it waits for its user, who would else wait for it with the first
        request. For a server there is next to nothing to load.
        """
        if not os.environ.get("NUCLEUS_ENDPOINT"):
            load_embedded()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        name = "workspace" if self.embedded else "endpoint"
        return f"NucleusClient({name}={self.target!r})"

    def _repr_html_(self) -> str:
        where = "workspace" if self.embedded else "server"
        try:
            known = self.datasets
        except NucleusError as fault:
            return f"{where} <code>{escape(self.target)}</code>: {escape(fault.message)}"
        rows = "".join(
            f"<tr><td>{escape(dataset.name)}</td><td><code>{escape(dataset.id)}</code></td></tr>"
            for dataset in known[:50]
        )
        more = f"<p>and {len(known) - 50:,} more</p>" if len(known) > 50 else ""
        noun = "dataset" if len(known) == 1 else "datasets"
        return (
            f"{where} <code>{escape(self.target)}</code>, {len(known):,} {noun}"
            f"<table>{rows}</table>{more}"
        )
