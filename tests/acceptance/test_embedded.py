"""The whole system on one machine, as `extask dev` starts and ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.embedded import BIN, Ports, dev, free_ports, gone, started, wait_until

DEV = dev()
ROLES = ["tenant_admin", "workflow_admin", "supervisor", "flow"]
Extask = Callable[..., Any]


@pytest.fixture
def ports() -> Ports:
    return free_ports()


@pytest.fixture
def extask(tmp_path: Path) -> Extask:
    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [str(BIN / "extask"), *arguments, "--json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def known(agent: dict[str, Any]) -> dict[str, Any]:
    """What does not change by itself: an offer may have lapsed while the house was away."""
    return {name: value for name, value in agent.items() if name != "rona"}


def test_it_comes_up_with_a_sample_tenant_and_goes_on_after_a_restart(
    tmp_path: Path, ports: Ports, extask: Extask
) -> None:
    with started(DEV, tmp_path, ports) as running:
        assert running.answers_ready()
        agents = extask("agent", "list")
        assert {agent["presence"] for agent in agents} == {"available"}
        assert len(agents) == 5
        assert len(extask("service", "list")) == 3
        assert len(extask("definition", "list")) == 4
        made = extask("task", "create", "frontdesk", "--param", "tier=gold")
        children = running.children()
        assert running.stop(signal.SIGINT) == 0
    assert len(children) == 5  # itself, the guard, Temporal, worker, API
    assert all(map(gone, children.values()))

    file = tmp_path / ".extask" / "credentials.json"
    credentials = json.loads(file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(credentials) == [*ROLES, "agents"]
    assert list(credentials["agents"]) == [agent["upn"] for agent in agents]
    told = running.out.read_text()
    assert all(who in told for who in (*ROLES, *credentials["agents"]))

    with started(DEV, tmp_path, ports) as again:
        assert json.loads(file.read_text()) == credentials
        assert [task["id"] for task in extask("task", "list")] == [made["id"]]
        assert [known(agent) for agent in extask("agent", "list")] == [known(a) for a in agents]
        extask("session", "accept", "--wait", "40")
        extask("session", "complete")
        wait_until(lambda: extask("task", "show", made["id"])["state"] == "ended", "the end", 10)
        assert again.stop(signal.SIGTERM) == 0


def test_when_one_process_ends_it_says_which_and_ends_the_others(
    tmp_path: Path, ports: Ports
) -> None:
    with started(DEV, tmp_path, ports) as running:
        children = running.children()
        os.kill(running.child("-m worker"), signal.SIGKILL)
        assert running.process.wait(30) == 1

    said = running.err.read_text()
    assert "error: worker ended with signal 9; its log .extask/logs/worker.log ends so:" in said
    assert "| " in said
    assert all(map(gone, children.values()))


def test_nothing_is_left_when_it_is_killed(tmp_path: Path, ports: Ports) -> None:
    with started(DEV, tmp_path, ports) as running:
        children = running.children()
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()

    wait_until(lambda: all(map(gone, children.values())), "the end of all", 15)
