"""The catalogue: names from tables and from what is published, and publishing held against it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import Desk

SOURCE = """\
workflow: %s
version: 1
params:
  product: { type: text, required: true }
steps:
  begin:
    wait_for: { event: approval, for: 1h }
    then: { arrived: hand_over, timeout: hand_over }
  hand_over:
    transfer: support
    then: { rejected: sorry }
  sorry:
    cancel: "nobody is there for ${params.product}"
"""


FLOW = {
    "address": "https://crm.example/find",
    "inputs": {"customer": "text"},
    "outputs": {"tier": "text"},
}
EVERYTHING = """\
workflow: everything
version: 1
steps:
  hours:
    check_hours: office
    then: { open: ask, closed: own }
  ask:
    call: { flow: crm, body: { customer: "${task.customer_identifier}" } }
    then: { ok: own, failed: own }
  own:
    call: { url: "https://hooks.example/v1/begun" }
    then: { ok: line_up, failed: line_up }
  line_up:
    queue: { service: support, preferred: [anna@acme.example], skills: { german: 2 } }
    then: { rejected: sorry }
  sorry:
    cancel: nobody takes it
"""
SLIPS = [
    ("check_hours: office", "check_hours: offcie", "E502", "did you mean 'office'?"),
    ("flow: crm", "flow: cmr", "E504", "did you mean 'crm'?"),
    ("customer:", "custmer:", "E510", "customer"),
    ("hooks.example/v1/", "hooks.example/v2/", "E509", "https://hooks.example/v1/"),
    ("service: support", "service: suport", "E501", "did you mean 'support'?"),
    ("anna@acme", "hanna@acme", "E503", "did you mean 'anna@acme.example'?"),
    ("german: 2", "gorman: 2", "E507", "did you mean 'german'?"),
]
RING = """\
workflow: %s
version: 1
steps:
  hand_over:
    transfer: %s
    then: { rejected: end }
"""


async def furnished(desk: Desk) -> None:
    """Give the tenant every sort of name."""
    await desk.ok("PUT", "/calendars/office", {"hours": "Mo-Fr 08:00-18:00"})
    await desk.ok("PUT", "/flows/crm", FLOW)
    await desk.ok("PUT", "/allowed-urls/hooks", {"prefix": "https://hooks.example/v1/"})
    skilled = {"upn": "eve@acme.example", "skills": {"german": 3}}
    await desk.ok("POST", "/agents", skilled)


async def served(desk: Desk, name: str, workflow: str) -> None:
    body = {"name": name, "upn": f"{name}@acme.example", "workflow": workflow}
    await desk.ok("POST", "/services", body)


async def refused(desk: Desk, source: str, path: str = "/definitions") -> list[Any]:
    response = await desk.call("POST", path, {"source": source, "file": "my.yaml"})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "definition_rejected"), problem
    assert [each["code"] for each in problem["faults"]] == [
        each["code"] for each in problem["findings"]
    ]
    return list(problem["findings"])


async def test_the_catalogue_tells_names_and_what_handing_over_means(desk: Desk) -> None:
    bare = await desk.ok("GET", "/catalogue")
    assert [bare[each] for each in ("calendars", "flows", "urls", "events")] == [[], [], [], []]
    await furnished(desk)
    await desk.ok("POST", "/definitions", {"source": SOURCE % "asking"})
    await served(desk, "asks", "asking")

    told = await desk.ok("GET", "/catalogue")

    services = {each["name"]: each for each in told["services"]}
    assert services["asks"] == {
        "name": "asks",
        "workflow": "asking",
        "requires": {"product": "text"},
        "transfers": ["support"],
    }
    assert services["idle"]["transfers"] == []
    assert "eve@acme.example" in told["agents"]
    assert told["skills"] == ["german"]
    assert told["events"] == ["approval"]
    assert told["calendars"] == ["office"]
    flow = {"name": "crm", "inputs": FLOW["inputs"], "outputs": FLOW["outputs"]}
    assert told["flows"] == [flow]
    assert told["urls"] == ["https://hooks.example/v1/"]


async def test_what_uses_known_names_is_published(desk: Desk) -> None:
    await furnished(desk)
    checked = await desk.ok("POST", "/definitions/check", {"source": EVERYTHING})
    assert (checked["ok"], checked["findings"]) == (True, [])
    assert (await desk.ok("POST", "/definitions", {"source": EVERYTHING}))["findings"] == []


@pytest.mark.parametrize(("right", "wrong", "code", "said"), SLIPS, ids=lambda each: each[:12])
async def test_an_unknown_name_is_refused_at_its_place(
    desk: Desk, right: str, wrong: str, code: str, said: str
) -> None:
    await furnished(desk)
    source = EVERYTHING.replace(right, wrong, 1)
    before = source[: source.index(wrong)]

    findings = await refused(desk, source)

    assert {each["code"] for each in findings} == {code}
    first = findings[0]
    assert (first["file"], first["line"]) == ("my.yaml", before.count("\n") + 1)
    assert first["column"] > 1
    assert said in first["help"] + first["message"]
    told = await desk.ok("POST", "/definitions/check", {"source": source, "file": "my.yaml"})
    assert (told["ok"], told["findings"]) == (False, findings)
    assert (told["workflow"], told["version"]) == ("everything", 1)


async def test_a_draft_may_use_names_that_are_not_there_yet(desk: Desk) -> None:
    saved = await desk.ok("PUT", "/definitions/everything/draft", {"source": EVERYTHING})
    assert (saved["ok"], saved["version"]) == (False, 1)
    assert "E502" in {each["code"] for each in saved["findings"]}
    await refused_draft(desk)
    await furnished(desk)
    assert (await desk.ok("GET", "/definitions/everything/draft"))["ok"]
    await desk.ok("POST", "/definitions/everything/draft/publish", {})
    wrong = await desk.call("PUT", "/definitions/other/draft", {"source": EVERYTHING})
    assert wrong.status_code == 400


async def refused_draft(desk: Desk) -> None:
    response = await desk.call("POST", "/definitions/everything/draft/publish", {})
    assert response.json()["findings"]
    assert await desk.ok("GET", "/definitions/everything/draft")


async def test_what_is_published_stays_so_when_a_name_goes(desk: Desk) -> None:
    await furnished(desk)
    await desk.ok("POST", "/definitions", {"source": EVERYTHING})
    await desk.ok("DELETE", "/calendars/office")
    again = await desk.call("POST", "/definitions", {"source": EVERYTHING})
    assert again.status_code == 200
    assert [each["code"] for each in again.json()["findings"]] == ["E502"]
    await refused(desk, EVERYTHING.replace("version: 1", "version: 2"))
    await refused(desk, EVERYTHING.replace("version: 1", "version: 1.5"))


async def test_transfers_must_not_go_in_a_circle_nor_lack_a_parameter(desk: Desk) -> None:
    for name in ("here", "there"):
        await served(desk, name, name)
    await desk.ok("POST", "/definitions", {"source": RING % ("here", "there")})
    [circle] = await refused(desk, RING % ("there", "here"))
    assert (circle["code"], circle["line"], circle["column"]) == ("E511", 5, 15)
    [lacking] = await refused(desk, RING % ("there", "support"))
    assert (lacking["code"], "'product'" in lacking["message"]) == ("E512", True)


async def test_a_circle_that_counts_its_rounds_is_none(desk: Desk) -> None:
    for name in ("here", "there"):
        await served(desk, name, name)
    counts = (RING % ("here", "there")).replace(
        "steps:\n",
        "steps:\n  ask:\n    check:\n      - if: task.transfers > 3\n        then: end\n"
        "      - else: hand_over\n",
    )
    await desk.ok("POST", "/definitions", {"source": counts})
    await desk.ok("POST", "/definitions", {"source": RING % ("there", "here")})
