"""The value half of the parser: arithmetic, literals, functions and paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from nucleus_lab.errors import QueryError
from nucleus_lab.query import tree
from nucleus_lab.query.faults import fault
from nucleus_lab.query.habits import key_hint
from nucleus_lab.query.token_reader import TokenReader, shown
from nucleus_lab.query.tokens import Token

_RESERVED: Final = {"AND", "OR", "NOT", "NULL", "EXISTS"}


class ValueParser(TokenReader):
    """Reads values; the class that derives from it reads conditions."""

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
