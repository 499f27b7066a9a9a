"""Duty profiles: what agents on duty are responsible for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the profiles, and the one that each agent is on duty in; none at first."""
    op.add_column("agents", sa.Column("duty_profile", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "duty_profiles",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("responsibilities", sa.JSON(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenants.name"], name="fk_duty_profiles_tenant_tenants"
        ),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_duty_profiles"),
    )
