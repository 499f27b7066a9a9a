"""What the API needs from outside, handed to it by whoever composes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from temporalio.client import Client

from extask.distributor_client import DistributorClient
from extask.plans import Plans
from extask.storage.database import Database
from extask.task_requests import TaskRequests


def now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Ports:
    """Database, Temporal, the pools' distributors, and the clock."""

    database: Database
    client: Client
    distributor: DistributorClient
    clock: Callable[[], datetime] = now
    public_url: str = ""
    loopback: bool = False
    """Whether workflows may call this machine, for development."""
    longest_life: timedelta = timedelta(days=365)
    """How long after its creation any task may live at the most."""

    @cached_property
    def plans(self) -> Plans:
        """What new tasks run by."""
        return Plans(self.database)

    @cached_property
    def requests(self) -> TaskRequests:
        """What is asked of tasks."""
        return TaskRequests(self.database, self.client, self.plans)
