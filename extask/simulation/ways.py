"""The ways on from the steps of a plan, and which of them a run took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from extask.definition.kinds import KINDS, Outcome
from extask.definition.plan import END, Plan, Step
from extask.messages import StepRecord

WHEN = "when"
"""The source of ways that may be taken whatever step is running."""
OVER = ""
"""The target of a way by which a step itself ends the run."""
_ANYWHERE = ("expired", "aborted", "error")
_ENDINGS = {"cancel": "cancelled", "end": "ended", "transfer": "transferred"}


class Way(NamedTuple):
    """One transition: an outcome of a step (or an event of `when`) and where it leads."""

    step: str
    outcome: str
    target: str

    @property
    def says(self) -> str:
        """The way in words."""
        if self.target == OVER:
            return f"'{self.step}' ends the run"
        if self.step == WHEN:
            return f"'when: {self.outcome}' leads to '{self.target}'"
        return f"'{self.outcome}' of '{self.step}' leads to '{self.target}'"


def ways_of(plan: Plan) -> tuple[Way, ...]:
    """Give every way that a plan's author chose, in the order of its steps.

    Outcomes that `when` handles for a step count, those that nothing handles do not.
    """
    handlers = cast("Mapping[str, str]", plan.when)
    steps = (way for step in plan.steps.values() for way in _of_step(step, handlers))
    events = (Way(WHEN, event, handlers[event]) for event in _ANYWHERE if event in handlers)
    return (*steps, *events)


def _of_step(step: Step, handlers: Mapping[str, str]) -> Iterator[Way]:
    for number, case in enumerate(step.cases, 1):
        outcome = "else" if case.condition is None else f"case {number}"
        yield Way(step.name, outcome, case.target)
    for outcome, target in step.then.items():
        yield Way(step.name, outcome, target)
    for outcome, details in KINDS[step.kind].outcomes.items():
        handler = handlers.get(_handler(outcome, details))
        if handler and outcome not in step.then and _may_come(step, details):
            yield Way(step.name, outcome, handler)
    if step.kind in _ENDINGS:
        yield Way(step.name, _ENDINGS[step.kind], OVER)


def _handler(outcome: str, details: Outcome) -> str:
    handlers = {"optional": outcome, "technical": "error"}
    return handlers.get(details.role, "")


def _may_come(step: Step, details: Outcome) -> bool:
    return not details.only_with or details.only_with in step.properties


def ways_taken(ways: Iterable[Way], records: Sequence[StepRecord]) -> frozenset[Way]:
    """Find which ways a run took, whole or so far; `records` are all it has, in order."""
    known = {(way.step, way.outcome): way for way in ways}
    followed = zip(_departures(records), _followers(records), strict=True)
    found = ((known.get(departure), follower) for departure, follower in followed)
    return frozenset(way for way, follower in found if way and _arrives(way, follower))


def _departures(records: Iterable[StepRecord]) -> Iterator[tuple[str, str]]:
    """Name the way that each record may tell of; completion leaves the step it interrupted."""
    interrupted = ""
    for record in records:
        source = record.step
        if record.kind == "event":
            source = WHEN
            interrupted = _interrupted(record, interrupted)
        elif record.outcome == "completed":
            source, interrupted = interrupted or source, ""
        yield source, record.outcome


def _interrupted(record: StepRecord, before: str) -> str:
    if record.outcome == "accepted":
        return record.step
    return "" if record.outcome == "returned" else before


def _followers(records: Sequence[StepRecord]) -> list[str]:
    """Name for each record the step entered next, if any."""
    followers: list[str] = []
    following = ""
    for record in reversed(records):
        followers.append(following)
        if record.kind == "entered":
            following = record.step
    return followers[::-1]


def _arrives(way: Way, follower: str) -> bool:
    return way.target in (END, OVER, follower)
