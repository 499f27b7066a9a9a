"""What the world is tried with: parameters, places, hours, answers, events."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation import run_test_file
from extask.simulation.candidates import MOST_ROOTS, assignments, spans_in
from extask.simulation.exploring import explore
from extask.simulation.given import NOW, Given, Reply
from extask.simulation.suggesting import Suggested, suggest
from extask.simulation.virtual import simulate
from extask.simulation.ways import ways_of
from extask.simulation.writing import write_tests
from tests.unit.simulation.test_suggesting import all_pass_and_cover

SECOND = timedelta(seconds=1)
HEAD = "workflow: example\nversion: 1\nlifetime: 8h\n"
STOP = "  yes: { end: yes }\n  no: { end: no }\n"
WRITTEN = """\
  - name: look case 1 then yes
    # also look else then no
    given: { params: { it: 2026-01-05T09:00:00Z }, \
calls: { ask: [{ status: 200, body: { tier: null, old: true } }, { status: 500, takes: 1s }] }, \
now: 2026-01-05T09:00:01Z }
    expect:
      ends: no
      path: [look, no]
"""


def plan_of(text: str) -> Plan:
    compiled = compile_definition(text, "example.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def choosing(param: str, condition: str) -> Plan:
    """Make a plan that goes one of two ways by a parameter."""
    case = f'  look: {{ check: [{{ if: "{condition}", then: yes }}, {{ else: no }}] }}\n'
    return plan_of(f"{HEAD}params: {{ it: {param} }}\nsteps:\n{case}{STOP}")


@pytest.mark.parametrize(
    ("param", "condition"),
    [
        ("{ type: number }", "params.it > 0.5"),
        ("{ type: number, required: true }", "params.it < -1.5"),
        ("{ type: list }", "'gold' in params.it"),
        ("{ type: list }", "size(params.it) > 2"),
        ("{ type: text }", "size(params.it) >= 12"),
        ("{ type: text, required: true }", "params.it == 'gold'"),
        ("{ type: time, required: true }", "params.it > task.created + duration('24h')"),
        ("{ type: duration, default: 5m }", "params.it > duration('10m')"),
    ],
)
def test_senders_are_found_for_both_ways(param: str, condition: str) -> None:
    plan = choosing(param, condition)
    found = suggest(plan, ways_of(plan))
    assert found.unreached == ()
    all_pass_and_cover(plan, found)


def test_of_many_parameters_a_few_are_unusual_at_a_time() -> None:
    names = [f"p{number}" for number in range(8)]
    params = "".join(f"  {it}: {{ type: choice, values: [a, b, c, d] }}\n" for it in names)
    cases = "".join(f"      - {{ if: params.{it} == 'd', then: yes }}\n" for it in names)
    plan = plan_of(
        f"{HEAD}params:\n{params}steps:\n  look:\n    check:\n{cases}      - else: no\n{STOP}"
    )
    found = assignments(plan)
    assert found[0] == {}
    assert len(found) == 1 + 8 + 28 <= MOST_ROOTS
    assert {"p7": "d"} in found
    assert max(map(len, found)) == 2


def test_what_is_no_duration_is_not_tried() -> None:
    assert spans_in("waited > duration('soon') || waited > duration('90s')") == (
        timedelta(seconds=90),
    )


def test_what_is_asked_twice_at_once_is_answered_alike() -> None:
    plan = plan_of(
        HEAD
        + """steps:
  office: { check_hours: office, then: { open: desk, closed: no } }
  desk: { check_service: desk, then: { available: again, busy: no, empty: no } }
  again: { check_hours: office, then: { open: still, closed: no } }
  still: { check_service: desk, then: { available: rest, busy: no, empty: no } }
  rest: { delay: 1m }
  later: { check_hours: office, then: { open: latest, closed: no } }
  latest: { check_service: desk, then: { available: yes, busy: no, empty: no } }
"""
        + STOP
    )
    found = suggest(plan, ways_of(plan))
    twice = {("again", "closed"), ("still", "busy"), ("still", "empty")}
    assert {(way.step, way.outcome) for way in found.unreached} == twice
    all_pass_and_cover(plan, found)


def test_a_place_that_is_looked_at_twice_at_once_is_the_same() -> None:
    plan = plan_of(
        HEAD
        + """steps:
  line_up: { queue: { service: support, wait: 1m }, then: { timeout: look, rejected: no } }
  look: { check_position: [{ if: position < 3, then: again }, { else: no }] }
  again: { check_position: [{ if: position < 3, then: rest }, { else: no }] }
  rest: { wait: 1m, then: { timeout: later } }
  later: { check_position: [{ if: position < 3, then: yes }, { else: no }] }
"""
        + STOP
    )
    found = suggest(plan, ways_of(plan))
    assert {(way.step, way.outcome) for way in found.unreached} == {("again", "else")}
    all_pass_and_cover(plan, found)


def test_a_look_that_fails_is_tried_as_well() -> None:
    plan = plan_of(
        HEAD
        + """steps:
  line_up: { queue: { service: support, wait: 1m }, then: { timeout: look, rejected: no } }
  look: { check_position: [{ if: 10 / position > 2, then: yes }, { else: no }] }
"""
        + STOP
        + "when: { error: no }\n"
    )
    found = suggest(plan, ways_of(plan))
    assert found.unreached == ()
    assert any(seen.position == 0 for test in found.tests for seen in test.given.positions)
    all_pass_and_cover(plan, found)


def test_what_is_read_of_an_answer_beside_other_words_only_has_to_be_there() -> None:
    plan = plan_of(
        HEAD
        + """params: { told: { type: text } }
steps:
  ask:
    call: { flow: crm, save: { told: "it is ${response.body.tier}" } }
    then: { ok: look, failed: no }
  look: { check: [{ if: "params.told == 'it is something'", then: yes }, { else: no }] }
"""
        + STOP
    )
    found = suggest(plan, ways_of(plan))
    assert ("look", "case 1") in {(way.step, way.outcome) for it in found.tests for way in it.takes}
    all_pass_and_cover(plan, found)


def test_a_life_may_end_before_a_call_is_late() -> None:
    plan = plan_of(
        HEAD.replace("8h", "5s")
        + "steps:\n  ask: { call: { flow: crm, timeout: 10s }, then: { ok: yes, failed: no } }\n"
        + STOP
        + "when: { expired: no }\n"
    )
    found = suggest(plan, ways_of(plan))
    assert found.unreached == ()
    all_pass_and_cover(plan, found)


def test_a_life_that_is_set_into_the_past_is_over_at_once() -> None:
    plan = plan_of(
        HEAD
        + """steps:
  line_up: { queue: { service: support, wait: 1m }, then: { timeout: soon, rejected: no } }
  soon: { prolong: { until: "${task.created}" }, then: { done: stay, limit: no } }
  stay: { wait: 5m, then: { timeout: yes } }
"""
        + STOP
    )
    found = suggest(plan, ways_of(plan))
    assert {(way.step, way.outcome) for way in found.unreached} == {
        ("soon", "limit"),
        ("stay", "timeout"),
        ("yes", "ended"),
    }
    all_pass_and_cover(plan, found)


def test_an_agent_who_accepts_completes_in_the_end() -> None:
    plan = plan_of(
        HEAD
        + """steps:
  line_up:
    queue: support
    then: { accepted: greet, completed: yes, rejected: no }
  greet: { delay: 1m }
  bye: { delay: 1m, then: no }
"""
        + STOP
    )
    found = suggest(plan, ways_of(plan))
    assert any(test.given.accepted_after and test.given.completed_after for test in found.tests)
    all_pass_and_cover(plan, found)


def test_runs_without_an_end_are_no_tests() -> None:
    plan = plan_of(
        HEAD
        + """steps:
  rest: { delay: 1h }
  again: { delay: 1h, then: rest }
  more: { prolong: 8h, then: { done: rest, limit: no } }
"""
        + STOP.partition("\n")[2]
        + "when: { expired: more }\n"
    )
    found = suggest(plan, ways_of(plan))
    assert found.unreached == ()
    assert all(test.simulated.ending for test in found.tests)
    all_pass_and_cover(plan, found)


def test_everything_that_a_test_can_say_is_written() -> None:
    plan = choosing("{ type: time, required: true }", "params.it > task.created")
    world = Given(
        params={"it": NOW},
        calls={"ask": (Reply(body={"tier": None, "old": True}), Reply(500, takes=SECOND))},
        now=NOW + SECOND,
    )
    told = Suggested(world, simulate(plan, world), tuple(ways_of(plan)[:2]))
    assert write_tests((told,), "") == WRITTEN


def test_a_life_may_end_in_the_second_round_of_a_loop() -> None:
    steps = "steps:\n  rest: { delay: 5h }\n  again: { delay: 1m, then: rest }\n"
    plan = plan_of(HEAD + steps + STOP.partition("\n")[2] + "when: { expired: no }\n")
    found = explore(plan)
    assert {(end.ends, end.longest) for end in found.ends} >= {("no", timedelta(hours=8))}
    assert found.untaken == ()


def test_tests_that_cannot_be_read_cover_nothing(tmp_path: Path) -> None:
    definition, tests = tmp_path / "greet.workflow.yaml", tmp_path / "greet.test.yaml"
    definition.write_text("workflow: greet\nversion: 1\nsteps: { stop: { end: } }\n")
    tests.write_text("workflow: greet\ntests: [{ nam: x }]\n")
    result = run_test_file(tests)
    assert not result.passed
    assert (result.coverage, result.warnings) == (None, ())
