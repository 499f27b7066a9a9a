from __future__ import annotations

from typing import Any

import pytest

from extask.cli import pairs
from tests.support.command_line import Extask, FakeApi

AGENT: dict[str, Any] = {
    "id": "a-1",
    "upn": "anna@demo.example",
    "display_name": "Anna",
    "simultaneous_non_blocking_external_tasks": 1,
    "services": {"support": True, "frontdesk": False},
    "skills": {"german": 3, "law": 1},
    "presence": "available",
    "on_duty": True,
    "duty_profile": "on_call",
    "rona": False,
}
SERVICE: dict[str, Any] = {"name": "support", "workflow": None, "rona_timeout": "20s"}


def test_agents_are_listed_with_state_and_services(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/agents", {"value": [AGENT]})

    assert online("agent", "list", "--json").json == [AGENT]
    shown = online("agent", "list").out
    assert "available  yes      on_call       no" in shown
    assert "support, frontdesk (off)  german 3, law 1" in shown


def test_setting_an_agent_changes_settings_and_state(online: Extask, api: FakeApi) -> None:
    api.answer("PATCH", "/agents/anna@demo.example", AGENT)
    api.answer("PUT", "/agents/anna@demo.example/state", {**AGENT, "presence": "away"})

    ended = online(
        *("agent", "set", "anna@demo.example", "--presence", "away", "--off-duty"),
        *("--clear-rona", "--simultaneous", "3", "--display-name", "Ann"),
        *("--service", "support", "--service", "frontdesk=off", "--skill", "german=3", "--json"),
    )

    assert ended.json["presence"] == "away"
    patched, put = api.asked
    assert patched.key == "k-admin"
    assert patched.body == {
        "simultaneous_non_blocking_external_tasks": 3,
        "services": {"support": True, "frontdesk": False},
        "skills": {"german": 3},
        "display_name": "Ann",
    }
    assert put.body == {"presence": "away", "on_duty": False, "clear_rona": True}


def test_only_what_is_said_is_sent(online: Extask, api: FakeApi) -> None:
    api.answer("PATCH", "/agents/a-1", AGENT)
    api.answer("PUT", "/agents/a-1/state", AGENT)

    assert online("agent", "set", "a-1", "--simultaneous", "0").code == 0
    assert online("agent", "set", "a-1", "--on-duty", "--as", "supervisor").code == 0

    assert [asked.method for asked in api.asked] == ["PATCH", "PUT"]
    assert api.last.key == "k-supervisor"


def test_an_agent_is_added_with_all_that_is_said(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/agents", AGENT)

    upn = "anna@demo.example"
    ended = online("agent", "add", upn, "--service", "support", "--skill", "law=1", "--pool", "far")

    assert (ended.code, ended.err) == (0, f"{upn} is added\n")
    assert api.last.key == "k-admin"
    assert api.last.body == {
        "upn": upn,
        "pool": "far",
        "services": {"support": True},
        "skills": {"law": 1},
    }


def test_a_service_is_added_with_its_settings(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/services", SERVICE)

    ended = online("service", "add", "sales", "sales@demo.example", "workflow=plain", "acw=30s")

    assert (ended.code, ended.err) == (0, "sales is added\n")
    named = {"name": "sales", "upn": "sales@demo.example"}
    assert api.last.body == {**named, "workflow": "plain", "acw": "30s"}


def test_setting_nothing_of_an_agent_is_misuse(online: Extask) -> None:
    assert online("agent", "set", "a-1").code == 2
    wrong = online("agent", "set", "a-1", "--service", "support=maybe")
    assert (wrong.code, wrong.err) == (
        2,
        "error: 'support=maybe': write NAME, NAME=on or NAME=off\n",
    )
    assert "write NAME=LEVEL" in online("agent", "set", "a-1", "--skill", "german").err


def test_services_are_listed_and_set(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/services", {"value": [SERVICE]})
    api.answer("PATCH", "/services/support", SERVICE)

    assert online("service", "list", "--json").json == [SERVICE]
    assert "support" in online("service", "list").out
    assert online("service", "set", "support", "acw=30s", "rona_flag=off").code == 0
    assert api.last.body == {"acw": "30s", "rona_flag": False}
    assert api.last.key == "k-admin"


@pytest.mark.parametrize(
    ("pair", "read"),
    [
        ("acw=30s", ("acw", "30s")),
        ("max_waiting=100", ("max_waiting", 100)),
        ("keep_place=Yes", ("keep_place", True)),
        ("display_name=12", ("display_name", "12")),
        ("description=off", ("description", "off")),
        ("max_waiting:=null", ("max_waiting", None)),
        ('workflow:="12"', ("workflow", "12")),
        ("max_waiting=-1", ("max_waiting", -1)),
        ("description=a=b", ("description", "a=b")),
    ],
)
def test_settings_are_read_as_they_look(pair: str, read: tuple[str, object]) -> None:
    assert pairs.setting(pair) == read
