"""``%%nucleus_query``: a cell that holds a query."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from nucleus_lab.magics.arguments import Help, HelpAskedError, Parser, words
from nucleus_lab.magics.base import Magic
from nucleus_lab.magics.result import QueryResult

if TYPE_CHECKING:
    from argparse import Namespace


_ASSIGNMENT = re.compile(r"^\s*([A-Za-z_]\w*)\s*<<\s*")


class QueryMagic(Magic):
    """The cell magic ``%%nucleus_query [name <<] [options]``; its body is the query.

    ::

        %%nucleus_query crowded << --as items
        annotations.RBC > 20 AND annotations.Platelets > 0
    """

    def register(self) -> None:
        """Register the cell magic, the line form and the completion of options."""

        def nucleus_query(line: str, cell: str | None = None) -> Any:
            return self.guarded(lambda: self.run(line, cell))

        nucleus_query.__doc__ = parser().format_help()
        # A variable is an object here, never text: IPython must not expand $x itself.
        as_it_stands: Any = no_var_expand
        self.session.shell.register_magic_function(
            as_it_stands(nucleus_query), "line_cell", "nucleus_query"
        )
        self.complete_after(["%%nucleus_query", "%nucleus_query"], self._complete)

    def run(self, line: str, cell: str | None) -> Any:
        """Ask the query.

        Args:
            line: Options; in the line form, options followed by the query.
            cell: The query; ``None`` in the line form.

        Returns:
            The result, or ``None`` when it went into a variable.
        """
        target, line = _target(line)
        options, text = _read(line, cell)
        dataset = self.session.need_dataset(options.dataset)
        model = self.session.find_model(options.model) if options.model else None
        started = time.perf_counter()
        if options.objects:
            found = dataset.query_objects(
                text, options.objects, model.id if model is not None else None
            )
            result = QueryResult(dataset, text, model, objects=list(found))
        else:
            result = QueryResult(dataset, text, model, ids=dataset.item_ids(text, model=model))
        result.seconds = time.perf_counter() - started
        return self._deliver(result, options, target)

    def _deliver(self, result: QueryResult, options: Namespace, target: str | None) -> Any:
        result.limit = options.limit
        value: Any = result
        if options.shape == "items":
            value = result.items()
        elif options.shape == "ids":
            value = result.reference_ids
        elif options.shape == "count":
            value = len(result)
        elif options.slice:
            value = result.create_slice(options.slice)
        name = options.output or target
        if name is not None:
            self.session.shell.user_ns[name] = value
            if target is not None:
                return None
        return value

    def _complete(self, _shell: Any, event: Any) -> list[str]:
        """Offer options, and names after the options that take one."""
        before = event.line[: len(event.line) - len(event.symbol)].split()
        if event.symbol.startswith("-"):
            return parser().option_names()
        if before and before[-1] in {"-d", "--dataset"}:
            return [dataset.name for dataset in self.session.client.datasets]
        if before and before[-1] in {"-m", "--model"}:
            return [model.name for model in self.session.client.models]
        return []


def parser() -> Parser:
    """Return the reader of the options.

    Returns:
        A fresh parser.
    """
    made = Parser(
        "%%nucleus_query [name <<]",
        "Ask the dataset in use. The body of the cell is the query; a gallery shows the result.",
        (
            "%%nucleus_query",
            "annotations.WBC > 1 AND metadata.split = test",
            "",
            "%nucleus_query annotations.RBC > 20",
        ),
    )
    made.add_argument("-d", "--dataset", help="name, id or variable; default: the one in use")
    made.add_argument(
        "-m", "--model", help="model whose predictions and matches the query speaks of"
    )
    level = made.add_mutually_exclusive_group()
    level.add_argument(
        "--items", dest="objects", action="store_const", const=None, help="find items (the default)"
    )
    level.add_argument(
        "--objects",
        dest="objects",
        nargs="?",
        const="ground_truth_only",
        choices=[
            "ground_truth_only",
            "predictions_only",
            "iou",
            "false_positive",
            "false_negative",
        ],
        help="find annotations, predictions or matches instead",
    )
    made.add_argument(
        "--as",
        dest="shape",
        choices=["gallery", "items", "ids", "count"],
        default="gallery",
        help="what the result is (default gallery)",
    )
    made.add_argument("--slice", help="make a slice of this name from the result")
    made.add_argument("-n", "--limit", type=int, help="show this many at most; the count is of all")
    made.add_argument("-o", "--output", help="also put the result into this variable")
    return made


def _target(line: str) -> tuple[str | None, str]:
    """Split ``name << rest``."""
    found = _ASSIGNMENT.match(line)
    return (found[1], line[found.end() :]) if found else (None, line)


def _read(line: str, cell: str | None) -> tuple[Namespace, str]:
    """Split options from the query; in the line form the first other word starts the query."""
    made = parser()
    if cell is not None:
        if made_help := _asks_for_help(line):
            raise made_help
        return made.parse_args(words(line)), cell.strip()
    given = line.split()
    takes_value = {
        name
        for action in made._actions  # noqa: SLF001 - argparse has no public list of its options
        for name in action.option_strings
        if action.nargs is None and action.const is None
    }
    at = 0
    while at < len(given) and given[at].startswith("-") and not given[at][1:2].isdigit():
        at += 2 if given[at] in takes_value else 1
    if not given:
        raise UsageError(
            "the query is missing: write it after %nucleus_query, or use %%nucleus_query"
        )
    options = made.parse_args(words(" ".join(given[:at])))
    # The rest is taken from the line as it is, so that quotes and blanks stay the query's own.
    return options, line.split(None, at)[-1] if at < len(given) else ""


def _asks_for_help(line: str) -> HelpAskedError | None:
    return HelpAskedError(parser().format_help()) if line.strip() in {"-h", "--help"} else None


__all__ = ["Help", "QueryMagic", "parser"]
