"""The interpreter: a pure, resumable step machine over a plan."""

from extask.engine.machine import Engine
from extask.engine.progress import (
    Aborted,
    Ending,
    Facts,
    Happened,
    Patched,
    Progress,
    Redirected,
    first_progress,
    missing_params,
    transferred_progress,
)
from extask.engine.todo import Ask, Consult, Finish, Sleep, Todo

__all__ = [
    "Aborted",
    "Ask",
    "Consult",
    "Ending",
    "Engine",
    "Facts",
    "Finish",
    "Happened",
    "Patched",
    "Progress",
    "Redirected",
    "Sleep",
    "Todo",
    "first_progress",
    "missing_params",
    "transferred_progress",
]
