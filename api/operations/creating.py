"""Checks what a create call asks for, all faults at once, and makes the new task of it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Principal
from api.errors import UnknownService
from api.faults import Faulty
from api.operations import params
from api.shapes.tasks import CreateTask, PatchTask, PreferredUser
from extask.errors import BadInput, ExtaskError, Fault, PoolBehind, PoolFull
from extask.messages import Place, Preferred
from extask.storage import agents, definitions, pools, services, tenants
from extask.storage.rows import DefinitionRow, NewTask, ServiceRow


@dataclass(frozen=True)
class Target:
    """Where a create call leads: the service and its definition, as far as they were found."""

    service: ServiceRow | None = None
    definition: DefinitionRow | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Sound:
    """A create call without faults, and what it names."""

    body: CreateTask
    service: ServiceRow
    definition: DefinitionRow
    preferred: tuple[Preferred, ...]
    params: dict[str, Any]


def new_id() -> str:
    """Make a task's id."""
    return f"t-{uuid.uuid4().hex}"


def digest_of(body: BaseModel) -> str:
    """Hash what a body says, however it was written."""
    said = body.model_dump(mode="json", exclude_unset=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


async def new_task(
    connection: AsyncConnection,
    who: Principal,
    body: CreateTask | Faulty,
    *,
    now: datetime,
    longest: timedelta,
) -> NewTask:
    """Check a create call and resolve what it names; no task may live longer than `longest`.

    Raises:
        BadInput: with every fault of form and content.
        UnknownService: the service is all that is wrong.
        PoolBehind: the pool takes no new tasks for the moment.
        PoolFull: the pool takes no new tasks.
    """
    task, by_itself = new_id(), _by_itself(body, now, longest)
    call = await _sound(connection, who.tenant, body, task, by_itself)
    await _check_pool(connection, who.tenant, call.service.pool)
    return NewTask(
        id=task,
        caller=who.id,
        created_at=now,
        expires_at=_ends(call, now, longest),
        longest_life=longest,
        **_as_said(call.body),
        **_as_resolved(call),
    )


async def _sound(
    connection: AsyncConnection,
    tenant: str,
    body: CreateTask | Faulty,
    task: str,
    by_itself: tuple[Fault, ...],
) -> Sound:
    """Resolve what a call names, and refuse it with all faults, those found before first."""
    raw = _said(body)
    target = await _target(connection, tenant, raw.get("service"), task)
    preferred, strangers = await _preferred(connection, tenant, body)
    plain, wrong = _params(target.definition, body, raw.get("params", {}))
    faults = (*by_itself, *target.faults, *wrong, *strangers)
    service, definition = target.service, target.definition
    if faults or isinstance(body, Faulty) or service is None or definition is None:
        raise _refusal(faults or (Fault("/service", "bad_form", "This names no service."),))
    return Sound(body, service, definition, preferred, plain)


def _ends(call: Sound, now: datetime, longest: timedelta) -> datetime:
    lifetime = call.body.lifetime or min(call.definition.plan.lifetime, longest)
    return call.body.expires_at or now + lifetime


def _said(body: CreateTask | Faulty) -> Mapping[str, Any]:
    if isinstance(body, CreateTask):
        return {"service": body.service, "params": body.params}
    return body.raw if isinstance(body.raw, dict) else {}


async def _target(connection: AsyncConnection, tenant: str, name: object, task: str) -> Target:
    if not isinstance(name, str) or not name or "\x00" in name or not name.isprintable():
        return Target()
    service = await services.get(connection, tenant, name)
    if service is None or service.config.removed:
        fault = Fault("/service", "unknown_service", f"There is no service '{name[:80]}'.")
        return Target(faults=(fault,))
    owner = await tenants.get(connection, tenant)
    if owner is None or not (owner.external_tasks_enabled and service.external_tasks_enabled):
        told = f"Service '{service.name}' takes no external tasks."
        return Target(service, None, (Fault("/service", "external_tasks_disabled", told),))
    return await _with_definition(connection, tenant, service, task)


async def _with_definition(
    connection: AsyncConnection, tenant: str, service: ServiceRow, task: str
) -> Target:
    found = (
        await definitions.taken(connection, tenant, service.workflow, task)
        if service.workflow
        else None
    )
    if found is not None:
        return Target(service, found)
    lacking = f"its workflow '{service.workflow}' is not published" if service.workflow else "none"
    told = f"Service '{service.name}' has no current workflow ({lacking})."
    return Target(service, None, (Fault("/service", "no_workflow", told),))


async def _preferred(
    connection: AsyncConnection, tenant: str, body: CreateTask | Faulty
) -> tuple[tuple[Preferred, ...], tuple[Fault, ...]]:
    if isinstance(body, Faulty) or not body.preferred_users:
        return (), ()
    names = [user.upn for user in body.preferred_users]
    known = {name: name for name in await agents.upns(connection, tenant, names)}
    known |= await agents.ids(connection, tenant, names)
    found = tuple(
        Preferred(agent=known[user.upn], priority=user.priority)
        for user in body.preferred_users
        if user.upn in known
    )
    return found, tuple(_strangers(body.preferred_users, known))


def _strangers(users: list[PreferredUser], known: Mapping[str, str]) -> Iterator[Fault]:
    met: set[str] = set()
    for index, user in enumerate(users):
        pointer = f"/preferred_users/{index}/upn"
        agent = known.get(user.upn)
        if agent is None:
            yield Fault(pointer, "unknown_agent", f"There is no agent '{user.upn[:80]}'.")
        elif agent in met:
            yield Fault(pointer, "twice", f"Agent '{user.upn[:80]}' is named twice.")
        else:
            met.add(agent)


def _params(
    definition: DefinitionRow | None, body: CreateTask | Faulty, given: object
) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    if definition is None or not isinstance(given, dict):
        return {}, ()
    malformed = body.faults if isinstance(body, Faulty) else ()
    if any(fault.pointer.startswith("/params") for fault in malformed):
        return {}, ()
    return params.check_new(definition.plan, given)


def too_long(body: CreateTask | PatchTask, now: datetime, latest: datetime) -> Iterator[Fault]:
    """Find where a body asks for a longer life than until `latest`, counted from `now`."""
    told = f"The task may live until {latest.isoformat(timespec='seconds')} at the latest."
    if body.lifetime is not None and body.lifetime > latest - now:
        yield Fault("/lifetime", "out_of_range", told)
    if body.expires_at is not None and body.expires_at > latest:
        yield Fault("/expires_at", "out_of_range", told)


def _by_itself(body: CreateTask | Faulty, now: datetime, longest: timedelta) -> tuple[Fault, ...]:
    """Find what is wrong with a body whatever there is: its form, or its times."""
    return body.faults if isinstance(body, Faulty) else tuple(_times(body, now, longest))


def _times(body: CreateTask, now: datetime, longest: timedelta) -> Iterator[Fault]:
    yield from too_long(body, now, now + longest)
    if body.lifetime is not None and body.expires_at is not None:
        yield Fault("/lifetime", "excludes", "Give lifetime or expires_at, not both.")
    if body.lifetime is not None and not body.lifetime:
        yield Fault("/lifetime", "out_of_range", "A task lives longer than that.")
    if body.expires_at is not None and body.expires_at <= now:
        yield Fault("/expires_at", "in_the_past", "This time is over.")
    if body.due_at and body.expires_at and body.due_at >= body.expires_at:
        yield Fault("/due_at", "out_of_range", "The task would end before it is due.")
    if body.due_at and body.lifetime and body.due_at >= now + body.lifetime:
        yield Fault("/due_at", "out_of_range", "The task would end before it is due.")


def _refusal(faults: tuple[Fault, ...]) -> ExtaskError:
    if len(faults) == 1 and faults[0].code == "unknown_service":
        return UnknownService(faults[0].message, faults)
    told = faults[0].message if len(faults) == 1 else f"{len(faults)} things are wrong."
    return BadInput(told, faults)


async def _check_pool(connection: AsyncConnection, tenant: str, name: str) -> None:
    pool = await pools.get(connection, tenant, name)
    if pool is not None and pool.full:
        raise PoolFull
    if pool is not None and pool.behind:
        raise PoolBehind


def _as_said(body: CreateTask) -> dict[str, Any]:
    return {
        "reference_id": body.reference_id,
        "title": body.title,
        "links": tuple(link.model_dump() for link in body.links),
        "customer_identifier": body.customer_identifier,
        "customer": body.customer.model_dump(exclude_defaults=True),
        "context_parameters": tuple(each.model_dump() for each in body.context_parameters),
        "due_at": body.due_at,
    }


def _as_resolved(call: Sound) -> dict[str, Any]:
    body, service, definition = call.body, call.service, call.definition
    return {
        "pool": service.pool,
        "service": service.name,
        "workflow": definition.workflow,
        "version": definition.version,
        "digest": definition.digest,
        "params": call.params,
        "priority": body.priority or service.config.priority,
        "place": Place(
            service=service.name,
            priority=body.priority,
            block_agent=body.block_agent,
            preferred=call.preferred,
            preferred_only=body.preferred_only,
        ),
    }
