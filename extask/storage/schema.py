"""What every table is made of: the metadata with its names, and columns of each type."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Text,
)
from sqlalchemy.sql.schema import SchemaItem

from extask.storage.columns import Instant, Span

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def text(name: str, *, null: bool = False) -> Column[str]:
    """Make a column of text."""
    return Column(name, Text, nullable=null)


def number(name: str, *, null: bool = False) -> Column[int]:
    """Make a column of whole numbers."""
    return Column(name, Integer, nullable=null)


def long(name: str) -> Column[int]:
    """Make a column of whole numbers of 64 bits."""
    return Column(name, BigInteger, nullable=False)


def flag(name: str) -> Column[bool]:
    """Make a column of yes or no."""
    return Column(name, Boolean, nullable=False)


def instant(name: str, *, null: bool = False) -> Column[datetime]:
    """Make a column of instants."""
    return Column(name, Instant(), nullable=null)


def span(name: str, *, null: bool = False) -> Column[timedelta]:
    """Make a column of durations."""
    return Column(name, Span(), nullable=null)


def json(name: str) -> Column[JSON]:
    """Make a column of JSON."""
    return Column(name, JSON, nullable=False)


def of_tenant(*items: SchemaItem) -> tuple[SchemaItem, ...]:
    """Put the tenant's name before the columns of a table that belongs to one."""
    return (text("tenant"), *items, ForeignKeyConstraint(["tenant"], ["tenants.name"]))
