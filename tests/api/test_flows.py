"""Flows and allowed addresses over HTTP: public, over https, with secrets by name, one's own."""

from __future__ import annotations

from typing import Any

import pytest

from api.ports import Ports
from tests.api.desk import Desk, furnish

FLOW: dict[str, Any] = {
    "address": "https://crm.example/find?sig={secret:crm_sig}",
    "method": "PUT",
    "headers": {"Authorization": "Bearer {secret:crm_token}", "X-Team": "blue"},
    "inputs": {"customer": "text"},
    "outputs": {"tier": "text", "since": "time"},
}


async def faults(desk: Desk, body: dict[str, Any], path: str = "/flows/crm") -> dict[str, str]:
    response = await desk.call("PUT", path, body)
    assert response.status_code == 400, response.text
    return {each["pointer"]: each["code"] for each in response.json()["faults"]}


async def test_a_flow_is_set_shown_listed_and_removed(desk: Desk) -> None:
    shown = {"name": "crm", **FLOW}
    assert await desk.ok("PUT", "/flows/crm", FLOW) == shown
    assert await desk.ok("GET", "/flows/crm", who="workflow_admin") == shown
    assert (await desk.ok("GET", "/flows", who="flow"))["value"] == [shown]
    short = {"address": "https://crm.example/"}
    assert (await desk.ok("PUT", "/flows/crm", short))["method"] == "POST"
    assert await desk.ok("DELETE", "/flows/crm") is None
    for method in ("GET", "DELETE"):
        assert (await desk.call(method, "/flows/crm")).status_code == 404


async def test_an_allowed_address_is_set_shown_listed_and_removed(desk: Desk) -> None:
    body = {"prefix": "https://crm.example/v1"}
    shown = {"name": "crm", **body}
    assert await desk.ok("PUT", "/allowed-urls/crm", body) == shown
    assert await desk.ok("GET", "/allowed-urls/crm") == shown
    assert (await desk.ok("GET", "/allowed-urls"))["value"] == [shown]
    assert await desk.ok("DELETE", "/allowed-urls/crm") is None
    for method in ("GET", "DELETE"):
        assert (await desk.call(method, "/allowed-urls/crm")).status_code == 404


async def test_tenants_see_and_change_their_own_only(desk: Desk) -> None:
    await furnish(desk, "other")
    desk.secrets["other"] = await desk.key("other", "tenant_admin")
    await desk.ok("PUT", "/flows/crm", FLOW)
    await desk.ok("PUT", "/allowed-urls/crm", {"prefix": "https://crm.example"})
    for noun in ("flows", "allowed-urls"):
        assert (await desk.ok("GET", f"/{noun}", who="other"))["value"] == []
        for method in ("GET", "DELETE"):
            response = await desk.call(method, f"/{noun}/crm", who="other")
            assert response.status_code == 404
        assert len((await desk.ok("GET", f"/{noun}"))["value"]) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://crm.example/",
        "crm.example",
        "https://localhost/",
        "http://localhost/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://me@crm.example/",
        "https://{secret:host}/",
        "https://crm.example/{secret}",
        "{secret:address}",
    ],
)
async def test_addresses_that_may_not_be_called_are_refused(desk: Desk, address: str) -> None:
    assert await faults(desk, {"address": address}) == {"/address": "bad_address"}
    path = "/allowed-urls/crm"
    assert await faults(desk, {"prefix": address}, path) == {"/prefix": "bad_address"}


async def test_development_lets_workflows_call_this_machine(desk: Desk) -> None:
    desk.app.state.ports = Ports(**{**vars(desk.ports), "loopback": True})
    await desk.ok("PUT", "/flows/crm", {"address": "http://127.0.0.1:8000/hook"})
    await desk.ok("PUT", "/allowed-urls/crm", {"prefix": "http://localhost:8000"})


async def test_what_looks_like_a_secret_has_to_be_named(desk: Desk) -> None:
    headers = {"Authorization": "Bearer abc", "X-Api-Key": "abc", "Cookie": "a=b", "X-Team": "blue"}
    address = "https://crm.example/?a=b&sig=abc&access_token={secret:t}&code=xyz"
    assert await faults(desk, {"address": address, "headers": headers}) == {
        "/address": "secret_as_literal",
        "/headers/Authorization": "secret_as_literal",
        "/headers/X-Api-Key": "secret_as_literal",
        "/headers/Cookie": "secret_as_literal",
    }


async def test_headers_are_plain_text_and_none_that_the_call_sets(desk: Desk) -> None:
    headers = {
        "Host": "evil.example",
        "Idempotency-Key": "x",
        "Content-Length": "1",
        "X-A": "a\r\nb: c",
        "X-B": "{secret:Bad}",
        "X-C": "ü",
        "bad name": "x",
    }
    found = await faults(desk, {"address": "https://crm.example/", "headers": headers})
    assert found == {"/headers/bad name/[key]": "bad_form"}
    del headers["bad name"]
    assert await faults(desk, {"address": "https://crm.example/", "headers": headers}) == {
        "/headers/Host": "not_one_of",
        "/headers/Idempotency-Key": "not_one_of",
        "/headers/Content-Length": "not_one_of",
        "/headers/X-A": "bad_form",
        "/headers/X-B": "bad_form",
        "/headers/X-C": "bad_form",
    }


async def test_declarations_are_of_known_types(desk: Desk) -> None:
    body = {"address": "https://crm.example/", "inputs": {"a": "string"}, "method": "TRACE"}
    assert await faults(desk, body) == {"/inputs/a": "not_one_of", "/method": "not_one_of"}


async def test_a_prefix_ends_before_any_question(desk: Desk) -> None:
    body = {"prefix": "https://crm.example/?a="}
    assert await faults(desk, body, "/allowed-urls/crm") == {"/prefix": "bad_form"}
