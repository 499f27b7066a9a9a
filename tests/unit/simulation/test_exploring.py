from __future__ import annotations

from datetime import timedelta

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation.exploring import Loop, explore

EVERYTHING = """\
workflow: everything
version: 1
lifetime: 8h
params:
  tier: { type: text }
  score: { type: integer }
  answer: { type: choice, values: [later, agreed, refused] }
steps:
  office:
    check_hours: office
    then: { open: ask_crm, closed: night, holiday: feast }
  feast: { end: holiday }
  night:
    prolong: 2h
    then: { done: ask_crm, limit: too_long }
  too_long: { end: too long }
  ask_crm:
    call:
      flow: crm
      attempts: 2
      save: { tier: "${response.body.tier}", score: "${response.body.points}" }
    then: { ok: by_tier, failed: who }
  by_tier:
    check:
      - if: params.tier == 'gold' && params.score > 100
        then: golden
      - else: who
  golden:
    wait_for: { parameter: answer, for: 10m }
    then: { arrived: choose, timeout: who }
  choose:
    check:
      - if: params.answer == 'agreed'
        then: line_up
      - else: approval
  approval:
    wait_for: { event: approve, for: 1h, save: { score: "${event.body.score}" } }
    then: { arrived: judge, timeout: who }
  judge:
    check:
      - if: params.score > 500
        then: who
      - else: stop
  stop: { end: stop }
  who:
    check_service: support
    then: { available: line_up, busy: line_up, empty: nobody }
  nobody: { cancel: nobody there }
  line_up:
    queue: support
    then: { rejected: nobody }
when: { error: nobody }
"""


def plan_of(text: str) -> Plan:
    compiled = compile_definition(text, "example.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def test_every_kind_is_explored_and_the_same_each_time() -> None:
    plan = plan_of(EVERYTHING)
    found = explore(plan)
    assert not found.met_bound
    assert (found.unreached, found.untaken, found.loops) == ((), (), ())
    assert [end.ends for end in found.ends] == [
        "cancelled: by supervisor",
        "cancelled: lifetime over",
        "cancelled: nobody there",
        "handled",
        "holiday",
        "stop",
        "too long",
    ]
    assert found.longest == timedelta(hours=10)
    assert explore(plan) == found


def test_a_bounded_search_says_that_there_is_more() -> None:
    found = explore(plan_of(EVERYTHING), most=5)
    assert (found.states, found.met_bound) == (5, True)
    assert "stop" in found.unreached


def test_a_case_that_only_time_meets_is_found_at_the_end_of_a_loop() -> None:
    found = explore(
        plan_of("""\
workflow: patient
version: 1
lifetime: 8h
steps:
  rest: { delay: 5m }
  enough:
    check:
      - if: task.age > duration('7h')
        then: stop
      - else: rest
  stop: { end: stop }
""")
    )
    assert (found.unreached, found.untaken, found.loops) == ((), (), ())


def test_a_loop_without_a_way_out_is_told_with_who_may_stop_it() -> None:
    text = """\
workflow: endless
version: 1
lifetime: 8h
steps:
  line_up: { queue: { service: support, wait: 5m }, then: { rejected: end, timeout: stay } }
  stay: { wait: 5m, then: stay }
"""
    assert explore(plan_of(text)).loops == (Loop(("stay",), agent=True),)
