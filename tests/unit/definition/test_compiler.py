"""A definition becomes a plan; its identity is what it says, not how it is laid out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from extask.definition.compiler import compile_definition
from extask.definition.plan import (
    Case,
    Expression,
    Listed,
    Literally,
    Mapped,
    Plan,
    Template,
)

SHIPPED = Path(__file__).parents[3] / "definitions"


def plan_of(text: str) -> Plan:
    compiled = compile_definition(text, "example.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def steps(text: str, params: str = "") -> Plan:
    return plan_of(f"workflow: example\nversion: 1\nparams: {{{params}}}\nsteps:\n{text}")


@pytest.mark.parametrize(
    "file", sorted(SHIPPED.glob("*.workflow.yaml")), ids=lambda file: file.stem
)
def test_what_is_shipped_has_no_findings_and_tests_beside_it(file: Path) -> None:
    compiled = compile_definition(file.read_bytes(), file.name)
    assert compiled.findings == []
    assert compiled.plan is not None
    assert file.name == f"{compiled.plan.workflow}.workflow.yaml"
    assert file.with_name(f"{compiled.plan.workflow}.test.yaml").exists()


def test_the_example_compiles_to_what_the_engine_runs() -> None:
    plan = plan_of((SHIPPED / "support_escalate.workflow.yaml").read_text())
    assert (plan.start, plan.lifetime) == ("settle", timedelta(hours=8))
    assert plan.when == {"expired": "give_up", "error": "give_up"}
    assert plan.steps["settle"].properties == {"for": Literally(value=30)}
    assert plan.steps["settle"].then == {"done": "line_up"}
    assert plan.steps["hand_over"].then == {"rejected": "stay"}
    assert plan.steps["look"].cases[0] == Case(condition="position <= 3", target="stay")
    assert plan.steps["look"].cases[-1] == Case(condition=None, target="push")
    assert plan.steps["give_up"].properties["reason"] == Template(
        template=("nobody could help with ", Expression(expression="params.product"), " in time")
    )
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_every_form_of_value_is_compiled() -> None:
    plan = steps(
        """
  line_up:
    queue:
      service: ${params.desk}
      priority: high
      wait: ${params.pause}
      preferred: [anna, "${params.host}", { agent: ben, priority: "${visits}" }]
      prefer_for: PT2M
      preferred_only: ${params.pause > duration('5m')}
      exclude: ${params.team}
      skills: { german: 2, french: "${visits}" }
      distribution: broadcast
      block_agent: false
    title: Line up
    note: Nothing to say
    then: { timeout: later, rejected: end }
  later:
    set: { host: "$${ ${visits} {}", share: 0.5, at: 2026-03-01T13:00:00+01:00, team: [x, y] }
  note:
    set: { share: "${visits}", urgent: true, tries: -4, desk: sales, host: "$${literal}" }
  look:
    check_position:
      - else: pause
    save: { tries: "${position + 1}" }
  pause:
    delay: { until: "${params.at + duration('1h')}" }
    then: end
""",
        "desk: {type: choice, values: [help, sales]}, pause: {type: duration, default: 5m},"
        "host: {type: text}, team: {type: list}, share: {type: number},"
        "at: {type: time, required: true}, urgent: {type: boolean},"
        "tries: {type: integer}",
    )
    line_up = plan.steps["line_up"]
    assert line_up.properties == {
        "service": Expression(expression="params.desk"),
        "priority": Literally(value="high"),
        "wait": Expression(expression="params.pause"),
        "preferred": Listed(
            items=(
                Literally(value="anna"),
                Expression(expression="params.host"),
                Mapped(
                    entries={
                        "agent": Literally(value="ben"),
                        "priority": Expression(expression="visits"),
                    }
                ),
            )
        ),
        "prefer_for": Literally(value=120),
        "preferred_only": Expression(expression="params.pause > duration('5m')"),
        "exclude": Expression(expression="params.team"),
        "skills": Mapped(
            entries={"german": Literally(value=2), "french": Expression(expression="visits")}
        ),
        "distribution": Literally(value="broadcast"),
        "block_agent": Literally(value=False),
    }
    assert (line_up.title, line_up.note, line_up.line) == ("Line up", "Nothing to say", 6)
    assert plan.steps["later"].properties == {
        "host": Template(template=("${ ", Expression(expression="visits"), " {}")),
        "share": Literally(value=0.5),
        "at": Literally(value="2026-03-01T12:00:00Z"),
        "team": Literally(value=["x", "y"]),
    }
    assert plan.steps["note"].properties["host"] == Literally(value="${literal}")
    assert plan.steps["note"].properties["share"] == Expression(expression="visits")
    assert plan.steps["look"].save == {"tries": Expression(expression="position + 1")}
    assert plan.steps["look"].then == {}
    assert plan.steps["pause"].then == {"done": "end"}


def test_braces_and_quotes_inside_an_expression_do_not_end_it() -> None:
    plan = steps("""  a: { cancel: "${ {'}': 'b'}['}'] } and ${visits}" }""")
    assert plan.steps["a"].properties["reason"] == Template(
        template=(
            Expression(expression=" {'}': 'b'}['}'] "),
            " and ",
            Expression(expression="visits"),
        )
    )


def test_a_queue_without_wait_has_no_main_way_on() -> None:
    plan = steps("  a:\n    queue:\n    then: { completed: end }\nwhen: { error: end }")
    assert plan.steps["a"].then == {"completed": "end"}
    assert plan.steps["a"].properties == {}


def test_a_start_may_be_named() -> None:
    plan = plan_of(
        "workflow: w\nversion: 1\nstart: b\nsteps: {a: {end: x}, b: {delay: 1s, then: a}}"
    )
    assert plan.start == "b"


BASE = "workflow: w\nversion: 1\nsteps:\n  a: { delay: 5m, then: b }\n  b: { end: done }\n"


@pytest.mark.parametrize(
    "same",
    [
        "# a comment\n" + BASE,
        BASE.replace("{ end: done }", '{ end: "done" }'),
        BASE.replace("{ end: done }", "\n    end: done"),
        BASE.replace("workflow: w\nversion: 1\n", "version: 1\nworkflow: w\n"),
        BASE.replace("delay: 5m, then: b", "then: b, delay: 5m"),
        "\ufeff" + BASE,
        BASE.replace("\n", "\r\n"),
    ],
)
def test_layout_and_comments_do_not_change_the_digest(same: str) -> None:
    assert plan_of(same).digest == plan_of(BASE).digest


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("done", "over"),
        BASE.replace("version: 1", "version: 2"),
        BASE.replace("5m", "300s"),
        "workflow: w\nversion: 1\nstart: a\nsteps: { b: { end: done }, a: { delay: 5m, then: b } }",
    ],
)
def test_any_other_content_changes_the_digest(other: str) -> None:
    assert plan_of(other).digest != plan_of(BASE).digest
    assert len(plan_of(BASE).digest) == 64
