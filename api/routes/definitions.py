"""Routes about workflow definitions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Response, status
from pydantic import Field

from api.errors import responses
from api.operations import definitions, simulations
from api.routes.guard import In, Who, router
from api.shapes.common import Body, VersionAsked
from api.shapes.definitions import (
    CheckAnswer,
    DefinitionDetails,
    DefinitionList,
    DefinitionSource,
    PublishAnswer,
    PublishSource,
)
from api.shapes.simulations import SimulationAnswer, SimulationRequest

routes = router("definitions", prefix="/definitions")
Workflow = Annotated[str, Path(description="Name of the workflow.", max_length=320)]


class DefinitionQuery(Body):
    """Which definitions to list."""

    workflow: Annotated[str, Field(max_length=320)] | None = Field(
        default=None, description="Name of a workflow; empty means all."
    )


class VersionQuery(Body):
    """Which version is meant."""

    version: VersionAsked | None = Field(default=None, description="Empty means the current one.")


@routes.get("")
async def list_definitions(
    ports: In, who: Who, query: Annotated[DefinitionQuery, Query()]
) -> DefinitionList:
    """List published definitions, by name, the newest version first."""
    return await definitions.page(ports, who, query.workflow)


@routes.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"description": "The same content was published before.", "model": PublishAnswer},
        **responses(409),
    },
)
async def publish_definition(
    ports: In, who: Who, body: PublishSource, response: Response
) -> PublishAnswer:
    """Publish a definition.

    New tasks run on it from now on, unless `current` is false; running ones stay on the version
    they began with. A version is published once: the same content again changes nothing, other
    content answers 409 and names the next free number. One that would refuse what senders send now
    answers 409 with every such change, unless `breaking` says that it is meant. A definition with
    errors answers 400 with each of them.
    """
    answer, new = await definitions.publish(ports, who, body)
    response.status_code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
    return answer


@routes.post("/check")
async def check_definition(ports: In, who: Who, body: DefinitionSource) -> CheckAnswer:
    """Check a definition without publishing it.

    Answers everything the checker has to say, each with line, column and help; also what publishing
    it would say about its version.
    """
    return await definitions.check(ports, who, body)


@routes.post("/simulate")
async def simulate_definition(body: SimulationRequest) -> SimulationAnswer:
    """Run a definition once in virtual time, in the world that is given.

    Nothing is kept and nobody is asked: agents, queue, calls, events and hours are what `given`
    says, as in tests of definitions; without it nobody comes. A run is cut after many steps.
    """
    return await simulations.simulate(body)


@routes.get("/{workflow}", responses=responses(404))
async def get_definition(
    ports: In, who: Who, workflow: Workflow, query: Annotated[VersionQuery, Query()]
) -> DefinitionDetails:
    """Get a definition with its source; the current version unless one is named."""
    return await definitions.read(ports, who, workflow, query.version)


@routes.get("/{workflow}/params-schema", responses=responses(404))
async def get_params_schema(
    ports: In, who: Who, workflow: Workflow, query: Annotated[VersionQuery, Query()]
) -> dict[str, Any]:
    """Get the JSON Schema of a workflow's parameters.

    What *Create a task* accepts as `params` for services with this workflow.
    """
    return await definitions.schema(ports, who, workflow, query.version)
