"""The interpreter: a pure, resumable step machine over a plan."""

from extask.engine.machine import Engine
from extask.engine.migrating import Movement, Obstacle, at_boundary
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
    "Movement",
    "Obstacle",
    "Patched",
    "Progress",
    "Redirected",
    "Sleep",
    "Todo",
    "at_boundary",
    "first_progress",
    "missing_params",
    "transferred_progress",
]
