"""What a status of a job says, as the page and the saved notebook show it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

WAITING: Final = frozenset({"Running", "Queued", "Retried"})
SHOWN_ERRORS: Final = 50

_FONT: Final = "var(--jp-ui-font-family, system-ui, sans-serif)"

# What the bar and the count of steps say already.
_STEPS: Final = frozenset({"total", "completed", "processed", "pending"})
_NOISE: Final = frozenset({"epoch", "started_image_processing"})


def report(
    status: Mapping[str, Any], errors: Sequence[str], *, elapsed_s: float, cancellable: bool
) -> dict[str, Any]:
    """Describe a job.

    Args:
        status: What ``AsyncJob.status`` returned.
        errors: What ``AsyncJob.errors`` returned.
        elapsed_s: Seconds that the job was watched for, where its status does not say.
        cancellable: Whether the job can be cancelled.

    Returns:
        What the page draws.
    """
    times = status.get("lab") or {}
    state = str(times.get("state") or status.get("status") or "")
    done, total = int(status.get("completed_steps") or 0), int(status.get("total_steps") or 0)
    ended = str(status.get("status")) not in WAITING
    fraction = min(1.0, done / total) if total and (done or ended) else None
    elapsed = times.get("elapsed_s")
    stopping = bool(times.get("cancel_requested")) and not ended
    return {
        "job_id": str(status.get("job_id", "")),
        "job_type": str(status.get("job_type", "")),
        "title": title(str(status.get("job_type", ""))),
        "status": "Cancelling" if stopping else state,
        "done": done,
        "total": total,
        "fraction": fraction,
        "message": words(status.get("message")),
        "elapsed": elapsed_s if elapsed is None else float(elapsed),
        "remaining": None if ended else times.get("remaining_s"),
        "ended": ended,
        "cancellable": cancellable and not stopping,
        "errors": [fault(str(error)) for error in errors[:SHOWN_ERRORS]],
        "error_count": len(errors),
        "problem": None,
    }


def title(job_type: str) -> str:
    """Name a kind of job as people do.

    Args:
        job_type: Its name on the wire, such as ``"uploadDatasetItems"``.

    Returns:
        ``"Upload dataset items"``.
    """
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+\d*(?![a-z])|\d+", job_type)
    spoken = " ".join(part if part.isupper() or len(part) == 2 else part.lower() for part in parts)
    return spoken[:1].upper() + spoken[1:]


def fault(error: str) -> str:
    """Turn an error of a job into a sentence.

    Args:
        error: Text, or the JSON of one refused object with its ``error``.

    Returns:
        What is wrong, after the id of the object where it has one.
    """
    try:
        told = json.loads(error) if error.startswith("{") else None
    except ValueError:
        return error
    if not isinstance(told, Mapping) or not isinstance(told.get("error"), str):
        return error
    for given in told.values():
        if isinstance(given, Mapping):
            name = given.get("annotationId") or given.get("reference_id") or given.get("id")
            if name:
                return f"{name}: {told['error']}"
    return str(told["error"])


def words(message: Any) -> str:
    """Turn the message of a job into a line of text.

    Args:
        message: Text, ``None``, or a mapping as the upload jobs have.

    Returns:
        The text; of a mapping its final error, or else its counts, without those that are zero.
    """
    if message is None:
        return ""
    if not isinstance(message, Mapping):
        return str(message)
    if message.get("final_error"):
        return str(message["final_error"])
    if "status_log" in message:
        return str(message["status_log"] or "")
    facts = list(_facts(message))
    telling = [text for key, text in facts if key not in _STEPS]
    steps = [text for key, text in facts if key in _STEPS and key != "total"]
    return ", ".join(telling or steps)


def _facts(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in message.items():
        if key in _NOISE or key.endswith(("_id", "Id")) or isinstance(value, bool) or not value:
            continue  # says nothing about how far the job is
        name = key.replace("_", " ")
        if isinstance(value, Mapping):
            yield from _facts(value)
        elif isinstance(value, int):
            yield key, f"{value:,} {_one(name) if value == 1 else name}"
        elif isinstance(value, float):
            yield key, f"{name} {value:.3f}"
        elif isinstance(value, str):
            yield key, f"{name} {value}"


def _one(name: str) -> str:
    for ending, cut in (("ches", 2), ("shes", 2), ("ss", 0), ("s", 1)):
        if name.endswith(ending):
            return name[: len(name) - cut]
    return name


def html(shown: Mapping[str, Any]) -> str:
    """Draw the last known state for a reader without a kernel.

    Args:
        shown: What :func:`report` returned.

    Returns:
        Self-contained HTML.
    """
    failed = shown["status"].startswith("Errored")
    completed = shown["status"] == "Completed"
    partly = completed and bool(shown["errors"])
    colour = "#c62828" if failed else "#b26a00" if partly else "#2e7d32" if completed else "#1976d2"
    percent = round(100 * (shown["fraction"] or 0))
    facts = [f"{shown['status']} with errors" if partly else shown["status"], f"{percent} %"]
    if shown["total"] > 1:
        facts.append(f"{shown['done']:,} of {shown['total']:,}")
    facts.append(f"{'took' if shown['ended'] else 'for'} {_seconds(shown['elapsed'])}")
    parts = [
        f'<div style="font-family: {_FONT}; font-size: 13px; max-width: 620px">',
        f"<b>{escape(shown['title'])}</b> {escape(' · '.join(facts))}",
        '<div style="background-color: #ccc; height: 6px; margin: 4px 0">',
        f'<div style="background-color: {colour}; height: 6px; width: {percent}%"></div></div>',
        f"<small>{escape(shown['problem'] or shown['message'])}</small>",
    ]
    if shown["errors"]:
        rows = "".join(f"<li>{escape(error)}</li>" for error in shown["errors"])
        noun = "error" if shown["error_count"] == 1 else "errors"
        parts.append(f"<p>{shown['error_count']:,} {noun}</p><ul>{rows}</ul>")
        if shown["error_count"] > len(shown["errors"]):
            parts.append(f"<p>and {shown['error_count'] - len(shown['errors']):,} more</p>")
    return "".join([*parts, "</div>"])


def _seconds(seconds: float) -> str:
    whole = round(seconds)
    if whole == 0:
        return "less than 1 s"
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
