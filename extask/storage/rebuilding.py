"""What the read model remembers of a pool, read at one moment for a new generation of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.messages import (
    PRIORITIES,
    Place,
    PoolConfig,
    Preferred,
    Report,
    Stock,
    StoredEnding,
    StoredEngagement,
    StoredOffer,
    StoredStay,
    StoredWrapUp,
)
from extask.storage import agents, duty_profiles, services
from extask.storage.tables import OPEN, engagements, pool_events, pools, sessions, tasks
from extask.storage.tables import agents as staff
from extask.storage.task_state import PLACED, instant

STANDING = ("queued", "offered", "active", "on_hold")
WITH_AGENT = ("active", "on_hold")
ENDINGS = ("completed", "expired")
OF_ENGAGEMENT = (
    *("offered_at", "held_at", "held_by_agent", "held_by_interruption", "hold"),
    *("why", "level", "algorithm"),
)


async def next_generation(conn: AsyncConnection, tenant: str, pool: str) -> int:
    """Raise the pool's generation, which will know all its configuration.

    From now on nothing of an earlier one is written.
    """
    mine = (pools.c.tenant == tenant, pools.c.name == pool)
    raised = (
        update(pools)
        .where(*mine)
        .values(generation=pools.c.generation + 1, acknowledged=pools.c.version)
    )
    found = await conn.execute(raised.returning(pools.c.generation))
    generation: int | None = found.scalar_one_or_none()
    if generation is None:
        raise errors.NotFound(f"there is no pool '{pool}'")
    return generation


async def live_tasks(conn: AsyncConnection, tenant: str, pool: str) -> tuple[str, ...]:
    """List the tasks of a pool whose workflows have begun and not ended.

    One may have begun, and asked for its queue, before any pool's event moved its row.
    """
    query = select(tasks.c.id).where(
        tasks.c.tenant == tenant,
        tasks.c.pool == pool,
        tasks.c.state != "ended",
        or_(tasks.c.state != "created", tasks.c.step_run > 0),
    )
    return tuple((await conn.execute(query)).scalars())


async def stock(conn: AsyncConnection, tenant: str, pool: str, now: datetime) -> Stock:
    """Read a pool's configuration, agents, tasks and work under way."""
    mine = select(pools).where(pools.c.tenant == tenant, pools.c.name == pool)
    row = (await conn.execute(mine)).one_or_none()
    if row is None:
        raise errors.NotFound(f"there is no pool '{pool}'")
    served = await services.list_all(conn, tenant, pool=pool)
    people = await agents.list_all(conn, tenant, pool=pool)
    rows = (await conn.execute(_live(tenant, pool))).mappings().all()
    return Stock(
        config=PoolConfig(
            version=row.version,
            level_worth=row.level_worth,
            services=tuple(service.config for service in served),
            agents=tuple(agent.config for agent in people),
            duty_profiles=await duty_profiles.list_all(conn, tenant),
        ),
        presence=tuple(agent.state for agent in people),
        engagements=await _engagements(conn, tenant, pool),
        wrap_ups=await _wrap_ups(conn, tenant, pool),
        stays=await _stays(conn, tenant, [it for it in rows if it["state"] in STANDING], now),
        endings=await _endings(conn, tenant, [it for it in rows if it["state"] == "moving"]),
    )


def _live(tenant: str, pool: str) -> Select[*tuple[Any, ...]]:
    states = (*STANDING, "moving")
    return select(tasks).where(
        tasks.c.tenant == tenant, tasks.c.pool == pool, tasks.c.state.in_(states)
    )


async def _engagements(
    conn: AsyncConnection, tenant: str, pool: str
) -> tuple[StoredEngagement, ...]:
    query = (
        select(engagements)
        .join(staff, (staff.c.tenant == engagements.c.tenant) & (staff.c.id == engagements.c.agent))
        .where(staff.c.tenant == tenant, staff.c.pool == pool, engagements.c.ended_at.is_(None))
    )
    return tuple(
        StoredEngagement(
            agent=it.agent, engagement=it.id, blocking=it.blocking, started_at=it.started_at
        )
        for it in await conn.execute(query)
    )


async def _wrap_ups(conn: AsyncConnection, tenant: str, pool: str) -> tuple[StoredWrapUp, ...]:
    query = (
        select(sessions, tasks.c.pool_run, tasks.c.pool_epoch)
        .join(tasks, (tasks.c.tenant == sessions.c.tenant) & (tasks.c.id == sessions.c.task))
        .where(sessions.c.tenant == tenant, sessions.c.pool == pool)
        .where(sessions.c.state == "wrap_up")
    )
    return tuple(
        StoredWrapUp(
            session=it.id,
            agent=it.agent,
            service=it.service,
            task=it.task,
            run=it.pool_run,
            epoch=it.pool_epoch,
            since=it.ended_at or it.wrap_up_until,
            until=it.wrap_up_until,
        )
        for it in await conn.execute(query)
    )


async def _events(
    conn: AsyncConnection, tenant: str, rows: list[RowMapping], kinds: tuple[str, ...]
) -> dict[str, list[RowMapping]]:
    """Read the events of these kinds of each task, in their order."""
    ids = [it["id"] for it in rows]
    found: dict[str, list[RowMapping]] = defaultdict(list)
    for chunk in (ids[place : place + 500] for place in range(0, len(ids), 500)):
        query = (
            select(pool_events)
            .where(pool_events.c.tenant == tenant, pool_events.c.task.in_(chunk))
            .where(pool_events.c.kind.in_(kinds))
            .order_by(pool_events.c.generation, pool_events.c.seq)
        )
        for event in (await conn.execute(query)).mappings():
            found[event["task"]].append(event)
    return found


async def _stays(
    conn: AsyncConnection, tenant: str, rows: list[RowMapping], now: datetime
) -> tuple[StoredStay, ...]:
    kinds = (*PLACED, "offered")
    told = await _events(conn, tenant, rows, kinds)
    held = await _open_sessions(conn, tenant)
    rows = sorted(rows, key=lambda it: _placed_at(told[it["id"]]))
    return tuple(_stay(it, told[it["id"]], _own(it, held), now) for it in rows)


async def _open_sessions(conn: AsyncConnection, tenant: str) -> dict[str, RowMapping]:
    query = select(sessions).where(sessions.c.tenant == tenant, OPEN)
    return {it["id"]: it for it in (await conn.execute(query)).mappings()}


def _own(row: RowMapping, held: dict[str, RowMapping]) -> list[RowMapping]:
    """Find the engagement of a task, or its open offers, the oldest first."""
    names = dict.fromkeys((row["session"] or "", *row["offers"]))
    return [held[name] for name in names if name in held]


def _placed_at(told: list[RowMapping]) -> tuple[int, int]:
    """Tell which place in the log a queueing has: several may share one instant."""
    placed = [(it["generation"], it["seq"]) for it in told if it["kind"] in PLACED]
    return placed[-1] if placed else (0, 0)


def _stay(
    row: RowMapping, told: list[RowMapping], own: list[RowMapping], now: datetime
) -> StoredStay:
    placed = [event for event in told if event["kind"] in PLACED]
    data: dict[str, Any] = placed[-1]["data"] if placed else {}
    stamp = (row["pool_run"], row["pool_epoch"])
    mine = [event for event in told if (event["run"], event["epoch"]) == stamp]
    working = bool(own) and row["state"] in WITH_AGENT
    report = Report(
        key="",
        task=row["id"],
        run=row["pool_run"],
        epoch=row["pool_epoch"],
        rank=row["pool_rank"],
        state="active" if working else "waiting",
        place=_place(row, data, now),
        expires_at=row["expires_at"],
        first_queued=instant(data.get("first_queued")) or row["queued_at"],
        agent=row["agent"] or "",
        session=row["session"] or "",
        accepted_at=row["accepted_at"],
        offers=sum(event["kind"] == "offered" for event in mine),
    )
    if not own:
        return StoredStay(report=report)
    return StoredStay(
        report=report,
        offers=tuple(map(_offer, own)) if row["state"] == "offered" else (),
        agent=own[0]["agent"],
        session=own[0]["id"],
        **{name: own[0][name] for name in OF_ENGAGEMENT},
    )


def _offer(session: RowMapping) -> StoredOffer:
    names = ("agent", "offered_at", "deadline", "blocking", "why", "level", "algorithm")
    return StoredOffer(session=session["id"], **{name: session[name] for name in names})


def _place(row: RowMapping, data: dict[str, Any], now: datetime) -> Place:
    until = instant(data.get("prefer_until"))
    wishes = enumerate(data.get("preferred", ())[:99], start=1)
    return Place(
        service=row["service"],
        priority=row["priority"] if row["priority"] in PRIORITIES else None,
        block_agent=row["block_agent"],
        preferred=tuple(Preferred(agent=agent, priority=place) for place, agent in wishes),
        preferred_only=data.get("preferred_only", False),
        prefer_for=None if until is None else max(until - now, now - now),
        exclude=tuple(data.get("exclude", ())),
        skills=data.get("skills", {}),
        distribution=data.get("distribution"),
    )


async def _endings(
    conn: AsyncConnection, tenant: str, rows: list[RowMapping]
) -> tuple[StoredEnding, ...]:
    told = await _events(conn, tenant, rows, ENDINGS)
    last = [told[it["id"]][-1] for it in rows if told[it["id"]]]
    return tuple(
        StoredEnding(
            task=it["task"],
            run=it["run"],
            epoch=it["epoch"],
            rank=it["rank"],
            how=it["kind"],
            at=it["at"].astimezone(UTC),
            agent=it["agent"],
            session=it["session"],
            code=it["data"].get("code", ""),
        )
        for it in last
    )
