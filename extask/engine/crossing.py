"""Into a queue from wherever the task is: in one command, or out of one pool into another.

From pool to pool no event comes between the commands: each is asked in the answer of the one
before, and what happened meanwhile is taken in when the task stands again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

from extask.engine.progress import Ending, Progress
from extask.engine.run import Perform, Run, Then
from extask.messages import Answer, Enqueue, Move, Place, Unless, Withdraw

Rejected = Callable[[Run, datetime, str], None]
"""What follows where the target refuses, and why it does."""


@dataclass(frozen=True, slots=True)
class Journey:
    """Where a task goes, and what follows there, or where it was if it is refused."""

    place: Place
    after: Perform
    rejected: Rejected
    transfer: bool = False
    unless: Unless | None = None
    """What makes it come too late; empty: whatever ends the task's standing where it stands."""
    came_first: Callable[[Run, Answer], None] | None = None
    """What is to be done before such an answer is followed."""

    def too_late(self, run: Run) -> Unless:
        """Tell what is to come first, of the stay that the run knows of."""
        return self.unless or ("returned" if run.progress.where == "with_agent" else "accepted")


@dataclass(frozen=True, slots=True)
class Crossing:
    """A journey into another pool, and the place that the task leaves."""

    journey: Journey
    home: Place | None


def go_to(run: Run, journey: Journey) -> None:
    """Stand in a place's queue; refused leaves the task where it was."""
    p, place = run.progress, journey.place
    epoch = p.epoch + 1

    def stood(answer: Answer, now: datetime) -> None:
        if answer.reason == "other_pool":
            _leave(run, journey)
        elif answer.status == "refused":
            journey.rejected(run, now, answer.reason)
        else:
            settle(run, place, epoch, answer, now)
            journey.after(run, now)

    ask = partial(run.ask, takes_over=place.service if journey.transfer else None, place=place)
    if p.where == "out":
        run.change(epoch=epoch)
        ask(Enqueue, stood, expires_at=p.expires_at, **_former_place(p, journey))
        run.obeys = partial(run.stand, epoch, place)
    else:
        unless = journey.too_late(run)
        ask(Move, stood, to_epoch=epoch, transfer=journey.transfer, unless=unless)
        _heed(run, journey)


def _former_place(p: Progress, journey: Journey) -> dict[str, Any]:
    """Ask for the place back that the task had when its life ended, if it lives again."""
    if not p.revived:
        return {}
    return {"first_queued": p.first_queued, "transfer": journey.transfer}


def transferred(run: Run, now: datetime) -> None:
    """End the run: the task stands in the target's queue and goes on under its plan."""
    run.change(transfers=run.progress.transfers + 1)
    run.record(now, "left", "transferred")
    service = run.progress.standing
    run.close(Ending(kind="transferred", outcome="transferred", service=service), now)


def _leave(run: Run, journey: Journey) -> None:
    """Take the task out of its pool, unless something came first; an agent's share ends here."""
    p = run.progress
    home = p.place and p.place.model_copy(update={"priority": p.priority or p.asked_priority})
    then = partial(_enter, run, Crossing(journey, home))
    unless = journey.too_late(run)
    run.ask(Withdraw, then, unless=unless, outcome="transferred", moves=True)
    _heed(run, journey)


def _heed(run: Run, journey: Journey) -> None:
    if journey.came_first is not None:
        run.obeys = partial(journey.came_first, run)


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
        crossing.journey.place,
        lambda answer, now: _entered(run, crossing, epoch, out, answer, now),
        first_queued=out.first_queued,
        transfer=crossing.journey.transfer,
    )


def _entered(  # noqa: PLR0917 - both answers count, and when the second came
    run: Run, crossing: Crossing, epoch: int, out: Answer, answer: Answer, now: datetime
) -> None:
    journey = crossing.journey
    if answer.status != "refused":
        settle(run, journey.place, epoch, answer, now)
        journey.after(run, now)
    elif crossing.home is None:
        journey.rejected(run, now, answer.reason)
    else:
        _go_back(run, crossing, crossing.home, out, answer.reason)


def _go_back(run: Run, crossing: Crossing, home: Place, out: Answer, reason: str) -> None:
    def back(answer: Answer, now: datetime) -> None:
        if answer.status != "refused":
            settle(run, home, epoch, answer, now)
        crossing.journey.rejected(run, now, reason)

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
