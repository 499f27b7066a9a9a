"""The tables of jobs: what is done to many tasks, and what came of each."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from extask.storage.schema import instant, json, metadata, number, of_tenant, text

jobs = Table(
    "task_jobs",
    metadata,
    *of_tenant(
        text("id"),
        text("action"),
        text("priority", null=True),
        number("version", null=True),
        text("digest", null=True),
        text("reason"),
        json("filter"),
        text("acts_as"),
        text("requested_by"),
        text("caller"),
        text("key"),
        text("body_hash"),
        text("state"),
        instant("created_at"),
        instant("ended_at", null=True),
    ),
    PrimaryKeyConstraint("tenant", "id"),
    UniqueConstraint("tenant", "caller", "key"),
    Index(None, "tenant", "created_at", "id"),
    Index(None, "state", "created_at"),
)

items = Table(
    "task_job_items",
    metadata,
    *map(text, ("tenant", "job", "task")),
    number("number"),
    *map(text, ("status", "code", "message")),
    PrimaryKeyConstraint("tenant", "job", "task"),
    ForeignKeyConstraint(["tenant", "job"], ["task_jobs.tenant", "task_jobs.id"]),
    ForeignKeyConstraint(["tenant", "task"], ["tasks.tenant", "tasks.id"]),
    Index(None, "tenant", "job", "status", "number"),
)
