"""The catalogue: every name that definitions may use, gathered from where each is kept."""

from __future__ import annotations

from collections.abc import Iterable

from api.auth import Principal
from api.ports import Ports
from api.shapes.catalogue import Catalogue, FlowEntry, ServiceEntry
from extask.definition import catalogue, together
from extask.definition.plan import Literally, Plan
from extask.storage import agents, calendars, definitions, flows, services
from extask.storage.flow_rows import FlowRow
from extask.storage.rows import ServiceRow


async def read(ports: Ports, who: Principal) -> Catalogue:
    """Gather the catalogue: a section for each table that keeps such names."""
    async with ports.database.connect() as connection:
        published = await definitions.list_current(connection, who.tenant)
        kept = await services.list_all(connection, who.tenant)
        people = await agents.list_all(connection, who.tenant)
        hours = await calendars.list_all(connection, who.tenant)
        called = await flows.list_all(connection, who.tenant)
        allowed = await flows.list_urls(connection, who.tenant)
    plans = {row.workflow: row.plan for row in published}
    present = [agent for agent in people if not agent.removed]
    return Catalogue(
        services=[_service(row, plans) for row in kept if not row.config.removed],
        calendars=[each.name for each in hours],
        agents=[agent.upn for agent in present],
        flows=[_flow(row) for row in called],
        urls=sorted({each.prefix for each in allowed}),
        skills=sorted({skill for agent in present for skill in agent.skills}),
        events=sorted(_events(plans.values())),
    )


async def known(ports: Ports, who: Principal) -> catalogue.Catalogue:
    """Gather what a definition is held against before it is published.

    No event is unknown then: a definition that waits for one makes it known.
    """
    told = (await read(ports, who)).model_dump()
    return catalogue.told_catalogue(told | {"events": None})


def _service(row: ServiceRow, plans: dict[str, Plan]) -> ServiceEntry:
    plan = plans.get(row.workflow or "")
    params = plan.params.values() if plan else ()
    return ServiceEntry(
        name=row.name,
        workflow=row.workflow,
        requires={param.name: param.type for param in params if param.required},
        transfers=sorted(together.targets(plan)) if plan else [],
    )


def _flow(row: FlowRow) -> FlowEntry:
    return FlowEntry(name=row.name, inputs=row.inputs, outputs=row.outputs)


def _events(plans: Iterable[Plan]) -> set[str]:
    """Name the events that workflows wait for."""
    waited = (step.properties.get("event") for plan in plans for step in plan.steps.values())
    return {event.value for event in waited if isinstance(event, Literally)}
