"""What a pool still knows of what is over: answered keys and the way tasks left."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from extask.messages import Answer

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


class Memory:
    """The last answered keys and the last endings, the oldest forgotten first."""

    __slots__ = ("answers", "endings")

    def __init__(self) -> None:
        self.answers: OrderedDict[str, Answer] = OrderedDict()
        self.endings: OrderedDict[str, Ending] = OrderedDict()

    def answered(self, key: str, answer: Answer) -> None:
        """Remember what a command was answered."""
        self.answers[key] = answer
        if len(self.answers) > REMEMBERED:
            self.answers.popitem(last=False)

    def ended(self, task: str, ending: Ending) -> None:
        """Remember how a task left."""
        self.endings.pop(task, None)
        self.endings[task] = ending
        if len(self.endings) > REMEMBERED:
            self.endings.popitem(last=False)
