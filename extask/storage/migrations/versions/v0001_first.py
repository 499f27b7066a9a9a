"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table of the first release."""
    for create in CREATE:
        create()


def _engagements() -> None:
    op.create_table(
        "engagements",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "agent", "id", name="pk_engagements"),
    )


def _pool_events() -> None:
    op.create_table(
        "pool_events",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "pool", "generation", "seq", name="pk_pool_events"),
    )
    op.create_index("ix_pool_events_tenant_task", "pool_events", ["tenant", "task"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrap_up_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrap_up_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_sessions"),
    )
    op.create_index(
        "ix_sessions_open",
        "sessions",
        ["tenant", "agent"],
        sqlite_where=sa.text("state != 'ended'"),
        postgresql_where=sa.text("state != 'ended'"),
    )
    op.create_index("ix_sessions_tenant_task", "sessions", ["tenant", "task"])


def _task_records() -> None:
    op.create_table(
        "task_records",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("step_kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "task", "run", "number", name="pk_task_records"),
    )


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_tasks_enabled", sa.Boolean(), nullable=False),
        sa.Column("max_concurrent_tasks", sa.Integer(), nullable=False),
        sa.Column("ceiling", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tenants"),
    )


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_api_keys_tenants"),
        sa.PrimaryKeyConstraint("hash", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_tenant", "api_keys", ["tenant"])


def _definitions() -> None:
    op.create_table(
        "definitions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_definitions_tenants"),
        sa.PrimaryKeyConstraint("tenant", "workflow", "version", name="pk_definitions"),
    )
    op.create_index("ix_definitions_tenant_digest", "definitions", ["tenant", "digest"])


def _pools() -> None:
    op.create_table(
        "pools",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("level_worth", sa.BigInteger(), nullable=False),
        sa.Column("behind", sa.Boolean(), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_pools_tenants"),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_pools"),
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("customer_identifier", sa.Text(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("block_agent", sa.Boolean(), nullable=False),
        sa.Column("preferred_users", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("pool_run", sa.Integer(), nullable=False),
        sa.Column("pool_epoch", sa.Integer(), nullable=False),
        sa.Column("pool_rank", sa.Integer(), nullable=False),
        sa.Column("step_run", sa.Integer(), nullable=False),
        sa.Column("step_first", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_tasks_tenants"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_tasks"),
    )


def _tasks_lookups() -> None:
    op.create_index(
        "ix_tasks_customer_identifier", "tasks", ["customer_identifier"], postgresql_using="hash"
    )
    op.create_index(
        "ix_tasks_live",
        "tasks",
        ["tenant", "service", "state"],
        sqlite_where=sa.text("state != 'ended'"),
        postgresql_where=sa.text("state != 'ended'"),
    )
    op.create_index("ix_tasks_reference_id", "tasks", ["reference_id"], postgresql_using="hash")
    op.create_index("ix_tasks_tenant_created_at_id", "tasks", ["tenant", "created_at", "id"])


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("upn", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("simultaneous", sa.Integer(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("rona", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "pool"], ["pools.tenant", "pools.name"], name="fk_agents_pools"
        ),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_agents"),
        sa.UniqueConstraint("tenant", "upn", name="uq_agents_tenant_upn"),
    )


def _current_definitions() -> None:
    op.create_table(
        "current_definitions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "workflow", "version"],
            ["definitions.tenant", "definitions.workflow", "definitions.version"],
            name="fk_current_definitions_definitions",
        ),
        sa.PrimaryKeyConstraint("tenant", "workflow", name="pk_current_definitions"),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "task"], ["tasks.tenant", "tasks.id"], name="fk_idempotency_keys_tasks"
        ),
        sa.PrimaryKeyConstraint("tenant", "caller", "key", name="pk_idempotency_keys"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "task"], ["tasks.tenant", "tasks.id"], name="fk_runs_tasks"
        ),
        sa.PrimaryKeyConstraint("tenant", "task", "run_id", name="pk_runs"),
        sa.UniqueConstraint("tenant", "task", "number", name="uq_runs_tenant_task_number"),
    )


def _services() -> None:
    op.create_table(
        "services",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("upn", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=True),
        sa.Column("external_tasks_enabled", sa.Boolean(), nullable=False),
        sa.Column("max_concurrent_tasks", sa.Integer(), nullable=True),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "pool"], ["pools.tenant", "pools.name"], name="fk_services_pools"
        ),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_services"),
        sa.UniqueConstraint("tenant", "upn", name="uq_services_tenant_upn"),
    )


def _task_private() -> None:
    op.create_table(
        "task_private",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("customer", sa.JSON(), nullable=False),
        sa.Column("context_parameters", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "task"], ["tasks.tenant", "tasks.id"], name="fk_task_private_tasks"
        ),
        sa.PrimaryKeyConstraint("tenant", "task", name="pk_task_private"),
    )


def _agent_services() -> None:
    op.create_table(
        "agent_services",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "agent"], ["agents.tenant", "agents.id"], name="fk_agent_services_agents"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "service"],
            ["services.tenant", "services.name"],
            name="fk_agent_services_services",
        ),
        sa.PrimaryKeyConstraint("tenant", "agent", "service", name="pk_agent_services"),
    )


CREATE = (
    _engagements,
    _pool_events,
    _sessions,
    _task_records,
    _tenants,
    _api_keys,
    _definitions,
    _pools,
    _tasks,
    _tasks_lookups,
    _agents,
    _current_definitions,
    _idempotency_keys,
    _runs,
    _services,
    _task_private,
    _agent_services,
)
