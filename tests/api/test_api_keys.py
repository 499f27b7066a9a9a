"""API keys: made for somebody, listed without their secret, revoked at once."""

from __future__ import annotations

from tests.api.desk import Desk


async def test_a_revoked_key_opens_nothing_and_stays_on_the_list(desk: Desk) -> None:
    before = {each["id"] for each in (await desk.ok("GET", "/api-keys"))["value"]}
    made = await desk.ok("POST", "/api-keys", {"role": "flow", "name": "web shop"})
    secret = made.pop("key")
    listed = {each["id"]: each for each in (await desk.ok("GET", "/api-keys"))["value"]}
    assert {each: listed[each] for each in listed.keys() - before} == {made["id"]: made}
    assert (made["role"], made["name"], made["revoked_at"]) == ("flow", "web shop", None)

    with_it = {"X-Api-Key": secret}
    assert (await desk.http.get("/api/v1/services", headers=with_it)).status_code == 200
    await desk.ok("DELETE", f"/api-keys/{made['id']}")
    assert (await desk.http.get("/api/v1/services", headers=with_it)).status_code == 401
    [closed] = [each for each in (await desk.ok("GET", "/api-keys"))["value"] if each["revoked_at"]]
    assert closed == {**made, "revoked_at": closed["revoked_at"]}

    await desk.ok("DELETE", f"/api-keys/{made['id']}")
    assert closed in (await desk.ok("GET", "/api-keys"))["value"]


async def test_nobody_locks_themselves_out(desk: Desk) -> None:
    [mine] = [
        each["id"]
        for each in (await desk.ok("GET", "/api-keys"))["value"]
        if each["role"] == "tenant_admin"
    ]
    refused = await desk.call("DELETE", f"/api-keys/{mine}")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert await desk.ok("GET", "/services")


async def test_an_unknown_key_is_not_found(desk: Desk) -> None:
    for key in ("0" * 16, "%25", "_"):
        assert (await desk.call("DELETE", f"/api-keys/{key}")).status_code == 404


async def test_a_key_that_is_nobodys_is_not_made(desk: Desk) -> None:
    before = await desk.ok("GET", "/api-keys")
    for body, status, code in (
        ({"role": "agent"}, 400, "required"),
        ({"role": "flow", "agent": "a-anna"}, 400, "excludes"),
        ({"role": "agent", "agent": "nobody"}, 400, "unknown_agent"),
        ({"role": "operator"}, 403, None),
    ):
        refused = await desk.call("POST", "/api-keys", {"name": "x", **body})
        faults = [each["code"] for each in refused.json().get("faults", ())]
        assert (refused.status_code, faults) == (status, [code] if code else [])
    assert await desk.ok("GET", "/api-keys") == before
