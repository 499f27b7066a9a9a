"""The tables of workflow definitions: versions, which one new tasks take, drafts."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from extask.storage.schema import instant, json, metadata, number, of_tenant, text

definitions = Table(
    "definitions",
    metadata,
    *of_tenant(
        text("workflow"),
        number("version"),
        text("digest"),
        text("source"),
        json("plan"),
        text("state"),
        instant("published_at"),
        text("published_by"),
    ),
    PrimaryKeyConstraint("tenant", "workflow", "version"),
    Index(None, "tenant", "digest"),
)

current = Table(
    "current_definitions",
    metadata,
    text("tenant"),
    text("workflow"),
    number("version"),
    # Another version that a share of new tasks takes, in percent.
    number("canary", null=True),
    number("percent", null=True),
    PrimaryKeyConstraint("tenant", "workflow"),
    ForeignKeyConstraint(
        ["tenant", "workflow", "version"],
        ["definitions.tenant", "definitions.workflow", "definitions.version"],
    ),
)

drafts = Table(
    "definition_drafts",
    metadata,
    *of_tenant(
        text("workflow"),
        text("source"),
        text("file"),
        instant("saved_at"),
        text("saved_by"),
    ),
    PrimaryKeyConstraint("tenant", "workflow"),
)
