"""What a pool remembers: services, agents, entries, sessions, as plain slotted records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from extask.distribution.clock import SECOND, span
from extask.distribution.order import Order, Shelf

if TYPE_CHECKING:
    from extask.messages import AgentConfig, Presence, ServiceConfig

CUT = 5 * SECOND
"""A cool-down ends this early while nobody else could be asked."""
_SHORTEST_OFFER = SECOND
_OPTIONAL = frozenset({"busy", "away"})

Candidate = tuple[int, int, int, str, int, "Agent"]
"""Occupied, non-blocking tasks, idle since, id, stamp, agent: the order in which they are asked."""


class Cooldown(NamedTuple):
    """From when it may be cut short, and when it ends by itself."""

    cut: int
    until: int


@dataclass(slots=True, eq=False)
class Service:
    """A service: its settings, its queue, the agents who might be asked."""

    config: ServiceConfig
    order: Order = field(default_factory=Order)
    common: tuple[Shelf, Shelf] = field(default_factory=lambda: (Shelf(), Shelf()))
    """Waiting entries that anybody may take: non-blocking, blocking."""
    barred: tuple[Shelf, Shelf] = field(default_factory=lambda: (Shelf(), Shelf()))
    """Waiting entries that some agents may not take: non-blocking, blocking."""
    candidates: tuple[list[Candidate], list[Candidate]] = field(default_factory=lambda: ([], []))
    """Heaps of the agents with room for a task: non-blocking, blocking; see `choice`."""
    members: dict[str, Agent] = field(default_factory=dict)
    reachable: dict[str, Agent] = field(default_factory=dict)
    """Members present, on duty, active and not flagged, whatever they are doing."""
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

    def __post_init__(self) -> None:
        self.configure(self.config)

    @property
    def name(self) -> str:
        """The service's identity."""
        return self.config.name

    def configure(self, config: ServiceConfig) -> None:
        """Take over settings; simultaneous tasks leave no wrap-up."""
        self.config = config
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
    reach: tuple[Service, ...] = ()
    """Services for which the agent is present, on duty, active and not flagged."""
    stamp: int = 0

    @property
    def id(self) -> str:
        """The agent's identity."""
        return self.config.id

    @property
    def tie(self) -> str:
        """Their place among deadlines of one moment."""
        return self.config.id


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
    expires_at: int | None = None
    left: int | None = None
    """Lifetime left at acceptance."""
    cooldowns: dict[str, Cooldown] = field(default_factory=dict)
    offers: int = 0
    """Offers within this epoch."""
    asked: bool = False
    """Whether it was ever offered in this service."""
    session: Session | None = None
    waiting: bool = False
    """Whether it stands in the queue: neither offered, engaged nor gone."""
    blocking: bool = True
    """Whether its next offer is a blocking one."""
    reserved: bool = False
    """Whether only preferred agents may take it at present."""
    shelves: tuple[Shelf, ...] = ()

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


@dataclass(slots=True, eq=False)
class Wishes:
    """Waiting entries that name an agent as preferred, and those reserved for them at present."""

    entries: dict[int, Entry] = field(default_factory=dict)
    reserved: dict[str, tuple[Shelf, Shelf]] = field(default_factory=dict)
    """By service: non-blocking, blocking."""
