from __future__ import annotations

from tests.support.command_line import Extask, FakeApi

TENANT = {"name": "acme", "max_concurrent_tasks": 1000, "presence_timeout": "2m"}


def test_the_tenants_limits_are_shown(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/tenants", {"value": [TENANT]})

    assert online("tenant", "show", "--json").json == TENANT
    assert api.last.key == "k-supervisor"


def test_the_tenants_limits_are_set(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/tenants", {"value": [TENANT]})
    api.answer("PATCH", "/tenants/acme", TENANT)

    said = ("max_concurrent_tasks=500", "presence_timeout=90s", "external_tasks_enabled=on")
    assert online("tenant", "set", *said).err == "acme is set\n"
    assert api.last.body == {
        "max_concurrent_tasks": 500,
        "presence_timeout": "90s",
        "external_tasks_enabled": True,
    }
    assert api.last.key == "k-admin"
    assert online("tenant", "set").code == 2
