"""The picture follows the log, event by event; an event that the rules forbid fails at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from extask.messages import AnyCommand, Event
from tests.unit.distribution.machine import rules
from tests.unit.distribution.machine.picture import (
    CUT,
    NOTHING,
    Person,
    Picture,
    Service,
    Share,
    Task,
)


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


class Log:
    """Reads events; `command` is the one under way, which may explain an offer."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.command: AnyCommand | None = None
        self.following: list[Callable[[Event], bool]] = []
        """What the next events must be, one test each."""
        self.foreseen = False
        """Whether the event under way was such a one."""
        self.changed: tuple[list[str], list[str]] = ([], [])
        """Services and agents that the last configuration changed."""
        self.readers = {name[3:]: getattr(self, name) for name in dir(self) if name[:3] == "on_"}

    # --- time and ranks ------------------------------------------------------------------------

    def pass_time(self, until: datetime) -> None:
        """See that nothing was left undone until then (P5, P9)."""
        picture = self.picture
        if until == picture.now:
            return
        assert until > picture.now, "time ran backwards"
        self.quiet()
        for moment in rules.moments(picture, until):
            picture.now = moment
            self.quiet()
        picture.now = until

    def quiet(self) -> None:
        """See that nothing can be offered, and nothing that had to follow is missing."""
        assert not self.following
        missed = rules.next_offer(self.picture)
        assert missed is None, f"{missed} could have been offered"

    def consume(self, event: Event) -> None:
        self.pass_time(event.at)
        self.foreseen = bool(self.following)
        if self.foreseen:
            assert self.following.pop(0)(event), f"{event} came where something else had to"
        task = self.picture.tasks.get(event.task or "")
        if task is not None and event.rank is not None:
            self.count_rank(task, event)
        self.readers[event.kind](event)

    def count_rank(self, task: Task, event: Event) -> None:
        """Ranks of a stay rise by one."""
        rank = 1 if event.kind == "moved" else task.rank + 1
        if event.kind != "queued":
            assert event.rank == rank or self.reports(), event
            assert event.epoch == task.epoch or event.kind == "moved"
            task.run, task.epoch, task.rank = event.run or 0, event.epoch or 0, event.rank or 0

    def reports(self) -> bool:
        return self.command is not None and self.command.kind == "report"

    def parts(self, event: Event) -> tuple[Share, Person, Task]:
        """Find the share that an event ends or changes, whose it is, and its task."""
        share = self.picture.shares[event.session or ""]
        assert (share.agent, share.task.name) == (event.agent, event.task)
        return share, self.picture.people[share.agent], share.task

    def service(self, task: Task) -> Service:
        return self.picture.services[task.service]

    # --- ends of shares -------------------------------------------------------------------------

    def drop(self, event: Event) -> tuple[Share, Person, Task]:
        share, person, task = self.parts(event)
        del self.picture.shares[share.session], person.shares[share.session]
        return share, person, task

    def cool(self, task: Task, agent: str, at: datetime) -> None:
        lasting = self.service(task).config.decline_cooldown
        if lasting > NOTHING:
            task.cooled[agent] = (at + min(CUT, lasting), at + lasting)

    def end_share(self, event: Event) -> Share:
        """P10: work and hold add up to the time since acceptance."""
        share, person, _ = self.drop(event)
        assert share.accepted is not None
        held = share.held + (event.at - share.held_at if share.held_at else NOTHING)
        worked = event.at - share.accepted - held
        assert worked >= NOTHING
        assert event.data["hold_us"] == micros(held)
        assert event.data["work_us"] == micros(worked)
        person.idle = event.at
        return share
