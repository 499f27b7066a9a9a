"""A whole pool as compressed bytes, and back."""

from __future__ import annotations

import gc
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from extask.distribution.agents import restation
from extask.distribution.capacity import engage
from extask.distribution.columns import Reader, Writer
from extask.distribution.deadlines import Kind
from extask.distribution.past import Parcel
from extask.distribution.pool import Pool
from extask.distribution.sessions import add_session
from extask.distribution.state import Agent, Cooldown, Entry, Foreign, Service, Session, WrapUp
from extask.distribution.throughput import Throughput
from extask.distribution.waiting import enter
from extask.messages import AgentConfig, DutyProfile, Event, ServiceConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extask.distribution.columns import Row
    from extask.distribution.policy import Skills

FORMAT = 3
_AGENT, _ENTRY, _SESSION = 8, 23, 10
_RISING_ENTRY = (0, 5, 6)


def dump(pool: Pool) -> bytes:
    """Write a pool down."""
    writer = Writer()
    writer.put("format", FORMAT)
    writer.put("pool", [pool.now, pool.version, pool.level_worth, pool.seq])
    profiles = pool.duty_profiles.values()
    writer.put("duty_profiles", [profile.model_dump(mode="json") for profile in profiles])
    writer.put("events", [event.model_dump(mode="json") for event in pool.events])
    writer.put("services", [_service(service) for service in pool.services.values()])
    writer.table("agents", [_agent(writer, agent) for agent in pool.agents.values()])
    _dump_entries(writer, pool)
    writer.table("sessions", [_session(writer, it) for it in pool.sessions.values()])
    _dump_work(writer, pool)
    _dump_memory(writer, pool)
    return writer.finish()


def load(data: bytes) -> Pool:
    """Read a pool; everything that can be derived is derived anew.

    So many objects come to stay that looking for garbage among them would double the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _load(data)
    finally:
        if collecting:
            gc.enable()


def _load(data: bytes) -> Pool:
    reader = Reader(data)
    now, version, level_worth, seq = reader.get("pool")
    pool = Pool(now)
    pool.version, pool.level_worth, pool.seq = version, level_worth, seq
    pool.events.extend(map(Event.model_validate, reader.get("events")))
    profiles = map(DutyProfile.model_validate, reader.get("duty_profiles"))
    pool.duty_profiles.update((profile.name, profile) for profile in profiles)
    _load_agents(reader, pool)
    _load_services(reader, pool)
    entries = _load_entries(reader, pool)
    pool.deadlines.expect(len(entries))
    _load_sessions(reader, pool)
    _load_work(reader, pool)
    for agent in pool.agents.values():
        restation(pool, agent)
    for entry in entries:
        if entry.session is None:
            enter(pool, entry)
    for (_, clock, following, _), service in zip(
        reader.get("services"), pool.services.values(), strict=True
    ):
        service.order.clock, service.order.next = clock, following
    _load_memory(reader, pool)
    pool.settle()  # agents were there before the lanes that they stand in
    return pool


def _service(service: Service) -> list[Any]:
    config = service.config.model_dump(mode="json")
    return [config, service.order.clock, service.order.next, service.throughput.firsts()]


def _load_services(reader: Reader, pool: Pool) -> None:
    for config, _, _, firsts in reader.get("services"):
        service = Service(ServiceConfig.model_validate(config))
        service.throughput = Throughput(firsts)
        pool.services[service.name] = service
    for agent in pool.agents.values():
        for name in agent.config.services:
            if name in pool.services:
                pool.services[name].members[agent.id] = agent


def _agent(writer: Writer, agent: Agent) -> Row:
    config = agent.config
    rest = config.model_dump(mode="json", exclude={"id", "version"})
    return (
        writer.id(config.id),
        config.version,
        writer.word(json.dumps(rest)),
        writer.word(agent.presence),
        agent.on_duty,
        agent.rona_until,
        agent.idle_since,
        writer.word(agent.duty_profile),
    )


def _load_agents(reader: Reader, pool: Pool) -> None:
    rests: dict[int, dict[str, Any]] = {}
    for name, version, rest, presence, on_duty, *since in reader.table("agents", _AGENT):
        if rest not in rests:
            rests[rest] = json.loads(reader.word(rest))
        config = AgentConfig(id=reader.id(name), version=version, **rests[rest])
        rona, idle, profile = since
        agent = Agent(config, reader.word(presence), bool(on_duty), rona, idle)  # type: ignore[arg-type] # written by us
        agent.duty_profile = reader.word(profile)
        pool.agents[agent.id] = agent
        if rona is not None:
            pool.deadlines.add(rona, Kind.RONA_END, agent.id, agent)


def _dump_entries(writer: Writer, pool: Pool) -> None:
    names = {name: place for place, name in enumerate(pool.services)}
    entries = list(pool.entries.values())
    rows = [_entry(writer, entry, names[entry.service.name]) for entry in entries]
    writer.table("entries", rows, _RISING_ENTRY)
    writer.column("preferred", (writer.id(it) for entry in entries for it in entry.preferred))
    writer.column("exclude", (writer.id(it) for entry in entries for it in sorted(entry.exclude)))
    cooldowns = [
        (writer.id(agent), it.cut, it.until)
        for entry in entries
        for agent, it in entry.cooldowns.items()
    ]
    writer.table("cooldowns", cooldowns)
    writer.put("acts", [[place, it.acts] for place, it in enumerate(entries) if it.acts])


def _entry(writer: Writer, entry: Entry, service: int) -> Row:
    """Instants that follow from the first queueing are written as differences from it."""
    queued = entry.first_queued
    return (
        writer.id(entry.task),
        entry.run,
        entry.epoch,
        service,
        entry.level,
        queued,
        entry.seq,
        entry.rank,
        entry.number,
        entry.block_agent,
        entry.preferred_only,
        entry.window - queued,
        None if entry.expires_at is None else entry.expires_at - queued,
        entry.left,
        entry.offers,
        entry.asked,
        len(entry.preferred),
        len(entry.exclude),
        len(entry.cooldowns),
        writer.word(json.dumps(entry.skills)),
        writer.word(entry.distribution or ""),
        entry.entered - queued,
        entry.reached,
    )


def _load_entries(reader: Reader, pool: Pool) -> list[Entry]:
    services = tuple(pool.services.values())
    preferred = iter(reader.column("preferred"))
    exclude = iter(reader.column("exclude"))
    cooldowns = reader.table("cooldowns", 3)
    for row in reader.table("entries", _ENTRY, _RISING_ENTRY):
        entry = _read_entry(reader, row, services)
        if row[16]:
            entry.preferred = tuple(_read_ids(reader, preferred, row[16]))
        if row[17]:
            entry.exclude = frozenset(_read_ids(reader, exclude, row[17]))
        for _ in range(row[18]):
            agent, cut, until = next(cooldowns)
            entry.cooldowns[reader.id(agent)] = Cooldown(cut, until)
        pool.entries[entry.task] = entry
    entries = list(pool.entries.values())
    for place, acts in reader.get("acts", ()):
        entries[place].acts = tuple(acts)
    return entries


def _read_ids(reader: Reader, numbers: Iterator[int | None], count: int) -> list[str]:
    return [reader.id(next(numbers) or 0) for _ in range(count)]


def _read_entry(reader: Reader, row: Any, services: tuple[Service, ...]) -> Entry:  # noqa: ANN401 - a row
    task, run, epoch, service, level, queued, seq, rank, number = row[:9]
    block_agent, preferred_only, window, expires, left, offers, asked = row[9:16]
    skills, distribution, entered, reached = row[19:]
    return Entry(
        reader.id(task), run, epoch, services[service], level, queued, seq, rank, number,
        bool(block_agent), (), bool(preferred_only), queued + window, frozenset(),
        _read_skills(reader.word(skills)), reader.word(distribution) or None,  # type: ignore[arg-type] # written by us
        queued + entered, reached,
        None if expires is None else queued + expires, left, {}, offers, bool(asked),
    )  # fmt: skip


@lru_cache
def _read_skills(text: str) -> Skills:
    return tuple((name, least) for name, least in json.loads(text))


def _session(writer: Writer, session: Session) -> Row:
    return (
        writer.word(session.id.removeprefix(session.entry.task)),
        writer.id(session.agent.id),
        writer.id(session.entry.task),
        session.blocking,
        session.offered_at,
        session.deadline,
        session.accepted_at,
        session.held_since,
        session.held,
        session.broadcast | session.wished << 1 | session.interrupted << 2,
    )


def _load_sessions(reader: Reader, pool: Pool) -> None:
    for suffix, agent, task, blocking, *rest, flags in reader.table("sessions", _SESSION):
        entry = pool.entries[reader.id(task)]
        name = entry.task + reader.word(suffix)
        session = Session(name, pool.agents[reader.id(agent)], entry, bool(blocking), *rest)
        session.broadcast, session.wished = bool(flags & 1), bool(flags & 2)
        session.interrupted = bool(flags & 4)
        entry.blocking = session.blocking
        add_session(pool, session)
        _count_session(pool, session)


def _count_session(pool: Pool, session: Session) -> None:
    entry = session.entry
    if session.deadline is None:
        engage(session)
        entry.service.offered -= 1
        entry.service.engaged += 1
        return
    pool.deadlines.add(session.deadline, Kind.LAPSE, entry.seq, entry)
    if entry.expires_at is not None:
        pool.deadlines.add(entry.expires_at, Kind.EXPIRY, entry.seq, entry)


def _dump_work(writer: Writer, pool: Pool) -> None:
    agents = pool.agents.values()
    foreign = [
        [agent.id, name, it.blocking, it.acw, it.since]
        for agent in agents
        for name, it in agent.foreign.items()
    ]
    wrap_ups = [
        [it.id, agent.id, it.since, it.until, it.service, it.task, it.run, it.epoch, it.acts]
        for agent in agents
        for it in agent.wrap_ups.values()
    ]
    writer.put("foreign", foreign)
    writer.put("wrap_ups", wrap_ups)


def _load_work(reader: Reader, pool: Pool) -> None:
    for agent, name, blocking, acw, since in reader.get("foreign"):
        holder = pool.agents[agent]
        holder.foreign[name] = Foreign(blocking, acw, since)
        holder.blocking += blocking
        holder.companions += not blocking
    for name, agent, *rest in reader.get("wrap_ups"):
        wrap_up = WrapUp(name, pool.agents[agent], *rest)
        wrap_up.acts = tuple(wrap_up.acts)
        wrap_up.agent.wrap_ups[name] = wrap_up
        wrap_up.agent.blocking += 1
        pool.deadlines.add(wrap_up.until, Kind.WRAP_UP_END, wrap_up.tie, wrap_up)


def _dump_memory(writer: Writer, pool: Pool) -> None:
    writer.put("horizon", pool.memory.horizon.parts())
    for name, past in (("answers", pool.memory.answers), ("endings", pool.memory.endings)):
        parcels = [parcel.parts() for parcel in past.parcels()]
        writer.put(name, [forgotten for _, _, forgotten in parcels])
        for number, (digests, packed, _) in enumerate(parcels):
            writer.raw(f"{name}.digests.{number}", digests)
            writer.raw(f"{name}.packed.{number}", packed)


def _load_memory(reader: Reader, pool: Pool) -> None:
    pool.memory.horizon.go_on(reader.get("horizon", (0, 0)))
    for name, past in (("answers", pool.memory.answers), ("endings", pool.memory.endings)):
        for number, forgotten in enumerate(reader.get(name)):
            digests = reader.raw(f"{name}.digests.{number}")
            past.take(Parcel(digests, reader.raw(f"{name}.packed.{number}"), forgotten))
