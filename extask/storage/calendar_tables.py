"""The table of calendars."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from extask.storage.schema import json, metadata, of_tenant, text

calendars = Table(
    "calendars",
    metadata,
    *of_tenant(
        text("name"),
        text("hours"),
        text("time_zone"),
        text("country"),
        json("special_days"),
    ),
    PrimaryKeyConstraint("tenant", "name"),
)
