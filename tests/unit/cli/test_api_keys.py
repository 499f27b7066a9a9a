from __future__ import annotations

from tests.support.command_line import Extask, FakeApi

KEY = {"id": "5e", "role": "flow", "name": "web shop", "agent": None}


def test_keys_are_listed(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/api-keys", {"value": [KEY]})

    assert online("api-key", "list", "--json").json == [KEY]
    assert api.last.key == "k-admin"


def test_a_key_is_made_and_shown_once(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/api-keys", {**KEY, "key": "xt_secret"})

    made = online("api-key", "add", "flow", "web shop")
    assert "xt_secret" in made.out
    assert made.err == "the key is shown this once; keep it\n"
    assert api.last.body == {"role": "flow", "name": "web shop"}
    until = ("--agent", "anna@acme.example", "--expires-at", "2027-01-31T00:00:00Z")
    assert online("api-key", "add", "agent", "Anna", *until).code == 0
    assert api.last.body == {
        "role": "agent",
        "name": "Anna",
        "agent": "anna@acme.example",
        "expires_at": "2027-01-31T00:00:00Z",
    }


def test_a_key_is_revoked(online: Extask, api: FakeApi) -> None:
    api.answer("DELETE", "/api-keys/5e", {}, status=204)

    assert online("api-key", "revoke", "5e").err == "5e is revoked\n"
