"""Calendars, and how long each task may be made to live at most."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the calendars, and the bound of a task's life; none for tasks that there are."""
    op.add_column("tasks", sa.Column("longest_life", sa.BigInteger(), nullable=True))
    op.create_table(
        "calendars",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("special_days", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_calendars_tenant_tenants"),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_calendars"),
    )
