"""Forms about whether all is well."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.shapes.common import Shape


class HealthCheck(Shape):
    """One thing that was looked at."""

    check: str = Field(description="Stable name of what was looked at.")
    ok: bool
    found: str = Field(description="What was found, for people.")
    what_to_do: str = Field(description="How to put it right; empty where all is well.")


class PoolHealth(Shape):
    """A pool as its distributor last told of itself."""

    name: str
    generation: int = Field(description="How many distributors it has had.")
    behind: bool = Field(description="Whether it has too much undelivered to take new tasks.")
    full: bool = Field(description="Whether it is at the limit of its size.")


class HealthReport(Shape):
    """Whether all is well, line by line."""

    status: Literal["ok", "wrong"]
    at: AwareDatetime
    checks: list[HealthCheck]
    pools: list[PoolHealth]
    last_round: AwareDatetime | None = Field(description="When repairs were last looked for.")
    repairs: dict[str, int] = Field(description="Repairs of the last day, by kind.")
