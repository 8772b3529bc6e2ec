"""What a status of a job says, as the page and the saved notebook show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

WAITING: Final = frozenset({"Running", "Queued", "Retried"})
SHOWN_ERRORS: Final = 50


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
        "status": "Cancelling" if stopping else state,
        "done": done,
        "total": total,
        "fraction": fraction,
        "message": words(status.get("message")),
        "elapsed": elapsed_s if elapsed is None else float(elapsed),
        "remaining": None if ended else times.get("remaining_s"),
        "ended": ended,
        "cancellable": cancellable and not stopping,
        "errors": [str(error) for error in errors[:SHOWN_ERRORS]],
        "error_count": len(errors),
        "problem": None,
    }


def words(message: Any) -> str:
    """Turn the message of a job into a line of text.

    Args:
        message: Text, ``None``, or a mapping as the upload jobs have.

    Returns:
        The text; of a mapping its final error, or else its counts.
    """
    if message is None:
        return ""
    if not isinstance(message, Mapping):
        return str(message)
    if message.get("final_error"):
        return str(message["final_error"])
    if "status_log" in message:
        return str(message["status_log"] or "")
    parts = []
    for key, value in message.items():
        if isinstance(value, Mapping):
            inner = words(value)
            parts += [inner] if inner else []
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            if key.endswith(("_id", "Id")):
                continue  # says nothing about how far the job is
            number = f"{value:,}" if isinstance(value, int) else value
            shown = f"{value:.3f}" if isinstance(value, float) else number
            parts.append(f"{key.replace('_', ' ')} {shown}")
    return ", ".join(parts)


def html(shown: Mapping[str, Any]) -> str:
    """Draw the last known state for a reader without a kernel.

    Args:
        shown: What :func:`report` returned.

    Returns:
        Self-contained HTML.
    """
    failed = shown["status"].startswith("Errored")
    colour = "#c62828" if failed else "#2e7d32" if shown["status"] == "Completed" else "#1976d2"
    percent = round(100 * (shown["fraction"] or 0))
    facts = [shown["status"], f"{percent} %"]
    if shown["total"] > 1:
        facts.append(f"{shown['done']:,} of {shown['total']:,}")
    facts.append(f"{'took' if shown['ended'] else 'for'} {_seconds(shown['elapsed'])}")
    parts = [
        '<div style="font-family: sans-serif; font-size: 13px; width: 480px">',
        f"<b>{escape(shown['job_type'])}</b> {escape(' · '.join(facts))}",
        '<div style="background-color: #ccc; height: 6px; margin: 4px 0">',
        f'<div style="background-color: {colour}; height: 6px; width: {percent}%"></div></div>',
        f"<small>{escape(shown['problem'] or shown['message'])}</small>",
    ]
    if shown["errors"]:
        rows = "".join(f"<li>{escape(error)}</li>" for error in shown["errors"])
        parts.append(f"<p>{shown['error_count']:,} errors</p><ul>{rows}</ul>")
    return "".join([*parts, "</div>"])


def _seconds(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
