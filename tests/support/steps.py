"""The steps of a task that a real installation wrote down, beside those of a dry run."""

from __future__ import annotations

from datetime import datetime, timedelta

from extask.simulation import Simulated
from tests.support.skipping import Skipping

MARGIN = timedelta(seconds=3)
"""The server winds a clock to the second only, and this machine may be slow."""
Line = tuple[str, str, str, timedelta, timedelta]
"""Step, kind, outcome, time since the line before, time since the first."""


def steps_of(told: list[tuple[datetime, str, str, str]]) -> list[Line]:
    """Give each line with the time that passed since the one before and since the first."""
    first = before = told[0][0]
    lines = []
    for at, step, kind, outcome in told:
        lines.append((step, kind, outcome, at - before, at - first))
        before = at
    return lines


async def real_steps(world: Skipping, task: str) -> list[Line]:
    story = [each for each in await world.admin.timeline(task) if each["source"] == "task"]
    told = [
        (datetime.fromisoformat(each["at"]), each["step"], each["kind"], each["outcome"])
        for each in story
        if each["kind"] != "event"
    ]
    return steps_of(told)


def assert_same_steps(real: list[Line], dry: Simulated) -> None:
    """The steps are the same, and so are their times.

    A wait counts from the line before, the end of life from the first.
    """
    expected = steps_of([(line.at, line.step, line.kind, line.outcome) for line in dry.trace])
    assert [line[:3] for line in real[: len(expected)]] == [line[:3] for line in expected]
    for (*what, took, at), (*_, due, due_at) in zip(real, expected, strict=False):
        assert min(abs(took - due), abs(at - due_at)) < MARGIN, what
