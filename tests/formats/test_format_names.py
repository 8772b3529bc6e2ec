"""The names that commands list are those of the formats there are."""

from __future__ import annotations

from nucleus_lab import formats
from nucleus_lab.format_names import FORMAT_NAMES, WRITTEN_FORMATS


def test_the_names_are_those_of_the_formats_there_are() -> None:
    assert sorted(formats.FORMATS) == list(FORMAT_NAMES)
    assert set(FORMAT_NAMES) - set(WRITTEN_FORMATS) == {"images"}
