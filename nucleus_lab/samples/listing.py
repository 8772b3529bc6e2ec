"""Which samples there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.samples.connection import Door, door, succeeded
from nucleus_lab.samples.sample_type import CATEGORIES, SampleInfo, SampleInfos
from nucleus_lab.transport.connection import Connection
from nucleus_lab.wire import encode

PAGE: Final = 1000
"""Samples of one answer at most."""


def get_sample_ids(
    filename: str | None = None,
    category: str | None = None,
    labels: str | Sequence[str] | None = None,
    api_key: str | None = None,
    num_workers: int | None = 4,
    timeout_sec: float | None = None,
    *,
    client: Connection | None = None,
) -> list[SampleInfo]:
    """Find samples by name, category and label.

    ::

        [info.sample_id for info in samples.get_sample_ids(labels="idle")]

    Args:
        filename: What the name without its extension contains.
        category: ``training``, ``testing``, ``anomaly``, ``validation`` or ``post-processing``; all
            when not given.
        labels: One label, or several of which a sample has one.
        api_key: Key for the server; else that of the module.
        num_workers: Requests to a server at a time.
        timeout_sec: Seconds to wait for each answer of a server.
        client: NucleusClient to ask, in place of what the module is connected to.

    Returns:
        Id, name, category and label of each, in the order of their ids.

    Raises:
        InvalidInputError: There is no such category, or no worker.
    """
    if num_workers is not None and num_workers < 1:
        raise InvalidInputError(f"num_workers is {num_workers}: use 1 or above")
    way = door(api_key, timeout_sec, client)
    return find(way, way.project(), filename, category, labels, num_workers or 1)


def get_filename_by_id(
    sample_id: int,
    api_key: str | None = None,
    timeout_sec: float | None = None,
    *,
    client: Connection | None = None,
) -> str | None:
    """Return the name of a sample, without its extension.

    Args:
        sample_id: Its id.
        api_key: Key for the server; else that of the module.
        timeout_sec: Seconds to wait for each answer of a server.
        client: NucleusClient to ask, in place of what the module is connected to.

    Returns:
        The name, or ``None`` where there is no such sample.
    """
    identifier = whole(sample_id)
    way = door(api_key, timeout_sec, client)
    try:
        route = f"{way.project()}/raw-data/{identifier}"
        answer = succeeded(way.ask("GET", route, {"limitPayloadValues": "2"}))
    except NotFoundError:
        return None
    found: str = answer["sample"]["filename"]
    return found


def find(
    way: Door,
    project: int,
    filename: str | None,
    category: str | None,
    labels: str | Sequence[str] | None,
    workers: int = 1,
) -> list[SampleInfo]:
    """List samples.

    Args:
        way: The way there.
        project: Id of the project.
        filename: What the name contains.
        category: One of the categories, or ``None``.
        labels: One or several.
        workers: Requests at a time.

    Returns:
        One record a sample, in the order of their ids.

    Raises:
        InvalidInputError: There is no such category.
    """
    if category not in {None, "all", *CATEGORIES}:
        raise InvalidInputError(f"category is {category!r}: use one of {', '.join(CATEGORIES)}")
    query: dict[str, str] = {}
    if filename is not None:
        query["filename"] = str(filename)
    if labels is not None:
        wanted = [labels] if isinstance(labels, str) else list(labels)
        query["labels"] = encode([str(each) for each in wanted]).decode()
    found: list[Any] = []
    for each in _categories(way, category):
        found.extend(_pages(way, project, {**query, "category": each}, workers))
    infos = (
        SampleInfo(each.get("id"), each.get("filename"), each.get("category"), each.get("label"))
        for each in found
    )
    # A sample that is uploaded while the pages are read moves others on to the next page.
    return SampleInfos(each for _, each in sorted({info.sample_id: info for info in infos}.items()))


def _categories(way: Door, category: str | None) -> Iterable[str]:
    if category not in {None, "all"}:
        return [str(category)]
    # Only the documented ones are asked of others; none of theirs is called anomaly any more.
    return ["all"] if way.own else CATEGORIES[:4]


def _pages(way: Door, project: int, query: dict[str, str], workers: int) -> list[Any]:
    """Read a listing, its pages side by side over HTTP."""

    def page(offset: int) -> Any:
        limits = {"limit": str(PAGE), "offset": str(offset)}
        return succeeded(way.ask("GET", f"{project}/raw-data", {**query, **limits}))

    first = page(0)
    found = list(first["samples"])
    step = len(found)
    offsets = range(step, first.get("totalCount", step), step or 1)
    if way.embedded or workers == 1 or len(offsets) < 2:
        answers: Iterable[Any] = map(page, offsets)
        for answer in answers:
            found.extend(answer["samples"])
        return found
    with ThreadPoolExecutor(workers, thread_name_prefix="samples") as pool:
        for answer in pool.map(page, offsets):
            found.extend(answer["samples"])
    return found


def whole(sample_id: Any) -> int:
    """Check an id.

    Args:
        sample_id: What was given: an id, or one entry of a listing.

    Returns:
        The id.

    Raises:
        TypeError: It is no whole number.
    """
    given = sample_id.sample_id if isinstance(sample_id, SampleInfo) else sample_id
    plain: Any = getattr(given, "item", lambda: given)()
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise TypeError(
            f"All sample IDs must be integers: {sample_id!r} is of type {type(sample_id).__name__}"
        )
    return plain
