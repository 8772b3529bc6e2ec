"""Reading a query token by token: where the parser stands, its limits and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nucleus_lab.errors import QueryError
from nucleus_lab.query.faults import fault
from nucleus_lab.query.habits import hint_at
from nucleus_lab.query.tokens import Token, tokenize

MAX_DEPTH: Final = 100
"""Deepest nesting of parentheses, brackets, signs and NOT."""

MAX_OPERATORS: Final = 500
"""Most conditions and arithmetic signs in one query; SQLite reads expressions up to 1,000 deep."""

_OPERANDS: Final = {"name", "number", "text", "quoted", "date", "duration", "param"}


def shown(token: Token) -> str:
    """Return how an error message names a token.

    Args:
        token: The token.

    Returns:
        Its text in quotes, or ``the end of the query``.
    """
    return "the end of the query" if token.kind == "end" else f"'{token.text}'"


class TokenReader:
    """Steps through the tokens of a query; the classes that derive from it know the grammar.

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
