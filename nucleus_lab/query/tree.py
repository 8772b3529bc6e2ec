"""What a query is made of, as the parser reads it; nothing here knows a dataset.

Each node has ``start`` and ``end``, its place in the text.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

ArithmeticOperator = Literal["+", "-", "*", "/", "%"]
Comparator = Literal["=", "!=", "<", "<=", ">", ">="]
TextOperator = Literal["LIKE", "ILIKE", "CONTAINS", "STARTS WITH", "ENDS WITH", "MATCHES"]


@dataclass(slots=True)
class Node:
    """Anything with a place in the text."""

    start: int
    end: int


@dataclass(slots=True)
class Number(Node):
    """A number; ``text`` is how it was written, for comparison with text values."""

    value: float | int
    text: str


@dataclass(slots=True)
class Text(Node):
    """A quoted text."""

    value: str


@dataclass(slots=True)
class Word(Node):
    """A lone bare word where a value may stand: text, or a field right of ``<`` and ``>``."""

    name: str


@dataclass(slots=True)
class Date(Node):
    """A date in UTC; without a time it means the whole day for ``=``."""

    value: datetime.datetime
    has_time: bool


@dataclass(slots=True)
class Duration(Node):
    """An amount with a unit: milliseconds to weeks, or kilometres."""

    amount: float
    unit: str


@dataclass(slots=True)
class Parameter(Node):
    """A value that the caller passes under a name."""

    name: str


@dataclass(slots=True)
class Segment(Node):
    """One name of a path; a quoted one is never a reserved word."""

    name: str
    quoted: bool


@dataclass(slots=True)
class Path(Node):
    """A field: names, an optional filter in brackets, and names after it."""

    segments: tuple[Segment, ...]
    filter: Expression | None = None
    tail: tuple[Segment, ...] = ()


@dataclass(slots=True)
class Function(Node):
    """A call; its name in lower case."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(slots=True)
class Unary(Node):
    """A sign before a value."""

    operator: Literal["+", "-"]
    operand: Expression


@dataclass(slots=True)
class Binary(Node):
    """Arithmetic; ``at`` is the place of the operator."""

    operator: ArithmeticOperator
    left: Expression
    right: Expression
    at: int


@dataclass(slots=True)
class And(Node):
    """All parts hold."""

    parts: tuple[Expression, ...]


@dataclass(slots=True)
class Or(Node):
    """At least one part holds."""

    parts: tuple[Expression, ...]


@dataclass(slots=True)
class Not(Node):
    """The exact complement."""

    part: Expression


@dataclass(slots=True)
class Comparison(Node):
    """``a < b <= c``: the operands, and the operators between them."""

    operands: tuple[Expression, ...]
    operators: tuple[Comparator, ...]


@dataclass(slots=True)
class In(Node):
    """Membership; ``values`` is a parameter when the whole list is one."""

    operand: Expression
    values: tuple[Expression, ...] | Parameter
    negated: bool


@dataclass(slots=True)
class Between(Node):
    """An inclusive range."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(slots=True)
class TextTest(Node):
    """A pattern or part of a text."""

    operator: TextOperator
    operand: Expression
    pattern: Expression
    negated: bool


@dataclass(slots=True)
class IsNull(Node):
    """Whether there is no value."""

    operand: Expression
    negated: bool


Value = Number | Text | Word | Date | Duration | Parameter | Path | Function | Unary | Binary
Condition = And | Or | Not | Comparison | In | Between | TextTest | IsNull
Expression = Value | Condition

CONDITIONS = (And, Or, Not, Comparison, In, Between, TextTest, IsNull)
"""The nodes that are true or false; a path or function may be either."""


@dataclass(slots=True)
class OrderKey(Node):
    """One key of ``ORDER BY``."""

    operand: Expression
    descending: bool
    nulls_first: bool


@dataclass(slots=True)
class Query(Node):
    """A whole query; without a condition everything matches."""

    source: str
    condition: Expression | None
    order: tuple[OrderKey, ...] = ()
    limit: int | None = None
    offset: int | None = None
    sample: int | None = None
    seed: int | None = None
