from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from extask.storage.database import Database
from extask.storage.migrate import migrate
from extask.storage.tables import metadata
from tests.support.postgres import Cluster, running_postgres
from tests.unit.storage.builders import furnish

BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgresql_url(cluster: Cluster) -> str:
    url = cluster.create("extask")
    migrate(url)
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=BOTH)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A migrated, empty database, on each kind of server in turn."""
    if request.param == "sqlite":
        path = tmp_path / "extask.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    url: str = request.getfixturevalue("postgresql_url")
    yield url
    await empty(url)


async def empty(url: str) -> None:
    """Take every row away again, which is much quicker than making databases."""
    database = Database(url)
    async with database.begin() as conn:
        for table in reversed(metadata.sorted_tables):
            await conn.execute(delete(table))
    await database.close()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


@pytest.fixture
async def house(database: Database) -> Database:
    """A tenant `acme` with services, agents and a published workflow; a tenant `other`."""
    await furnish(database)
    return database
