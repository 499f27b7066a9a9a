from __future__ import annotations

from typing import Any

from tests.support.command_line import Extask, FakeApi

POOL: dict[str, Any] = {"name": "main", "level_worth": "60s", "version": 7, "acknowledged": 7}


def test_pools_are_listed(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/pools", {"value": [POOL]})

    assert online("pool", "list", "--json").json == [POOL]
    assert "main" in online("pool", "list").out
    assert api.last.key == "k-supervisor"


def test_a_pool_is_changed_or_added(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/pools", {"value": [POOL]})
    api.answer("PATCH", "/pools/main", POOL)
    api.answer("POST", "/pools", POOL)

    assert online("pool", "set", "main", "--level-worth", "30s").err == "main is set\n"
    assert api.last.body == {"level_worth": "30s"}
    assert online("pool", "set", "second").err == "second is added\n"
    assert api.last.body == {"name": "second"}
    assert api.last.key == "k-admin"


def test_services_and_agents_move(online: Extask, api: FakeApi) -> None:
    api.answer("PATCH", "/services/support", {"name": "support"})
    api.answer("PATCH", "/agents/a-1", {"id": "a-1"})

    assert online("service", "set", "support", "--pool", "second").code == 0
    assert api.last.body == {"pool": "second"}
    assert online("agent", "set", "a-1", "--pool", "second", "--service", "desk").code == 0
    assert api.last.body == {"services": {"desk": True}, "pool": "second"}
    assert online("service", "set", "support").code == 2
