"""What a new version breaks, how versions differ, what the checker says of a version."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from extask.definition.canary import takes_canary
from extask.definition.changes import breaking
from extask.definition.compiler import compile_definition
from extask.definition.diff import Difference, diff, render
from extask.definition.finding import Finding
from extask.definition.plan import Plan
from extask.definition.queue_state import standing
from extask.definition.versioning import Published, compare

FILE = "help.workflow.yaml"
OLD = """\
workflow: help
version: 3
title: Help
lifetime: 8h
params:
  product: { type: text, required: true }
  size: { type: choice, values: [small, large] }
  amount: { type: integer, default: 1 }
  patience: { type: duration, default: 5m }
steps:
  settle:
    delay: 30s
  line_up:
    queue: { service: help, wait: 10m, skills: { law: 2 }, preferred: [anna, "${params.product}"] }
  look:
    check_position:
      - if: position <= 3
        then: stay
      - if: visits > params.amount
        then: give_up
      - else: stay
    save: { product: "at ${position}" }
  stay:
    wait: "${params.patience}"
    then: look
  give_up:
    cancel: "no help with ${params.product} of ${params.size}"
when: { expired: give_up, error: give_up }
"""
NEW = """\
workflow: help
version: 4
title: Help
description: Better
lifetime: 1d
params:
  product: { type: text }
  size: { type: choice, values: [small, huge], required: true }
  amount: { type: number, default: 1 }
  patience: { type: duration, default: 6m }
  colour: { type: text, required: true }
steps:
  line_up:
    queue: { service: help, wait: 20m, block_agent: false, skills: { law: 2 } }
    then: { timeout: look, completed: thank }
  look:
    check_position:
      - if: position <= 3
        then: give_up
      - else: stay
  stay:
    wait: "${params.patience}"
    then: look
  give_up:
    title: Give up
    end: "no help with ${params.product} of ${params.size} ${params.colour} ${params.amount}"
  thank:
    end: thanks
when: { error: give_up, aborted: give_up }
"""


def plan(source: str) -> Plan:
    compiled = compile_definition(source, FILE)
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def told(source: str, published: Published, *, breaks: bool = False) -> list[Finding]:
    return compare(compile_definition(source, FILE), FILE, published, breaks=breaks).findings


def test_what_would_be_refused_is_breaking() -> None:
    found = breaking(plan(OLD), plan(NEW))
    assert {each.param: each.message for each in found} == {
        "size": "the parameter 'size' takes no longer: large",
        "amount": "the parameter 'amount' was of type integer and is of type number",
        "colour": "the parameter 'colour' is new and required",
    }
    assert [each.message for each in found if each.param == "size"] == [
        "the parameter 'size' is required now",
        "the parameter 'size' takes no longer: large",
    ]
    [gone, required] = breaking(plan(NEW), plan(OLD))[:1] + breaking(plan(NEW), plan(OLD))[1:2]
    assert gone.message == "the parameter 'colour' is gone"
    assert required.message == "the parameter 'product' is required now"


def test_other_changes_break_nobody() -> None:
    wider = OLD.replace("[small, large]", "[small, large, huge]")
    wider = wider.replace("required: true", "default: printer").replace("5m", "7m")
    assert breaking(plan(OLD), plan(wider)) == ()
    optional = OLD.replace("params:\n", "params:\n  colour: { type: text }\n")
    assert breaking(plan(OLD), plan(optional)) == ()


def test_a_difference_is_told_property_by_property() -> None:
    assert (
        render(diff(plan(OLD), plan(NEW)))
        == """\
workflow help changed
  description added: Better
  lifetime: 8h → 1d
  start: settle → line_up
param product changed
  required removed: true
param size changed
  required added: true
  values: small, large → small, huge
  default removed: small
param amount changed
  type: integer → number
  default: 1 → 1.0
param patience changed
  default: 5m → 6m
param colour added: text
step settle removed: delay
step line_up changed
  wait: 10m → 20m
  preferred removed: [anna, ${params.product}]
  block_agent added: false
  then completed added: thank
step look changed
  if position <= 3: stay → give_up
  if visits > params.amount removed: give_up
  save product removed: at ${position}
step give_up changed
  kind: cancel → end
  reason removed: no help with ${params.product} of ${params.size}
  title added: Give up
  result added: no help with ${params.product} of ${params.size} ${params.colour} ${params.amount}
step thank added: end
handler expired removed: give_up
handler aborted added: give_up"""
    )


def test_a_difference_is_told_to_programs() -> None:
    found = [asdict(each) for each in diff(plan(OLD), plan(NEW)) if each.name == "settle"]
    assert found == [
        {
            "area": "step",
            "name": "settle",
            "change": "removed",
            "property": "",
            "old": "delay",
            "new": "",
        }
    ]


def test_the_same_has_no_difference() -> None:
    assert diff(plan(OLD), plan(OLD.replace("version: 3", "version: 4"))) == ()
    assert render(()) == ""


def test_an_order_of_cases_is_a_difference_of_its_own() -> None:
    lines = OLD.splitlines()
    at = lines.index("      - if: position <= 3")
    swapped = [*lines[:at], *lines[at + 2 : at + 4], *lines[at : at + 2], *lines[at + 4 :]]
    [found] = diff(plan(OLD), plan("\n".join(swapped)))
    assert found == Difference(
        "step",
        "look",
        "changed",
        "order of cases",
        "if position <= 3, if visits > params.amount, else",
        "if visits > params.amount, if position <= 3, else",
    )


def test_a_handler_that_leads_elsewhere_and_empty_values_are_told() -> None:
    other = OLD.replace("expired: give_up", "expired: bye").replace(
        "when:", '  bye:\n    end: ""\nwhen:'
    )
    assert render(diff(plan(OLD), plan(other))) == (
        "step bye added: end\nhandler expired changed\n  then: give_up → bye"
    )
    said = other.replace('end: ""', "end: bye")
    assert render(diff(plan(other), plan(said))) == 'step bye changed\n  result: "" → bye'


def test_published_with_other_content_is_found_at_the_number() -> None:
    published = Published({3: "other", 7: "more"}, None)
    [found] = told(OLD, published)
    assert (found.code, found.line, found.column, found.fix) == ("E601", 2, 10, "8")
    assert compare(compile_definition(OLD, FILE), FILE, published).plan is None
    assert told(OLD, Published({3: plan(OLD).digest})) == []
    assert Published({}).free == 1


def test_breaking_is_found_at_the_parameter() -> None:
    published = Published({3: plan(OLD).digest}, plan(OLD))
    found = told(NEW, published)
    assert [(each.code, each.line) for each in found] == [
        ("E602", 8),
        ("E602", 8),
        ("E602", 9),
        ("E602", 11),
    ]
    assert found[3].message == (
        "the parameter 'colour' is new and required, which breaks who sends tasks to version 3"
    )
    assert told(NEW, published, breaks=True) == []


@pytest.mark.parametrize(("params", "line"), [("params: { other: { type: text } }\n", 3), ("", 1)])
def test_what_is_gone_is_found_where_it_would_stand(params: str, line: int) -> None:
    source = f"workflow: help\nversion: 4\n{params}steps:\n  bye:\n    end: "
    source += '"${params.other}"\n' if params else "bye\n"
    found = told(source, Published({}, plan(OLD)))
    assert {each.line for each in found} == {line}
    assert len(found) == 4


def test_what_cannot_be_compiled_is_left_alone() -> None:
    broken = OLD.replace("delay", "dealy")
    compiled = compile_definition(broken, FILE)
    assert compare(compiled, FILE, Published({3: "other"})) is compiled


def test_a_canary_takes_its_share_and_always_the_same_tasks() -> None:
    tasks = [f"t-{number}" for number in range(10_000)]
    taken = {task for task in tasks if takes_canary(task, "help", 4, 10)}
    assert 900 < len(taken) < 1_100
    assert taken == {task for task in tasks if takes_canary(task, "help", 4, 10)}
    assert taken < {task for task in tasks if takes_canary(task, "help", 4, 20)}
    other = {task for task in tasks if takes_canary(task, "help", 5, 10)}
    assert len(taken & other) < 200


def test_a_plan_knows_where_a_task_is_in_each_step() -> None:
    assert standing(plan(OLD)) == {
        "settle": {"out"},
        "line_up": {"out", "in"},
        "look": {"in"},
        "stay": {"in"},
        "give_up": {"out", "in"},
    }
    beside = plan(NEW.replace("aborted: give_up", "accepted: thank"))
    assert standing(beside)["thank"] == {"agent", "out"}
    assert standing(beside)["give_up"] == {"agent", "out", "in"}


def test_what_follows_beside_an_agent_stays_there_and_a_rejected_move_keeps_its_place() -> None:
    found = standing(
        plan("""\
workflow: help
version: 1
steps:
  line_up: { queue: { service: help, wait: 5m }, then: { accepted: note, rejected: far } }
  over: { move: { service: other, wait: 1m }, then: { timeout: far, rejected: wait_on } }
  wait_on: { wait: 5m, then: far }
  far: { delay: 5m, then: end }
  note: { delay: 5m, then: far }
""")
    )
    assert found["note"] == {"agent"}
    assert found["far"] == {"agent", "out", "in"}
    assert found["wait_on"] == {"in"}
