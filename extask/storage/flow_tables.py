"""The tables of what workflows may call: flows by name, and where addresses may lead."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from extask.storage.schema import json, metadata, of_tenant, text

flows = Table(
    "flows",
    metadata,
    *of_tenant(
        text("name"),
        text("address"),
        text("method"),
        json("headers"),
        json("inputs"),
        json("outputs"),
    ),
    PrimaryKeyConstraint("tenant", "name"),
)

allowed_urls = Table(
    "allowed_urls",
    metadata,
    *of_tenant(text("name"), text("prefix")),
    PrimaryKeyConstraint("tenant", "name"),
)
