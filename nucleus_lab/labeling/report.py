"""What an import of finished tasks returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class TaskImportReport:
    """What became of a file of finished tasks.

    Attributes:
        path: What was read.
        format: How it was read.
        completed: Tasks that were completed.
        ignored: Tasks that were completed before.
        pending: Tasks of the file that are not finished.
        annotations: Annotations of the tasks that were completed.
        problems: What was left out: the entry, the fault and the remedy.
    """

    path: str
    format: str
    completed: int = 0
    ignored: int = 0
    pending: int = 0
    annotations: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was left out."""
        return not self.problems

    def __str__(self) -> str:
        counts = (
            f"{self.completed:,} tasks completed with {self.annotations:,} annotations, "
            f"{self.ignored:,} completed before, {self.pending:,} not finished"
        )
        lines = [f"{self.path} ({self.format}): {counts}"]
        lines += [f"  {problem}" for problem in self.problems[:20]]
        if len(self.problems) > 20:
            lines.append(f"  … and {len(self.problems) - 20} more in .problems")
        return "\n".join(lines)
