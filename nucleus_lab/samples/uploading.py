"""Uploading samples: many in one request where the other end takes that, else one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypedDict
from urllib.parse import quote

from nucleus_lab.errors import InvalidInputError, NucleusError, TransportError
from nucleus_lab.samples.connection import Door, door
from nucleus_lab.samples.parts import FIELD, Parcel, parcel
from nucleus_lab.samples.sample_type import (
    Sample,
    SampleIngestionResponse,
    UploadSamplesResponse,
)
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.progress import progress_bar
from nucleus_lab.wire import FilePart, Response, encode

MOST_FILES: Final = 500
"""Samples of one in-process request at most."""

HTTP_FILES: Final = 40
"""Samples of one request over HTTP at most, whose files are open while it is sent."""

MOST_BYTES: Final = 64 * 1024**2
"""Of the samples of one request, unless one alone is larger."""

DESCRIPTION: Final = "info.labels"
"""Part of a request with several samples that says what is said of each."""

WORKERS: Final = 8


class ConnectionOptions(TypedDict, total=False):
    """What uploads of folders take by name, with the defaults of :func:`upload_samples`."""

    api_key: str | None
    timeout_sec: float | None
    max_workers: int | None
    client: Connection | None


class UploadOptions(ConnectionOptions, total=False):
    """What every other uploading function takes by name."""

    allow_duplicates: bool | None
    show_progress: bool | None


def upload_samples(
    samples: Sample | Iterable[Sample],
    allow_duplicates: bool | None = False,
    api_key: str | None = None,
    timeout_sec: float | None = None,
    max_workers: int | None = None,
    show_progress: bool | None = False,
    pool_maxsize: int | None = 20,
    pool_connections: int | None = 20,
    *,
    client: Connection | None = None,
) -> UploadSamplesResponse:
    """Upload samples; what is wrong with one of them does not keep the others back.

    ::

        response = samples.upload_samples([
            Sample(open("idle.01.csv", "rb"), "idle.01.csv", "training", label="idle"),
        ])
        response.fails

    Samples that were stored have their ``sample_id`` set.

    Args:
        samples: One, or any iterable of them.
        allow_duplicates: Whether a content that is there already is stored once more; else it is
            among the ``fails``.
        api_key: Key for the server; else that of the module.
        timeout_sec: Seconds to wait for each answer of a server.
        max_workers: Requests to endpoints of the Edge Impulse API at a time; 8 when not given.
            Nucleus Lab takes many samples in one request, one request after the other, so that
            ids rise in the order given.
        show_progress: Show a bar.
        pool_maxsize: Taken for the sake of scripts; connections are kept as needed.
        pool_connections: Likewise.
        client: NucleusClient to upload to, in place of what the module is connected to.

    Returns:
        What became of each, in the order given.

    Raises:
        TransportError: Nothing answers, and so nothing was stored.
    """
    del pool_maxsize, pool_connections
    given = [samples] if isinstance(samples, Sample) else list(samples)
    workers = _workers(max_workers)
    if not given:
        return UploadSamplesResponse()
    way = door(api_key, timeout_sec, client)
    upload = _Upload(way, len(given), duplicates=bool(allow_duplicates))
    ready: list[tuple[int, Parcel]] = []
    for index, sample in enumerate(given):
        try:
            ready.append((index, parcel(sample)))
        except (NucleusError, OSError, ValueError) as fault:
            upload.outcomes[index] = _failure(sample, fault)
    groups = list(_groups(ready, way))
    with progress_bar(
        way.connection, len(given), "samples", unit=" samples", **({} if show_progress else _HIDDEN)
    ) as bar:
        bar.update(len(given) - len(ready))
        if way.own or workers == 1 or len(groups) == 1:
            for group in groups:
                upload.send(group)
                bar.update(len(group))
        else:
            with ThreadPoolExecutor(workers, thread_name_prefix="samples") as pool:
                for group, _ in zip(groups, pool.map(upload.send, groups), strict=True):
                    bar.update(len(group))
    return upload.report()


_HIDDEN: Final[Mapping[str, Any]] = {"leave": False, "delay": 1e9}  # a bar that is never drawn


def _workers(wanted: int | None) -> int:
    if wanted is None:
        return WORKERS
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
        raise InvalidInputError(f"max_workers is {wanted!r}: use 1 or above, or None")
    return wanted


def _groups(ready: Sequence[tuple[int, Parcel]], way: Door) -> Iterator[list[tuple[int, Parcel]]]:
    """Cut parcels into requests."""
    if not way.own:
        for each in ready:
            yield [each]
        return
    most = MOST_FILES if way.embedded else HTTP_FILES
    group: list[tuple[int, Parcel]] = []
    size = 0
    for each in ready:
        one = each[1].size
        if group and (len(group) == most or size + one > MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(each)
        size += one
    if group:
        yield group


class _Upload:
    """One call of :func:`upload_samples`."""

    def __init__(self, way: Door, count: int, *, duplicates: bool) -> None:
        self.outcomes: list[list[SampleIngestionResponse]] = [[] for _ in range(count)]
        self._way = way
        self._headers = {} if duplicates else {"x-disallow-duplicates": "1"}
        self._answered = False
        self._silence: TransportError | None = None
        self._lock = threading.Lock()

    def send(self, group: Sequence[tuple[int, Parcel]]) -> None:
        """Send one request and note what became of its samples."""
        if self._silence is not None:
            for index, each in group:
                self.outcomes[index] = _failure(each.sample, self._silence)
            return
        try:
            response = self._alone(group[0][1]) if len(group) == 1 else self._together(group)
        except (NucleusError, OSError) as fault:
            if isinstance(fault, TransportError) and not self._answered:
                self._silence = fault  # nobody is there: the rest would wait in vain as well
            for index, each in group:
                self.outcomes[index] = _failure(each.sample, fault)
            return
        self._answered = True
        for (index, each), told in zip(group, _told(response, len(group)), strict=True):
            self.outcomes[index] = [_noted(each, one) for one in told]

    def _alone(self, one: Parcel) -> Response:
        headers = {**self._headers, **one.headers()}
        return self._way.upload(quote(one.category, safe=""), headers, one.files())

    def _together(self, group: Sequence[tuple[int, Parcel]]) -> Response:
        described = {"version": 1, "files": [each.entry() for _, each in group]}
        files = [each.file for _, each in group]
        files.append(FilePart(FIELD, DESCRIPTION, content=encode(described)))
        return self._way.upload("split", self._headers, files)

    def report(self) -> UploadSamplesResponse:
        """Return what became of the samples."""
        if self._silence is not None and not self._answered:
            raise self._silence
        told = [each for outcome in self.outcomes for each in outcome]
        return UploadSamplesResponse(
            [each for each in told if each.success], [each for each in told if not each.success]
        )


def _told(response: Response, count: int) -> list[list[Mapping[str, Any]]]:
    """Say what an answer tells of each sample of its request; an archive may hold several."""
    answer = response.payload
    if response.status == 200 and isinstance(answer, Mapping):
        files = answer.get("files")
        if not files:
            error = answer.get("error") or "No files listed in response"
            return [[{"success": False, "error": error}]] * count
        if len(files) == count:
            return [[each] for each in files]
        if count == 1:
            return [list(files)]
        error = f"the server told of {len(files)} files where {count} were sent"
    else:
        error = answer.get("error") if isinstance(answer, Mapping) else str(answer)[:200]
    return [[{"success": False, "error": error or f"status {response.status}"}]] * count


def _noted(one: Parcel, told: Mapping[str, Any]) -> SampleIngestionResponse:
    outcome = SampleIngestionResponse(one.sample, {"fileName": one.file.filename, **told})
    if outcome.success:
        one.sample.sample_id = outcome.sample_id
        if one.sample.category is None:
            one.sample.category = "split"
    return outcome


def _failure(sample: Any, fault: Exception) -> list[SampleIngestionResponse]:
    told = {"success": False, "error": str(fault), "fileName": getattr(sample, "filename", None)}
    return [SampleIngestionResponse(sample, told)]
