"""The value half of the parser: arithmetic, literals, functions and paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, cast

from nucleus_lab.errors import QueryError
from nucleus_lab.query import tree
from nucleus_lab.query.faults import fault
from nucleus_lab.query.habits import hint_at, key_hint
from nucleus_lab.query.tokens import Token, tokenize

MAX_DEPTH: Final = 100
"""Deepest nesting of parentheses, brackets, signs and NOT."""

MAX_OPERATORS: Final = 500
"""Most conditions and arithmetic signs in one query; SQLite reads expressions up to 1,000 deep."""

_RESERVED: Final = {"AND", "OR", "NOT", "NULL", "EXISTS"}
_OPERANDS: Final = {"name", "number", "text", "quoted", "date", "duration", "param"}


def shown(token: Token) -> str:
    """Return how an error message names a token.

    Args:
        token: The token.

    Returns:
        Its text in quotes, or ``the end of the query``.
    """
    return "the end of the query" if token.kind == "end" else f"'{token.text}'"


class ValueParser:
    """Reads values; the class that derives from it reads conditions.

    Args:
        source: The query text.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.index = 0
        self._depth = 0
        self._operators = 0

    # Tokens -----------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The token to read next."""
        return self.tokens[self.index]

    @property
    def last_end(self) -> int:
        """End of the token read last."""
        return self.tokens[self.index - 1].end if self.index else 0

    def peek(self, ahead: int) -> Token:
        """Look ahead.

        Args:
            ahead: How many tokens.

        Returns:
            That token, or the end.
        """
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Step over a token.

        Returns:
            The token stepped over.
        """
        token = self.tokens[self.index]
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def keyword(self, *words: str) -> bool:
        """Tell whether the next token is one of some keywords.

        Args:
            *words: The keywords in capitals.

        Returns:
            Whether it is.
        """
        return self.token.kind == "name" and self.token.text.upper() in words

    def mark(self, text: str) -> bool:
        """Tell whether the next token is an operator or bracket.

        Args:
            text: The operator.

        Returns:
            Whether it is.
        """
        return self.token.kind == "mark" and self.token.text == text

    def begins_operand(self) -> bool:
        """Tell whether a value could begin with the next token.

        Returns:
            Whether it could.
        """
        return self.token.kind in _OPERANDS or self.mark("(")

    # Limits and errors ------------------------------------------------------------------------

    @contextmanager
    def deeper(self, at: Token) -> Iterator[None]:
        """Count one level of nesting.

        Args:
            at: The token that opens the level.

        Yields:
            Nothing.

        Raises:
            QueryError: The limit is reached.
        """
        if self._depth >= MAX_DEPTH:
            raise fault(
                "Q015",
                f"the query is nested more than {MAX_DEPTH} levels deep",
                self.source,
                at.start,
            )
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def count_operator(self) -> None:
        """Count one condition or arithmetic sign.

        Raises:
            QueryError: The limit is reached.
        """
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise fault(
                "Q015",
                f"the query has more than {MAX_OPERATORS} conditions and operators",
                self.source,
                self.token.start,
                hint="a long list of values goes into IN (…), or into a parameter: IN {values}",
            )

    def expected(self, what: str, ahead: int = 0) -> QueryError:
        """Build the error for a token that does not fit.

        Args:
            what: What could stand here.
            ahead: How many tokens ahead the misfit is.

        Returns:
            The error.
        """
        token = self.peek(ahead)
        code = "Q011" if token.kind == "end" else "Q010"
        return fault(
            code,
            f"expected {what}, found {shown(token)}",
            self.source,
            token.start,
            len(token.text),
        )

    def two_operands(self) -> QueryError:
        """Build the error for two values without an operator between them.

        Returns:
            The error.
        """
        before = self.tokens[self.index - 1]
        token = self.token
        words = [before.text]
        ahead = 0
        while self.peek(ahead).kind == "name" and self.peek(ahead).text.upper() not in {
            "AND",
            "OR",
        }:
            words.append(self.peek(ahead).text)
            ahead += 1
        hint = ""
        if before.kind == "name" and ahead:
            first = self.index - 1
            while first > 1 and self.tokens[first - 1].text == ".":
                first -= 2
            joined = '"' + " ".join(words) + '"'
            path = self.source[self.tokens[first].start : before.end]
            if first and self.tokens[first - 1].kind == "mark":
                hint = f"quote text that has spaces: {joined}"
            else:
                hint = f"write {path} > 0, or quote a name that has spaces: {joined}"
        hint = hint_at(self.source, token.start) or hint
        return fault(
            "Q012",
            "expected an operator (=, !=, <, <=, >, >=, IN, LIKE, AND, OR …) after "
            f"{shown(before)}, found {shown(token)}",
            self.source,
            token.start,
            len(token.text),
            hint,
        )

    def close(self, opening: Token, closing: str) -> None:
        """Step over a closing bracket.

        Args:
            opening: The bracket that it closes.
            closing: ``)`` or ``]``.

        Raises:
            QueryError: Something else stands here.
        """
        if self.mark(closing):
            self.advance()
            return
        if self.begins_operand():
            raise self.two_operands()
        column = opening.start - self.source.rfind("\n", 0, opening.start)
        token = self.token
        raise fault(
            "Q010",
            f"expected '{closing}' to close the {opening.text} at column {column}, "
            f"found {shown(token)}",
            self.source,
            token.start,
            len(token.text),
        )

    # Values -----------------------------------------------------------------------------------

    def condition(self) -> tree.Expression:
        """Read a condition; the parser of conditions provides it.

        Raises:
            NotImplementedError: This half cannot read conditions.
        """
        raise NotImplementedError

    def operand(self) -> tree.Expression:
        """Read what stands right of an operator, where a lone word is text; in parentheses a field.

        Returns:
            The value.
        """
        inside = self.mark("(")
        value = self.sum()
        lone = isinstance(value, tree.Path) and len(value.segments) == 1 and not inside
        if isinstance(value, tree.Path) and lone and value.filter is None:
            return tree.Word(value.start, value.end, value.segments[0].name)
        if isinstance(value, tree.CONDITIONS):
            raise fault(
                "Q032",
                "a condition is compared here, as if it were a value",
                self.source,
                value.start,
                value.end - value.start,
                hint="join conditions with AND, OR and NOT",
            )
        return value

    def sum(self) -> tree.Expression:
        """Read a value of any form.

        Returns:
            The value; a condition when one stands in parentheses.
        """
        left = self._product()
        while self.mark("+") or self.mark("-"):
            left = self._binary(left, self._product)
        return left

    def _product(self) -> tree.Expression:
        left = self._unary()
        while self.mark("*") or self.mark("/") or self.mark("%"):
            left = self._binary(left, self._unary)
        return left

    def _binary(
        self, left: tree.Expression, read: Callable[[], tree.Expression]
    ) -> tree.Expression:
        self._refuse_condition_in_arithmetic(left)
        self.count_operator()
        sign = self.advance()
        right = read()
        self._refuse_condition_in_arithmetic(right)
        operator = cast("tree.ArithmeticOperator", sign.text)
        return tree.Binary(left.start, right.end, operator, left, right, sign.start)

    def _refuse_condition_in_arithmetic(self, value: tree.Expression) -> None:
        if isinstance(value, tree.CONDITIONS):
            raise fault(
                "Q032",
                "a condition stands in arithmetic, as if it were a number",
                self.source,
                value.start,
                value.end - value.start,
            )

    def _unary(self) -> tree.Expression:
        if self.mark("-") or self.mark("+"):
            sign = self.advance()
            with self.deeper(sign):
                operand = self._unary()
            self._refuse_condition_in_arithmetic(operand)
            if isinstance(operand, tree.Number) and operand.start == sign.end:
                value = -operand.value if sign.text == "-" else operand.value
                text = f"-{operand.text}" if sign.text == "-" else operand.text
                return tree.Number(sign.start, operand.end, value, text)
            return tree.Unary(sign.start, operand.end, "-" if sign.text == "-" else "+", operand)
        return self._atom()

    def _atom(self) -> tree.Expression:
        token = self.token
        if token.kind == "name":
            return self._name()
        if token.kind == "mark" and token.text == "(":
            opening = self.advance()
            with self.deeper(opening):
                inner = self.condition()
            self.close(opening, ")")
            if not isinstance(inner, tree.CONDITIONS):
                inner.start, inner.end = opening.start, self.last_end
            return inner
        literal = self._literal(token)
        if literal is not None:
            self.advance()
            return literal
        if token.kind == "end" or token.text in {")", "]"}:
            raise fault(
                "Q011",
                "the query ends too early: a value or a condition is missing here",
                self.source,
                token.start,
                len(token.text),
            )
        raise fault(
            "Q010",
            f"expected a value or a condition, found {shown(token)}",
            self.source,
            token.start,
            len(token.text),
        )

    def _literal(self, token: Token) -> tree.Expression | None:
        start, end = token.start, token.end
        if token.kind == "number":
            return tree.Number(start, end, token.value, token.text)
        if token.kind == "text":
            return tree.Text(start, end, str(token.value))
        if token.kind == "date":
            return tree.Date(start, end, *token.value)
        if token.kind == "duration":
            return tree.Duration(start, end, *token.value)
        if token.kind == "param":
            return tree.Parameter(start, end, str(token.value))
        if token.kind == "quoted":
            return tree.Path(start, end, (tree.Segment(start, end, str(token.value), quoted=True),))
        return None

    def _name(self) -> tree.Expression:
        token = self.token
        if token.text.upper() in _RESERVED:
            raise self._reserved(token)
        self.advance()
        if self.mark("(") and self.token.start == token.end:
            return self._function(token)
        first = tree.Segment(token.start, token.end, token.text, quoted=False)
        segments = (first, *self._segments())
        if not (self.mark("[") and self.token.start == self.last_end):
            return tree.Path(token.start, self.last_end, segments)
        hint = key_hint(self.source, token.start, self.token.start)
        if hint:
            message = "a key stands behind a dot; brackets hold a condition"
            raise fault("Q019", message, self.source, self.token.start, 1, hint)
        opening = self.advance()
        if self.mark("]"):
            raise fault(
                "Q011",
                "the brackets are empty: a condition is missing here",
                self.source,
                self.token.start,
                hint="write annotations.count > 0 for any object",
            )
        with self.deeper(opening):
            inner = self.condition()
        self.close(opening, "]")
        tail = self._segments()
        return tree.Path(token.start, self.last_end, segments, inner, tail)

    def _reserved(self, token: Token) -> QueryError:
        return fault(
            "Q017",
            f"{token.text} is a word of the language and cannot begin a value",
            self.source,
            token.start,
            len(token.text),
            hint="a condition is missing before it"
            if token.text.upper() in {"AND", "OR"}
            else f'quote it when it is text: "{token.text}"',
        )

    def _segments(self) -> tuple[tree.Segment, ...]:
        found: list[tree.Segment] = []
        while self.mark(".") and self.token.start == self.last_end:
            dot = self.advance()
            token = self.token
            if token.kind not in {"name", "text", "quoted"} or token.start != dot.end:
                raise fault(
                    "Q019",
                    "expected a name after '.'",
                    self.source,
                    dot.end if token.kind == "end" else token.start,
                    len(token.text),
                    hint="no blanks stand around the dots of a path",
                )
            self.advance()
            quoted = token.kind != "name"
            found.append(tree.Segment(token.start, token.end, str(token.value), quoted))
        return tuple(found)

    def _function(self, name: Token) -> tree.Function:
        opening = self.advance()
        arguments: list[tree.Expression] = []
        with self.deeper(opening):
            while not self.mark(")"):
                arguments.append(self.condition())
                if not self.mark(","):
                    break
                self.advance()
        self.close(opening, ")")
        return tree.Function(name.start, self.last_end, name.text.lower(), tuple(arguments))
