"""Reports: sessions that have ended, a page or all of them, and what they come to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Principal
from api.operations.people import People
from api.ports import Ports
from api.shapes.reports import (
    Aggregate,
    AggregateList,
    AggregateQuery,
    Durations,
    ReportQuery,
    ServiceSession,
    UserSession,
)
from extask.messages import Outcome
from extask.storage import report_rows, reports
from extask.storage.report_rows import Grain, Measures, ReportFilter
from extask.storage.rows import SessionOutcome

DAY = timedelta(days=1)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing ended before it; a day can be taken from it."""
PAGE_OF_FILE = 1_000
PHASES = tuple(Durations.model_fields)
OF_ACCEPTED = {"work", "hold", "wrap_up"}
"""Phases that only accepted sessions have, whose mean is over these."""
OUTCOMES: dict[Grain, tuple[str, ...]] = {
    "service": get_args(Outcome),
    "agent": get_args(SessionOutcome),
}
ServiceSessions = tuple[list[ServiceSession], str | None]
UserSessions = tuple[list[UserSession], str | None]


async def service_sessions(
    ports: Ports, who: Principal, query: ReportQuery, after: str | None, limit: int
) -> ServiceSessions:
    """Read a page of service sessions; answers it and where the next one begins."""
    async with ports.database.connect() as connection:
        which = await _which(connection, who, query)
        page = await reports.service_session_page(
            connection, who.tenant, which, after=after, limit=limit
        )
        people = await People.of(connection, who.tenant, (it.agent or "" for it in page.rows))
    return [_service_session(row, people) for row in page.rows], page.next


async def user_sessions(
    ports: Ports, who: Principal, query: ReportQuery, after: str | None, limit: int
) -> UserSessions:
    """Read a page of user sessions; answers it and where the next one begins."""
    async with ports.database.connect() as connection:
        which = await _which(connection, who, query)
        page = await reports.user_session_page(
            connection, who.tenant, which, after=after, limit=limit
        )
        people = await People.of(connection, who.tenant, (it.agent for it in page.rows))
    return [_user_session(row, people) for row in page.rows], page.next


async def every_service_session(
    ports: Ports, who: Principal, query: ReportQuery
) -> AsyncIterator[Sequence[ServiceSession]]:
    """Read all service sessions, page by page."""
    after: str | None = ""
    while after is not None:
        page, after = await service_sessions(ports, who, query, after or None, PAGE_OF_FILE)
        yield page


async def every_user_session(
    ports: Ports, who: Principal, query: ReportQuery
) -> AsyncIterator[Sequence[UserSession]]:
    """Read all user sessions, page by page."""
    after: str | None = ""
    while after is not None:
        page, after = await user_sessions(ports, who, query, after or None, PAGE_OF_FILE)
        yield page


async def aggregates(ports: Ports, who: Principal, query: AggregateQuery) -> AggregateList:
    """Sum sessions up by service or by agent."""
    until = query.until or ports.clock()
    since = query.since or max(until, EARLIEST) - DAY
    async with ports.database.connect() as connection:
        which = await _which(connection, who, query)
        which = which.model_copy(update={"since": since, "until": until})
        rows = await reports.aggregates(connection, who.tenant, query.by, which)
        people = await People.of(connection, who.tenant, (row.name for row in rows))
    value = [_aggregate(row, query.by, people) for row in rows]
    return AggregateList(since=since, until=until, value=value)


async def _which(connection: AsyncConnection, who: Principal, query: ReportQuery) -> ReportFilter:
    agent = query.agent and await People.resolve(connection, who.tenant, query.agent)
    return ReportFilter(
        since=query.since,
        until=query.until,
        service=query.service,
        agent=agent,
        outcome=getattr(query, "outcome", None),
    )


def _service_session(row: report_rows.ServiceSession, people: People) -> ServiceSession:
    own = row.model_dump(exclude={"task", "agent", "measures"})
    return ServiceSession(
        **own,
        **dict(row.measures),
        task_id=row.task,
        agent=people.ref(row.agent),
        under_sla=row.under_sla,
    )


def _user_session(row: report_rows.UserSession, people: People) -> UserSession:
    measures: dict[str, Any] = dict(row.measures)
    return UserSession(
        **row.model_dump(exclude={"id", "task", "agent", "measures"}),
        **{name: measures[name] for name in ("offer", "work", "hold", "holds", "wrap_up")},
        session_id=row.id,
        task_id=row.task,
        agent=people.named(row.agent),
    )


def _aggregate(row: report_rows.Aggregate, by: Grain, people: People) -> Aggregate:
    return Aggregate(
        service=row.name if by == "service" else None,
        agent=people.ref(row.name) if by == "agent" else None,
        sessions=row.sessions,
        accepted=row.accepted,
        outcomes={outcome: row.outcomes.get(outcome, 0) for outcome in OUTCOMES[by]},
        attempts=row.attempts,
        holds=row.totals.holds,
        total=Durations.model_validate(row.totals.model_dump(include=set(PHASES))),
        mean=_mean(row.totals, row.sessions, row.accepted),
        with_sla=row.with_sla,
        under_sla=row.under_sla,
        under_sla_share=row.under_sla / row.with_sla if row.with_sla else None,
    )


def _mean(totals: Measures, sessions: int, accepted: int) -> Durations:
    """Divide the sums, to whole microseconds; what nobody accepted took no time at all."""
    shares = {name: accepted if name in OF_ACCEPTED else sessions for name in PHASES}
    return Durations.model_validate(
        {name: getattr(totals, name) // max(count, 1) for name, count in shares.items()}
    )
