"""An explanation is a promise: make the change that it names, and the task comes to that agent.

Tasks that wait are drawn from random days. Of each, one agent for each rule that is told is
followed on a twin of the pool: the named change is made, the next rule has to come later in the
documented order, that change is made, and so on, until this task is offered to this agent: at
that instant, and where time alone changes it, not a microsecond before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

import pytest

from extask.distribution import RULES, Distributor
from extask.messages import (
    Answer,
    AnyCommand,
    Assign,
    Decline,
    PickUp,
    Place,
    Preferred,
    Ruling,
    ServiceConfig,
)
from tests.reference.days import Day
from tests.reference.generator import START, Traits, World
from tests.unit.distribution.changes import CHANGES, blocking_work, loses_privilege
from tests.unit.distribution.readings import check_claims, claims, expected, is_free
from tests.unit.distribution.twins import RANK, Twin

DAYS, TASKS = 5, 50
"""Of each batch, and of each day."""
BINDING = {"presence", "off_duty", "blocking_work", "number_reached"}
"""The rules that a supervisor cannot overrule."""
FIXED = {"presence", "off_duty", "not_serving", "excluded", "preferred_only", "not_qualified"}
"""The rules that time alone never changes."""
LEAST, FOLLOWED = 5, 12
"""How often each rule is told at least in a batch, and the change that it names made."""
CHECKED = 0.2
"""The share of rulings that time and supervisors are held against."""
AT_ONCE = 12
"""Changes made for an agent at one moment, at most."""

Drawn = tuple[bytes, str, Random]


class Mix(World):
    """Days with more wishes and less absence than usual, so that every rule has its turn."""

    def draw_service(self, number: int) -> ServiceConfig:
        lasts, drawn = self.seconds(20, 60), super().draw_service(number)
        flagged = drawn.rona_flag and self.chance(0.7)
        return drawn.model_copy(update={"decline_cooldown": lasts, "rona_flag": flagged})

    def draw_presence(self) -> Any:
        return "available" if self.chance(0.5) else super().draw_presence()

    def draw_place(self) -> Place:
        place, wished = super().draw_place(), self.chance(0.3)
        changed: dict[str, Any] = {"block_agent": place.block_agent and self.chance(0.6)}
        if wished:
            changed["preferred"] = tuple(Preferred(agent=it) for it in self.some_agents(3))
            changed["preferred_only"] = self.chance(0.3)
        if self.chance(0.3):
            changed["exclude"] = tuple(self.some_agents(5))
        return place.model_copy(update=changed)


def rather_decline(command: AnyCommand, random: Random) -> AnyCommand:
    """Let more offers be declined than usual."""
    if command.kind != "accept" or random.random() < 0.6:
        return command
    return Decline(key=command.key, session=command.session, agent=command.agent)


def waiting_tasks(seed: int) -> Iterator[Drawn]:
    """Draw tasks that wait at some moment of a random day, each with its pool at that moment."""
    random, seen = Random(seed), set[str]()  # noqa: S311 - draws, no secrets
    world = Mix(seed, Traits(tasks=TASKS * 8, backlog=15))
    pool = Distributor(world.config(), world.presence(), at=START)
    day = Day(world)
    while not day.over:
        step = day.step(pool.next_deadline())
        if step.command is None:
            pool.advance(step.at)
        else:
            pool.apply(rather_decline(step.command, random), step.at)
        world.hear(pool.take_events())
        fresh = [task for task in world.waiting if task not in seen]
        if fresh and random.random() < 0.2:
            some = random.sample(fresh, min(3, len(fresh)))
            task = max(some, key=lambda it: len({told.rule for told in pool.explain(it)}))
            seen.add(task)
            yield pool.snapshot(), task, random


def drawn(batch: int) -> Iterator[Drawn]:
    """Draw the tasks of several days."""
    for day in range(DAYS):
        yield from islice(waiting_tasks(100 * batch + day), TASKS)


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_the_named_change_brings_the_task_to_that_agent(batch: int) -> None:
    told, changed, rivals = Counter[str](), Counter[str](), Counter[int]()
    for snapshot, task, random in drawn(batch):
        rulings = Twin(snapshot, task, random).rulings()
        chosen = {it.rule: it for it in random.sample(sorted_by_agent(rulings), len(rulings))}
        told.update(list(chosen))
        for ruling in chosen.values():
            changed.update(follow(Twin(snapshot, task, random), ruling.agent))
            if random.random() < CHECKED:
                outlast(Twin(snapshot, task, random), ruling)
                overrule(Twin(snapshot, task, random), ruling)
        rivals[compete(Twin(snapshot, task, random))] += 1
    assert told.keys() - {""} == RULES.keys() == CHANGES.keys()
    assert min(told[rule] for rule in RULES) >= LEAST, told
    assert min(changed[rule] for rule in RULES) >= FOLLOWED, changed
    assert sum(rivals.values()) == DAYS * TASKS
    assert sum(count for many, count in rivals.items() if many > 1) >= DAYS * TASKS // 3, rivals


def sorted_by_agent(rulings: dict[str, Ruling]) -> list[Ruling]:
    return [rulings[name] for name in sorted(rulings)]


# ------------------------------------------------------------------ one agent


def follow(twin: Twin, agent: str) -> list[str]:
    """Make the changes that are named for an agent, one after another; gives their rules."""
    told, first, followed = twin.ruling(agent), not twin.entry.asked, list[str]()
    while told.rule and not twin.offers:
        refused_as_told(twin, told)
        CHANGES[told.rule](twin, told)
        followed.append(told.rule)
        if not twin.offers:
            told = next_rule(twin, told)
    free = is_free(twin.agent(agent), but=twin.task)
    if twin.entry.pickup:
        twin.do(PickUp, task=twin.task, agent=agent)
    [offer] = twin.offers
    assert (offer.agent, offer.at) == (agent, twin.now)
    assert [it.agent for it in twin.pool.sessions if it.task == twin.task] == [agent]
    check_claims(twin, offer, claims(twin, agent, free=free, first=first))
    return followed


def next_rule(twin: Twin, before: Ruling) -> Ruling:
    """Look again: the rule comes later in the order, or the same has one reason less."""
    after, agent = twin.ruling(before.agent), twin.agent(before.agent)
    if after.rule != before.rule:
        later = RANK[after.rule] > RANK[before.rule]
        assert later or loses_privilege(twin, before.agent), (before, after)
    elif after.rule == "blocking_work":
        assert blocking_work(agent)
    else:
        assert after.rule == "number_reached"
        assert agent.nonblocking >= agent.config.simultaneous
    return after


def refused_as_told(twin: Twin, told: Ruling) -> None:
    """Insist that what is refused to this agent is refused for the reason that is told."""
    if twin.entry.pickup:
        check_refusal(twin, told, twin.ask(PickUp, task=twin.task, agent=told.agent))
    if told.rule in BINDING:
        check_refusal(twin, told, twin.ask(Assign, task=twin.task, agent=told.agent))


def check_refusal(twin: Twin, told: Ruling, answer: Answer) -> None:
    removed = twin.agent(told.agent).config.removed
    reason = "unknown_agent" if removed else told.rule
    assert (answer.status, answer.reason) == ("refused", reason)


# ------------------------------------------------------------------ time and supervisors


def outlast(twin: Twin, told: Ruling) -> None:
    """See that a rule which no time changes is the same after weeks."""
    if told.rule in FIXED:
        assert told.until is None
        twin.alone(told.agent)
        twin.advance(twin.now + timedelta(days=20))
        assert not twin.changed(told)


def overrule(twin: Twin, told: Ruling) -> None:
    """Let a supervisor assign the task: only a rule that binds them may come in between."""
    answer = twin.ask(Assign, task=twin.task, agent=told.agent)
    if twin.agent(told.agent).config.removed:
        assert answer.reason == "unknown_agent"
    elif answer.status == "refused":
        assert answer.reason in BINDING
        assert RANK[answer.reason] >= RANK[told.rule]
    else:
        assert told.rule not in BINDING
        [offer] = twin.offers
        assert (offer.agent, offer.at, offer.data["why"]) == (told.agent, twin.now, "assigned")


# ------------------------------------------------------------------ several agents


def compete(twin: Twin) -> int:
    """Free several agents while the task is to be picked up; then it goes to the best of them.

    All whom no rule rules out any more are candidates; gives how many there were.
    """
    twin.patient, twin.lonely = False, True
    together, first = twin.chance(0.4), not twin.entry.asked
    twin.rewrite(distribution="pickup")
    twin.live_on()
    twin.advance(twin.now + timedelta(seconds=twin.random.choice([0, 1, 30, 90])))
    for agent in sorted(twin.rulings()):
        if twin.chance(0.8):
            free_at_once(twin, agent)
    candidates = {name: twin.agent(name) for name, it in twin.rulings().items() if not it.rule}
    wanted = expected(twin, candidates, together=together)
    free = {name: is_free(twin.agent(name)) for name in wanted}
    twin.rewrite(distribution="broadcast" if together else "direct")
    assert [it.agent for it in twin.offers] == wanted
    for offer in twin.offers:
        agent = str(offer.agent)
        check_claims(twin, offer, claims(twin, agent, free=free[agent], first=first))
    return len(candidates)


def free_at_once(twin: Twin, agent: str) -> None:
    """Make the changes named for an agent as far as time need not pass."""
    for _ in range(AT_ONCE):
        told = twin.ruling(agent)
        if told.rule in ("", "level_not_reached", "cooling_down"):
            return
        CHANGES[told.rule](twin, told)
