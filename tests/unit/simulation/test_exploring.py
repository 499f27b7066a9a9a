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


def test_an_agent_may_take_what_a_loop_lets_into_the_queue() -> None:
    text = """\
workflow: full
version: 1
lifetime: 8h
steps:
  line_up: { queue: , then: { rejected: rest } }
  rest: { delay: 10m, then: line_up }
"""
    assert explore(plan_of(text)).loops == (Loop(("line_up", "rest"), agent=True),)


def test_codes_that_are_asked_for_are_tried_and_what_is_over_is_not_aborted() -> None:
    text = """\
workflow: callback
version: 1
lifetime: 8h
steps:
  line_up: { queue: , then: { completed: reached, rejected: end } }
  reached:
    check:
      - if: task.result != 'not_reached'
        then: stop
      - else: rest
  rest: { delay: 1h, then: line_up }
  stop: { end: stop }
"""
    found = explore(plan_of(text))
    assert (found.unreached, found.untaken, found.loops) == ((), (), ())
    assert found.longest == timedelta(hours=8)


def test_moments_are_tried_that_come_out_differently_now() -> None:
    text = """\
workflow: appointment
version: 1
lifetime: 8h
params:
  at: { type: time, required: true }
  lead: { type: duration, default: 10m }
steps:
  look:
    check:
      - if: task.created + task.age >= params.at
        then: over
      - if: task.created + task.age > params.at - params.lead
        then: late
      - else: sleep
  sleep: { delay: { until: "${params.at - params.lead}" } }
  call: { end: in time }
  over: { end: over }
  late: { end: late }
"""
    found = explore(plan_of(text))
    assert (found.unreached, found.untaken) == ((), ())


def test_a_life_that_ends_in_last_words_lasts_as_long_as_the_step_before() -> None:
    text = """\
workflow: ladder
version: 1
lifetime: 8h
steps:
  first: { queue: { service: support, wait: 3m }, then: { rejected: end, timeout: stay } }
  stay: { wait: }
  sorry: { cancel: nobody }
when: { expired: sorry }
"""
    times = {end.ends: end.longest for end in explore(plan_of(text)).ends}
    assert times["cancelled: nobody"] == timedelta(hours=8)


def test_a_loop_by_giving_back_is_no_longer_life() -> None:
    text = """\
workflow: papers
version: 1
lifetime: 30d
steps:
  papers: { wait_for: { event: arrived, for: 2d }, then: { arrived: phone, timeout: phone } }
  phone: { queue: , then: { rejected: end } }
  sorry: { cancel: nobody }
when: { expired: sorry }
"""
    assert explore(plan_of(text)).longest <= timedelta(days=30, minutes=5)


def test_what_never_queues_is_taken_by_no_agent() -> None:
    text = """\
workflow: asleep
version: 1
lifetime: 8h
steps:
  look: { check_service: support, then: { available: rest, busy: rest, empty: late } }
  late: { check_hours: office, then: { open: rest, closed: rest } }
  rest: { delay: 1h, then: look }
"""
    assert explore(plan_of(text)).loops == (Loop(("look", "late", "rest"), agent=False),)
