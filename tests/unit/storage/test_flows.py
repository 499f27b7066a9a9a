"""Flows and allowed addresses: a tenant's own, by name."""

from __future__ import annotations

import pytest

from extask import errors
from extask.storage import flows
from extask.storage.database import Database
from extask.storage.flow_rows import AllowedUrl, FlowRow
from tests.unit.storage.builders import T

ROW = FlowRow(
    name="crm_lookup",
    address="https://crm.example/find",
    method="POST",
    headers={"Authorization": "Bearer {secret:crm_token}"},
    inputs={"customer": "text"},
    outputs={"tier": "text"},
)


async def test_a_flow_is_kept_replaced_and_removed(house: Database) -> None:
    async with house.begin() as conn:
        await flows.save(conn, T, ROW)
        await flows.save(conn, T, ROW.model_copy(update={"name": "a_first"}))
        assert await flows.get(conn, T, "crm_lookup") == ROW
        changed = ROW.model_copy(update={"method": "GET", "inputs": {}})
        await flows.save(conn, T, changed)
        assert [row.name for row in await flows.list_all(conn, T)] == ["a_first", "crm_lookup"]
        assert await flows.get(conn, T, "crm_lookup") == changed
        await flows.remove(conn, T, "crm_lookup")
        assert await flows.get(conn, T, "crm_lookup") is None
        with pytest.raises(errors.NotFound, match="there is no flow 'crm_lookup'"):
            await flows.remove(conn, T, "crm_lookup")


async def test_a_flow_is_its_tenants_alone(house: Database) -> None:
    async with house.begin() as conn:
        await flows.save(conn, T, ROW)
        assert await flows.get(conn, "other", "crm_lookup") is None
        assert await flows.list_all(conn, "other") == ()
        with pytest.raises(errors.NotFound):
            await flows.remove(conn, "other", "crm_lookup")


async def test_allowed_addresses_are_kept_replaced_and_removed(house: Database) -> None:
    async with house.begin() as conn:
        await flows.save_url(conn, T, AllowedUrl(name="crm", prefix="https://crm.example"))
        await flows.save_url(conn, T, AllowedUrl(name="crm", prefix="https://crm.example/v2"))
        [kept] = await flows.list_urls(conn, T)
        assert kept == await flows.get_url(conn, T, "crm")
        assert kept.prefix == "https://crm.example/v2"
        assert await flows.list_urls(conn, "other") == ()
        await flows.remove_url(conn, T, "crm")
        assert await flows.get_url(conn, T, "crm") is None
        with pytest.raises(errors.NotFound, match="there is no allowed url 'crm'"):
            await flows.remove_url(conn, T, "crm")
