"""The far end of calls in a dry run: each attempt gets the reply that its step was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from extask.messages import CallAnswered, CallOut
from extask.simulation.given import Reply


@dataclass(frozen=True, slots=True)
class CallMade:
    """One attempt of a call that was made."""

    at: datetime
    step: str
    out: CallOut


class Calls:
    """Makes attempts one at a time; one that is not wanted any more gets no answer."""

    def __init__(self, replies: Mapping[str, tuple[Reply, ...]]) -> None:
        self.made: list[CallMade] = []
        self._replies = replies
        self._attempts = Counter[str]()
        self._under_way: CallOut | None = None
        self._answer: tuple[datetime, CallAnswered] | None = None

    def want(self, step: str, out: CallOut | None, now: datetime) -> None:
        """Begin the attempt that is wanted, unless it is under way; drop another one."""
        if out == self._under_way:
            return
        self._under_way, self._answer = out, None
        if out is not None:
            self.made.append(CallMade(now, step, out))
            self._answer = self._begin(step, out, now)

    def next_at(self) -> datetime | None:
        """Tell when the next answer comes, if any."""
        return self._answer[0] if self._answer else None

    def take(self, now: datetime) -> CallAnswered | None:
        """Give an answer that is due."""
        if self._answer is None or self._answer[0] > now:
            return None
        answer, self._answer = self._answer[1], None
        return answer

    def _begin(self, step: str, out: CallOut, now: datetime) -> tuple[datetime, CallAnswered]:
        replies = self._replies.get(step, ()) or (Reply(),)
        reply = replies[min(self._attempts[step], len(replies) - 1)]
        self._attempts[step] += 1
        answer = CallAnswered(number=out.number, attempt=out.attempt)
        if reply.takes > out.timeout:
            return now + out.timeout, answer.model_copy(update={"failure": "timeout"})
        told = {"status": reply.status, "body": reply.body}
        return now + reply.takes, answer.model_copy(update=told)
