"""Where a picture, mask or point cloud is: a URL, or a path on this machine."""

from __future__ import annotations

import os
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError

REMOTE_SCHEMES: Final = frozenset({
    "http",
    "https",
    "s3",
    "gs",
    "gcs",
    "az",
    "abfs",
    "abfss",
    "azure",
})
"""URL schemes that name a remote file. Published clients take ``gcs`` for a local path, although
their documents list it; here it is remote."""


def is_local(location: str) -> bool:
    """Say whether a location is a path on this machine.

    Args:
        location: URL or path.

    Returns:
        Whether it has none of the :data:`REMOTE_SCHEMES`: a drive letter or ``file:`` is local.

    Raises:
        InvalidInputError: It is no text.
    """
    # The scheme is what stands before the first colon; reading the whole URL costs ten times that.
    try:
        scheme, colon, _ = location.partition(":")
    except AttributeError:
        raise InvalidInputError(
            f"{location!r} is no location: give a URL or the path of a file, as text"
        ) from None
    return not colon or scheme.strip().lower() not in REMOTE_SCHEMES


def written(location: Any) -> Any:
    """Write a location as text.

    Args:
        location: URL, path as text, or a ``pathlib`` path.

    Returns:
        A path as text; anything else as it is.
    """
    return os.fspath(location) if isinstance(location, os.PathLike) else location
