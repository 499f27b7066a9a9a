"""Routes about duty profiles."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, status

from api.errors import responses
from api.operations import duty_profiles
from api.routes.guard import In, Who, router
from api.shapes.common import NAME_LENGTH, NAME_PATTERN
from api.shapes.duty_profiles import DutyProfile, DutyProfileList, PutDutyProfile

routes = router("duty-profiles", prefix="/duty-profiles")
Named = Annotated[str, Path(pattern=NAME_PATTERN, max_length=NAME_LENGTH, description="Its name.")]


@routes.get("")
async def list_duty_profiles(ports: In, who: Who) -> DutyProfileList:
    """List duty profiles.

    What agents on duty may be responsible for, by name. An agent's state names the profile they
    are on duty in.
    """
    return await duty_profiles.page(ports, who)


@routes.put("/{name}")
async def put_duty_profile(ports: In, who: Who, name: Named, body: PutDutyProfile) -> DutyProfile:
    """Add or replace a duty profile.

    Levels of policies that ask for a responsibility admit agents whose present profile holds it;
    a change counts at once, and interrupts nothing.
    """
    return await duty_profiles.put(ports, who, name, body)


@routes.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(404))
async def remove_duty_profile(ports: In, who: Who, name: Named) -> None:
    """Remove a duty profile.

    Agents who are on duty in it stay on duty, responsible for nothing special.
    """
    await duty_profiles.remove(ports, who, name)
