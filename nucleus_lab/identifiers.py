"""Public ids: a prefix that says what a thing is, and the number of its row.

``di_000000000002a`` is dataset item 42. The number is the primary key, so turning an id into a
row needs no look-up and no index. Prefixes follow the published service: published clients tell
the rows of a slice apart by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from nucleus_lab.errors import InvalidInputError, NotFoundError

DATASET: Final = "ds"
ITEM: Final = "di"
ANNOTATION: Final = "ann"
PREDICTION: Final = "pred"
SCENE: Final = "scn"
SLICE: Final = "slc"
MODEL: Final = "prj"
RUN: Final = "run"
JOB: Final = "job"
EVALUATION: Final = "ev"
EVALUATION_V2: Final = "evalv2"
EVALUATION_PRESET: Final = "prev"
BENCHMARK: Final = "bm"
LABEL_MATCHES: Final = "alm"
LABELING_PROJECT: Final = "lbl"
LABELING_TASK: Final = "task"
AUTOTAG: Final = "tag"
EMBEDDING_INDEX: Final = "idx"
SCENARIO_TEST: Final = "st"
SCENARIO_EVALUATION: Final = "sev"
EXTERNAL_FUNCTION: Final = "ef_ext"

_NOUNS: Final = {
    DATASET: "dataset",
    ITEM: "dataset item",
    ANNOTATION: "annotation",
    PREDICTION: "prediction",
    SCENE: "scene",
    SLICE: "slice",
    MODEL: "model",
    RUN: "model run",
    JOB: "job",
    EVALUATION: "evaluation",
    EVALUATION_V2: "evaluation",
    EVALUATION_PRESET: "evaluation preset",
    BENCHMARK: "benchmark",
    LABEL_MATCHES: "set of allowed label matches",
    LABELING_PROJECT: "labeling project",
    LABELING_TASK: "labeling task",
    AUTOTAG: "autotag",
    EMBEDDING_INDEX: "embedding index",
    SCENARIO_TEST: "scenario test",
    SCENARIO_EVALUATION: "evaluation of a scenario test",
    EXTERNAL_FUNCTION: "external evaluation function",
}


def encode(prefix: str, key: int) -> str:
    """Return the public id of a row.

    Args:
        prefix: One of the constants of this module.
        key: Primary key of the row, 0 or above.

    Returns:
        The id, such as ``ds_000000000001f``.
    """
    return f"{prefix}_{key:013x}"


def encode_all(prefix: str, keys: Sequence[int]) -> list[str]:
    """Return the public ids of many rows, in half the time.

    Args:
        prefix: One of the constants of this module.
        keys: Primary keys of the rows.

    Returns:
        The ids in the same order.
    """
    return (f"{prefix}_%013x " * len(keys) % tuple(keys)).split()


def check_kinds(
    field: str, given: Sequence[object], wanted: Sequence[str], homes: Mapping[str, str]
) -> None:
    """Refuse ids that stand where those of another kind belong.

    Args:
        field: Name of the argument or field that holds them.
        given: The ids as given by a caller.
        wanted: The prefixes that belong there.
        homes: The fields in which ids of other kinds belong, by prefix.

    Raises:
        InvalidInputError: One is of another kind, or no id at all; the message names it, its place
            and where it belongs.
    """
    heads = tuple(f"{prefix}_" for prefix in wanted)
    for place, text in enumerate(given):
        if isinstance(text, str) and text.startswith(heads):
            continue
        prefix = text.rpartition("_")[0] if isinstance(text, str) else ""
        fault, remedy = "which is no id", ""
        if prefix in _NOUNS:
            fault = f"the id of a {_NOUNS[prefix]}".replace(" a a", " an a").replace(
                " a e", " an e"
            )
            if prefix in homes:
                remedy = f"; this one belongs in {homes[prefix]}"
        kinds = " or ".join(f"{_NOUNS[each]}s ({each}_…)" for each in wanted)
        shown = repr(text)
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        raise InvalidInputError(
            f"{field}[{place}] is {shown}, {fault}: give ids of {kinds}{remedy}",
            path=f"{field}[{place}]",
        )


def decode(prefix: str, text: str) -> int:
    """Return the row that a public id stands for.

    Args:
        prefix: What kind of thing is expected.
        text: The id as given by a caller.

    Returns:
        The primary key. Whether such a row exists is not known here.

    Raises:
        NotFoundError: ``text`` is no id of this kind.
    """
    head, _, digits = str(text).rpartition("_")
    if head == prefix and 0 < len(digits) <= 15 and digits.isalnum():
        try:
            return int(digits, 16)
        except ValueError:
            pass  # letters beyond f: refused below like any other text
    noun = _NOUNS[prefix]
    raise NotFoundError(
        f"there is no {noun} {text!r}: ids of a {noun} look like {encode(prefix, 1)}"
    )


def decode_known(prefix: str, texts: Iterable[str]) -> list[int]:
    """Return the rows that public ids stand for, without those that are no such ids.

    Args:
        prefix: What kind of thing is expected.
        texts: The ids as given by a caller.

    Returns:
        The primary keys in their order, none twice.
    """
    keys: set[int] = set()
    for text in texts:
        with suppress(NotFoundError):
            keys.add(decode(prefix, text))
    return sorted(keys)
