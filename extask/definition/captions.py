"""What pictures of a plan write into its boxes: what a step does, and how long it may take."""

from __future__ import annotations

from extask.definition.durations import format_duration
from extask.definition.fitting import from_plain
from extask.definition.kinds import KINDS
from extask.definition.plan import Expression, Handler, Literally, Plan, Step


def of_step(step: Step) -> tuple[str, ...]:
    """Say what a step does, and in a second line how long it waits or tries, where it says so."""
    kind = KINDS[step.kind]
    ones = [each for each in (kind.shorthand, *kind.one_of) if each in step.properties]
    main = ones[0] if ones else ""
    word = main if kind.shorthand != main and kind.shorthand else ""
    does = " ".join(part for part in (step.kind, word, _value(step, main)) if part)
    times = [
        f"{name} {_value(step, name)}"
        for name, prop in kind.properties.items()
        if prop.type == "duration" and name in step.properties and name != main
    ]
    return (does, ", ".join(times)) if times else (does,)


def of_event(plan: Plan, event: Handler) -> tuple[str, ...]:
    """Name an event, and say when the life of a task is over."""
    after = f"after {format_duration(plan.lifetime)}"
    return (f"when {event}", after) if event == "expired" else (f"when {event}",)


def _value(step: Step, name: str) -> str:
    """Write the value of a property, unless it is a text with expressions in it."""
    value = step.properties.get(name)
    if isinstance(value, Expression):
        return f"${{{value.expression}}}"
    if not isinstance(value, Literally):
        return ""
    if KINDS[step.kind].properties[name].type == "duration":
        return format_duration(from_plain("duration", value.value))
    return str(value.value)
