"""Reading samples back."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Final

from nucleus_lab.errors import NotFoundError
from nucleus_lab.formats.samples.contents import acquisition, file_kind, unpack
from nucleus_lab.samples.connection import Door, door, succeeded
from nucleus_lab.samples.listing import find, whole
from nucleus_lab.samples.sample_type import Sample, SampleInfo
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.progress import progress_bar
from nucleus_lab.wire import encode

WORKERS: Final = 8

FIRST_BATCH: Final = 8
"""Samples of the first request: who takes a few of many waits for no more."""

MOST_BATCH: Final = 128
"""Samples of one request at most."""

_STORAGE_SEGMENTS: Final = 3


class Text(str):
    """The content of a time series: text that can also be read like a file, as bytes."""

    __slots__ = ("_file",)

    _file: BytesIO

    def read(self, size: int | None = -1) -> bytes:
        """Read on from where the last call ended.

        Args:
            size: Bytes at most; all when negative.

        Returns:
            UTF-8 text.
        """
        return self._opened().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Choose where to read on.

        Args:
            offset: Bytes.
            whence: From the beginning (0), from here (1) or from the end (2).

        Returns:
            The place, in bytes from the beginning.
        """
        return self._opened().seek(offset, whence)

    def _opened(self) -> BytesIO:
        if not hasattr(self, "_file"):
            self._file = BytesIO(self.encode())
        return self._file


def download_samples_by_ids(
    sample_ids: int | Iterable[int | SampleInfo],
    api_key: str | None = None,
    timeout_sec: float | None = None,
    max_workers: int | None = None,
    show_progress: bool | None = False,
    pool_maxsize: int | None = 20,
    pool_connections: int | None = 20,
    *,
    client: Connection | None = None,
) -> list[Sample]:
    """Read samples with their content.

    The ``data`` of a time series is JSON text in data acquisition form, whatever it was uploaded
    as; that of a picture, a sound or a video is a ``BytesIO``. Either has ``read()``, which returns
    bytes.

    Args:
        sample_ids: One id, or several, such as :func:`get_sample_ids` returns them.
        api_key: Key for the server; else that of the module.
        timeout_sec: Seconds to wait for each answer of a server.
        max_workers: Requests to endpoints of the Edge Impulse API at a time; 8 when not given.
            Nucleus Lab hands out many samples in one answer of some megabytes.
        show_progress: Show a bar.
        pool_maxsize: Taken for the sake of scripts; connections are kept as needed.
        pool_connections: Likewise.
        client: NucleusClient to ask, in place of what the module is connected to.

    Returns:
        The samples, in the order of the ids; those that do not exist are left out.
    """
    found = stream_samples_by_ids(
        sample_ids,
        api_key,
        timeout_sec,
        max_workers,
        show_progress,
        pool_maxsize,
        pool_connections,
        client=client,
    )
    return [sample for sample in found if sample is not None]


def stream_samples_by_ids(
    sample_ids: int | Iterable[int | SampleInfo],
    api_key: str | None = None,
    timeout_sec: float | None = None,
    max_workers: int | None = None,
    show_progress: bool | None = False,
    pool_maxsize: int | None = 20,
    pool_connections: int | None = 20,
    *,
    client: Connection | None = None,
) -> Iterator[Sample | None]:
    """Read samples one after another, a few ahead of what was asked for.

    ::

        for sample_id, sample in zip(ids, samples.stream_samples_by_ids(ids)):
            ...

    Args:
        sample_ids: As :func:`download_samples_by_ids` takes them, and so are the others.
        api_key: Key for the server.
        timeout_sec: Seconds to wait for each answer.
        max_workers: Requests to endpoints of the Edge Impulse API at a time.
        show_progress: Show a bar.
        pool_maxsize: Has no effect.
        pool_connections: Has no effect.
        client: NucleusClient to ask.

    Returns:
        An iterator in the order of the ids, ``None`` for those that do not exist. What is not
        asked for is not read.
    """
    del pool_maxsize, pool_connections
    if isinstance(sample_ids, (str, bytes)):
        whole(sample_ids)
    several = isinstance(sample_ids, Iterable) and getattr(sample_ids, "ndim", 1) > 0
    ids = [whole(each) for each in (sample_ids if several else [sample_ids])]  # type: ignore[union-attr]
    way = door(api_key, timeout_sec, client)
    return _stream(way, ids, max_workers or WORKERS, bool(show_progress))


def fetch_samples(
    filename: str | None = None,
    category: str | None = None,
    labels: str | Sequence[str] | None = None,
    max_workers: int | None = None,
    *,
    api_key: str | None = None,
    client: Connection | None = None,
) -> Iterator[Sample]:
    """Read all samples with a name, category and label.

    Args:
        filename: What the name without its extension contains.
        category: The category.
        labels: One label, or several of which a sample has one.
        max_workers: Requests to endpoints of the Edge Impulse API at a time.
        api_key: Key for the server; else that of the module.
        client: NucleusClient to ask, in place of what the module is connected to.

    Yields:
        The samples, in the order of their ids.
    """
    way = door(api_key, None, client)
    infos = find(way, way.project(), filename, category, labels, max_workers or 1)
    ids = [info.sample_id for info in infos if info.sample_id is not None]
    for sample in _stream(way, ids, max_workers or WORKERS, shown=False):
        if sample is not None:
            yield sample


def _stream(way: Door, ids: list[int], workers: int, shown: bool) -> Iterator[Sample | None]:
    if not ids:
        return
    project = way.project()
    hidden = {} if shown else {"delay": 1e9, "leave": False}
    with progress_bar(way.connection, len(ids), "samples", unit=" samples", **hidden) as bar:
        several = _batches(way, project, ids) if way.own else _singly(way, project, ids, workers)
        with closing(several):
            for sample in several:
                yield sample
                bar.update()


def _batches(way: Door, project: int, ids: list[int]) -> Generator[Sample | None]:
    # The other end bounds the bytes of an answer, and a server works on the next one meanwhile: no
    # more than two are ever held.
    most, at = FIRST_BATCH, 0
    with ThreadPoolExecutor(1, thread_name_prefix="samples") as pool:
        batch = _batch(way, project, ids[:most])
        while batch:
            at += len(batch)
            most = min(most * 4, MOST_BATCH)
            after: Future[list[_Packed]] | None = None
            if at < len(ids) and not way.embedded:
                after = pool.submit(_batch, way, project, ids[at : at + most])
            for entry, content in batch:
                yield _unpacked(entry, content)
            if after is not None:
                batch = after.result()
            else:
                batch = _batch(way, project, ids[at : at + most]) if at < len(ids) else []


_Packed = tuple[dict[str, Any], bytes]


def _batch(way: Door, project: int, ids: list[int]) -> list[_Packed]:
    # 0 is nobody's id, and numbers that no database holds are not sent.
    query = {"ids": encode([each if 0 < each < 2**63 else 0 for each in ids]).decode()}
    answer = way.ask("GET", f"{project}/raw-data/batch/contents", query)
    return list(unpack(answer if isinstance(answer, bytes) else succeeded(answer)))


def _unpacked(entry: dict[str, Any], content: bytes) -> Sample | None:
    stored, kind = entry["sample"], entry["kind"]
    if stored is None:
        return None
    data = Text(content.decode()) if kind is None else BytesIO(content)
    return _sample(stored, kind, data, entry["id"])


def _singly(way: Door, project: int, ids: list[int], workers: int) -> Generator[Sample | None]:
    """Ask for one sample a request, as others want it, a few requests at a time."""
    with ThreadPoolExecutor(workers, thread_name_prefix="samples") as pool:
        ahead: deque[Future[Sample | None]] = deque()
        try:
            for each in ids:
                ahead.append(pool.submit(_download, way, project, each))
                if len(ahead) > 2 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for waiting in ahead:
                waiting.cancel()


def _download(way: Door, project: int, sample_id: int) -> Sample | None:
    route = f"{project}/raw-data/{sample_id}"
    try:
        answer = succeeded(way.ask("GET", route))
    except NotFoundError:
        return None
    stored, payload = answer["sample"], answer.get("payload") or {}
    kind = file_kind(payload.get("sensors") or stored.get("sensors") or [])
    if kind is None:
        text = acquisition(
            stored.get("sensors") or payload.get("sensors") or [],
            payload.get("values"),
            stored.get("intervalMs", payload.get("intervalMs")),
            payload.get("device_type"),
            payload.get("device_name"),
        )
        return _sample(stored, kind, Text(text.decode()), sample_id)
    query = {"axisIx": "0"} if kind == "wav" else None
    return _sample(stored, kind, BytesIO(way.ask("GET", f"{route}/{kind}", query)), sample_id)


def _sample(stored: Any, kind: str | None, data: Any, sample_id: int) -> Sample:
    return Sample(
        data,
        _file_name(stored, kind),
        stored.get("category") or "split",
        stored.get("label"),
        stored.get("boundingBoxes") or None,
        stored.get("metadata") or None,
        stored.get("id", sample_id),
        stored.get("structuredLabels") or None,
    )


def _file_name(stored: Any, kind: str | None) -> str:
    """Undo what the storage added to the name: ``wave.01.json.4f2.ingestion-5.json``."""
    parts = PurePosixPath(stored.get("coldstorageFilename") or "").name.split(".")
    name = ".".join(parts[:-_STORAGE_SEGMENTS])
    if not name:
        name = str(stored.get("filename") or stored.get("id"))
        if kind is not None:
            name += {"image": ".png", "video": ".mp4", "wav": ".wav"}[kind]
    if kind is not None:
        return name
    path = PurePosixPath(name)
    known = {".csv", ".json", ".cbor", ".txt", ".parquet"}
    return f"{path.stem if path.suffix.lower() in known else path.name}.json"
