"""What people write out of the habit of other languages, and how it is written here.

An error says where the text stops making sense; SQL, Python and the filters of other tools explain
most of these places. A habit is known by the text on both sides of the place.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_FIELD: Final = r'(?P<field>\w+(?:\.(?:\w+|"[^"\n]*"))*)'
_LONGEST: Final = 200
"""Characters on each side of a place that are looked at."""


class _Habit(NamedTuple):
    before: re.Pattern[str]
    behind: re.Pattern[str]
    hint: str


def _habit(before: str, behind: str, hint: str) -> _Habit:
    return _Habit(re.compile(rf"(?:{before})\Z", re.I), re.compile(behind, re.I), hint)


_MARKS: Final = (
    _habit(r"(?<![<>!=])=", r"(?P<sign>[<>])", "write {sign}="),
    _habit(r"==", r"=", "write ="),
    _habit(r"", r"!\s+=", "write != without a blank"),
    _habit(r"\*", r"\*", "there are no powers: multiply the value by itself"),
    _habit(r"", r"\^", "there are no powers: multiply the value by itself"),
    _habit(r"", r";", "leave the ; out: a query is one condition"),
    _habit(r"/", r"/", "a comment begins with #"),
    _habit(r"--\s*\w+\s+", r"", "a comment begins with #"),
    _habit(r"=\s*", r"\*", 'for any letters write LIKE and %, in quotes: LIKE "%.jpg"'),
    _habit(r"limit\s+(?P<skip>\d+)\s*", r",\s*(?P<most>\d+)", "write LIMIT {most} OFFSET {skip}"),
    _habit(r"\d", r",\d{3}\b", "write numbers without commas: 1000"),
    _habit(r"sample\s+[\d.]+\s*", r"%", "SAMPLE takes a number; for a tenth: hash(ref_id) < 0.1"),
    _habit(r"\d{1,2}\.\d{1,2}", r"\.\d{2,4}", "write a date as 2024-05-31"),
    _habit(r"\s", r"\.\s", "no blanks stand around the dots of a path"),
    _habit(rf"{_FIELD}\.startswith", r"\(", 'write {field} STARTS WITH "…"'),
    _habit(rf"{_FIELD}\.endswith", r"\(", 'write {field} ENDS WITH "…"'),
    _habit(rf"{_FIELD}\.contains", r"\(", 'write {field} CONTAINS "…"'),
    _habit(rf"{_FIELD}\.(?:isin|is_in)", r"\(", "write {field} IN (…)"),
    _habit(rf"{_FIELD}\.(?:isnull|isna)", r"\(", "write {field} IS NULL"),
    _habit(
        rf"{_FIELD}\.(?:lower|upper|length|exists)", r"\(", "the function comes first: …({field})"
    ),
    _habit(rf"{_FIELD}", r"\(\s*\)", "write {field} without ()"),
    _habit(r"", r",\s*[^\W\d]", "join conditions with AND or OR"),
)
_LISTS: Final = (
    _habit(r"\bin\s+", r"(?P<values>-?[\w.]+(?:\s*,\s*-?[\w.]+)+)", "write IN ({values})"),
    _habit(r"\bin\s+", r"\w+\(", "make the list in Python and pass it by its name: IN {{values}}"),
    _habit(
        r"(?P<value>\w+|\"[^\"\n]*\"|'[^'\n]*')\s+in\s+",
        r"(?P<list>\w+\.[\w.]+)",
        "a list equals what any of its elements equals: write {list} = {value}",
    ),
    _habit(
        r"\bin\s+", r"(?P<name>[^\W\d]\w*)", "a list from Python stands in braces: IN {{{name}}}"
    ),
    _habit(r"\bin\s*[(\[][^)\]]*\s", r"[^\s,]", "put commas between the values of a list"),
)
_WORDS: Final = (
    _habit(r"\s*select\b.*", r"", "leave out SELECT and FROM: a query is what stands behind WHERE"),
    _habit(r"\bcase\s+", r"when\b", "there is no CASE: join conditions with AND, OR and NOT"),
    _habit(rf"{_FIELD}\s+", r"starts(?:_?with)?\b", 'write {field} STARTS WITH "…"'),
    _habit(rf"{_FIELD}\s+", r"ends(?:_?with)?\b", 'write {field} ENDS WITH "…"'),
    _habit(rf"{_FIELD}\s+", r"(?:regexp?|rlike|regexp_like|match)\b", 'write {field} MATCHES "…"'),
    _habit(rf"{_FIELD}\s+", r"(?:has|includes?|containing)\b", 'write {field} CONTAINS "…"'),
    _habit(rf"{_FIELD}\s+", r"glob\b", 'write {field} LIKE "…", with % for any letters'),
    _habit(rf"{_FIELD}\s+", r"exists\b", "write EXISTS {field}"),
    _habit(rf"{_FIELD}\s+", r"(?:equals?|eq)\b", "write {field} = …"),
    _habit(rf"{_FIELD}\s+", r"(?:gt|above|over)\b", "write {field} > …"),
    _habit(rf"{_FIELD}\s+", r"(?:lt|below|under)\b", "write {field} < …"),
    _habit(rf"{_FIELD}\s+", r"mod\b", "write {field} % …"),
    _habit(r"\bhas\s+", r"(?P<name>[\w.]+)", "write EXISTS {name}"),
    _habit(r"", r"xor\b", "write (a OR b) AND NOT (a AND b)"),
    _habit(r"", r"(?:sort(?:ed)?|order)\s+(?:by\s+)?(?P<key>[\w.]+)", "write ORDER BY {key}"),
    _habit(r"", r"skip\s+(?P<skip>\d+)", "write OFFSET {skip}"),
    _habit(r"", r"(?:top|first|head|take|fetch)\s+(?P<most>\d+)", "write LIMIT {most}"),
    _habit(r"", r"(?P<word>limit|offset|sample)\s+-", "{word} takes a whole number from 0 up"),
    _habit(r"", r"group\b", "a query finds rows: make a DataFrame of them and group that"),
    _habit(r"(?P<number>\d+)\s+", r"(?P<unit>[smhdw])(?:ec|in|our|ay|eek)\w*",
           "write {number}{unit}"),
    _habit(r"\d\s*", r"(?:months?|years?)\b", "write days: 30d or 365d"),
    _habit(r"", r"\d+y\b", "write days: 365d"),
    _habit(r"\bis\s+(?:not\s+)?", r"(?P<truth>true|false)\b", "write = {truth}"),
    _habit(r"\bis\s+(?:not\s+)?", r"\w", "write IS NULL or IS NOT NULL for no value, = for others"),
    _habit(r"\bi?like\s+(?P<text>[^\s\"']*[%_][^\s\"']*)", r"", 'quote the pattern: LIKE "{text}"'),
    _habit(r"(?:\bmatches|~)\s+", r"", 'quote the pattern: MATCHES "^a"'),
    _habit(r"\S\s+", r"[^\W\d]\w*(?:\.\w+)+\s*(?:[<>=!]|(?:in|is|like)\b)",
           "join conditions with AND or OR"),
)  # fmt: skip
_FUNCTIONS: Final = (
    _habit(r"", r"(?:mean|average)\(", "write avg(…)"),
    _habit(r"", r"(?:isnull|isna|is_null)\((?P<name>[\w.]*)", "write {name} IS NULL"),
    _habit(r"", r"(?:notnull|notna|not_null)\((?P<name>[\w.]*)", "write {name} IS NOT NULL"),
    _habit(r"", r"(?:random|rand)\(", "write SAMPLE 100, or hash(ref_id) < 0.1 for a tenth"),
    _habit(r"", r"(?:if|iif|case|coalesce|ifnull)\(", "join conditions with AND, OR and NOT"),
    _habit(r"", r"(?:contains|startswith|endswith)\(", 'write metadata.camera CONTAINS "…"'),
    _habit(
        r"",
        r"(?:today|date_trunc|current_date)\(",
        "write a date, such as 2024-05-31, or now() - 1d",
    ),
)
_HABITS: Final = (*_MARKS, *_LISTS, *_WORDS, *_FUNCTIONS)


def hint_at(source: str, position: int) -> str:
    """Explain a place where a query stops making sense.

    Args:
        source: The query.
        position: The place.

    Returns:
        How it is written here; ``""`` where no habit explains it.

    Example:
        >>> hint_at("metadata.speed => 5", 16)
        'write >='
    """
    before = source[max(0, position - _LONGEST) : position]
    behind = source[position : position + _LONGEST]
    for habit in _HABITS:
        left, right = habit.before.search(before), habit.behind.match(behind)
        if left is not None and right is not None:
            return habit.hint.format(**left.groupdict(), **right.groupdict())
    return ""


_KEY: Final = re.compile(r"""\[\s*(?:"(?P<key>[^"\n]*)"|'(?P<other>[^'\n]*)'|-?\d+)\s*\]""")


def key_hint(source: str, start: int, bracket: int) -> str:
    """Explain ``metadata["camera"]`` and ``metadata.tags[0]``, which Python's habit is.

    Args:
        source: The query.
        start: Where the path begins.
        bracket: Where its bracket is.

    Returns:
        How it is written here; ``""`` where a condition stands in the bracket.
    """
    found = _KEY.match(source, bracket)
    if found is None:
        return ""
    path, key = source[start:bracket], found["key"] or found["other"]
    if key is None:
        return f"a list equals what any of its elements equals: write {path} = …"
    return f"write {path}.{key}" if key.isidentifier() else f'write {path}."{key}"'


MEANT: Final = {
    "width": "dimensions.x",
    "height": "dimensions.y",
    "w": "dimensions.x",
    "h": "dimensions.y",
    "x": "position.x",
    "y": "position.y",
    "bbox": "box",
    "boxes": "box",
    "polygons": "polygon",
    "score": "confidence",
    "class": "label",
    "name": "label",
    "labels": "label",
}
"""What properties of objects are called elsewhere."""
NO_VALUE: Final = frozenset({"none", "null", "nan", "nil", "na", "n/a", "undefined"})
"""What no value is called elsewhere, in small letters."""
