"""What is done to something that goes on, and would be done twice: such keys are kept with it.

Other commands begin or end what they name, and can have no second effect however late a repeat
comes. These could, once the pool has forgotten what it answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extask.messages import Command

MOST = 50
"""Keys that are kept with one task or wrap-up, the latest."""


def has_done(acts: tuple[str, ...], command: Command) -> bool:
    """Tell whether this very command was carried out before."""
    return _short(command) in acts


def noted(acts: tuple[str, ...], command: Command) -> tuple[str, ...]:
    """Add the key of a command that is carried out."""
    return (*acts[1 - MOST :], _short(command))


def _short(command: Command) -> str:
    """Give the key without the id of its task, with which those of workflows begin."""
    return command.key.removeprefix(command.subject)
