"""What a workspace can be told: limits, fetch rules, thumbnail sizes, worker processes.

A value comes, in this order, from an environment variable ``NUCLEUS_LAB_<NAME>``, from
``settings.toml`` in the workspace folder, or from the default below.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from nucleus_lab import wire
from nucleus_lab.errors import WorkspaceError
from nucleus_lab.location import REMOTE_SCHEMES

FILE: Final = "settings.toml"
PREFIX: Final = "NUCLEUS_LAB_"

# Read elsewhere, or by the tests: not settings of a workspace, and no typing errors either.
_OTHER_VARIABLES: Final = ("WORKSPACE", "HOST", "PORT", "LOG")


class Settings(msgspec.Struct, frozen=True):
    """The settings of one open workspace.

    Attributes:
        database_url: SQLAlchemy URL; ``""`` stands for the SQLite file of the workspace.
        max_pixels: Pictures with more pixels are refused before they are decoded.
        max_file_bytes: Picture files above this size are refused.
        media_url_s: Seconds for which a signed URL of a picture is valid.
        max_upload_bytes: Staged request bodies above this size are refused.
        media_threads: Threads that copy and check pictures, or make thumbnails.
        sweep_grace_s: Files that nothing refers to are kept this long, in seconds.
        thumbnail_sizes: Longest sides of thumbnails, in pixels, ascending.
        fetch: URL patterns that may be fetched, such as ``https://*.example.org/photos/*`` or
            ``s3://bucket/*``; none forbids every fetch. A redirect must match as well.
        fetch_timeout_s: Seconds that one fetch may take.
        private_hosts: Hosts (``*.intern``), addresses and networks (``192.168.7.0/24``) that may be
            fetched although they are not public; ``*`` for all, which is so where the workspace is
            not served.
        remote_cache_bytes: Most bytes of fetched files that are kept.
        workers: Most worker processes at once on this machine.
        worker_idle_s: Seconds without a job after which a worker process ends.
        worker_poll_s: Seconds between two looks of a warm worker at the queue.
        inline_jobs: Run each job in the thread that submits it, without a worker process.
        job_modules: Importable modules with further job kinds.
        upload_url_s: Seconds for which a signed upload URL is valid.
        run_bundles: Whether callers over HTTP may store and run code (model bundles). A bundle runs
            with all rights of the server; whoever works in the workspace itself needs no leave.
        bundle_load_s: Seconds that the code of a bundle may take to load its model.
        bundle_item_s: Seconds that it may take for one item.
        embedder: Name of what turns pictures into vectors for similarity search and autotags.
    """

    database_url: str = ""
    max_pixels: int = 120_000_000
    max_file_bytes: int = 512 * 1024 * 1024
    media_url_s: float = 3600.0
    # What published clients hold to: the longest text of their JavaScript service.
    max_upload_bytes: int = 0x1FFFFFE8
    media_threads: int = 4
    sweep_grace_s: float = 86_400.0
    thumbnail_sizes: tuple[int, ...] = (128, 256, 512)
    fetch: tuple[str, ...] = tuple(f"{scheme}://*" for scheme in sorted(REMOTE_SCHEMES))
    fetch_timeout_s: float = 30.0
    private_hosts: tuple[str, ...] = ("*",)
    remote_cache_bytes: int = 4 * 1024**3
    workers: int = 2
    worker_idle_s: float = 20.0
    worker_poll_s: float = 0.03
    inline_jobs: bool = False
    job_modules: tuple[str, ...] = ()
    upload_url_s: float = 3600.0
    run_bundles: bool = False
    bundle_load_s: float = 600.0
    bundle_item_s: float = 120.0
    embedder: str = "colour-gradient-1"

    @classmethod
    def load(
        cls,
        workspace: Path | str | None = None,
        *,
        serving: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """Read the settings of a workspace.

        Args:
            workspace: Its folder; ``None`` reads no file.
            serving: Whether other machines reach the workspace. A server fetches no URL unless
                a pattern was written down, and from no private address unless that was, since its
                callers are not its owner.
            environment: Variables to read instead of those of the process.

        Returns:
            The settings.

        Raises:
            WorkspaceError: An unknown name, or a value of the wrong type or range; the message
                names the file or the variable.
        """
        values: dict[str, Any] = {"fetch": [], "private_hosts": []} if serving else {}
        if workspace is not None:
            values |= _from_file(Path(workspace) / FILE)
        values |= _from_environment(os.environ if environment is None else environment)
        return wire.convert(values, cls)

    def to_environment(self) -> dict[str, str]:
        """Return the variables from which :meth:`load` reads the same settings.

        Returns:
            Names and texts, for the environment of a worker process.
        """
        return {
            PREFIX + name.upper(): _as_text(getattr(self, name)) for name in self.__struct_fields__
        }

    def changed(self, **values: Any) -> Settings:
        """Return a copy with some values replaced.

        Args:
            **values: New values by name.

        Returns:
            The copy.
        """
        return msgspec.structs.replace(self, **values)


_KINDS: Final[dict[str, str]] = Settings.__annotations__

# What is allowed, where the type alone does not say it.
_LOWEST: Final[dict[str, float]] = {
    "max_pixels": 1,
    "max_file_bytes": 1,
    "media_url_s": 1,
    "max_upload_bytes": 1,
    "media_threads": 1,
    "sweep_grace_s": 0,
    "fetch_timeout_s": 0.001,
    "remote_cache_bytes": 0,
    "workers": 1,
    "worker_idle_s": 0,
    "worker_poll_s": 0.001,
    "upload_url_s": 1,
    "bundle_load_s": 0.1,
    "bundle_item_s": 0.1,
}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as fault:
        raise WorkspaceError(f"{path} cannot be read: {fault}", path=str(path)) from fault
    import tomllib  # most workspaces have no such file

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise WorkspaceError(f"{path} is not valid TOML: {fault}", path=str(path)) from fault
    return {
        _known(name, f"{path}: {name}"): _checked(name, value, f"{path}: {name}")
        for name, value in found.items()
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        upper = variable.removeprefix(PREFIX)
        if upper in _OTHER_VARIABLES or upper.startswith("TEST"):
            continue
        name = _known(upper.lower(), variable)
        found[name] = _checked(name, _from_text(name, text, variable), variable)
    return found


def _known(name: str, place: str) -> str:
    if name in _KINDS:
        return name
    import difflib  # few mistype a name

    close = difflib.get_close_matches(name, _KINDS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(_KINDS)}"
    raise WorkspaceError(f"{place} is no setting: {hint}", setting=name)


def _from_text(name: str, text: str, place: str) -> Any:
    """Read the text of a variable as the type of its setting."""
    kind = _KINDS[name]
    if kind == "str":
        return text
    if kind.startswith("tuple"):
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return [_number(part, int, place) for part in parts] if "int" in kind else parts
    if kind == "bool":
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off", ""}:
            return False
        raise WorkspaceError(f"{place} is {text!r}: write true or false")
    return _number(text, int if kind == "int" else float, place)


def _number(text: str, kind: type[int] | type[float], place: str) -> int | float:
    try:
        return kind(text)
    except ValueError as fault:
        noun = "a whole number" if kind is int else "a number"
        raise WorkspaceError(f"{place} is {text!r}: write {noun}") from fault


def _as_text(value: Any) -> str:
    return ",".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def _checked(name: str, value: Any, place: str) -> Any:
    try:
        checked = getattr(wire.convert({name: value}, Settings), name)
    except msgspec.ValidationError as fault:
        raise WorkspaceError(f"{place} is {value!r}: {fault}") from fault
    lowest = _LOWEST.get(name)
    if lowest is not None and not lowest <= checked < float("inf"):
        raise WorkspaceError(f"{place} is {value!r}: write {lowest:g} or above")
    if name == "thumbnail_sizes":
        _check_sizes(checked, place)
    if name == "fetch":
        for pattern in checked:
            _check_pattern(pattern, place)
    if name == "private_hosts":
        for host in checked:
            _check_private(host, place)
    return checked


def _check_sizes(sizes: tuple[int, ...], place: str) -> None:
    if not sizes or list(sizes) != sorted(set(sizes)) or sizes[0] < 16 or sizes[-1] > 4096:
        raise WorkspaceError(
            f"{place} is {list(sizes)}: write one or more sizes in pixels, ascending, 16 to 4096"
        )


def _check_pattern(pattern: str, place: str) -> None:
    scheme, separator, rest = pattern.partition("://")
    if scheme not in REMOTE_SCHEMES or not separator or not rest:
        raise WorkspaceError(
            f"{place} holds {pattern!r}: a pattern looks like https://*.example.org/photos/*, "
            f"with one of {', '.join(sorted(REMOTE_SCHEMES))}"
        )


def _check_private(host: str, place: str) -> None:
    name = re.fullmatch(r"[A-Za-z0-9.*_-]+", host)
    try:
        network = ipaddress.ip_network(host, strict=False)
    except ValueError:
        network = None
    if name is None and network is None:
        raise WorkspaceError(
            f"{place} holds {host!r}: write a host such as *.intern, an address or a network such "
            "as 192.168.7.0/24"
        )
