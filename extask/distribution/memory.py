"""What a pool still knows of what is over: answered keys and the way tasks left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import TypeAdapter

from extask.distribution import clock
from extask.distribution.horizon import Horizon
from extask.distribution.past import Past
from extask.messages import Answer

if TYPE_CHECKING:
    from extask.messages import AnyCommand

REMEMBERED = 20_000

How = Literal["completed", "expired", "withdrawn"]


class Ending(NamedTuple):
    """How a task's last stay ended: for Withdraw after completion, Confirm after expiry."""

    run: int
    epoch: int
    how: How
    at: int
    agent: str | None = None
    session: str | None = None
    code: str = ""
    rank: int = 0


_ANSWERS, _ENDINGS = TypeAdapter(Answer), TypeAdapter(Ending)


class Memory:
    """The last answered keys and the last endings, the oldest forgotten first."""

    __slots__ = ("answers", "endings", "horizon")

    def __init__(self) -> None:
        self.answers: Past[Answer] = Past(_ANSWERS, REMEMBERED)
        self.endings: Past[Ending] = Past(_ENDINGS, REMEMBERED)
        self.horizon = Horizon(REMEMBERED)

    def answer(self, command: AnyCommand) -> Answer | None:
        """Recall what a command was answered."""
        return self.answers.get(command.key, command.subject)

    def is_forgotten(self, command: AnyCommand) -> bool:
        """Tell whether a command that is not remembered may be one that was."""
        return command.issued is not None and self.horizon.hides(clock.micros(command.issued))

    def answered(self, command: AnyCommand, answer: Answer, at: int) -> None:
        """Remember what a command was answered at an instant."""
        self.answers.put(command.key, answer, command.subject)
        issued = command.issued
        self.horizon.answered(at, None if issued is None else clock.micros(issued))

    def ending(self, task: str) -> Ending | None:
        """Recall how a task left."""
        return self.endings.get(task, task)

    def ended(self, task: str, ending: Ending) -> None:
        """Remember how a task left."""
        self.endings.put(task, ending, task)
