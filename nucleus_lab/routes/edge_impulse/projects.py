"""Routes of projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.engine import sample_projects
from nucleus_lab.routes.edge_impulse.answers import api
from nucleus_lab.routes.table import Call

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine


@api("GET", "v1/api/projects")
def projects(engine: Engine, call: Call[None]) -> dict[str, Any]:
    """List the projects; clients work in the first one."""
    return {"success": True, "projects": sample_projects.listing(engine)}
