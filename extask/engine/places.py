"""How a step wants its task to stand in a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from extask.definition.values import resolve_property
from extask.engine.run import Run, StepFailed
from extask.messages import Place

MOST_PREFERRED = 10
_WRITTEN = (
    "preferred",
    "preferred_only",
    "prefer_for",
    "exclude",
    "skills",
    "distribution",
    "block_agent",
)


def place_of(run: Run, names: Mapping[str, Any]) -> Place:
    """Put the step's own properties before what the create call asked for.

    Preferred agents of whom none has a name are as good as not written.
    """
    step, asked = run.step, run.facts.place
    written = {
        name: resolve_property(step, name, names) for name in _WRITTEN if name in step.properties
    }
    if len(written.get("preferred", ())) > MOST_PREFERRED:
        raise StepFailed(f"more than {MOST_PREFERRED} preferred agents")
    if not written.get("preferred"):
        written.pop("preferred", None)
    service = resolve_property(step, "service", names) or run.progress.service
    priority = resolve_property(step, "priority", names) or run.progress.asked_priority
    return asked.model_copy(update={**written, "service": service, "priority": priority})
