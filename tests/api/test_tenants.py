"""Limits of a tenant: set by its administrator, bounded by the operator."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.ceiling import main
from tests.api.desk import TENANT, Desk
from tests.support.databases import url_of

MINE = f"/tenants/{TENANT}"
USUAL = {
    "name": TENANT,
    "external_tasks_enabled": True,
    "max_concurrent_tasks": 1000,
    "ceiling": 1000,
    "presence_timeout": "2m",
}


async def test_an_administrator_sees_and_sets_their_tenants_limits(desk: Desk) -> None:
    assert (await desk.ok("GET", "/tenants"))["value"] == [USUAL]
    changed = {"max_concurrent_tasks": 500, "presence_timeout": "30s"}
    assert await desk.ok("PATCH", MINE, changed) == {**USUAL, **changed}
    assert await desk.ok("PATCH", MINE, {}) == {**USUAL, **changed}
    assert await desk.ok("GET", MINE, who="flow") == {**USUAL, **changed}


async def test_another_tenant_is_as_good_as_none(desk: Desk) -> None:
    for name in ("other", "nobody"):
        for method, body in (("GET", None), ("PATCH", {"presence_timeout": "30s"})):
            assert (await desk.call(method, f"/tenants/{name}", body)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"max_concurrent_tasks": 1001}, "/max_concurrent_tasks", "operator allows 1000"),
        ({"presence_timeout": "9s"}, "/presence_timeout", "10 seconds to a day"),
        ({"presence_timeout": "25h"}, "/presence_timeout", "10 seconds to a day"),
    ],
)
async def test_a_limit_out_of_its_range_changes_nothing(
    desk: Desk, body: dict[str, Any], pointer: str, words: str
) -> None:
    wrong = await desk.call("PATCH", MINE, {"external_tasks_enabled": False, **body})
    assert wrong.status_code == 400
    [fault] = wrong.json()["faults"]
    assert (fault["pointer"], fault["code"]) == (pointer, "out_of_range")
    assert words in fault["message"]
    assert await desk.ok("GET", MINE) == USUAL


async def test_a_console_may_be_silent_for_as_long_as_the_tenant_says(desk: Desk) -> None:
    await desk.ok("PATCH", MINE, {"presence_timeout": "10m"})
    before = desk.ports.clock()
    heard = await desk.ok("POST", "/agents/a-anna/heartbeat", who="agent")
    until = datetime.fromisoformat(heard["heard_until"])
    assert until - before >= timedelta(minutes=10)


async def test_a_tenant_that_takes_no_tasks_says_so(desk: Desk) -> None:
    await desk.ok("PATCH", MINE, {"external_tasks_enabled": False})
    refused = await desk.call("POST", "/tasks", {"service": "support"}, who="flow")
    assert refused.status_code == 400
    assert refused.json()["faults"][0]["code"] == "external_tasks_disabled"


async def test_the_operators_ceiling_bounds_what_an_administrator_may_set(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def operate(*arguments: str) -> int:
        return main(["--database-url", url_of(tmp_path), *arguments])

    assert await asyncio.to_thread(operate, "--tenant", TENANT, "5000") == 0
    assert capsys.readouterr().out == "acme may have 1000 tasks at once, 5000 at most.\n"
    await desk.ok("PATCH", MINE, {"max_concurrent_tasks": 4000})
    assert await asyncio.to_thread(operate, "--tenant", TENANT, "300") == 0
    assert capsys.readouterr().out == "acme may have 300 tasks at once, 300 at most.\n"
    assert await asyncio.to_thread(operate, "--tenant", "nobody", "5000") == 1
    assert "There is no tenant 'nobody'" in capsys.readouterr().err
    assert await asyncio.to_thread(operate, "--tenant", TENANT, "-1") == 1
    assert (await desk.ok("GET", MINE))["ceiling"] == 300
