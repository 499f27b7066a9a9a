"""A storm: which processes are killed at which instants, drawn by a seed."""

from __future__ import annotations

import asyncio
import random
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.instants import INSTANTS, Sight, looking_at

if TYPE_CHECKING:
    from tests.support.world import World

EVERYBODY = ("temporal", "worker", "api")
LIMIT = 200
"""Events after which a distributor continues as new."""
SLOTS = 10
"""Far fewer than tasks are open at once."""
SETTINGS = {
    "EXTASK_WORKER_CONTINUE_AS_NEW_AFTER": str(LIMIT),
    "EXTASK_WORKER_MAX_CONCURRENT_TASKS": str(SLOTS),
}
"""What a storm asks of an installation."""
PATIENCE = 15.0
"""Where the work is done before an instant comes, the blow falls all the same."""
_HURTS = {
    "worker": (
        "inside an enqueue",
        "while the journal is under way",
        "between journal and signals",
        "before continuing as new",
        "after continuing as new",
    ),
    "api": ("between commit and start", "at any time"),
    "temporal": tuple(INSTANTS),
}
"""Process → the instants at which its death may do harm."""


@dataclass(frozen=True)
class Blow:
    """Processes killed at once, at the next such instant after so many tasks were completed."""

    after: int
    instant: str
    victims: tuple[str, ...]


def draw(seed: int, tasks: int) -> list[Blow]:
    """Draw a storm over so many tasks: a blow for each process, and one for some or all."""
    rng = random.Random(seed)  # noqa: S311 - a seed is what this is about
    victims = [(name,) for name in rng.sample(EVERYBODY, len(EVERYBODY))]
    last = rng.choice([EVERYBODY, *((name,) for name in EVERYBODY)])
    blows = []
    for turn, those in enumerate([*victims, last]):
        part = tasks // (len(EVERYBODY) + 2)
        after = turn * part + rng.randrange(part)
        blows.append(Blow(after, rng.choice(_HURTS[rng.choice(those)]), those))
    return blows


async def strike(world: World, tenant: str, blow: Blow) -> bool:
    """Kill at the instant and start again; answers whether the instant came."""
    came = await asyncio.to_thread(asyncio.run, _kill(world, tenant, blow))
    await asyncio.to_thread(world.restart, *blow.victims, by=signal.SIGKILL)
    return came


async def _kill(world: World, tenant: str, blow: Blow) -> bool:
    """Look out for the instant in a loop of its own, so that nothing else holds up the blow."""
    async with looking_at(world, tenant, LIMIT) as sight:
        came = await _comes(sight, blow.instant)
        for name in blow.victims:
            world.processes[name].kill()
    return came


async def _comes(sight: Sight, instant: str) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await INSTANTS[instant](sight)
    except TimeoutError:
        return False
    return True
