"""Query text to tokens.

Every token knows where it begins and ends, since errors point at places and a path allows no
blanks around its dots.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, Final, Literal

import msgspec

from nucleus_lab.query.faults import fault
from nucleus_lab.query.habits import hint_at

Kind = Literal["name", "number", "text", "quoted", "date", "duration", "param", "mark", "end"]

MAX_LENGTH: Final = 100_000
"""Longest query text; a longer one is a list of values that belongs into a parameter."""

_BLANK = re.compile(r"(?:\s+|#[^\n]*)+")
_NAME = re.compile(r"[^\W\d]\w*")
_SEGMENT = re.compile(r"\w+")
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_UNIT = re.compile(r"(?:ms|km|[smhdw])(?!\w)")
_DATE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?!\d)"
    r"(?P<time>[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?(?![\w:]))?"
)
_LOOSE_DATE = re.compile(r"((?:19|20)\d{2})-(\d{1,2})-(\d{1,2})(?!\w)")
_PARAM = re.compile(r"\{\s*([^\W\d]\w*)\s*\}|[:@]([^\W\d]\w*)")
_MARK = re.compile(r"=~|==|!=|<>|<=|>=|&&|\|\||[-=<>!+*/%~()\[\],.]")
_ESCAPES: Final = {
    "n": "\n",
    "t": "\t",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "“": "“",
    "”": "”",
    "`": "`",
}
_CLOSING: Final = {'"': '"', "'": "'", "“": "”“", "”": "”“", "„": "”“", "`": "`"}

MILLISECONDS: Final = {
    "ms": 1.0,
    "s": 1e3,
    "m": 6e4,
    "h": 3.6e6,
    "d": 8.64e7,
    "w": 6.048e8,
}
"""Length of the units of a duration."""


class Token(msgspec.Struct, frozen=True):
    """One piece of a query.

    Attributes:
        kind: What it is; ``quoted`` is a name in backticks, ``mark`` an operator or bracket.
        text: As written.
        start: Offset of its first character.
        end: Offset behind its last character.
        value: Number, unescaped text, ``(datetime, has_time)``, ``(amount, unit)`` or the name of
            a parameter.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: Any = None


def tokenize(source: str) -> list[Token]:
    """Split a query into tokens.

    Args:
        source: The query text.

    Returns:
        The tokens; the last one has kind ``end`` and sits behind the last real token.

    Raises:
        QueryError: A character, number, date or quotation that no query can hold.
    """
    if len(source) > MAX_LENGTH:
        raise fault(
            "Q015",
            f"the query has {len(source)} characters, at most {MAX_LENGTH} are read",
            source[:80],
            0,
            hint="pass long lists as a parameter: ref_id IN {ids}",
        )
    found: list[Token] = []
    at = 0
    while True:
        blank = _BLANK.match(source, at)
        at = blank.end() if blank else at
        if at >= len(source):
            end = found[-1].end if found else 0
            found.append(Token("end", "", end, end))
            return found
        token = _next(source, at, found)
        found.append(token)
        at = token.end


def _next(source: str, at: int, before: list[Token]) -> Token:
    character = source[at]
    if before and before[-1].text == "." and before[-1].kind == "mark" and before[-1].end == at:
        segment = _SEGMENT.match(source, at)
        if segment:
            return Token("name", segment[0], at, segment.end(), segment[0])
    if character == "." and _continues_path(before, at):
        return Token("mark", ".", at, at + 1)
    if character.isdigit() or (character == "." and source[at + 1 : at + 2].isdigit()):
        return _number_or_date(source, at)
    name = _NAME.match(source, at)
    if name:
        return Token("name", name[0], at, name.end(), name[0])
    if character in _CLOSING:
        return _quotation(source, at)
    if character in "{:@":
        return _parameter(source, at)
    mark = _MARK.match(source, at)
    if mark:
        return Token("mark", mark[0], at, mark.end())
    raise fault("Q001", f"unexpected character {character!r}", source, at)


def _continues_path(before: list[Token], at: int) -> bool:
    """Tell the dot of a path from the dot of a number such as ``.5``."""
    if not before or before[-1].end != at:
        return False
    last = before[-1]
    return last.kind in {"name", "text", "quoted"} or last.text == "]"


def _number_or_date(source: str, at: int) -> Token:
    date = _DATE.match(source, at)
    if date:
        return Token("date", date[0], at, date.end(), _read_date(source, at, date))
    loose = _LOOSE_DATE.match(source, at)
    if loose:
        year, month, day = loose.groups()
        raise fault(
            "Q003",
            f"a date has two digits for month and day, and {loose[0]} has not",
            source,
            at,
            len(loose[0]),
            hint=f"write {year}-{month:0>2}-{day:0>2}; to subtract put blanks around the minus",
        )
    number = _NUMBER.match(source, at)
    if (
        number is None
    ):  # a digit of another script: isdigit() knows more than \d followed by float()
        raise fault("Q001", f"unexpected character {source[at]!r}", source, at)
    end = number.end()
    unit = _UNIT.match(source, end)
    if unit:
        amount = (float(number[0]), unit[0])
        return Token("duration", source[at : unit.end()], at, unit.end(), amount)
    tail = _SEGMENT.match(source, end)
    if tail:
        word = source[at : tail.end()]
        raise fault(
            "Q001",
            f"{word!r} is neither a number nor a name",
            source,
            at,
            len(word),
            hint=_plain_number(word)
            or hint_at(source, at)
            or f'quote it when it is text: "{word}"',
        )
    text = number[0]
    value: float | int = int(text) if text.isdecimal() and len(text) <= 18 else float(text)
    if value in {float("inf")}:
        raise fault("Q001", f"{text} is larger than any number can be", source, at, len(text))
    return Token("number", text, at, end, value)


def _plain_number(word: str) -> str:
    """Explain 1_000 and 100px."""
    plain = re.fullmatch(r"(\d[\d_]*)(?:px|ms|km|%|pixels)?", word)
    return f"write the number alone: {plain[1].replace('_', '')}" if plain else ""


def _read_date(source: str, at: int, found: re.Match[str]) -> tuple[datetime.datetime, bool]:
    try:
        return read_date(found[0])
    except ValueError as reason:
        raise fault(
            "Q003", f"not a real date: {found[0]}", source, at, found.end() - at
        ) from reason


def read_date(text: str) -> tuple[datetime.datetime, bool]:
    """Read an ISO 8601 date.

    Args:
        text: A date, with or without a time and a zone.

    Returns:
        The moment in UTC, and whether a time of day was given.

    Raises:
        ValueError: The text is no date.
    """
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    try:
        return moment.astimezone(datetime.UTC), len(text) > 10
    except OverflowError as reason:
        raise ValueError(f"{text} is outside the years 1 to 9999") from reason


def _quotation(source: str, at: int) -> Token:
    opening = source[at]
    closing = _CLOSING[opening]
    kind: Kind = "quoted" if opening == "`" else "text"
    parts: list[str] = []
    index = at + 1
    while index < len(source):
        character = source[index]
        if (
            character == "\\"
            and source[index + 1 : index + 2] in _ESCAPES
            and index + 1 < len(source)
        ):
            parts.append(_ESCAPES[source[index + 1]])
            index += 2
        elif character in closing:
            if source[index + 1 : index + 2] == character:
                parts.append(character)
                index += 2
                continue
            return Token(kind, source[at : index + 1], at, index + 1, "".join(parts))
        elif character == "\0":
            raise fault("Q001", "no text holds a NUL character", source, index)
        else:
            parts.append(character)
            index += 1
    raise fault(
        "Q002",
        "this text never ends: the closing quote is missing",
        source,
        at,
        len(source) - at,
        hint=f"add {closing[0]} at its end"
        + ("; a text that holds ' stands in double quotes" if opening == "'" else ""),
    )


def _parameter(source: str, at: int) -> Token:
    found = _PARAM.match(source, at)
    if found:
        return Token("param", found[0], at, found.end(), found[1] or found[2])
    if source[at] != "{":
        raise fault("Q001", f"unexpected character {source[at]!r}", source, at)
    end = source.find("}", at)
    if end < 0:
        raise fault("Q002", "this { is never closed: the } is missing", source, at)
    raise fault(
        "Q001",
        "only a plain name may stand between { and }",
        source,
        at,
        end + 1 - at,
        hint="compute the value first and pass it under a name: {limit}",
    )
