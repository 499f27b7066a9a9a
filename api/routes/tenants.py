"""Routes about tenants."""

from __future__ import annotations

from api.errors import responses
from api.operations import tenants
from api.routes.guard import In, Who, router
from api.shapes.tenants import PatchTenant, Tenant, TenantList

routes = router("tenants", prefix="/tenants")


@routes.get("")
async def list_tenants(ports: In, who: Who) -> TenantList:
    """List the tenants that your key opens, which is your own."""
    return TenantList(value=[tenants.shown(await tenants.find(ports, who, who.tenant))])


@routes.get("/{tenant}", responses=responses(404))
async def get_tenant(ports: In, who: Who, tenant: str) -> Tenant:
    """Get a tenant and its limits, by name."""
    return tenants.shown(await tenants.find(ports, who, tenant))


@routes.patch("/{tenant}", responses=responses(404))
async def update_tenant(ports: In, who: Who, tenant: str, body: PatchTenant) -> Tenant:
    """Change a tenant's limits.

    What is left out stays. A lower number ends no task: it keeps new ones away until as many have
    ended. A presence time-out holds for each console from its next sign of life on.
    """
    return await tenants.change(ports, who, tenant, body)
