"""Calls, events, hours and who is there, in tests of definitions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation import FileResult, TestResult, run_test_text

WORKFLOW = """
workflow: example
version: 1
lifetime: 2h
params:
  tier: { type: choice, values: [gold, base] }
  status: { type: text }
steps:
  look_up:
    call:
      flow: crm
      body: { who: "${task.customer_identifier}", tier: "${params.tier}" }
      timeout: 5s
      attempts: 2
      save: { tier: "${response.body.tier}" }
    then: { ok: hours, failed: hours }
  hours:
    check_hours: office
    then: { open: there, closed: not_open, special: longer }
  there:
    check_service: "${params.tier}"
    then: { available: line_up, busy: ask, empty: longer }
  ask:
    wait_for: { event: approve, for: 10m, save: { status: "${event.body.by}" } }
    then: { arrived: line_up, timeout: gathered }
  gathered:
    wait_for: { parameter: status }
    then: line_up
  longer:
    prolong: 4h
    then: { done: line_up, limit: not_open }
  line_up:
    queue: { service: "${params.tier}", wait: 30m }
    then: { timeout: tell, rejected: not_open }
  tell:
    call: { flow: tell, body: "${params.status}" }
    then: { ok: last_wait, failed: last_wait }
  last_wait:
    wait:
  not_open:
    end: "nobody, ${params.status}"
  late:
    check:
      - if: visits > 1
        then: not_open
      - else: revive
  revive:
    prolong: 30m
    then: { done: again, limit: not_open }
  again:
    queue: { service: base }
    then: { rejected: not_open }
when: { expired: late, error: not_open }
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    compiled = compile_definition(WORKFLOW, "example.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def run(plan: Plan, given: str = "{}", expect: str = "{}") -> FileResult:
    head = "workflow: example\ntests:\n  - name: one\n"
    text = f"{head}    given: {given}\n    expect: {expect}\n"
    return run_test_text(text, "example.test.yaml", plan)


def one(plan: Plan, given: str, expect: str = "{}") -> TestResult:
    result = run(plan, given, expect)
    assert result.findings == ()
    assert result.results[0].differences == ()
    return result.results[0]


def path(plan: Plan, given: str) -> str:
    return ",".join(one(plan, given).simulated.path)


def test_without_words_calls_are_ok_calendars_open_and_somebody_is_there(plan: Plan) -> None:
    assert path(plan, "{ accepted_after: 1m, completed_after: 2m }") == (
        "look_up,hours,there,line_up"
    )


def test_each_attempt_gets_its_reply_and_the_last_one_repeats(plan: Plan) -> None:
    calls = "{ look_up: [{ status: 503, takes: 3s }, { body: { tier: base }, takes: 1s }] }"
    expect = "{ params: { tier: base }, calls: { look_up: [{ who: '', tier: gold }] } }"
    given = f"{{ calls: {calls}, accepted_after: 1m, completed_after: 2m }}"
    simulated = one(plan, given, expect).simulated
    assert [(made.out.attempt, made.step) for made in simulated.calls] == [
        (1, "look_up"),
        (2, "look_up"),
    ]
    assert simulated.calls[1].at - simulated.calls[0].at == timedelta(seconds=4)
    entered = [record.at for record in simulated.records if record.step == "hours"]
    assert entered[0] - simulated.calls[0].at == timedelta(seconds=5)


def test_a_call_that_takes_too_long_has_no_answer(plan: Plan) -> None:
    given = "{ calls: { look_up: { takes: 1h } }, accepted_after: 1m, completed_after: 2m }"
    simulated = one(plan, given).simulated
    hours = next(record.at for record in simulated.records if record.step == "hours")
    assert hours - simulated.calls[0].at == timedelta(seconds=5 + 1 + 5)
    reasons = [record.data.get("reason") for record in simulated.records]
    assert reasons.count("timeout") == 2


def test_what_calls_send_is_compared(plan: Plan) -> None:
    result = run(plan, "{}", "{ calls: { look_up: [{ who: anna }], tell: [] } }")
    differences = result.results[0].differences
    assert [difference.what for difference in differences] == ["calls of look_up", "calls of tell"]
    assert differences[0].expected == '[{"who": "anna"}]'
    assert differences[1].got == '[""]'


def test_acceptance_drops_a_call_that_is_made_anew_after_a_return(plan: Plan) -> None:
    given = """
      { calls: { tell: { takes: 5s } }, accepted_after: [1802s, 40m], returned_after: 35m,
        completed_after: 1h }"""
    simulated = one(plan, given).simulated
    told = [made.out.number for made in simulated.calls if made.step == "tell"]
    assert told == [2, 3]
    assert simulated.path[-3:] == ("tell", "tell", "last_wait")


@pytest.mark.parametrize(
    ("hours", "step"),
    [
        ("open", "there"),
        ("closed", "not_open"),
        ("holiday", "not_open"),
        ("special", "longer"),
        ("{ day: special, open: true }", "longer"),
        ("{ open: true }", "there"),
        ("[[0s, closed], [1m, open]]", "not_open"),
        ("[[1m, closed]]", "there"),
        ("[[10s, closed], [0s, open]]", "there"),
    ],
)
def test_hours_are_as_given(plan: Plan, hours: str, step: str) -> None:
    simulated = one(plan, f"{{ hours: {{ office: {hours} }} }}").simulated
    assert simulated.path[2] == step


@pytest.mark.parametrize(
    ("there", "step"),
    [("available", "line_up"), ("busy", "ask"), ("empty", "longer"), ("[[5m, empty]]", "line_up")],
)
def test_services_are_as_given(plan: Plan, there: str, step: str) -> None:
    simulated = one(plan, f"{{ services: {{ gold: {there} }} }}").simulated
    assert simulated.path[3] == step


def test_what_is_not_there_fails_the_step(plan: Plan) -> None:
    assert path(plan, "{ services: { gold: unknown } }") == "look_up,hours,there,not_open"
    assert path(plan, "{ hours: { office: unknown } }") == "look_up,hours,not_open"


def test_agents_complete_with_codes_the_last_one_again_and_again() -> None:
    compiled = compile_definition(CALLS, "calls.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    takes = "accepted_after: [1m, 3m, 5m], completed_after: [2m, 4m, 6m]"
    for codes, ends in (
        ("", ("cancelled: lifetime over", 3)),
        ("completed_with: solved", ("solved", 1)),
        ("completed_with: [busy, busy, solved]", ("solved", 3)),
        ("completed_with: [busy, lost]", ("lost", 2)),
        ("completed_with: busy", ("cancelled: lifetime over", 3)),
    ):
        given = f"{{ {takes}, {codes} }}".replace(", }", " }")
        text = f"workflow: calls\ntests:\n  - name: one\n    given: {given}\n    expect: {{}}\n"
        [test] = run_test_text(text, "calls.test.yaml", compiled.plan).results
        assert (test.simulated.ends, test.simulated.visits["look"]) == ends, codes


CALLS = """
workflow: calls
version: 1
steps:
  line_up:
    queue:
    then: { completed: look, rejected: end }
  look:
    check:
      - if: task.result == 'solved' || task.result == 'lost'
        then: stop
      - else: rest
  rest: { delay: 10s, then: line_up }
  stop: { end: "${task.result}" }
"""


def test_events_and_writes_arrive(plan: Plan) -> None:
    busy = "services: { gold: busy }, accepted_after: 1h, completed_after: 2h"
    given = f"{{ {busy}, events: [[5m, approve, {{ by: anna }}]] }}"
    simulated = one(plan, given, "{ params: { status: anna } }").simulated
    assert simulated.path[:5] == ("look_up", "hours", "there", "ask", "line_up")
    given = f"{{ {busy}, sets: [[15m, {{ status: gather }}]] }}"
    simulated = one(plan, given, "{ params: { status: gather } }").simulated
    assert simulated.path[3:6] == ("ask", "gathered", "line_up")
    given = f"{{ {busy}, events: [[5m, approve]] }}"
    assert one(plan, given).simulated.ends == "nobody, "


def test_a_life_is_prolonged_up_to_its_longest(plan: Plan) -> None:
    given = "{ hours: { office: special }, accepted_after: 5h, completed_after: 6h }"
    assert one(plan, given, "{ ends: handled, within: 6h }").simulated.path[2:4] == (
        "longer",
        "line_up",
    )
    given = "{ hours: { office: special }, longest_life: 3h }"
    assert path(plan, given) == "look_up,hours,longer,not_open"


def test_in_the_queue_a_longer_life_is_told_and_a_lost_one_comes_back_to_its_place(
    plan: Plan,
) -> None:
    simulated = one(plan, "{ accepted_after: 2h10m, completed_after: 3h }").simulated
    assert simulated.path[-3:] == ("late", "revive", "again")
    last = simulated.commands[-1]
    assert last.model_dump()["first_queued"] == simulated.records[0].at
    assert simulated.ends == "handled"


STAY = """
workflow: stay
version: 1
lifetime: 1h
steps:
  line_up:
    queue: { wait: 5m }
    then: { timeout: longer, rejected: end }
  longer:
    prolong: 3h
    then: { done: stay, limit: end }
  stay:
    wait:
"""


def test_the_desk_knows_the_longer_life() -> None:
    compiled = compile_definition(STAY, "stay.workflow.yaml")
    assert compiled.plan is not None
    text = "workflow: stay\ntests:\n  - { name: a, expect: { within: 4h } }\n"
    (result,) = run_test_text(text, "x", compiled.plan).results
    assert result.simulated.took == timedelta(hours=4)


FAULTS = {
    "{ calls: { lok_up: { status: 200 } } }": ("lok_up", "'look_up'"),
    "{ calls: { hours: { status: 200 } } }": ("hours", "look_up, tell"),
    "{ calls: { look_up: { staus: 200 } } }": ("staus", "'status'"),
    "{ calls: { look_up: { status: 99 } } }": ("99", "from 100 to 599"),
    "{ calls: { look_up: 200 } }": ("200", "status"),
    "{ calls: { look_up: { takes: soon } } }": ("soon", "such as 30s"),
    "{ events: approve }": ("approve", "list"),
    "{ events: [approve] }": ("approve", "[30m, approve]"),
    "{ events: [[5m]] }": ("[5m]", "[30m, approve]"),
    "{ events: [[soon, approve]] }": ("soon", "such as 30s"),
    "{ events: [[5m, aprove]] }": ("aprove", "'approve'"),
    "{ events: [[5m, zzz]] }": ("zzz", "delete it"),
    "{ events: [[5m, [x]]] }": ("[x]", "its name"),
    "{ hours: { ofice: open } }": ("ofice", "'office'"),
    "{ hours: { office: opn } }": ("opn", "'open'"),
    "{ hours: { office: { day: sunday } } }": ("sunday", "holiday"),
    "{ hours: { office: { open: maybe } } }": ("maybe", "true or false"),
    "{ hours: { office: [open] } }": ("open", "[8h"),
    "{ hours: { office: [[5m, opn]] } }": ("opn", "'open'"),
    "{ services: { silver: busy } }": ("silver", "gold, base"),
    "{ services: { gold: away } }": ("away", "available, busy, empty"),
    "{ services: [gold] }": ("[gold]", "gold, base"),
    "{ longest_life: ever }": ("ever", "such as 30s"),
}


@pytest.mark.parametrize(("given", "told"), FAULTS.items())
def test_what_is_given_wrongly_is_told_with_its_place(
    plan: Plan, given: str, told: tuple[str, str]
) -> None:
    word, advice = told
    result = run(plan, given)
    column = len("    given: ") + given.index(word) + 1
    assert [(found.line, found.column) for found in result.findings] == [(4, column)]
    assert advice in result.findings[0].help


def test_what_is_expected_wrongly_is_told_with_its_place(plan: Plan) -> None:
    for expect, word in (("{ calls: { hours: [] } }", "hours"), ("{ calls: { tell: x } }", "x")):
        (found,) = run(plan, "{}", expect).findings
        column = len("    expect: ") + expect.index(word) + 1
        assert (found.line, found.column) == (5, column)


def test_a_plan_without_such_steps_takes_none_of_it() -> None:
    compiled = compile_definition(STAY, "stay.workflow.yaml")
    assert compiled.plan is not None
    text = "workflow: stay\ntests:\n  - { name: a, given: { calls: { x: { } } }, expect: {} }\n"
    (found,) = run_test_text(text, "x", compiled.plan).findings
    assert found.help == "delete it"


def test_a_file_without_tests_is_told(plan: Plan) -> None:
    (found,) = run_test_text("workflow: example\ntests: []\n", "x", plan).findings
    assert (found.code, found.line, found.column) == ("E106", 2, 8)
    (found,) = run_test_text("workflow: example\ntests: 5\n", "x", plan).findings
    assert found.code == "E105"
