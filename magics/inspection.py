"""What Shift-Tab and ``?`` show in the magics: a command, an option, a field, a function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.errors import NucleusError
from nucleus_lab.magics.arguments import Help, Parser, shown
from nucleus_lab.magics.binding import public_names
from nucleus_lab.magics.completion import QueryContext
from nucleus_lab.magics.help_page import command_page
from nucleus_lab.magics.places import Place, place_in, word_at
from nucleus_lab.magics.query_options import CARD, parser
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands import SUBCOMMANDS

if TYPE_CHECKING:
    from nucleus_lab.magics.session import Session
    from nucleus_lab.query_help import Completion

_PIECE: Final = re.compile(
    r"""(?P<param>[{:@$]\s*(?P<name>[^\W\d]\w*)\}?)|(?P<text>"[^"\n]*"|'[^'\n]*'|`[^`\n]*`)|\w+"""
)
_PATH: Final = re.compile(r"""(?:[\w.]|"[^"]*"|'[^']*'|`[^`]*`)+$""")
_VALUES: Final = 20
_LANGUAGE: Final = "The query language on a card"


def help_at(session: Session, code: str, cursor: int) -> Help | None:
    """Explain what the cursor is on.

    Args:
        session: The connection and the dataset in use.
        code: The whole cell.
        cursor: Offset of the cursor.

    Returns:
        The help; ``None`` where no magic of this package stands.
    """
    place = place_in(code, cursor)
    if place is None:
        return None
    if place.kind == "query":
        return _query(session, place)
    word = word_at(place.text, place.cursor)
    if place.kind == "options":
        return _option(parser(), word)
    from nucleus_lab.magics.nucleus import overview

    command = SUBCOMMANDS.get((place.text.split() or [""])[0])
    return overview() if command is None else _option(command.parser(), word)


def _option(made: Parser, word: str) -> Help:
    action = made.action(word.partition("=")[0]) if word.startswith("-") else None
    if action is None:
        return made.help_page()
    about = str(action.help or "")
    if action.choices:
        about += f"\none of {', '.join(map(str, action.choices))}"
    return _page(shown(action), about, [])


def _query(session: Session, place: Place) -> Help:
    piece = next(
        (
            match
            for match in _PIECE.finditer(place.text)
            if match.start() <= place.cursor <= match.end()
        ),
        None,
    )
    if piece is None:
        return _card()
    if piece["param"]:
        name = piece["name"]
        if name not in set(public_names(session.namespace)):
            return _page(name, "no variable of this notebook", [])
        value = session.namespace[name]
        return _page(name, f"variable of this notebook, {type(value).__name__}\n{value!r:.400}", [])
    try:
        context = QueryContext.of(session, place.options)
        return _described(context, place.text[: piece.end()], piece[0]) or _card()
    except (NucleusError, Refused):
        return _card()


def _described(context: QueryContext, text: str, word: str) -> Help | None:
    """Explain the last word of a text by what completion says of it."""
    plain = word.strip("\"'`")
    found = next((each for each in context.complete(text) if _same(each, plain)), None)
    if found is None and word != plain:  # an unfinished quote is completed, a finished one is not
        found = next((each for each in context.complete(text[:-1]) if _same(each, plain)), None)
    if found is None or found.kind in {"keyword", "operator"}:
        return None
    path = _PATH.search(text)
    title = path[0] if path and found.kind in {"field", "key", "class", "taxonomy"} else found.text
    about = found.detail if found.detail.startswith(found.kind) else f"{found.kind}: {found.detail}"
    values: list[tuple[str, str]] = []
    if found.kind in {"key", "field", "taxonomy"}:
        values = [
            (each.text, each.detail)
            for each in context.complete(f"{text} = ")
            if each.kind in {"value", "class", "slice", "autotag", "model", "taxonomy"}
        ]
    rows = values[:_VALUES]
    if len(values) > len(rows):
        rows.append(("…", f"and {len(values) - len(rows):,} more"))
    return _page(title + (")" if title.endswith("(") else ""), about, rows)


def _same(each: Completion, plain: str) -> bool:
    return each.text.strip("\"'`").rstrip("(") == plain


def _page(title: str, about: str, rows: list[tuple[str, str]]) -> Help:
    width = max((len(left) for left, _ in rows), default=0)
    lines = [title, about, *(f"  {left:<{width}}  {right}" for left, right in rows)]
    return Help("\n".join(lines), command_page(title, about, [("values", rows)]))


def _card() -> Help:
    return Help(f"{_LANGUAGE}\n\n{CARD}", command_page(_LANGUAGE, "", [], (), CARD))


def bundle_of(page: Help) -> dict[str, Any]:
    """Return a help page as a message to the front end carries it.

    Args:
        page: The page.

    Returns:
        Texts by media type.
    """
    return {"text/plain": page.text, "text/html": page._repr_html_()}
