"""Bring a database's tables to the present form."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.database import Database

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 0x65787461736B
"""Advisory lock (the letters of our name): processes that start together migrate in turn."""


def migrate(url: str) -> None:
    """Upgrade to the newest tables; blocks, and may be called with or without a running loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, upgrade(url)).result()


async def upgrade(url: str) -> None:
    """Upgrade to the newest tables, in one transaction."""
    database = Database(url)
    try:
        async with database.begin() as conn:
            if conn.dialect.name == "postgresql":
                await conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await conn.run_sync(_upgrade)
    finally:
        await database.close()


async def revisions(conn: AsyncConnection) -> tuple[str | None, str | None]:
    """Tell the form that the tables have, and the newest one that this program knows."""
    return await conn.run_sync(_revisions)


def _revisions(connection: Connection) -> tuple[str | None, str | None]:
    scripts = ScriptDirectory.from_config(configuration(connection))
    present = MigrationContext.configure(connection).get_current_revision()
    return present, scripts.get_current_head()


def configuration(connection: Connection) -> Config:
    """Tell Alembic where the scripts are, and over which connection to work."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS.as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(configuration(connection), "head")
