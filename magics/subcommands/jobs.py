"""``%nucleus jobs``: what runs in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.arguments import whole
from nucleus_lab.magics.binding import given
from nucleus_lab.magics.refusal import Refused
from nucleus_lab.magics.subcommands.base import Subcommand
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Jobs(Subcommand):
    """List jobs, or watch one."""

    name = "jobs"
    summary = "List the background jobs; watch or cancel one of them."
    examples = (
        "%nucleus jobs",
        "%nucleus jobs --running",
        "%nucleus jobs job_0000000000002",
        "%nucleus jobs $job --cancel",
    )
    group = "behind the scenes"
    order = 300

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("job", nargs="?", kind="job", help="a job to watch: id or variable")
        parser.add_argument("-d", "--dataset", kind="dataset", help="only jobs of this dataset")
        parser.add_argument("--running", action="store_true", help="leave out those that ended")
        parser.add_argument("--cancel", action="store_true", help="cancel the job")
        parser.add_argument("-n", "--limit", type=whole, help="rows at most (default: page size)")

    def run(self, session: Session, options: Namespace) -> Any:
        """List the jobs.

        Args:
            session: The connection.
            options: The parsed arguments.

        Returns:
            A table whose rows are also the AsyncJob objects, or a progress bar for one job.

        Raises:
            Refused: ``--cancel`` stands without a job.
        """
        if options.job:
            job = session.variable(options.job)
            if not hasattr(job, "sleep_until_complete"):
                job = session.client.get_job(str(given(options.job)))
            if options.cancel:
                job.cancel()
                return job
            from nucleus_lab.widgets import JobProgress

            return JobProgress(job)
        if options.cancel:
            raise Refused("name the job to cancel: %nucleus jobs JOB --cancel")
        dataset_id = session.need_dataset(options.dataset).id if options.dataset else None
        found = session.client.list_jobs(
            show_completed=not options.running,
            limit=options.limit or session.settings.page_size,
            dataset_id=dataset_id,
        )
        rows = [
            (
                job.job_id,
                job.job_type,
                job.job_last_known_status,
                str(job.job_creation_time)[:19].replace("T", " "),
            )
            for job in found
        ]
        return Table(["id", "type", "status", "created (UTC)"], rows, found, "no jobs")
