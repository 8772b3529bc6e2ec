"""Declared types of metadata: what a schema may say, and what it refuses.

Without a schema a key may hold text on one item and a number on the next, and queries compare each
value as what it is. A schema declares one type for a key, and uploads that break it are refused
one by one. Keys that the schema does not name stay free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

from nucleus_lab import wire
from nucleus_lab.errors import InvalidInputError

CODE: Final = "metadata_type_conflict"
"""Of an entry in ``error_payload`` whose metadata breaks the schema."""


class Field(msgspec.Struct):
    """What a schema says about one key.

    Attributes:
        type: ``category`` and ``text`` are text, ``number`` a number, ``json`` anything.
        choices: The values that a ``category`` may have; any where there are none.
        description: Free text.
    """

    type: Literal["category", "number", "text", "json"]
    choices: list[str] | None = None
    description: str | None = None

    def fault(self, value: Any) -> str | None:
        """Say what is wrong with a value.

        Args:
            value: Plain value; ``None`` stands for no value.

        Returns:
            What it should be, or ``None``.
        """
        if value is None or self.type == "json":
            return None
        if self.type == "number":
            fits = isinstance(value, (int, float)) and not isinstance(value, bool)
            return None if fits else "a number"
        if not isinstance(value, str):
            return "text" if self.type == "text" else "a category (text)"
        if self.type == "category" and self.choices and value not in self.choices:
            shown = ", ".join(map(repr, self.choices[:10]))
            return f"one of {shown}{' …' if len(self.choices) > 10 else ''}"
        return None


Schema = dict[str, Field]


def check(schema: Mapping[str, Any] | None, name: str) -> None:
    """Refuse a schema that says nothing clear.

    Args:
        schema: Plain values, or ``None``.
        name: What the caller calls it.

    Raises:
        InvalidInputError: A field has no type, an unknown one, or choices that are no texts; the
            message names it.
    """
    for key, given in (schema or {}).items():
        try:
            entry = wire.convert(given, Field)
        except msgspec.ValidationError as fault:
            raise InvalidInputError(
                f"{name}.{key} does not fit: {fault}. Write "
                '{"type": "category" | "number" | "text" | "json", "choices": [texts], '
                '"description": text}, the last two as you like',
                path=f"{name}.{key}",
            ) from fault
        if entry.choices and entry.type != "category":
            raise InvalidInputError(
                f"{name}.{key} is of type {entry.type!r} and has choices: only a category has",
                path=f"{name}.{key}.choices",
            )


@lru_cache(maxsize=256)
def read(text: str | None) -> Schema:
    """Read the schema of a dataset.

    Args:
        text: JSON text, or ``None``.

    Returns:
        What it says about each key.
    """
    return wire.convert(wire.decode(text), Schema) if text else {}


def fault(schema: Schema, metadata: Mapping[str, Any] | None) -> str | None:
    """Say where metadata breaks a schema.

    Args:
        schema: What :func:`read` returned.
        metadata: Plain values.

    Returns:
        A part of a sentence, or ``None``.
    """
    if not metadata:
        return None
    for key, entry in schema.items():
        wanted = entry.fault(metadata.get(key))
        if wanted:
            shown = wire.encode(metadata[key]).decode()
            shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
            return f"metadata.{key} is {shown}, and the schema of the dataset wants {wanted}"
    return None


def refuse(text: str | None, changes: Mapping[str, Mapping[str, Any]], noun: str = "item") -> None:
    """Refuse new metadata of items or scenes as a whole.

    Args:
        text: The item schema of the dataset.
        changes: New values by key, by reference id.
        noun: What they belong to.

    Raises:
        InvalidInputError: A value breaks the schema; the message names the item or scene.
    """
    schema = read(text)
    if not schema:
        return
    for name, metadata in changes.items():
        wrong = fault(schema, metadata)
        if wrong:
            raise InvalidInputError(
                f"Metadata type conflict: {noun} {name!r}: {wrong}; nothing was changed",
                reference_id=name,
            )


def fitting(text: str | None, values: Iterable[Any], errors: list[str]) -> list[Any]:
    """Leave out annotations whose metadata breaks the schema.

    Args:
        text: The annotation schema of the dataset.
        values: Validated payloads.
        errors: Where to say which were left out.

    Returns:
        The others, in order.
    """
    schema = read(text)
    if not schema:
        return values if isinstance(values, list) else list(values)
    kept = []
    for value in values:
        wrong = fault(schema, value.metadata) or _segments(schema, value)
        if wrong is None:
            kept.append(value)
            continue
        named = f" {value.annotation_id!r}" if value.annotation_id else ""
        errors.append(
            f"Metadata type conflict: annotation{named} of item {value.reference_id!r}: {wrong}; "
            "it was left out"
        )
    return kept


def _segments(schema: Schema, value: Any) -> str | None:
    """The metadata of a mask stands on its segments."""
    for segment in getattr(value, "annotations", None) or ():
        metadata = segment.get("metadata") if isinstance(segment, dict) else segment.metadata
        wrong = fault(schema, metadata)
        if wrong:
            return wrong
    return None
