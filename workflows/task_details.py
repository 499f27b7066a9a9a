"""What operators read in Temporal UI about one task: where it is, and why it waits."""

from __future__ import annotations

from datetime import datetime

from extask.definition.plan import Plan
from extask.engine import Progress
from extask.messages import Standing


def markdown(
    plan: Plan,
    shown: dict[str, str],
    progress: Progress,
    standing: Standing | None,
    now: datetime,
) -> str:
    """Describe a task at an instant, in Markdown."""
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
