"""Versions of workflows: drafts, canaries, and jobs that migrate tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add drafts, what a canary takes, and where a job migrates to; none at first."""
    for name in ("canary", "percent"):
        op.add_column("current_definitions", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("task_jobs", sa.Column("version", sa.Integer(), nullable=True))
    op.add_column("task_jobs", sa.Column("digest", sa.Text(), nullable=True))
    op.create_table(
        "definition_drafts",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_definition_drafts_tenants"),
        sa.PrimaryKeyConstraint("tenant", "workflow", name="pk_definition_drafts"),
    )
