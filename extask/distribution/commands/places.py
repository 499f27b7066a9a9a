"""How a place that a command asks for becomes an entry, or changes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extask.distribution import clock
from extask.distribution.policy import ordered
from extask.distribution.state import Entry
from extask.messages import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extask.distribution.pool import Pool
    from extask.distribution.state import Service
    from extask.messages import Enqueue, Place, Preferred, Report


def new_entry(pool: Pool, command: Enqueue | Report, service: Service) -> Entry:
    """Make the entry that a command asks for."""
    pool.seq += 1
    queued = pool.now
    anew = command.kind == "enqueue" and command.transfer and not service.config.keep_place
    if command.first_queued is not None and not anew:
        queued = min(clock.micros(command.first_queued), pool.now)
    entry = Entry(command.task, command.run, command.epoch, service, 0, queued, pool.seq)
    if command.expires_at is not None:
        entry.expires_at = clock.micros(command.expires_at)
    settle(pool, entry, command.place, service)
    if command.kind == "report":
        entry.entered = queued
    return entry


def settle(pool: Pool, entry: Entry, place: Place, service: Service) -> None:
    """Let an entry that stands nowhere have this place in a service it comes to."""
    entry.service = service
    entry.level = PRIORITIES.index(place.priority or service.config.priority)
    entry.number = None
    entry.block_agent = place.block_agent
    entry.preferred = ranked(place.preferred)
    entry.preferred_only = place.preferred_only
    entry.window = window(pool, place, service)
    entry.exclude = frozenset(place.exclude)
    entry.skills = ordered(place.skills)
    entry.distribution = place.distribution
    entry.entered, entry.reached = pool.now, -1
    entry.asked = False


def rewrite(pool: Pool, entry: Entry, place: Place) -> None:
    """Change only what is written beside the priority, that is, differs from an empty place."""
    if not place.block_agent:
        entry.block_agent = False
    if place.preferred:
        entry.preferred = ranked(place.preferred)
    if place.preferred or place.prefer_for is not None:
        entry.window = window(pool, place, entry.service)
    if place.preferred_only:
        entry.preferred_only = True
    if place.exclude:
        entry.exclude = frozenset(place.exclude)
    if place.skills:
        entry.skills = ordered(place.skills)
    if place.distribution is not None:
        entry.distribution = place.distribution


def ranked(preferred: Iterable[Preferred]) -> tuple[str, ...]:
    """Order preferred agents: empty priority first, then 1 to 99, equal ones as listed."""
    ordered = sorted(preferred, key=lambda wish: wish.priority or 0)
    return tuple(dict.fromkeys(wish.agent for wish in ordered))


def window(pool: Pool, place: Place, service: Service) -> int:
    """Give the end of the preferred window that opens now."""
    lasting = service.prefer_for if place.prefer_for is None else clock.span(place.prefer_for)
    return pool.now + lasting


def place_data(entry: Entry) -> dict[str, Any]:
    """Tell an entry's place in the data of an event."""
    data: dict[str, Any] = {
        "priority": PRIORITIES[entry.level],
        "first_queued": clock.text(entry.first_queued),
        "blocking": entry.block_agent,
        "number": entry.number,
        "expires_at": clock.text(entry.expires_at),
    }
    if entry.preferred or entry.preferred_only:
        data["preferred"] = list(entry.preferred)
        data["preferred_only"] = entry.preferred_only
        data["prefer_until"] = clock.text(entry.window)
    if entry.exclude:
        data["exclude"] = sorted(entry.exclude)
    if entry.skills:
        data["skills"] = dict(entry.skills)
    if entry.distribution is not None:
        data["distribution"] = entry.distribution
    return data
