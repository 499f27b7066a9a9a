"""What a pool's distributor has acknowledged, and what it is to forget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the acknowledged version and the services and agents that left a pool."""
    acknowledged = sa.Column("acknowledged", sa.Integer(), nullable=False, server_default="0")
    op.add_column("pools", acknowledged)
    op.create_table(
        "pool_removals",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "pool", "kind", "name", name="pk_pool_removals"),
        sa.ForeignKeyConstraint(
            ["tenant", "pool"], ["pools.tenant", "pools.name"], name="fk_pool_removals_pools"
        ),
    )
