"""What the Tab key offers in the magics: commands, options, names, and how a query may go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import NucleusError
from nucleus_lab.format_names import FORMAT_NAMES
from nucleus_lab.magics.arguments import HelpAskedError, Parser
from nucleus_lab.magics.binding import can_be_bound, public_names, query_text
from nucleus_lab.magics.places import Place, place_in, unfinished
from nucleus_lab.magics.query_options import level_of, parser, read
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands import SUBCOMMANDS

if TYPE_CHECKING:
    from nucleus_lab import Dataset, Model
    from nucleus_lab.magics.session import Session
    from nucleus_lab.query_help import Completion

_PARAMETER: Final = re.compile(r"(?:(\{)\s*|(?<![\w\"'])[:@$])(\w*)$")
_MOST_FILES: Final = 200
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may stand at the cursor.

    Attributes:
        text: What to write.
        about: What it is, in a few words.
    """

    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What may stand at the cursor.

    Attributes:
        fragment: The text before the cursor that an offer replaces.
        offers: Best first.
    """

    fragment: str
    offers: list[Offer]


@dataclass(frozen=True, slots=True)
class QueryContext:
    """What a query in a cell is asked of.

    Attributes:
        dataset: The dataset.
        level: What the query is about.
        model: Model whose predictions it speaks of, or ``None``.
    """

    dataset: Dataset
    level: str
    model: Model | None

    @classmethod
    def of(cls, session: Session, options: str) -> QueryContext:
        """Read the options of a cell as far as they can be read.

        Args:
            session: The connection and the dataset in use.
            options: The line behind the magic's name.

        Returns:
            The context; that of the dataset in use where the options are unfinished.
        """
        try:
            given = read(options, "", session.namespace).options
        except (Refused, HelpAskedError):
            return cls(session.need_dataset(), "items", None)
        model = session.find_model(given.model) if given.model else None
        return cls(session.need_dataset(given.dataset), level_of(given), model)

    def complete(self, text: str) -> list[Completion]:
        """Ask how a query may go on.

        Args:
            text: The query up to the cursor.

        Returns:
            The suggestions.
        """
        return self.dataset.complete_query(
            query_text(text), len(text), level=self.level, model=self.model
        )


def offers_at(session: Session, code: str, cursor: int) -> Offers | None:
    """Find what may stand at the cursor.

    Args:
        session: The connection and the dataset in use.
        code: The whole cell.
        cursor: Offset of the cursor.

    Returns:
        The offers; ``None`` where no magic of this package stands.
    """
    place = place_in(code, cursor)
    if place is None:
        return None
    try:
        if place.kind == "query":
            return _query(session, place)
        done, word, quote = unfinished(place.before)
        if place.kind == "options":
            return _option(session, parser(), done, word, quote)
        return _command(session, done, word, quote)
    except (NucleusError, Refused):  # no dataset in use, a server that is away: nothing to offer
        return Offers("", [])


def _command(session: Session, done: list[str], word: str, quote: str) -> Offers:
    if not done:
        rows = [(name, command.summary) for name, command in SUBCOMMANDS.items()]
        return _fitting(word, [Offer(*row) for row in [*rows, ("help", "explains a command")]])
    if done[0] == "help" and len(done) == 1:
        return _fitting(word, [Offer(name, one.summary) for name, one in SUBCOMMANDS.items()])
    command = SUBCOMMANDS.get(done[0])
    if command is None:
        return Offers(word, [])
    return _option(session, command.parser(), done[1:], word, quote)


def _option(session: Session, made: Parser, done: list[str], word: str, quote: str) -> Offers:
    """Offer options, or what the argument at the cursor may be."""
    name, equals, value = word.partition("=")
    if word.startswith("--") and equals:
        action, word = made.action(name), value
    elif word.startswith("-"):
        return _fitting(word, list(_options(made)))
    else:
        action = made.action(done[-1]) if done else None
    offered: list[Offer] = []
    if action is None or action.nargs in {0, "?"}:
        offered += _values(session, made, _positional(made, done), done, word)
        if not offered and not word and (action is None or action.nargs == 0):
            offered += _options(made)
    if action is not None and action.nargs != 0:
        if made.kinds.get(action.dest) == "query":
            return _quoted_query(session, done, word, quote)
        offered = [*_values(session, made, action, done, word), *offered]
    return _fitting(word, offered)


def _options(made: Parser) -> Iterator[Offer]:
    for name in made.option_names():
        action = made.action(name)
        yield Offer(name, str(action.help or "") if action is not None else "")


def _positional(made: Parser, done: list[str]) -> Any:
    """Return the argument without a name that comes next."""
    count, skip = 0, False
    for word in done:
        if skip:
            skip = False
        elif word.startswith("-"):
            action = made.action(word)
            skip = action is not None and action.nargs is None
        else:
            count += 1
    waiting = [each for each in made.actions() if not each.option_strings]
    if count >= len(waiting) and waiting and waiting[-1].nargs == "*":
        return waiting[-1]
    return waiting[count] if count < len(waiting) else None


def _values(session: Session, made: Parser, action: Any, done: list[str], word: str) -> list[Offer]:
    if action is None:
        return []
    if action.choices:
        return [Offer(str(choice), "") for choice in action.choices]
    find = _KINDS.get(made.kinds.get(action.dest, ""))
    return [] if find is None else list(find(session, done, word))


# -- names of each kind ------------------------------------------------------------------------


def _dataset_in(session: Session, done: list[str]) -> Dataset:
    for name in ("-d", "--dataset"):
        if name in done[:-1]:
            return session.need_dataset(done[done.index(name) + 1].strip("\"'"))
    return session.need_dataset()


def _datasets(session: Session, _done: list[str], _word: str) -> Iterator[Offer]:
    for dataset in session.client.datasets:
        yield Offer(_written(dataset.name), f"dataset · {dataset.id}")
    yield from _variables(session, "Dataset")


def _models(session: Session, _done: list[str], _word: str) -> Iterator[Offer]:
    for model in session.client.models:
        yield Offer(_written(model.name), f"model · {model.reference_id}")
    yield from _variables(session, "Model")


def _slices(session: Session, done: list[str], _word: str) -> Iterator[Offer]:
    for found in _dataset_in(session, done).slices:
        yield Offer(_written(found.name), "slice")
    yield from _variables(session, "Slice")


def _jobs(session: Session, _done: list[str], _word: str) -> Iterator[Offer]:
    for job in session.client.list_jobs(show_completed=True, limit=20):
        yield Offer(job.job_id, f"{job.job_type} · {job.job_last_known_status}")
    yield from _variables(session, "AsyncJob")


def _clients(session: Session, done: list[str], word: str) -> Iterator[Offer]:
    yield from _variables(session, "NucleusClient", "str", "Path")
    yield from _files(session, done, word)


def _sources(session: Session, done: list[str], word: str) -> Iterator[Offer]:
    yield from _variables(session, "Item", "Scene", "QueryResult", "list of str", "Path")
    yield from _files(session, done, word)


def _objects(session: Session, done: list[str], word: str) -> Iterator[Offer]:
    yield from _variables(session, "Annotation", "Prediction", "Path")
    yield from _files(session, done, word)


def _samples(session: Session, done: list[str], word: str) -> Iterator[Offer]:
    if done[:1] == ["upload"]:
        yield from _variables(session, "Sample", "Path")
        yield from _files(session, done, word)
        return
    from nucleus_lab.samples import get_sample_ids

    for info in get_sample_ids(client=session.client)[:_MOST_FILES]:
        yield Offer(str(info.sample_id), f"{info.filename} · {info.label}")
    yield from _variables(session, "Sample", "SampleInfo")


def _files(_session: Session, _done: list[str], word: str) -> Iterator[Offer]:
    if word.startswith(("$", "{")):
        return
    typed = word.strip("\"'")
    folder = typed[: typed.rfind("/") + 1]
    try:
        entries = sorted(Path(folder or ".").expanduser().iterdir())[:_MOST_FILES]
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(".") or typed.rpartition("/")[2].startswith("."):
            kind = "folder" if entry.is_dir() else "file"
            yield Offer(_written(f"{folder}{entry.name}{'/' * (kind == 'folder')}"), kind)


_KINDS: Final[dict[str, Callable[[Session, list[str], str], Iterable[Offer]]]] = {
    "dataset": _datasets,
    "model": _models,
    "slice": _slices,
    "job": _jobs,
    "client": _clients,
    "source": _sources,
    "objects": _objects,
    "file": _files,
    "samples": _samples,
    "format": lambda *_: [Offer(name, "format") for name in ("auto", *FORMAT_NAMES)],
    "text_variable": lambda session, *_: _variables(session, "str"),
}


def _variables(session: Session, *kinds: str) -> Iterator[Offer]:
    """Yield variables whose class, or that of their first element, ends with one of some names."""
    for name in sorted(public_names(session.namespace)):
        value = session.namespace[name]
        kind = _kind(value)
        if kind.endswith(kinds):
            yield Offer(f"${name}", f"variable · {kind}")


def _kind(value: Any) -> str:
    if isinstance(value, (list, tuple)) and value:
        return f"list of {type(value[0]).__name__}"
    name = type(value).__name__
    return "Path" if isinstance(value, Path) else name


def _written(name: str) -> str:
    """Write a name so that the command line reads it as one word."""
    return f'"{name}"' if any(letter in name for letter in " '\\${") or not name else name


def _fitting(word: str, offers: list[Offer]) -> Offers:
    """Keep what fits the word so far: what begins with it before what holds it."""
    typed = word.strip("\"'").lstrip("${").casefold()
    marked = word[:1] in {"$", "{"}
    begins, holds = [], []
    for offer in offers:
        plain = offer.text.strip('"').lstrip("$").casefold()
        if marked and not offer.text.startswith("$"):
            continue
        text = f"{{{offer.text[1:]}}}" if word.startswith("{") else offer.text
        if plain.startswith(typed):
            begins.append(Offer(text, offer.about))
        elif typed in plain:
            holds.append(Offer(text, offer.about))
    return Offers(word, [*begins, *holds])


# -- queries -----------------------------------------------------------------------------------


def _query(session: Session, place: Place) -> Offers:
    text = place.before
    variable = _PARAMETER.search(text)
    if variable and not _in_text(text):
        close = "}" if variable[1] and not place.text[place.cursor :].startswith("}") else ""
        typed = variable[2].casefold()
        found = [
            Offer(f"{name}{close}", f"variable · {_short(session.namespace[name])}")
            for name in sorted(public_names(session.namespace))
            if name.casefold().startswith(typed) and can_be_bound(session.namespace[name])
        ]
        return Offers(variable[2], found)
    found_here = QueryContext.of(session, place.options).complete(text)
    after = place.text[place.cursor : place.cursor + 1]
    offers = [
        Offer(
            each.text[:-1] if after and after in "\"'" and each.text.endswith(after) else each.text,
            _about(each),
        )
        for each in found_here
    ]
    return Offers(text[found_here[0].start :] if found_here else "", offers)


def _quoted_query(session: Session, done: list[str], word: str, quote: str) -> Offers:
    """Offer how a query between quotes may go on."""
    if not quote:
        return Offers("", [])
    text, other = word[1:], "'" if quote == '"' else '"'
    options = " ".join(
        f"{name} {done[done.index(name) + 1]}"
        for name in ("-d", "--dataset", "-m", "--model")
        if name in done[:-1]
    )
    found = _query(session, Place("query", text, len(text), options))
    offers = [Offer(each.text.replace(quote, other), each.about) for each in found.offers]
    return Offers(found.fragment, offers)


def _in_text(text: str) -> bool:
    """Whether a quote is open at the end of a query."""
    return bool(unfinished(text)[2])


def _about(each: Completion) -> str:
    if not each.detail:
        return each.kind
    return each.detail if each.detail.startswith(each.kind) else f"{each.kind} · {each.detail}"


def _short(value: Any) -> str:
    text = repr(value) if not hasattr(value, "tolist") else f"{type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
