"""Findings are shown with the line, a caret and what to type; plans are drawn."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extask.definition import captions
from extask.definition.checker import check
from extask.definition.compiler import compile_definition
from extask.definition.graph import mermaid
from extask.definition.render import render, render_all, render_json

BAD = """\
workflow: bad
version: 1
steps:
  line_up:
    queue:
      service: support
      priorty: high
    then: { rejected: end }
"""


def test_a_finding_is_shown_as_the_language_promises() -> None:
    (finding,) = check(BAD, "bad.workflow.yaml")
    assert render_all([finding], BAD) == (
        "bad.workflow.yaml:7:7: error: 'queue' has no property 'priorty' [E104]\n"
        "  |\n"
        "7 |       priorty: high\n"
        "  |       ^~~~~~~\n"
        "  = help: did you mean 'priority'?"
    )


def test_tabs_stay_tabs_below_the_line_and_a_missing_line_is_left_out() -> None:
    (finding,) = check(BAD, "bad.workflow.yaml")
    tabbed = replace(finding, line=1, column=3, end_column=4)
    assert "\n  | \t ^\n" in render(tabbed, b"\ta: b")
    assert render(replace(finding, line=99), BAD).count("\n") == 1


def test_findings_are_written_as_json() -> None:
    assert json.loads(render_json(check(BAD, "bad.workflow.yaml"))) == [
        {
            "code": "E104",
            "severity": "error",
            "file": "bad.workflow.yaml",
            "line": 7,
            "column": 7,
            "end_column": 14,
            "message": "'queue' has no property 'priorty'",
            "help": "did you mean 'priority'?",
            "path": "steps.line_up.queue.priorty",
            "fix": "priority",
        }
    ]


def test_a_plan_is_drawn_with_its_path_and_present_step() -> None:
    plan = compile_definition(
        """
workflow: drawn
version: 1
steps:
  look:
    check:
      - if: visits > 3 && task.id != "#1"
        then: give_up
      - else: pause
  pause:
    delay: 5m
    title: A short pause
    then: end
  give_up:
    cancel: too "late"
when: { expired: give_up }
""",
        "drawn.workflow.yaml",
    ).plan
    assert plan is not None
    assert mermaid(plan, ["look", "pause"], "pause") == (
        "flowchart TD\n"
        '  start_("drawn") --> s_look\n'
        '  s_look{"look<br/>check"}\n'
        '  s_look -- "visits #gt; 3 #amp;#amp; task.id != #quot;#35;1#quot;" --> s_give_up\n'
        '  s_look -- "else" --> s_pause\n'
        '  s_pause["A short pause<br/>delay 5m"]\n'
        '  s_pause -- "done" --> s_end\n'
        '  s_give_up(["give_up<br/>cancel too #quot;late#quot;"])\n'
        '  when_expired>"when expired<br/>after 1d"] -.-> s_give_up\n'
        "  s_end((end))\n"
        "  classDef walked stroke-width:3px\n"
        "  class s_look,s_pause walked\n"
        "  classDef now stroke-width:5px,stroke-dasharray:4\n"
        "  class s_pause now\n"
    )
    assert "classDef" not in mermaid(plan)
    assert "s_end" not in mermaid(plan.model_copy(update={"steps": {"a": plan.steps["give_up"]}}))


CAPTIONS = {
    "delay: 90s": ("delay 1m30s",),
    "delay: { until: 2026-03-01T12:00:00Z }": ("delay until 2026-03-01T12:00:00Z",),
    "queue: { wait: 10m, prefer_for: 1m, service: x, preferred: [a] }": (
        "queue x",
        "wait 10m, prefer_for 1m",
    ),
    'queue: "${params.team}"': ("queue ${params.team}",),
    "wait_for: { event: approved, for: 2h }": ("wait_for approved", "for 2h"),
    "call: { url: https://a.example/x, timeout: 3s }": (
        "call https://a.example/x",
        "timeout 3s",
    ),
    "reprioritize: { by: 2 }": ("reprioritize by 2",),
    "reprioritize: high": ("reprioritize high",),
    "set: { pause: 1h }": ("set",),
    'cancel: "sorry ${task.id}"': ("cancel",),
}


@pytest.mark.parametrize(("text", "said"), CAPTIONS.items(), ids=CAPTIONS)
def test_a_picture_says_what_a_step_does_and_how_long_it_may_take(
    text: str, said: tuple[str, ...]
) -> None:
    first = "  q: { queue: { wait: 0s } }\n" if text.startswith("reprioritize") else ""
    ways = "    then: { timeout: end }\n" if "wait" in text else ""
    source = (
        "workflow: x\nversion: 1\nparams:\n  team: { type: choice, values: [a, b] }\n"
        f"  pause: {{ type: duration, default: 1h }}\nsteps:\n{first}  a:\n    {text}\n{ways}"
        "  b: { end: }\nwhen: { error: b, accepted: b }\n"
    )
    compiled = compile_definition(source, "x.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    assert captions.of_step(compiled.plan.steps["a"]) == said
    assert captions.of_event(compiled.plan, "error") == ("when error",)
