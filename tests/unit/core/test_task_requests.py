"""What a task answers to an event, told in the house's words."""

from __future__ import annotations

from typing import Any, cast

import pytest

from extask.messages import TaskAnswer, TaskHappening
from extask.task_requests import StateConflict, TaskRequests

APPROVED = TaskHappening(request="r-1", name="approved")


class Answers(TaskRequests):
    """A task that answers the same to everything."""

    def __init__(self, **answer: Any) -> None:
        self.answer = TaskAnswer(**answer)

    async def ask(self, *_asked: object) -> TaskAnswer:
        return self.answer


async def test_an_event_that_is_taken_needs_no_words() -> None:
    await Answers(status="done").tell(cast("Any", None), APPROVED)


@pytest.mark.parametrize(
    ("reason", "code"), [("too_many_events", "too_many_events"), ("ended", "already_ended")]
)
async def test_an_event_that_is_refused_says_why(reason: str, code: str) -> None:
    with pytest.raises(StateConflict) as refused:
        await Answers(status="refused", reason=reason).tell(cast("Any", None), APPROVED)
    assert refused.value.code == code
