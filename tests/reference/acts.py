"""What happens to offers, tasks and agents, whoever or whatever caused it."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.reference.order import distribution, hand_out, join, next_to_offer, standing_in
from tests.reference.rules import (
    MOST_PREFERRED,
    Candidate,
    blocks,
    levels,
    load_of,
    reach,
)
from tests.reference.state import (
    NO_TIME,
    Agent,
    CoolDown,
    Entry,
    Offer,
    Past,
    Pool,
    Work,
    WrapUp,
)

MICROSECOND = timedelta(microseconds=1)
MOST_OFFERS = 10
MOST_FIRSTS = 20
GONE = ("agent_gone", "blocking_work", "foreign_engagement", "pulled_back", "service_gone")


def session_id(entry: Entry) -> str:
    """Name the entry's next session."""
    entry.made += 1
    stay = str(entry.epoch) if entry.run == 1 else f"{entry.run}-{entry.epoch}"
    return f"{entry.task}.{stay}.{entry.made}"


# ------------------------------------------------------------------ offers


def give(pool: Pool, entry: Entry, taker: Candidate, *, first: bool, flags: bool) -> Offer:
    """Offer a task to an agent."""
    service = pool.services[entry.service].config
    offer = Offer(
        session=session_id(entry),
        agent=taker.agent,
        at=pool.now,
        deadline=pool.now + service.rona_timeout,
        blocking=blocks(pool, entry),
        flags=flags,
    )
    entry.offers.append(offer)
    data = {
        "blocking": offer.blocking,
        "priority": entry.priority,
        "turn": entry.number,
        "first": first,
        "deadline": offer.deadline.isoformat(),
        "waited_us": (pool.now - entry.first_queued) // MICROSECOND,
        "why": taker.why,
        "level": taker.level,
        "algorithm": taker.algorithm,
        "free": taker.free,
        "qualification": taker.qualification,
        "config": pool.version,
        "distribution": distribution(pool, entry),
    }
    pool.tell_of(entry, "offered", agent=offer.agent, session=offer.session, data=data)
    return offer


def offer_in_turn(pool: Pool, entry: Entry, takers: list[Candidate]) -> None:
    """Offer the task whose turn it is: to the best taker, or to the best class of them."""
    service = pool.services[entry.service]
    first, entry.tried = not entry.tried, True
    hand_out(service, standing_in(pool, entry.service), entry)
    if first:
        service.firsts = [*service.firsts, pool.now][-MOST_FIRSTS:]
    broadcast = distribution(pool, entry) == "broadcast"
    for taker in best_class(takers) if broadcast else takers[:1]:
        give(pool, entry, taker, first=first, flags=not broadcast)


def best_class(takers: list[Candidate]) -> list[Candidate]:
    """Up to ten of the best one's class: as free, of the same level, as preferred."""
    best = takers[0]
    if best.why == "preferred":
        return takers[:MOST_PREFERRED]
    alike = [one for one in takers if (one.free, one.level) == (best.free, best.level)]
    return alike[:MOST_OFFERS]


def reach_levels(pool: Pool) -> None:
    """Let every task reach the levels whose time has come."""
    for entry in pool.entries.values():
        reach(pool, entry)


def dispatch(pool: Pool) -> None:
    """Offer one thing after another until nothing can be offered."""
    reach_levels(pool)
    while (chosen := next_to_offer(pool)) is not None:
        offer_in_turn(pool, *chosen)


def end_offer(pool: Pool, entry: Entry, offer: Offer, kind: str, **data: object) -> None:
    """End an open offer; with the last one gone the entry waits again."""
    entry.offers.remove(offer)
    pool.tell_of(entry, kind, agent=offer.agent, session=offer.session, data=data)
    if entry.waiting:
        join(pool, entry)
        if pool.services[entry.service].config.removed and data.get("reason") in (None, *GONE):
            tell_displaced(pool, entry)


def cancel_offers(pool: Pool, entry: Entry, reason: str) -> None:
    """End a task's open offers without blame."""
    for offer in list(entry.offers):
        end_offer(pool, entry, offer, "offer_cancelled", reason=reason)


def cancel_offers_to(pool: Pool, agent: str, reason: str) -> None:
    """End an agent's open offers without blame."""
    for entry in list(pool.entries.values()):
        for offer in [one for one in entry.offers if one.agent == agent]:
            end_offer(pool, entry, offer, "offer_cancelled", reason=reason)


def cool_down(pool: Pool, entry: Entry, agent: str) -> None:
    """Let an agent cool down from a task."""
    span = pool.services[entry.service].config.decline_cooldown
    if span > NO_TIME:
        entry.cooling[agent] = CoolDown(pool.now, pool.now + span)


def lapse(pool: Pool, entry: Entry, offer: Offer) -> None:
    """Let an offer lapse: a cool-down, idle anew, and a RONA flag if the service gives one."""
    service = pool.services[entry.service].config
    agent = pool.agents[offer.agent]
    end_offer(pool, entry, offer, "lapsed")
    cool_down(pool, entry, offer.agent)
    agent.idle_since = pool.now
    if offer.flags and service.rona_flag:
        flag(pool, agent, pool.now + service.rona_for)


def flag(pool: Pool, agent: Agent, until: datetime) -> None:
    """Flag an agent RONA, unless they are flagged so long already."""
    before = agent.rona_until or pool.now
    longer = until > before or not pool.readings.longest_rona
    if until > pool.now and until != before and longer:
        agent.rona_until = until
        told = {"until": until.isoformat()}
        pool.tell("rona_flagged", agent=agent.config.id, data=told)


# ------------------------------------------------------------------ work, hold, wrap-up


def accept(pool: Pool, entry: Entry, offer: Offer) -> None:
    """Let an agent accept: the others lose the offer; blocking work interrupts what else is on."""
    left = None if entry.expires_at is None else entry.expires_at - pool.now
    entry.offers.remove(offer)
    entry.work = Work(offer.session, offer.agent, pool.now, offer.blocking, left)
    cancel_offers(pool, entry, "taken")
    pool.tell_of(entry, "accepted", agent=offer.agent, session=offer.session)
    if offer.blocking:
        interrupt(pool, offer.agent, "blocking_work")


def interrupt(pool: Pool, agent: str, reason: str) -> None:
    """Take back an agent's other offers and put their non-blocking tasks on hold (C6)."""
    cancel_offers_to(pool, agent, reason)
    for entry in pool.entries.values():
        if entry.work is not None and entry.work.agent == agent and not entry.work.blocking:
            set_hold(pool, entry, by="interruption", on=True)


def set_hold(pool: Pool, entry: Entry, *, by: str, on: bool) -> None:
    """Set one of the two flags of hold and tell what that makes of it."""
    work = entry.work
    assert work is not None
    before = (work.by_agent, work.by_interruption)
    if by == "agent":
        work.by_agent = on
    else:
        work.by_interruption = on
    after = (work.by_agent, work.by_interruption)
    if before == after:
        return
    who = {"agent": work.agent, "session": work.session}
    if not any(before):
        work.held_since = pool.now
        pool.tell_of(entry, "held", **who, data={"by": by})
    elif any(after):
        flags = {"agent": work.by_agent, "interruption": work.by_interruption}
        pool.tell_of(entry, "hold_changed", **who, data=flags)
    else:
        assert work.held_since is not None
        held = (pool.now - work.held_since) // MICROSECOND
        work.held_since = None
        pool.tell_of(entry, "resumed", **who, data={"held_us": held})


def settle(pool: Pool, agent: str) -> None:
    """Resume what blocking work interrupted once none of it is left, wrap-up included."""
    if load_of(pool, agent).blocking_work or pool.agents[agent].wrap_ups:
        return
    for entry in pool.entries.values():
        if entry.work is not None and entry.work.agent == agent:
            set_hold(pool, entry, by="interruption", on=False)


def end_work(pool: Pool, entry: Entry) -> Work:
    """Take a task from its agent, who is idle anew."""
    work = entry.work
    assert work is not None
    entry.work = None
    pool.agents[work.agent].idle_since = pool.now
    return work


def give_back(pool: Pool, entry: Entry, **data: object) -> Work:
    """Put an accepted task back into its place in the queue; who had it cools down."""
    work = end_work(pool, entry)
    entry.returned_at = pool.now
    entry.expires_at = None if work.left is None else pool.now + work.left
    until = None if entry.expires_at is None else entry.expires_at.isoformat()
    cool_down(pool, entry, work.agent)
    told = {"expires_at": until, **data}
    pool.tell_of(entry, "returned", agent=work.agent, session=work.session, data=told)
    if pool.services[entry.service].config.removed:
        tell_displaced(pool, entry)
    join(pool, entry)
    settle(pool, work.agent)
    return work


def start_wrap_up(pool: Pool, agent: str, session: str, span: timedelta, **stay: object) -> None:
    """Let an agent wrap up for a span, if it is any."""
    if span > NO_TIME:
        wrap_up = WrapUp(pool.now, pool.now + span, **stay)  # type: ignore[arg-type]
        pool.agents[agent].wrap_ups[session] = wrap_up
        until = {"until": wrap_up.until.isoformat()}
        pool.tell("wrap_up_started", agent=agent, session=session, data=until, **stay)


def end_wrap_up(pool: Pool, agent: Agent, session: str) -> None:
    """End a wrap-up: its agent is idle anew and resumes what was interrupted."""
    it = agent.wrap_ups.pop(session)
    agent.idle_since = pool.now
    stay = {"task": it.task, "run": it.run, "epoch": it.epoch, "service": it.service}
    pool.tell("wrap_up_ended", agent=agent.config.id, session=session, **stay)
    settle(pool, agent.config.id)


# ------------------------------------------------------------------ ends


def expire(pool: Pool, entry: Entry) -> None:
    """Let a waiting or offered task expire."""
    cancel_offers(pool, entry, "expired")
    pool.tell_of(entry, "expired")
    leave(pool, entry, "expired")


def leave(pool: Pool, entry: Entry, how: str, work: Work | None = None, code: str = "") -> None:
    """Forget an entry but for how its stay ended."""
    del pool.entries[entry.task]
    agent, session = (None, None) if work is None else (work.agent, work.session)
    stay = (entry.run, entry.epoch, how, pool.now, entry.rank, agent, session)
    pool.past[entry.task] = Past(*stay, code)


def next_level(pool: Pool, entry: Entry) -> list[timedelta]:
    """Spans after entering at which further levels of the policy begin."""
    steps = levels(pool.services[entry.service])
    return [step.after for step in steps[entry.level + 1 :]]


def tell_displaced(pool: Pool, entry: Entry) -> None:
    """Tell that the service of a task is gone."""
    if entry.work is None:
        pool.tell_of(entry, "displaced")


def take_back(pool: Pool, entry: Entry) -> None:
    """Take a task's open offers back, as its service is gone."""
    if entry.waiting:
        tell_displaced(pool, entry)
    cancel_offers(pool, entry, "service_gone")
