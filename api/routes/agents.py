"""Routes about agents."""

from __future__ import annotations

from fastapi import status

from api.errors import responses
from api.operations import agents
from api.routes.guard import In, Who, router
from api.shapes.agents import (
    Agent,
    AgentList,
    CreateAgent,
    Engagement,
    Heartbeat,
    PatchAgent,
    PutState,
    StartEngagementBody,
)

routes = router("agents", prefix="/agents")


@routes.get("")
async def list_agents(ports: In, who: Who) -> AgentList:
    """List agents.

    Answers all agents of the tenant with settings and present state, by UPN.
    """
    return await agents.page(ports, who)


@routes.post("", status_code=status.HTTP_201_CREATED, responses=responses(409))
async def create_agent(ports: In, who: Who, body: CreateAgent) -> Agent:
    """Add an agent.

    The agent begins offline; set their state to let tasks come. Agents serve services of their
    own pool only. A pool that is away is told as soon as it is there again.
    """
    return await agents.create(ports, who, body)


@routes.get("/{agent}", responses=responses(404))
async def get_agent(ports: In, who: Who, agent: str) -> Agent:
    """Get an agent, by UPN or id."""
    return agents.shown(await agents.find(ports, who, agent))


@routes.patch("/{agent}", responses=responses(404, 409))
async def update_agent(ports: In, who: Who, agent: str, body: PatchAgent) -> Agent:
    """Change an agent's settings.

    What is left out stays; services and skills are replaced whole. Lowering the number of
    simultaneous tasks interrupts nothing, it only keeps new ones away. Another `pool` moves the
    agent there; name the `services` they serve then. While they have open sessions or engagements
    the answer is 409 (`in_use`).
    """
    return await agents.change(ports, who, agent, body)


@routes.put("/{agent}/state", responses=responses(404, 409))
async def set_agent_state(ports: In, who: Who, agent: str, body: PutState) -> Agent:
    """Set an agent's state.

    Changes presence or duty, or takes away the flag that unanswered offers leave (RONA). Agents
    may set their own only.
    """
    return await agents.set_state(ports, who, agent, body)


@routes.post("/{agent}/heartbeat", responses=responses(404))
async def send_heartbeat(ports: In, who: Who, agent: str) -> Heartbeat:
    """Tell that an agent's console is there.

    Once an agent who is not offline has sent one, they are taken offline when none follows within
    the tenant's presence timeout. Agents who never send any are left as they are. Where the answer
    has no time, the agent is offline: set their state to come back.
    """
    return await agents.beat(ports, who, agent)


@routes.post(
    "/{agent}/engagements", status_code=status.HTTP_201_CREATED, responses=responses(404, 409)
)
async def start_engagement(
    ports: In, who: Who, agent: str, body: StartEngagementBody
) -> Engagement:
    """Tell that an agent began other work.

    Such as a call of a phone system. It is a fact and never refused; while blocking work lasts
    the agent gets no new tasks, and their simultaneous tasks are on hold.
    """
    return await agents.start_engagement(ports, who, agent, body)


@routes.delete(
    "/{agent}/engagements/{engagement_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(404, 409),
)
async def end_engagement(ports: In, who: Who, agent: str, engagement_id: str) -> None:
    """Tell that an agent's other work ended."""
    await agents.end_engagement(ports, who, agent, engagement_id)
