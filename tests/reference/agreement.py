"""Drives a distributor and the reference with the same steps and compares all that they tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import unified_diff
from itertools import groupby, islice
from random import Random
from time import process_time
from typing import Any

from extask.distribution import Distributor
from extask.messages import AgentPresence, Answer, Event, PoolConfig, Standing
from tests.reference.days import Day
from tests.reference.generator import START, Step, Traits, World
from tests.reference.reference import Reference
from tests.reference.state import Readings

SAMPLES = 2
SHOWN = 12
SHRINKING = 20  # seconds
FEW = 500
NEW_WORDS = ("why", "algorithm", "free", "qualification", "config")


@dataclass(frozen=True)
class Terms:
    """What is compared beyond what both have always told."""

    words: bool = True
    """The words of `offered` that came with policies: why, algorithm, free, qualification."""
    estimates: bool = True
    deadlines: bool = True
    reasons: bool = True
    """Which of `too_late` and `already_ended` a session over is refused with."""
    rulings: bool = True
    """Rulings on tasks that are not waiting."""
    counts: bool = True
    """How many agents each rule rules out, in a standing."""
    whose: bool = True
    """Whose work it ended, in the answer to a supervisor who pulls a task back."""
    readings: Readings = field(default_factory=Readings)


def told_answer(answer: Answer | None, terms: Terms) -> dict[str, Any]:
    """What of an answer is compared: all but the words for people."""
    if answer is None:
        return {}
    told = answer.model_dump(exclude={"message", "standing"})
    if answer.status == "returned":
        del told["at"]
    if told["reason"] == "already_ended" and not terms.reasons:
        told["reason"] = "too_late"
    # An answer counts agents only where that costs little; a standing that is asked for always.
    return {**told, "standing": told_standing(answer.standing, replace(terms, counts=False))}


def told_standing(standing: Standing | None, terms: Terms) -> dict[str, Any] | None:
    """What of a standing is compared."""
    if standing is None:
        return None
    told = standing.model_dump()
    left_out: tuple[str, ...] = () if terms.estimates else ("estimated_wait", "basis")
    if not terms.counts or (not terms.rulings and not standing.position):
        left_out += ("agents_free", "why")
    return {name: value for name, value in told.items() if name not in left_out}


def told_event(event: Event, data: Iterable[str], terms: Terms) -> dict[str, Any]:
    """What of an event is compared: everything, of its data what the rules name."""
    told = event.model_dump(exclude={"data"})
    names = [name for name in data if terms.words or name not in NEW_WORDS]
    return {**told, "data": {name: event.data.get(name, "absent") for name in names}}


def told_events(
    events: Sequence[Event], reference: Sequence[Event], terms: Terms
) -> tuple[list[Any], list[Any]]:
    """What of two lists of events is compared."""
    names: dict[str, list[str]] = {}
    for event in reference:
        names.setdefault(event.kind, list(event.data))
    ours = [told_event(one, names.get(one.kind, ()), terms) for one in events]
    theirs = [told_event(one, names.get(one.kind, ()), terms) for one in reference]
    return in_one_order(longest_flags(ours)), in_one_order(longest_flags(theirs))


def longest_flags(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out flags that a longer one of the moment replaces: offers lapse in no named order."""
    flags = [one for one in events if one["kind"] == "rona_flagged"]
    return [one for one in events if one not in flags or not any(longer(f, one) for f in flags)]


def longer(flag: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether one flag ends later than another of the same agent and moment."""
    ends = [datetime.fromisoformat(one["data"]["until"]) for one in (flag, other)]
    return (flag["agent"], flag["at"]) == (other["agent"], other["at"]) and ends[0] > ends[1]


def in_one_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put events of one moment between offers into one order: the rules name none."""
    ordered: list[dict[str, Any]] = []
    for (_, offers), group in groupby(events, key=lambda e: (e["at"], e["kind"] == "offered")):
        run = list(group)
        ordered += run if offers else sorted(run, key=sorting)
    return ordered


def sorting(event: dict[str, Any]) -> tuple[str, ...]:
    """Sort events by what they are about."""
    rank = f"{event['rank'] or 0:04}"
    return (str(event["task"]), str(event["agent"]), rank, event["kind"], str(event["session"]))


class DisagreementError(AssertionError):
    """The distributor and the reference tell different things."""

    def __init__(self, text: str, what: tuple[str, ...] = ()) -> None:
        """Say how; `what` is the sort of it."""
        super().__init__(text)
        self.what = what


@dataclass
class Pair:
    """Both judges of one pool."""

    config: PoolConfig
    presence: list[AgentPresence]
    terms: Terms
    ours: Distributor = field(init=False)
    theirs: Reference = field(init=False)

    def __post_init__(self) -> None:
        """Begin at the same instant."""
        self.ours = Distributor(self.config, self.presence, at=START)
        self.theirs = Reference(self.config, self.presence, START, self.terms.readings)

    def take(self, step: Step, sampling: Random) -> tuple[Event, ...]:
        """Let both take a step and compare what they tell; hand over its events."""
        if step.command is None:
            self.ours.advance(step.at)
            self.theirs.advance(step.at)
        else:
            ours = told_answer(self.ours.apply(step.command, step.at), self.terms)
            theirs = told_answer(self.theirs.apply(step.command, step.at), self.terms)
            if step.command.kind == "pull_back" and not self.terms.whose:
                theirs = {**theirs, "agent": ours["agent"], "session": ours["session"]}
            same("answer", ours, theirs)
        events = self.theirs.take_events()
        same("events", *told_events(self.ours.take_events(), events, self.terms))
        same("now", self.ours.now, self.theirs.now)
        if self.terms.deadlines:
            same("next_deadline", self.ours.next_deadline(), self.theirs.next_deadline())
        tasks = self.theirs.tasks
        for task in sampling.sample(tasks, min(SAMPLES, len(tasks))):
            self.compare_task(task)
        return events

    def compare_task(self, task: str) -> None:
        """Compare what both tell of a task that stands in the pool."""
        same(f"position of {task}", self.ours.position(task), self.theirs.position(task))
        if self.terms.rulings or self.theirs.position(task):
            self.compare_rulings(task)
        standings = [one.standing(task) for one in (self.ours, self.theirs)]
        same(f"standing of {task}", *[told_standing(one, self.terms) for one in standings])

    def compare_rulings(self, task: str) -> None:
        """Compare what rules agents out."""
        ours = [(one.agent, one.rule, one.until) for one in self.ours.explain(task)]
        same(f"explain {task}", ours, [tuple(one) for one in self.theirs.explain(task)])


def same(what: str, ours: Any, theirs: Any) -> None:
    """Insist that both tell the same."""
    if ours != theirs:
        sort = (what.split(" of ", maxsplit=1)[0], *differing(ours, theirs))
        raise DisagreementError(f"{what}:\n{differences(ours, theirs)}", sort)


def differing(ours: Any, theirs: Any) -> list[str]:
    """Name the fields in which two answers differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [n for n in {**ours, **theirs} if ours.get(n) != theirs.get(n)]
    return []


def differences(ours: Any, theirs: Any) -> str:
    """Show where two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        about = " ".join(f"{n}={ours.get(n)}" for n in ("kind", "task", "agent", "session"))
        names = differing(ours, theirs)
        ours, theirs = ({n: one.get(n) for n in names} for one in (ours, theirs))
    if isinstance(ours, list) and isinstance(theirs, list):
        lines = unified_diff(brief(ours), brief(theirs), "distributor", "reference", "", "", 1, "")
        return "\n".join(islice(lines, SHOWN))
        return f"  {about}\n  distributor: {ours}\n  reference:   {theirs}"
    return f"  distributor: {ours}\n  reference:   {theirs}"


def brief(told: list[Any]) -> list[str]:
    """Write a list down, a line each, without what is empty."""
    if told and isinstance(told[0], dict):
        told = [{n: v for n, v in one.items() if v not in (None, {})} for one in told]
    return [str(one).replace("datetime.", "").replace(", tzinfo=UTC", "") for one in told]


# ------------------------------------------------------------------ runs


@dataclass
class Run:
    """A day under way, and what it came to."""

    seed: int
    traits: Traits
    terms: Terms
    steps: list[Step] = field(default_factory=list)
    shrinking: float = SHRINKING
    """For how many seconds of processor time a failure is made smaller."""

    def begin(self) -> tuple[World, Pair]:
        """Draw the world of the seed and both judges of its pool."""
        world = World(self.seed, self.traits)
        return world, Pair(world.config(), world.presence(), self.terms)

    def sampling(self, number: int) -> Random:
        """Draw which tasks are looked at after a step; the same whenever it is replayed."""
        return Random(f"{self.seed}/{number}")  # noqa: S311 - a draw, no secret

    def go(self, most: int) -> int:
        """Draw and take up to so many steps; tells how many, or how they disagree."""
        world, pair = self.begin()
        day = Day(world)
        while len(self.steps) < most and not day.over:
            self.steps.append(day.step(pair.theirs.next_deadline()))
            try:
                world.hear(pair.take(self.steps[-1], self.sampling(len(self.steps))))
            except Exception as error:
                raise DisagreementError(self.report(error)) from error
        return len(self.steps)

    def fails(self, steps: Sequence[Step]) -> Exception | None:
        """Replay steps; hands over how they disagree, if they do."""
        _, pair = self.begin()
        for number, step in enumerate(steps):
            try:
                pair.take(step, self.sampling(number))
                for task in pair.theirs.tasks if number == len(steps) - 1 else ():
                    pair.compare_task(task)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a disagreement
                return error
        return None

    def shrink(self, error: Exception) -> list[Step]:
        """Drop steps as long as those left still disagree in the same way, for a while."""
        until = process_time() + self.shrinking
        steps, size = list(self.steps), len(self.steps)
        while size > 1 and process_time() < until:
            size = (size + 1) // 2
            start = 0
            while start < len(steps) and process_time() < until:
                fewer = steps[:start] + steps[start + size :]
                if fewer and sort_of(self.fails(fewer)) == sort_of(error):
                    steps = fewer
                else:
                    start += size
        return steps

    def report(self, error: Exception) -> str:
        """Say how both disagree, at which step of which seed, and the steps that show it."""
        number = len(self.steps)
        last = shown(self.steps[-SHOWN:])
        fewest = self.shrink(error)
        text = f"seed {self.seed}, step {number}: {type(error).__name__}: {error}\nlast:\n{last}"
        if len(fewest) > FEW:
            return text
        return f"{text}\nfewest:\n{shown(fewest)}\n{self.fails(fewest)}"


def sort_of(error: Exception | None) -> tuple[object, ...]:
    """Tell what sort of disagreement it is."""
    return (type(error), *getattr(error, "what", ()))


def shown(steps: Sequence[Step]) -> str:
    """Write steps down, a line each."""
    return "\n".join(
        f"  {(step.at - START).total_seconds():>12} "
        + ("advance" if step.command is None else repr(trimmed(step.command)))
        for step in steps
    )


def trimmed(command: Any) -> dict[str, Any]:
    """Write a command down without what it leaves at its default."""
    return {"kind": command.kind, **command.model_dump(exclude_defaults=True)}
