"""Creates the first tenant and its keys: `python -m api.bootstrap --tenant NAME`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.auth import Role
from api.operations.api_keys import make
from api.ports import now
from api.shapes.common import NAME_PATTERN
from extask.errors import BadInput, ExtaskError, Misconfigured
from extask.settings import DatabaseSettings
from extask.storage import keys, migrate, tenants
from extask.storage.database import Database
from extask.storage.rows import TenantRow

ADMINISTRATOR: Mapping[str, Role] = {"tenant_admin": "tenant_admin"}
EVERY: Mapping[str, Role] = {
    **ADMINISTRATOR,
    "workflow_admin": "workflow_admin",
    "supervisor": "service_supervisor",
    "flow": "flow",
}
"""Names in a credentials file, and the roles of their keys."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Create a tenant with its first keys, and show or write these; again it changes nothing.

    Answers the exit status: 0 done, 1 refused.
    """
    asked = _parser().parse_args(arguments)
    try:
        found = asyncio.run(bootstrap(asked.database_url, asked.tenant, asked.credentials))
    except ExtaskError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(_told(found, as_json=asked.json, file=asked.credentials))
    return 0


async def bootstrap(url: str, tenant: str, file: Path | None) -> dict[str, str]:
    """Bring the tables up to date, add the tenant and make its keys.

    Answers the keys by name: the administrator's, or with a file one for each role. Keys in the
    file that still open the tenant are kept.

    Raises:
        BadInput: the tenant's name has a bad form.
        Misconfigured: the file cannot be read or written.
    """
    if not re.fullmatch(NAME_PATTERN, tenant):
        raise BadInput(f"'{tenant}' is no tenant's name: lower-case letters, digits, _.")
    await migrate.upgrade(url)
    database = Database(url)
    try:
        kept = _read(file) if file else {}
        if kept and await _opens(database, tenant, kept):
            return {name: str(key) for name, key in kept.items() if name in EVERY}
        made = await _make(database, tenant, EVERY if file else ADMINISTRATOR)
    finally:
        await database.close()
    if file:
        _write(file, {**made, "agents": {}})
    return made


async def _opens(database: Database, tenant: str, kept: Mapping[str, object]) -> bool:
    async with database.connect() as connection:
        for name in EVERY:
            row = await keys.find(connection, keys.fingerprint(str(kept.get(name))))
            if row is None or row.tenant != tenant or not row.usable(now()):
                return False
    return True


async def _make(database: Database, tenant: str, roles: Mapping[str, Role]) -> dict[str, str]:
    made: dict[str, str] = {}
    async with database.begin() as connection:
        if await tenants.get(connection, tenant) is None:
            await tenants.add(connection, TenantRow(name=tenant, created_at=now()))
        for name, role in roles.items():
            made[name], row = make(tenant, role, f"first {name}", at=now())
            await keys.add(connection, row)
    return made


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{file} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _write(file: Path, credentials: Mapping[str, object]) -> None:
    """Write for the owner's eyes only, whole or not at all."""
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(json.dumps(credentials, indent=2) + "\n")
        draft.replace(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be written: {error}") from error


def _told(found: Mapping[str, str], *, as_json: bool, file: Path | None) -> str:
    if as_json:
        return json.dumps(found) + "\n"
    if file:
        return f"The keys are in {file}.\n"
    lines = [f"{name}: {key}\n" for name, key in found.items()]
    return "".join(["Shown this once; keep it:\n", *lines])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api.bootstrap", description=__doc__)
    parser.add_argument("--tenant", required=True, help="name of the tenant")
    parser.add_argument(
        "--database-url", default=DatabaseSettings().url, help="where the database is"
    )
    parser.add_argument(
        "--credentials", type=Path, help="file to write a key for each role to, with mode 0600"
    )
    parser.add_argument("--json", action="store_true", help="tell the keys as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
