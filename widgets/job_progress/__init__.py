"""The progress of a job."""

from __future__ import annotations

from nucleus_lab.widgets.job_progress.widget import JobProgress, show_wait

__all__ = ["JobProgress", "show_wait"]
