"""A slow reading of the rules: who may take what, in which order, and who is asked next.

Everything is found by looking at everything; nothing is shared with the judgement.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from extask.messages import PolicyLevel
from tests.unit.distribution.machine.picture import NEVER, STRIDE, Person, Picture, Task

Claim = tuple[bool, datetime, int]
Key = tuple[float, int, datetime, int]


class Foretold(NamedTuple):
    """The next offer: of what, to whom together, and why."""

    task: Task
    people: list[Person]
    reserved: bool


# --- who may take what -------------------------------------------------------------------------


def is_blocking(picture: Picture, task: Task) -> bool:
    return task.block or not picture.services[task.service].config.simultaneous


def is_present(picture: Picture, person: Person, service: str) -> bool:
    if person.presence == "available":
        return True
    admitted = picture.services[service].config.distribute_when
    return person.presence in ("busy", "away") and person.presence in admitted


def is_active(picture: Picture, person: Person, service: str) -> bool:
    gone = person.config.removed or picture.services[service].config.removed
    return not gone and person.config.services.get(service, False)


def attends(picture: Picture, person: Person, service: str) -> bool:
    return (
        person.on_duty
        and is_present(picture, person, service)
        and is_active(picture, person, service)
    )


def is_blocked(person: Person) -> bool:
    """Say whether the agent has any blocking work: task, offer, call or wrap-up (C1, C3)."""
    if person.wraps:
        return True
    calls = any(blocking for blocking, _, _ in person.calls.values())
    return calls or any(share.blocking for share in person.shares.values())


def is_occupied(person: Person) -> bool:
    return bool(person.shares or person.calls or person.wraps)


def is_reserved(picture: Picture, task: Task) -> bool:
    """Say whether only preferred agents may take it now."""
    if task.preferred_only:
        return True
    if picture.now >= task.window:
        return False
    known = [picture.people[name] for name in task.preferred if name in picture.people]
    return any(attends(picture, person, task.service) for person in known)


def asked_skills(task: Task, level: PolicyLevel) -> dict[str, int]:
    asked = dict(level.skills)
    for skill, least in task.skills.items():
        asked[skill] = max(least, asked.get(skill, 0))
    return asked


def responsibilities(picture: Picture, person: Person) -> tuple[str, ...]:
    profile = picture.profiles.get(person.profile)
    return () if profile is None or profile.removed else profile.responsibilities


def level_of(picture: Picture, task: Task, person: Person) -> int | None:
    """Give the first level of the policy that admits the agent, reached or not."""
    for index, level in enumerate(picture.policy(task)):
        has = person.config.skills
        able = all(has.get(it, 0) >= least for it, least in asked_skills(task, level).items())
        duty = level.responsibility
        if able and (not duty or duty in responsibilities(picture, person)):
            return index
    return None


def is_admitted(picture: Picture, task: Task, person: Person, *, reserved: bool) -> bool:
    if reserved:
        return person.config.id in task.preferred
    level = level_of(picture, task, person)
    return level is not None and level <= picture.reached(task)


def is_cooling(picture: Picture, task: Task, agent: str, *, reserved: bool) -> bool:
    """Say whether the agent cools down, and somebody else could be asked but for capacity."""
    cut, until = task.cooled.get(agent, (NEVER, NEVER))
    if picture.now >= until:
        return False
    if picture.now < cut:
        return True
    return is_somebody_else(picture, task, agent, reserved=reserved)


def is_somebody_else(picture: Picture, task: Task, agent: str, *, reserved: bool) -> bool:
    return any(
        name != agent
        and attends(picture, other, task.service)
        and other.rona is None
        and name not in task.exclude
        and picture.now >= task.cooled.get(name, (NEVER, NEVER))[1]
        and is_admitted(picture, task, other, reserved=reserved)
        for name, other in picture.people.items()
    )


Ruling = tuple[str, datetime | None]


def ruling(picture: Picture, task: Task, person: Person, *, reserved: bool) -> Ruling:
    """Give the first rule that rules the agent out, and when that changes by itself."""
    if not is_present(picture, person, task.service):
        return "presence", None
    if not person.on_duty:
        return "off_duty", None
    if person.rona is not None:
        return "rona_flagged", person.rona
    if not is_active(picture, person, task.service):
        return "not_serving", None
    found = capacity(picture, task, person)
    return found if found[0] else of_task(picture, task, person, reserved=reserved)


def capacity(picture: Picture, task: Task, person: Person) -> Ruling:
    """C1 to C4."""
    if is_blocked(person):
        other = any(blocking for blocking, _, _ in person.calls.values())
        other = other or any(share.blocking for share in person.shares.values())
        return "blocking_work", None if other else max(end for _, end in person.wraps.values())
    if not is_blocking(picture, task) and len(person.shares) >= person.config.simultaneous:
        return "number_reached", None
    return "", None


def of_task(picture: Picture, task: Task, person: Person, *, reserved: bool) -> Ruling:
    """Exclusion, preference, policy, cool-down."""
    name = person.config.id
    if name in task.exclude:
        return "excluded", None
    if reserved:
        if name not in task.preferred:
            only = task.preferred_only
            return ("preferred_only", None) if only else ("preferred_window", task.window)
    else:
        level = level_of(picture, task, person)
        if level is None:
            return "not_qualified", None
        if level > picture.reached(task):
            return "level_not_reached", task.entered + picture.policy(task)[level].after
    if is_cooling(picture, task, name, reserved=reserved):
        cut, until = task.cooled[name]
        another = is_somebody_else(picture, task, name, reserved=reserved)
        return "cooling_down", until if another else cut
    return "", None


# --- who is asked ------------------------------------------------------------------------------


def qualification(picture: Picture, task: Task, person: Person, index: int) -> int:
    level = picture.policy(task)[index]
    if level.algorithm != "most_qualified":
        return 0
    return sum(person.config.skills.get(skill, 0) for skill in asked_skills(task, level))


def class_of(picture: Picture, task: Task, person: Person) -> tuple[bool, int]:
    return is_occupied(person), level_of(picture, task, person) or 0


def choose(picture: Picture, task: Task, able: list[Person], *, reserved: bool) -> list[Person]:
    """Give who is asked of those who may take it: the best, or the best class together."""
    together = picture.mode(task) == "broadcast"
    if reserved:
        ranked = sorted(able, key=lambda it: task.preferred.index(it.config.id))
        return ranked[: 10 if together else 1]

    def rank(it: Person) -> tuple[bool, int, int, int, datetime, str]:
        occupied, level = class_of(picture, task, it)
        qualified = qualification(picture, task, it, level)
        return (occupied, level, -qualified, len(it.shares), it.idle, it.config.id)

    ranked = sorted(able, key=rank)
    if not together:
        return ranked[:1]
    best = class_of(picture, task, ranked[0])
    return [it for it in ranked if class_of(picture, task, it) == best][:10]


def number_of(picture: Picture, task: Task) -> float:
    """Give the turn number at which somebody who may take the task sees it."""
    if task.level not in STRIDE:
        return float("inf") if task.level else float("-inf")
    following = picture.services[task.service].next[task.level]
    return following if task.number is None else task.number


def key(picture: Picture, task: Task) -> Key:
    return (number_of(picture, task), task.level, task.first_queued, task.seq)


def claim(picture: Picture, task: Task) -> Claim:
    return (task.level != 0, task.first_queued + task.level * picture.worth, task.seq)


def next_offer(picture: Picture) -> Foretold | None:
    """Foretell the next offer, if anything can be offered."""
    ready = [it for it in picture.people.values() if it.rona is None and not is_blocked(it)]
    fronts: dict[str, list[tuple[Task, list[Person], bool]]] = {}
    for task in picture.tasks.values() if ready else ():
        if task.where != "waiting" or picture.mode(task) == "pickup":
            continue
        reserved = is_reserved(picture, task)
        able = [it for it in ready if not ruling(picture, task, it, reserved=reserved)[0]]
        if able:
            fronts.setdefault(task.service, []).append((task, able, reserved))
    if not fronts:
        return None
    service = min(fronts, key=lambda it: min(claim(picture, row[0]) for row in fronts[it]))
    task, able, reserved = min(fronts[service], key=lambda row: key(picture, row[0]))
    return Foretold(task, choose(picture, task, able, reserved=reserved), reserved)


# --- places ------------------------------------------------------------------------------------


def places(picture: Picture, service: str) -> list[Task]:
    """List the order of a service by the numbers that entries have or will have."""
    found = picture.services[service]
    rows: list[tuple[Key, Task]] = []
    seen: dict[int, int] = {}
    for task in picture.queue(service):
        number = number_of(picture, task)
        if task.number is None and task.level in STRIDE:
            index = seen[task.level] = seen.get(task.level, -1) + 1
            if index:
                later = max(found.next[task.level], found.clock)
                number = later + index * STRIDE[task.level]
        rows.append(((number, task.level, task.first_queued, task.seq), task))
    return [task for _, task in sorted(rows, key=lambda row: row[0])]


def played(picture: Picture, service: str) -> list[Task]:
    """Let everybody take everything, one after the other, and see what goes when (Q5)."""
    found = picture.services[service]
    kept = (found.clock, dict(found.next))
    left = picture.queue(service)
    numbers = [(task, task.number) for task in left]
    order: list[Task] = []
    while left:
        task = min(left, key=lambda it: key(picture, it))
        picture.take_turn(task)
        task.where = "nowhere"
        left.remove(task)
        order.append(task)
    for task, number in numbers:
        task.where, task.number = "waiting", number
    found.clock, found.next = kept
    return order


def estimate(picture: Picture, task: Task, position: int) -> timedelta | None:
    """Q6: by the first offers of the last hour, if there are five."""
    firsts = picture.services[task.service].firsts
    lately = [at for at in firsts if picture.now - at <= timedelta(hours=1)]
    if len(lately) < 5 or not position:
        return None
    return position * (picture.now - lately[0]) // (len(lately) - 1)


def bound(level: int, older: int) -> int:
    """Q4: first offers, to agents who may take it, until an entry has its own at the latest."""
    mine = STRIDE[level]
    others = (other for other in STRIDE if other != level)
    return (older + 1) * (1 + sum(2 * mine // STRIDE[other] + 2 for other in others))


# --- moments -----------------------------------------------------------------------------------


def moments(picture: Picture, until: datetime) -> list[datetime]:
    """List the moments before `until` at which offers may become possible by themselves."""
    found: set[datetime] = set()
    for task in picture.tasks.values():
        if task.where == "waiting":
            found.update([task.window] if task.preferred else [])
            found.update(at for pair in task.cooled.values() for at in pair)
            later = picture.policy(task)[picture.reached(task) + 1 :]
            found.update(task.entered + level.after for level in later)
    return sorted(at for at in found if picture.now < at < until)


def due(picture: Picture) -> list[datetime]:
    """List the instants at which something must happen by itself."""
    found = [end for it in picture.people.values() for _, end in it.wraps.values()]
    found += [it.rona for it in picture.people.values() if it.rona is not None]
    found += [it.deadline for it in picture.shares.values() if it.accepted is None]
    return found + [
        task.expires
        for task in picture.tasks.values()
        if task.expires is not None and task.where != "engaged"
    ]
