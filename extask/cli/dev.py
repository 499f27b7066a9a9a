"""`extask dev`: the whole system on this machine, as child processes on loopback."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from extask.cli import sample
from extask.cli.connection import Connection
from extask.cli.credentials import DEFAULT_FOLDER, ROLES, Addresses, Credentials, Folder
from extask.cli.house import House, Program
from extask.cli.output import Output, note
from extask.cli.premises import HOST, check_ports, find_temporal, occupied
from extask.cli.shared import DataDir, Json
from extask.settings import SEARCH_ATTRIBUTES

NAMESPACE = "default"
_ROOT = Path(__file__).parents[2]
"""Where our modules are; those of the folder we were started in are none of ours (`-P`)."""
_TEMPORAL_WITHIN = timedelta(seconds=30)
_BOOTSTRAP_WITHIN = timedelta(seconds=60)
_READY_WITHIN = timedelta(seconds=90)
_PROBE_SECONDS = 5.0

_LARGEST_PORT = 65_535


@dataclass(frozen=True)
class Plan:
    """Where everything of one embedded system is."""

    folder: Folder
    temporal: Path
    port: int
    temporal_port: int
    temporal_ui_port: int

    @property
    def addresses(self) -> Addresses:
        """Tell where the parts are reached."""
        return Addresses(
            api=f"http://{HOST}:{self.port}",
            temporal=f"{HOST}:{self.temporal_port}",
            temporal_ui=f"http://{HOST}:{self.temporal_ui_port}",
        )

    @property
    def database_url(self) -> str:
        """Tell where the database is."""
        return f"sqlite:///{self.folder.path.absolute() / 'extask.db'}"

    def environment(self) -> dict[str, str]:
        """Make the children's environment: ours, but for what would lead them elsewhere."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")
        }
        path = [str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])]
        return kept | {
            "PYTHONPATH": os.pathsep.join(path),
            "EXTASK_DATABASE_URL": self.database_url,
            "EXTASK_API_HOST": HOST,
            "EXTASK_API_PORT": str(self.port),
            "EXTASK_API_PUBLIC_URL": self.addresses.api,
            "EXTASK_CALLS_ALLOW_LOOPBACK": "true",
            "TEMPORAL_ADDRESS": self.addresses.temporal,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "PYTHONUNBUFFERED": "1",
        }

    def server(self) -> Program:
        """Tell how Temporal's development server is started, its data in a file."""
        attributes = [f"--search-attribute={name}=Keyword" for name in SEARCH_ATTRIBUTES]
        options = [
            f"--ip={HOST}",
            f"--port={self.temporal_port}",
            f"--ui-port={self.temporal_ui_port}",
            f"--namespace={NAMESPACE}",
            f"--db-filename={self.folder.path.absolute() / 'temporal.db'}",
            "--sqlite-pragma=journal_mode=wal",
            "--sqlite-pragma=synchronous=normal",
            "--log-level=warn",
        ]
        argv = (str(self.temporal), "server", "start-dev", *options, *attributes)
        return Program("temporal", argv, self.environment())

    def module(self, name: str, *arguments: str) -> Program:
        """Tell how one of our modules is started."""
        log = name.removeprefix("api.")
        return Program(log, (sys.executable, "-P", "-m", name, *arguments), self.environment())


def dev(
    *,
    data_dir: DataDir = DEFAULT_FOLDER,
    port: Annotated[
        int, typer.Option(envvar="EXTASK_API_PORT", min=1, max=_LARGEST_PORT, help="Of the API.")
    ] = 8080,
    temporal_port: Annotated[
        int,
        typer.Option(
            envvar="EXTASK_TEMPORAL_PORT", min=1, max=_LARGEST_PORT, help="Of Temporal's server."
        ),
    ] = 7233,
    temporal_ui_port: Annotated[
        int,
        typer.Option(
            envvar="EXTASK_TEMPORAL_UI_PORT", min=1, max=_LARGEST_PORT, help="Of Temporal UI."
        ),
    ] = 8233,
    as_json: Json = False,
) -> None:
    """Run everything on this machine, with a sample tenant; Ctrl-C ends it."""
    plan = Plan(Folder(data_dir), find_temporal(), port, temporal_port, temporal_ui_port)
    ports = {
        "--port": port,
        "--temporal-port": temporal_port,
        "--temporal-ui-port": temporal_ui_port,
    }
    with occupied(plan.folder):
        check_ports(ports)
        with House(data_dir / "logs") as house:
            credentials = _bring_up(house, plan)
            _tell(plan, credentials, Output(as_json))
            house.watch()


def _bring_up(house: House, plan: Plan) -> Credentials:
    note("starting Temporal …")
    house.start(plan.server())
    environment = plan.environment()
    house.wait_for(lambda: _serves(plan, environment), "Temporal", _TEMPORAL_WITHIN)
    house.run(_bootstrap(plan), _BOOTSTRAP_WITHIN)
    note("starting worker and API …")
    house.start(plan.module("worker"))
    house.start(plan.module("api"))
    house.wait_for(lambda: _is_ready(plan.addresses.api), "the API", _READY_WITHIN)
    plan.folder.write_addresses(plan.addresses)
    return _furnish(house, plan)


def _bootstrap(plan: Plan) -> Program:
    return plan.module(
        "api.bootstrap",
        f"--database-url={plan.database_url}",
        f"--tenant={sample.TENANT}",
        f"--credentials={plan.folder.credentials_file}",
    )


def _furnish(house: House, plan: Plan) -> Credentials:
    """Load the sample tenant unless it was loaded whole before."""
    connection = Connection(plan.folder, url=plan.addresses.api)
    done = plan.folder.path / "sample.json"
    if not done.exists():
        note("loading the sample tenant …")
        house.pause()
        sample.load(connection.api)
    credentials = connection.credentials
    agents = sample.agent_keys(connection.api("tenant_admin"), credentials.agents)
    credentials = credentials.model_copy(update={"agents": agents})
    plan.folder.write_credentials(credentials)
    done.write_text(json.dumps({"tenant": sample.TENANT, "loaded": True}) + "\n")
    return credentials


def _serves(plan: Plan, environment: Mapping[str, str]) -> bool:
    argv = (plan.temporal, "operator", "cluster", "health", "--address", plan.addresses.temporal)
    health = subprocess.run(  # noqa: S603 - our own program
        argv, env=environment, capture_output=True, check=False, timeout=_PROBE_SECONDS
    )
    return health.returncode == 0


def _is_ready(url: str) -> bool:
    try:
        answer = httpx2.get(f"{url}/api/v1/health/ready", timeout=_PROBE_SECONDS, trust_env=False)
    except httpx2.TransportError:
        return False
    return answer.is_success


def _tell(plan: Plan, credentials: Credentials, output: Output) -> None:
    where = plan.addresses
    told = {
        **where.model_dump(),
        "api_docs": f"{where.api}/api/v1/docs",
        "credentials": str(plan.folder.credentials_file),
        "keys": [*ROLES, *credentials.agents],
        "logs": str(plan.folder.path / "logs"),
        "sample": {"curl": _curl(plan, credentials), "extask": _commands(plan)},
    }
    output.text(_welcome(told), told)


def _welcome(told: Mapping[str, Any]) -> str:
    commands = "\n".join(f"  {command}" for command in told["sample"]["extask"])
    return f"""
Extask is ready; Ctrl-C ends it.

  API          {told["api"]}/api/v1, described at {told["api_docs"]}
  Temporal UI  {told["temporal_ui"]}
  API keys     {told["credentials"]}, of {", ".join(told["keys"])}
  Logs         {told["logs"]}

Create a task from another terminal:

  {told["sample"]["curl"]}

or, and go on with it, by the command line:

{commands}

Then look for the task in Temporal UI, and go on with docs/quickstart.md."""


def _curl(plan: Plan, credentials: Credentials) -> str:
    return (
        f"curl --silent {plan.addresses.api}/api/v1/tasks "
        f"--header 'Authorization: Bearer {credentials.flow}' "
        f"--header 'Content-Type: application/json' "
        f"--data '{json.dumps(sample.TASK)}'"
    )


def _commands(plan: Plan) -> list[str]:
    program = sys.argv[0] if os.sep in sys.argv[0] else "extask"
    folder = plan.folder.path
    option = "" if folder == DEFAULT_FOLDER else f" --data-dir {shlex.quote(str(folder))}"
    return [f"{program} {command}{option}" for command in sample.COMMANDS]
