from __future__ import annotations

from typing import Any

from tests.api.desk import Desk

SOURCE = """\
workflow: greet
version: 1
params: { who: { type: text, required: true } }
steps:
  line_up:
    queue: { wait: 5m }
    then: { rejected: full }
  ask:
    call: { flow: crm, body: { who: "${params.who}" } }
    then: { ok: late, failed: late }
  late:
    cancel: "${params.who} has to wait"
  full:
    cancel: full
"""


async def simulated(desk: Desk, **body: object) -> dict[str, Any]:
    answer: dict[str, Any] = await desk.ok(
        "POST", "/definitions/simulate", {"source": SOURCE, **body}, who="workflow_admin"
    )
    return answer


async def test_a_definition_runs_in_the_world_that_is_given(desk: Desk) -> None:
    given = {"params": {"who": "anna"}, "calls": {"ask": {"status": 200}}}
    answer = await simulated(desk, given=given)
    assert (answer["ok"], answer["findings"]) == (True, [])
    assert answer["run"] == {
        "ends": "cancelled: anna has to wait",
        "ended": True,
        "took": "5m",
        "priority": "normal",
        "params": {"who": "anna"},
        "path": ["line_up", "ask", "late"],
        "lines": [
            line("5m", "line_up", "queue", "timeout"),
            line("5m", "ask", "call", "ok"),
            line("5m", "late", "cancel", "cancelled"),
        ],
        "calls": [{"after": "5m", "step": "ask", "body": {"who": "anna"}}],
    }


def line(after: str, step: str, kind: str, outcome: str) -> dict[str, str]:
    told = {"after": after, "step": step, "kind": kind, "outcome": outcome}
    return {**told, "priority": "normal", "by": ""}


async def test_what_is_wrong_is_told_and_nothing_runs(desk: Desk) -> None:
    answer = await simulated(desk, source=SOURCE.replace("wait:", "wiat:"))
    assert (answer["ok"], answer["run"]) == (False, None)
    assert "E104" in codes(answer)

    answer = await simulated(desk, given={"positions": 5})
    assert (answer["ok"], answer["run"]) == (False, None)
    assert sorted(codes(answer)) == ["E105", "E106"]


def codes(answer: dict[str, Any]) -> list[str]:
    return [found["code"] for found in answer["findings"]]


async def test_agents_have_no_dry_runs(desk: Desk) -> None:
    refused = await desk.call("POST", "/definitions/simulate", {"source": SOURCE}, who="agent")
    assert refused.status_code == 403
