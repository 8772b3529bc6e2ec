"""What stands beside a sample: labels of stretches, boxes, metadata, and what a file name says."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.samples.recording import shown, text_of

CATEGORIES: Final = ("training", "testing", "anomaly", "validation", "post-processing")
SPLIT: Final = "split"
"""In place of a category: the content of the file decides."""

_LABEL: Final = re.compile(r"[a-zA-Z0-9\s\-_]+")
_MOST_ENTRIES: Final = 1_000_000


def label_of_name(filename: str) -> str:
    """Take the label from the beginning of a file name.

    Args:
        filename: Such as ``idle.01.csv``.

    Returns:
        Such as ``idle``; ``""`` where the name begins with another sign.
    """
    found = _LABEL.match(filename)
    return found[0] if found else ""


def category_of_content(content: bytes) -> str:
    """Put a file into the training or the testing set, always the same one.

    Args:
        content: The file.

    Returns:
        ``training`` for four of five, else ``testing``.
    """
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest().lstrip("f")
    return "training" if digest[:1] < "c" else "testing"


def check_segments(given: Any, count: int, place: str) -> list[dict[str, Any]]:
    """Check labels of stretches and bring them into order.

    Args:
        given: ``[{"startIndex": 0, "endIndex": 9, "label": "a"}, …]``, both ends inclusive, which
            cover all readings; where they overlap the later one counts.
        count: How many readings there are.
        place: Where they come from, for messages.

    Returns:
        The same with no overlaps, neighbours of one label joined, by start.

    Raises:
        InvalidInputError: They do not fit; the message has the entry and the field.
    """
    if not isinstance(given, list) or not given:
        raise InvalidInputError(
            f'{place} is {shown(given)}: a list of {{"startIndex", "endIndex", "label"}} is needed',
            path=place,
        )
    if len(given) > _MOST_ENTRIES:
        raise InvalidInputError(f"{place} has {len(given):,} entries: {_MOST_ENTRIES:,} is most")
    entries = [_segment(entry, count, f"{place}[{at}]") for at, entry in enumerate(given)]
    runs = _runs(entries, count, place)
    return [
        {"startIndex": start, "endIndex": end, **({"label": label} | more)}
        for start, end, label, more in runs
    ]


_Entry = tuple[int, int, str, dict[str, Any]]


def _segment(entry: Any, count: int, place: str) -> _Entry:
    if not isinstance(entry, dict):
        raise InvalidInputError(f"{place} is {shown(entry)}: an object is needed", path=place)
    start, end = (_index(entry.get(name), f"{place}.{name}") for name in ("startIndex", "endIndex"))
    if start > end:
        raise InvalidInputError(
            f"{place}.startIndex is {start} and endIndex {end}: the start must not be "
            "after the end",
            path=f"{place}.startIndex",
        )
    if end >= count:
        raise InvalidInputError(
            f"{place}.endIndex is {end} and there are {count} readings: {count - 1} is the highest "
            "index",
            path=f"{place}.endIndex",
        )
    label = text_of(entry.get("label"), f"{place}.label")
    more = entry.get("labelMap")
    if more is None:
        return start, end, label, {}
    if not isinstance(more, dict):
        raise InvalidInputError(f"{place}.labelMap is {shown(more)}: an object is needed")
    checked = {
        text_of(key, f"{place}.labelMap"): text_of(value, f"{place}.labelMap.{key}")
        for key, value in more.items()
    }
    return start, end, label, {"labelMap": checked}


def _index(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInputError(
            f"{place} is {shown(value)}: a whole number from 0 is needed", path=place
        )
    return value


def _runs(entries: Sequence[_Entry], count: int, place: str) -> list[_Entry]:
    """Let the later entry win, find what nobody covers, join what is alike."""
    bounds = sorted({0, count} | {e[0] for e in entries} | {e[1] + 1 for e in entries})
    by_start = sorted(range(len(entries)), key=lambda at: entries[at][0])
    waiting: list[int] = []  # negated places, so that the last entry is at the top
    runs: list[_Entry] = []
    taken = 0
    for start, stop in pairwise(bounds):
        while taken < len(by_start) and entries[by_start[taken]][0] <= start:
            heapq.heappush(waiting, -by_start[taken])
            taken += 1
        while waiting and entries[-waiting[0]][1] < start:
            heapq.heappop(waiting)
        if not waiting:
            raise InvalidInputError(
                f"{place} covers no reading at index {start}: label every reading from 0 to "
                f"{count - 1}",
                path=place,
            )
        _, _, label, more = entries[-waiting[0]]
        if runs and runs[-1][2:] == (label, more):
            runs[-1] = (runs[-1][0], stop - 1, label, more)
        else:
            runs.append((start, stop - 1, label, more))
    return runs


def check_boxes(given: Any, place: str) -> list[dict[str, Any]]:
    """Check the boxes of a picture.

    Args:
        given: ``[{"label": "cat", "x": 1, "y": 2, "width": 3, "height": 4}, …]`` in pixels.
        place: Where they come from, for messages.

    Returns:
        The boxes with these keys alone.

    Raises:
        InvalidInputError: They do not fit; the message has the box and the field.
    """
    if not isinstance(given, list):
        raise InvalidInputError(
            f'{place} is {shown(given)}: a list of {{"label", "x", "y", "width", "height"}} is '
            "needed",
            path=place,
        )
    boxes = []
    for at, box in enumerate(given):
        where = f"{place}[{at}]"
        if not isinstance(box, dict):
            raise InvalidInputError(f"{where} is {shown(box)}: an object is needed", path=where)
        checked: dict[str, Any] = {"label": text_of(box.get("label"), f"{where}.label")}
        for name in ("x", "y", "width", "height"):
            checked[name] = _coordinate(box.get(name), f"{where}.{name}", name)
        boxes.append(checked)
    return boxes


def _coordinate(value: Any, place: str, name: str) -> float:
    least = 0 if name in {"width", "height"} else -1e9
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not least < value < 1e9:
        told = "a number above 0" if least == 0 else "a number"
        raise InvalidInputError(f"{place} is {shown(value)}: {told} is needed", path=place)
    number: float = value
    return number


def check_metadata(given: Any, place: str) -> dict[str, Any]:
    """Check the metadata of a sample.

    Args:
        given: Names with texts, numbers or booleans.
        place: Where they come from, for messages.

    Returns:
        The same.

    Raises:
        InvalidInputError: They do not fit.
    """
    if not isinstance(given, dict):
        raise InvalidInputError(
            f"{place} is {shown(given)}: an object of names and values is needed", path=place
        )
    for name, value in given.items():
        text_of(name, f"a name in {place}")
        if value is not None and not isinstance(value, (str, int, float, bool)):
            raise InvalidInputError(
                f"{place}.{name} is {shown(value)}: text, a number or true or false is needed",
                path=f"{place}.{name}",
            )
        if isinstance(value, str) and "\0" in value:
            raise InvalidInputError(f"{place}.{name} holds the character U+0000: leave it out")
    return given
