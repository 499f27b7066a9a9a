from __future__ import annotations

from tests.support.command_line import Extask, FakeApi


def test_duty_profiles_are_listed_set_and_removed(online: Extask, api: FakeApi) -> None:
    profile = {"name": "on_call", "responsibilities": ["visits"]}
    api.answer("GET", "/duty-profiles", {"value": [profile]})
    api.answer("PUT", "/duty-profiles/on_call", profile)
    api.answer("DELETE", "/duty-profiles/on_call", {})

    assert online("duty-profile", "list", "--json").json == [profile]
    assert online("duty-profile", "set", "on_call", "visits").code == 0
    assert api.last.body == {"responsibilities": ["visits"]}
    assert online("duty-profile", "set", "on_call").code == 0
    assert api.last.body == {"responsibilities": []}
    assert online("duty-profile", "remove", "on_call").err == "on_call is removed\n"
