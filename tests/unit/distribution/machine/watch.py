"""What must hold between commands: P2, P3, P5, P6 and the holds of C6, by looking at everything."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from extask.distribution import Distributor
from tests.unit.distribution.machine import rules
from tests.unit.distribution.machine.people import WholeLog
from tests.unit.distribution.machine.picture import Person, Picture, Share

FAR = timedelta(days=10_000)


def check(pool: Distributor, log: WholeLog) -> None:
    """Hold a pool against its picture."""
    log.quiet()
    picture = log.picture
    assert pool.now == picture.now
    every_task_is_in_one_place(pool, picture)
    every_session_is_shown(pool, picture)
    every_position_is_exact(pool, picture)
    numbers_add_up(pool, picture)
    holds_follow_blocking_work(picture)
    nothing_is_overdue(pool, picture)


def every_task_is_in_one_place(pool: Distributor, picture: Picture) -> None:
    """P2 and P3."""
    engaged: Counter[str] = Counter()
    offered: Counter[str] = Counter()
    for share in picture.shares.values():
        (offered if share.accepted is None else engaged)[share.task.name] += 1
    for name, task in picture.tasks.items():
        counts = (offered[name] > 0, engaged[name])
        assert counts == (task.where == "offered", task.where == "engaged"), task
    assert picture.entered == len(picture.tasks) + picture.gone
    assert pool.size == len(picture.tasks)


def every_session_is_shown(pool: Distributor, picture: Picture) -> None:
    shown = pool.sessions
    assert len(shown) == len(picture.shares)
    for it in shown:
        share = picture.shares[it.session]
        told = (it.task, it.service, it.agent, it.blocking)
        assert told == (share.task.name, share.task.service, share.agent, share.blocking)
        assert (it.state, it.since, it.deadline) == shown_state(share)


def shown_state(share: Share) -> tuple[str, datetime, datetime | None]:
    if share.accepted is None:
        return "offered", share.offered, share.deadline
    return "on_hold" if share.held_at else "active", share.accepted, None


def every_position_is_exact(pool: Distributor, picture: Picture) -> None:
    """Q5."""
    told = {task: pool.position(task) for task in picture.tasks}
    expected = dict.fromkeys(picture.tasks, 0)
    for service in picture.services:
        for place, task in enumerate(rules.places(picture, service), 1):
            expected[task.name] = place
    assert told == expected


def numbers_add_up(pool: Distributor, picture: Picture) -> None:
    overview = pool.overview()
    assert overview.version == picture.version
    counts: Counter[tuple[str, str]] = Counter()
    for task in picture.tasks.values():
        if task.where == "waiting":
            counts[task.service, "waiting"] += 1
    for share in picture.shares.values():
        counts[share.task.service, "offered" if share.accepted is None else "engaged"] += 1
    for row in overview.services:
        told = (row.waiting, row.offered, row.engaged)
        name = row.service
        assert told == tuple(counts[name, it] for it in ("waiting", "offered", "engaged")), row
        reachable = [it for it in picture.people.values() if is_reachable(picture, it, name)]
        assert row.reachable == len(reachable)
    doing = Counter(doing_what(picture, person) for person in picture.people.values())
    assert overview.agents == dict(doing)


def is_reachable(picture: Picture, person: Person, service: str) -> bool:
    return person.rona is None and rules.attends(picture, person, service)


def doing_what(picture: Picture, person: Person) -> str:
    if rules.is_blocked(person):
        return "blocked"
    if rules.is_occupied(person):
        return "occupied"
    free = any(is_reachable(picture, person, name) for name in picture.services)
    return "free" if free else "unreachable"


def holds_follow_blocking_work(picture: Picture) -> None:
    """Non-blocking work is interrupted exactly while blocking work is under way (C6)."""
    for person in picture.people.values():
        shares = person.shares.values()
        working = (
            any(it.blocking and it.accepted for it in shares)
            or any(blocking for blocking, _, _ in person.calls.values())
            or bool(person.wraps)
        )
        for share in shares:
            held = bool(working and share.accepted and not share.blocking)
            assert share.interrupted == held, share
            assert bool(share.held_at) == (share.wished or share.interrupted)


def nothing_is_overdue(pool: Distributor, picture: Picture) -> None:
    """Whoever wakes the pool at its next deadline misses nothing."""
    due = rules.due(picture) + rules.moments(picture, picture.now + FAR)
    deadline = pool.next_deadline()
    if deadline is not None:
        assert deadline > picture.now
    if due:
        first = min(due)
        assert first > picture.now, "something was due"
        assert deadline is not None
        assert deadline <= first


def everybody_is_free(pool: Distributor) -> None:
    """P4: after all tasks have ended."""
    assert not pool.sessions
    assert set(pool.overview().agents) <= {"free", "unreachable"}
