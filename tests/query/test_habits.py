"""What people write out of the habit of other languages is refused with what to write."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nucleus_lab.errors import QueryError
from nucleus_lab.query.parse import parse

HINTS = {
    "width => 3": "write >=",
    "width =< 3": "write <=",
    "width === 3": "write =",
    "width ! = 3": "write != without a blank",
    "width > 3;": "leave the ; out: a query is one condition",
    "width ** 2 > 4": "there are no powers: multiply the value by itself",
    "width > 3 // wide": "a comment begins with #",
    "width > 3 -- wide ones": "a comment begins with #",
    "filename = *.jpg": 'for any letters write LIKE and %, in quotes: LIKE "%.jpg"',
    "filename LIKE a%": 'quote the pattern: LIKE "a%"',
    "filename MATCHES [ab]": 'quote the pattern: MATCHES "^a"',
    "width > 3 LIMIT 10, 20": "write LIMIT 20 OFFSET 10",
    "width > 3 LIMIT -1": "LIMIT takes a whole number from 0 up",
    "width > 3 SKIP 5": "write OFFSET 5",
    "width > 3 TOP 5": "write LIMIT 5",
    "width > 3 SORT BY height": "write ORDER BY height",
    "width > 3 ORDER height": "write ORDER BY height",
    "width > 3 GROUP BY type": "a query finds rows: make a DataFrame of them and group that",
    "SELECT * FROM items WHERE width > 3": (
        "leave out SELECT and FROM: a query is what stands behind WHERE"
    ),
    "width > 1,000": "write numbers without commas: 1000",
    "width > 1_000": "write the number alone: 1000",
    "width > 100px": "write the number alone: 100",
    "width IN 1, 2, 3": "write IN (1, 2, 3)",
    "width IN (1 2)": "put commas between the values of a list",
    "width IN range(3)": "make the list in Python and pass it by its name: IN {values}",
    "ref_id IN ids": "a list from Python stands in braces: IN {ids}",
    "dense IN metadata.tags": (
        "a list equals what any of its elements equals: write metadata.tags = dense"
    ),
    'metadata["lab"] = a': "write metadata.lab",
    "metadata['a lab'] = a": 'write metadata."a lab"',
    "metadata.tags[0] = a": (
        "a list equals what any of its elements equals: write metadata.tags = …"
    ),
    "metadata.lab startswith a": 'write metadata.lab STARTS WITH "…"',
    'metadata.lab.startswith("a")': 'write metadata.lab STARTS WITH "…"',
    "metadata.lab regexp 'a'": 'write metadata.lab MATCHES "…"',
    "metadata.lab exists": "write EXISTS metadata.lab",
    "metadata.lab IS None": "write IS NULL or IS NOT NULL for no value, = for others",
    "metadata.lab IS true": "write = true",
    "metadata.n mod 2 = 0": "write metadata.n % …",
    "annotations.count() > 3": "write annotations.count without ()",
    "created_at > now() - 1 day": "write 1d",
    "created_at > now() - 1y": "write days: 365d",
    "created_at > 2024-5-1": "write 2024-05-01; to subtract put blanks around the minus",
    "created_at > 01.05.2024": "write a date as 2024-05-31",
    "width > 1 AND AND height > 1": "a condition is missing before it",
    "width > 1 metadata.n > 1": "join conditions with AND or OR",
    "width > 1, metadata.n > 1": "join conditions with AND or OR",
    "width > 1 XOR height > 1": "write (a OR b) AND NOT (a AND b)",
    "filename = 'it's fine'": ("add ' at its end; a text that holds ' stands in double quotes"),
}


@pytest.mark.parametrize("text", HINTS)
def test_a_habit_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse(text)

    assert refusal.value.details["hint"] == HINTS[text]
    assert str(refusal.value).endswith(f"hint: {HINTS[text]}")


READ_ON = {
    "mean(annotations.area) > 5": "write avg(…)",
    "isnull(metadata.lab)": "write metadata.lab IS NULL",
    "width = 1 OR 2": "name the field again: … OR metadata.camera = 2; or write IN (…)",
    "NOT metadata.ok": "compare it: metadata.ok = true, or metadata.ok IS NOT NULL",
    "label = car": "query objects of type ground_truth_only, or write annotations[label …]",
    "confidence > 0.5": "type predictions_only, or write predictions[confidence …]",
}


@pytest.mark.parametrize("text", READ_ON)
def test_a_habit_of_names_is_refused_with_what_to_write(text: str, ask: Any) -> None:
    with pytest.raises(QueryError, match=re.escape(READ_ON[text])):
        ask(text)
