"""Findings for programs."""

from __future__ import annotations

import json

from extask.cli.formats import render_as
from extask.definition.checker import check
from extask.definition.finding import Finding

TEXT = "workflow: x\nversion: 1\nsteps: { a: { dely: 5m } }\n"
FOUND = check(TEXT, "a folder/x.workflow.yaml")
ODD = Finding("W701", "warning", "c:x,y%.yaml", 1, 2, 3, "50 %\nof it", "do\rit")
NOTE = Finding("N501", "note", "x.yaml", 1, 1, 2, "said", "so")


def test_json_lines_have_one_finding_each() -> None:
    first, second = render_as("jsonl", [*FOUND, ODD]).splitlines()
    assert json.loads(first)["code"] == "E104"
    assert json.loads(second)["message"] == "50 %\nof it"
    assert json.loads(render_as("json", FOUND))[0] == json.loads(first)


def test_commands_for_github_are_escaped() -> None:
    assert render_as("github", FOUND) == (
        "::error file=a folder/x.workflow.yaml,line=3,col=15,endColumn=19,title=E104::"
        "there is no kind 'dely' (help: did you mean 'delay'?)"
    )
    odd, note = render_as("github", [ODD, NOTE]).splitlines()
    assert odd.startswith("::warning file=c%3Ax%2Cy%25.yaml,line=1,col=2,endColumn=3,title=W701::")
    assert odd.endswith("::50 %25%0Aof it (help: do%0Dit)")
    assert note == "::notice file=x.yaml,line=1,col=1,endColumn=2,title=N501::said (help: so)"


def test_sarif_has_rules_results_and_fixes() -> None:
    log = json.loads(render_as("sarif", [*FOUND, ODD]))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["E104", "W701"]
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("E104", 0, "error")
    [place] = first["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20folder/x.workflow.yaml"},
        "region": {"startLine": 3, "startColumn": 15, "endColumn": 19},
    }
    [change] = first["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "delay"}
    assert second["level"] == "warning"
    assert "fixes" not in second
