"""What the reference keeps of a pool: plain records, no orders, no sums, no deadlines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extask.messages import (
    AgentConfig,
    AgentPresence,
    Answer,
    DutyProfile,
    Event,
    Place,
    PoolConfig,
    Presence,
    Priority,
    ServiceConfig,
)

MIDDLE: tuple[Priority, ...] = (
    "highest",
    "very_high",
    "high",
    "normal",
    "low",
    "very_low",
    "lowest",
)
STRIDES: dict[Priority, int] = {level: 2**rank for rank, level in enumerate(MIDDLE)}
NO_TIME = timedelta(0)


@dataclass(frozen=True)
class Readings:
    """How to take the text where a distributor takes it otherwise; these are the text's."""

    cooling_moves: bool = True
    """A cool-down is one per task and agent: it goes with the task to another service."""
    whole_rewrites: bool = True
    """A Move within the service rewrites the whole place; no priority means the service's own."""
    moved_work_stays: bool = True
    """A Move within the service of a task that an agent has keeps number, clock, cool-downs."""
    longest_rona: bool = True
    """A flag that ends later than a new one stays until its end."""
    own_offer_apart: bool = True
    """An agent's offer of a task does not stand in the way of being assigned that very task."""


@dataclass
class Service:
    """A service: its configuration, the clock V, `next` of each level, instants of first offers."""

    config: ServiceConfig
    clock: int = 0
    next: dict[Priority, int] = field(default_factory=dict)
    firsts: list[datetime] = field(default_factory=list)


@dataclass
class Foreign:
    """A foreign engagement, such as a call."""

    started: datetime
    blocking: bool
    acw: timedelta


@dataclass
class WrapUp:
    """A wrap-up until an instant; after a task it names the stay it followed."""

    started: datetime
    until: datetime
    task: str | None = None
    run: int | None = None
    epoch: int | None = None
    service: str | None = None


@dataclass
class Agent:
    """An agent: configuration, what they are up to, and since when they are idle."""

    config: AgentConfig
    idle_since: datetime
    presence: Presence = "offline"
    on_duty: bool = True
    profile: str = ""
    rona_until: datetime | None = None
    foreign: dict[str, Foreign] = field(default_factory=dict)
    wrap_ups: dict[str, WrapUp] = field(default_factory=dict)


@dataclass
class Offer:
    """An open offer."""

    session: str
    agent: str
    at: datetime
    deadline: datetime
    blocking: bool
    flags: bool
    """Whether its lapse may flag the agent RONA: not one of a broadcast."""


@dataclass
class Work:
    """A task with an agent, and its two flags of hold."""

    session: str
    agent: str
    at: datetime
    blocking: bool
    left: timedelta | None
    """What was left until the task expires when it was accepted."""
    by_agent: bool = False
    by_interruption: bool = False
    held_since: datetime | None = None


@dataclass
class CoolDown:
    """An agent's cool-down from a task."""

    start: datetime
    end: datetime


@dataclass
class Entry:
    """A task that stands in a queue, is offered, or is with an agent."""

    task: str
    run: int
    epoch: int
    service: str
    place: Place
    priority: Priority
    serial: int
    first_queued: datetime
    entered: datetime
    expires_at: datetime | None
    prefer_for: timedelta
    placed: datetime
    """When its place was given to it, by Enqueue or Move: the window is counted from there."""
    rank: int = 0
    number: int | None = None
    level: int = -1
    """The highest level of the policy that it has reached; -1 for none."""
    tried: bool = False
    """Whether the order has offered it since it came to this service."""
    made: int = 0
    """Offers made in this epoch."""
    offers: list[Offer] = field(default_factory=list)
    work: Work | None = None
    returned_at: datetime | None = None
    cooling: dict[str, CoolDown] = field(default_factory=dict)

    @property
    def waiting(self) -> bool:
        """Whether it waits: neither offered nor with an agent."""
        return not self.offers and self.work is None

    @property
    def preferred(self) -> list[str]:
        """The preferred agents: empty priority first, then 1 to 99, equal ones in list order."""
        ordered = sorted(self.place.preferred, key=lambda one: one.priority or 0)
        return list(dict.fromkeys(one.agent for one in ordered))

    @property
    def window_end(self) -> datetime:
        """When the window of the preferred agents ends by time."""
        return self.placed + self.prefer_for


@dataclass
class Past:
    """How the last stay of a task ended: `completed`, `expired` or `withdrawn`."""

    run: int
    epoch: int
    how: str
    at: datetime
    rank: int = 0
    agent: str | None = None
    session: str | None = None
    code: str = ""


@dataclass
class Pool:
    """Everything: configuration, agents, entries, what ended, answers by key, events untaken."""

    now: datetime
    version: int = 1
    level_worth: timedelta = timedelta(seconds=60)
    services: dict[str, Service] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    profiles: dict[str, DutyProfile] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    serial: int = 0
    readings: Readings = Readings()

    def tell(self, kind: str, **fields: object) -> None:
        """Note an event of this moment."""
        self.events.append(Event.model_validate({"kind": kind, "at": self.now, **fields}))

    def tell_of(self, entry: Entry, kind: str, **fields: object) -> None:
        """Note an event of a task, which is its next change."""
        entry.rank += 1
        stay = {"task": entry.task, "run": entry.run, "epoch": entry.epoch, "rank": entry.rank}
        self.tell(kind, **{"service": entry.service, **stay, **fields})


def empty_pool(config: PoolConfig, presence: list[AgentPresence], at: datetime) -> Pool:
    """Build a pool of a configuration in which nothing has happened."""
    pool = Pool(now=at, version=config.version, level_worth=config.level_worth)
    pool.services = {one.name: Service(one) for one in config.services}
    pool.agents = {one.id: Agent(one, idle_since=at) for one in config.agents}
    pool.profiles = {one.name: one for one in config.duty_profiles}
    for told in presence:
        if told.agent in pool.agents:
            set_presence(pool.agents[told.agent], told)
    return pool


def set_presence(agent: Agent, told: AgentPresence) -> None:
    """Take over what is told of an agent new to the pool."""
    agent.presence = told.presence
    agent.on_duty = told.on_duty
    agent.profile = told.duty_profile
