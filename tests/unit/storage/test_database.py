from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from extask import errors
from extask.storage import tenants
from extask.storage.columns import Span
from extask.storage.database import Database, create_engine
from extask.storage.rows import TenantRow
from extask.storage.tables import pools
from extask.storage.tables import tenants as tenants_table
from tests.support.postgres import Cluster
from tests.unit.storage.builders import NOW, T, add_tenant


async def test_instants_come_back_aware_with_their_microseconds(database: Database) -> None:
    zurich = timezone(timedelta(hours=2))
    created = datetime(2026, 7, 1, 1, 2, 3, 456789, tzinfo=zurich)
    async with database.begin() as conn:
        await tenants.add(conn, TenantRow(name=T, created_at=created))
    async with database.connect() as conn:
        row = await tenants.get(conn, T)
    assert row is not None
    assert row.created_at == created
    assert row.created_at.tzinfo is UTC


async def test_naive_instants_are_refused(database: Database) -> None:
    with pytest.raises(Exception, match="time zone"):
        await add_tenant(database, created_at=NOW.replace(tzinfo=None))


def test_absent_spans_stay_absent() -> None:
    dialect = create_engine("sqlite:///x").dialect
    assert Span().process_bind_param(None, dialect) is None
    assert Span().process_result_value(None, dialect) is None


async def test_an_error_leaves_nothing_written(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as conn:
            await tenants.add(conn, TenantRow(name=T, created_at=NOW))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.connect() as conn:
        assert await tenants.get(conn, T) is None


async def test_a_taken_key_is_a_conflict(house: Database) -> None:
    with pytest.raises(errors.Conflict):
        await add_tenant(house)


async def test_a_reference_to_nothing_is_a_conflict(database: Database) -> None:
    row = {"tenant": "nobody", "name": "main", "version": 1, "generation": 1}
    row |= {"level_worth": timedelta(0), "behind": False, "full": False}
    with pytest.raises(errors.Conflict):
        async with database.begin() as conn:
            await conn.execute(insert(pools).values(row))


async def test_a_wrong_statement_stays_the_programmers_error(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.connect() as conn:
            await conn.execute(text("SELECT nothing FROM nowhere"))


@pytest.mark.parametrize("url", ["mysql://localhost/x", "no address at all", "sqlite://"])
def test_only_files_and_postgresql_are_known(url: str) -> None:
    with pytest.raises(errors.Misconfigured):
        Database(url)


async def test_sqlite_is_set_up_for_many_processes(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    async with database.connect() as conn:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [(await conn.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in pragmas]
    await database.close()
    assert values == ["wal", 1, 1, 15_000]


async def test_a_write_transaction_owns_the_file_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    database = Database(f"sqlite:///{path}")
    async with database.begin():
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    await database.close()


async def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'missing' / 'x.db'}")
    with pytest.raises(errors.Unavailable):
        await database.ping()
    await database.close()


async def test_ping_passes_while_the_database_answers(database: Database) -> None:
    await database.ping()


async def test_a_refused_connection_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        database = Database(f"postgresql://nobody@127.0.0.1:{port}/nothing")
        with pytest.raises(errors.Unavailable):
            await database.ping()
        await database.close()


@pytest.mark.postgres
async def test_text_that_cannot_be_stored_is_bad_input(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(errors.BadInput):
        await add_tenant(database, name="a\0b")
    await database.close()


@pytest.mark.postgres
async def test_a_connection_cut_by_the_operator_is_unavailable_then_back(
    postgresql_url: str,
) -> None:
    database = Database(postgresql_url)

    async def be_cut() -> None:
        async with database.begin() as conn:
            pid = (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            os.kill(pid, signal.SIGTERM)
            await conn.execute(text("SELECT pg_sleep(30)"))

    with pytest.raises(errors.Unavailable):
        await be_cut()
    await database.ping()
    await database.close()


@pytest.mark.postgres
async def test_databases_come_and_go_in_the_tests_server(cluster: Cluster) -> None:
    database = Database(cluster.create("passing"))
    await database.ping()
    cluster.drop("passing")
    with pytest.raises(errors.Unavailable):
        await database.ping()
    await database.close()


async def test_a_cancelled_write_leaves_nothing_behind_and_no_lock(database: Database) -> None:
    """However far it came, and though somebody still holds its traceback."""
    cancelled: list[object] = []

    async def write() -> None:
        async with database.begin() as conn:
            for batch in range(20):
                names = [f"t_{batch}_{number}" for number in range(50)]
                rows = [TenantRow(name=name, created_at=NOW).model_dump() for name in names]
                await conn.execute(insert(tenants_table), rows)
            await asyncio.Event().wait()

    for turns in range(0, 4_000, 100):
        writing = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        cancelled += await asyncio.gather(writing, return_exceptions=True)
        await add_tenant(database, name=f"after_{turns}")
    assert {type(each) for each in cancelled} == {asyncio.CancelledError}
    async with database.connect() as conn:
        names = (await conn.execute(text("SELECT name FROM tenants"))).scalars().all()
    assert len(names) == 40
    assert all(name.startswith("after_") for name in names)
