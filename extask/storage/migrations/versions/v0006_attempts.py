"""Which attempt at a run wrote a task's steps last, and whether one before it was lost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the attempt's time and the mark of a lost one."""
    begun = sa.Column("step_begun", sa.DateTime(timezone=True), nullable=True)
    op.add_column("tasks", begun)
    lost: sa.Column[bool] = sa.Column(
        "step_lost", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("tasks", lost)
