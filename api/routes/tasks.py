"""Routes about tasks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response, status
from pydantic import Field

from api.errors import responses
from api.operations import handing, task_events, task_graph, tasks
from api.routes.guard import IdempotencyKey, In, Who, router
from api.shapes.common import VersionAsked
from api.shapes.handing import AssignTaskBody, Handed, TaskExplanation, TransferTaskBody
from api.shapes.task_events import SendTaskEvent, TaskEventAnswer
from api.shapes.tasks import (
    AbortAnswer,
    AbortTaskBody,
    CancelAnswer,
    CancelTaskBody,
    CreateTaskBody,
    PatchTaskBody,
    TaskDetails,
    TaskList,
    TaskSelection,
    Timeline,
)
from extask.definition.pictures import MEDIA_TYPES, Form

_PICTURES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()},
    }
}
_SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
PAGE = 50
LARGEST_PAGE = 200
routes = router("tasks", prefix="/tasks")


class TaskQuery(TaskSelection):
    """Which tasks to list, and which page of them."""

    version: VersionAsked | None = Field(
        default=None, description="Version of the workflow that they run on."
    )
    limit: int = Field(default=PAGE, ge=1, le=LARGEST_PAGE, description="Tasks in a page.")
    after: Annotated[str, Field(max_length=400)] | None = Field(
        default=None, description="Where the page begins; comes with `nextLink`."
    )


@routes.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {
            "description": "A repeat: the task that the first call created.",
            "model": TaskDetails,
        },
        **responses(404, 409, 429),
    },
)
async def create_task(
    ports: In,
    who: Who,
    body: CreateTaskBody,
    response: Response,
    key: IdempotencyKey = None,
) -> TaskDetails:
    """Create a task.

    The task is handed to the workflow of its service, which decides when it is queued and for
    whom. Send an `Idempotency-Key` so that a repeat after a time-out never makes a second task:
    it answers the first one, with status 200 instead of 201. The same key with another body is
    refused with 409. Above the tenant's limit of concurrent tasks the answer is 429; try again
    after the seconds of `Retry-After`.
    """
    task, new = await tasks.create(ports, who, body, key)
    response.status_code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
    response.headers["Location"] = f"/api/v1/tasks/{task.id}"
    return task


@routes.get("")
async def list_tasks(
    ports: In, who: Who, request: Request, query: Annotated[TaskQuery, Query()]
) -> TaskList:
    """List tasks, newest first.

    Filter by state, service, agent, customer or reference. Follow `nextLink` until it is empty;
    pages neither repeat nor lose a task while others are created. `position` and `estimated_wait`
    are those of this moment; where a pool does not answer soon they are empty.
    """
    value, after = await tasks.page(ports, who, query.chosen(), query.after, query.limit)
    link = str(request.url.include_query_params(after=after)) if after else None
    return TaskList(value=value, nextLink=link)


@routes.get("/{task_id}", responses=responses(404))
async def get_task(ports: In, who: Who, task_id: str) -> TaskDetails:
    """Get a task.

    Answers its state, step, agent, place in the queue and what is known of its customer. With an
    agent's key, only tasks that were given to that agent are found.
    """
    return await tasks.read(ports, who, task_id)


@routes.patch("/{task_id}", responses=responses(404, 409))
async def update_task(ports: In, who: Who, task_id: str, body: PatchTaskBody) -> TaskDetails:
    """Change a task.

    Sets priority, end of life or parameters; what is left out stays. A changed parameter is seen
    by the workflow at its next step. A task that has ended answers 409.
    """
    return await tasks.change(ports, who, task_id, body)


@routes.post("/{task_id}/cancel", responses=responses(404, 409))
async def cancel_task(ports: In, who: Who, task_id: str, body: CancelTaskBody) -> CancelAnswer:
    """Cancel a task.

    Takes the task out of its queue, or away from the agent who works on it, and ends it. A task
    that was completed first, or has ended otherwise, answers 409 and names its state.
    """
    return await tasks.cancel(ports, who, task_id, body.reason)


@routes.post("/{task_id}/abort", responses=responses(404, 409))
async def abort_task(ports: In, who: Who, task_id: str, body: AbortTaskBody) -> AbortAnswer:
    """Abort a task as a supervisor.

    As cancelling it, but told apart in reports: it always ends as `aborted_by_supervisor`, also
    where an agent works on it. One that was completed first, or has ended, answers 409 and names
    its state.
    """
    return await tasks.abort(ports, who, task_id, body.reason)


@routes.post(
    "/{task_id}/events",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        200: {"description": "A repeat: the event came before.", "model": TaskEventAnswer},
        **responses(404, 409),
    },
)
async def send_task_event(
    *,
    ports: In,
    who: Who,
    task_id: str,
    body: SendTaskEvent,
    response: Response,
    key: IdempotencyKey = None,
) -> TaskEventAnswer:
    """Send an event to a task.

    The task's workflow waits for it by `wait_for`, or finds it there when it comes to that step.
    Send an `Idempotency-Key`: a repeat is taken once, and answers 200 instead of 202. A task that
    has ended answers 409.
    """
    told, new = await task_events.send(ports, who, task_id, body, key)
    response.status_code = status.HTTP_202_ACCEPTED if new else status.HTTP_200_OK
    return told


@routes.post("/{task_id}/assign", responses=responses(404, 409))
async def assign_task(ports: In, who: Who, task_id: str, body: AssignTaskBody) -> Handed:
    """Assign a task to an agent.

    The agent is offered the task, whatever order, policy, exclusion or flag say; an open offer to
    others is taken back. Only capacity, presence and duty can refuse it: 409, naming the rule.
    """
    return await handing.assign(ports, who, task_id, body.agent)


@routes.post("/{task_id}/pull-back", responses=responses(404, 409))
async def pull_back_task(ports: In, who: Who, task_id: str) -> Handed:
    """Pull a task back.

    It leaves the agents it is offered to, or the one who has it, and waits in its place again;
    they are not offered it for a while.
    """
    return await handing.pull_back(ports, who, task_id)


@routes.post("/{task_id}/transfer", responses=responses(404, 409))
async def transfer_task(ports: In, who: Who, task_id: str, body: TransferTaskBody) -> Handed:
    """Transfer a task to another service.

    It leaves its queue, or the agent who has it, and goes on under the target service's workflow.
    Where the target does not take it, it stays where it is: 409, with the reason.
    """
    return await handing.transfer(ports, who, task_id, body)


@routes.get("/{task_id}/explain", responses=responses(404, 503))
async def explain_task(ports: In, who: Who, task_id: str) -> TaskExplanation:
    """Explain where a task stands.

    For every agent of its service the first rule that keeps the task from them, and when that
    changes by itself; and why each agent who was asked was asked.
    """
    return await handing.explain(ports, who, task_id)


@routes.get("/{task_id}/timeline", responses=responses(404))
async def get_task_timeline(ports: In, who: Who, task_id: str) -> Timeline:
    """Get everything that happened to a task.

    Steps of its workflow, places in queues, offers, answers of agents and its end, in order.
    """
    return await tasks.story(ports, who, task_id)


@routes.get(
    "/{task_id}/graph",
    response_class=Response,
    responses={**_PICTURES, **responses(404)},
)
async def get_task_graph(
    ports: In,
    who: Who,
    task_id: str,
    form: Annotated[Form, Query(alias="format", description="What to draw.")] = "mermaid",
) -> Response:
    """Draw a task's workflow.

    The version that the task runs on, as Mermaid text or as SVG: the steps that it entered since
    it came to this workflow, and the one in which it is.
    """
    drawn = await task_graph.draw(ports, who, task_id, form)
    return Response(drawn, media_type=MEDIA_TYPES[form], headers=_SAFE)
