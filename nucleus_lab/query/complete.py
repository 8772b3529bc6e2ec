"""What may be written at a place of a query: the context, and what the language itself offers.

The names of a dataset are added by :mod:`nucleus_lab.engine.query_suggestions`. Half-written text
is the rule here, so the reading is forgiving: a scan of the text before the cursor, no grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from nucleus_lab.query.explain import name as written_name
from nucleus_lab.query.explain import quoted
from nucleus_lab.query.fields import GEOMETRIES, ROOTS, Field, fields_of

_PIECE: Final = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<text>"(?:\\.|""|[^"\\])*"|'(?:\\.|''|[^'\\])*'|`[^`]*`)
    |(?P<open>["'`].*)
    |(?P<param>\{[\w]*\}?|[:@]\w*)
    |(?P<name>[^\W\d]\w*)
    |(?P<number>\d[\w:.\-+]*)
    |(?P<mark><=|>=|!=|<>|==|=~|&&|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_COMPARATORS: Final = {"=", "==", "!=", "<>", "<", "<=", ">", ">=", "~", "=~"}
_TEXT_WORDS: Final = {"LIKE", "ILIKE", "CONTAINS", "MATCHES", "WITH"}
_STARTERS: Final = {"AND", "OR", "NOT", "&&", "||", "!", "WHERE", "EXISTS", "BY"}
_COLLECTIONS: Final = {"annotations", "predictions", "matches", "items"}
FUNCTIONS: Final = {
    "count": "how many",
    "min": "least value of many objects",
    "max": "greatest value of many objects",
    "sum": "sum over objects",
    "avg": "mean over objects",
    "abs": "without the sign",
    "lower": "text in small letters",
    "upper": "text in capitals",
    "length": "letters of a text",
    "number": "text read as a number",
    "text": "value written as text",
    "date": "text read as a date",
    "now": "the present",
    "hash": "0 to 1, the same for the same text",
    "near": "within a radius: near(lat, lon, 5km)",
    "within": "in a rectangle: within(south, west, north, east)",
    "saved": "a saved query",
    "similarity": '-1 to 1, of pictures: similarity("ref_id")',
    "text_similarity": "-1 to 1, of pictures to words",
}
"""Functions and what they give."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to go on.

    Attributes:
        text: What to write.
        kind: ``root``, ``field``, ``key``, ``value``, ``class``, ``taxonomy``, ``autotag``,
            ``slice``, ``model``, ``saved``, ``operator``, ``keyword`` or ``function``.
        detail: One line about it.
        start: Where the text to replace begins.
        end: Where it ends.
    """

    text: str
    kind: str
    detail: str
    start: int
    end: int


@dataclass(slots=True)
class Place:
    """Where the cursor is.

    Attributes:
        kind: ``start`` of a condition, ``path`` after a dot, ``value`` after an operator,
            ``operator`` after a value, ``parameter``, ``saved``, or ``nothing``.
        word: The text so far, which a suggestion replaces.
        start: Where it begins.
        end: The cursor.
        path: Names before the last dot; of a value: names of what it is compared with.
        inside: Collection whose brackets the cursor is in.
        rank: The operator is one of order.
    """

    kind: str
    word: str
    start: int
    end: int
    path: list[str] = field(default_factory=list)
    inside: str | None = None
    rank: bool = False


def place_of(text: str, cursor: int) -> Place:
    """Tell where a cursor is.

    Args:
        text: The query so far.
        cursor: Offset of the cursor.

    Returns:
        The place.
    """
    cursor = max(0, min(cursor, len(text)))
    pieces = [
        (str(match.lastgroup), match[0], match.start(), match.end())
        for match in _PIECE.finditer(text, 0, cursor)
    ]
    word, start = "", cursor
    if pieces and pieces[-1][0] in {"name", "open", "param"} and pieces[-1][3] == cursor:
        group, word, start, _ = pieces.pop()
        if group == "param":
            return Place("parameter", word, start, cursor)
    elif pieces and pieces[-1][0] == "number" and pieces[-1][3] == cursor:
        return Place("nothing", pieces[-1][1], pieces[-1][2], cursor)
    if pieces and pieces[-1][0] == "blank" and pieces[-1][1].startswith("#"):
        return Place("nothing", "", cursor, cursor)
    solid = [piece for piece in pieces if piece[0] != "blank"]
    adjacent = not pieces or pieces[-1][0] != "blank"
    inside = _brackets(solid)
    if not solid:
        return Place("start", word, start, cursor, inside=inside)
    if solid[-1][1] == "." and adjacent:
        path = _path_before(solid[:-1])
        return Place("path" if path else "nothing", word, start, cursor, path, inside)
    return _after(solid, Place("start", word, start, cursor, inside=inside))


def _after(solid: list[tuple[str, str, int, int]], place: Place) -> Place:
    """Decide by the last piece before the word."""
    last = solid[-1][1]
    upper = last.upper()
    if len(solid) > 1 and last == "(" and solid[-2][1].lower() == "saved":
        place.kind = "saved"
    elif last in _COMPARATORS or upper in _TEXT_WORDS:
        place.kind = "value"
        place.rank = last in {"<", "<=", ">", ">="}
        before = solid[:-1]
        while before and before[-1][1].upper() in {"NOT", "STARTS", "ENDS"}:
            before = before[:-1]
        place.path = _path_before(before)
    elif last in {"(", "[", ","} and (listed := _list_before(solid)) is not None:
        place.kind, place.path = "value", listed
    elif upper in _STARTERS or last in {"(", "[", ",", "+", "-", "*", "/", "%"}:
        place.kind = "start"
    elif upper == "IN":
        place.kind = "nothing"
    else:
        place.kind = "operator"
        place.path = _path_before(solid)
    return place


def _list_before(solid: list[tuple[str, str, int, int]]) -> list[str] | None:
    """Return the path left of an IN whose list is open."""
    for at in range(len(solid) - 1, 0, -1):
        group, text, _, _ = solid[at]
        if text in {"(", "["} and solid[at - 1][1].upper() == "IN":
            before = solid[: at - 1]
            if before and before[-1][1].upper() == "NOT":
                before = before[:-1]
            return _path_before(before)
        if text in {"(", "["} or (text != "," and group not in {"name", "text", "number", "param"}):
            return None
    return None


def _path_before(solid: list[tuple[str, str, int, int]]) -> list[str]:
    names: list[str] = []
    at = len(solid) - 1
    while at >= 0 and solid[at][0] in {"name", "text"}:
        group, text, _, _ = solid[at]
        names.insert(0, text[1:-1].replace('\\"', '"') if group == "text" else text)
        if at < 2 or solid[at - 1][1] != ".":
            break
        at -= 2
    return names


def _brackets(solid: list[tuple[str, str, int, int]]) -> str | None:
    open_at: list[str | None] = []
    for at, (_, text, _, _) in enumerate(solid):
        if text == "[":
            path = _path_before(solid[:at])
            root = path[0] if path and path[0] in _COLLECTIONS else None
            open_at.append(root)
        elif text == "]" and open_at:
            open_at.pop()
    return next((root for root in reversed(open_at) if root), None)


def language_suggestions(place: Place, level: str) -> list[tuple[str, str, str]]:
    """Return what the language offers at a place.

    Args:
        place: The place.
        level: What the query returns.

    Returns:
        Text, kind and detail of each.
    """
    found: list[tuple[str, str, str]] = []
    scope = place.inside or level
    if place.kind == "start":
        found += [_shown(each) for each in _offered(scope)]
        if place.inside is None:
            found += [(root, "root", _ROOT_TEXT.get(root, "")) for root in ROOTS[level]]
        found += [(word, "keyword", "") for word in ("NOT", "EXISTS")]
        found += [(f"{name}(", "function", text) for name, text in FUNCTIONS.items()]
    elif place.kind == "path":
        found += _below(place.path)
    elif place.kind == "value" and place.rank:
        found += [_shown(each) for each in _offered(scope) if each.kind == "number"]
    elif place.kind == "operator":
        found += [(word, "operator", text) for word, text in _operators(place, level)]
    return found


def _offered(scope: str) -> list[Field]:
    """Return the fields of a kind of row that can have a value."""
    return [each for each in fields_of(scope).values() if each.source != "@missing"]


def _shown(each: Field) -> tuple[str, str, str]:
    return each.name, "field", f"{each.kind}: {each.description}"


def _below(path: list[str]) -> list[tuple[str, str, str]]:
    root = path[0]
    if root == "autotag" and len(path) == 1:
        tags = [(kind, "field", f"tags of {kind}s") for kind in ("image", "object")]
        return [*tags, ("training", "field", "what tags were trained on")]
    if path == ["autotag", "training"]:
        return [(kind, "field", f"examples of {kind} tags") for kind in ("image", "object")]
    kind = {"item": "items", "scene": "scenes", "slice": "slices", "slices": "slices"}.get(
        root, root
    )
    if len(path) == 2 and path[1] in {"position", "dimensions"}:
        start = f"{path[1]}."
        return [
            (each.name.removeprefix(start), "field", each.description)
            for each in _offered(kind)
            if each.name.startswith(start)
        ]
    if len(path) == 2 and path[1] in GEOMETRIES:
        return [("count", "field", f"number: how many {path[1]} objects")]
    if len(path) > 1:
        return []
    found = [_shown(each) for each in _offered(kind)]
    if root in _COLLECTIONS:
        found.insert(0, ("count", "field", "number: how many"))
    if root in {"annotations", "predictions"}:
        found += [(shape, "field", f"only {shape}") for shape in GEOMETRIES]
    if root == "matches":
        found += [
            ("tp", "field", "number: true positives"),
            ("fp", "field", "number: false positives"),
            ("fn", "field", "number: misses"),
            ("precision", "field", "number: of the item"),
            ("recall", "field", "number: of the item"),
            ("f1", "field", "number: of the item"),
        ]
    return found


def _operators(place: Place, level: str) -> list[tuple[str, str]]:
    ranks = [(">", "greater"), (">=", ""), ("<", "less"), ("<=", ""), ("BETWEEN", "low AND high")]
    equal = [("=", "equal"), ("!=", "not equal, also where there is no value"), ("IN", "one of")]
    texts = [
        ("CONTAINS", "part, any case"),
        ("LIKE", "% and _"),
        ("STARTS WITH", ""),
        ("~", "regular expression"),
    ]
    tests = [("IS NULL", "no value"), ("IS NOT NULL", "any value")]
    joins = [("AND", "both"), ("OR", "either"), ("ORDER BY", ""), ("LIMIT", ""), ("SAMPLE", "")]
    names = place.path
    kind = ""
    if names:
        scope = place.inside or level
        known = fields_of(scope).get(".".join(names)) or fields_of(names[0]).get(
            ".".join(names[1:])
        )
        kind = known.kind if known else ""
        if names[-1] in {"count", "tp", "fp", "fn", "precision", "recall", "f1", "x", "y", "z"}:
            kind = "number"
    if not names or not kind:
        return [*equal, *ranks, *texts, *tests, *joins]
    if kind in {"number", "time"}:
        return [*ranks, *equal, *tests, *joins]
    return [*equal, *texts, *tests, *ranks, *joins]


_ROOT_TEXT: Final = {
    "annotations": "ground truth",
    "predictions": "what a model found",
    "matches": "predictions against ground truth",
    "metadata": "of the item",
    "scale_metadata": "of the labeling task",
    "item": "the item",
    "items": "items of the scene",
    "scene": "the scene",
    "slice": "slices it is in",
    "autotag": "scores of tags",
    "tracks": "objects over frames",
}


def finished(place: Place, found: list[tuple[str, str, str]], most: int = 500) -> list[Suggestion]:
    """Keep what fits the word so far, best first.

    Args:
        place: The place.
        found: Text, kind and detail of each.
        most: How many at most.

    Returns:
        The suggestions: those that begin with the word, then those that hold it.
    """
    word = place.word.lstrip("\"'`{:@").casefold()
    plain = [(text, text.strip('"').casefold(), kind, detail) for text, kind, detail in found]
    begins = [each for each in plain if each[1].startswith(word)]
    holds = [each for each in plain if word and word in each[1] and not each[1].startswith(word)]
    seen: set[str] = set()
    suggestions: list[Suggestion] = []
    for text, _, kind, detail in [*begins, *holds]:
        if text not in seen and len(suggestions) < most:
            seen.add(text)
            suggestions.append(Suggestion(text, kind, detail, place.start, place.end))
    return suggestions


__all__ = [
    "FUNCTIONS",
    "Place",
    "Suggestion",
    "finished",
    "language_suggestions",
    "place_of",
    "quoted",
    "written_name",
]
