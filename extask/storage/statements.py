"""Small help for running statements: rows as models, inserts that pass over what is there."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

R = TypeVar("R", bound=BaseModel)


async def one(
    conn: AsyncConnection, query: Select[*tuple[object, ...]], model: type[R]
) -> R | None:
    """Run a query for at most one row."""
    row = (await conn.execute(query)).mappings().first()
    return None if row is None else model.model_validate(dict(row))


async def many(
    conn: AsyncConnection, query: Select[*tuple[object, ...]], model: type[R]
) -> tuple[R, ...]:
    """Run a query for all its rows."""
    rows = (await conn.execute(query)).mappings()
    return tuple(model.model_validate(dict(row)) for row in rows)


def insert_new(conn: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Build an insert that passes over rows whose key is there already."""
    if conn.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
