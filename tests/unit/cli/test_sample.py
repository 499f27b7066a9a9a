from __future__ import annotations

from typing import Any

from extask.cli import sample
from extask.cli.connection import Api
from extask.cli.credentials import Role
from extask.definition.catalogue import told_catalogue
from extask.definition.compiler import compile_definition
from tests.support.command_line import Asked, FakeApi


def served(api: FakeApi) -> dict[str, list[Any]]:
    """Let the fake API keep what it is given."""
    kept: dict[str, list[Any]] = {"/services": [], "/agents": [], "/definitions": []}

    def keep(asked: Asked) -> Any:
        kept[asked.path].append(asked.body)
        return asked.body

    for path, values in kept.items():
        api.answer("POST", path, keep, status=201)
        api.answer("GET", path, lambda _, values=values: {"value": values})
    api.answer("PUT", "/calendars/office", {})
    for agent in sample.AGENTS:
        api.answer("PUT", f"/agents/{agent['upn']}/state", {})
    return kept


def load(api: FakeApi) -> None:
    def seen_by(role: Role) -> Api:
        return Api(api.url, role)

    sample.load(seen_by)


def test_the_sample_is_loaded_and_everybody_is_available(api: FakeApi) -> None:
    kept = served(api)
    load(api)

    assert [service["name"] for service in kept["/services"]] == [
        "frontdesk",
        "support",
        "support_backup",
    ]
    assert len(kept["/agents"]) == 5
    assert len(kept["/definitions"]) == 4
    [calendar, *states] = [asked.body for asked in api.asked if asked.method == "PUT"]
    assert calendar == sample.CALENDAR
    assert states == [{"presence": "available"}] * 5
    paths = [asked.path for asked in api.asked if asked.method == "POST"]
    assert paths == sorted(paths, key=["/services", "/agents", "/definitions"].index)


def test_a_load_that_broke_off_is_finished_by_the_next(api: FakeApi) -> None:
    kept = served(api)
    kept["/services"].append(dict(sample.SERVICES[0]))
    kept["/agents"].append(dict(sample.AGENTS[0]))
    load(api)

    assert [each["upn"] for each in kept["/services"]] == [each["upn"] for each in sample.SERVICES]
    assert [each["upn"] for each in kept["/agents"]] == [each["upn"] for each in sample.AGENTS]


def test_only_agents_without_a_key_get_one(api: FakeApi) -> None:
    api.answer("POST", "/api-keys", lambda asked: {"key": f"new-{asked.body['agent']}"})

    keys = sample.agent_keys(Api(api.url, "k"), {"anna@demo.example": "old"})

    assert keys["anna@demo.example"] == "old"
    assert keys["ben@demo.example"] == "new-ben@demo.example"
    assert list(keys) == [agent["upn"] for agent in sample.AGENTS]
    assert api.last.body["role"] == "agent"


def test_the_services_of_the_sample_run_the_workflows_that_it_publishes() -> None:
    plans = [
        compile_definition((sample.DEFINITIONS / f"{name}.workflow.yaml").read_text(), name).plan
        for name in sample.PUBLISHED
    ]
    names = {plan.workflow for plan in plans if plan is not None}
    assert {service["workflow"] for service in sample.SERVICES} <= names
    assert {name for agent in sample.AGENTS for name in agent["services"]} == {
        service["name"] for service in sample.SERVICES
    }


def test_every_shipped_definition_that_calls_no_flow_fits_the_sample() -> None:
    names = told_catalogue(
        {
            "services": [service["name"] for service in sample.SERVICES],
            "calendars": ["office"],
            "agents": [agent["upn"] for agent in sample.AGENTS],
            "flows": [],
            "skills": [skill for agent in sample.AGENTS for skill in agent.get("skills", ())],
        }
    )
    refused = {
        file.name.partition(".")[0]: {each.code for each in compiled.findings}
        for file in sample.DEFINITIONS.glob("*.workflow.yaml")
        if (compiled := compile_definition(file.read_text(), file.name, names)).plan is None
    }
    assert refused == {"approval": {"E504"}, "reminders": {"E504"}}
