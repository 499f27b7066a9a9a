"""Routes about pools."""

from __future__ import annotations

from fastapi import status

from api.errors import responses
from api.operations import pools
from api.routes.guard import In, Who, router
from api.shapes.pools import CreatePool, PatchPool, Pool, PoolList

routes = router("pools", prefix="/pools")


@routes.get("")
async def list_pools(ports: In, who: Who) -> PoolList:
    """List pools, by name.

    Each has a distributor of its own: tasks of its services wait there for its agents. More pools
    are the way to serve more tasks and agents than one distributor can.
    """
    return await pools.page(ports, who)


@routes.post("", status_code=status.HTTP_201_CREATED, responses=responses(409))
async def create_pool(ports: In, who: Who, body: CreatePool) -> Pool:
    """Add a pool.

    It is empty; name it when you add services and agents, or move them to it.
    """
    return await pools.create(ports, who, body)


@routes.get("/{pool}", responses=responses(404))
async def get_pool(ports: In, who: Who, pool: str) -> Pool:
    """Get a pool, by name."""
    return pools.shown(await pools.find(ports, who, pool))


@routes.patch("/{pool}", responses=responses(404))
async def update_pool(ports: In, who: Who, pool: str, body: PatchPool) -> Pool:
    """Change a pool's settings.

    What is left out stays. The distributor is told at once, or as soon as it is there again.
    """
    return await pools.change(ports, who, pool, body)
