from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Extask

ESCALATE = """\
workflow: escalate
version: 1
lifetime: 1h
params: { product: { type: text, required: true } }
steps:
  line_up:
    queue: { service: support, wait: 10m }
    then: { timeout: look, rejected: over }
  look:
    check_position:
      - if: position <= 3
        then: stay
      - if: visits > 2
        then: over
      - else: push
  push:
    reprioritize: { by: 1 }
    then: stay
  stay:
    wait: 5m
    then: look
  over:
    cancel: over
"""
LOOP = """\
workflow: loop
version: 1
lifetime: 1h
steps:
  line_up:
    queue: { service: support, wait: 10m }
    then: { timeout: look, rejected: end }
  look:
    check_position:
      - if: position < 0
        then: never
      - else: stay
  stay:
    wait: 5m
    then: look
  never:
    end:
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    file = tmp_path / "escalate.workflow.yaml"
    file.write_text(ESCALATE)
    return str(file)


def cells(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines() if line]


def test_a_dry_run_is_told_line_by_line(extask: Extask, file: str) -> None:
    given = ("--param", "product=printer", "--accept-after", "17m", "--complete-after", "30m")
    ended = extask("definition", "simulate", file, *given, "--position", "12,2")
    assert ended.code == 0
    assert cells(ended.out) == [
        ["after", "step", "kind", "outcome", "priority", "by"],
        ["10m", "line_up", "queue", "timeout", "normal"],
        ["10m", "look", "check_position", "else", "normal"],
        ["10m", "push", "reprioritize", "done", "high"],
        ["15m", "stay", "wait", "timeout", "high"],
        ["15m", "look", "check_position", "case", "1", "high"],
        ["17m", "stay", "wait", "accepted", "high", "agent_1"],
        ["30m", "stay", "wait", "completed", "high", "agent_1"],
        ["ends:", "handled,", "after", "30m"],
    ]


def test_a_dry_run_is_told_to_programs(extask: Extask, file: str) -> None:
    given = ("--param", "product=printer", "--reject", "support", "--json")
    told = extask("definition", "simulate", file, *given).json
    assert (told["ends"], told["ended"], told["took"]) == ("cancelled: over", True, "0s")
    assert told["path"] == ["line_up", "over"]
    assert told["lines"][0] == {
        "after": "0s",
        "step": "line_up",
        "kind": "queue",
        "outcome": "rejected",
        "priority": "normal",
        "by": "service_full",
    }


def test_places_beyond_the_last_look_are_not_seen(extask: Extask, file: str) -> None:
    given = ("--param", "product=printer", "--accept-after", "12m", "--json")
    seen = extask("definition", "simulate", file, *given, "--position", "12").json
    assert extask("definition", "simulate", file, *given, "--position", "12,5,3").json == seen


def test_all_that_a_test_can_be_given_can_be_given(extask: Extask, file: str) -> None:
    more = "{ positions: [[0s, { position: 9, queue_length: 20 }]], params: { product: printer } }"
    ended = extask("definition", "simulate", file, "--given", more, "--lifetime", "12m")
    assert ended.code == 0
    assert ended.out.endswith("\nends: cancelled: lifetime over, after 12m\n")
    waits = extask("definition", "simulate", file, "--given", more, "--accept-after", "1m")
    assert waits.out.endswith("\nends: never: waits for an agent at line_up\n")


def test_the_path_is_painted_on_the_picture(extask: Extask, file: str) -> None:
    given = ("--param", 'product:="x"', "--reject", "support", "--trace", "mermaid")
    drawn = extask("definition", "simulate", file, *given).out
    assert drawn.startswith("flowchart TD\n")
    assert "class s_line_up,s_over walked" in drawn
    told = extask("definition", "simulate", file, *given, "--json").json
    assert told["mermaid"] == drawn
    svg = extask("definition", "simulate", file, *given[:-1], "svg").out
    assert svg.startswith("<svg ")
    assert svg.count(" walked") > 2


def test_what_cannot_be_read_is_misuse(extask: Extask, file: str) -> None:
    ended = extask("definition", "simulate", file)
    assert ended.code == 2
    assert ended.err == "error: the definition requires more: --param product=…\n"
    assert "is required" in extask("definition", "simulate", file, "--given", "{}").err
    assert extask("definition", "simulate", file, "--given", "[").code == 2
    ended = extask("definition", "simulate", file, "--param", "product=x", "--position", "front")
    assert ended.code == 2
    assert "'front' is not written as 12,9,4" in ended.err


def test_all_ends_are_found(extask: Extask, file: str) -> None:
    ended = extask("definition", "explore", file)
    assert ended.code == 0
    rows = ended.out.splitlines()
    assert [row.split("  ")[0] for row in rows[1:5]] == [
        "cancelled: by supervisor",
        "cancelled: lifetime over",
        "cancelled: over",
        "handled",
    ]
    assert rows[6] == "longest time to an end: 1h"
    assert rows[7].endswith("states that were told apart")
    told = extask("definition", "explore", file, "--json").json
    assert told["longest"] == "1h"
    assert told["ends"][2] == {
        "ends": "cancelled: over",
        "shortest": "0s",
        "longest": "55m",
        "path": ["line_up", "over"],
    }
    assert (told["loops"], told["unreached"], told["untaken"]) == ([], [], [])
    assert not told["met_bound"]


def test_loops_and_what_is_never_come_to_are_told(extask: Extask, tmp_path: Path) -> None:
    file = tmp_path / "loop.workflow.yaml"
    file.write_text(LOOP)
    told = extask("definition", "explore", str(file)).out.splitlines()
    assert "goes round in look, stay: only an agent, an abort or the end of its life stops it" in (
        told
    )
    assert "never came to 'never'" in told
    assert "never found that 'case 1' of 'look' leads to 'never'" in told


def test_a_bounded_search_says_so(extask: Extask, file: str) -> None:
    ended = extask("definition", "explore", file, "--states", "3")
    assert ended.out.splitlines()[-1] == (
        "stopped after 3 states: there is more than this (--states)"
    )
    assert "never came to 'stay'" in ended.out
