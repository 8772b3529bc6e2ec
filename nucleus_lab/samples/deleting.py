"""Deleting samples."""

from __future__ import annotations

from urllib.parse import quote

from nucleus_lab.errors import InvalidInputError, NotFoundError
from nucleus_lab.samples.connection import Door, door, succeeded
from nucleus_lab.samples.listing import find, whole
from nucleus_lab.samples.sample_type import CATEGORIES, GenericApiResponse
from nucleus_lab.transport.connection import Connection


def delete_all_samples(
    category: str | None = None,
    api_key: str | None = None,
    timeout_sec: float | None = None,
    *,
    client: Connection | None = None,
) -> GenericApiResponse | None:
    """Delete every sample, or every sample of a category.

    Args:
        category: The category; all when not given.
        api_key: Key for the server; else that of the module.
        timeout_sec: Seconds to wait for each answer of a server.
        client: NucleusClient to ask, in place of what the module is connected to.

    Returns:
        That it was done.

    Raises:
        InvalidInputError: There is no such category.
    """
    if category not in {None, *CATEGORIES}:
        raise InvalidInputError(
            f"category is {category!r}: use one of {', '.join(CATEGORIES)}, or None for all"
        )
    way = door(api_key, timeout_sec, client)
    end = "" if category is None else f"/{quote(category, safe='')}"
    succeeded(way.ask("POST", f"{way.project()}/raw-data/delete-all{end}"))
    return GenericApiResponse(success=True)


def delete_sample_by_id(
    sample_id: int,
    api_key: str | None = None,
    timeout_sec: float | None = None,
    *,
    client: Connection | None = None,
) -> GenericApiResponse | None:
    """Delete a sample.

    Args:
        sample_id: Its id.
        api_key: Key for the server; else that of the module.
        timeout_sec: Seconds to wait for each answer of a server.
        client: NucleusClient to ask, in place of what the module is connected to.

    Returns:
        That it was done, or ``None`` where there is no such sample.
    """
    identifier = whole(sample_id)
    way = door(api_key, timeout_sec, client)
    return _delete(way, way.project(), identifier)


def delete_samples_by_filename(
    filename: str,
    category: str | None = None,
    api_key: str | None = None,
    timeout_sec: float | None = None,
    *,
    client: Connection | None = None,
) -> tuple[GenericApiResponse | None, ...]:
    """Delete the samples whose name contains a text.

    Args:
        filename: Part of the name without its extension: ``my-image.01`` of ``my-image.01.png``.
        category: Only those of a category.
        api_key: Key for the server; else that of the module.
        timeout_sec: Seconds to wait for each answer of a server.
        client: NucleusClient to ask, in place of what the module is connected to.

    Returns:
        One answer a sample.

    Raises:
        InvalidInputError: The name is empty, which every sample contains.
    """
    if not filename:
        raise InvalidInputError(
            f"filename is {filename!r}, which every name contains: use delete_all_samples"
        )
    way = door(api_key, timeout_sec, client)
    project = way.project()
    found = find(way, project, filename, category, None)
    return tuple(_delete(way, project, info.sample_id) for info in found)


def _delete(way: Door, project: int, sample_id: int | None) -> GenericApiResponse | None:
    try:
        succeeded(way.ask("DELETE", f"{project}/raw-data/{sample_id}"))
    except NotFoundError:
        return None
    return GenericApiResponse(success=True)
