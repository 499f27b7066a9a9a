"""Sets the most tasks that a tenant may have at once: `python -m api.ceiling --tenant NAME N`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from extask.errors import BadInput, ExtaskError, NotFound
from extask.settings import DatabaseSettings
from extask.storage import tenants
from extask.storage.database import Database


def main(arguments: Sequence[str] | None = None) -> int:
    """Set the ceiling of a tenant's limit, which its administrator may lower but not exceed.

    It acts at once. Answers the exit status: 0 done, 1 refused.
    """
    asked = _parser().parse_args(arguments)
    try:
        limit = asyncio.run(set_ceiling(asked.database_url, asked.tenant, asked.ceiling))
    except ExtaskError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{asked.tenant} may have {limit} tasks at once, {asked.ceiling} at most.\n")
    return 0


async def set_ceiling(url: str, tenant: str, ceiling: int) -> int:
    """Set a tenant's ceiling; answers how many tasks it may have now.

    Raises:
        BadInput: a ceiling is a number from 0.
        NotFound: there is no such tenant.
    """
    if ceiling < 0:
        raise BadInput(f"{ceiling} is no ceiling; write a number from 0.")
    database = Database(url)
    try:
        async with database.begin() as connection:
            await tenants.change(connection, tenant, ceiling=ceiling)
            row = await tenants.get(connection, tenant)
    finally:
        await database.close()
    if row is None:
        raise NotFound(f"There is no tenant '{tenant}'; api.bootstrap makes one.")
    return row.limit


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api.ceiling", description=__doc__)
    parser.add_argument("--tenant", required=True, help="name of the tenant")
    parser.add_argument("ceiling", type=int, help="most tasks that may live at once")
    parser.add_argument(
        "--database-url", default=DatabaseSettings().url, help="where the database is"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
