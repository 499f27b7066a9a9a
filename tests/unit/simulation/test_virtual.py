from __future__ import annotations

from datetime import timedelta

import pytest

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation import Given, Seen, Simulated, TraceLine, simulate
from extask.simulation.given import NOW, full

MINUTE = timedelta(minutes=1)


def plan(steps: str, head: str = "") -> Plan:
    text = f"workflow: example\nversion: 1\nlifetime: 8h\n{head}\nsteps:\n{steps}"
    compiled = compile_definition(text, "example.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


QUEUE = plan("  line_up: { queue: support, then: { rejected: end } }")


def minutes(simulated: Simulated) -> list[tuple[float, str, str, str]]:
    return [
        ((at - NOW) / MINUTE, step, kind, outcome) for at, step, kind, outcome in simulated.trace
    ]


def test_a_dry_run_gives_the_trace_of_production() -> None:
    run = simulate(QUEUE, Given(accepted_after=(5 * MINUTE,), completed_after=(9 * MINUTE,)))
    assert run.trace[0] == TraceLine(NOW, "line_up", "entered", "")
    assert minutes(run) == [
        (0, "line_up", "entered", ""),
        (9, "line_up", "left", "completed"),
        (9, "line_up", "ended", "user_accepted"),
    ]
    assert run.took == 9 * MINUTE
    assert run.ends == "handled"


def test_an_agent_who_is_ready_before_the_task_is_queued_takes_it_at_once() -> None:
    late = plan("  settle: { delay: 10m }\n  line_up: { queue: support, then: { rejected: end } }")
    run = simulate(late, Given(accepted_after=(5 * MINUTE,), completed_after=(5 * MINUTE,)))
    assert run.ends == "handled"
    assert run.took == 10 * MINUTE


def test_the_time_with_an_agent_does_not_count_to_the_life() -> None:
    given = Given(accepted_after=(MINUTE,), returned_after=(61 * MINUTE,))
    run = simulate(QUEUE, given)
    assert run.ends == "cancelled: lifetime over"
    assert run.took == timedelta(hours=9)


def test_expiry_comes_before_acceptance_at_the_same_moment() -> None:
    run = simulate(QUEUE, Given(accepted_after=(MINUTE,), lifetime=MINUTE))
    assert run.ends == "cancelled: lifetime over"


def test_a_wait_and_an_acceptance_at_the_same_moment_end_in_acceptance() -> None:
    waiting = plan(
        "  line_up: { queue: { service: s, wait: 5m }, then: { timeout: end, rejected: end } }"
    )
    run = simulate(waiting, Given(accepted_after=(5 * MINUTE,)))
    assert run.ends == "never: waits for an agent at line_up"
    assert run.ending is None


@pytest.mark.parametrize(
    ("first", "raise_by", "last"),
    [
        ("normal", 1, "high"),
        ("highest", 1, "highest"),
        ("lowest", -3, "lowest"),
        ("strict", 1, "strict"),
        ("nothing_else", 2, "nothing_else"),
    ],
)
def test_raising_a_priority_stays_within_its_levels(first: str, raise_by: int, last: str) -> None:
    raising = plan(
        f"""
  line_up:
    queue: {{ service: s, priority: {first}, wait: 0s }}
    then: {{ timeout: push, rejected: end }}
  push: {{ reprioritize: {{ by: {abs(raise_by)} }} }}
  stop: {{ end: stop }}
"""
    )
    step = raising.steps["push"]
    by = step.properties["by"].model_copy(update={"value": raise_by})
    steps = {**raising.steps, "push": step.model_copy(update={"properties": {"by": by}})}
    assert simulate(raising.model_copy(update={"steps": steps}), Given()).priority == last


def test_the_task_can_be_moved_set_and_told_a_new_end() -> None:
    moving = plan(
        """
  line_up: { queue: { service: one, wait: 1m }, then: { timeout: over, rejected: end } }
  over: { move: { service: two, wait: 1m }, then: { timeout: back, rejected: end } }
  back: { move: { service: three, wait: 1m }, then: { timeout: stop, rejected: look } }
  stop: { end: stop }
  look:
    check_position:
      - if: position == 1 && queue_length == 1 && waited == duration('2m') && params.x == 'new'
        then: out
      - else: stop
  out: { leave_queue: }
  bye: { end: bye }
""",
        "params: { x: { type: text } }",
    )
    given = Given(reject=full("three"), sets=((MINUTE / 2, {"x": "new"}),))
    run = simulate(moving, given)
    assert run.ends == "bye"
    assert run.params == {"x": "new"}


def test_what_is_seen_changes_with_time() -> None:
    looking = plan(
        """
  line_up: { queue: { service: one, wait: 1m }, then: { timeout: look, rejected: end } }
  look:
    check_position:
      - if: position == 4 && queue_length == 6
        then: stop
      - else: stay
  stay: { wait: 1m, then: look }
  stop: { end: stop }
"""
    )
    seen = (Seen(timedelta(0), 9), Seen(3 * MINUTE, 4, 6))
    run = simulate(looking, Given(positions=seen))
    assert run.visits["look"] == 3
    assert run.took == 3 * MINUTE
