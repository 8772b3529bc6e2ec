"""The command ``nucleus-lab``: serve a workspace, keep its keys, and what needs no notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nucleus_lab.cli_data import COMMANDS
from nucleus_lab.errors import NotFoundError, NucleusError

_WORKSPACE = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="NUCLEUS_LAB_WORKSPACE",
    help="Folder of the workspace; made when it does not exist. "
    "[default: NUCLEUS_LAB_WORKSPACE, else a folder in your user data]",
)
_DATABASE = click.option(
    "--database",
    "database_url",
    metavar="URL",
    help="PostgreSQL database of the workspace, such as postgresql://user@host/lab. "
    "[default: a SQLite file in the workspace]",
)


class _Group(click.Group):
    """A group whose commands print an expected error as one line, without a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NucleusError as refusal:
            raise click.ClickException(str(refusal)) from refusal


def _examples(*lines: str) -> str:
    """Text below a help page; the mark keeps click from running the lines together."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_examples(
        "nucleus-lab demo                     open the demo notebook",
        "nucleus-lab serve --workspace lab    serve a workspace to other programs",
        "nucleus-lab COMMAND --help           more about a command",
    ),
)
def main() -> None:
    """A workbench for machine-learning data that lives inside Jupyter."""


@main.command()
def version() -> None:
    """Print the version."""
    import nucleus_lab

    click.echo(nucleus_lab.__version__)


@main.command(
    epilog=_examples(
        "nucleus-lab serve --workspace lab --port 8765",
        "NUCLEUS_ENDPOINT=http://127.0.0.1:8765/v1/nucleus jupyter lab",
        "nucleus-lab keys create --workspace lab --name team",
        "nucleus-lab serve --workspace lab --host 0.0.0.0",
    )
)
@_WORKSPACE
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Any but this machine alone needs a key.",
)
@_DATABASE
def serve(workspace: Path | None, port: int, host: str, database_url: str | None) -> None:
    """Serve a workspace over HTTP until Ctrl-C.

    Prints the endpoint first. Without keys it answers programs on this machine only; once the
    workspace has a key, every request needs one.
    """
    from nucleus_lab.server import serve as listen

    listen(
        _folder(workspace),
        host=host,
        port=port,
        database_url=database_url,
        announce=click.echo,
    )


@main.group(
    epilog=_examples(
        "nucleus-lab keys create --workspace lab --name team",
        "nucleus-lab keys list --workspace lab",
        "nucleus-lab keys revoke team --workspace lab",
    )
)
def keys() -> None:
    """Make, list and revoke the keys of a workspace."""


@keys.command(
    "create",
    epilog=_examples(
        "export NUCLEUS_API_KEY=$(nucleus-lab keys create --workspace lab --name team | tail -1)",
        "nucleus-lab keys create --workspace lab --user anna     for anna's own things",
    ),
)
@_WORKSPACE
@_DATABASE
@click.option("--name", help="What the key is for.  [default: the user's name, else 'default']")
@click.option(
    "--user",
    default="",
    metavar="NAME",
    help="Make a key of one user: she sees what she made and what is shared, and nothing of other "
    "users. Without it, the key is the team's: it sees everything, and what it makes is shared.",
)
def create_key(
    workspace: Path | None, database_url: str | None, name: str | None, user: str
) -> None:
    """Make a key and print it once, alone on the last line.

    Only a hash of it is stored: keep the key where you keep passwords.
    """
    from nucleus_lab.server import keys as workspace_keys

    name = name or user or "default"
    folder = _folder(workspace)
    key = workspace_keys.create_key(folder, name, user=user, database_url=database_url)
    click.echo(f"key {name!r} of {_scope(user)}, shown only now:")
    click.echo(key)


@keys.command(
    "list",
    short_help="List the keys.",
    epilog=_examples("nucleus-lab keys list --workspace lab"),
)
@_WORKSPACE
@_DATABASE
def list_keys(workspace: Path | None, database_url: str | None) -> None:
    """List the keys: name, whose it is, when it was made, and whether it is still in use."""
    from nucleus_lab.server import keys as workspace_keys

    rows = workspace_keys.list_keys(_existing(workspace, database_url), database_url=database_url)
    if not rows:
        click.echo("no keys")
    for row in rows:
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else "in use"
        click.echo(f"{row['name']}\t{_scope(row['user'])}\t{row['created_at']}\t{state}")


@keys.command(
    "revoke",
    short_help="Make a key useless at once.",
    epilog=_examples("nucleus-lab keys revoke anna --workspace lab"),
)
@click.argument("name")
@_WORKSPACE
@_DATABASE
def revoke_key(name: str, workspace: Path | None, database_url: str | None) -> None:
    """Make the key NAME useless at once, also on servers that are running."""
    from nucleus_lab.server import keys as workspace_keys

    folder = _existing(workspace, database_url)
    workspace_keys.revoke_key(folder, name, database_url=database_url)
    click.echo(f"key {name!r} is revoked")


def _scope(user: str | None) -> str:
    return f"user {user}" if user else "the team"


def _folder(workspace: Path | None) -> Path:
    from nucleus_lab.client.target import default_workspace, folder_of

    return default_workspace() if workspace is None else folder_of(workspace, "--workspace")


def _existing(workspace: Path | None, database_url: str | None) -> Path:
    """A workspace that is read, and so must be there: a slip of the pen makes no new one."""
    folder = _folder(workspace)
    if not folder.is_dir() and not database_url:
        raise NotFoundError(
            f"there is no workspace {folder}: check --workspace (NUCLEUS_LAB_WORKSPACE)"
        )
    return folder


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
