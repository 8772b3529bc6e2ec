"""Routes that change samples, one at a time or many."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from nucleus_lab.engine import sample_changes, sample_listing, sample_projects, sample_rows
from nucleus_lab.engine.datasets import document
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.edge_impulse.answers import SUCCESS, api
from nucleus_lab.routes.table import Call

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_ONE = "v1/api/{project}/raw-data/{sample}"
_BATCH = "v1/api/{project}/raw-data/batch"


class SegmentsBody(msgspec.Struct):
    """Body of ``…/structured-labels``."""

    structuredLabels: list[dict[str, Any]]


class MetadataBody(msgspec.Struct):
    """Body of ``…/metadata``."""

    metadata: dict[str, Any] | None = None


class MoveBody(msgspec.Struct):
    """Body of ``…/move`` and of the batch."""

    newCategory: str


class LabelBody(msgspec.Struct):
    """Body of ``…/edit-label`` and of the batch."""

    label: str | None = None


class NameBody(msgspec.Struct):
    """Body of ``…/rename``."""

    name: str


class BoxesBody(msgspec.Struct):
    """Body of ``…/bounding-boxes``."""

    boundingBoxes: list[dict[str, Any]]


class CropBody(msgspec.Struct):
    """Body of ``…/crop``."""

    cropStart: int
    cropEnd: int


def _changed(
    engine: Engine, project: str, sample: str, work: Callable[[Any, Any], None]
) -> dict[str, Any]:
    """Do something to one sample in a transaction of its own."""
    with engine.store.write() as connection:
        key = sample_projects.key_of(connection, project)
        # Two changes at once may build on what they read (labels of stretches, a crop).
        sample_projects.lock(connection, key)
        work(connection, sample_rows.get(connection, key, sample))
    return {**SUCCESS}


def _set(engine: Engine, project: str, sample: str, **values: Any) -> dict[str, Any]:
    return _changed(engine, project, sample, lambda c, row: sample_changes.change(c, row, **values))


@api("POST", f"{_ONE}/structured-labels", body=SegmentsBody)
def set_segments(
    engine: Engine, call: Call[SegmentsBody], project: str, sample: str
) -> dict[str, Any]:
    """Label the stretches of a recording."""
    given = call.body.structuredLabels
    return _changed(
        engine, project, sample, lambda c, row: sample_changes.set_segments(c, row, given)
    )


@api("POST", f"{_ONE}/metadata", body=MetadataBody)
def set_metadata(
    engine: Engine, call: Call[MetadataBody], project: str, sample: str
) -> dict[str, Any]:
    """Replace the metadata of a sample."""
    from nucleus_lab.formats.samples.labels import check_metadata

    found = check_metadata(call.body.metadata or {}, "metadata")
    return _set(engine, project, sample, metadata=document(found))


@api("POST", f"{_ONE}/move", body=MoveBody)
def move(engine: Engine, call: Call[MoveBody], project: str, sample: str) -> dict[str, Any]:
    """Move a sample to another category."""
    category = _category(call.body.newCategory)
    return _set(engine, project, sample, category=category)


def _category(text: str) -> str:
    try:
        return sample_listing.checked_category(text)
    except InvalidInputError as fault:
        raise InvalidInputError(f"newCategory: {fault.message}", path="newCategory") from fault


@api("POST", f"{_ONE}/edit-label", body=LabelBody)
def edit_label(engine: Engine, call: Call[LabelBody], project: str, sample: str) -> dict[str, Any]:
    """Change the label of a sample."""
    return _set(engine, project, sample, label=_label(call.body.label))


def _label(given: str | None) -> str:
    from nucleus_lab.formats.samples.recording import text_of

    return text_of(given or "", "label")


@api("POST", f"{_ONE}/rename", body=NameBody)
def rename(engine: Engine, call: Call[NameBody], project: str, sample: str) -> dict[str, Any]:
    """Change the name of a sample."""
    from nucleus_lab.formats.samples.recording import text_of

    name = text_of(call.body.name, "name").strip()
    if not name:
        raise InvalidInputError("name is empty: a sample needs one", path="name")

    def work(connection: Any, row: Any) -> None:
        end = row.file[len(row.filename) :]
        sample_changes.change(connection, row, filename=name, file=f"{name}{end}")

    return _changed(engine, project, sample, work)


@api("POST", f"{_ONE}/bounding-boxes", body=BoxesBody)
def set_boxes(engine: Engine, call: Call[BoxesBody], project: str, sample: str) -> dict[str, Any]:
    """Replace the boxes of a picture."""
    given = call.body.boundingBoxes
    return _changed(engine, project, sample, lambda c, row: sample_changes.set_boxes(c, row, given))


@api("POST", f"{_ONE}/enable")
def enable(engine: Engine, call: Call[None], project: str, sample: str) -> dict[str, Any]:
    """Let a sample count again."""
    return _set(engine, project, sample, is_disabled=False)


@api("POST", f"{_ONE}/disable")
def disable(engine: Engine, call: Call[None], project: str, sample: str) -> dict[str, Any]:
    """Keep a sample out of what is made of the project."""
    return _set(engine, project, sample, is_disabled=True)


@api("POST", f"{_ONE}/crop", body=CropBody)
def crop(engine: Engine, call: Call[CropBody], project: str, sample: str) -> dict[str, Any]:
    """Leave a stretch of a recording; both ends count from before any crop."""
    start, end = call.body.cropStart, call.body.cropEnd
    return _changed(engine, project, sample, lambda c, row: sample_changes.crop(c, row, start, end))


def _batch(
    engine: Engine, call: Call[Any], project: str, work: Callable[[Any, list[int]], None]
) -> dict[str, Any]:
    with engine.store.write() as connection:
        key = sample_projects.key_of(connection, project)
        sample_projects.lock(connection, key)
        work(connection, sample_changes.chosen(connection, key, call.query))
    return {**SUCCESS}


def _set_many(engine: Engine, call: Call[Any], project: str, **values: Any) -> dict[str, Any]:
    return _batch(
        engine, call, project, lambda c, ids: sample_changes.change_many(c, ids, **values)
    )


@api("POST", f"{_BATCH}/edit-labels", body=LabelBody)
def edit_labels(engine: Engine, call: Call[LabelBody], project: str) -> dict[str, Any]:
    """Change the label of the samples that the query names."""
    return _set_many(engine, call, project, label=_label(call.body.label))


@api("POST", f"{_BATCH}/moveSamples", body=MoveBody)
def move_samples(engine: Engine, call: Call[MoveBody], project: str) -> dict[str, Any]:
    """Move the samples that the query names to another category."""
    return _set_many(engine, call, project, category=_category(call.body.newCategory))


@api("POST", f"{_BATCH}/enable-samples")
def enable_samples(engine: Engine, call: Call[None], project: str) -> dict[str, Any]:
    """Let the samples that the query names count again."""
    return _set_many(engine, call, project, is_disabled=False)


@api("POST", f"{_BATCH}/disable-samples")
def disable_samples(engine: Engine, call: Call[None], project: str) -> dict[str, Any]:
    """Keep the samples that the query names out of what is made of the project."""
    return _set_many(engine, call, project, is_disabled=True)


@api("POST", f"{_BATCH}/delete")
def delete_samples(engine: Engine, call: Call[None], project: str) -> dict[str, Any]:
    """Delete the samples that the query names."""
    return _batch(engine, call, project, sample_changes.remove_many)
