"""What a dataset tells about a query: how it was read, how it may go on, and saved ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any


class QueryWarning(UserWarning):
    """What a person should know about how a query was read, or why it finds nothing.

    The text begins with a code: ``W1`` a name that the dataset does not have, ``W2`` a value that
    is never seen, ``W3`` a contradiction, ``W4`` a NOT that keeps what has no value, ``W5``
    metadata of a scene taken for that of its items.
    """


@dataclass(frozen=True, slots=True)
class ConditionCount:
    """One condition of a query alone.

    Attributes:
        text: The condition as written.
        count: Rows that it selects.
    """

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to go on with a query.

    Attributes:
        text: What to write.
        kind: What it is, such as ``field``, ``key``, ``value`` or ``class``.
        detail: One line about it.
        start: Where the text to replace begins.
        end: Where it ends.
    """

    text: str
    kind: str
    detail: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query with a name, used as ``saved("name")``.

    Attributes:
        name: The name.
        query: The text.
        level: What it is about, such as ``items``.
        created_at: When it was saved.
    """

    name: str
    query: str
    level: str
    created_at: str


@dataclass(frozen=True, slots=True)
class QueryExplanation:
    """How a query was read and what it costs.

    Attributes:
        query: The text as given.
        level: What it is about.
        canonical: A query that means the same, with brackets around what speaks of one object.
        sql: The statement, with its values in place.
        plan: The plan of the database, line by line.
        count: Rows that it selects.
        milliseconds: Time to read, compile and count.
        conditions: Rows that each condition of its AND selects alone.
        warnings: What a person should know about how it was read.
        empty_because: Why it selects nothing; ``None`` when it selects something.
    """

    query: str
    level: str
    canonical: str
    sql: str
    plan: list[str]
    count: int
    milliseconds: float
    conditions: list[ConditionCount] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    empty_because: str | None = None

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> QueryExplanation:
        """Make an explanation from its payload.

        Args:
            payload: An answer of the explanation route.

        Returns:
            The explanation.
        """
        names = (
            "query", "level", "canonical", "sql", "plan", "count", "milliseconds", "warnings",
            "empty_because",
        )  # fmt: skip
        counts = [ConditionCount(each["text"], each["count"]) for each in payload["conditions"]]
        return cls(conditions=counts, **{name: payload[name] for name in names})

    def __str__(self) -> str:
        lines = [f"{self.count} {self.level} in {self.milliseconds:.1f} ms"]
        lines.append(f"read as: {self.canonical or 'everything'}")
        if len(self.conditions) > 1:
            lines += [f"  {each.count:>9}  {each.text}" for each in self.conditions]
        if self.empty_because:
            lines.append(f"nothing found: {self.empty_because}")
        lines += self.warnings
        lines += ["plan:", *(f"  {line}" for line in self.plan)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:right'>{each.count}</td>"
            f"<td style='text-align:left'><code>{escape(each.text)}</code></td></tr>"
            for each in self.conditions
        )
        notes = [*([f"Nothing found: {self.empty_because}"] if self.empty_because else [])]
        notes += self.warnings
        shown = "".join(f"<div>{escape(note)}</div>" for note in notes)
        plan = escape("\n".join(self.plan))
        return (
            f"<div><b>{self.count}</b> {escape(self.level)} in {self.milliseconds:.1f} ms</div>"
            f"<div>read as <code>{escape(self.canonical or 'everything')}</code></div>"
            f"{shown}<table>{rows}</table>"
            f"<details><summary>SQL and plan</summary><pre>{escape(self.sql)}\n\n{plan}</pre>"
            "</details>"
        )
