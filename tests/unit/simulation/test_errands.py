from __future__ import annotations

from pathlib import Path

from extask.simulation.record import Key, Record
from tests.unit.simulation.scenarios import HEAD, run

SCENARIO = (
    HEAD
    + """
services:
  support: { workflow: first.yaml }
  backup: { workflow: second.yaml }
  plain:
tasks: { calls: { service: support, arrivals: { regular: 1/m }, handling: 90s } }
agents:
  desk: { count: 1, services: [support] }
  others: { count: 5, services: [backup, plain] }
"""
)
SECOND = """
workflow: second
version: 1
params: { asked: { type: text, required: true } }
steps:
  line_up: { queue: , then: { rejected: full } }
  full: { cancel: full }
"""


def first(steps: str, head: str = "") -> str:
    return f"workflow: first\nversion: 1\n{head}\nsteps:\n{steps}"


def go(folder: Path, workflow: str, second: str = SECOND, scenario: str = SCENARIO) -> Record:
    return run(folder, scenario, first__yaml=workflow, second__yaml=second)


def outcomes(record: Record) -> dict[str, int]:
    return {str(kind): number for kind, number in record.outcomes["calls"].items()}


def test_a_workflow_that_only_queues_is_as_none(tmp_path: Path) -> None:
    record = go(tmp_path, first("  line_up: { queue: , then: { rejected: end } }"))
    assert record.services["support"].waits == [0, 30, 60]
    assert outcomes(record) == {"user_accepted": 3}


def test_who_waits_too_long_goes_on_to_a_service_without_a_workflow(tmp_path: Path) -> None:
    """The third task stands behind the second, which the agent takes at 150 s."""
    steps = """
  line_up: { queue: { wait: 40s }, then: { timeout: over, rejected: end } }
  over: { transfer: plain, then: { rejected: end } }
"""
    record = go(tmp_path, first(steps))
    assert record.services["support"].waits == [0, 30]
    assert record.services["support"].left == 1
    assert record.services["plain"].waits == [0]
    assert record.streams["calls"] == [0, 30, 0]
    assert outcomes(record) == {"user_accepted": 3}


def test_a_transfer_goes_on_by_the_workflow_of_its_target(tmp_path: Path) -> None:
    steps = """
  line_up: { queue: { wait: 40s }, then: { timeout: over, rejected: end } }
  over: { transfer: backup, then: { rejected: end } }
"""
    workflow = first(steps, "params: { asked: { type: text, required: true } }")
    scenario = SCENARIO.replace("handling: 90s", "handling: 90s, params: { asked: why }")
    record = go(tmp_path, workflow, scenario=scenario)
    assert record.services["backup"].waits == [0]
    assert outcomes(record) == {"user_accepted": 3}


def test_a_transfer_without_what_its_target_requires_is_refused(tmp_path: Path) -> None:
    steps = """
  line_up: { queue: { wait: 40s }, then: { timeout: over, rejected: end } }
  over: { transfer: backup, then: { rejected: gone } }
  gone: { cancel: gone }
"""
    record = go(tmp_path, first(steps))
    assert record.services["backup"].tasks == 0
    assert outcomes(record) == {"user_accepted": 2, "cancelled_by_workflow": 1}


def test_positions_are_real_and_priorities_count(tmp_path: Path) -> None:
    """With tasks each 20 s the fourth finds itself third, is pushed, and overtakes two."""
    steps = """
  line_up: { queue: { wait: 0s }, then: { timeout: look, rejected: end } }
  look:
    check_position:
      - if: position >= 3
        then: push
      - else: stay
  push: { reprioritize: { to: strict }, then: stay }
  stay: { wait: }
"""
    scenario = SCENARIO.replace("regular: 1/m", "regular: 3/m").replace("length: 4m", "length: 90s")
    record = go(tmp_path, first(steps), scenario=scenario)
    assert record.services["support"].waits == [0, 30, 160, 230]


def test_a_task_may_leave_the_queue_and_come_again(tmp_path: Path) -> None:
    steps = """
  line_up: { queue: { wait: 10s }, then: { timeout: out, rejected: end } }
  out: { leave_queue: }
  pause: { delay: 100s }
  again: { queue: , then: { rejected: end } }
"""
    record = go(tmp_path, first(steps))
    tally = record.services["support"]
    assert (tally.tasks, tally.left) == (4, 1)
    assert tally.waits == [0, 0, 40]
    assert outcomes(record) == {"user_accepted": 3}


def test_a_task_goes_over_to_another_queue_of_its_own_workflow(tmp_path: Path) -> None:
    steps = """
  line_up: { queue: { wait: 10s }, then: { timeout: same, rejected: end } }
  same:
    move: { service: support, priority: high, wait: 5s }
    then: { timeout: over, rejected: end }
  over: { move: plain, then: { rejected: end } }
"""
    record = go(tmp_path, first(steps))
    assert record.services["support"].waits == [0, 0]
    assert record.services["support"].left == 1
    assert record.services["plain"].waits == [0]


def test_a_full_service_turns_a_move_away(tmp_path: Path) -> None:
    steps = """
  line_up: { queue: { wait: 10s }, then: { timeout: over, rejected: end } }
  over: { move: full, then: { rejected: stay } }
  stay: { wait: }
"""
    scenario = SCENARIO.replace("  plain:\n", "  plain:\n  full: { max_waiting: 1 }\n")
    record = go(tmp_path, first(steps), scenario=scenario.replace("1/m", "3/m"))
    full, support = record.services["full"], record.services["support"]
    assert (full.tasks, full.refused) == (1, 0)
    assert (support.tasks, support.left, len(support.waits)) == (11, 1, 10)


def test_the_life_of_a_task_ends_in_its_workflow(tmp_path: Path) -> None:
    steps = "  line_up: { queue: , then: { rejected: end } }"
    record = go(tmp_path, first(steps, "lifetime: 20s"))
    assert outcomes(record) == {"user_accepted": 2, "expired": 1}
    assert record.services["support"].expired == 1

    patient = SCENARIO.replace("handling: 90s", "handling: 90s, patience: 1h")
    record = go(tmp_path, first(steps, "lifetime: 20s"), scenario=patient)
    assert outcomes(record) == {"user_accepted": 3}


def test_an_accepted_task_may_be_taken_away_by_its_workflow(tmp_path: Path) -> None:
    steps = """
  line_up: { queue: , then: { accepted: pause, rejected: end } }
  pause: { delay: 30s, then: enough }
  enough: { cancel: enough }
"""
    record = go(tmp_path, first(steps))
    assert outcomes(record) == {"abandoned": 3}
    assert record.services["support"].waits == [0, 0, 0]
    occupancy = record.figures()[Key("agents", "desk", "occupancy")]
    assert occupancy == 90 / 240


def test_a_forecast_has_open_calendars_and_calls_that_are_ok(tmp_path: Path) -> None:
    steps = """
  ask: { call: { flow: crm }, then: { ok: hours, failed: end } }
  hours: { check_hours: office, then: { open: line_up, closed: end } }
  line_up: { queue: , then: { rejected: end } }
"""
    record = go(tmp_path, first(steps))
    assert outcomes(record) == {"user_accepted": 3}
