"""What an import returns: counts and problems."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any


@dataclass(slots=True)
class ImportReport:
    """What became of a file or folder that was imported.

    Attributes:
        path: What was read.
        format: How it was read.
        new_items: Items added.
        updated_items: Items whose metadata was replaced.
        ignored_items: Items that the dataset had already.
        annotations: Annotations or predictions stored.
        ignored_annotations: Those that the dataset had already.
        new_scenes: Scenes added, of formats that hold scenes.
        updated_scenes: Scenes whose metadata was replaced.
        ignored_scenes: Scenes that the dataset had already.
        problems: What was left out: file and place, fault and remedy.
    """

    path: str
    format: str
    new_items: int = 0
    updated_items: int = 0
    ignored_items: int = 0
    annotations: int = 0
    ignored_annotations: int = 0
    problems: list[str] = field(default_factory=list)
    new_scenes: int = 0
    updated_scenes: int = 0
    ignored_scenes: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing was left out."""
        return not self.problems

    def add_columns_answer(self, answer: dict[str, Any]) -> None:
        """Add the answer of one request with columns.

        Args:
            answer: Body of the answer.
        """
        self.new_items += answer.get("new_items", 0)
        self.updated_items += answer.get("updated_items", 0)
        self.ignored_items += answer.get("ignored_items", 0)
        self.annotations += answer.get("annotations_processed", 0)
        self.ignored_annotations += answer.get("annotations_ignored", 0)
        self.problems += [_text(entry) for entry in answer.get("error_payload") or ()]
        self.problems += [_text(entry) for entry in answer.get("errors") or ()]

    def add_scenes_answer(self, answer: dict[str, Any]) -> None:
        """Add the answer of an upload of scenes.

        Args:
            answer: Body of the answer.
        """
        for name in ("new_scenes", "updated_scenes", "ignored_scenes"):
            setattr(self, name, getattr(self, name) + answer.get(name, 0))
        self.problems += answer.get("errors") or ()

    def add_objects_answer(self, answer: dict[str, Any]) -> None:
        """Add the answer of an upload of annotations or predictions.

        Args:
            answer: Body of the answer.
        """
        for noun in ("annotations", "predictions"):
            self.annotations += answer.get(f"{noun}_processed", 0)
            self.ignored_annotations += answer.get(f"{noun}_ignored", 0)
        self.problems += [_text(entry) for entry in answer.get("errors") or ()]

    def _rows(self) -> list[tuple[str, int]]:
        return [
            ("new scenes", self.new_scenes),
            ("updated scenes", self.updated_scenes),
            ("ignored scenes", self.ignored_scenes),
            ("new items", self.new_items),
            ("updated items", self.updated_items),
            ("ignored items", self.ignored_items),
            ("annotations", self.annotations),
            ("ignored annotations", self.ignored_annotations),
            ("problems", len(self.problems)),
        ]

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self._rows() if count)
        lines = [f"{self.path} ({self.format}): {counts or 'nothing new'}"]
        lines += [f"  {problem}" for problem in self.problems[:20]]
        if len(self.problems) > 20:
            lines.append(f"  … and {len(self.problems) - 20} more in .problems")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<ImportReport {self}>"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{name}</td><td style='text-align:right'>{count:,}</td></tr>"
            for name, count in self._rows()
            if count
        )
        listed = "".join(f"<li>{escape(problem)}</li>" for problem in self.problems[:50])
        more = f"<li>… and {len(self.problems) - 50} more</li>" if len(self.problems) > 50 else ""
        faults = f"<details><summary>problems</summary><ul>{listed}{more}</ul></details>"
        return (
            f"<div><b>{escape(self.path)}</b> ({escape(self.format)})<table>{cells}</table>"
            f"{faults if self.problems else ''}</div>"
        )


def _text(entry: Any) -> str:
    if isinstance(entry, dict):
        name = entry.get("reference_id") or entry.get("referenceId")
        fault = entry.get("error") or entry.get("message")
        if name and fault:
            return str(fault) if str(name) in str(fault) else f"{name}: {fault}"
    return str(entry)
