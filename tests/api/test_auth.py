from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import get_args

from fastapi.routing import APIRoute

from api.app import create_app
from api.auth import OPEN, PERMISSIONS, Role
from api.routes.guard import GuardedRoute
from extask.storage import keys
from tests.api.desk import Desk, api_routes, furnish


def test_every_route_is_in_the_table_of_operations_and_guarded() -> None:
    app = create_app()
    operations = [operation for _, _, operation in api_routes(app)]
    assert sorted(operations) == sorted({*PERMISSIONS, *OPEN})
    assert len(operations) == len(set(operations))
    for route in app.routes:
        assert not isinstance(route, APIRoute) or isinstance(route, GuardedRoute)


async def test_no_role_passes_where_the_table_does_not_name_it(desk: Desk) -> None:
    for method, path, operation in api_routes(desk.app):
        for role in get_args(Role) if operation in PERMISSIONS else ():
            called = re.sub(r"{\w+}", "x", path)
            response = await desk.http.request(method, called, headers=desk.headers(role))
            refused = response.status_code == 403 and "role" in response.json()["detail"]
            assert refused == (role not in PERMISSIONS[operation]), (operation, role, response.text)


async def test_probes_need_no_key(desk: Desk) -> None:
    assert (await desk.http.get("/api/v1/health/live")).json() == {"status": "ok"}
    assert (await desk.http.get("/api/v1/version")).json()["name"] == "extask"
    assert (await desk.http.get("/api/v1/health/ready")).status_code == 503


async def test_a_key_travels_in_either_header(desk: Desk) -> None:
    for headers in (desk.headers("flow"), {"X-Api-Key": desk.secrets["flow"]}):
        assert (await desk.http.get("/api/v1/services", headers=headers)).status_code == 200


async def test_unknown_expired_and_revoked_keys_open_nothing(desk: Desk) -> None:
    now = datetime.now(UTC)
    expired = await desk.key("acme", "flow", expires_at=now - timedelta(seconds=1))
    revoked = await desk.key("acme", "flow")
    async with desk.ports.database.begin() as connection:
        assert await keys.revoke(connection, "acme", keys.fingerprint(revoked), now)
    for secret in ("nonsense", expired, revoked):
        response = await desk.http.get("/api/v1/services", headers={"X-Api-Key": secret})
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"


async def test_a_key_that_would_never_work_is_not_made(desk: Desk) -> None:
    body = {"role": "flow", "name": "late", "expires_at": "2020-01-01T00:00:00Z"}
    response = await desk.call("POST", "/api-keys", body, who="tenant_admin")
    assert response.status_code == 400
    assert [each["code"] for each in response.json()["faults"]] == ["in_the_past"]


async def test_a_key_with_a_role_of_another_version_opens_nothing(desk: Desk) -> None:
    for role, agent in (("emperor", None), ("agent", None), ("flow", "a-anna")):
        secret = await desk.key("acme", role, agent)  # type: ignore[arg-type]  # that is the point
        response = await desk.http.get("/api/v1/services", headers={"X-Api-Key": secret})
        assert response.status_code == 401


async def test_who_asks_is_known_before_the_body_is_read(desk: Desk) -> None:
    response = await desk.http.post("/api/v1/tasks", content=b"{")
    assert response.status_code == 401


async def test_agents_reach_only_themselves(desk: Desk) -> None:
    assert (await desk.call("GET", "/agents/a-anna", who="agent")).status_code == 200
    for method, path, body in (
        ("GET", "/agents/ben@acme.example", None),
        ("PUT", "/agents/a-ben/state", {"presence": "away"}),
        ("POST", "/agents/a-ben/engagements", {"id": "call"}),
        ("DELETE", "/agents/a-ben/engagements/call", None),
        ("GET", "/sessions?agent=a-ben", None),
    ):
        response = await desk.call(method, path, body, who="agent")
        assert response.status_code == 404, (method, path, response.text)


async def test_tenants_never_see_each_other(desk: Desk) -> None:
    await furnish_other(desk)
    assert {each["upn"] for each in (await desk.ok("GET", "/agents", who="other"))["value"]} == {
        "anna@other.example",
        "ben@other.example",
    }
    for path in ("/agents/anna@acme.example", "/services/support@acme.example"):
        assert (await desk.call("GET", path, who="other")).status_code == 404
    body = {"service": "support", "params": {"product": "x"}}
    assert (await desk.call("POST", "/tasks", body, who="flow")).status_code == 503
    task = (await desk.ok("GET", "/tasks"))["value"][0]["id"]
    assert (await desk.ok("GET", "/tasks", who="other"))["value"] == []
    for method, path, sent in (
        ("GET", f"/tasks/{task}", None),
        ("GET", f"/tasks/{task}/timeline", None),
        ("GET", f"/tasks/{task}/graph", None),
        ("PATCH", f"/tasks/{task}", {"priority": "high"}),
        ("POST", f"/tasks/{task}/cancel", {"reason": "x"}),
        ("POST", f"/tasks/{task}/abort", {"reason": "x"}),
    ):
        assert (await desk.call(method, path, sent, who="other")).status_code == 404


async def furnish_other(desk: Desk) -> None:
    """Add another tenant, whose agents have ids of their own."""
    await furnish(desk, "other")
    desk.secrets["other"] = await desk.key("other", "tenant_admin")
