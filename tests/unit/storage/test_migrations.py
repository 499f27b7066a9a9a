from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from extask.storage.database import Database
from extask.storage.migrate import migrate, revisions, upgrade
from extask.storage.tables import metadata
from tests.support.postgres import Cluster


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_migrated_tables_are_those_of_the_models(database: Database) -> None:
    async with database.connect() as conn:
        assert await conn.run_sync(differences) == []


async def test_migrating_again_changes_nothing_with_a_loop_running(
    database: Database, url: str
) -> None:
    migrate(url)
    await upgrade(url)
    async with database.connect() as conn:
        assert await conn.run_sync(differences) == []


async def test_processes_that_start_together_migrate_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "fresh.db"
    await asyncio.gather(*(asyncio.to_thread(migrate, f"sqlite:///{path}") for _ in range(4)))


@pytest.mark.postgres
async def test_processes_that_share_a_server_migrate_in_turn(cluster: Cluster) -> None:
    url = cluster.create("fresh")
    await asyncio.gather(*(upgrade(url) for _ in range(4)))
    cluster.drop("fresh")


def test_migrating_needs_no_running_loop(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / '100% fresh.db'}")
    assert (tmp_path / "100% fresh.db").exists()


async def test_every_index_and_constraint_has_its_name(database: Database) -> None:
    async with database.connect() as conn:
        names = await conn.run_sync(
            lambda c: {i["name"] for i in inspect(c).get_indexes("tasks")},
        )
    assert {"ix_tasks_live", "ix_tasks_tenant_created_at_id"} <= names


async def test_migrated_tables_are_at_the_newest_form(database: Database) -> None:
    async with database.connect() as conn:
        present, newest = await revisions(conn)
    assert present == newest is not None


async def test_an_empty_database_has_no_form_yet(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    async with database.connect() as conn:
        assert (await revisions(conn))[0] is None
    await database.close()
