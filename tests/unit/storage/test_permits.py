from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from extask.storage import permits
from extask.storage.database import Database
from extask.storage.permits import PERMITS, Permits
from tests.support.postgres import Cluster
from tests.unit.storage.builders import T

ROOT = Path(__file__).parents[3]
HOLDER = """
import asyncio, sys
from contextlib import AsyncExitStack
from extask.storage.permits import Permits

async def main():
    permits = Permits(sys.argv[1])
    async with AsyncExitStack() as stack:
        for _ in range(int(sys.argv[2])):
            assert await stack.enter_async_context(permits.taken("acme", "main"))
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="session")
def empty_url(cluster: Cluster) -> str:
    """A database without tables: permits need none."""
    return cluster.create("permits")


@pytest.fixture
async def shared(empty_url: str) -> AsyncIterator[Permits]:
    shared = Permits(empty_url)
    yield shared
    await shared.close()


@contextmanager
def holder(url: str, count: int) -> Iterator[subprocess.Popen[str]]:
    """Run a process that takes permits and keeps them."""
    argv = (sys.executable, "-c", HOLDER, url, str(count))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


async def take(shared: Permits, stack: AsyncExitStack, count: int) -> list[bool]:
    return [await stack.enter_async_context(shared.taken(T, "main")) for _ in range(count)]


END_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND datname = current_database() "
    "AND (wait_event_type = 'Lock') = :waiting"
)


async def sessions_end(url: str, *, waiting: bool) -> int:
    """End the sessions that wait for a lock, or the others; answers how many."""
    database = Database(url)
    async with database.connect() as conn:
        ended = int((await conn.execute(END_OTHERS, {"waiting": waiting})).scalar_one())
    await database.close()
    return ended


async def waiting(url: str) -> None:
    """Wait until somebody queues for a permit."""
    database = Database(url)
    async with asyncio.timeout(10), database.connect() as conn:
        query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not (await conn.execute(query)).scalar_one():  # noqa: ASYNC110 - seen elsewhere
            await asyncio.sleep(0.01)
    await database.close()


async def test_never_are_more_than_eight_held_over_all_clients(empty_url: str) -> None:
    clients = [Permits(empty_url) for _ in range(4)]
    held = most = 0

    async def hold(client: Permits) -> bool:
        nonlocal held, most
        async with client.taken(T, "main") as counts:
            held += 1
            most = max(most, held)
            await asyncio.sleep(0.002)
            held -= 1
        return counts

    counted = await asyncio.gather(*(hold(client) for client in clients for _ in range(40)))
    assert all(counted)
    assert PERMITS / 2 < most <= PERMITS
    for client in clients:
        await client.close()


async def test_each_pool_has_permits_of_its_own(shared: Permits) -> None:
    async with AsyncExitStack() as stack:
        assert await take(shared, stack, 4) == [True] * 4
        assert await stack.enter_async_context(shared.taken(T, "other"))
        assert await stack.enter_async_context(shared.taken("other", "main"))


async def test_a_killed_holder_leaves_its_permits_to_others(
    empty_url: str, shared: Permits
) -> None:
    with holder(empty_url, PERMITS) as process:
        taking = asyncio.create_task(shared.taken(T, "main").__aenter__())
        await waiting(empty_url)
        process.send_signal(signal.SIGKILL)
        assert await asyncio.wait_for(taking, 10)


async def test_nobody_waits_for_ever_behind_a_holder_that_stands_still(
    empty_url: str, shared: Permits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "_NOT_FOR_EVER", text("SET lock_timeout = '50ms'"))
    with holder(empty_url, PERMITS - 1) as process:
        os.kill(process.pid, signal.SIGSTOP)
        async with AsyncExitStack() as stack:
            await take(shared, stack, 1)
            several = [asyncio.create_task(_briefly(shared)) for _ in range(6)]
            await waiting(empty_url)
            await stack.aclose()
            assert await asyncio.wait_for(asyncio.gather(*several), 30) == [True] * 6


async def _briefly(shared: Permits) -> bool:
    async with shared.taken(T, "main") as counts:
        return counts


async def test_whoever_gives_up_waiting_holds_nothing(empty_url: str, shared: Permits) -> None:
    async with AsyncExitStack() as stack:
        other = Permits(empty_url)
        await take(other, stack, PERMITS)
        gives_up = asyncio.create_task(_briefly(shared))
        await waiting(empty_url)
        gives_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gives_up
    await other.close()
    async with AsyncExitStack() as stack:
        assert await take(shared, stack, PERMITS) == [True] * PERMITS


async def test_an_error_gives_the_permit_back(shared: Permits) -> None:
    for _ in range(PERMITS + 1):
        with pytest.raises(ValueError, match="of all things"):
            async with shared.taken(T, "main"):
                raise ValueError("of all things")
    async with AsyncExitStack() as stack:
        assert all(await take(shared, stack, PERMITS))


async def test_on_sqlite_there_is_none_to_take(tmp_path: Path) -> None:
    shared = Permits(f"sqlite:///{tmp_path / 'extask.db'}")
    assert not await _briefly(shared)
    await shared.close()


async def test_a_database_that_is_away_is_not_asked_at_every_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared = Permits("postgresql://postgres@127.0.0.1:1/nowhere")
    assert not await _briefly(shared)
    asked = 0

    async def refuse(*_: object) -> None:
        nonlocal asked
        asked += 1

    monkeypatch.setattr(shared, "_take", refuse)
    assert not await _briefly(shared)
    assert asked == 0
    await shared.close()


async def test_a_server_that_goes_away_leaves_the_fixed_share_and_comes_back(
    empty_url: str, shared: Permits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "AWAY_FOR", permits.AWAY_FOR * 0)
    async with AsyncExitStack() as stack:
        other = Permits(empty_url)
        assert all(await take(other, stack, PERMITS))
        waits = asyncio.create_task(_briefly(shared))
        await waiting(empty_url)
        assert await sessions_end(empty_url, waiting=True) == 1
        assert not await waits
        assert await sessions_end(empty_url, waiting=False) == PERMITS
    await other.close()
    assert await _briefly(shared)
