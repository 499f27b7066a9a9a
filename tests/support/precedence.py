"""What is true after two things at once about one task: a line a pair, in both orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.support.furniture import PLAIN

ACTIVE, ENDED, QUEUED = "active", "ended", "queued"
BY_HTTP = frozenset({"cancel", "abort"})
"""What somebody asks for who is told how it went; all else comes with the time."""
WAITING = """
workflow: waiting
version: 1
steps:
  line_up:
    queue: { wait: 6s }
    then: { timeout: next, rejected: sorry }
  next:
    NEXT
  sorry:
    cancel: sorry
"""
WORKING = """
workflow: working
version: 1
steps:
  line_up:
    queue:
    then: { accepted: follow, rejected: sorry }
  follow:
    delay: 6s
    then: next
  next:
    NEXT
  sorry:
    cancel: sorry
"""
NEXT = {
    "timeout": ("wait: 8h\n    then: sorry", "delay: 8h\n    then: sorry"),
    "cancel by plan": ("cancel: late", "cancel: late"),
    "transfer": ("transfer: backup\n    then: { rejected: sorry }",) * 2,
    "transfer across": ("transfer: elsewhere\n    then: { rejected: sorry }",) * 2,
}
"""What the plan does when its time is over: while the task waits, while an agent has it."""


@dataclass(frozen=True)
class Truth:
    """What everybody has to say in the end."""

    done: bool
    """Whether the agent's act is answered as done."""
    state: str
    outcome: str | None
    last: str
    """The last word of the first pool about the task."""
    session: tuple[str, str | None]
    """State and outcome of the agent's session."""
    service: str = "support"
    pool: str = "main"


@dataclass(frozen=True)
class Case:
    """An act of an agent and something else, which of them is first, and what is then true."""

    act: str
    other: str
    agent_first: bool
    truth: Truth

    def __str__(self) -> str:
        order = (self.act, self.other) if self.agent_first else (self.other, self.act)
        return ", ".join(order)

    @property
    def status(self) -> int | None:
        """What who cancels or aborts is answered."""
        if self.other not in BY_HTTP:
            return None
        return 409 if self.truth == COMPLETED else 200

    @property
    def plan(self) -> str:
        """The workflow whose time is over when the other thing is to happen."""
        waits = self.act == "accept"
        if self.other not in NEXT:
            return PLAIN.replace("plain", "waiting" if waits else "working")
        while_waiting, while_working = NEXT[self.other]
        if waits:
            return WAITING.replace("NEXT", while_waiting)
        return WORKING.replace("NEXT", while_working)


LOST, HANDED, GIVEN_BACK, DONE = (
    (ENDED, outcome) for outcome in ("cancelled", "transferred", "returned", "accepted")
)
ACCEPTED = Truth(True, ACTIVE, None, "accepted", (ACTIVE, None))
COMPLETED = Truth(True, ENDED, "user_accepted", "completed", DONE)
RETURNED = Truth(True, QUEUED, None, "returned", GIVEN_BACK)


def expired(session: tuple[str, str | None]) -> Truth:
    """The life was over in the queue; an act that came later is refused."""
    return Truth(session == GIVEN_BACK, ENDED, "expired", "expired", session)


def gone(outcome: str, session: tuple[str, str | None] = LOST, *, done: bool = False) -> Truth:
    """The task was taken out and has ended."""
    return Truth(done, ENDED, outcome, "withdrawn", session)


def moved(session: tuple[str, str | None]) -> Truth:
    """The task waits in another queue of its pool."""
    return Truth(False, QUEUED, None, "moved", session, "backup")


def crossed(session: tuple[str, str | None]) -> Truth:
    """The task waits in a queue of another pool."""
    return Truth(False, QUEUED, None, "withdrawn", session, "elsewhere", "second")


BY_SUPERVISOR = "aborted_by_supervisor"
PAIRS: Mapping[tuple[str, str], tuple[Truth, Truth]] = MappingProxyType(
    {
        ("accept", "timeout"): (ACCEPTED, ACCEPTED),
        ("accept", "expiry"): (ACCEPTED, expired(LOST)),
        ("accept", "cancel"): (gone("abandoned", done=True), gone("cancelled_by_api")),
        ("accept", "cancel by plan"): (ACCEPTED, gone("cancelled_by_workflow")),
        ("accept", "transfer"): (ACCEPTED, moved(LOST)),
        ("accept", "transfer across"): (ACCEPTED, crossed(LOST)),
        ("accept", "abort"): (gone(BY_SUPERVISOR, done=True), gone(BY_SUPERVISOR)),
        ("complete", "timeout"): (COMPLETED, COMPLETED),
        ("complete", "expiry"): (COMPLETED, COMPLETED),
        ("complete", "cancel"): (COMPLETED, gone("abandoned")),
        ("complete", "cancel by plan"): (COMPLETED, gone("abandoned")),
        ("complete", "transfer"): (COMPLETED, moved(HANDED)),
        ("complete", "transfer across"): (COMPLETED, crossed(HANDED)),
        ("complete", "abort"): (COMPLETED, gone(BY_SUPERVISOR)),
        ("return", "timeout"): (RETURNED, RETURNED),
        ("return", "expiry"): (expired(GIVEN_BACK), RETURNED),
        ("return", "cancel"): (
            gone("cancelled_by_api", GIVEN_BACK, done=True),
            gone("abandoned"),
        ),
        ("return", "cancel by plan"): (RETURNED, gone("abandoned")),
        ("return", "transfer"): (RETURNED, moved(HANDED)),
        ("return", "transfer across"): (RETURNED, crossed(HANDED)),
        ("return", "abort"): (gone(BY_SUPERVISOR, GIVEN_BACK, done=True), gone(BY_SUPERVISOR)),
    }
)
"""Agent's act and the other thing: what is true if the agent came first, and if second."""


def cases() -> list[Case]:
    """List every pair in both orders."""
    return [
        Case(act, other, first, truth)
        for (act, other), truths in PAIRS.items()
        for first, truth in zip((True, False), truths, strict=True)
    ]
