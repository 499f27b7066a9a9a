"""What the reconciler keeps: its repairs, its notes, when tasks were checked, heartbeats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the reconciler's tables, columns and indexes."""
    _repairs()
    _reconciler_notes()
    _columns()
    _indexes()


def _repairs() -> None:
    op.create_table(
        "repairs",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "subject", "at", name="pk_repairs"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_repairs_tenants"),
    )
    op.create_index("ix_repairs_tenant_at", "repairs", ["tenant", "at"])


def _reconciler_notes() -> None:
    op.create_table(
        "reconciler_notes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_reconciler_notes"),
    )


def _columns() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column("agents", sa.Column("heard_until", instant, nullable=True))
    timeout = sa.Column(
        "presence_timeout", sa.BigInteger(), nullable=False, server_default="120000000"
    )
    op.add_column("tenants", timeout)
    long_ago = "1970-01-01 00:00:00.000000"
    checked = sa.Column("checked_at", instant, nullable=False, server_default=long_ago)
    op.add_column("tasks", checked)


def _indexes() -> None:
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_index("ix_agents_heard_until", "agents", ["heard_until"])
