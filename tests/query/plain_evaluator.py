"""The query language over plain records: walks the tree that the parser made, and knows no SQL."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from plain_conditions import All, AnyOf, Condition, Leaf, Not, Whole, choices, holds
from plain_functions import FunctionReader
from plain_paths import Env, Reach, Read, Some, number_read
from plain_records import Item, Match, Records
from plain_values import (
    OPERATORS,
    Given,
    Refused,
    check,
    compare,
    is_number,
    number_of,
    text_test,
)

from nucleus_lab.query import tree
from nucleus_lab.query.parse import parse

RANKS = {"<", "<=", ">", ">="}


class Evaluator(FunctionReader):
    """Reads one query and asks every row."""

    parameters: Mapping[str, Any]

    def condition(  # noqa: C901 - one line for each node
        self, node: tree.Expression, inside: str | None
    ) -> Condition:
        if isinstance(node, tree.And):
            return All(tuple(self.condition(part, inside) for part in node.parts))
        if isinstance(node, tree.Or):
            return AnyOf(tuple(self.condition(part, inside) for part in node.parts))
        if isinstance(node, tree.Not):
            return Not(self.condition(node.part, inside))
        if isinstance(node, tree.Comparison):
            return self._comparison(node, inside)
        if isinstance(node, tree.In):
            return _negated(self._member(node, inside), node.negated)
        if isinstance(node, tree.Between):
            ends = [node.low, node.high]
            low, high = (self._operand(end, inside, None, rank=True) for end in ends)
            middle = self.value(node.operand, inside, self._wanted(ends))
            return _negated(self._chain((low, middle, high), ("<=", "<=")), node.negated)
        if isinstance(node, tree.TextTest):
            return _negated(self._text_test(node, inside), node.negated)
        if isinstance(node, tree.IsNull):
            return _negated(self._present(node.operand, inside), not node.negated)
        if isinstance(node, tree.Function) and node.name in self.conditions:
            return self.conditions[node.name](node, inside)
        if isinstance(node, tree.Path):
            meaning = self.path(node, inside, None)
            if isinstance(meaning, Some):
                return self._exists(meaning)
        elif isinstance(node, tree.Function):
            self.value(node, inside, None)
        raise Refused("Q031")

    def condition_test(self, node: tree.Expression, kind: str) -> Callable[[Env, Any], bool]:
        inner = self.condition(node, kind)
        return lambda env, each: holds(inner, Env(env.row, (kind, each)), self.objects_of)

    def _exists(self, some: Some) -> Condition:
        return Whole(
            lambda env: any(some.test(env, each) for each in self.objects_of(some.reach, env))
        )

    # Comparisons ------------------------------------------------------------------------------

    def _comparison(self, node: tree.Comparison, inside: str | None) -> Condition:
        reads = []
        for at, each in enumerate(node.operands):
            others = [other for other in node.operands if other is not each]
            rank = at > 0 and node.operators[at - 1] in RANKS
            reads.append(self._operand(each, inside, self._wanted(others), rank=rank))
        if node.operators == ("!=",):
            return Not(self._chain(tuple(reads), ("=",)))
        return self._chain(tuple(reads), node.operators)

    def _operand(
        self, node: tree.Expression, inside: str | None, wanted: str | None, *, rank: bool
    ) -> Read:
        label = (inside or self.level) == "matches"
        if isinstance(node, tree.Word) and (
            rank or (label and node.name in {"gt_label", "pred_label"})
        ):
            segment = tree.Segment(node.start, node.end, node.name, quoted=False)
            field = self.bare(tree.Path(node.start, node.end, (segment,)), inside)
            if field is not None:
                return field
        return self.value(node, inside, wanted)

    def _wanted(self, others: list[tree.Expression]) -> str:
        for node in others:
            if isinstance(node, tree.Text):
                return "number" if number_of(node.value) is not None else "text"
            if isinstance(node, tree.Word):
                return "text"
            if isinstance(node, tree.Parameter) and isinstance(self.parameters.get(node.name), str):
                return "text"
        return "number"

    def _chain(self, reads: tuple[Read, ...], signs: tuple[str, ...]) -> Condition:
        for sign, one, other in zip(signs, reads, reads[1:], strict=False):
            check(sign, one.kind, one.given, other.kind, other.given)

        def test(env: Env) -> bool:
            return any(
                all(
                    self._compared(
                        env, sign, (reads[at], values[at]), (reads[at + 1], values[at + 1])
                    )
                    for at, sign in enumerate(signs)
                )
                for values in itertools.product(*(_texts(read, env) for read in reads))
            )

        return Leaf(reads, test)

    def _compared(
        self, env: Env, sign: str, left: tuple[Read, Any], right: tuple[Read, Any]
    ) -> bool:
        (one, a), (other, b) = left, right
        for read, given in ((one, other.given), (other, one.given)):
            if sign == "=" and read.same is not None and given is not None:
                return given.kind != "time" and read.same(env, given.text)
        return compare(sign, one.kind, a, one.given, other.kind, b, other.given)

    def _member(self, node: tree.In, inside: str | None) -> Condition:
        wanted: list[Read] = []
        if isinstance(node.values, tree.Parameter):
            given = self.given(node.values)
            if given is None or given.kind != "list":
                raise Refused("Q042")
            wanted = [_constant(each) for each in given.value]
        else:
            for each in node.values:
                listed = self.given(each)
                if listed is not None and listed.kind == "list":
                    wanted += [_constant(one) for one in listed.value]
                else:
                    wanted.append(self.value(each, inside, None))
        texts = any(read.given is not None and read.given.kind == "text" for read in wanted)
        operand = self.value(node.operand, inside, "text" if texts else "number")
        return AnyOf(tuple(self._chain((operand, each), ("=",)) for each in wanted))

    def _text_test(self, node: tree.TextTest, inside: str | None) -> Condition:
        operand = self.value(node.operand, inside, "text")
        pattern = self.value(node.pattern, inside, "text")
        if pattern.given is None and node.operator == "MATCHES":
            raise Refused("Q050")
        allowed = {"text", "number"} if pattern.given else {"text", "json"}
        if pattern.kind not in allowed or operand.kind not in {"text", "json"}:
            raise Refused("Q030")

        def patterns(env: Env) -> list[Any]:
            return [pattern.given.text] if pattern.given else pattern.values(env)

        return Leaf(
            (operand, pattern),
            lambda env: any(
                text_test(node.operator, *pair)
                for pair in itertools.product(operand.values(env), patterns(env))
            ),
        )

    def _present(self, node: tree.Expression, inside: str | None) -> Condition:
        if isinstance(node, tree.CONDITIONS):
            raise Refused("Q032")
        meaning: Read | Some
        if isinstance(node, tree.Path):
            meaning = self.path(node, inside, None)
        else:
            meaning = self.value(node, inside, None)
        if isinstance(meaning, Some):
            return self._exists(meaning)
        if meaning.kind == "json":
            return Leaf((meaning,), lambda env: any(map(_there, meaning.sources(env))))
        return Leaf((meaning,), lambda env: bool(meaning.values(env)))

    # Whole queries ----------------------------------------------------------------------------

    def rows(self, match_type: str = "") -> list[tuple[Any, Env]]:
        """List the rows of the level in the order of ingestion."""
        if self.level in {"predictions", "matches"}:
            self.need_run()
        records, level = self.records, self.level
        if level == "scenes":
            return [(each.id, Env({"scenes": each})) for each in records.scenes]
        if level == "items":
            return [(each.id, Env({"items": each})) for each in records.items]
        found = []
        for item in records.items:
            for each in self._of_level(item):
                if isinstance(each, Match) and not _of_type(each, match_type):
                    continue
                row = {"items": item, level: each}
                if isinstance(each, Match):
                    row |= {"annotations": each.truth, "predictions": each.prediction}
                found.append((self.key_of(each), Env(row)))
        return found

    def _of_level(self, item: Item) -> list[Any]:
        if self.level == "matches":
            rows = self.records.matches_at(item, self.run or -1, self.threshold)
            return sorted(rows, key=self.key_of)
        found = getattr(item, self.level)
        mine = [each for each in found if self.level == "annotations" or each.run == self.run]
        return sorted(mine, key=lambda each: each.id)

    def key_of(self, each: Any) -> int:
        """The key of a row: that of a match says which part of a rejected pair it is."""
        split = isinstance(each, Match) and self.threshold is not None
        return each.id * 3 + each.part if split else each.id

    def run_query(self, text: str, match_type: str = "") -> list[int]:
        """Return the keys of the rows that a query selects, in its order.

        Raises:
            Refused: The language has no answer.
        """
        query = parse(text)
        self.source = text
        test: Condition = All(())
        if query.condition is not None:
            test = self.condition(query.condition, None)
        keys = [(self._order_key(key), key) for key in query.order]
        found = [row for row in self.rows(match_type) if holds(test, row[1], self.objects_of)]
        if query.sample is not None:
            found = self._sampled(found, query.sample, query.seed or 0)
        for order, key in reversed(keys):
            for part in reversed(order):
                found = _sorted(found, part, key)
        start = query.offset or 0
        stop = None if query.limit is None else start + query.limit
        return [key for key, _ in found[start:stop]]

    def _sampled(self, rows: list[Any], size: int, seed: int) -> list[Any]:
        """Draw by a hash of seed and name, so that a row's luck depends on no other row."""

        def rank(row: tuple[int, Env]) -> bytes:
            env = row[1].row
            named = [env[self.level]] if self.level in {"annotations", "predictions"} else []
            if self.level == "matches":
                named = [env["annotations"], env["predictions"]]
            owner = env["scenes"] if self.level == "scenes" else env["items"]
            names = [owner.ref, *("" if each is None else each.name for each in named)]
            text = "\0".join([str(seed), *names])
            return hashlib.blake2b(text.encode(), digest_size=8).digest()

        chosen = {key for key, _ in sorted(rows, key=rank)[:size]}
        return [row for row in rows if row[0] in chosen]

    def _order_key(self, key: tree.OrderKey) -> list[Callable[[Env], Any]]:
        """What an order compares: of metadata first numbers, then texts."""
        read = self.value(key.operand, None, "number")
        if len(set(read.reaches)) > 1:
            raise Refused("Q030")
        fold = max if key.descending else min
        json = read.kind == "json"

        def folded(fits: Callable[[Any], bool]) -> Callable[[Env], Any]:
            def value(env: Env) -> Any:
                found = [
                    each
                    for inner in choices(read.reaches, env, self.objects_of)
                    if all(test(inner) for test in read.where)
                    for each in (_fitting(read, inner, fits) if json else read.values(inner))
                ]
                return fold(found, default=None)

            return value

        if json:
            return [folded(is_number), folded(lambda value: isinstance(value, str))]
        return [folded(lambda _: True)]


def evaluate(
    records: Records,
    text: str,
    level: str = "items",
    *,
    run: int | None = None,
    match_type: str = "",
    parameters: Mapping[str, Any] | None = None,
    threshold: float | None = None,
) -> list[int]:
    """Answer a query from plain records.

    Raises:
        Refused: The language has no answer; with the code of the error.
    """
    evaluator = Evaluator(records, level, run, threshold)
    evaluator.parameters = parameters or {}
    return evaluator.run_query(text, match_type)


def _negated(condition: Condition, negated: bool) -> Condition:
    return Not(condition) if negated else condition


def _texts(read: Read, env: Env) -> list[Any]:
    """The values of a comparison; a field with other names for itself takes part without any."""
    values = read.values(env)
    return values or ([None] if read.same is not None else [])


def _constant(given: Given) -> Read:
    return number_read(lambda _: given.value, kind=given.kind, given=given, leaves=())


def _there(value: Any) -> bool:
    return value is not None and value != []


def _fitting(read: Read, env: Env, fits: Callable[[Any], bool]) -> list[Any]:
    """Values of the first source that has any of a type."""
    spread = [each if isinstance(each, list) else [each] for each in read.sources(env)]
    kept = [[value for value in each if fits(value)] for each in spread]
    return next((each for each in kept if each), [])


def _of_type(row: Match, match_type: str) -> bool:
    if match_type == "iou":
        return row.truth is not None and row.prediction is not None
    wanted = {"false_positive": "fp", "false_negative": "fn"}.get(match_type)
    return wanted is None or row.category == wanted


def _sorted(rows: list[Any], part: Callable[[Env], Any], key: tree.OrderKey) -> list[Any]:
    """Sort stably by one key, no value last or first."""
    values = [(part(env), (at, env)) for at, env in rows]
    there = [each for each in values if each[0] is not None]
    absent = [row for value, row in values if value is None]
    # reverse=True keeps the order of equals, as an order of ingestion asks for.
    there.sort(key=lambda each: each[0], reverse=key.descending)
    ordered = [row for _, row in there]
    return [*absent, *ordered] if key.nulls_first else [*ordered, *absent]


__all__ = ["Evaluator", "OPERATORS", "Reach", "Refused", "evaluate", "math"]
