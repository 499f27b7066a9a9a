"""Explaining: rulings agent by agent, where a task stands, how long it is likely to wait."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from extask.messages import Basis, Standing
from tests.reference.order import position
from tests.reference.rules import case_of, loads_of, ruling
from tests.reference.state import Entry, Pool, Service

LOOKED_BACK = timedelta(seconds=3600)
LEAST_OFFERS = 5


class Ruled(NamedTuple):
    """The first rule that rules an agent out, and when that changes by itself."""

    agent: str
    rule: str
    until: datetime | None


def explain(pool: Pool, entry: Entry) -> tuple[Ruled, ...]:
    """Rule on every agent who has the entry's service among theirs, by id."""
    loads, case = loads_of(pool), case_of(pool, entry)
    members = [one for one in pool.agents.values() if entry.service in one.config.services]
    return tuple(
        Ruled(one.config.id, *ruling(pool, case, one, loads[one.config.id]))
        for one in sorted(members, key=lambda one: one.config.id)
    )


def basis_of(pool: Pool, service: Service) -> Basis | None:
    """On what an estimate of the service rests: at least five first offers of the last hour."""
    recent = [at for at in service.firsts if pool.now - at <= LOOKED_BACK]
    if len(recent) < LEAST_OFFERS:
        return None
    return Basis(offers=len(recent), over=pool.now - min(recent))


def standing(pool: Pool, entry: Entry) -> Standing:
    """Tell where a task stands."""
    place = position(pool, entry)
    basis = basis_of(pool, pool.services[entry.service]) if place else None
    rules = Counter(one.rule for one in explain(pool, entry))
    return Standing(
        service=entry.service,
        priority=entry.priority,
        position=place,
        queue_length=waiting_for(pool, entry.service),
        waited=pool.now - entry.first_queued,
        estimated_wait=None if basis is None else place * basis.over // (basis.offers - 1),
        basis=basis,
        agents_free=rules.pop("", 0),
        why=dict(rules),
    )


def waiting_for(pool: Pool, service: str) -> int:
    """Count the tasks that wait for a service, pick-up lists included."""
    return sum(1 for one in pool.entries.values() if one.service == service and one.waiting)
