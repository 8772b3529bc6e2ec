"""What the SDK warns of a query, as lines of a cell instead of warnings of Python."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_CODE: Final = re.compile(r"W\d+: ")


@contextmanager
def query_warnings() -> Iterator[list[str]]:
    """Collect what is warned of queries; every other warning goes its way.

    Yields:
        The texts, each once; filled when the block has ended.
    """
    found: list[str] = []
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield found
    for each in seen:
        text = str(each.message)
        if not _CODE.match(text):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
        elif text not in found:
            found.append(text)
