"""What uploads share: duplicate checks, local files, request bodies that a job picks up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.bulk import batches
from nucleus_lab.dataset.base import segment
from nucleus_lab.errors import DuplicateIDError, InvalidInputError, MediaError, PayloadTooLargeError
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.progress import progress_bar
from nucleus_lab.wire import FilePart, encode, plain

MOST_UPLOAD_BYTES: Final = 0x1FFFFFE8
"""Largest body of one background upload; the limit of published clients."""

MOST_FILES: Final = 10
"""Local files of one request over HTTP at most, as documented."""

EMBEDDED_FILES: Final = 256
"""Local files of one in-process request: nothing is copied on the way, so a request is cheap."""

SILENT_SECONDS: Final = 2.0

T = TypeVar("T")

EMBEDDED_ROWS: Final = 10_000
"""Rows of one in-process request at most."""


def files_a_request(client: Connection, wanted: int) -> int:
    """Choose how many local files go into one request.

    Args:
        client: The connection that asks.
        wanted: What the caller asked for, 1 to 10.

    Returns:
        The number; larger than asked in-process, where a request costs nothing.

    Raises:
        InvalidInputError: ``wanted`` is out of range, or no whole number.
    """
    if not isinstance(wanted, Integral) or not 1 <= wanted <= MOST_FILES:
        raise InvalidInputError(
            f"local_files_per_upload_request is {wanted!r}: use 1 to {MOST_FILES}",
            local_files_per_upload_request=wanted,
        )
    return EMBEDDED_FILES if client.embedded and wanted == MOST_FILES else wanted


def positive(name: str, value: int) -> int:
    """Check a batch size.

    Args:
        name: Name of the parameter.
        value: Its value.

    Returns:
        The value.

    Raises:
        InvalidInputError: It is below 1, or no whole number.
    """
    if not isinstance(value, Integral) or value < 1:
        raise InvalidInputError(f"{name} is {value!r}: use 1 or more")
    return value


def refuse_duplicates(noun: str, names: Iterable[str], remedy: str) -> None:
    """Refuse names that stand twice.

    Args:
        noun: What the names are.
        names: The names.
        remedy: What to do.

    Raises:
        DuplicateIDError: One stands twice; the message names up to five.
    """
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    if twice:
        raise DuplicateIDError(
            f"{noun} {_some(map(repr, twice))} {'stands' if len(twice) == 1 else 'stand'} "
            f"twice in one call: {remedy}",
            duplicates=list(twice)[:100],
        )


def refuse_missing(paths: Iterable[tuple[str, str]]) -> None:
    """Refuse local files that do not exist, before anything is sent.

    Args:
        paths: Name of the object and path of its file, for each.

    Raises:
        MediaError: A file is missing; the message names up to five.
    """
    missing = [(name, path) for name, path in paths if not Path(path).is_file()]
    if missing:
        shown = _some(f"{path!r} (of {name!r})" for name, path in missing)
        raise MediaError(
            f"there is no file {shown}: correct the path, or use a URL for a picture elsewhere; "
            "nothing was uploaded",
            missing=[path for _, path in missing[:100]],
        )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    text = ", ".join(listed[:5])
    return text if len(listed) <= 5 else f"{text} and {len(listed) - 5} more"


def upload_in_background(
    client: Connection,
    dataset_id: str,
    payloads: Sequence[dict[str, Any]],
    route: str,
    request: dict[str, Any],
) -> AsyncJob:
    """Store objects at a signed URL and start the job that takes them in.

    Args:
        client: The connection that asks.
        dataset_id: Id of the dataset.
        payloads: One payload an object.
        route: Route of the synchronous upload.
        request: What that route wants besides the objects.

    Returns:
        The job.

    Raises:
        InvalidInputError: There is nothing to upload.
        PayloadTooLargeError: All together they exceed the limit of one upload.
    """
    if not payloads:
        raise InvalidInputError("there is nothing to upload: the list is empty")
    text = b"".join(encode(plain(payload)) + b"\n" for payload in payloads)
    if len(text) > MOST_UPLOAD_BYTES:
        raise PayloadTooLargeError(
            f"{len(payloads)} objects make {len(text):,} bytes, one upload holds "
            f"{MOST_UPLOAD_BYTES:,}: upload them in several calls"
        )
    name = uuid4().hex
    place = f"dataset/{segment(dataset_id)}/signedUrl/{name}"
    client.put(client.make_request(None, place, "GET")["signed_url"], text)
    answer = client.make_request({"requestId": name, **request}, f"{route}?async=1")
    return AsyncJob.from_json(answer, client)


def with_progress(
    client: Connection, rows: Sequence[T], size: int, title: str
) -> Iterator[list[T]]:
    """Cut rows into batches, with a bar once it takes longer than two seconds.

    Args:
        client: The connection; says which kind of bar.
        rows: The rows.
        size: Rows of a batch.
        title: What is going on.

    Yields:
        The batches.
    """
    if len(rows) <= size:
        yield from batches(rows, size)
        return
    with progress_bar(client, len(rows), title, delay=SILENT_SECONDS) as bar:
        for batch in batches(rows, size):
            yield batch
            bar.update(len(batch))


def file_part(field: str, path: str) -> FilePart:
    """Make the part of a local file.

    Args:
        field: ``image`` or ``mask``.
        path: Path as the caller wrote it; it stays the name of the file.

    Returns:
        The part.
    """
    return FilePart(field, path, path=str(Path(path).absolute()))


def metadata_entries(mapping: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Make the entries of an update of metadata.

    Args:
        mapping: Keys and values to set, by reference id.

    Returns:
        An entry each.

    Raises:
        InvalidInputError: It is no mapping of mappings.
    """
    if not isinstance(mapping, Mapping):
        raise InvalidInputError(
            f"mapping is a {type(mapping).__name__}: give a mapping of reference ids to keys and "
            "values, such as {'1.jpg': {'weather': 'fog'}}",
            field="mapping",
        )
    return [_metadata_entry(name, values) for name, values in mapping.items()]


def _metadata_entry(reference_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise InvalidInputError(
            f"the metadata of {reference_id!r} is a {type(values).__name__}: use a mapping of "
            "keys to values",
            reference_id=reference_id,
        )
    entry: dict[str, Any] = {
        "reference_id": reference_id,
        "metadata": {key: value for key, value in values.items() if key != "camera_params"},
    }
    if "camera_params" in values:
        camera = values["camera_params"]
        entry["camera_params"] = camera.to_payload() if hasattr(camera, "to_payload") else camera
    return entry
