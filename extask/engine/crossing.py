"""From one pool to another: out of the one, into the other, or back into the old place.

No event comes between the commands: each is asked in the answer of the one before, and what
happened meanwhile is taken in when the task stands again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import cast

from extask.engine.run import Perform, Run, Then
from extask.messages import Answer, Enqueue, Place, Withdraw


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a task goes, what follows then, and the place it leaves."""

    place: Place
    after: Perform
    transfer: bool
    home: Place | None


def leave(run: Run, place: Place, after: Perform, *, transfer: bool) -> None:
    """Take the task out of its pool, unless something came first; an agent's share ends here."""
    p = run.progress
    home = p.place and p.place.model_copy(update={"priority": p.priority or p.asked_priority})
    crossing = Crossing(place, after, transfer, home)
    unless = "returned" if p.where == "with_agent" else "accepted"
    then = partial(_enter, run, crossing)
    run.ask(Withdraw, then, unless=unless, outcome="transferred", moves=True)


def go_after(run: Run) -> None:
    """Stand in the queue whose service went to another pool, in the old place, past every limit."""
    p = run.progress
    home = cast("Place", p.place).model_copy(update={"priority": p.priority})
    run.release()

    def arrived(answer: Answer, now: datetime) -> None:
        if answer.status == "refused":
            run.fail(now, f"the queue is no more: {answer.reason}")
        else:
            settle(run, home, epoch, answer, now)

    epoch = _enqueue(run, home, arrived, first_queued=p.first_queued, returning=True)


def settle(run: Run, place: Place, epoch: int, answer: Answer, now: datetime) -> None:
    """Stand in a queue; what was left of the life at acceptance begins anew."""
    left = run.progress.time_left
    if left is not None:
        run.change(expires_at=now + left)
    unsent = tuple(what for what in run.progress.unsent if what == "expiry")
    run.change(asked_priority=place.priority, unsent=unsent)
    run.stand(epoch, place, answer)


def _enter(run: Run, crossing: Crossing, out: Answer, now: datetime) -> None:
    left = run.progress.time_left
    run.release()
    if left is not None:
        run.change(expires_at=now + left)
    epoch = _enqueue(
        run,
        crossing.place,
        lambda answer, now: _entered(run, crossing, epoch, out, answer, now),
        first_queued=out.first_queued,
        transfer=crossing.transfer,
    )


def _entered(  # noqa: PLR0917 - both answers count, and when the second came
    run: Run, crossing: Crossing, epoch: int, out: Answer, answer: Answer, now: datetime
) -> None:
    if answer.status != "refused":
        settle(run, crossing.place, epoch, answer, now)
        crossing.after(run, now)
    elif crossing.home is None:
        run.leave("rejected", now, reason=answer.reason)
    else:
        _go_back(run, crossing.home, out, answer.reason)


def _go_back(run: Run, home: Place, out: Answer, reason: str) -> None:
    def back(answer: Answer, now: datetime) -> None:
        if answer.status != "refused":
            settle(run, home, epoch, answer, now)
        run.leave("rejected", now, reason=reason)

    epoch = _enqueue(run, home, back, first_queued=out.first_queued, returning=True)


def _enqueue(
    run: Run,
    place: Place,
    then: Then,
    *,
    first_queued: datetime | None,
    transfer: bool = False,
    returning: bool = False,
) -> int:
    """Ask to stand somewhere; answers the new epoch."""
    epoch = run.progress.epoch + 1
    run.change(epoch=epoch)
    run.ask(
        Enqueue,
        then,
        moves=True,
        place=place,
        expires_at=run.progress.expires_at,
        first_queued=first_queued,
        transfer=transfer,
        returning=returning,
    )
    run.obeys = partial(run.stand, epoch, place)
    return epoch
