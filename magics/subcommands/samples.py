"""``%nucleus samples``: time series, sounds and pictures of the workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.arguments import whole
from nucleus_lab.magics.binding import given
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session
    from nucleus_lab.samples import Sample, SampleInfo, UploadSamplesResponse

_LABELS = 8


class Samples(Subcommand):
    """List, upload, look at, download and delete samples."""

    name = "samples"
    summary = "List the time series, sounds and pictures; upload, show, download or delete some."
    examples = (
        "%nucleus samples",
        "%nucleus samples list --label idle --category training",
        "%nucleus samples upload gestures/ --infer",
        "sample = %nucleus samples show 12",
        "%nucleus samples download 12 13 --to out/",
        "%nucleus samples delete --label idle --yes",
    )
    group = "data in and out"
    order = 85

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument(
            "action",
            nargs="?",
            choices=["list", "upload", "show", "download", "delete"],
            default="list",
            help="what (default list)",
        )
        parser.add_argument(
            "what",
            nargs="*",
            kind="samples",
            help="files, folders or variables to upload; else ids, or variables that hold some",
        )
        parser.add_argument("--label", help="of the samples; with upload: to give them")
        parser.add_argument("--category", help="training, testing …; with upload: to give them")
        parser.add_argument("--name", help="text that the names contain")
        parser.add_argument("-n", "--limit", type=whole, help="rows at most (default: page size)")
        parser.add_argument(
            "--infer", action="store_true", help="with upload: label and category by the paths"
        )
        parser.add_argument(
            "--duplicates", action="store_true", help="with upload: also what is there already"
        )
        parser.add_argument("--to", kind="file", help="with download: folder to write files into")
        parser.add_argument("--all", action="store_true", help="with delete: every sample")
        parser.add_argument("--yes", action="store_true", help="with delete: really")

    def run(self, session: Session, options: Namespace) -> Any:
        """List, upload, show, download or delete.

        Args:
            session: The connection.
            options: The parsed arguments.

        Returns:
            A table whose rows are also the objects, the report of an upload, or one sample.

        Raises:
            Refused: Options do not belong to the action, or nothing is named.
        """
        _check(options)
        if options.action == "upload":
            return _upload(session, options)
        if options.action == "show":
            ids = _ids(session, options.what)
            if len(ids) != 1:
                raise Refused(f"show takes one sample, and {len(ids)} are named")
            return _download(session, ids)[0]
        if options.action == "delete":
            return _delete(session, options)
        if options.action == "download":
            return _write(_download(session, _named(session, options)), options.to)
        if options.what:
            raise Refused(f"{options.what[0]!r} is one word too many after list: use --name TEXT")
        return _listing(_found(session, options), options.limit or session.settings.page_size)


_BELONG = {
    "infer": ("upload",),
    "duplicates": ("upload",),
    "to": ("download",),
    "all": ("delete",),
    "yes": ("delete",),
    "limit": ("list",),
    "name": ("list", "download", "delete"),
}


def _check(options: Namespace) -> None:
    for name, actions in _BELONG.items():
        if getattr(options, name) and options.action not in actions:
            raise Refused(f"--{name} belongs to {' and '.join(actions)}")
    named = options.label or options.category or options.name
    if options.action == "show" and (not options.what or named):
        raise Refused("name the sample to show by its id: %nucleus samples show ID")
    if options.action in {"download", "delete"} and options.what and named:
        raise Refused("name samples by their ids or by --label, --category and --name, not by both")


def _found(session: Session, options: Namespace) -> list[SampleInfo]:
    from nucleus_lab import samples

    return samples.get_sample_ids(
        options.name, options.category, options.label, client=session.client
    )


def _named(session: Session, options: Namespace) -> list[int]:
    """Return the ids that are written, or else those that the filters find."""
    if options.what:
        return _ids(session, options.what)
    found = _found(session, options)
    return [each.sample_id for each in found if each.sample_id is not None]


def _listing(found: list[SampleInfo], most: int) -> Table:
    rows = [
        (str(each.sample_id), each.filename, each.category, each.label or "")
        for each in found[:most]
    ]
    counts = Counter(each.label or "no label" for each in found).most_common()
    told = ", ".join(f"{label} {count:,}" for label, count in counts[:_LABELS])
    if len(counts) > _LABELS:
        told += f", and {len(counts) - _LABELS:,} labels more"
    shown = f"the first {len(rows):,} of {len(found):,}: " if len(rows) < len(found) else ""
    return Table(["id", "name", "category", "label"], rows, found, "no samples", shown + told)


def _upload(session: Session, options: Namespace) -> UploadSamplesResponse:
    from nucleus_lab import samples

    if not options.what:
        raise Refused("name files, folders or a variable: %nucleus samples upload gestures/")
    report = samples.UploadSamplesResponse()
    for word in options.what:
        source = session.source(word)
        if isinstance(source, Path) and source.is_dir():
            part = samples.upload_directory(
                str(source),
                options.category,
                options.label,
                transform=samples.infer_category_and_label_from_filename if options.infer else None,
                allow_duplicates=options.duplicates,
                client=session.client,
            )
        else:
            made = [_sample_of(source, options)] if isinstance(source, Path) else source
            part = samples.upload_samples(
                _samples_of(made, word), options.duplicates, client=session.client
            )
        report.extend(part.successes, part.fails)
    return report


def _sample_of(path: Path, options: Namespace) -> Sample:
    from nucleus_lab import samples

    sample = samples.Sample(path, path.name)
    if options.infer:
        samples.infer_category_and_label_from_filename(sample, str(path))
    sample.label = options.label or sample.label
    sample.category = options.category or sample.category
    return sample


def _samples_of(value: Any, word: str) -> list[Sample]:
    from nucleus_lab.samples import Sample

    made = [value] if isinstance(value, Sample) else list(value) if _is_several(value) else [value]
    for each in made:
        if not isinstance(each, Sample):
            raise Refused(
                f"{word} holds a {type(each).__name__}: upload files, folders or Sample objects, "
                "which numpy_timeseries_to_sample and pandas_dataframe_to_sample make"
            )
    return made


def _is_several(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes))


def _ids(session: Session, named: list[str]) -> list[int]:
    """Read ids: numbers, or variables that hold numbers, samples or listings of them."""
    found: list[int] = []
    for word in named:
        value = given(word)
        if isinstance(value, str) and not value.isdigit():
            value = session.variable(word)
        for each in value if _is_several(value) else [value]:
            number = getattr(each, "sample_id", each)
            if isinstance(number, bool) or not str(number).isdigit():
                raise Refused(
                    f"{word!r} is no id of a sample, nor a variable that holds some: "
                    "%nucleus samples lists them"
                )
            found.append(int(number))
    return found


def _download(session: Session, ids: list[int]) -> list[Sample]:
    from nucleus_lab import samples

    found = list(samples.stream_samples_by_ids(ids, client=session.client))
    missing = [str(each) for each, sample in zip(ids, found, strict=True) if sample is None]
    if missing:
        raise Refused(f"there is no sample {', '.join(missing[:10])}: %nucleus samples lists them")
    return [sample for sample in found if sample is not None]


def _write(found: list[Sample], folder: str | None) -> Table:
    if folder is None:
        rows = [(str(each.sample_id), each.filename, each.label or "") for each in found]
        return Table(["id", "name", "label"], rows, found, "no samples")
    from nucleus_lab.samples.parts import content_of

    target = Path(folder).expanduser()
    names = Counter(each.filename for each in found)
    files = []
    for each in found:
        name = PurePath(str(each.filename)).name
        if names[each.filename] > 1:  # two samples may have one name
            name = f"{PurePath(name).stem}.{each.sample_id}{PurePath(name).suffix}"
        files.append(target / name)
    there = [file.name for file in files if file.exists()]
    if there:
        raise Refused(f"{target} holds {there[0]} already: name another folder, or move the file")
    target.mkdir(parents=True, exist_ok=True)
    for file, each in zip(files, found, strict=True):
        file.write_bytes(content_of(each.data))
    sizes = [(str(file), file.stat().st_size) for file in files]
    return Table(["file", "bytes"], sizes, found, "no samples")


def _delete(session: Session, options: Namespace) -> str:
    from nucleus_lab import samples

    named = options.label or options.category or options.name
    if not options.what and not named and not options.all:
        raise Refused("say which: ids, --label, --category, --name, or --all")
    if options.all and (options.what or named):
        raise Refused("--all is every sample: leave out the rest")
    ids = _named(session, options)
    if not options.yes:
        raise Refused(f"this deletes {len(ids):,} samples for good: add --yes")
    if options.all:
        samples.delete_all_samples(client=session.client)
        return f"{len(ids):,} samples deleted"
    gone = [samples.delete_sample_by_id(each, client=session.client) for each in ids]
    return f"{sum(each is not None for each in gone):,} samples deleted"
