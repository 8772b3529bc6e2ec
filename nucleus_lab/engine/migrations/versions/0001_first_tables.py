"""The tables of the first release.

They are created from the schema as long as 0001 is its version; the release that changes the
schema writes them out here.
"""

from __future__ import annotations

from alembic import op

from nucleus_lab.engine.whole_schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    metadata.create_all(op.get_bind(), checkfirst=False)
