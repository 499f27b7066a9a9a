"""Jobs: one thing done to many tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add jobs, and the tasks of each; none at first."""
    _jobs()
    _items()


def _jobs() -> None:
    op.create_table(
        "task_jobs",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("acts_as", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_task_jobs_tenants"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_task_jobs"),
        sa.UniqueConstraint("tenant", "caller", "key", name="uq_task_jobs_tenant_caller_key"),
    )
    op.create_index(
        "ix_task_jobs_tenant_created_at_id", "task_jobs", ["tenant", "created_at", "id"]
    )
    op.create_index("ix_task_jobs_state_created_at", "task_jobs", ["state", "created_at"])


def _items() -> None:
    op.create_table(
        "task_job_items",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "job", "task", name="pk_task_job_items"),
        sa.ForeignKeyConstraint(
            ["tenant", "job"],
            ["task_jobs.tenant", "task_jobs.id"],
            name="fk_task_job_items_task_jobs",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "task"], ["tasks.tenant", "tasks.id"], name="fk_task_job_items_tasks"
        ),
    )
    op.create_index(
        "ix_task_job_items_tenant_job_status_number",
        "task_job_items",
        ["tenant", "job", "status", "number"],
    )
