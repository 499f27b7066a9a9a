"""What every test run needs: Hypothesis profiles, no way out of this machine, a clean end."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_STATUS = pytest.StashKey[int]()
_INTERNET = 2  # a `socket.connect` address of the internet has a host and a port at least

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("prove", settings.get_profile("default"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections to other machines; names other than localhost count as such."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and len(address) >= _INTERNET and not _local(address[0]):
        raise RuntimeError(f"a test wants to reach {address[0]}: tests use no network")


def _local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


sys.addaudithook(_stay_on_this_machine)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what may take longest, so that no worker is alone with it at the end."""
    items.sort(key=_allowed, reverse=True)


def _allowed(item: pytest.Item) -> float:
    """Give the seconds that a test asks for; 0 for one that does with the usual."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the exit status for the end of the process."""
    session.config.stash[_STATUS] = int(session.exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: an interpreter that held Temporal's SDK may abort while it ends."""
    status = config.stash.get(_STATUS, None)
    if status is None:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
