"""Warnings that the text of a query gives cause for: contradictions, and NOT beside no value."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Any, Final, NamedTuple

from nucleus_lab.query import bound
from nucleus_lab.query.bound import BoundCondition, BoundValue
from nucleus_lab.query.catalog import Catalog, Run
from nucleus_lab.query.faults import nearest
from nucleus_lab.query.given_values import text_as_moment, text_as_number

_LABELS: Final = {"label", "gt_label", "pred_label"}
_SHOWN: Final = 8


def contradictions(condition: BoundCondition | None, source: str) -> list[str]:
    """Find properties of one object that would have to equal two texts.

    Args:
        condition: A condition in normal form.
        source: The query.

    Returns:
        A warning ``W3`` for each.
    """
    found: list[str] = []
    for parts in _conjunctions(condition):
        seen: dict[tuple[Any, ...], bound.Test] = {}
        for part in parts:
            key = _equality(part)
            if key is None or not isinstance(part, bound.Test):
                continue
            first = seen.setdefault(key, part)
            if first is not part and _text(first) != _text(part):
                found.append(_contradiction(first, part, source))
    return list(dict.fromkeys(found))


def _contradiction(first: bound.Test, second: bound.Test, source: str) -> str:
    field: Any = first.operands[0]
    kind = field.scope.root.kind
    one, other = (source[slice(*test.place)] for test in (first, second))
    message = f"W3: {one} AND {other} are about one object and never hold together"
    if field.field.name == "label" and kind in {"annotations", "predictions"}:
        names = [
            name if name.isidentifier() else f'"{name}"' for name in map(_text, (first, second))
        ]
        both = " AND ".join(f"{kind}.{name} > 0" for name in names)
        return f"{message}; for one of each write {both}"
    return f"{message}; for one of each write {kind}[…] AND {kind}[…]"


def _text(test: bound.Test) -> str:
    constant: Any = test.operands[1]
    return str(constant.text)


def _equality(part: BoundCondition) -> tuple[Any, ...] | None:
    if not isinstance(part, bound.Test) or part.operators != ("=",):
        return None
    left, right = part.operands
    if isinstance(left, bound.Many) and left.bound:
        left = left.inner
    if not isinstance(left, bound.FieldValue) or not isinstance(right, bound.Constant):
        return None
    if left.field.kind != "text" or right.kind != "text" or left.scope.root.kind == "slices":
        return None
    return (id(left.scope.root), left.field.name)


def _conjunctions(condition: BoundCondition | None) -> Iterator[list[BoundCondition]]:
    """Walk the groups of conditions that have to hold together."""
    if condition is None:
        return
    if isinstance(condition, bound.Exists | bound.Complement | bound.Named):
        inner = condition.where if isinstance(condition, bound.Exists) else condition.part
        yield from _conjunctions(inner)
    elif isinstance(condition, bound.AnyOf):
        for part in condition.parts:
            yield from _conjunctions(part)
    elif isinstance(condition, bound.All):
        parts = list(_flat(condition))
        yield parts
        for part in parts:
            yield from _conjunctions(part)


def _flat(condition: bound.All) -> Iterator[BoundCondition]:
    for part in condition.parts:
        if isinstance(part, bound.All):
            yield from _flat(part)
        else:
            yield part


def keeps_missing(part: BoundCondition, source: str) -> tuple[str, tuple[str, ...]] | None:
    """Warn of a NOT that keeps items without the metadata that it is about.

    Args:
        part: What stands behind the NOT.
        source: The query.

    Returns:
        A warning ``W4`` and the key; ``None`` where no metadata of items is compared.
    """
    operands: tuple[Any, ...] = ()
    if isinstance(part, bound.Test):
        operands = part.operands
    elif isinstance(part, bound.Matches):
        operands = (part.operand, part.pattern)
    elif isinstance(part, bound.Member):
        operands = (part.operand,)
    for operand in operands:
        if not isinstance(operand, bound.FieldValue) or operand.field.source != "metadata":
            continue
        if operand.scope.root.kind == "items" and operand.path:
            place: Any = getattr(part, "place", operand.place)
            written, field = source[slice(*place)], source[slice(*operand.place)]
            text = f"W4: NOT {written} keeps items without {field}; to leave them out add "
            return f"{text}AND EXISTS {field}", operand.path
    return None


def unknown_texts(operands: Sequence[BoundValue], catalog: Catalog) -> list[str]:
    """Find what is compared with a class, a model, a slice, a category or an error there is not.

    Args:
        operands: What is compared; of a long list the first are looked at.
        catalog: Names of the dataset.

    Returns:
        A warning ``W1`` or ``W2`` for each, with the nearest known text.
    """
    few = operands[: _MOST_VALUES + 1]
    models = [run.model_ids[-1] for run in catalog.runs]
    told = [
        ("there is no class", text, nearest(text, catalog.labels))
        for text in _unknown_labels(few, catalog.labels)
    ]
    told += [
        ("there is no model run of", text, nearest(text, models))
        for text in _unknown_models(few, catalog.runs)
    ]
    return [
        *(
            f"W1: {what} {text!r}" + (f"; did you mean {near!r}?" if near else "")
            for what, text, near in told
        ),
        *_unknown_slices(few, catalog),
        *_unknown_tags(few, catalog),
        *_unknown_values(few),
    ]


def _unknown_labels(operands: Sequence[BoundValue], known: Container[str]) -> list[str]:
    """Find the labels of a comparison that the dataset does not have; new data may bring them.

    Args:
        operands: What is compared.
        known: The classes.

    Returns:
        The texts.
    """
    fields = [each.inner if isinstance(each, bound.Many) else each for each in operands]
    if not any(
        isinstance(each, bound.FieldValue) and each.field.name in _LABELS for each in fields
    ):
        return []
    given = [each for each in operands if isinstance(each, bound.Constant) and each.kind == "text"]
    return [each.text for each in given if each.text not in known]


def _unknown_models(operands: Sequence[BoundValue], runs: Sequence[Run]) -> list[str]:
    """Find the models of a comparison that have no run on the dataset.

    Args:
        operands: What is compared.
        runs: The model runs.

    Returns:
        The texts.
    """
    if not any(isinstance(each, bound.FieldValue) and each.field.source == "@model"
               for each in operands):  # fmt: skip
        return []
    known = {text for run in runs for text in (*run.model_ids, run.name)}
    texts = [each.text for each in operands if isinstance(each, bound.Constant)]
    return [text for text in texts if text not in known]


def _unknown_slices(operands: Sequence[BoundValue], catalog: Catalog) -> list[str]:
    """Find the names of a comparison that no slice has.

    Args:
        operands: What is compared.
        catalog: Names of the dataset.

    Returns:
        A warning ``W1`` for each, with the nearest name or else some that there are.
    """
    fields = [each.inner if isinstance(each, bound.Many) else each for each in operands]
    if not any(
        isinstance(each, bound.FieldValue) and each.field.source == "@slice_name" for each in fields
    ):
        return []
    known = catalog.slices
    told = []
    for text in (each.text for each in operands if isinstance(each, bound.Constant)):
        if text in known:
            continue
        near = nearest(text, known)
        shown = ", ".join(list(known)[:_SHOWN]) + (" …" if len(known) > _SHOWN else "")
        there = f"there are {shown}" if known else "the dataset has no slice"
        hint = f"did you mean {near!r}?" if near else there
        told.append(f"W1: there is no slice {text!r}; {hint}")
    return told


def _unknown_tags(operands: Sequence[BoundValue], catalog: Catalog) -> list[str]:
    """Find the names of a comparison that no autotag has.

    Args:
        operands: What is compared.
        catalog: Names of the dataset.

    Returns:
        A warning ``W1`` for each, with the nearest name.
    """
    fields = [each.inner if isinstance(each, bound.Many) else each for each in operands]
    level = next(
        (
            each.scope.detail[0]
            for each in fields
            if isinstance(each, bound.FieldValue) and each.field.source == "@autotag_name"
        ),
        None,
    )
    if level is None:
        return []
    known = [name for kind, name in catalog.autotags if kind == level]
    told = []
    for text in (each.text for each in operands if isinstance(each, bound.Constant)):
        if text not in known:
            near = nearest(text, known)
            hint = f"; did you mean {near!r}?" if near else ""
            told.append(f"W1: there is no {level} autotag {text!r}{hint}")
    return told


def _unknown_values(operands: Sequence[BoundValue]) -> list[str]:
    """Find the texts of a comparison that a field never has: a misspelt category or error.

    Args:
        operands: What is compared.

    Returns:
        A warning ``W2`` for each, with all values and the nearest one first.
    """
    fields = [each.inner if isinstance(each, bound.Many) else each for each in operands]
    known = next(
        (each.field for each in fields if isinstance(each, bound.FieldValue) and each.field.names),
        None,
    )
    if known is None:
        return []
    texts = [each.text for each in operands if isinstance(each, bound.Constant)]
    told = []
    for text in texts:
        if text.lower() not in known.names:
            near = nearest(text, known.values)
            ordered = [near] * bool(near) + [each for each in known.values if each != near]
            told.append(f"W2: {text!r} is no {known.name}; values: {', '.join(ordered)}")
    return told


class Compared(NamedTuple):
    """A key of item metadata that a query compares.

    Attributes:
        path: Keys from the outside in.
        text: The text that it is equal to, or not; ``None`` for any other comparison.
    """

    path: tuple[str, ...]
    text: str | None


def compared(condition: BoundCondition | None) -> Iterator[Compared]:
    """Walk the keys of item metadata that a condition compares with something.

    Args:
        condition: A condition in normal form.

    Yields:
        Each key, once for each text that it is compared with.
    """
    for leaf in _leaves(condition):
        yield from _compared_in(leaf)


def _leaves(condition: BoundCondition | None) -> Iterator[BoundCondition]:
    if isinstance(condition, bound.All | bound.AnyOf):
        for part in condition.parts:
            yield from _leaves(part)
    elif isinstance(condition, bound.Complement):
        if not isinstance(condition.part, bound.Present):
            yield from _leaves(condition.part)
    elif isinstance(condition, bound.Named):
        yield from _leaves(condition.part)
    elif isinstance(condition, bound.Exists):
        yield from _leaves(condition.where)
    elif condition is not None:
        yield condition


_DATE_LIKE: Final = re.compile(
    r"\d{1,4}([-/])\d{1,2}\1\d{1,4}\b|\d{1,2}\.\d{1,2}\.\d{4}|(?:today|yesterday|tomorrow)$", re.I
)


def dates_as_text(condition: BoundCondition | None) -> Iterator[str]:
    """Find what is meant as a date, ranked against metadata, and read as a text.

    Args:
        condition: A condition in normal form.

    Yields:
        A warning ``W2`` for each.
    """
    for leaf in _leaves(condition):
        if not isinstance(leaf, bound.Test) or not set(leaf.operators) & {"<", "<=", ">", ">="}:
            continue
        if not any(
            isinstance(each, bound.FieldValue) and each.field.source == "metadata"
            for each in leaf.operands
        ):
            continue
        for text in filter(None, map(_plain, _constants(leaf))):
            if _DATE_LIKE.match(text):
                yield (
                    f"W2: {text!r} is ranked as a text, letter by letter; write a date as "
                    "2024-05-31, or now() - 1d"
                )


def _constants(test: bound.Test) -> Iterator[bound.Constant]:
    return (each for each in test.operands if isinstance(each, bound.Constant))


def _compared_in(leaf: BoundCondition) -> Iterator[Compared]:
    texts: list[str | None] = [None]
    operands: tuple[Any, ...] = ()
    if isinstance(leaf, bound.Test):
        operands = leaf.operands
        if leaf.operators == ("=",):
            texts = [_plain(each) for each in leaf.operands if isinstance(each, bound.Constant)]
    elif isinstance(leaf, bound.Matches):
        operands = (leaf.operand, leaf.pattern)
    elif isinstance(leaf, bound.Member):
        operands = (leaf.operand,)
        if len(leaf.values) <= _MOST_VALUES:
            texts = [_plain(value) for value in leaf.values]
    for operand in operands:
        if _is_key(operand):
            for text in texts or [None]:
                yield Compared(operand.path, text)


_MOST_VALUES: Final = 20


def _is_key(operand: Any) -> bool:
    return (
        isinstance(operand, bound.FieldValue)
        and operand.field.source == "metadata"
        and operand.scope.root.kind == "items"
        and bool(operand.path)
    )


def _plain(constant: bound.Constant) -> str | None:
    """Return a text that equals texts alone: no number, no truth, no date."""
    text = constant.text
    if constant.kind != "text" or text in {"true", "false"}:
        return None
    return text if text_as_number(text) is None and text_as_moment(text) is None else None
