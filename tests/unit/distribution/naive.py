"""A slow, obviously right reading of the rules: from the log alone it foretells every offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from extask.messages import PRIORITIES, AgentConfig, Event, PoolConfig, ServiceConfig

STRIDE = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64}
CUT = timedelta(seconds=5)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Task:
    name: str
    seq: int
    service: str = ""
    level: int = 4
    first_queued: datetime = NEVER
    number: int | None = None
    block: bool = True
    preferred: list[str] = field(default_factory=list)
    preferred_only: bool = False
    window: datetime = NEVER
    exclude: list[str] = field(default_factory=list)
    cooled: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """When the cool-down began, when it ends."""
    where: str = "waiting"
    epoch: int = 0
    run: int = 0
    rank: int = 0


@dataclass
class Share:
    """An offer or engagement as the log tells it."""

    task: str
    agent: str
    blocking: bool
    accepted: datetime | None = None
    held_at: datetime | None = None
    held: timedelta = timedelta(0)


@dataclass
class Person:
    config: AgentConfig
    presence: str = "offline"
    on_duty: bool = True
    rona: bool = False
    idle: datetime = NEVER
    calls: dict[str, bool] = field(default_factory=dict)
    wrap_ups: set[str] = field(default_factory=set)


class Naive:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.worth = timedelta(seconds=60)
        self.services: dict[str, ServiceConfig] = {}
        self.people: dict[str, Person] = {}
        self.tasks: dict[str, Task] = {}
        self.shares: dict[str, Share] = {}
        self.clock: dict[str, int] = {}
        self.next: dict[str, dict[int, int]] = {}
        self.seq = 0
        self.entered = 0
        self.gone = 0

    def configure(self, config: PoolConfig) -> None:
        self.worth = config.level_worth
        for service in config.services:
            self.services[service.name] = service
            self.clock.setdefault(service.name, 0)
            self.next.setdefault(service.name, dict(STRIDE))
        for agent in config.agents:
            if agent.id in self.people:
                self.people[agent.id].config = agent
            else:
                self.people[agent.id] = Person(agent, idle=self.now)

    # --- who may take what ---------------------------------------------------------------------

    def blocking(self, task: Task) -> bool:
        return task.block or not self.services[task.service].simultaneous

    def present(self, person: Person, service: str) -> bool:
        admitted = ("available", *self.services[service].distribute_when)
        return person.presence in admitted

    def attends(self, person: Person, service: str) -> bool:
        active = person.config.services.get(service, False) and not person.config.removed
        return self.present(person, service) and person.on_duty and active

    def has_room(self, person: Person, *, blocking: bool) -> bool:
        mine = [share for share in self.shares.values() if share.agent == person.config.id]
        if any(share.blocking for share in mine) or any(person.calls.values()) or person.wrap_ups:
            return False
        return blocking or len(mine) < person.config.simultaneous

    def occupied(self, person: Person) -> bool:
        mine = any(share.agent == person.config.id for share in self.shares.values())
        return mine or bool(person.calls) or bool(person.wrap_ups)

    def window_open(self, task: Task) -> bool:
        people = [self.people[name] for name in task.preferred if name in self.people]
        return self.now < task.window and any(self.attends(it, task.service) for it in people)

    def admitted(self, task: Task, agent: str) -> bool:
        only = task.preferred_only or self.window_open(task)
        return agent in task.preferred if only else True

    def cooling(self, task: Task, agent: str) -> bool:
        if agent not in task.cooled or self.now >= task.cooled[agent][1]:
            return False
        if self.now < min(task.cooled[agent][0] + CUT, task.cooled[agent][1]):
            return True
        return any(
            self.attends(other, task.service)
            and not other.rona
            and name not in task.exclude
            and self.admitted(task, name)
            and not (name in task.cooled and self.now < task.cooled[name][1])
            for name, other in self.people.items()
            if name != agent
        )

    def eligible(self, task: Task, person: Person) -> bool:
        name = person.config.id
        return (
            self.attends(person, task.service)
            and not person.rona
            and self.has_room(person, blocking=self.blocking(task))
            and name not in task.exclude
            and self.admitted(task, name)
            and not self.cooling(task, name)
        )

    def rank(self, task: Task, person: Person) -> tuple[Any, ...]:
        name = person.config.id
        if task.preferred_only or self.window_open(task):
            return (task.preferred.index(name),)
        held = sum(it.agent == name and not it.blocking for it in self.shares.values())
        return (self.occupied(person), held, person.idle, name)

    # --- order ---------------------------------------------------------------------------------

    def waiting(self, service: str) -> list[Task]:
        found = [it for it in self.tasks.values() if it.where == "waiting"]
        found = [it for it in found if it.service == service]
        return sorted(found, key=lambda it: (it.first_queued, it.seq))

    def unnumbered(self, service: str, level: int) -> list[Task]:
        return [it for it in self.waiting(service) if it.level == level and it.number is None]

    def key(self, task: Task) -> tuple[float, int, datetime, int]:
        number = {0: float("-inf"), 8: float("inf")}.get(task.level)
        if number is None:
            number = self.next[task.service][task.level] if task.number is None else task.number
        return (number, task.level, task.first_queued, task.seq)

    def first(self, service: str, takeable: list[Task]) -> Task:
        """Compare the turn-holders and, per level, the first one without a number."""
        compared = [it for it in takeable if it.number is not None]
        for level in range(9):
            compared += [it for it in self.unnumbered(service, level) if it in takeable][:1]
        return min(compared, key=self.key)

    def claim(self, task: Task) -> tuple[bool, datetime, int]:
        return (task.level != 0, task.first_queued + task.level * self.worth, task.seq)

    def next_offer(self) -> tuple[Task, str] | None:
        takeable: dict[str, list[Task]] = {}
        for task in self.tasks.values():
            if task.where == "waiting" and any(
                self.eligible(task, it) for it in self.people.values()
            ):
                takeable.setdefault(task.service, []).append(task)
        if not takeable:
            return None
        service = min(takeable, key=lambda it: min(map(self.claim, takeable[it])))
        task = self.first(service, takeable[service])
        able = [it for it in self.people.values() if self.eligible(task, it)]
        return task, min(able, key=lambda it: self.rank(task, it)).config.id

    def take_turn(self, task: Task) -> None:
        service, level = task.service, task.level
        if task.number is not None or level not in STRIDE:
            return
        number = self.next[service][level]
        self.clock[service] = max(self.clock[service], number)
        head = self.unnumbered(service, level)[0]
        head.number = number
        self.next[service][level] = self.clock[service] + STRIDE[level]
        if head is not task:
            task.number = self.next[service][level]
            self.next[service][level] += STRIDE[level]

    def positions(self, service: str) -> list[str]:
        """Let everybody take everything, one after the other, and see what goes when."""
        kept = (self.clock[service], dict(self.next[service]))
        tasks = self.waiting(service)
        numbers = {it.name: it.number for it in tasks}
        order = []
        while tasks:
            task = self.first(service, tasks)
            self.take_turn(task)
            task.where = "nowhere"
            tasks.remove(task)
            order.append(task)
        for task in order:
            task.where, task.number = "waiting", numbers[task.name]
        self.clock[service], self.next[service] = kept
        return [it.name for it in order]

    # --- the log -------------------------------------------------------------------------------

    def moments(self, until: datetime) -> list[datetime]:
        """List the moments before `until` at which offers may become possible by themselves."""
        found = set()
        for task in self.tasks.values():
            found.add(task.window)
            for began, ends in task.cooled.values():
                found |= {began + CUT, ends}
        return sorted(it for it in found if self.now < it < until)

    def pass_time(self, until: datetime) -> None:
        """See that nothing was left undone until then."""
        if until == self.now:
            return
        assert until > self.now, "time ran backwards"
        self.quiet()
        for moment in self.moments(until):
            self.now = moment
            self.quiet()
        self.now = until

    def quiet(self) -> None:
        missed = self.next_offer()
        assert missed is None, f"{missed} could have been offered"

    def consume(self, event: Event) -> None:
        self.pass_time(event.at)
        if event.task in self.tasks and event.rank is not None:
            task = self.tasks[event.task]
            if event.kind != "moved" and event.run == task.run:
                assert (event.epoch, event.rank) == (task.epoch, task.rank + 1)
            task.run, task.epoch, task.rank = event.run or 0, event.epoch or 0, event.rank
        getattr(self, f"on_{event.kind}")(event)

    def wait(self, task: Task) -> None:
        task.where = "nowhere"
        empty = not self.unnumbered(task.service, task.level)
        if task.number is None and task.level in STRIDE and empty:
            clock = self.clock[task.service]
            self.next[task.service][task.level] = clock + STRIDE[task.level]
        task.where = "waiting"

    def place(self, task: Task, event: Event) -> None:
        data = event.data
        task.service = event.service or ""
        task.level = PRIORITIES.index(data["priority"])
        task.first_queued = datetime.fromisoformat(data["first_queued"])
        task.block, task.number = data["blocking"], data["number"]
        task.preferred = data.get("preferred", [])
        task.preferred_only = data.get("preferred_only", False)
        task.window = datetime.fromisoformat(data["prefer_until"]) if task.preferred else NEVER
        task.exclude = data.get("exclude", [])

    def on_queued(self, event: Event) -> None:
        assert event.task
        assert event.rank == 1
        assert event.task not in self.tasks
        self.seq += 1
        self.entered += 1
        task = self.tasks[event.task] = Task(event.task, self.seq, run=event.run or 0)
        task.epoch, task.rank = event.epoch or 0, 1
        self.place(task, event)
        self.wait(task)

    def on_moved(self, event: Event) -> None:
        task = self.tasks[event.task or ""]
        if event.data.get("transfer") and not self.services[event.service or ""].keep_place:
            self.seq += 1
            task.seq = self.seq
        same = "transfer" not in event.data
        if event.data["state"] == "offered" or (
            same and PRIORITIES[task.level] == event.data["priority"]
        ):
            self.place(task, event)
            return
        if event.session:
            self.end_share(event)
        task.where = "nowhere"
        self.place(task, event)
        self.wait(task)

    def on_offered(self, event: Event) -> None:
        assert event.task
        assert event.agent
        assert event.session
        foretold = self.next_offer()
        assert foretold is not None, f"nobody may take {event}"
        task, agent = foretold
        assert (task.name, agent) == (event.task, event.agent), event
        self.take_turn(task)
        assert task.number == event.data["turn"]
        assert self.blocking(task) == event.data["blocking"]
        task.where = "offered"
        self.shares[event.session] = Share(event.task, event.agent, event.data["blocking"])

    def on_accepted(self, event: Event) -> None:
        share, task = self.shares[event.session or ""], self.tasks[event.task or ""]
        assert task.where == "offered"
        task.where = "engaged"
        share.accepted = event.at

    def back(self, event: Event, *, blame: bool) -> Task:
        share = self.shares.pop(event.session or "")
        task = self.tasks[share.task]
        if blame:
            cooldown = self.services[task.service].decline_cooldown
            if cooldown:
                task.cooled[share.agent] = (event.at, event.at + cooldown)
            self.people[share.agent].idle = event.at
        return task

    def on_declined(self, event: Event) -> None:
        self.wait(self.back(event, blame=True))

    on_lapsed = on_declined

    def on_offer_cancelled(self, event: Event) -> None:
        task = self.back(event, blame=False)
        task.where = "nowhere"
        if event.data["reason"] not in {"withdrawn", "expired", "moved"}:
            self.wait(task)

    def end_share(self, event: Event) -> None:
        share = self.shares.pop(event.session or "")
        assert share.accepted is not None
        held = share.held + (event.at - share.held_at if share.held_at else timedelta(0))
        assert timedelta(microseconds=event.data["hold_us"]) == held
        worked = timedelta(microseconds=event.data["work_us"])
        assert worked >= timedelta(0)
        assert worked + held == event.at - share.accepted
        self.people[share.agent].idle = event.at

    def on_completed(self, event: Event) -> None:
        self.end_share(event)
        self.leave(event)

    def on_returned(self, event: Event) -> None:
        share, task = self.shares[event.session or ""], self.tasks[event.task or ""]
        self.end_share(event)
        cooldown = self.services[task.service].decline_cooldown
        if cooldown:
            task.cooled[share.agent] = (event.at, event.at + cooldown)
        self.wait(task)

    def leave(self, event: Event) -> None:
        del self.tasks[event.task or ""]
        self.gone += 1

    def on_withdrawn(self, event: Event) -> None:
        if event.session:
            self.end_share(event)
        self.leave(event)

    def on_expired(self, event: Event) -> None:
        assert self.tasks[event.task or ""].where != "engaged"
        self.leave(event)

    def on_held(self, event: Event) -> None:
        share = self.shares[event.session or ""]
        assert share.accepted
        assert not share.held_at
        assert not share.blocking
        share.held_at = event.at

    def on_resumed(self, event: Event) -> None:
        share = self.shares[event.session or ""]
        assert share.held_at
        assert timedelta(microseconds=event.data["held_us"]) == event.at - share.held_at
        share.held += event.at - share.held_at
        share.held_at = None

    def on_wrap_up_started(self, event: Event) -> None:
        self.people[event.agent or ""].wrap_ups.add(event.session or "")

    def on_wrap_up_ended(self, event: Event) -> None:
        self.people[event.agent or ""].wrap_ups.remove(event.session or "")
        self.people[event.agent or ""].idle = event.at

    def on_reprioritized(self, event: Event) -> None:
        task = self.tasks[event.task or ""]
        waiting = task.where == "waiting"
        task.where = "nowhere" if waiting else task.where
        task.level, task.number = PRIORITIES.index(event.data["priority"]), None
        if waiting:
            self.wait(task)

    def on_expiry_set(self, event: Event) -> None:
        assert event.task in self.tasks

    def on_agent_state(self, event: Event) -> None:
        person, data = self.people[event.agent or ""], event.data
        came = data["presence"] == "available" != person.presence
        if came or (data["on_duty"] and not person.on_duty):
            person.idle = event.at
        person.presence, person.on_duty = data["presence"], data["on_duty"]

    def on_rona_flagged(self, event: Event) -> None:
        self.people[event.agent or ""].rona = True

    def on_rona_cleared(self, event: Event) -> None:
        self.people[event.agent or ""].rona = False

    def on_engagement_started(self, event: Event) -> None:
        self.people[event.agent or ""].calls[event.data["engagement"]] = event.data["blocking"]

    def on_engagement_ended(self, event: Event) -> None:
        del self.people[event.agent or ""].calls[event.data["engagement"]]
        self.people[event.agent or ""].idle = event.at

    def on_configured(self, event: Event) -> None:
        assert event.data["version"]

    # --- what must hold between commands --------------------------------------------------------

    def check_holds(self) -> None:
        """Non-blocking tasks are on hold exactly while blocking work is under way (C6)."""
        for share in self.shares.values():
            person = self.people[share.agent]
            others = [it for it in self.shares.values() if it.agent == share.agent]
            working = (
                any(it.blocking and it.accepted for it in others)
                or any(person.calls.values())
                or bool(person.wrap_ups)
            )
            held = bool(working and share.accepted and not share.blocking)
            assert bool(share.held_at) == held, share
