"""What a query is made of, as the parser reads it; nothing here knows a dataset.

Each node has ``start`` and ``end``, its place in the text. A struct is made ten times as fast as a
dataclass, whose methods are compiled at every start.
"""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

ArithmeticOperator = Literal["+", "-", "*", "/", "%"]
Comparator = Literal["=", "!=", "<", "<=", ">", ">="]
TextOperator = Literal["LIKE", "ILIKE", "CONTAINS", "STARTS WITH", "ENDS WITH", "MATCHES"]


class Node(msgspec.Struct):
    """Anything with a place in the text."""

    start: int
    end: int


class Number(Node):
    """A number; ``text`` is how it was written, for comparison with text values."""

    value: float | int
    text: str


class Text(Node):
    """A quoted text."""

    value: str


class Word(Node):
    """A lone bare word where a value may stand: text, or a field right of ``<`` and ``>``."""

    name: str


class Date(Node):
    """A date in UTC; without a time it means the whole day for ``=``."""

    value: datetime.datetime
    has_time: bool


class Duration(Node):
    """An amount with a unit: milliseconds to weeks, or kilometres."""

    amount: float
    unit: str


class Parameter(Node):
    """A value that the caller passes under a name."""

    name: str


class Segment(Node):
    """One name of a path; a quoted one is never a reserved word."""

    name: str
    quoted: bool


class Path(Node):
    """A field: names, an optional filter in brackets, and names after it."""

    segments: tuple[Segment, ...]
    filter: Expression | None = None
    tail: tuple[Segment, ...] = ()


class Function(Node):
    """A call; its name in lower case."""

    name: str
    arguments: tuple[Expression, ...]


class Unary(Node):
    """A sign before a value."""

    operator: Literal["+", "-"]
    operand: Expression


class Binary(Node):
    """Arithmetic; ``at`` is the place of the operator."""

    operator: ArithmeticOperator
    left: Expression
    right: Expression
    at: int


class And(Node):
    """All parts hold."""

    parts: tuple[Expression, ...]


class Or(Node):
    """At least one part holds."""

    parts: tuple[Expression, ...]


class Not(Node):
    """The exact complement."""

    part: Expression


class Comparison(Node):
    """``a < b <= c``: the operands, and the operators between them."""

    operands: tuple[Expression, ...]
    operators: tuple[Comparator, ...]


class In(Node):
    """Membership; ``values`` is a parameter when the whole list is one."""

    operand: Expression
    values: tuple[Expression, ...] | Parameter
    negated: bool


class Between(Node):
    """An inclusive range."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool


class TextTest(Node):
    """A pattern or part of a text."""

    operator: TextOperator
    operand: Expression
    pattern: Expression
    negated: bool


class IsNull(Node):
    """Whether there is no value."""

    operand: Expression
    negated: bool


Value = Number | Text | Word | Date | Duration | Parameter | Path | Function | Unary | Binary
Condition = And | Or | Not | Comparison | In | Between | TextTest | IsNull
Expression = Value | Condition

CONDITIONS = (And, Or, Not, Comparison, In, Between, TextTest, IsNull)
"""The nodes that are true or false; a path or function may be either."""


class OrderKey(Node):
    """One key of ``ORDER BY``."""

    operand: Expression
    descending: bool
    nulls_first: bool


class Query(Node):
    """A whole query; without a condition everything matches."""

    source: str
    condition: Expression | None
    order: tuple[OrderKey, ...] = ()
    limit: int | None = None
    offset: int | None = None
    sample: int | None = None
    seed: int | None = None
