"""Every table, on both databases the same."""

from __future__ import annotations

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    literal_column,
)

from extask.storage import calendar_tables, definition_tables, flow_tables, job_tables, schema
from extask.storage.schema import flag as _flag
from extask.storage.schema import instant as _instant
from extask.storage.schema import json as _json
from extask.storage.schema import long as _long
from extask.storage.schema import number as _number
from extask.storage.schema import of_tenant as _of_tenant
from extask.storage.schema import span as _span
from extask.storage.schema import text as _text

metadata = schema.metadata

tenants = Table(
    "tenants",
    metadata,
    _text("name"),
    _flag("external_tasks_enabled"),
    _number("max_concurrent_tasks"),
    _number("ceiling"),
    _span("presence_timeout"),
    _instant("created_at"),
    PrimaryKeyConstraint("name"),
)

api_keys = Table(
    "api_keys",
    metadata,
    *_of_tenant(
        *map(_text, ("hash", "role", "name")),
        _text("agent", null=True),
        _instant("created_at"),
        _instant("expires_at", null=True),
        _instant("revoked_at", null=True),
    ),
    PrimaryKeyConstraint("hash"),
    Index(None, "tenant"),
)

pools = Table(
    "pools",
    metadata,
    *_of_tenant(
        _text("name"),
        _number("version"),
        _number("acknowledged"),
        _number("generation"),
        _span("level_worth"),
        _flag("behind"),
        _flag("full"),
    ),
    PrimaryKeyConstraint("tenant", "name"),
)

pool_removals = Table(
    "pool_removals",
    metadata,
    *map(_text, ("tenant", "pool", "kind", "name")),
    _number("version"),
    PrimaryKeyConstraint("tenant", "pool", "kind", "name"),
    ForeignKeyConstraint(["tenant", "pool"], ["pools.tenant", "pools.name"]),
)

services = Table(
    "services",
    metadata,
    *map(_text, ("tenant", "name", "upn", "display_name", "description", "pool")),
    _text("workflow", null=True),
    _flag("external_tasks_enabled"),
    _number("max_concurrent_tasks", null=True),
    _span("sla", null=True),
    _json("config"),
    PrimaryKeyConstraint("tenant", "name"),
    UniqueConstraint("tenant", "upn"),
    ForeignKeyConstraint(["tenant", "pool"], ["pools.tenant", "pools.name"]),
)

agents = Table(
    "agents",
    metadata,
    *map(_text, ("tenant", "id", "upn", "display_name", "pool")),
    _number("simultaneous"),
    _json("skills"),
    _number("version"),
    _flag("removed"),
    _text("presence"),
    _flag("on_duty"),
    _text("duty_profile"),
    _flag("rona"),
    _instant("heard_until", null=True),
    Index(None, "heard_until"),
    PrimaryKeyConstraint("tenant", "id"),
    UniqueConstraint("tenant", "upn"),
    ForeignKeyConstraint(["tenant", "pool"], ["pools.tenant", "pools.name"]),
)

duty_profiles = Table(
    "duty_profiles",
    metadata,
    *_of_tenant(
        _text("name"),
        _number("version"),
        _json("responsibilities"),
        _flag("removed"),
    ),
    PrimaryKeyConstraint("tenant", "name"),
)

agent_services = Table(
    "agent_services",
    metadata,
    *map(_text, ("tenant", "agent", "service")),
    _flag("active"),
    PrimaryKeyConstraint("tenant", "agent", "service"),
    ForeignKeyConstraint(["tenant", "agent"], ["agents.tenant", "agents.id"]),
    ForeignKeyConstraint(["tenant", "service"], ["services.tenant", "services.name"]),
)

tasks = Table(
    "tasks",
    metadata,
    *_of_tenant(
        _text("id"),
        _text("pool"),
        _text("service"),
        _text("workflow"),
        _number("version"),
        _text("digest"),
        _text("caller"),
        _text("reference_id", null=True),
        _text("title"),
        _json("links"),
        _text("customer_identifier"),
        _json("params"),
        _json("place"),
        _flag("block_agent"),
        _json("preferred_users"),
        _text("priority"),
        _text("state"),
        _text("outcome", null=True),
        _text("result"),
        _text("step", null=True),
        _text("agent", null=True),
        _text("session", null=True),
        _json("offers"),
        _instant("created_at"),
        _instant("due_at", null=True),
        _instant("queued_at", null=True),
        _instant("accepted_at", null=True),
        _instant("ended_at", null=True),
        _instant("expires_at"),
        _span("longest_life", null=True),
        # What wrote the state last; what the pool said last; what the workflow said last.
        *map(_number, ("run", "epoch", "rank", "pool_run", "pool_epoch", "pool_rank")),
        *map(_number, ("step_run", "step_first")),
        _instant("step_begun", null=True),
        _flag("step_lost"),
        _instant("checked_at"),
    ),
    PrimaryKeyConstraint("tenant", "id"),
    Index(None, "tenant", "created_at", "id"),
    # Hashed on PostgreSQL, whose trees hold no key of 1,024 four-byte characters.
    Index(None, "reference_id", postgresql_using="hash"),
    Index(None, "customer_identifier", postgresql_using="hash"),
)

LIVE = tasks.c.state != literal_column("'ended'")
"""Written out, not bound: else the partial index of living tasks would not serve."""

Index(
    "ix_tasks_live",
    tasks.c.tenant,
    tasks.c.service,
    tasks.c.state,  # so that counting needs no row: else SQLite may take another index
    sqlite_where=LIVE,
    postgresql_where=LIVE,
)

task_private = Table(
    "task_private",
    metadata,
    _text("tenant"),
    _text("task"),
    _json("customer"),
    _json("context_parameters"),
    PrimaryKeyConstraint("tenant", "task"),
    ForeignKeyConstraint(["tenant", "task"], ["tasks.tenant", "tasks.id"]),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    *map(_text, ("tenant", "caller", "key", "body_hash", "task")),
    _instant("created_at"),
    Index(None, "created_at"),
    PrimaryKeyConstraint("tenant", "caller", "key"),
    ForeignKeyConstraint(["tenant", "task"], ["tasks.tenant", "tasks.id"]),
)

runs = Table(
    "runs",
    metadata,
    *map(_text, ("tenant", "task", "run_id")),
    _number("number"),
    PrimaryKeyConstraint("tenant", "task", "run_id"),
    UniqueConstraint("tenant", "task", "number"),
    ForeignKeyConstraint(["tenant", "task"], ["tasks.tenant", "tasks.id"]),
)

pool_events = Table(
    "pool_events",
    metadata,
    _text("tenant"),
    _text("pool"),
    _number("generation"),
    _long("seq"),
    _instant("at"),
    _text("kind"),
    _text("task", null=True),
    _number("run", null=True),
    _number("epoch", null=True),
    _number("rank", null=True),
    _text("service", null=True),
    _text("agent", null=True),
    _text("session", null=True),
    _json("data"),
    PrimaryKeyConstraint("tenant", "pool", "generation", "seq"),
    Index(None, "tenant", "task"),
)

task_records = Table(
    "task_records",
    metadata,
    _text("tenant"),
    _text("task"),
    _number("run"),
    _number("number"),
    _instant("at"),
    _text("kind"),
    _text("step"),
    _text("step_kind"),
    _text("outcome"),
    _json("data"),
    PrimaryKeyConstraint("tenant", "task", "run", "number"),
)

sessions = Table(
    "sessions",
    metadata,
    _text("tenant"),
    _text("id"),
    _text("task"),
    _text("pool"),
    _text("service"),
    _text("agent"),
    _text("state"),
    _text("outcome", null=True),
    _flag("blocking"),
    _text("priority", null=True),
    _text("why"),
    _number("level", null=True),
    _text("algorithm"),
    _instant("offered_at", null=True),
    _instant("deadline", null=True),
    _instant("accepted_at", null=True),
    _instant("held_at", null=True),
    _flag("held_by_agent"),
    _flag("held_by_interruption"),
    _span("hold"),
    _instant("ended_at", null=True),
    _instant("wrap_up_until", null=True),
    _instant("wrap_up_ended_at", null=True),
    _text("code"),
    _json("tags"),
    _text("note"),
    PrimaryKeyConstraint("tenant", "id"),
    Index(None, "tenant", "task"),
)

OPEN = sessions.c.state != literal_column("'ended'")

Index(
    "ix_sessions_open",
    sessions.c.tenant,
    sessions.c.agent,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)

Index(
    "ix_sessions_reported",
    sessions.c.tenant,
    sessions.c.ended_at,
    sessions.c.id,
    sqlite_where=sessions.c.ended_at.is_not(None),
    postgresql_where=sessions.c.ended_at.is_not(None),
)

service_sessions = Table(
    "service_sessions",
    metadata,
    *map(_text, ("tenant", "task")),
    _number("number"),
    _text("service"),
    _instant("began_at"),
    _instant("ended_at"),
    *map(_text, ("outcome", "priority")),
    _number("attempts"),
    _number("level", null=True),
    _text("algorithm"),
    _text("agent", null=True),
    _span("sla", null=True),
    PrimaryKeyConstraint("tenant", "task", "number"),
    Index(None, "tenant", "ended_at", "task", "number"),
)

intervals = Table(
    "intervals",
    metadata,
    _text("tenant"),
    _text("task"),
    _number("service_session"),
    *map(_text, ("session", "phase")),
    _instant("began_at"),
    _span("lasted"),
    PrimaryKeyConstraint("tenant", "task", "service_session", "session", "phase", "began_at"),
)

engagements = Table(
    "engagements",
    metadata,
    *map(_text, ("tenant", "agent", "id")),
    _flag("blocking"),
    _instant("started_at"),
    _instant("ended_at", null=True),
    PrimaryKeyConstraint("tenant", "agent", "id"),
)

repairs = Table(
    "repairs",
    metadata,
    *_of_tenant(_text("kind"), _text("subject"), _instant("at"), _text("detail")),
    PrimaryKeyConstraint("tenant", "kind", "subject", "at"),
    Index(None, "tenant", "at"),
)

reconciler_notes = Table(
    "reconciler_notes", metadata, _text("name"), _text("value"), PrimaryKeyConstraint("name")
)

calendars = calendar_tables.calendars
task_jobs, task_job_items = job_tables.jobs, job_tables.items
flows, allowed_urls = flow_tables.flows, flow_tables.allowed_urls

definitions = definition_tables.definitions
current_definitions, definition_drafts = definition_tables.current, definition_tables.drafts
