"""Routes about sessions: what agents were offered and work on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response, status
from pydantic import Field

from api.errors import responses
from api.operations import sessions
from api.operations.sessions import HELD, OFFERED, WRAPPING
from api.routes.guard import IdempotencyKey, In, Who, router
from api.shapes.common import Body, Reference
from api.shapes.sessions import (
    CompleteSessions,
    ExtendWrapUps,
    PickupList,
    PickUpTasks,
    SessionIds,
    SessionList,
    SessionResults,
    SessionState,
    TransferSessions,
)

routes = router("sessions", prefix="/sessions")
PARTLY: dict[int | str, dict[str, Any]] = {
    207: {
        "description": "Not all went through; each result has its own status and problem.",
        "model": SessionResults,
    }
}


class SessionQuery(Body):
    """Which sessions to list."""

    agent: Reference | None = Field(default=None, description="UPN or id; an agent's own else.")
    task: Reference | None = Field(default=None, description="Id of a task.")
    state: SessionState | None = Field(
        default=None, description="One state; empty means all but ended ones."
    )


@routes.get("")
async def list_sessions(
    ports: In, who: Who, query: Annotated[SessionQuery, Query()]
) -> SessionList:
    """List sessions.

    With an agent's key: the agent's own offers and engagements, the oldest first. With another
    key name an `agent` or a `task`. Ended sessions are listed with `state=ended` only.
    """
    return await sessions.page(ports, who, agent=query.agent, task=query.task, state=query.state)


@routes.get("/pickups", responses=responses(503))
async def list_pickups(ports: In, who: Who) -> PickupList:
    """List tasks that you may pick up.

    All tasks for picking up in your services, the most urgent first, at most 200. Those that a
    rule keeps from you name it, and when that changes by itself.
    """
    return await sessions.pickups(ports, who)


@routes.post("/pick-up", responses=PARTLY)
async def pick_up_tasks(
    ports: In, who: Who, body: PickUpTasks, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Pick tasks up.

    Each is yours at once, with a session of its own, unless another agent was faster or a rule
    keeps it from you.
    """
    return _answer(await sessions.pick_up(ports, who, body.task_ids, key), response)


def _answer(done: tuple[SessionResults, bool], response: Response) -> SessionResults:
    results, all_done = done
    response.status_code = status.HTTP_200_OK if all_done else status.HTTP_207_MULTI_STATUS
    return results


@routes.post("/accept", responses=PARTLY)
async def accept_sessions(
    ports: In, who: Who, body: SessionIds, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Accept offers.

    Name sessions, or tasks of which you have exactly one offer. Each has its own result: 200 when
    all went through, 207 when some or all did not. At the exact deadline it is too late.
    """
    done = await sessions.carry_out(ports, who, body, sessions.accept, fits=OFFERED, key=key)
    return _answer(done, response)


@routes.post("/decline", responses=PARTLY)
async def decline_sessions(
    ports: In, who: Who, body: SessionIds, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Decline offers.

    The tasks go back to their places in the queue; you are not offered them again for a while.
    """
    done = await sessions.carry_out(ports, who, body, sessions.decline, fits=OFFERED, key=key)
    return _answer(done, response)


@routes.post("/complete", responses=PARTLY)
async def complete_sessions(
    ports: In, who: Who, body: CompleteSessions, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Complete engagements.

    The work is done. Code, tags and note are kept with each session; workflows can read the code.
    """
    verb = sessions.complete(body.code, body.tags, body.note)
    done = await sessions.carry_out(ports, who, body, verb, fits=HELD, key=key)
    return _answer(done, response)


@routes.post("/return", responses=PARTLY)
async def return_sessions(
    ports: In, who: Who, body: SessionIds, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Give accepted tasks back.

    Each keeps its place in the queue; you are not offered it again for a while.
    """
    done = await sessions.carry_out(ports, who, body, sessions.give_back, fits=HELD, key=key)
    return _answer(done, response)


@routes.post("/transfer", responses={**PARTLY, **responses(404)})
async def transfer_sessions(
    ports: In, who: Who, body: TransferSessions, response: Response
) -> SessionResults:
    """Hand accepted tasks on to another service.

    Your share of each ends only when the other service has taken it; one that does not leaves the
    task with you.
    """
    return _answer(await sessions.transfer(ports, who, body), response)


@routes.post("/hold", responses=PARTLY)
async def hold_sessions(
    ports: In, who: Who, body: SessionIds, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Put engagements on hold.

    Their time counts as hold, not as work, until you resume them. A blocking task on hold still
    blocks.
    """
    done = await sessions.carry_out(ports, who, body, sessions.hold, fits=HELD, key=key)
    return _answer(done, response)


@routes.post("/resume", responses=PARTLY)
async def resume_sessions(
    ports: In, who: Who, body: SessionIds, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Go on with engagements that you put on hold.

    One that blocking work interrupted goes on when that work is over.
    """
    done = await sessions.carry_out(ports, who, body, sessions.resume, fits=HELD, key=key)
    return _answer(done, response)


@routes.post("/extend-wrap-up", responses=PARTLY)
async def extend_wrap_ups(
    ports: In, who: Who, body: ExtendWrapUps, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """Extend wrap-ups.

    Each ends so much later; until then you are given no other task.
    """
    verb = sessions.extend_wrap_up(body.by)
    done = await sessions.carry_out(ports, who, body, verb, fits=WRAPPING, key=key)
    return _answer(done, response)


@routes.post("/end-wrap-up", responses=PARTLY)
async def end_wrap_ups(
    ports: In, who: Who, body: SessionIds, response: Response, key: IdempotencyKey = None
) -> SessionResults:
    """End wrap-ups now."""
    verb = sessions.end_wrap_up
    done = await sessions.carry_out(ports, who, body, verb, fits=WRAPPING, key=key)
    return _answer(done, response)
