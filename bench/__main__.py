import asyncio
import os
import sys
from bench import premises, house, pipeline


async def main():
    async with premises.opened() as place:
        home = await house.furnish(place)
        with place.running("worker", "bench.bare_worker"):
            print(await pipeline.events_of_one(place.client, home))
            p = await pipeline.measure(place.client, home)
            print(p, p.rates, p.ratios)
        await home.database.close()

asyncio.run(main())
