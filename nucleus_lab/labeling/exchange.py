"""Tasks in and out of other labeling tools, by way of their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.bulk import batches
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.labeling.report import TaskImportReport
from nucleus_lab.labeling.task import LabelingTask

if TYPE_CHECKING:
    from nucleus_lab.labeling.project import LabelingProject

_AT_ONCE: Final = 500


def export_tasks(
    project: LabelingProject,
    tasks: Sequence[LabelingTask],
    path: Path,
    name: str,
    pictures: Path | None,
) -> list[Path]:
    """Write tasks to a file.

    Args:
        project: Their project.
        tasks: The tasks.
        path: The file.
        name: Name of the format.
        pictures: Folder to write the pictures to.

    Returns:
        The files written.

    Raises:
        InvalidInputError: There are no tasks, or two show pictures of the same reference id.
    """
    from nucleus_lab import formats
    from nucleus_lab.formats.files import replace_file
    from nucleus_lab.formats.pictures import repeated, safe_name
    from nucleus_lab.formats.sheets import Sheet, collect

    formats.named(name)  # before anything is read
    if not tasks:
        raise InvalidInputError(f"project {project.name!r} has no such task: nothing was written")
    twice = repeated(task.reference_id for task in tasks)
    if twice:
        raise InvalidInputError(
            f"several tasks show a picture named {twice[0]!r}, which a file cannot tell apart: "
            "finish those of one dataset first, or export fewer by status"
        )
    collection = Collection(finished={task.reference_id for task in tasks if task.completed_at})
    sheets = [
        Sheet(
            task.reference_id,
            task.width,
            task.height,
            # Whether there is a file below this name is the tool's business, not ours.
            task.location,
            values=task.annotations,
        )
        for task in tasks
    ]
    collect(collection, sheets, path.parent, None, str(path))
    if pictures is not None:
        for task in tasks:
            target = pictures / safe_name(task.reference_id, "reference_id")
            replace_file(target, task.image_bytes())
    written = formats.write(collection, path, name)
    if collection.problems:
        import warnings

        warnings.warn("\n".join(collection.problems[:20]), stacklevel=3)
    return written


def import_tasks(
    project: LabelingProject, path: Path | str, name: str, *, empty: bool, update: bool
) -> TaskImportReport:
    """Complete the tasks that a file holds answers of.

    Args:
        project: Their project.
        path: The file.
        name: Name of the format, or ``auto``.
        empty: Whether a picture without annotations is finished where the format does not say so.
        update: Whether to replace the answers of tasks that are completed.

    Returns:
        Counts, and what was left out.
    """
    from nucleus_lab import formats

    chosen = formats.detect(path).format if name == "auto" else name
    collection = formats.read(path, chosen)
    report = TaskImportReport(str(path), chosen, problems=collection.problems)
    answers = _answers(project, collection)
    known: dict[str, list[LabelingTask]] = {}
    for task in project.tasks_generator():
        known.setdefault(task.reference_id, []).append(task)
    ready: dict[str, list[dict[str, Any]]] = {}
    names: dict[str, str] = {}
    for reference_id, payloads in answers.items():
        if collection.finished is None:
            finished = bool(payloads) or empty
        else:
            finished = reference_id in collection.finished
        if not finished:
            report.pending += 1
            continue
        found = _task_of(reference_id, known, report)
        if found is not None:
            ready[found.id] = payloads
            names[found.id] = reference_id
    for batch in batches(list(ready), _AT_ONCE):
        done = project.complete_many({key: ready[key] for key in batch}, update=update)
        report.completed += len(done["completed"])
        report.ignored += len(done["ignored"])
        report.annotations += sum(len(ready[key]) for key in done["completed"])
        report.problems += [f"{names[key]}: {text}" for key, text in done["errors"].items()]
    return report


def _task_of(
    reference_id: str, known: dict[str, list[LabelingTask]], report: TaskImportReport
) -> LabelingTask | None:
    tasks = known.get(reference_id, [])
    still_open = [task for task in tasks if task.status == "pending"]
    if len({task.dataset_id for task in still_open}) > 1:
        report.problems.append(
            f"{reference_id}: open tasks of several datasets show a picture of this name: finish "
            "one of them by LabelingTask.complete"
        )
        return None
    if not tasks:
        report.problems.append(
            f"{reference_id}: the project has no task of a picture of this name: send it first"
        )
        return None
    return (still_open or tasks)[-1]


def _answers(project: LabelingProject, collection: Collection) -> dict[str, list[dict[str, Any]]]:
    from nucleus_lab.formats.sheets import sheets_of

    return {
        sheet.name: [_in_project(project, value.to_payload()) for value in sheet.values]
        for sheet, _ in sheets_of(collection)
    }


def _in_project(project: LabelingProject, payload: dict[str, Any]) -> dict[str, Any]:
    """Fit a category to the taxonomies of a project, which other tools know nothing of."""
    if payload["type"] not in {"category", "multicategory"} or not project.taxonomies:
        return payload
    labels = payload["labels"] if "labels" in payload else [payload["label"]]
    name = payload.get("taxonomy_name")
    if name not in project.taxonomies:
        fitting = [
            taxonomy
            for taxonomy, entry in project.taxonomies.items()
            if set(labels) <= set(entry["labels"])
        ]
        if len(fitting) != 1:
            return payload
        name = fitting[0]
    kind = project.taxonomies[name]["type"]
    rest = {key: value for key, value in payload.items() if key not in {"label", "labels"}}
    if kind == "multicategory":
        return {**rest, "type": kind, "labels": labels, "taxonomy_name": name}
    if len(labels) == 1:
        return {**rest, "type": kind, "label": labels[0], "taxonomy_name": name}
    return payload
