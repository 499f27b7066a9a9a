"""Routes about reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from api import spreadsheets
from api.operations import reports
from api.operations.reports import OUTCOMES
from api.routes.guard import In, Who, router
from api.shapes.reports import (
    AggregateList,
    AggregateQuery,
    Durations,
    ServiceSession,
    ServiceSessionList,
    ServiceSessionQuery,
    UserSession,
    UserSessionList,
    UserSessionQuery,
)

routes = router("reports", prefix="/reports")
_AGENT = ("agent_id", "agent_upn")


def _columns(fields: dict[str, object]) -> tuple[str, ...]:
    """Name the columns of a file: those of the form, an agent's id and UPN apart."""
    return tuple(name for field in fields for name in (_AGENT if field == "agent" else (field,)))


def _link(request: Request, after: str | None) -> str | None:
    return str(request.url.include_query_params(after=after)) if after else None


@routes.get("/service-sessions", response_model=ServiceSessionList, responses=spreadsheets.RESPONSE)
async def list_service_sessions(
    ports: In, who: Who, request: Request, query: Annotated[ServiceSessionQuery, Query()]
) -> ServiceSessionList | Response:
    """List service sessions that have ended, the last to end first.

    A service session is a task in one service; a transfer ends it and starts the next. Its
    `workflow`, `queue`, `offer`, `work` and `hold` add up to the time from `began_at` to
    `ended_at`. With `format=csv`, or `Accept: text/csv`, all pages come as one file.
    """
    if spreadsheets.wanted(request, query.format):
        pages = reports.every_service_session(ports, who, query)
        columns = _columns(dict(ServiceSession.model_fields))
        return await spreadsheets.answer("service-sessions", columns, pages)
    value, after = await reports.service_sessions(ports, who, query, query.after, query.limit)
    return ServiceSessionList(value=value, nextLink=_link(request, after))


@routes.get("/user-sessions", response_model=UserSessionList, responses=spreadsheets.RESPONSE)
async def list_user_sessions(
    ports: In, who: Who, request: Request, query: Annotated[UserSessionQuery, Query()]
) -> UserSessionList | Response:
    """List user sessions that have ended, the last to end first.

    A user session is an agent's share in a task, from its offer on. `work` and `hold` add up to
    the time from `accepted_at` to `ended_at`. With `format=csv`, or `Accept: text/csv`, all pages
    come as one file.
    """
    if spreadsheets.wanted(request, query.format):
        pages = reports.every_user_session(ports, who, query)
        columns = _columns(dict(UserSession.model_fields))
        return await spreadsheets.answer("user-sessions", columns, pages)
    value, after = await reports.user_sessions(ports, who, query, query.after, query.limit)
    return UserSessionList(value=value, nextLink=_link(request, after))


@routes.get("/aggregates", response_model=AggregateList, responses=spreadsheets.RESPONSE)
async def get_aggregates(
    ports: In, who: Who, request: Request, query: Annotated[AggregateQuery, Query()]
) -> AggregateList | Response:
    """Sum up the sessions that ended in a time range, by service or by agent.

    Counts by outcome, sums and means of every measure, and the share of service sessions whose
    queue time was below the service's SLA. Without `since` it is the last 24 hours. With
    `format=csv`, or `Accept: text/csv`, it comes as a file.
    """
    found = await reports.aggregates(ports, who, query)
    if not spreadsheets.wanted(request, query.format):
        return found

    async def pages() -> spreadsheets.Pages:
        yield found.value

    return await spreadsheets.answer("aggregates", _of_aggregates(query), pages())


def _of_aggregates(query: AggregateQuery) -> tuple[str, ...]:
    named = _AGENT if query.by == "agent" else ("service",)
    outcomes = (f"outcomes_{outcome}" for outcome in OUTCOMES[query.by])
    spans = (f"{what}_{phase}" for what in ("total", "mean") for phase in Durations.model_fields)
    agreed = ("with_sla", "under_sla", "under_sla_share")
    return (*named, "sessions", "accepted", *outcomes, "attempts", "holds", *spans, *agreed)
