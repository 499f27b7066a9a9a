"""What operators read in Temporal UI about one task: where it is, and why it waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from extask import temporal
    from extask.definition.plan import Plan
    from extask.engine import Engine
    from extask.messages import Standing


@dataclass(frozen=True, slots=True)
class Seen:
    """What is told of a task beside its plan and progress."""

    state: str
    service: str
    agent: str
    standing: Standing | None


class Display:
    """Shows one task in search attributes and current details, what changed only."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def show(self, engine: Engine, seen: Seen) -> None:
        """Show the task as it is now."""
        progress = engine.progress
        values = {
            "ExtaskDefinition": f"{engine.plan.workflow}:{engine.plan.version}",
            "ExtaskStep": engine.step or "",
            "ExtaskService": seen.service,
            "ExtaskState": seen.state,
            "ExtaskAgent": seen.agent,
            "ExtaskPriority": progress.priority or "",
        }
        changed = {name: value for name, value in values.items() if self._shown.get(name) != value}
        if changed:
            workflow.upsert_search_attributes(temporal.changes(changed))
            self._shown = values
        workflow.set_current_details(_markdown(engine, values, seen.standing, workflow.now()))


def _markdown(
    engine: Engine, shown: dict[str, str], standing: Standing | None, now: datetime
) -> str:
    plan, progress = engine.plan, engine.progress
    rows = [
        ("Definition", f"{plan.workflow} version {plan.version}"),
        ("Step", _step(plan, shown["ExtaskStep"])),
        ("State", shown["ExtaskState"]),
        ("Service", shown["ExtaskService"]),
        ("Priority", shown["ExtaskPriority"] or "the service's own"),
        ("Agent", shown["ExtaskAgent"] or "nobody yet"),
        ("Lives until", _clock(progress.expires_at)),
    ]
    lines = [f"- **{name}:** {value}" for name, value in rows]
    if progress.where == "in" and standing is not None:
        lines += ["", *_why(standing)]
    return "\n".join([*lines, "", f"_As of {_clock(now)}._"])


def _step(plan: Plan, name: str) -> str:
    step = plan.steps.get(name)
    if step is None:
        return name or "not begun"
    return f"`{name}` ({step.kind}{', ' + step.title if step.title else ''})"


def _why(standing: Standing) -> list[str]:
    if standing.position == 0:
        return ["**Why it waits:** an agent is being asked."]
    place = f"place {standing.position} of {standing.queue_length}"
    ruled_out = ", ".join(f"`{rule}` {count}" for rule, count in sorted(standing.why.items()))
    agents = f"; agents ruled out: {ruled_out}" if ruled_out else ""
    return [f"**Why it waits:** {place}{agents}."]


def _clock(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S UTC")
