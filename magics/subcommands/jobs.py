"""``%nucleus jobs``: what runs in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.magics.subcommands.base import Subcommand
from nucleus_lab.magics.table import Table

if TYPE_CHECKING:
    from argparse import Namespace

    from nucleus_lab.magics.arguments import Parser
    from nucleus_lab.magics.session import Session


class Jobs(Subcommand):
    """List jobs, or watch one."""

    name = "jobs"
    summary = "List the background jobs, or watch one of them."
    examples = ("%nucleus jobs", "%nucleus jobs --running", "%nucleus jobs job_0000000000002")
    order = 60

    def arguments(self, parser: Parser) -> None:
        """Declare the arguments.

        Args:
            parser: Gets the declarations.
        """
        parser.add_argument("job", nargs="?", help="id of a job to watch")
        parser.add_argument("-d", "--dataset", help="only jobs of this dataset")
        parser.add_argument("--running", action="store_true", help="leave out those that ended")
        parser.add_argument("-n", "--limit", type=int, default=20, help="rows at most (default 20)")

    def run(self, session: Session, options: Namespace) -> Any:
        """List the jobs.

        Args:
            session: The connection.
            options: The parsed arguments.

        Returns:
            A table whose rows are also the AsyncJob objects, or a progress bar for one job.
        """
        if options.job:
            from nucleus_lab.widgets import JobProgress

            return JobProgress(session.client.get_job(options.job))
        dataset_id = session.need_dataset(options.dataset).id if options.dataset else None
        found = session.client.list_jobs(
            show_completed=not options.running, limit=options.limit, dataset_id=dataset_id
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
