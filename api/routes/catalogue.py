"""Routes about the catalogue."""

from __future__ import annotations

from api.operations import catalogue
from api.routes.guard import In, Who, router
from api.shapes.catalogue import Catalogue

routes = router("catalogue", prefix="/catalogue")


@routes.get("")
async def get_catalogue(ports: In, who: Who) -> Catalogue:
    """Get the catalogue.

    All names that the tenant's definitions may use, for checkers and editors. What is published is
    held against the same.
    """
    return await catalogue.read(ports, who)
