"""What reports tell: service sessions, intervals, how agents were chosen, a service's SLA."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
ENDED = sa.text("ended_at IS NOT NULL")


def upgrade() -> None:
    """Add what reports are made of; sessions of before have ended without level or algorithm."""
    op.add_column("services", sa.Column("sla", sa.BigInteger(), nullable=True))
    op.add_column("tasks", sa.Column("offers", sa.JSON(), nullable=False, server_default="{}"))
    for column in _of_sessions():
        op.add_column("sessions", column)
    op.create_index(
        "ix_sessions_reported",
        "sessions",
        ["tenant", "ended_at", "id"],
        sqlite_where=ENDED,
        postgresql_where=ENDED,
    )
    _service_sessions()
    _intervals()


def _of_sessions() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("why", sa.Text(), nullable=False, server_default=""),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("algorithm", sa.Text(), nullable=False, server_default=""),
        sa.Column("held_by_agent", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("held_by_interruption", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def _service_sessions() -> None:
    op.create_table(
        "service_sessions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("sla", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "task", "number", name="pk_service_sessions"),
    )
    op.create_index(
        "ix_service_sessions_tenant_ended_at_task_number",
        "service_sessions",
        ["tenant", "ended_at", "task", "number"],
    )


def _intervals() -> None:
    op.create_table(
        "intervals",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("service_session", sa.Integer(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lasted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant",
            "task",
            "service_session",
            "session",
            "phase",
            "began_at",
            name="pk_intervals",
        ),
    )
