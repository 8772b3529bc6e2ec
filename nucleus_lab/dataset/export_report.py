"""What an export returns: the files, and what had no place in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

_SHOWN: Final = 10


class ExportReport(list[Path]):
    """The files that were written, as a list of paths.

    Args:
        files: The files.
        format: How they were written.
        problems: What the format has no place for, and was left out or changed.

    Attributes:
        format: As given.
        problems: As given, one sentence each.
    """

    def __init__(self, files: Iterable[Path], format: str, problems: list[str]) -> None:  # noqa: A002
        super().__init__(files)
        self.format = format
        self.problems = problems

    @property
    def ok(self) -> bool:
        """Whether nothing was left out."""
        return not self.problems

    def told(self) -> str:
        """Say what was left out.

        Returns:
            A line each, the first ten; empty when there is nothing to say.
        """
        lines = self.problems[:_SHOWN]
        if len(self.problems) > _SHOWN:
            lines = [*lines, f"… and {len(self.problems) - _SHOWN:,} more in .problems"]
        return "\n".join(lines)

    def __str__(self) -> str:
        count = "1 file" if len(self) == 1 else f"{len(self):,} files"
        first = f": {self[0]}" if self else ""
        lines = self.told().splitlines()
        return "\n".join([f"{count} ({self.format}){first}", *(f"  {line}" for line in lines)])

    def __repr__(self) -> str:
        return f"<ExportReport {self}>"
