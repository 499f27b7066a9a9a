"""What a new version breaks for those who send tasks to the old one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from extask.definition.plan import Param, Plan

ADVICE = "publish it with --breaking (breaking: true) once every sender knows"


@dataclass(frozen=True, slots=True)
class Breaking:
    """One change for which a sender that was right before would be refused."""

    param: str
    message: str


def breaking(old: Plan, new: Plan) -> tuple[Breaking, ...]:
    """List every breaking change between two versions, in the author's words."""
    gone = [
        Breaking(name, f"the parameter '{name}' is gone")
        for name in old.params
        if name not in new.params
    ]
    found = (
        Breaking(name, message)
        for name, param in new.params.items()
        for message in _broken(old.params.get(name), param)
    )
    return (*gone, *found)


def _broken(old: Param | None, new: Param) -> Iterator[str]:
    if old is None:
        if new.required:
            yield f"the parameter '{new.name}' is new and required"
        return
    if new.required and not old.required:
        yield f"the parameter '{new.name}' is required now"
    if old.type != new.type:
        yield f"the parameter '{new.name}' was of type {old.type} and is of type {new.type}"
    elif lost := [value for value in old.values if value not in new.values]:
        yield f"the parameter '{new.name}' takes no longer: {', '.join(lost)}"
