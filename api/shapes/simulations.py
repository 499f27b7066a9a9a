"""Forms about dry runs of definitions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.shapes.common import DurationOut, Json, Shape
from api.shapes.definitions import DefinitionSource
from api.shapes.findings import FindingShape


class SimulationRequest(DefinitionSource):
    """A definition and the world that its dry run meets."""

    given: Json = Field(
        default_factory=dict,
        description="As a test writes it: params, accepted_after, positions, calls, events …",
    )


class SimulatedLine(Shape):
    """A step that was left, or an event that came."""

    after: DurationOut = Field(description="Since the start.")
    step: str
    kind: str
    outcome: str
    priority: str
    by: str = Field(description="The agent, or why it happened.")


class SimulatedCall(Shape):
    """An attempt of a call that was made."""

    after: DurationOut
    step: str
    body: Any


class SimulatedRun(Shape):
    """What came of a dry run."""

    ends: str = Field(description="In the words of a test's `ends`.")
    ended: bool = Field(description="Whether it ended; else it waits for an agent, or was cut.")
    took: DurationOut
    priority: str
    params: dict[str, Any]
    path: list[str]
    lines: list[SimulatedLine]
    calls: list[SimulatedCall]


class SimulationAnswer(Shape):
    """What the checker says, and what the dry run came to where there is nothing wrong."""

    ok: bool = Field(description="Whether it was run.")
    findings: list[FindingShape] = Field(description="In the definition, then in `given`.")
    run: SimulatedRun | None
