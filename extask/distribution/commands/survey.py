"""Who is there for a task as it would stand in a service; asking changes nothing."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from extask.distribution import stays
from extask.distribution.capacity import free, reserve
from extask.distribution.choice import choose, is_blocking, is_reserved
from extask.distribution.commands.places import rewrite, settle
from extask.distribution.commands.tasks import admit
from extask.distribution.explain import ruling
from extask.distribution.state import Entry
from extask.messages import Answer

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Service, Session
    from extask.messages import Availability, Survey


def survey(pool: Pool, command: Survey) -> Answer:
    """Tell whether somebody may get the task now, or is on duty at least."""
    stay = pool.entries.get(command.task) or pool.memory.ending(command.task)
    if stay is not None and (command.run, command.epoch) < (stay.run, stay.epoch):
        return stays.STALE
    service = admit(pool, command.place.service, limited=False)
    if isinstance(service, Answer):
        return service
    entry = _as_if(pool, command, service)
    found = _availability(pool, entry, pool.entries.get(command.task))
    return Answer(status="done", at=pool.moment, task=command.task, availability=found)


def _as_if(pool: Pool, command: Survey, service: Service) -> Entry:
    """Make the entry that the task would be, beside all that wait."""
    known = pool.entries.get(command.task)
    if known is None:
        entry = Entry(command.task, command.run, command.epoch, service, 0, pool.now, pool.seq)
    else:
        entry = copy(known)
    if known is None or known.service is not service:
        settle(pool, entry, command.place, service)
    else:
        rewrite(pool, entry, command.place)
    return entry


def _availability(pool: Pool, entry: Entry, known: Entry | None) -> Availability:
    offers = () if known is None else known.open_offers
    if any(_may_keep(pool, entry, offer) for offer in offers) or _is_anybody_free(pool, entry):
        return "available"
    return "busy" if entry.service.staff else "empty"


def _may_keep(pool: Pool, entry: Entry, offer: Session) -> bool:
    """Say whether an agent might get the task who is kept from others by an offer of it."""
    free(offer)
    rule = ruling(pool, entry, offer.agent).rule
    reserve(offer)
    return not rule


def _is_anybody_free(pool: Pool, entry: Entry) -> bool:
    """Say whether the entry would be offered at once, by the lane in which it would wait."""
    service = entry.service
    entry.blocking = is_blocking(entry)
    entry.reserved = is_reserved(pool, entry)
    entry.reached = service.policy.reached(entry, pool.now)
    need = (entry.blocking, entry.skills, entry.reached)
    entry.lane = service.lanes.find(need, service.policy, service.reachable.values())
    return choose(pool, entry) is not None
