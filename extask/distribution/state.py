"""What a pool remembers: services, agents, entries, sessions, as plain slotted records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from extask.distribution.clock import SECOND, span
from extask.distribution.lanes import Lanes
from extask.distribution.order import Order, Shelf
from extask.distribution.policy import EVERYBODY, Policy
from extask.distribution.throughput import Throughput

if TYPE_CHECKING:
    from extask.distribution.lanes import Lane
    from extask.messages import AgentConfig, Distribution, HeldState, Presence, ServiceConfig

CUT = 5 * SECOND
"""A cool-down ends this early while nobody else could be asked."""
_SHORTEST_OFFER = SECOND
_OPTIONAL = frozenset({"busy", "away"})


class Cooldown(NamedTuple):
    """From when it may be cut short, and when it ends by itself."""

    cut: int
    until: int


@dataclass(slots=True, eq=False)
class Service:
    """A service: its settings, its queue, the agents who might be asked."""

    config: ServiceConfig
    name: str = field(init=False)
    """The service's identity; here since a model's fields take Python ten times as long to read."""
    order: Order = field(default_factory=Order)
    lanes: Lanes = field(default_factory=Lanes)
    """Waiting entries that are not reserved, by whom they need, with the agents who are asked."""
    pickups: dict[int, Entry] = field(default_factory=dict)
    """Waiting entries that stand in no order: agents take them from a list."""
    throughput: Throughput = field(default_factory=Throughput)
    policy: Policy = EVERYBODY
    members: dict[str, Agent] = field(default_factory=dict)
    reachable: dict[str, Agent] = field(default_factory=dict)
    """Members present, on duty, active and not flagged, whatever they are doing."""
    staff: int = 0
    """How many members are on duty, active and not offline."""
    cooling: dict[int, Entry] = field(default_factory=dict)
    offered: int = 0
    engaged: int = 0
    acw: int = 0
    rona_timeout: int = 0
    rona_for: int = 0
    cooldown: int = 0
    prefer_for: int = 0
    presences: frozenset[str] = frozenset()
    """Presences in which agents are offered tasks."""
    distribution: Distribution = "direct"
    """How tasks are given to agents that do not say so themselves."""

    def __post_init__(self) -> None:
        self.name = self.config.name
        self.configure(self.config)

    @property
    def waiting(self) -> int:
        """How many entries wait, in order or to be picked up."""
        return len(self.order) + len(self.pickups)

    def queue(self) -> list[Entry]:
        """List all waiting entries, alike however they came to wait."""
        listed = sorted(self.pickups.values(), key=lambda entry: entry.seq)
        return [*self.order.waiting.entries(), *listed]

    def configure(self, config: ServiceConfig) -> None:
        """Take over settings; simultaneous tasks leave no wrap-up."""
        self.config = config
        self.distribution = config.distribution
        policy = Policy.of(config.policy)
        self.policy = self.policy if self.policy == policy else policy
        self.acw = 0 if config.simultaneous else span(config.acw)
        self.rona_timeout = max(span(config.rona_timeout), _SHORTEST_OFFER)
        self.rona_for = span(config.rona_for)
        self.cooldown = span(config.decline_cooldown)
        self.prefer_for = span(config.prefer_for)
        self.presences = frozenset({"available", *_OPTIONAL.intersection(config.distribute_when)})


@dataclass(slots=True, eq=False)
class Agent:
    """An agent: settings, presence, and everything that they hold."""

    config: AgentConfig
    id: str = field(init=False)
    """The agent's identity."""
    presence: Presence = "offline"
    on_duty: bool = True
    rona_until: int | None = None
    idle_since: int = 0
    sessions: dict[str, Session] = field(default_factory=dict)
    foreign: dict[str, Foreign] = field(default_factory=dict)
    wrap_ups: dict[str, WrapUp] = field(default_factory=dict)
    blocking: int = 0
    """Blocking tasks, offers, foreign engagements and wrap-ups."""
    blocking_offers: int = 0
    nonblocking: int = 0
    """Non-blocking tasks and offers."""
    companions: int = 0
    """Foreign engagements that block nothing."""
    duty_profile: str = ""
    responsibilities: frozenset[str] = frozenset()
    """What the present duty profile holds."""
    reach: tuple[Service, ...] = ()
    """Services for which the agent is present, on duty, active and not flagged."""
    posts: tuple[Service, ...] = ()
    """Services to whose staff the agent counts."""
    stamp: int = 0

    def __post_init__(self) -> None:
        self.id = self.config.id

    @property
    def tie(self) -> str:
        """Their place among deadlines of one moment."""
        return self.id


@dataclass(slots=True, eq=False)
class Foreign:
    """A foreign engagement, such as a call."""

    blocking: bool
    acw: int
    since: int


@dataclass(slots=True, eq=False)
class WrapUp:
    """After-call work: from when, until when, of which task (of none after a foreign one)."""

    id: str
    agent: Agent
    since: int
    until: int
    service: str | None = None
    task: str | None = None
    run: int | None = None
    epoch: int | None = None
    acts: tuple[str, ...] = ()
    """Keys of the last commands that would change it twice."""

    @property
    def tie(self) -> str:
        """Tell it from every other wrap-up: agents may have the same call."""
        return f"{self.agent.id} {self.id}"


@dataclass(slots=True, eq=False)
class Entry:
    """A task in the pool: waiting (no session), offered or engaged."""

    task: str
    run: int
    epoch: int
    service: Service
    level: int
    first_queued: int
    seq: int
    """Place among entries queued at the same instant; unique."""
    rank: int = 0
    number: int | None = None
    """The turn number, kept until priority or service change."""
    block_agent: bool = True
    preferred: tuple[str, ...] = ()
    """Preferred agents, the first to be asked first."""
    preferred_only: bool = False
    window: int = 0
    """End of the preferred window."""
    exclude: frozenset[str] = frozenset()
    skills: tuple[tuple[str, int], ...] = ()
    """Asked beside what the policy asks, by name."""
    distribution: Distribution | None = None
    """Empty: the service's own."""
    entered: int = 0
    """When it came to the service: from here the levels of the policy count."""
    reached: int = -1
    """The highest level of the policy that was reached; negative: none yet."""
    expires_at: int | None = None
    left: int | None = None
    """Lifetime left at acceptance."""
    cooldowns: dict[str, Cooldown] = field(default_factory=dict)
    offers: int = 0
    """Offers within this epoch."""
    asked: bool = False
    """Whether it was ever offered in this service."""
    session: Session | None = None
    """The engagement, or the first open offer."""
    others: tuple[Session, ...] = ()
    """The other open offers of a broadcast."""
    waiting: bool = False
    """Whether it stands in the queue: neither offered, engaged nor gone."""
    blocking: bool = True
    """Whether its next offer is a blocking one."""
    reserved: bool = False
    """Whether only preferred agents may take it at present."""
    pickup: bool = False
    """Whether it stands on the list for picking up."""
    lane: Lane | None = None
    """Where it waits unless it is reserved or to be picked up."""
    shelves: tuple[Shelf, ...] = ()
    acts: tuple[str, ...] = ()
    """Keys of the last commands that would change it twice."""

    @property
    def mode(self) -> Distribution:
        """How it is given to agents."""
        return self.distribution or self.service.distribution

    @property
    def open_offers(self) -> tuple[Session, ...]:
        """Its open offers; none while it waits or an agent has it."""
        first = self.session
        return () if first is None or first.deadline is None else (first, *self.others)

    @property
    def tie(self) -> int:
        """Its place among deadlines of one moment; a transfer may change it."""
        return self.seq


@dataclass(slots=True, eq=False)
class Session:
    """An offer, and after its acceptance the engagement."""

    id: str
    agent: Agent
    entry: Entry
    blocking: bool
    offered_at: int
    deadline: int | None
    """End of the open offer; empty once accepted."""
    accepted_at: int | None = None
    held_since: int | None = None
    held: int = 0
    """Hold time of the holds that are over."""
    broadcast: bool = False
    wished: bool = False
    """Whether the agent wants it to be on hold."""
    interrupted: bool = False
    """Whether blocking work keeps it on hold."""

    @property
    def state(self) -> HeldState:
        """What it is: an open offer, or work that goes on or is on hold."""
        if self.deadline is not None:
            return "offered"
        return "active" if self.held_since is None else "on_hold"


@dataclass(slots=True, eq=False)
class Wishes:
    """Waiting entries that name an agent as preferred, and those reserved for them at present."""

    entries: dict[int, Entry] = field(default_factory=dict)
    reserved: dict[str, tuple[Shelf, Shelf]] = field(default_factory=dict)
    """By service: non-blocking, blocking."""
