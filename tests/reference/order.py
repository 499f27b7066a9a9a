"""The order of queues: turn numbers, claims between services, positions by acting them out."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from datetime import datetime

from extask.messages import PRIORITIES, Priority
from tests.reference.rules import Candidate, blocking_ruling, candidates, loads_of, state_ruling
from tests.reference.state import MIDDLE, STRIDES, Entry, Pool, Service


def distribution(pool: Pool, entry: Entry) -> str:
    """Type of distribution: the place's own, else the service's."""
    return entry.place.distribution or pool.services[entry.service].config.distribution


def in_order(pool: Pool, entry: Entry) -> bool:
    """Tell whether an entry stands in its service's order, to be dispatched."""
    return entry.waiting and distribution(pool, entry) != "pickup"


def fifo(entry: Entry) -> tuple[datetime, int]:
    """Rank entries of one level: by first queueing, then by coming."""
    return (entry.first_queued, entry.serial)


def standing_in(pool: Pool, service: str) -> list[Entry]:
    """Entries that stand in a service's order, first come first."""
    found = [one for one in pool.entries.values() if one.service == service]
    return sorted((one for one in found if in_order(pool, one)), key=fifo)


def without_number(entries: Iterable[Entry], level: str) -> list[Entry]:
    """Entries of a level that hold no turn number, first come first."""
    return sorted((e for e in entries if e.priority == level and e.number is None), key=fifo)


def join(pool: Pool, entry: Entry) -> None:
    """Let an entry stand in the order; a level that was empty takes its turn a stride from now."""
    if entry.priority not in MIDDLE or entry.number is not None or not in_order(pool, entry):
        return
    others = without_number(standing_in(pool, entry.service), entry.priority)
    if others == [entry]:
        begin(pool.services[entry.service], entry.priority)


def begin(service: Service, level: Priority) -> None:
    """Let a level that was empty take its first turn a stride from now."""
    service.next[level] = service.clock + STRIDES[level]


def filled(pool: Pool, service: str) -> set[Priority]:
    """Name the levels in which entries without a number stand."""
    queue = standing_in(pool, service)
    return {one.priority for one in queue if one.number is None and one.priority in MIDDLE}


def first_of(service: Service, entries: list[Entry]) -> Entry:
    """Find the first of those entries in the service's order.

    Strict ones first; then turn-holders by their number and of each level the first, at `next`.
    """
    strict = [e for e in entries if e.priority == "strict"]
    if strict:
        return min(strict, key=fifo)
    turns = [(e.number, MIDDLE.index(e.priority), fifo(e), e) for e in entries if e.number]
    for level in {e.priority for e in entries if e.number is None and e.priority in MIDDLE}:
        head = without_number(entries, level)[0]
        turns.append((service.next[level], MIDDLE.index(level), fifo(head), head))
    if turns:
        return min(turns, key=lambda turn: turn[:3])[3]
    return min(entries, key=fifo)


def hand_out(service: Service, queue: list[Entry], taken: Entry) -> None:
    """Hand out the turn number for an entry that is offered for the first time."""
    level = taken.priority
    if taken.number is not None or level not in MIDDLE:
        return
    head = without_number(queue, level)[0]
    head.number = service.next[level]
    service.clock = max(service.clock, head.number)
    service.next[level] = service.clock + STRIDES[level]
    if head is not taken:
        taken.number = service.next[level]
        service.next[level] += STRIDES[level]


def position(pool: Pool, entry: Entry) -> int:
    """Act out the order on a copy until the task comes up; 0 for one that stands in none."""
    if not in_order(pool, entry):
        return 0
    queue = [copy(one) for one in standing_in(pool, entry.service)]
    service = copy(pool.services[entry.service])
    service.next = dict(service.next)
    for place in range(1, len(queue) + 1):
        taken = first_of(service, queue)
        hand_out(service, queue, taken)
        if taken.task == entry.task:
            return place
        queue.remove(taken)
    raise AssertionError(entry.task)


def claim(pool: Pool, entries: list[Entry]) -> tuple[object, ...]:
    """How strongly a service claims an agent for one of those entries; the smallest claims most."""
    strict = [e for e in entries if e.priority == "strict"]
    if strict:
        return (0, *min(fifo(e) for e in strict))
    worths = [
        (e.first_queued + PRIORITIES.index(e.priority) * pool.level_worth, e.serial)
        for e in entries
    ]
    return (1, *min(worths))


def next_to_offer(pool: Pool) -> tuple[Entry, list[Candidate]] | None:
    """Choose the service by its claim, its first entry that has a taker, and the takers ranked."""
    loads = loads_of(pool)
    spare = [a for name, a in pool.agents.items() if blocking_ruling(a, loads[name]) is None]
    takers: dict[str, dict[str, list[Candidate]]] = {}
    for name, service in pool.services.items():
        queue = standing_in(pool, name)
        ready = [a for a in spare if queue and state_ruling(pool, service, a) is None]
        found = {one.task: candidates(pool, one, ready, loads) for one in queue}
        if any(found.values()):
            takers[name] = {task: some for task, some in found.items() if some}
    if not takers:
        return None
    taken = {name: [pool.entries[task] for task in tasks] for name, tasks in takers.items()}
    chosen = min(taken, key=lambda name: claim(pool, taken[name]))
    entry = first_of(pool.services[chosen], taken[chosen])
    return entry, takers[chosen][entry.task]
