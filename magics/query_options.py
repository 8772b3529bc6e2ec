"""The options of ``%%nucleus_query``, and where they end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.magics.arguments import Parser, share, whole
from nucleus_lab.magics.binding import WORD, words
from nucleus_lab.magics.refusal import Refused

if TYPE_CHECKING:
    from argparse import Namespace

SHAPES: Final = ("gallery", "frame", "items", "ids", "count", "slice")
"""What a result can be."""

OBJECTS: Final = {
    "truth": "ground_truth_only",
    "predictions": "predictions_only",
    "ground_truth_only": "ground_truth_only",
    "predictions_only": "predictions_only",
    "iou": "iou",
    "false_positive": "false_positive",
    "false_negative": "false_negative",
}
"""What ``--objects`` takes, and what the SDK calls it."""

MATCHES: Final = {"pairs": "iou", "fp": "false_positive", "fn": "false_negative"}
"""What ``--matches`` takes, and what the SDK calls it."""

CARD: Final = """\
annotations.car > 3             more than three cars on the picture
annotations.label = car         at least one; != car: none at all
annotations[label = car AND area < 900].count > 0   of one object
metadata.weather = fog          text, number, true, 2024-05-01
metadata.speed BETWEEN 30 AND 50       metadata.weather IN (fog, sun)
metadata.weather IS NULL        no value; AND, OR, NOT, ( )
ref_id STARTS WITH "drive_07/"  LIKE "a%", CONTAINS fog, ENDS WITH
filename MATCHES "cam[0-4]_"    a regex in quotes, never a field: CONTAINS metadata.part
predictions.car != annotations.car     of the model of --model
matches.fn > 0 ORDER BY matches.fn DESC LIMIT 20
autotag.image.rain > -0.2       slice = train     saved("night")
metadata.speed > $limit         ref_id IN {names}: variables"""
"""The language on a card."""

_TARGET: Final = re.compile(r"^\s*([^\W\d]\w*)\s*(=?)\s*<<\s*")


@dataclass(slots=True)
class Asked:
    """A cell or line, read.

    Attributes:
        options: The options.
        query: Text of the query.
        target: Variable of ``name <<``, or ``None``.
        shows: Whether the result is shown although it goes into a variable.
    """

    options: Namespace
    query: str
    target: str | None = None
    shows: bool = True

    @property
    def query_type(self) -> str | None:
        """What the SDK calls the objects asked for; ``None`` for items and scenes."""
        if self.options.matches:
            return MATCHES[self.options.matches]
        return OBJECTS[self.options.objects] if self.options.objects else None

    @property
    def level(self) -> str:
        """What the query is about."""
        return level_of(self.options)


def level_of(options: Namespace) -> str:
    """Tell what a query with some options is about.

    Args:
        options: The options.

    Returns:
        ``items``, ``annotations``, ``predictions``, ``matches`` or ``scenes``.
    """
    if options.scenes:
        return "scenes"
    if options.matches:
        return "matches"
    if not options.objects:
        return "items"
    kind = OBJECTS[options.objects]
    return {"ground_truth_only": "annotations", "predictions_only": "predictions"}.get(
        kind, "matches"
    )


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
            "%%nucleus_query small << --objects --as frame",
            "label = RBC AND area < $least",
            "",
            "n = %nucleus_query --as count annotations.RBC > 20",
        ),
        CARD,
    )
    made.add_argument(
        "-d", "--dataset", kind="dataset", help="name, id or variable; default: the one in use"
    )
    level = made.add_mutually_exclusive_group()
    level.add_argument("--items", action="store_true", help="find items (the default)")
    level.add_argument(
        "--objects",
        nargs="?",
        const="truth",
        choices=list(OBJECTS),
        metavar="KIND",
        help="find annotations, or with --objects predictions those of the model",
    )
    level.add_argument(
        "--matches",
        nargs="?",
        const="pairs",
        choices=list(MATCHES),
        metavar="KIND",
        help="find evaluation matches: pairs (the default), fp or fn",
    )
    level.add_argument("--scenes", action="store_true", help="find scenes")
    made.add_argument(
        "-m",
        "--model",
        kind="model",
        help="model whose predictions and matches the query speaks of",
    )
    made.add_argument(
        "--iou",
        type=share,
        help="overlap from which a pair of --model's evaluation is a match (0 to 1)",
    )
    made.add_argument(
        "--as",
        dest="shape",
        choices=SHAPES,
        default="gallery",
        metavar="SHAPE",
        help="gallery (the default), frame, items, ids, count, or slice NAME",
    )
    made.add_argument("--slice", metavar="NAME", help="the same as --as slice NAME")
    made.add_argument(
        "-n", "--limit", type=whole, help="show or return this many at most; the count is of all"
    )
    made.add_argument("-o", "--output", metavar="NAME", help="also put the result into a variable")
    made.add_argument("--save", metavar="NAME", help='save the query, for use as saved("NAME")')
    made.add_argument(
        "--explain", action="store_true", help="explain how the query is read; fetch nothing"
    )
    return made


def read(line: str, cell: str | None, namespace: Mapping[str, Any]) -> Asked:
    """Split a magic into target, options and query.

    Options end at the first word that is none, so that a query may begin with a minus or hold
    anything that looks like an option.

    Args:
        line: What stands behind the magic's name.
        cell: The body of the cell; ``None`` in the line form.
        namespace: The variables of the notebook.

    Returns:
        What was asked.

    Raises:
        Refused: The query is missing, or stands where only options belong.
    """
    target, shows = None, True
    if found := _TARGET.match(line):
        target, shows, line = found[1], bool(found[2]), line[found.end() :]
    made = parser()
    end = options_end(line, made)
    given, rest = words(line[:end], namespace), line[end:].strip()
    asked = Asked(made.parse_args(_with_slice(given)), "", target, shows)
    if asked.options.shape == "slice" and not asked.options.slice:
        made.error("--as slice needs a name: --as slice NAME")
    if cell is None:
        if not rest and not line.strip():
            raise Refused(
                "the query is missing: write it after %nucleus_query, or use %%nucleus_query"
            )
        asked.query = rest
    elif rest:
        made.error(f"the query belongs below the first line of the cell, where {rest!r} stands")
    else:
        asked.query = cell.strip()
    for name in (asked.target, asked.options.output):
        if name is not None and not name.isidentifier():
            raise Refused(f"{name!r} cannot be the name of a variable")
    return asked


def options_end(line: str, made: Parser) -> int:
    """Find where the options of a line end.

    Args:
        line: The line behind the magic's name.
        made: The reader of the options.

    Returns:
        Offset of the first character that belongs to no option.
    """
    found = [(match[0], match.start(), match.end()) for match in WORD.finditer(line)]
    at = 0
    while at < len(found) and re.match(r"--?[A-Za-z]", found[at][0]):
        name, equals, _ = found[at][0].partition("=")
        action = made.action(name)
        at += 1
        if action is None or equals or action.nargs == 0 or at >= len(found):
            continue
        following = found[at][0]
        if action.nargs is None or (action.choices and following in action.choices):
            at += 2 if action.dest == "shape" and following == "slice" else 1
    return found[at][1] if at < len(found) else len(line)


def _with_slice(given: list[str]) -> list[str]:
    """Rewrite ``--as slice NAME`` as two options."""
    for at, word in enumerate(given[:-2]):
        if word == "--as" and given[at + 1] == "slice":
            return [*given[: at + 2], "--slice", *given[at + 2 :]]
    return given
