"""What each key, property, outcome and event means, in a sentence for editors and reference."""

from __future__ import annotations

from collections.abc import Mapping

from extask.definition.kinds import KINDS

KEYS: dict[str, str] = {
    "workflow": "The workflow's name: small letters, digits and '_', a letter first.",
    "version": "A whole number, raised for every published change.",
    "language": "The language's version; 'extask/1' when left out.",
    "title": "What the workflow is called by people.",
    "description": "What the workflow is for.",
    "lifetime": "How long a task may live, 24h when left out; a task may bring its own.",
    "params": "The typed parameters that tasks bring and steps read.",
    "start": "The first step; the first in the file when left out.",
    "steps": "The steps by name; each has one kind, and says with 'then' where it goes on.",
    "when": "Steps that run when something happens, whatever step is running.",
}
PARAM_KEYS: dict[str, str] = {
    "type": "What the parameter takes.",
    "default": "Its value where the sender gives none.",
    "required": "Whether the sender must give it.",
    "values": "The values of a choice; the first one is its default.",
    "description": "What the parameter means, for those who send it.",
}
PARAM_TYPES: dict[str, str] = {
    "text": "Any text.",
    "integer": "A whole number.",
    "number": "A number, such as 0.5.",
    "boolean": "true or false.",
    "duration": "A length of time, such as 30s, 5m, 1h30m, 2d.",
    "time": "A moment with its offset, such as 2026-03-01T12:00:00+01:00.",
    "choice": "One of its 'values'.",
    "list": "A list of texts.",
}
STEP_KEYS: dict[str, str] = {
    "then": "The step to go on with, or one for each outcome; 'end' ends the run.",
    "title": "What the step is called in pictures.",
    "note": "A remark for those who read the definition.",
    "save": "Parameters that get new values when a case is chosen.",
}
CASE_KEYS: dict[str, str] = {
    "if": "A condition; the first case whose condition holds is chosen.",
    "then": "The step to go on with.",
    "else": "The step to go on with where no condition holds; the last case.",
}
AGENT_KEYS: dict[str, str] = {
    "agent": "Who is preferred.",
    "priority": "From 1 to 99; who has the lowest number is asked first.",
}
EVENTS: dict[str, str] = {
    "accepted": "Runs beside the agent when an agent accepted the task.",
    "completed": "Runs when the agent completed the task.",
    "expired": "Runs when the task's life is over; it has five minutes.",
    "aborted": "Runs when a supervisor or the API ends the task; it has five minutes.",
    "error": "Runs when a step fails, and no way on was written for that.",
}
PROPERTIES: dict[str, str] = {
    "for": "How long to wait.",
    "until": "The moment to wait for.",
    "service": "The service.",
    "queue.service": "The service to queue for; the task's own when left out.",
    "priority": "The priority in the queue.",
    "wait": "How long to wait in the queue before going on by 'timeout'; '0s' goes on at once.",
    "preferred": "Agents who are asked first; each may have a priority from 1 to 99. "
    "Those of the create call where none is named.",
    "prefer_for": "How long only preferred agents are asked.",
    "preferred_only": "Whether only preferred agents are ever asked.",
    "exclude": "Agents who are not asked.",
    "skills": "Skills an agent needs besides the service's own, each with its level.",
    "distribution": "Whether one agent after another is asked, several at once, or nobody.",
    "block_agent": "Whether the task takes all of an agent's attention.",
    "to": "The priority from now on.",
    "reprioritize.by": "How many levels to raise the priority.",
    "reason": "Why; reports and supervisors see it.",
    "result": "How the run ended; reports show it.",
    "parameter": "The parameter to wait for.",
    "event": "The event of the catalogue to wait for.",
    "save": "Parameters that get new values from what came.",
    "calendar": "The calendar whose opening hours count.",
    "prolong.by": "How much longer the task may live.",
    "prolong.until": "When the task's life ends.",
    "flow": "The flow of the catalogue to call.",
    "url": "The address to call, one that the catalogue allows.",
    "method": "The HTTP method; POST when left out.",
    "body": "What to send.",
    "timeout": "How long one attempt may take; 10s when left out.",
    "attempts": "How often to try; once when left out.",
    "accept": "Further HTTP statuses that count as ok.",
}
"""By name, or by kind and name where the kind gives it a meaning of its own."""
OUTCOMES: dict[str, str] = {
    "done": "The step is done.",
    "accepted": "An agent accepted the task.",
    "completed": "The agent completed the task.",
    "arrived": "It came.",
    "timeout": "The time is over.",
    "rejected": "The service does not take the task.",
    "open": "It is open.",
    "closed": "It is closed.",
    "holiday": "It is a holiday; 'closed' when left out.",
    "special": "The day has hours of its own; 'open' or 'closed' by these when left out.",
    "available": "An agent who may get this task is free now.",
    "busy": "Agents are on duty, none of them is free.",
    "empty": "Nobody is on duty.",
    "limit": "The task may not live that long.",
    "ok": "The answer was a good one.",
    "failed": "There was no good answer in time.",
}


def of_property(kind: str, name: str) -> str:
    """Tell what a property of a kind means."""
    return PROPERTIES.get(f"{kind}.{name}") or PROPERTIES[name]


def keys_at(path: tuple[str, ...]) -> Mapping[str, str]:
    """Give the keys that a map at a path may have, in their usual order, with what they mean.

    A path names keys from the outside in, `-` the entries of a list.
    """
    match path:
        case ():
            return KEYS
        case ("when",):
            return EVENTS
        case ("params", _):
            return PARAM_KEYS
        case ("steps", _, *inside):
            return _in_step(tuple(inside))
    return {}


def _in_step(path: tuple[str, ...]) -> Mapping[str, str]:
    match path:
        case ():
            kinds = {name: kind.summary for name, kind in KINDS.items()}
            first, last = ("title", "note"), ("save", "then")
            beside = [{key: STEP_KEYS[key] for key in keys} for keys in (first, last)]
            return {**beside[0], **kinds, **beside[1]}
        case ("then",):
            return OUTCOMES
        case (kind,) if kind in KINDS:
            return {name: of_property(kind, name) for name in KINDS[kind].properties}
        case (_, "preferred", "-"):
            return AGENT_KEYS
        case (kind, "-") if kind in KINDS and KINDS[kind].cases:
            return CASE_KEYS
    return {}
