"""What tests of the whole installation put into a tenant, and read back as the checker's rules."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extask.definition.durations import parse_duration
from tests.support.checker import Checker
from tests.support.explaining import explain
from tests.support.http import eventually
from tests.support.log import AgentRules, Row, ServiceRules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tests.support.http import Admin, Diary
    from tests.support.world import World

PLAIN = """
workflow: plain
version: 1
steps:
  line_up:
    queue:
    then: { rejected: full }
  full:
    cancel: full
"""
"""The simplest workflow: queued until somebody takes it."""

BRIEF = """
workflow: brief
version: 1
steps:
  line_up:
    queue: { wait: 0s }
    then: { timeout: let_go, rejected: let_go }
  let_go:
    end: released
"""
"""Queued and taken out again within one workflow task, which a signal makes Temporal repeat."""

SLEEPING = """
workflow: sleeping
version: 1
steps:
  sleep:
    delay: 8h
  done:
    end: done
"""
"""A workflow that only passes time."""


@dataclass(frozen=True)
class Tenant:
    """A tenant without anything in it, its administrator, and everybody's diary."""

    world: World
    name: str
    admin: Admin
    diary: Diary


async def rules_of(tenant: Tenant) -> tuple[dict[str, ServiceRules], dict[str, AgentRules]]:
    """Read the settings of all services and agents, as whose first state the log finds offline."""
    services = (await tenant.admin.get("/services"))["value"]
    agents = (await tenant.admin.get("/agents"))["value"]
    return (
        {
            each["name"]: ServiceRules(
                simultaneous=each["agents_handle_simultaneous_external_tasks"],
                distribution=each["distribution"],
                cooldown=parse_duration(each["decline_cooldown"]),
            )
            for each in services
        },
        {
            each["id"]: AgentRules(
                number=each["simultaneous_non_blocking_external_tasks"],
                services=frozenset(name for name, active in each["services"].items() if active),
            )
            for each in agents
        },
    )


async def written_log(tenant: Tenant) -> list[Row]:
    """Read the event log once everything that was answered is in it, or after some patience."""
    rows: list[Row] = []

    async def is_written() -> bool:
        rows[:] = [Row.of(row) for row in await tenant.world.events(tenant.name)]
        return not explain(rows, tenant.diary)

    with contextlib.suppress(TimeoutError):
        await eventually(is_written, within=10)
    return rows


def _ends(record: Mapping[str, Any]) -> bool:
    return bool(record["kind"] == "ended")


async def assert_rules_kept(tenant: Tenant) -> Checker:
    """The log keeps every rule, and log and diary explain each other."""
    rows = await written_log(tenant)
    ends = {it["task"]: it["at"] for it in await tenant.world.records(tenant.name) if _ends(it)}
    checker = Checker(*await rules_of(tenant), ends)
    broken = checker.replay(rows)
    assert broken == [], "\n".join(map(str, broken))
    assert explain(rows, tenant.diary) == []
    return checker
