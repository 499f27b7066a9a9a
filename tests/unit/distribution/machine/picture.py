"""What is known of a pool from outside: the settings it was told, and what its log has said."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from extask.messages import AgentConfig, DutyProfile, PolicyLevel, PoolConfig, ServiceConfig

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
CUT = timedelta(seconds=5)
NOTHING = timedelta(0)
STRIDE = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64}
"""Level (1 highest to 7 lowest) and how far its turn numbers are apart."""
EVERYBODY = (PolicyLevel(),)


@dataclass(slots=True, eq=False)
class Task:
    """A task in the pool; `where` is waiting, offered, engaged, or nowhere between two events."""

    name: str
    seq: int
    run: int = 0
    epoch: int = 0
    rank: int = 0
    service: str = ""
    level: int = 4
    first_queued: datetime = NEVER
    number: int | None = None
    block: bool = True
    preferred: tuple[str, ...] = ()
    preferred_only: bool = False
    window: datetime = NEVER
    exclude: tuple[str, ...] = ()
    skills: dict[str, int] = field(default_factory=dict)
    distribution: str | None = None
    entered: datetime = NEVER
    reached: int = -1
    """The highest level of the policy known to have been reached when a policy changed."""
    expires: datetime | None = None
    left: timedelta | None = None
    """What was left of its life when an agent accepted it."""
    cooled: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """Agent → from when the cool-down may be cut short, and when it ends by itself."""
    where: str = "waiting"
    asked: bool = False
    passed: int = 0
    """First offers in its service, to agents who might have taken it, since it came."""
    older: int = 0
    """How many of its level were before it, or came before it later."""


@dataclass(slots=True, eq=False)
class Share:
    """An offer, after its acceptance an engagement."""

    session: str
    task: Task
    agent: str
    blocking: bool
    offered: datetime
    deadline: datetime
    together: bool = False
    """Whether others were asked at the same time, as in a broadcast."""
    accepted: datetime | None = None
    wished: bool = False
    interrupted: bool = False
    held_at: datetime | None = None
    held: timedelta = NOTHING


@dataclass(slots=True, eq=False)
class Person:
    """An agent, and all that they have in hand."""

    config: AgentConfig
    presence: str = "offline"
    on_duty: bool = True
    profile: str = ""
    rona: datetime | None = None
    idle: datetime = NEVER
    shares: dict[str, Share] = field(default_factory=dict)
    calls: dict[str, tuple[bool, timedelta, datetime]] = field(default_factory=dict)
    """Blocking or not, wrap-up afterwards, begin."""
    wraps: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """Begin and end."""


@dataclass(slots=True, eq=False)
class Service:
    """A service: its settings, its clock V, the next turn number of each level."""

    config: ServiceConfig
    clock: int = 0
    next: dict[int, int] = field(default_factory=lambda: dict(STRIDE))
    firsts: deque[datetime] = field(default_factory=lambda: deque(maxlen=20))


class Picture:
    """Everything at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.version = 0
        self.worth = timedelta(seconds=60)
        self.services: dict[str, Service] = {}
        self.people: dict[str, Person] = {}
        self.profiles: dict[str, DutyProfile] = {}
        self.tasks: dict[str, Task] = {}
        self.shares: dict[str, Share] = {}
        self.ended: dict[str, tuple[int, int, str]] = {}
        """Run, epoch and how the last stay of a task ended."""
        self.sequence = 0
        self.entered = 0
        self.gone = 0

    # --- who and where -------------------------------------------------------------------------

    def mode(self, task: Task) -> str:
        return task.distribution or self.services[task.service].config.distribution

    def offers(self, task: Task) -> list[Share]:
        return [it for it in self.shares.values() if it.task is task and it.accepted is None]

    def queue(self, service: str) -> list[Task]:
        """List who stands in the order of a service, the first queued first."""
        found = [
            it
            for it in self.tasks.values()
            if it.where == "waiting" and it.service == service and self.mode(it) != "pickup"
        ]
        return sorted(found, key=lambda it: (it.first_queued, it.seq))

    def unnumbered(self, service: str, level: int) -> list[Task]:
        return [it for it in self.queue(service) if it.level == level and it.number is None]

    def wait(self, task: Task) -> None:
        """Let a task wait; a level that becomes non-empty gets its number from the clock."""
        task.where = "nowhere"
        task.passed = task.older = 0
        service, level = self.services[task.service], task.level
        if self.mode(task) != "pickup" and task.number is None and level in STRIDE:
            others = [it for it in self.queue(task.service) if it.level == level]
            if all(it.number is not None for it in others):
                service.next[level] = service.clock + STRIDE[level]
            self.count_older(task, others)
        task.where = "waiting"

    @staticmethod
    def count_older(task: Task, others: list[Task]) -> None:
        for other in others:
            if (other.first_queued, other.seq) < (task.first_queued, task.seq):
                task.older += 1
            else:
                other.older += 1

    def take_turn(self, task: Task) -> None:
        """Hand out the turn numbers of a first offer."""
        service, level = self.services[task.service], task.level
        if task.number is not None or level not in STRIDE:
            return
        number = service.next[level]
        service.clock = max(service.clock, number)
        service.next[level] = service.clock + STRIDE[level]
        head = self.unnumbered(task.service, level)[0]
        head.number = number
        if head is not task:
            task.number = service.next[level]
            service.next[level] += STRIDE[level]

    # --- settings ------------------------------------------------------------------------------

    def configure(self, config: PoolConfig) -> tuple[list[str], list[str]]:
        """Take over what is not older than what is known; gives names of services and agents."""
        if config.version >= self.version:
            self.version, self.worth = config.version, config.level_worth
        for profile in config.duty_profiles:
            known = self.profiles.get(profile.name)
            if known is None or profile.version >= known.version:
                self.profiles[profile.name] = profile
        services = [it.name for it in config.services if self.take_service(it)]
        agents = [it.id for it in config.agents if self.take_agent(it)]
        return services, agents

    def take_service(self, config: ServiceConfig) -> bool:
        service = self.services.get(config.name)
        if service is None:
            self.services[config.name] = Service(config)
            return True
        if config.version < service.config.version:
            return False
        mine = [task for task in self.tasks.values() if task.service == config.name]
        for task in mine:
            task.reached = self.reached(task)
        listed = [task for task in mine if task.where == "waiting" and self.mode(task) == "pickup"]
        service.config = config
        for task in mine:
            task.reached = min(task.reached, len(self.policy(task)) - 1)
        back = [task for task in listed if self.mode(task) != "pickup"]
        for task in back:
            task.where = "nowhere"
        for task in back:
            self.wait(task)
        return True

    def take_agent(self, config: AgentConfig) -> bool:
        person = self.people.get(config.id)
        if person is None:
            self.people[config.id] = Person(config, idle=self.now)
            return True
        if config.version < person.config.version:
            return False
        person.config = config
        return True

    # --- levels of the policy ------------------------------------------------------------------

    def policy(self, task: Task) -> tuple[PolicyLevel, ...]:
        return self.services[task.service].config.policy or EVERYBODY

    def reached(self, task: Task) -> int:
        """Give the highest level that a task has reached; negative: none."""
        policy, spent = self.policy(task), self.now - task.entered
        reached = min(task.reached, len(policy) - 1)
        for index, level in enumerate(policy):
            if level.after <= spent and index > reached:
                reached = index
        return reached
