"""Changing and deleting samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, update

from nucleus_lab.engine import clock, sample_listing, sample_rows
from nucleus_lab.engine.datasets import document
from nucleus_lab.engine.sample_schema import sample
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.wire import decode

_C: Final = sample.c
_AT_ONCE: Final = 500


def change(connection: Connection, row: Row[Any], **values: Any) -> None:
    """Change columns of a sample.

    Args:
        connection: The open write transaction.
        row: Its row.
        **values: New values by column.
    """
    change_many(connection, [row.id], **values)


def change_many(connection: Connection, ids: list[int], **values: Any) -> None:
    """Change columns of several samples.

    Args:
        connection: The open write transaction.
        ids: Their ids.
        **values: New values by column.
    """
    for at in range(0, len(ids), _AT_ONCE):
        some = _C.id.in_(ids[at : at + _AT_ONCE])
        connection.execute(update(sample).where(some).values(**values, changed_at=clock.now()))


def remove(connection: Connection, row: Row[Any]) -> None:
    """Delete a sample; its files are swept later.

    Args:
        connection: The open write transaction.
        row: Its row.
    """
    connection.execute(delete(sample).where(_C.id == row.id))


def remove_all(connection: Connection, project_id: int, category: str | None) -> None:
    """Delete the samples of a project.

    Args:
        connection: The open write transaction.
        project_id: Row of the project.
        category: Only those of this category; ``None`` for all.
    """
    those = delete(sample).where(_C.sample_project_id == project_id)
    if category is not None:
        those = those.where(_C.category == sample_listing.checked_category(category))
    connection.execute(those)


def remove_many(connection: Connection, ids: list[int]) -> None:
    """Delete several samples.

    Args:
        connection: The open write transaction.
        ids: Their ids.
    """
    for at in range(0, len(ids), _AT_ONCE):
        connection.execute(delete(sample).where(_C.id.in_(ids[at : at + _AT_ONCE])))


def set_segments(connection: Connection, row: Row[Any], given: Any) -> None:
    """Give the stretches of a recording their labels.

    Args:
        connection: The open write transaction.
        row: Its row.
        given: Labels as they lie in what cropping left; an empty list takes all away.

    Raises:
        InvalidInputError: The sample is no recording, or the labels do not fit it.
    """
    from nucleus_lab.formats.samples.labels import check_segments

    if row.kind != "series":
        raise InvalidInputError(f"sample {row.id} is no time series: structured labels need one")
    if not given:
        change(connection, row, structured_labels=None)
        return
    start, end = sample_rows.span(row)
    checked = check_segments(given, end - start, "structuredLabels")
    moved = [
        {**entry, "startIndex": entry["startIndex"] + start, "endIndex": entry["endIndex"] + start}
        for entry in checked
    ]
    # What cropping hides keeps its labels; without any it takes those of the ends.
    old = decode(row.structured_labels) if row.structured_labels else []
    if not old:
        old = [{"startIndex": 0, "endIndex": row.readings - 1, "label": moved[-1]["label"]}]
        if start:
            old.append({"startIndex": 0, "endIndex": start - 1, "label": moved[0]["label"]})
    whole = check_segments([*old, *moved], row.readings, "structuredLabels")
    change(connection, row, structured_labels=document(whole))


def set_boxes(connection: Connection, row: Row[Any], given: Any) -> None:
    """Give a picture its boxes.

    Args:
        connection: The open write transaction.
        row: Its row.
        given: The boxes; an empty list takes all away.

    Raises:
        InvalidInputError: The sample is no picture, or the boxes cannot be read.
    """
    from nucleus_lab.formats.samples.labels import check_boxes

    if row.kind == "series":
        raise InvalidInputError(f"sample {row.id} is no picture: bounding boxes need one")
    change(connection, row, bounding_boxes=document(check_boxes(given, "boundingBoxes")))


def crop(connection: Connection, row: Row[Any], start: int, end: int) -> None:
    """Leave a stretch of a recording; the rest is kept, and comes back with a wider crop.

    Args:
        connection: The open write transaction.
        row: Its row.
        start: First reading that is left.
        end: Reading after the last that is left; both count from before any crop.

    Raises:
        InvalidInputError: The sample is no recording, or has no such stretch.
    """
    if row.kind != "series":
        raise InvalidInputError(f"sample {row.id} is no time series: it cannot be cropped")
    check_stretch(row, start, end, ("cropStart", "cropEnd"))
    whole = (start, end) == (0, row.readings)
    bounds: tuple[int | None, int | None] = (None, None) if whole else (start, end)
    change(connection, row, crop_start=bounds[0], crop_end=bounds[1])


def check_stretch(row: Row[Any], start: int, end: int, names: tuple[str, str]) -> None:
    """Make sure that a sample has a stretch.

    Args:
        row: Its row.
        start: First reading.
        end: Reading after the last.
        names: What the request calls the two.

    Raises:
        InvalidInputError: It has none.
    """
    if not 0 <= start < end <= row.readings:
        raise InvalidInputError(
            f"{names[0]} is {start} and {names[1]} {end}: 0 <= {names[0]} < {names[1]} <= "
            f"{row.readings}, the readings of sample {row.id}, is possible",
            path=names[0],
        )


def chosen(connection: Connection, project_id: int, query: Mapping[str, str]) -> list[int]:
    """Find the samples of a batch.

    Args:
        connection: The open write transaction.
        project_id: Row of the project.
        query: Filters; published clients always name a category, and mostly ``ids``.

    Returns:
        Their ids.

    Raises:
        InvalidInputError: No filter at all, which would mean the whole project.
    """
    if not any(query.get(name) for name in ("category", "ids", "labels", "filename", "search")):
        raise InvalidInputError(
            "the batch names no samples: give category=, ids= (a JSON list), labels= or filename="
        )
    return sample_listing.ids(connection, project_id, query)
