"""Tokens to a tree: the whole grammar of the query language.

.. code-block:: ebnf

    query      = [ "WHERE" ] [ condition ] [ order ] { page } EOF ;      (* empty = everything *)
    order      = "ORDER" "BY" key { "," key } ;
    key        = sum [ "ASC" | "DESC" ] [ "NULLS" ( "FIRST" | "LAST" ) ] ;
    page       = "LIMIT" nat | "OFFSET" nat | "SAMPLE" nat [ "SEED" nat ] ;
    condition  = conj { ( "OR" | "||" ) conj } ;
    conj       = factor { ( "AND" | "&&" ) factor } ;
    factor     = ( "NOT" | "!" ) factor | test ;
    test       = "EXISTS" sum | sum [ relation ] ;
    relation   = comparison operand { rank operand }        (* a chain: rank only, one direction *)
               | [ "NOT" ] "IN" set
               | [ "NOT" ] "BETWEEN" operand "AND" operand
               | [ "NOT" ] text_op operand
               | "IS" [ "NOT" ] "NULL" ;
    comparison = "=" | "==" | "!=" | "<>" | rank ;
    rank       = "<" | "<=" | ">" | ">=" ;
    text_op    = "LIKE" | "ILIKE" | "CONTAINS" | "STARTS" "WITH" | "ENDS" "WITH"
               | "MATCHES" | "~" | "=~" ;
    set        = "(" [ operand { "," operand } [ "," ] ] ")"
               | "[" [ operand { "," operand } [ "," ] ] "]" | param ;
    operand    = bareword | sum ;
    sum        = product { ( "+" | "-" ) product } ;
    product    = unary { ( "*" | "/" | "%" ) unary } ;
    unary      = ( "-" | "+" ) unary | atom ;
    atom       = number | text | date | duration | param | function | path | "(" condition ")" ;
    function   = name "(" [ condition { "," condition } ] ")" ;
    path       = name { "." segment } [ "[" condition "]" { "." segment } ] ;
    segment    = name | digits_and_letters | text | "`" … "`" ;
    param      = "{" name "}" | ":" name | "@" name ;

Keywords are case-insensitive and count only where the grammar expects one, so classes and keys may
be called ``order`` or ``first``; only AND, OR, NOT, NULL and EXISTS cannot begin a value. No blanks
stand around the dots of a path, nor before its bracket.
"""

from __future__ import annotations

import re
import warnings
from typing import Final, cast

from nucleus_lab.errors import QueryError
from nucleus_lab.query import tree
from nucleus_lab.query.faults import fault
from nucleus_lab.query.parse_values import ValueParser
from nucleus_lab.query.token_reader import shown

_COMPARATORS: Final = {
    "=": "=",
    "==": "=",
    "!=": "!=",
    "<>": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_TEXT_WORDS: Final = ("LIKE", "ILIKE", "CONTAINS", "MATCHES")
_RANK: Final = ("<", "<=", ">", ">=")


def parse(source: str) -> tree.Query:
    """Read a query.

    Args:
        source: The query text; empty text selects everything.

    Returns:
        The tree.

    Raises:
        QueryError: The text is no query; the error has the position.

    Example:
        >>> parse("annotations.count > 3").condition.operators
        ('>',)
    """
    return _Parser(source).query()


class _Parser(ValueParser):
    """Conditions, order and pages; the values come from :class:`ValueParser`."""

    def query(self) -> tree.Query:
        if self.keyword("WHERE") and self._where_is_keyword():
            self.advance()
        condition = None
        if not self._at_end_of_condition():
            condition = self.condition()
        result = tree.Query(0, len(self.source), self.source, condition)
        if self._order_follows():
            result.order = self._order()
        while self._page_follows():
            self._page(result)
        self._expect_end()
        return result

    def _where_is_keyword(self) -> bool:
        following = self.peek(1)
        return following.kind != "mark" or following.text in {"(", "!", "-", "+"}

    def _order_follows(self) -> bool:
        following = self.peek(1)
        return self.keyword("ORDER") and following.kind == "name" and following.text.upper() == "BY"

    def _page_follows(self) -> bool:
        return self.keyword("LIMIT", "OFFSET", "SAMPLE") and self.peek(1).kind in {"number", "end"}

    def _at_end_of_condition(self) -> bool:
        return self.token.kind == "end" or self._order_follows() or self._page_follows()

    def _order(self) -> tuple[tree.OrderKey, ...]:
        self.advance()
        self.advance()
        keys = [self._order_key()]
        while self.mark(","):
            self.advance()
            keys.append(self._order_key())
        return tuple(keys)

    def _order_key(self) -> tree.OrderKey:
        operand = self.sum()
        descending = self.keyword("DESC")
        if self.keyword("ASC", "DESC"):
            self.advance()
        nulls_first = False
        if self.keyword("NULLS"):
            self.advance()
            nulls_first = self.keyword("FIRST")
            if not self.keyword("FIRST", "LAST"):
                raise self.expected("FIRST or LAST after NULLS")
            self.advance()
        return tree.OrderKey(operand.start, self.last_end, operand, descending, nulls_first)

    def _page(self, result: tree.Query) -> None:
        word = self.advance()
        name = word.text.upper()
        if {"LIMIT": result.limit, "OFFSET": result.offset, "SAMPLE": result.sample}[
            name
        ] is not None:
            raise fault("Q014", f"{name} appears twice", self.source, word.start, len(word.text))
        amount = self._natural(name)
        if name == "LIMIT":
            result.limit = amount
        elif name == "OFFSET":
            result.offset = amount
        else:
            result.sample = amount
            if self.keyword("SEED"):
                self.advance()
                result.seed = self._natural("SEED")

    def _natural(self, word: str) -> int:
        if self.token.kind != "number" or not isinstance(self.token.value, int):
            raise self.expected(f"a whole number after {word}")
        return int(self.advance().value)

    def _expect_end(self) -> None:
        token = self.token
        if token.kind == "end":
            return
        if token.text in {")", "]"}:
            opening = "(" if token.text == ")" else "["
            raise fault(
                "Q013", f"this {token.text} has no matching {opening}", self.source, token.start
            )
        if self.begins_operand():
            raise self.two_operands()
        raise fault(
            "Q014",
            f"unexpected {shown(token)} after the end of the query",
            self.source,
            token.start,
            len(token.text),
        )

    # Conditions -------------------------------------------------------------------------------

    def condition(self) -> tree.Expression:
        start = self.token.start
        parts = [self._conjunction()]
        while self.keyword("OR") or self.mark("||"):
            self.advance()
            parts.append(self._conjunction())
        if len(parts) == 1:
            return parts[0]
        return tree.Or(start, self.last_end, tuple(parts))

    def _conjunction(self) -> tree.Expression:
        start = self.token.start
        parts = [self._factor()]
        while self.keyword("AND") or self.mark("&&"):
            self.advance()
            parts.append(self._factor())
        if len(parts) == 1:
            return parts[0]
        return tree.And(start, self.last_end, tuple(parts))

    def _factor(self) -> tree.Expression:
        if self.keyword("NOT") or self.mark("!"):
            word = self.advance()
            with self.deeper(word):
                part = self._factor()
            return tree.Not(word.start, self.last_end, part)
        return self._test()

    def _test(self) -> tree.Expression:
        self.count_operator()
        if self.keyword("EXISTS"):
            word = self.advance()
            operand = self.sum()
            return tree.IsNull(word.start, self.last_end, operand, negated=True)
        operand = self.sum()
        return self._relation(operand)

    def _relation(self, operand: tree.Expression) -> tree.Expression:
        token = self.token
        if token.kind == "mark" and token.text in _COMPARATORS:
            self._refuse_condition(operand)
            return self._comparison(operand)
        negated = False
        following = token
        if self.keyword("NOT"):
            following = self.peek(1)
            negated = True
        word = following.text.upper() if following.kind in {"name", "mark"} else ""
        is_relation = (
            word in {"IN", "BETWEEN", "IS", *_TEXT_WORDS}
            or word in {"~", "=~"}
            or (word in {"STARTS", "ENDS"} and self._with_follows(1 + negated))
        )
        if not is_relation or (negated and word == "IS"):
            if negated:
                raise self.expected("IN, BETWEEN, LIKE or another text operator after NOT", ahead=1)
            return operand
        self._refuse_condition(operand)
        if negated:
            self.advance()
        self.advance()
        if word == "IN":
            return self._membership(operand, negated=negated)
        if word == "BETWEEN":
            return self._between(operand, negated=negated)
        if word == "IS":
            return self._is_null(operand)
        return self._text_test(operand, word, negated=negated)

    def _with_follows(self, ahead: int) -> bool:
        return self.peek(ahead).text.upper() == "WITH"

    def _refuse_condition(self, operand: tree.Expression) -> None:
        if isinstance(operand, tree.CONDITIONS):
            raise fault(
                "Q032",
                "a condition is compared here, as if it were a value",
                self.source,
                operand.start,
                operand.end - operand.start,
                hint="join conditions with AND, OR and NOT",
            )

    def _comparison(self, first: tree.Expression) -> tree.Expression:
        operands = [first]
        operators: list[tree.Comparator] = []
        while self.token.kind == "mark" and self.token.text in _COMPARATORS:
            operator = _COMPARATORS[self.token.text]
            self._check_chain([str(each) for each in operators], operator)
            operators.append(cast("tree.Comparator", operator))
            sign = self.advance()
            operands.append(self._compared(sign.text))
        return tree.Comparison(first.start, operands[-1].end, tuple(operands), tuple(operators))

    def _check_chain(self, before: list[str], operator: str) -> None:
        if not before:
            return
        same = operator in _RANK and before[-1] in _RANK and operator[0] == before[-1][0]
        if not same:
            raise fault(
                "Q016",
                "only < and <= (or > and >=) can be chained, as in 0.3 < iou < 0.5",
                self.source,
                self.token.start,
                len(self.token.text),
            )
        self.count_operator()

    def _compared(self, sign: str) -> tree.Expression:
        if self.keyword("NULL"):
            raise fault(
                "Q018",
                f"nothing is {sign} NULL",
                self.source,
                self.token.start,
                len(self.token.text),
                hint="write IS NULL or IS NOT NULL",
            )
        return self.operand()

    def _membership(self, operand: tree.Expression, *, negated: bool) -> tree.Expression:
        token = self.token
        if token.kind == "param":
            self.advance()
            whole = tree.Parameter(token.start, token.end, str(token.value))
            return tree.In(operand.start, token.end, operand, whole, negated)
        if token.text not in {"(", "["} or token.kind != "mark":
            raise self.expected("a list in parentheses after IN")
        opening = self.advance()
        closing = ")" if opening.text == "(" else "]"
        values: list[tree.Expression] = []
        while not self.mark(closing):
            values.append(self._compared("in"))
            if not self.mark(","):
                break
            self.advance()
        self.close(opening, closing)
        return tree.In(operand.start, self.last_end, operand, tuple(values), negated)

    def _between(self, operand: tree.Expression, *, negated: bool) -> tree.Expression:
        low = self._compared("between")
        if not self.keyword("AND") and not self.mark("&&"):
            raise self.expected("AND and the upper end of BETWEEN")
        self.advance()
        high = self._compared("between")
        return tree.Between(operand.start, high.end, operand, low, high, negated)

    def _is_null(self, operand: tree.Expression) -> tree.Expression:
        negated = self.keyword("NOT")
        if negated:
            self.advance()
        if not self.keyword("NULL"):
            raise self.expected("NULL or NOT NULL after IS")
        self.advance()
        return tree.IsNull(operand.start, self.last_end, operand, negated)

    def _text_test(self, operand: tree.Expression, word: str, *, negated: bool) -> tree.Expression:
        if word in {"STARTS", "ENDS"}:
            self.advance()
            word += " WITH"
        elif word in {"~", "=~"}:
            word = "MATCHES"
        pattern = self._compared(word.lower())
        if word == "MATCHES" and isinstance(pattern, tree.Text):
            check_pattern(pattern.value, pattern, self.source)
        operator = cast("tree.TextOperator", word)
        return tree.TextTest(operand.start, pattern.end, operator, operand, pattern, negated)


def check_pattern(pattern: str, node: tree.Expression, source: str) -> None:
    """Compile a regular expression, so that a bad one is refused at once.

    Args:
        pattern: The expression.
        node: Where it stands.
        source: The whole query text.

    Raises:
        QueryError: It is not valid.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of sets that may be read otherwise
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as reason:
        offset = (getattr(reason, "pos", 0) or 0) + 1
        what = getattr(reason, "msg", str(reason))
        position = min(node.start + offset, node.end - 1)
        raise fault("Q050", f"not a valid regular expression: {what}", source, position) from reason


__all__ = ["QueryError", "check_pattern", "parse"]
