"""The table of commands: one handler for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extask.distribution.commands import (
    agents,
    configure,
    handing,
    moving,
    report,
    sessions,
    survey,
    tasks,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from extask.distribution.pool import Pool
    from extask.messages import Answer

HANDLERS: dict[str, Callable[[Pool, Any], Answer]] = {
    "enqueue": tasks.enqueue,
    "move": moving.move,
    "withdraw": tasks.withdraw_task,
    "confirm": tasks.confirm,
    "look": tasks.look,
    "survey": survey.survey,
    "reprioritize": tasks.reprioritize,
    "set_expiry": tasks.set_expiry,
    "orphaned": tasks.orphaned,
    "report": report.report,
    "accept": sessions.accept,
    "decline": sessions.decline,
    "complete": sessions.complete,
    "return": sessions.give_back,
    "hold": sessions.hold,
    "resume": sessions.resume,
    "pick_up": handing.pick_up,
    "assign": handing.assign,
    "pull_back": handing.pull_back,
    "extend_wrap_up": agents.extend,
    "end_wrap_up": agents.end,
    "set_agent_state": agents.set_state,
    "start_engagement": agents.start_engagement,
    "end_engagement": agents.end_engagement,
    "configure": configure.configure,
}
