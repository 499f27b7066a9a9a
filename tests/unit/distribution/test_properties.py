"""P1 to P10 of the rules of distribution, under everything that a pool can be asked.

Small worlds (three or four services, four to six agents) are driven by random acts: commands of
workflows, agents, supervisors and operators, time that goes on by odd steps and is told wrongly,
repeats, snapshots. After each step everything is looked at (`machine/watch.py`), every event is
held against the rules as it is read (`machine/offers.py` and its like), and every offer has to be
the one that a slow reading of the rules foretells (`machine/rules.py`).

In `make check` Hypothesis draws the acts, and shortens what fails. In `make prove` dice with seeds
draw them: the same acts and checks, without the half of the time that Hypothesis takes for itself.
A failure there tells its seed, its step and the last acts: `live(seed, steps, Counter())` does the
same again.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import ClassVar, get_args

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from extask.distribution.explain import RULES
from extask.messages import AnyCommand, EventKind
from tests.unit.distribution.machine import acts
from tests.unit.distribution.machine.driver import Judged

CHECKED, PROVED = 20_000, 2_000_000
"""Steps in `make check` and in `make prove`."""
CASES, PROOFS = 4, 16
LIFE = 400
"""Steps of a world that dice drive."""
UNLUCKY = 3
"""Rare kinds that five thousand steps may miss."""
DRAWN = [name for name, act in acts.NAMES.items() for _ in range(round(2 * acts.WEIGHTS[act]))]
COMMANDS = {it.model_fields["kind"].default for it in get_args(get_args(AnyCommand)[0])}
RARE = {
    *(f"explained {rule}" for rule in ("", *RULES)),
    *(f"reason {rule}" for rule in RULES),
    *(f"offered why {why}" for why in ("preferred", "policy", "assigned", "picked_up")),
    *(f"offered distribution {mode}" for mode in ("direct", "broadcast", "pickup")),
    *(f"offered algorithm {word}" for word in ("longest_idle", "most_qualified")),
    *(f"held by {whom}" for whom in ("agent", "interruption")),
    *(f"returned by {whom}" for whom in ("agent", "supervisor")),
    *(f"rona_cleared by {what}" for what in ("agent", "time")),
    *(
        f"offer_cancelled reason {reason}"
        for reason in (
            *("taken", "assigned", "pulled_back", "agent_gone", "foreign_engagement"),
            *("blocking_work", "service_gone", "withdrawn", "expired", "moved"),
        )
    ),
    *(
        f"reason {reason}"
        for reason in (
            *("stale", "unknown_task", "unknown_agent", "unknown_service", "service_full"),
            *("unknown_engagement", "no_wrap_up", "not_yours", "not_active", "not_offered"),
            *("too_late", "already_ended", "not_for_pickup", "with_agent"),
        )
    ),
    *(f"move {status}" for status in ("accepted", "returned", "refused", "stale")),
    *(f"withdraw {status}" for status in ("accepted", "returned", "stale")),
    *(f"surveyed {it}" for it in ("available", "busy", "empty", "unknown_service")),
    *("asked together", "a later level", "a repeat", "a late repeat", "report accepted"),
}
"""What has to occur in each hundred thousand steps, else they prove little."""


def missing(tally: Counter[str]) -> set[str]:
    """Give the kinds of acts, events and answers that did not occur."""
    expected = {f"act {name}" for name in acts.NAMES} | set(get_args(EventKind))
    expected |= {f"{command} done" for command in COMMANDS}
    return {it for it in expected if not tally[it]}


class JudgementMachine(RuleBasedStateMachine):
    """One world after another."""

    tally: ClassVar[Counter[str]] = Counter()
    judged: Judged | None = None

    @initialize(number=st.integers(0, 10_000))
    def a_world_begins(self, number: int) -> None:
        self.judged = Judged(number, self.tally)

    @rule(act=st.sampled_from(DRAWN), dice=st.integers(0, 65_535))
    def something_happens(self, act: str, dice: int) -> None:
        judged, self.judged = self.judged, None  # what has failed is not closed
        assert judged is not None
        acts.step(judged, act, Random(dice))  # noqa: S311 - no secret
        self.judged = judged

    def teardown(self) -> None:
        if self.judged is not None:
            self.judged.close()


LENGTH = settings(
    max_examples=CHECKED // CASES // 200 + 2,
    stateful_step_count=200,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(900)  # what fails is shortened for up to five minutes
@pytest.mark.parametrize("case", range(CASES))
def test_the_properties_hold_under_random_commands(case: int) -> None:
    """Thousands of steps in each case, the same in every run."""

    class Machine(JudgementMachine):
        tally: ClassVar[Counter[str]] = Counter()

    run_state_machine_as_test(seed(case)(Machine), settings=LENGTH)
    assert Machine.tally["steps"] >= CHECKED // CASES
    assert len(missing(Machine.tally)) <= UNLUCKY


def test_worlds_of_dice_hold_them_too_and_everything_occurs_there() -> None:
    """A machine that is always refused proves nothing."""
    tally: Counter[str] = Counter()
    for number in range(20):
        acts.live(number, LIFE, tally)
    assert not missing(tally)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", range(PROOFS))
def test_the_properties_hold_for_very_long(case: int) -> None:
    """A share of all steps, in worlds whose seeds no other case has."""
    tally: Counter[str] = Counter()
    worlds = -(-PROVED // PROOFS // LIFE)
    for world in range(worlds):
        acts.live(1_000_000 * (case + 1) + world, LIFE, tally)
    assert tally["steps"] >= PROVED // PROOFS
    assert not missing(tally)
    assert not {it for it in RARE if not tally[it]}
