"""One settings class per concern, composed; read from the environment only when asked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from extask.definition.durations import parse_duration

DEFAULT_POOL = "main"
SEARCH_ATTRIBUTES = (
    "ExtaskTenant",
    "ExtaskDefinition",
    "ExtaskStep",
    "ExtaskService",
    "ExtaskState",
    "ExtaskAgent",
    "ExtaskPriority",
)
"""Keyword search attributes of task workflows; Temporal must know them before a worker starts."""


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""Such as `30s`, `365d` or `P365D`."""


class DatabaseSettings(BaseSettings):
    """Where the database is: `sqlite:///FILE` or `postgresql://…`."""

    model_config = SettingsConfigDict(env_prefix="EXTASK_DATABASE_", frozen=True)

    url: str = "sqlite:///extask.db"


class ApiSettings(BaseSettings):
    """Where the API listens, how it is reached from outside, and how long tasks may live."""

    model_config = SettingsConfigDict(env_prefix="EXTASK_API_", frozen=True)

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    longest_life: Duration = Field(default=timedelta(days=365), gt=timedelta(0))
    """How long after its creation any task may live at the most, however it is prolonged."""


class DistributorSettings(BaseSettings):
    """How one process talks to distributors.

    `permits` is how many updates this process has in flight to one pool at most. Over all
    processes there may be eight: with PostgreSQL they share these among each other; otherwise
    `permits` is this process's fixed share of them. `batch` is the most commands of one update,
    `pace` the seconds between a worker's updates of a busy pool.
    """

    model_config = SettingsConfigDict(env_prefix="EXTASK_DISTRIBUTOR_", frozen=True)

    permits: int = Field(default=4, ge=1, le=8)
    batch: int = Field(default=400, ge=1, le=1000)
    pace: float = Field(default=0.1, ge=0, le=1)


class WorkerSettings(BaseSettings):
    """Slots of one worker process; `max_cached_workflows` 0 replays at every step (a test)."""

    model_config = SettingsConfigDict(env_prefix="EXTASK_WORKER_", frozen=True)

    max_cached_workflows: int = Field(default=2000, ge=0)
    max_concurrent_tasks: int = Field(default=100, ge=2)
    continue_as_new_after: int = Field(default=2_000, ge=0)
    """Events of a distributor's history after which it continues as new; 0: when Temporal says.

    A worker that takes a distributor over replays its history within one workflow task of 2 s.
    """
    shutdown_grace: timedelta = timedelta(seconds=10)


class CallSettings(BaseSettings):
    """How flows are called: how many at once, where secrets are, whether this machine may be.

    Secrets are files `TENANT/NAME` in `secrets_folder`, or variables `EXTASK_SECRET_TENANT__NAME`.
    """

    model_config = SettingsConfigDict(env_prefix="EXTASK_CALLS_", frozen=True)

    at_once: int = Field(default=100, ge=1)
    secrets_folder: Path | None = None
    allow_loopback: bool = False
    """For development: addresses of this machine may be called, over http too."""


class LogSettings(BaseSettings):
    """How a process writes its log: lines for people or JSON for machines."""

    model_config = SettingsConfigDict(env_prefix="EXTASK_LOG_", frozen=True)

    format: Literal["text", "json"] = "text"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(BaseSettings):
    """All settings of a process; Temporal's own come from its environment configuration."""

    model_config = SettingsConfigDict(frozen=True)

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    distributor: DistributorSettings = Field(default_factory=DistributorSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    calls: CallSettings = Field(default_factory=CallSettings)
    log: LogSettings = Field(default_factory=LogSettings)
