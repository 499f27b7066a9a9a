"""Pools: added, changed, and what moves between them, with their distributors away or there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from extask.storage import pools
from tests.api.at_work import desk_at_work, in_state, offer
from tests.api.desk import TENANT, Desk

BODY: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}


async def test_pools_are_added_changed_and_listed_though_distributors_are_away(desk: Desk) -> None:
    made = await desk.ok("POST", "/pools", {"name": "second", "level_worth": "30s"})
    assert made == {
        "name": "second",
        "level_worth": "30s",
        "version": 1,
        "acknowledged": 0,
        "behind": False,
        "full": False,
    }
    assert (await desk.call("POST", "/pools", {"name": "second"})).status_code == 409
    changed = await desk.ok("PATCH", "/pools/second", {"level_worth": "2m"})
    assert (changed["level_worth"], changed["version"], changed["acknowledged"]) == ("2m", 2, 0)
    for method, path in (("POST", "/pools"), ("PATCH", "/pools/second")):
        body = {"level_worth": "2d"} | ({"name": "third"} if method == "POST" else {})
        wrong = await desk.call(method, path, body)
        assert (wrong.status_code, wrong.json()["faults"][0]["pointer"]) == (400, "/level_worth")
    assert [each["name"] for each in (await desk.ok("GET", "/pools"))["value"]] == [
        "main",
        "second",
    ]
    assert (await desk.ok("GET", "/pools/second"))["name"] == "second"
    assert (await desk.call("GET", "/pools/third")).status_code == 404
    assert (await desk.call("PATCH", "/pools/third", {})).status_code == 404


async def test_services_and_agents_name_their_pool_and_move_while_nothing_holds_them(
    desk: Desk,
) -> None:
    await desk.ok("POST", "/pools", {"name": "second"})
    made = await desk.ok(
        "POST", "/services", {"name": "desk", "upn": "desk@acme.example", "pool": "second"}
    )
    assert made["pool"] == "second"
    strange = {"upn": "eve@acme.example", "services": {"desk": True}}
    for body in (strange, {**strange, "pool": "second", "services": {"support": True}}):
        wrong = await desk.call("POST", "/agents", body)
        assert wrong.status_code == 400
        fault = wrong.json()["faults"][0]
        assert fault["code"] == "unknown_service"
        assert fault["pointer"] == f"/services/{next(iter(body['services']))}"
    assert (await desk.ok("POST", "/agents", {**strange, "pool": "second"}))["pool"] == "second"
    for method, path in (
        ("PATCH", "/services/support"),
        ("PATCH", "/agents/a-anna"),
    ):
        wrong = await desk.call(method, path, {"pool": "nowhere"})
        assert wrong.json()["faults"][0]["code"] == "unknown_pool"
    served = await desk.call("PATCH", "/services/support", {"pool": "second"})
    assert (served.status_code, served.json()["code"]) == (409, "in_use")
    stays = await desk.call("PATCH", "/agents/a-anna", {"pool": "second"})
    assert stays.json()["faults"][0]["pointer"] == "/services/support"
    moved = await desk.ok("PATCH", "/agents/a-anna", {"pool": "second", "services": {"desk": True}})
    assert (moved["pool"], moved["services"]) == ("second", {"desk": True})


async def test_what_moved_works_in_its_new_pool(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.ok("POST", "/pools", {"name": "second"})
        held = (await desk.ok("POST", "/tasks", BODY))["id"]
        session = await offer(desk, held)
        busy = {"pool": "second", "services": {}}
        for path, body in (("/agents/a-anna", busy), ("/services/support", {"pool": "second"})):
            stays = await desk.call("PATCH", path, body)
            assert (stays.status_code, stays.json()["code"]) == (409, "in_use")
        for verb in ("accept", "complete"):
            await desk.ok("POST", f"/sessions/{verb}", {"session_ids": [session]}, who="agent")
        await in_state(desk, held, "ended")

        for agent in ("a-anna", "a-ben"):
            await desk.ok("PATCH", f"/agents/{agent}", busy)
        assert (await desk.ok("PATCH", "/services/support", {"pool": "second"}))["pool"] == "second"
        serves = {"services": {"support": True}}
        assert (await desk.ok("PATCH", "/agents/a-anna", serves))["presence"] == "available"
        task = (await desk.ok("POST", "/tasks", BODY))["id"]
        session = await offer(desk, task)
        await desk.ok("POST", "/sessions/accept", {"session_ids": [session]}, who="agent")
        await in_state(desk, task, "active")
        for pool in (await desk.ok("GET", "/pools"))["value"]:
            assert pool["version"] == pool["acknowledged"] > 1, pool


async def test_a_pool_that_is_behind_or_full_takes_no_new_tasks(desk: Desk) -> None:
    for behind, full, code in ((True, False, "pool_behind"), (False, True, "pool_full")):
        async with desk.ports.database.begin() as conn:
            await pools.flag(conn, TENANT, "main", behind=behind, full=full)
        refused = await desk.call("POST", "/tasks", BODY, who="flow")
        assert (refused.status_code, refused.json()["code"]) == (503, code)
        assert int(refused.headers["retry-after"]) >= 1
    assert (await desk.ok("GET", "/tasks"))["value"] == []
