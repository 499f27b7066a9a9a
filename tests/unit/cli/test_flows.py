from __future__ import annotations

from typing import Any

from tests.support.command_line import Extask, FakeApi

FLOW: dict[str, Any] = {
    "name": "crm",
    "address": "https://crm.example/",
    "method": "PUT",
    "headers": {"Authorization": "Bearer {secret:crm_token}"},
    "inputs": {"customer": "text"},
    "outputs": {"tier": "text"},
}


def test_flows_are_listed_shown_set_and_removed(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/flows", {"value": [FLOW]})
    api.answer("GET", "/flows/crm", FLOW)
    api.answer("PUT", "/flows/crm", FLOW)
    api.answer("DELETE", "/flows/crm", {})

    assert online("flow", "list", "--json").json == [FLOW]
    assert "https://crm.example/" in online("flow", "list").out
    assert "{secret:crm_token}" in online("flow", "show", "crm").out
    given = ("--header", "Authorization=Bearer {secret:crm_token}", "--input", "customer=text")
    options = ("--address", FLOW["address"], "--method", "PUT", *given, "--output", "tier=text")
    assert online("flow", "set", "crm", *options).code == 0
    assert api.last.body == {name: value for name, value in FLOW.items() if name != "name"}
    assert online("flow", "set", "crm", "--address", "https://crm.example/").code == 0
    empty: dict[str, str] = {}
    assert api.last.body == {
        "address": "https://crm.example/",
        "method": "POST",
        "headers": empty,
        "inputs": empty,
        "outputs": empty,
    }
    assert online("flow", "delete", "crm").err == "crm is removed\n"
    assert online("flow", "set", "crm", "--address", "x", "--input", "customer").code == 2


def test_allowed_addresses_are_listed_shown_set_and_removed(online: Extask, api: FakeApi) -> None:
    allowed = {"name": "crm", "prefix": "https://crm.example/v1"}
    api.answer("GET", "/allowed-urls", {"value": [allowed]})
    api.answer("GET", "/allowed-urls/crm", allowed)
    api.answer("PUT", "/allowed-urls/crm", allowed)
    api.answer("DELETE", "/allowed-urls/crm", {})

    assert online("allowed-url", "list", "--json").json == [allowed]
    assert online("allowed-url", "show", "crm", "--json").json == allowed
    assert online("allowed-url", "set", "crm", "https://crm.example/v1").code == 0
    assert api.last.body == {"prefix": "https://crm.example/v1"}
    assert online("allowed-url", "delete", "crm").err == "crm is removed\n"
