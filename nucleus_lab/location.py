"""Where a picture, mask or point cloud is: a URL, or a path on this machine."""

from __future__ import annotations

from typing import Final

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
    """
    # The scheme is what stands before the first colon; reading the whole URL costs ten times that.
    scheme, colon, _ = location.partition(":")
    return not colon or scheme.strip().lower() not in REMOTE_SCHEMES
