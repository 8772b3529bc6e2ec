"""Routes that read and delete samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import (
    sample_changes,
    sample_listing,
    sample_projects,
    sample_reading,
    sample_rows,
)
from nucleus_lab.routes.edge_impulse.answers import SUCCESS, api
from nucleus_lab.routes.table import Call

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine
    from nucleus_lab.wire import Binary

_ONE = "v1/api/{project}/raw-data/{sample}"


@api("GET", "v1/api/{project}/raw-data")
def list_samples(engine: Engine, call: Call[None], project: str) -> dict[str, Any]:
    """Answer a page of samples, the newest first."""
    with engine.store.read() as connection:
        key = sample_projects.key_of(connection, project)
        samples, count = sample_listing.page(connection, key, call.query)
    return {"success": True, "samples": samples, "totalCount": count}


@api("GET", "v1/api/{project}/raw-data/count")
def count_samples(engine: Engine, call: Call[None], project: str) -> dict[str, Any]:
    """Answer how many samples fit the filters."""
    with engine.store.read() as connection:
        key = sample_projects.key_of(connection, project)
        return {"success": True, "count": sample_listing.count(connection, key, call.query)}


@api("GET", "v1/api/{project}/raw-data/batch/contents")
def contents(engine: Engine, call: Call[None], project: str) -> Binary:
    """Answer the first of many samples with what is in them, as much as one answer holds."""
    ids = sample_listing.wanted_ids(call.query, sample_reading.MOST_SAMPLES)
    with engine.store.read() as connection:
        key = sample_projects.key_of(connection, project)
    return sample_reading.contents(engine, key, ids)


def _row(engine: Engine, project: str, sample: str) -> Any:
    with engine.store.read() as connection:
        key = sample_projects.key_of(connection, project)
        return sample_rows.get(connection, key, sample)


@api("GET", _ONE)
def one_sample(engine: Engine, call: Call[None], project: str, sample: str) -> dict[str, Any]:
    """Answer a sample with its numbers, as many as ``limitPayloadValues`` wants."""
    most = sample_listing.whole_number(call.query, "limitPayloadValues")
    return sample_reading.answer(engine, _row(engine, project, sample), most=most)


@api("GET", f"{_ONE}/slice")
def slice_of_sample(engine: Engine, call: Call[None], project: str, sample: str) -> dict[str, Any]:
    """Answer a sample with the numbers from ``sliceStart`` to before ``sliceEnd``."""
    row = _row(engine, project, sample)
    first, last = sample_rows.span(row)
    start, end = (
        sample_listing.whole_number(call.query, "sliceStart"),
        sample_listing.whole_number(call.query, "sliceEnd"),
    )
    stretch = first + (start or 0), last if end is None else first + end
    sample_changes.check_stretch(row, *stretch, ("sliceStart", "sliceEnd"))
    most = sample_listing.whole_number(call.query, "limitPayloadValues")
    return sample_reading.answer(engine, row, most=most, stretch=stretch)


@api("GET", f"{_ONE}/original")
def uncropped_sample(engine: Engine, call: Call[None], project: str, sample: str) -> dict[str, Any]:
    """Answer a sample with its numbers before it was cropped, zoomed and thinned for a chart."""
    row = _row(engine, project, sample)
    start, end = (
        sample_listing.whole_number(call.query, "zoomStart"),
        sample_listing.whole_number(call.query, "zoomEnd"),
    )
    stretch = start or 0, row.readings if end is None else end
    sample_changes.check_stretch(row, *stretch, ("zoomStart", "zoomEnd"))
    most = sample_listing.whole_number(call.query, "limitPayloadValues")
    return sample_reading.answer(engine, row, most=most, stretch=stretch)


@api("GET", f"{_ONE}/image")
def image(engine: Engine, call: Call[None], project: str, sample: str) -> Binary:
    """Answer the picture of a sample."""
    return sample_reading.file_of(engine, _row(engine, project, sample), "image")


@api("GET", f"{_ONE}/video")
def video(engine: Engine, call: Call[None], project: str, sample: str) -> Binary:
    """Answer the video of a sample."""
    return sample_reading.file_of(engine, _row(engine, project, sample), "video")


@api("GET", f"{_ONE}/wav")
def wav(engine: Engine, call: Call[None], project: str, sample: str) -> Binary:
    """Answer a sensor of a sample as sound."""
    axis = call.query.get("axisIx") or "0"
    return sample_reading.wav(engine, _row(engine, project, sample), axis)


@api("GET", f"{_ONE}/raw")
def raw(engine: Engine, call: Call[None], project: str, sample: str) -> Binary:
    """Answer the file of a sample as it was uploaded."""
    return sample_reading.file_of(engine, _row(engine, project, sample), "")


@api("DELETE", _ONE)
def delete_sample(
    engine: Engine,
    call: Call[None],
    project: str,
    sample: str,
) -> dict[str, Any]:
    """Delete a sample."""
    with engine.store.write() as connection:
        key = sample_projects.key_of(connection, project)
        sample_changes.remove(connection, sample_rows.get(connection, key, sample))
    return {**SUCCESS}


@api("POST", "v1/api/{project}/raw-data/delete-all")
def delete_all(engine: Engine, call: Call[None], project: str) -> dict[str, Any]:
    """Delete all samples of a project."""
    return _delete_all(engine, project, None)


@api("POST", "v1/api/{project}/raw-data/delete-all/{category}")
def delete_category(
    engine: Engine,
    call: Call[None],
    project: str,
    category: str,
) -> dict[str, Any]:
    """Delete the samples of one category."""
    return _delete_all(engine, project, category)


def _delete_all(engine: Engine, project: str, category: str | None) -> dict[str, Any]:
    with engine.store.write() as connection:
        key = sample_projects.key_of(connection, project)
        sample_changes.remove_all(connection, key, category)
    return {**SUCCESS}
