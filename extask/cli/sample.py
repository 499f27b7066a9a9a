"""The sample tenant of `extask dev`, loaded through the API of the running system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from extask.cli.connection import Api
from extask.cli.credentials import Role

TENANT = "demo"
DEFINITIONS = Path(__file__).parents[2] / "definitions"
PUBLISHED = ("callback", "simple_queue", "support_escalate", "vip_desk")
"""Those of the shipped definitions that need nothing beside the sample's services."""
CALENDAR = {
    "hours": "Mo-Fr 08:00-18:00; Sa 09:00-12:00",
    "time_zone": "Europe/Zurich",
    "country": "CH",
}
"""When the `office` is open, for definitions that ask."""
SERVICES: tuple[Mapping[str, Any], ...] = (
    {
        "name": "frontdesk",
        "upn": "frontdesk@demo.example",
        "display_name": "Front desk",
        "description": "Guests who want something now; important ones first.",
        "workflow": "vip_desk",
        "agents_handle_simultaneous_external_tasks": True,
        "rona_timeout": "30s",
    },
    {
        "name": "support",
        "upn": "support@demo.example",
        "display_name": "Support",
        "description": "Settles for 30 seconds, queues, is pushed, is handed over at last.",
        "workflow": "support_escalate",
        "rona_timeout": "30s",
    },
    {
        "name": "support_backup",
        "upn": "support.backup@demo.example",
        "display_name": "Support, second line",
        "description": "Takes what support cannot.",
        "workflow": "simple_queue",
        "acw": "10s",
        "rona_timeout": "30s",
    },
)
AGENTS: tuple[Mapping[str, Any], ...] = (
    {
        "upn": "anna@demo.example",
        "display_name": "Anna",
        "services": {"frontdesk": True, "support": True},
    },
    {
        "upn": "ben@demo.example",
        "display_name": "Ben",
        "services": {"frontdesk": True, "support": True},
    },
    {
        "upn": "carla@demo.example",
        "display_name": "Carla",
        "services": {"support": True, "support_backup": True},
        "skills": {"printers": 3},
    },
    {
        "upn": "david@demo.example",
        "display_name": "David",
        "services": {"support_backup": True},
    },
    {
        "upn": "emma@demo.example",
        "display_name": "Emma",
        "services": {"frontdesk": True},
        "simultaneous_non_blocking_external_tasks": 3,
    },
)
TASK = {
    "service": "frontdesk",
    "title": "Late check-out for room 12",
    "customer_identifier": "guest-4711",
    "params": {"tier": "gold"},
}
"""The sample call."""
COMMANDS = (
    "task create frontdesk --title 'Late check-out for room 12' --param tier=gold",
    "session accept",
    "session complete --code solved",
    "task list",
)
"""The same on the command line, and on to its end."""


def load(api: Callable[[Role], Api]) -> None:
    """Load a calendar, services, definitions and available agents; a repeat goes on.

    Definitions come after the names that they use.

    Args:
        api: gives the API as seen by a role.
    """
    admin = api("tenant_admin")
    admin.call("PUT", "/calendars/office", body=CALENDAR)
    _add(admin, "/services", SERVICES)
    _add(admin, "/agents", AGENTS)
    for file in (DEFINITIONS / f"{name}.workflow.yaml" for name in PUBLISHED):
        api("workflow_admin").post(
            "/definitions", {"source": file.read_text("utf-8"), "file": file.name}
        )
    for agent in AGENTS:
        admin.call("PUT", f"/agents/{agent['upn']}/state", body={"presence": "available"})


def agent_keys(admin: Api, known: Mapping[str, str]) -> dict[str, str]:
    """Make a key for each sample agent who has none; answer all keys by UPN."""
    missing = [agent["upn"] for agent in AGENTS if agent["upn"] not in known]
    return {**known, **{upn: _new_key(admin, upn) for upn in missing}}


def _new_key(admin: Api, upn: str) -> str:
    made = admin.post("/api-keys", {"role": "agent", "name": upn, "agent": upn})
    return str(made["key"])


def _add(admin: Api, path: str, wanted: tuple[Mapping[str, Any], ...]) -> None:
    known = {each["upn"] for each in admin.every(path)}
    for each in wanted:
        if each["upn"] not in known:
            admin.post(path, each)
