"""Which of many 64-bit hashes to keep, so that no two kept ones are alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError

BITS: Final = 64
_PHASH: Final = re.compile(r"[01]{64}")


def check_threshold(threshold: Any) -> int:
    """Refuse what is no number of bits.

    Args:
        threshold: Bits in which two pictures that count as the same may differ.

    Returns:
        The threshold.

    Raises:
        InvalidInputError: It is no whole number from 0 to 64.
    """
    if not isinstance(threshold, int) or isinstance(threshold, bool) or not 0 <= threshold <= BITS:
        raise InvalidInputError(
            f"threshold is {threshold!r}: use a whole number of bits, 0 (the same picture) to 64 "
            "(any picture)",
            path="threshold",
        )
    return threshold


def read_hash(text: str | None, owner: str) -> int:
    """Read a perceptual hash.

    Args:
        text: 64 characters 0 and 1.
        owner: What it belongs to, for messages.

    Returns:
        The hash as a number.

    Raises:
        InvalidInputError: It is missing, or anything else.
    """
    if not isinstance(text, str) or not _PHASH.fullmatch(text):
        raise InvalidInputError(
            f"{owner} has the phash {text!r}: 64 characters 0 and 1 are needed, which items have "
            "that were read from a workspace that holds their pictures"
        )
    return int(text, 2)


def keep_unlike(hashes: Sequence[int], threshold: int) -> list[int]:
    """Keep the first of any that are alike.

    Each hash is compared with all that were kept before it: 100,000 different ones take a few
    seconds, and four times as long when there are twice as many.

    Args:
        hashes: 64-bit numbers in the order of preference.
        threshold: Bits in which hashes that are alike may differ, 0 to 64.

    Returns:
        Indexes of those to keep, ascending.
    """
    if threshold == 0:
        first: dict[int, int] = {}
        for index, value in enumerate(hashes):
            first.setdefault(value, index)
        return list(first.values())
    if threshold >= BITS:
        return [0] if hashes else []
    import numpy as np

    count: Any = getattr(np, "bitwise_count", None) or _count_bits
    given = np.array(hashes, np.uint64)
    kept = np.empty_like(given)
    places: list[int] = []
    for index, value in enumerate(given):
        size = len(places)
        if size and int(count(kept[:size] ^ value).min()) <= threshold:
            continue
        kept[size] = value
        places.append(index)
    return places


def _count_bits(values: Any) -> Any:
    """Count the bits that are set, where numpy is older than 2.0."""
    import numpy as np

    return np.unpackbits(values.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)
