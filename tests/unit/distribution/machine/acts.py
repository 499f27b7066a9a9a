"""All acts by name, and how often each is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

from tests.unit.distribution.machine import people_acts, survey_acts, task_acts
from tests.unit.distribution.machine.draws import seconds
from tests.unit.distribution.machine.driver import Judged

NO_TIME = timedelta(0)
SHOWN = 12
"""Acts that a failure tells."""
Act = Callable[[Judged, Random], None]

WEIGHTS: dict[Act, float] = {
    task_acts.enqueue: 26,
    people_acts.accept: 20,
    people_acts.complete: 9,
    people_acts.wait: 10,
    people_acts.next_deadline: 8,
    people_acts.decline: 4,
    people_acts.give_back: 3,
    people_acts.hold: 4,
    people_acts.resume: 2,
    people_acts.mistake: 3,
    people_acts.change_state: 8,
    people_acts.start_call: 4,
    people_acts.end_call: 4,
    people_acts.change_wrap_up: 3,
    people_acts.change_service: 4,
    people_acts.change_agent: 3,
    people_acts.change_profile: 1,
    people_acts.wait_long: 0.5,
    people_acts.repeat: 1,
    people_acts.repeat_late: 1,
    people_acts.restore: 1,
    task_acts.move: 5,
    task_acts.withdraw: 2,
    task_acts.ask: 2,
    task_acts.explain: 2,
    task_acts.list_for_picking_up: 1,
    task_acts.reprioritize: 4,
    task_acts.set_expiry: 2,
    task_acts.astray: 1,
    task_acts.report: 1.5,
    task_acts.pick_up: 6,
    task_acts.assign: 4,
    task_acts.pull_back: 3,
    survey_acts.survey: 2,
}
NAMES = {act.__name__: act for act in WEIGHTS}
INSTEAD = ("enqueue", "complete", "accept", "assign")


def proportions(dice: Random) -> list[float]:
    """Draw how often each act is drawn in one world: some worlds are busy, others restless."""
    return [weight * dice.choice((0.25, 1, 1, 3)) for weight in WEIGHTS.values()]


def step(judged: Judged, name: str, dice: Random) -> None:
    """Let one act happen, another if there is nothing to act on, and check everything."""
    del judged.last[:-SHOWN]
    said = judged.said
    lot = dice.random()
    if lot < 0.2:
        judged.lead(judged.now + seconds(dice, 0.000001, 0.1, 0.5, 1, 2))
    judged.lag = seconds(dice, 0, 1, 30) if lot > 0.9 else NO_TIME
    for other in (name, *dice.sample(INSTEAD, 2), "wait"):
        NAMES[other](judged, dice)
        if judged.said > said:
            judged.tally[f"act {other}"] += 1
            break
    judged.lag = NO_TIME
    judged.check()
    judged.tally["steps"] += 1


def live(seed: int, steps: int, tally: Counter[str]) -> None:
    """Let a world live; what fails tells its seed, its step and what went before."""
    dice = Random(seed)  # noqa: S311 - no secret
    judged = Judged(seed, tally)
    for number, name in enumerate(dice.choices(list(NAMES), proportions(dice), k=steps)):
        try:
            step(judged, name, dice)
        except Exception as error:
            told = [f"live(seed={seed}, ...), step {number}: {name}", *map(str, judged.last)]
            error.add_note("\n".join(told))
            raise
    judged.close()
