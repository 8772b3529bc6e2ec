"""Commands that bring data in and out: ``demo``, ``import`` and ``export``."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nucleus_lab.errors import InvalidInputError, NotFoundError, NucleusError
from nucleus_lab.format_names import FORMAT_NAMES, WRITTEN_FORMATS

if TYPE_CHECKING:
    from nucleus_lab.client import NucleusClient
    from nucleus_lab.dataset.import_report import ImportReport
    from nucleus_lab.model import Model

_WORKSPACE = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="NUCLEUS_LAB_WORKSPACE",
    help="Folder of the workspace; made when it does not exist. "
    "[default: NUCLEUS_LAB_WORKSPACE, else a folder in your user data]",
)
_ENDPOINT = click.option(
    "--endpoint",
    metavar="URL",
    help="A server in place of a workspace, such as http://127.0.0.1:8765/v1/nucleus; its key is "
    "in NUCLEUS_API_KEY. [default: NUCLEUS_ENDPOINT]",
)
_SOURCE = click.Path(exists=True, path_type=Path)
_READ = click.Choice(["auto", *FORMAT_NAMES])
_WRITTEN = click.Choice(WRITTEN_FORMATS)


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.command(
    epilog=_examples(
        "nucleus-lab demo                      the photographs that come along",
        "nucleus-lab demo my/coco/folder       your own pictures",
        "nucleus-lab demo --no-lab             only write the notebook",
    )
)
@click.argument("path", type=_SOURCE, required=False)
@click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the workspace; the notebook is put beside it. [default: a demo folder in your "
    "user data]",
)
@click.option("--no-browser", is_flag=True, help="Start JupyterLab without opening a browser.")
@click.option("--no-lab", is_flag=True, help="Write the notebook and do not start JupyterLab.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port of JupyterLab. [default: the first free one from 8888]",
)
def demo(
    path: Path | None, workspace: Path | None, no_browser: bool, no_lab: bool, port: int | None
) -> None:
    """Open the demo notebook in JupyterLab.

    It makes a dataset of PATH (a folder in COCO, Pascal VOC or YOLO form, or of pictures), or of
    the photographs that come along, and goes from the gallery to the metrics of a detector and its
    worst pictures.
    """
    from nucleus_lab import formats
    from nucleus_lab.demo import photographs
    from nucleus_lab.demo.notebook import write_notebook

    if not no_lab and find_spec("jupyterlab") is None:
        raise InvalidInputError(
            "JupyterLab is not installed: pip install 'nucleus_lab[demo]', "
            "or add --no-lab and open the notebook elsewhere"
        )
    if path is None:
        click.echo(f"photographs: {photographs()}")
    else:
        match = formats.detect(path)
        click.echo(f"{path}: {match.format} ({match.why})")
    place = (workspace or _demo_workspace()).expanduser().absolute()
    notebook = write_notebook(place.parent, place, path)
    click.echo(f"notebook: {notebook}")
    if not no_lab:
        command = [sys.executable, "-m", "jupyterlab", str(notebook)]
        command += ["--no-browser"] if no_browser else []
        command += [f"--port={port}"] if port is not None else []
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")  # a container; it listens on this machine alone
        _become(command)


@click.command(
    "import",
    short_help="Read pictures and annotations into a dataset.",
    epilog=_examples(
        "nucleus-lab import street/ --dataset street",
        "nucleus-lab import detections.json --dataset street --model yolo11",
    ),
)
@click.argument("path", type=_SOURCE)
@click.option("--dataset", "name", required=True, help="Name of the dataset; made when new.")
@click.option(
    "--format", "kind", type=_READ, default="auto", show_default=True, help="Form of PATH."
)
@click.option("--model", help="Import PATH as predictions of this model; made when new.")
@click.option("--update", is_flag=True, help="Replace what exists.")
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
@_WORKSPACE
@_ENDPOINT
def import_data(
    path: Path,
    name: str,
    kind: str,
    model: str | None,
    update: bool,
    images: Path | None,
    workspace: Path | None,
    endpoint: str | None,
) -> None:
    """Import PATH, a file or folder in one of the formats below, or a folder of pictures.

    A folder in KITTI or MOT form becomes a dataset of scenes. Recordings (CSV, WAV, Edge Impulse)
    are no items: upload them by nucleus_lab.samples.
    """
    with _client(workspace, endpoint) as client:
        if model is not None:
            dataset = client.dataset(name)
            report = dataset.import_predictions_from(
                _model(client, model, make=True), path, kind, update, images=images
            )
        else:
            report = _import(client, name, path, kind, update, images)
        click.echo(str(report))


@click.command(
    "export",
    epilog=_examples(
        "nucleus-lab export street street.json",
        "nucleus-lab export street folder --format yolo",
    ),
)
@click.argument("name", metavar="DATASET")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    type=_WRITTEN,
    default="coco",
    show_default=True,
    help="Form of the files; kitti and mot are for scenes.",
)
@click.option("--model", help="Export the predictions of this model.")
@_WORKSPACE
@_ENDPOINT
def export_data(
    name: str,
    path: Path,
    kind: str,
    model: str | None,
    workspace: Path | None,
    endpoint: str | None,
) -> None:
    """Write the annotations of DATASET to PATH, a file or a folder.

    Says what the format has no place for. KITTI and MOT are for datasets of scenes.
    """
    import warnings

    if workspace is not None and not endpoint and not workspace.expanduser().is_dir():
        raise NotFoundError(
            f"there is no workspace {workspace}: check --workspace (NUCLEUS_LAB_WORKSPACE)"
        )
    with _client(workspace, endpoint) as client, warnings.catch_warnings():
        chosen = None if model is None else _model(client, model, make=False)
        warnings.simplefilter("ignore")  # the report says the same
        written = client.dataset(name).export_to(path, kind, chosen)
    click.echo(f"{len(written)} files: {written[0]}" if len(written) > 1 else str(written[0]))
    if written.problems:
        click.echo(written.told().replace(".problems", "the report of the SDK"), err=True)


COMMANDS = (demo, import_data, export_data)
"""What the command group adds."""


def _become(command: list[str]) -> None:
    """Go on as another program, so that what stops this command stops that program."""
    sys.stdout.flush()
    if sys.platform == "win32":
        import subprocess

        raise SystemExit(subprocess.call(command))  # noqa: S603 - our own arguments
    os.execv(command[0], command)  # noqa: S606 - our own arguments


def _demo_workspace() -> Path:
    import platformdirs

    return platformdirs.user_data_path("nucleus-lab", appauthor=False) / "demo" / "workspace"


def _client(workspace: Path | None, endpoint: str | None) -> NucleusClient:
    from nucleus_lab.client import NucleusClient

    if endpoint:
        return NucleusClient(endpoint=endpoint)
    return NucleusClient(workspace=workspace)


def _import(
    client: NucleusClient, name: str, path: Path, kind: str, update: bool, images: Path | None
) -> ImportReport:
    from nucleus_lab.formats import holds_scenes

    try:
        dataset, made = client.dataset(name), False
    except NotFoundError:
        dataset, made = client.create_dataset(name, is_scene=holds_scenes(path, kind)), True
    try:
        return dataset.import_from(path, kind, update, images=images)
    except NucleusError:
        if made:  # a name that was made for this import must not stay behind, empty
            client.delete_dataset(dataset.id)
        raise


def _model(client: NucleusClient, name: str, *, make: bool) -> Model:
    for model in client.models:
        if name in {model.reference_id, model.name, model.id}:
            return model
    if make:
        return client.create_model(name, name)
    raise NotFoundError(f"there is no model {name!r} in this workspace")
