"""What a pool still knows of what is over: answered keys and the way tasks left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import TypeAdapter

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

    __slots__ = ("answers", "endings")

    def __init__(self) -> None:
        self.answers: Past[Answer] = Past(_ANSWERS, REMEMBERED)
        self.endings: Past[Ending] = Past(_ENDINGS, REMEMBERED)

    def answer(self, command: AnyCommand) -> Answer | None:
        """Recall what a command was answered."""
        return self.answers.get(command.key, command.subject)

    def answered(self, command: AnyCommand, answer: Answer) -> None:
        """Remember what a command was answered."""
        self.answers.put(command.key, answer, command.subject)

    def ending(self, task: str) -> Ending | None:
        """Recall how a task left."""
        return self.endings.get(task, task)

    def ended(self, task: str, ending: Ending) -> None:
        """Remember how a task left."""
        self.endings.put(task, ending, task)
