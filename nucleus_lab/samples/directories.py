"""Uploading folders: plain ones, and those that were exported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import Any, Final, Unpack

from nucleus_lab.bulk import batches
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.samples.sample_type import Category, Sample, UploadSamplesResponse
from nucleus_lab.samples.uploading import ConnectionOptions, UploadOptions, upload_samples

INFO: Final = "info.labels"

EXTENSIONS: Final = frozenset({
    ".avi", ".cbor", ".csv", ".jpeg", ".jpg", ".json", ".mp4", ".parquet", ".png", ".txt", ".wav"
})  # fmt: skip
"""Files of a plain folder that are samples, in small or capital letters."""

_READMES: Final = ("readme", "license", "licence")
_SIDECARS: Final = {
    "bounding_boxes.labels": ("boundingBoxes", "bounding_boxes"),
    "structured_labels.labels": ("structuredLabels", "structured_labels"),
}

Transform = Callable[[Sample, str], object]


def upload_directory(
    directory: str,
    category: Category | str | None = None,
    label: str | None = None,
    metadata: dict[str, Any] | None = None,
    transform: Transform | None = None,
    allow_duplicates: bool | None = False,
    show_progress: bool | None = False,
    batch_size: int | None = 1024,
    **options: Unpack[ConnectionOptions],
) -> UploadSamplesResponse:
    """Upload a folder: as it was exported where it holds ``info.labels``, else all samples in it.

    ::

        samples.upload_directory("gestures", transform=infer_category_and_label_from_filename)

    Args:
        directory: The folder.
        category: Of each sample of a plain folder.
        label: Likewise; inferred from the names when not given.
        metadata: Likewise.
        transform: Called with each sample and the path of its file before it is uploaded, to
            change the sample in place.
        allow_duplicates: Whether a content that is there already is stored once more.
        show_progress: Show a bar.
        batch_size: Files of one round.
        **options: Further ones, as :func:`upload_samples` takes them.

    Returns:
        What became of each file, in the order of their paths.

    Raises:
        InvalidInputError: The folder was exported, so that each sample has its own category, label
            and metadata, and one was given for all.
    """
    folder = _folder(directory)
    if not (folder / INFO).is_file():
        return upload_plain_directory(
            directory,
            category,
            label,
            metadata,
            transform,
            allow_duplicates,
            show_progress,
            batch_size,
            **options,
        )
    if category is not None or label is not None or metadata is not None:
        raise InvalidInputError(
            f"{folder / INFO} says the category, label and metadata of each sample, and one for "
            "all was given: leave it out and use transform, or upload_plain_directory"
        )
    return upload_exported_dataset(
        directory, transform, allow_duplicates, show_progress, batch_size, **options
    )


def upload_plain_directory(
    directory: str,
    category: Category | str | None = None,
    label: str | None = None,
    metadata: dict[str, Any] | None = None,
    transform: Transform | None = None,
    allow_duplicates: bool | None = False,
    show_progress: bool | None = False,
    batch_size: int | None = 1024,
    **options: Unpack[ConnectionOptions],
) -> UploadSamplesResponse:
    """Upload all samples in a folder and in those below it.

    Hidden files and folders are left out. ``bounding_boxes.labels`` and
    ``structured_labels.labels`` say of the files beside them what they say.

    Args:
        directory: The folder.
        category: Of each sample.
        label: Of each sample; inferred from the names when not given.
        metadata: Of each sample.
        transform: Called with each sample and the path of its file.
        allow_duplicates: Whether a content that is there already is stored once more.
        show_progress: Show a bar.
        batch_size: Files of one round.
        **options: Further ones, as :func:`upload_samples` takes them.

    Returns:
        What became of each file, in the order of their paths.
    """
    folder = _folder(directory)
    sidecars: dict[Path, dict[str, dict[str, Any]]] = {}

    def described() -> Iterator[tuple[Path, dict[str, Any]]]:
        for path in _samples_in(folder):
            if path.parent not in sidecars:
                sidecars[path.parent] = _beside(path.parent)
            yield (
                path,
                {
                    "filename": path.name,
                    "category": category or "split",
                    "label": label,
                    "metadata": dict(metadata) if metadata else None,
                    **sidecars[path.parent].get(path.name, {}),
                },
            )

    said: UploadOptions = {"allow_duplicates": allow_duplicates, "show_progress": show_progress}
    return _upload(described(), transform, batch_size, {**said, **options})


def upload_exported_dataset(
    directory: str,
    transform: Transform | None = None,
    allow_duplicates: bool | None = False,
    show_progress: bool | None = False,
    batch_size: int | None = 1024,
    **options: Unpack[ConnectionOptions],
) -> UploadSamplesResponse:
    """Upload a folder that was exported, with what its ``info.labels`` says of each file.

    Args:
        directory: The folder.
        transform: Called with each sample and the path of its file.
        allow_duplicates: Whether a content that is there already is stored once more.
        show_progress: Show a bar.
        batch_size: Files of one round.
        **options: Further ones, as :func:`upload_samples` takes them.

    Returns:
        What became of each file, in the order of ``info.labels``.

    Raises:
        FileNotFoundError: There is no ``info.labels``, or a file that it names.
        InvalidInputError: It cannot be read, or names a file outside of the folder.
    """
    folder = _folder(directory)
    info = folder / INFO
    if not info.is_file():
        raise FileNotFoundError(
            f"{folder} has no {INFO}: use upload_plain_directory for a folder that was not exported"
        )
    entries = [_entry(folder, each, at) for at, each in enumerate(_listed(info))]
    said: UploadOptions = {"allow_duplicates": allow_duplicates, "show_progress": show_progress}
    return _upload(iter(entries), transform, batch_size, {**said, **options})


def _upload(
    described: Iterator[tuple[Path, dict[str, Any]]],
    transform: Transform | None,
    batch_size: int | None,
    options: UploadOptions,
) -> UploadSamplesResponse:
    size = 1024 if batch_size is None else batch_size
    if size < 1:
        raise InvalidInputError(f"batch_size is {batch_size}: use 1 or above")
    answer = UploadSamplesResponse()
    for batch in batches(described, size):
        with ExitStack() as stack:
            made = []
            for path, said in batch:
                unlabeled = said.pop("unlabeled", False)
                sample = Sample(path, **said)
                sample.unlabeled = unlabeled
                if transform is not None:
                    _transform(sample, path, transform, stack)
                made.append(sample)
            part = upload_samples(made, **options)
            answer.extend(part.successes, part.fails)
    return answer


def _transform(sample: Sample, path: Path, transform: Transform, stack: ExitStack) -> None:
    """Let a function of the user change a sample, whose content it sees as an open file."""
    file = path.open("rb")
    sample.data = file
    try:
        transform(sample, str(path))
    finally:
        if sample.data is file:
            file.close()  # so that no more are open than were wrapped by something else
            sample.data = path
        else:
            stack.callback(file.close)


def _folder(directory: str) -> Path:
    folder = Path(directory).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}: check the path")
    return folder


def _samples_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if (
            path.suffix.lower() in EXTENSIONS
            and not any(part.startswith(".") for part in inner.parts)
            and not path.name.lower().startswith(_READMES)
            and path.is_file()
        ):
            yield path


def _beside(folder: Path) -> dict[str, dict[str, Any]]:
    """Read what files of labels say of the files beside them."""
    found: dict[str, dict[str, Any]] = {}
    for name, (key, argument) in _SIDECARS.items():
        path = folder / name
        if not path.is_file():
            continue
        body = _json(path, path.read_text("utf-8"))
        for file, values in (body.get(key) or {}).items():
            found.setdefault(file, {})[argument] = values
    return found


def _listed(info: Path) -> list[Any]:
    """Read the entries of an ``info.labels``, in one piece or one a line."""
    text = info.read_text("utf-8")
    if text.startswith('{"__ndjson":true'):
        lines = [_json(info, line) for line in text.splitlines()[1:] if line.strip()]
        return [line["__item"] for line in lines if line.get("__key") == "files"]
    body = _json(info, text)
    files = body.get("files")
    if not isinstance(files, list):
        raise InvalidInputError(f"{info} has no list 'files': it is no description of an export")
    return files


def _json(path: Path, text: str) -> Any:
    try:
        body = json.loads(text)
    except json.JSONDecodeError as fault:
        raise InvalidInputError(f"{path} is no valid JSON: {fault}", path=str(path)) from fault
    if not isinstance(body, dict):
        raise InvalidInputError(f"{path} holds no mapping", path=str(path))
    return body


def _entry(folder: Path, entry: Any, at: int) -> tuple[Path, dict[str, Any]]:
    where = f"{folder / INFO}, files[{at}]"
    if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
        raise InvalidInputError(f"{where} has no 'path'")
    path = folder / entry["path"]
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidInputError(
            f"{where} names {entry['path']!r}, which is outside of the folder", path=entry["path"]
        )
    if not path.is_file():
        raise FileNotFoundError(f"{where} names {entry['path']!r}, which is not there")
    label = entry.get("label") or {}
    if not isinstance(label, Mapping):
        label = {"type": "label", "label": label}
    said: dict[str, Any] = {
        "filename": _name(entry, path),
        "category": entry.get("category") or "split",
        "label": label.get("label"),
        "structured_labels": label.get("labels")
        if label.get("type") != "keyvalue-labels"
        else None,
        "bounding_boxes": entry.get("boundingBoxes") or None,
        "metadata": entry.get("metadata") or None,
    }
    if label.get("type") in {"unlabeled", "multi-label"}:
        said["unlabeled"] = True  # its name says nothing either
    return path, said


def _name(entry: Mapping[str, Any], path: Path) -> str:
    """Take the name that the sample had, with the extension of the file that it is in."""
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        return path.name
    return name if PurePath(name).suffix.lower() == path.suffix.lower() else name + path.suffix
