"""Random days: reports agree to the microsecond with an independent reading of the raw log."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import get_args

import pytest

from extask.distribution import Distributor
from extask.messages import EventKind, PoolJournal, TaskJournal
from extask.storage import agents, journal, rebuilding, reports, services, sessions, tenants
from extask.storage.database import Database
from extask.storage.report_rows import Measures, ServiceSession, UserSession
from extask.storage.rows import AgentRow, ServiceRow, TenantRow
from tests.support.report_day import AGENTS, ALL_SERVICES, SERVICES, ReportDay, opened
from tests.support.report_reading import (
    PHASES,
    ReadShare,
    ReadStay,
    by_task,
    read_log,
    read_shares,
    read_stays,
)
from tests.unit.storage.builders import NOW, T, create

NOTHING = timedelta(0)
SLA = timedelta(seconds=2)
Delivery = PoolJournal | TaskJournal


async def furnish(database: Database) -> None:
    async with database.begin() as conn:
        await tenants.add(conn, TenantRow(name=T, created_at=NOW))
        for each in SERVICES:
            name, sla = each.name, SLA if each.name in {"calls", "forms"} else None
            row = ServiceRow(name=name, upn=f"{name}@acme.test", config=each, sla=sla)
            await services.save(conn, T, row)
        for config in AGENTS:
            agent = AgentRow(
                upn=f"{config.id}@acme.test",
                presence="available",
                **config.model_dump(exclude={"version"}),
            )
            await agents.save(conn, T, agent)


async def begin(database: Database, seed: int, services: Sequence[str] = ALL_SERVICES) -> ReportDay:
    await furnish(database)
    return ReportDay(seed, opened(NOW), T, services)


async def create_all(database: Database, day: ReportDay, known: int = 0) -> None:
    for task, (service, at) in list(day.created.items())[known:]:
        place = {"service": service}
        await create(database, task, service=service, place=place, created_at=at)


def batches(day: ReportDay, dice: random.Random, *, generation: int = 1) -> Iterator[PoolJournal]:
    """Cut a day's events into batches."""
    events, begun = tuple(day.told), 0
    while begun < len(events):
        until = min(begun + dice.randrange(1, 60), len(events))
        yield PoolJournal(
            tenant=T,
            pool="main",
            generation=generation,
            first=1 + begun,
            events=events[begun:until],
        )
        begun = until


def shaken(
    parts: list[PoolJournal], ends: list[TaskJournal], dice: random.Random
) -> list[Delivery]:
    """Deliver everything twice, some of it in other pieces; ends of tasks whenever they like.

    What a pool tells comes in its order, as it does; a repeat may come at any time after.
    """
    order: list[tuple[float, Delivery]] = [(place, part) for place, part in enumerate(parts)]
    for place, part in enumerate(parts):
        cut = dice.randrange(len(part.events))
        again = part.model_copy(update={"first": part.first + cut, "events": part.events[cut:]})
        order.append((place + dice.random() * 5, again))
        order.append((place + 0.5, part))
    for end in ends:
        order += [(dice.random() * len(parts), end), (dice.random() * len(parts), end)]
    return [what for _, what in sorted(order, key=lambda each: each[0])]


async def deliver(database: Database, told: list[Delivery]) -> None:
    for each in told:
        async with database.begin() as conn:
            if isinstance(each, PoolJournal):
                assert await journal.write_pool(conn, each) is not None
            else:
                await journal.write_tasks(conn, (each,))


async def reported(
    database: Database,
) -> tuple[dict[str, UserSession], dict[tuple[str, int], ServiceSession]]:
    """Read all reports, in small pages."""
    users: dict[str, UserSession] = {}
    stays: dict[tuple[str, int], ServiceSession] = {}
    async with database.connect() as conn:
        after: str | None = None
        while True:
            page = await reports.user_session_page(conn, T, after=after, limit=17)
            users |= {row.id: row for row in page.rows}
            if (after := page.next) is None:
                break
        while True:
            listed = await reports.service_session_page(conn, T, after=after, limit=17)
            stays |= {(row.task, row.number): row for row in listed.rows}
            if (after := listed.next) is None:
                return users, stays


def check_share(told: UserSession, read: ReadShare) -> None:
    spent = told.measures
    assert told.model_dump(include={"agent", "outcome", "service", "level"}) == {
        "agent": read.agent,
        "outcome": read.outcome,
        "service": read.service,
        "level": read.level,
    }
    assert (told.offered_at, told.accepted_at) == (read.offered, read.accepted)
    assert told.ended_at == read.ended
    assert (spent.offer, spent.work, spent.hold) == (read.offer, read.work, read.hold)
    assert (spent.holds, spent.wrap_up) == (len(read.holds), read.wrap_up)
    if told.accepted_at is not None:
        assert spent.work + spent.hold == told.ended_at - told.accepted_at


def check_stay(told: ServiceSession, read: ReadStay) -> None:
    spent = told.measures
    assert (told.service, told.outcome) == (read.service, read.outcome)
    assert (told.began_at, told.ended_at) == (read.began, read.ended)
    assert {name: getattr(spent, name) for name in PHASES} == read.spans
    assert (spent.holds, told.attempts) == (read.holds, read.attempts)
    whole = sum((getattr(spent, name) for name in PHASES), NOTHING)
    assert whole == told.ended_at - told.began_at
    agreed = told.service in {"calls", "forms"}
    assert told.sla == (SLA if agreed else None)
    assert told.under_sla == (read.spans["queue"] < SLA if agreed else None)


async def check(database: Database, day: ReportDay) -> tuple[int, int]:
    """Hold everything that is reported against the raw log; answers how much that was."""
    async with database.connect() as conn:
        events, records = await read_log(conn)
    shares = read_shares(events, records)
    users, stays = await reported(database)
    assert users.keys() == shares.keys()
    for name, told in users.items():
        check_share(told, shares[name])
    grouped = by_task(events)
    read = {
        (task, number): stay
        for task, born in day.created.items()
        for number, stay in enumerate(
            read_stays(task, born, grouped[task], records, shares), start=1
        )
    }
    assert stays.keys() == read.keys()
    for key, stay in stays.items():
        check_stay(stay, read[key])
    await check_aggregates(database, users, stays)
    return len(users), len(stays)


async def check_aggregates(
    database: Database,
    users: dict[str, UserSession],
    stays: dict[tuple[str, int], ServiceSession],
) -> None:
    async with database.connect() as conn:
        by_agent = await reports.aggregates(conn, T, "agent")
        by_service = await reports.aggregates(conn, T, "service")
    for told in by_agent:
        own = [it for it in users.values() if it.agent == told.name]
        assert told.sessions == len(own) == sum(told.outcomes.values())
        assert told.accepted == sum(it.accepted_at is not None for it in own)
        assert told.totals == summed([it.measures for it in own])
    for told in by_service:
        these = [it for it in stays.values() if it.service == told.name]
        assert told.sessions == len(these) == sum(told.outcomes.values())
        assert told.attempts == sum(it.attempts for it in these)
        assert told.totals == summed([it.measures for it in these])
        assert told.with_sla == sum(it.sla is not None for it in these)
        assert told.under_sla == sum(it.under_sla is True for it in these)
    assert len(users) == sum(it.sessions for it in by_agent)
    assert len(stays) == sum(it.sessions for it in by_service)


def summed(several: list[Measures]) -> Measures:
    names = Measures.model_fields
    zero = {name: field.default for name, field in names.items()}
    totals = {name: sum((getattr(it, name) for it in several), zero[name]) for name in names}
    return Measures.model_validate(totals)


def test_the_days_hold_all_that_may_happen() -> None:
    kinds: set[str] = set()
    for seed in range(6):
        day = ReportDay(seed, opened(NOW), T)
        day.live(500)
        kinds |= {event.kind for event in day.told}
    assert kinds >= set(get_args(EventKind)) - {"configured", "rebuilt", "displaced", "expiry_set"}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.prove)])
async def test_a_random_day_is_reported_to_the_microsecond(database: Database, seed: int) -> None:
    day = await begin(database, seed)
    day.live(500)
    day.close()
    await create_all(database, day)
    parts = list(batches(day, day.dice))
    await deliver(database, [*parts, *day.ends.values()])
    users, stays = await check(database, day)
    assert users > 60
    assert stays > 40


@pytest.mark.parametrize("seed", [3, pytest.param(4, marks=pytest.mark.prove)])
async def test_a_day_told_twice_late_and_in_pieces_is_reported_as_well(
    database: Database, seed: int
) -> None:
    day = await begin(database, seed)
    day.live(400)
    day.close()
    await create_all(database, day)
    parts = list(batches(day, day.dice))
    await deliver(database, shaken(parts, list(day.ends.values()), day.dice))
    await check(database, day)
    async with database.connect() as conn:
        for agent in AGENTS:
            assert await sessions.of_agent(conn, T, agent.id) == ()


@pytest.mark.parametrize("seed", [5, pytest.param(6, marks=pytest.mark.prove)])
async def test_a_day_on_which_the_distributor_is_lost_is_reported_as_it_was_told(
    database: Database, seed: int
) -> None:
    day = await begin(database, seed, services=("calls", "forms"))
    day.live(250)
    await create_all(database, day)
    day.lose(12)
    await deliver(database, [*batches(day, day.dice)])
    async with database.begin() as conn:
        generation = await rebuilding.next_generation(conn, T, "main")
        stock = await rebuilding.stock(conn, T, "main", day.now)
    known = len(day.created)
    day.go_on(Distributor.rebuilt(stock, generation, at=day.now))
    day.live(250)
    day.close()
    await create_all(database, day, known)
    parts = list(batches(day, day.dice, generation=generation))
    await deliver(database, shaken(parts, list(day.ends.values()), day.dice))
    await check(database, day)
