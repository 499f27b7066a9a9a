"""Reports: sessions that have ended, with their measures, and what many of them come to.

Every measure is a sum over intervals; nothing of it is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage import cursors
from extask.storage.columns import MICROSECOND, Instant
from extask.storage.report_rows import (
    NOTHING,
    Aggregate,
    Grain,
    Measures,
    ReportFilter,
    ServiceSession,
    ServiceSessionPage,
    UserSession,
    UserSessionPage,
)
from extask.storage.rows import Row
from extask.storage.statements import many
from extask.storage.tables import intervals, service_sessions, sessions

PAGE = 50
ALL = ReportFilter()
R = TypeVar("R", bound=Row)
_LASTED = cast(func.sum(type_coerce(intervals.c.lasted, BigInteger)), BigInteger)
_OF_SERVICE_SESSION = and_(
    intervals.c.tenant == service_sessions.c.tenant,
    intervals.c.task == service_sessions.c.task,
    intervals.c.service_session == service_sessions.c.number,
)
_OF_SESSION = and_(
    intervals.c.tenant == sessions.c.tenant,
    intervals.c.task == sessions.c.task,
    intervals.c.session == sessions.c.id,
)


async def service_session_page(
    conn: AsyncConnection,
    tenant: str,
    which: ReportFilter = ALL,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> ServiceSessionPage:
    """List a page of service sessions; `after` is the `next` of the page before.

    Raises `errors.BadInput` for an `after` that no page gave.
    """
    row = service_sessions.c
    place = None if after is None else cursors.read(after, str, int)
    query = _listed(service_sessions, tenant, which, row.task, row.number, limit=limit)
    if place is not None:
        at, (task, number) = place
        here = tuple_(literal(at, Instant), literal(task), literal(number))
        query = query.where(tuple_(row.ended_at, row.task, row.number) < here)
    page, more = await _page(conn, query, ServiceSession, limit)
    key = (intervals.c.task, intervals.c.service_session)
    measures = await _measures(conn, tenant, {it.task for it in page}, *key)
    last = page[-1] if more else None
    return ServiceSessionPage(
        rows=tuple(_with(it, measures[it.task, it.number]) for it in page),
        next=last and cursors.write(last.ended_at, last.task, str(last.number)),
    )


async def user_session_page(
    conn: AsyncConnection,
    tenant: str,
    which: ReportFilter = ALL,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> UserSessionPage:
    """List a page of user sessions that have ended; `after` is the `next` of the page before.

    Raises `errors.BadInput` for an `after` that no page gave.
    """
    row = sessions.c
    place = None if after is None else cursors.read(after, str)
    query = _listed(sessions, tenant, which, row.id, limit=limit)
    if place is not None:
        here = tuple_(literal(place[0], Instant), literal(place[1][0]))
        query = query.where(tuple_(row.ended_at, row.id) < here)
    page, more = await _page(conn, query, UserSession, limit)
    measures = await _measures(conn, tenant, {it.task for it in page}, intervals.c.session)
    last = page[-1] if more else None
    return UserSessionPage(
        rows=tuple(_with(it, measures.get((it.id,)) or _of_offer(it)) for it in page),
        next=last and cursors.write(last.ended_at, last.id),
    )


def _of_offer(row: UserSession) -> Measures:
    """Measure a session without intervals: an offer that ended in a task that goes on."""
    until = row.accepted_at or row.ended_at
    return Measures(offer=max(until - (row.offered_at or until), NOTHING))


def _listed(
    table: Table, tenant: str, which: ReportFilter, *key: Column[Any], limit: int
) -> Select[*tuple[Any, ...]]:
    place = (table.c.ended_at, *key)
    query = select(table).where(table.c.tenant == tenant, *_conditions(table, which))
    return query.order_by(*(each.desc() for each in place)).limit(limit + 1)


async def _page(
    conn: AsyncConnection, query: Select[*tuple[Any, ...]], model: type[R], limit: int
) -> tuple[tuple[R, ...], bool]:
    found = await many(conn, query, model)
    return found[:limit], len(found) > limit


def _with(row: R, measures: Measures) -> R:
    return row.model_copy(update={"measures": measures})


def _conditions(table: Table, which: ReportFilter) -> Iterator[ColumnElement[bool]]:
    row = table.c
    yield row.ended_at.is_not(None)
    if which.since is not None:
        yield row.ended_at >= which.since
    if which.until is not None:
        yield row.ended_at < which.until
    for name in ("service", "agent", "outcome"):
        value = getattr(which, name)
        if value is not None:
            yield row[name] == value


async def _measures(
    conn: AsyncConnection, tenant: str, tasks: Iterable[str], *key: Column[Any]
) -> Mapping[tuple[Any, ...], Measures]:
    """Sum the intervals of tasks by a key."""
    query = select(*key, intervals.c.phase, _LASTED, func.count())
    query = query.where(intervals.c.tenant == tenant, intervals.c.task.in_(set(tasks)))
    rows = await conn.execute(query.group_by(*key, intervals.c.phase))
    return _summed((tuple(names), phase, lasted, count) for *names, phase, lasted, count in rows)


def _summed(
    rows: Iterable[tuple[Any, str, int, int]],
) -> defaultdict[Any, Measures]:
    """Gather sums by phase under their keys; a key without any measures nothing."""
    found: dict[Any, dict[str, timedelta | int]] = defaultdict(dict)
    for key, phase, lasted, count in rows:
        found[key][phase] = lasted * MICROSECOND
        if phase == "hold":
            found[key]["holds"] = count
    return defaultdict(Measures, {key: Measures.model_validate(it) for key, it in found.items()})


async def aggregates(
    conn: AsyncConnection, tenant: str, by: Grain, which: ReportFilter = ALL
) -> tuple[Aggregate, ...]:
    """Tell what the sessions come to by service, or by agent, in the order of their names."""
    if by == "agent":
        return await _by_agent(conn, tenant, which)
    return await _by_service(conn, tenant, which)


async def _by_service(
    conn: AsyncConnection, tenant: str, which: ReportFilter
) -> tuple[Aggregate, ...]:
    row = service_sessions.c
    where = (row.tenant == tenant, *_conditions(service_sessions, which))
    agreed = await _agreed(conn, where)
    counted = await _counted(conn, row.service, row.agent, where, func.sum(row.attempts))
    totals = await _totals(conn, row.service, service_sessions, _OF_SERVICE_SESSION, where)
    return _aggregated(counted, totals, agreed)


async def _by_agent(
    conn: AsyncConnection, tenant: str, which: ReportFilter
) -> tuple[Aggregate, ...]:
    row = sessions.c
    where = (row.tenant == tenant, *_conditions(sessions, which))
    counted = await _counted(conn, row.agent, row.accepted_at, where, func.count())
    totals = await _totals(conn, row.agent, sessions, _OF_SESSION, where)
    for agent, stood in (await _offers_of_open_tasks(conn, where)).items():
        told = totals[agent]
        totals[agent] = told.model_copy(update={"offer": told.offer + stood})
    return _aggregated(counted, totals, {})


async def _offers_of_open_tasks(
    conn: AsyncConnection, where: Sequence[ColumnElement[bool]]
) -> dict[str, timedelta]:
    """Sum by agent how long offers stood that have no intervals yet."""
    row = sessions.c
    until = func.coalesce(row.accepted_at, row.ended_at, type_=Instant())
    query = select(row.agent, row.offered_at, until).where(*where, ~exists().where(_OF_SESSION))
    stood: dict[str, timedelta] = defaultdict(timedelta)
    for agent, offered, ended in await conn.execute(query.where(row.offered_at.is_not(None))):
        stood[agent] += max(ended - offered, NOTHING)
    return stood


async def _counted(
    conn: AsyncConnection,
    name: Column[Any],
    accepted: Column[Any],
    where: Sequence[ColumnElement[bool]],
    attempts: ColumnElement[int],
) -> Sequence[Any]:
    """Count sessions by name and outcome, those that were accepted, and offers."""
    counts = (func.count(), func.count(accepted), cast(attempts, Integer))
    query = select(name, name.table.c.outcome, *counts).where(*where)
    grouped = query.group_by(name, name.table.c.outcome).order_by(name, name.table.c.outcome)
    return (await conn.execute(grouped)).all()


async def _totals(
    conn: AsyncConnection,
    name: Column[Any],
    table: Table,
    of_it: ColumnElement[bool],
    where: Sequence[ColumnElement[bool]],
) -> defaultdict[Any, Measures]:
    query = select(name, intervals.c.phase, _LASTED, func.count()).join_from(
        table, intervals, of_it
    )
    rows = await conn.execute(query.where(*where).group_by(name, intervals.c.phase))
    return _summed((each, phase, lasted, count) for each, phase, lasted, count in rows)


async def _agreed(
    conn: AsyncConnection, where: Sequence[ColumnElement[bool]]
) -> dict[str, tuple[int, int]]:
    """Count the sessions with an SLA, and of these the ones that kept it, by service."""
    row = service_sessions.c
    queued = select(func.coalesce(_LASTED, 0)).where(
        _OF_SERVICE_SESSION, intervals.c.phase == "queue"
    )
    kept = case((type_coerce(row.sla, BigInteger) > queued.scalar_subquery(), 1), else_=0)
    query = select(row.service, func.count(), cast(func.sum(kept), Integer))
    rows = await conn.execute(query.where(*where, row.sla.is_not(None)).group_by(row.service))
    return {service: (agreed, under) for service, agreed, under in rows}


def _aggregated(
    counted: Iterable[tuple[str, str, int, int, int]],
    totals: Mapping[Any, Measures],
    agreed: Mapping[str, tuple[int, int]],
) -> tuple[Aggregate, ...]:
    by_name: dict[str, list[tuple[str, int, int, int]]] = defaultdict(list)
    for name, outcome, count, accepted, attempts in counted:
        by_name[name].append((outcome, count, accepted, attempts))
    return tuple(
        Aggregate(
            name=name,
            sessions=sum(count for _, count, _, _ in rows),
            accepted=sum(accepted for _, _, accepted, _ in rows),
            outcomes={outcome: count for outcome, count, _, _ in rows},
            attempts=sum(attempts for *_, attempts in rows),
            totals=totals[name],
            with_sla=agreed.get(name, (0, 0))[0],
            under_sla=agreed.get(name, (0, 0))[1],
        )
        for name, rows in by_name.items()
    )
