"""Allowed addresses: where workflows may call what they name themselves."""

from __future__ import annotations

from api.auth import Principal
from api.operations.flows import address_fault
from api.ports import Ports
from api.shapes.flows import AllowedUrl, AllowedUrlList, PutAllowedUrl
from extask.errors import BadInput, Fault, NotFound
from extask.storage import flows
from extask.storage.flow_rows import AllowedUrl as Row


async def page(ports: Ports, who: Principal) -> AllowedUrlList:
    """List where the tenant's workflows may call."""
    async with ports.database.connect() as connection:
        rows = await flows.list_urls(connection, who.tenant)
    return AllowedUrlList(value=[AllowedUrl(name=row.name, prefix=row.prefix) for row in rows])


async def get(ports: Ports, who: Principal, name: str) -> AllowedUrl:
    """Get an allowed address.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.connect() as connection:
        row = await flows.get_url(connection, who.tenant, name)
    if row is None:
        raise NotFound(f"There is no allowed address '{name}'.")
    return AllowedUrl(name=row.name, prefix=row.prefix)


async def put(ports: Ports, who: Principal, name: str, body: PutAllowedUrl) -> AllowedUrl:
    """Add an allowed address or replace it.

    Raises:
        BadInput: nothing under it may be called.
    """
    faults = list(address_fault("/prefix", body.prefix, loopback=ports.loopback))
    if "?" in body.prefix:
        faults.append(Fault("/prefix", "bad_form", "It ends before any question mark."))
    if faults:
        raise BadInput("Nothing under this address may be called.", tuple(faults))
    async with ports.database.begin() as connection:
        await flows.save_url(connection, who.tenant, Row(name=name, prefix=body.prefix))
    return AllowedUrl(name=name, prefix=body.prefix)


async def remove(ports: Ports, who: Principal, name: str) -> None:
    """Remove an allowed address; calls under it fail from then on.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.begin() as connection:
        await flows.remove_url(connection, who.tenant, name)
