"""The catalogue: names from tables and from what is published."""

from __future__ import annotations

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


async def test_the_catalogue_tells_names_and_what_handing_over_means(desk: Desk) -> None:
    assert (await desk.ok("GET", "/catalogue"))["calendars"] is None
    await desk.ok("POST", "/definitions", {"source": SOURCE % "asking"})
    service = {"name": "asks", "upn": "asks@acme.example", "workflow": "asking"}
    await desk.ok("POST", "/services", service)
    bare = {"name": "bare", "upn": "bare@acme.example"}
    await desk.ok("POST", "/services", bare)
    skilled = {"upn": "eve@acme.example", "skills": {"german": 3}}
    await desk.ok("POST", "/agents", skilled)

    told = await desk.ok("GET", "/catalogue")

    services = {each["name"]: each for each in told["services"]}
    assert services["asks"] == {
        "name": "asks",
        "workflow": "asking",
        "requires": {"product": "text"},
        "transfers": ["support"],
    }
    assert services["bare"]["transfers"] == []
    assert "eve@acme.example" in told["agents"]
    assert told["skills"] == ["german"]
    assert told["events"] == ["approval"]
