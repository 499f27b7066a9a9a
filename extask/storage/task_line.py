"""A task's line of time: what it and its agents were in from when to when; pure.

It is told by the events of the task's pools and by its end alone, in the order of the task's own
stamps: however late and in whatever pieces they were written, the line comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from extask.messages import Event, Outcome
from extask.storage.task_state import instant

Phase = Literal["workflow", "queue", "offer", "work", "hold", "wrap_up"]
PHASES: tuple[Phase, ...] = get_args(Phase)
WITH_AGENT: frozenset[Phase | None] = frozenset({"work", "hold"})


@dataclass(frozen=True, slots=True)
class Life:
    """What a task's row says: the service it was created for, and how it ended."""

    service: str
    priority: str
    began_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    last: tuple[int, int] = (0, 0)
    """Run and epoch in which it ended: what pools tell of later ones came after the end."""


class Interval(NamedTuple):
    """So long from then on; of a service session, of an agent's session, mostly of both."""

    service_session: int
    """Its number within the task; 0: it does not count into the task's line."""
    session: str
    """Empty: no agent's."""
    phase: Phase
    began_at: datetime
    lasted: timedelta


@dataclass(slots=True)
class Stay:
    """A service session: the task in one service; `number` counts from 1 within the task."""

    number: int
    service: str
    began_at: datetime
    priority: str
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    attempts: int = 0
    level: int | None = None
    algorithm: str = ""
    agent: str | None = None


class Silent(NamedTuple):
    """A session whose end no event told: when and how it must have been over."""

    session: str
    ended_at: datetime
    outcome: Literal["accepted", "cancelled"]


class Story(NamedTuple):
    """What reports tell of a task: every interval, the service sessions that have ended."""

    intervals: frozenset[Interval]
    stays: tuple[Stay, ...]
    silent: tuple[Silent, ...]


def tell(life: Life, events: Iterable[Event]) -> Story:
    """Tell a task's story by its events; those of one pool come in their order.

    The line begins with the task and never runs backwards: an event that comes before the last one
    by its clock counts from there. What begins after the task's end is left out.
    """
    line = _Line(life)
    told = tuple(events)
    for event in sorted((each for each in told if each.rank is not None), key=_stamp):
        if life.ended_at is None or _stamp(event)[:2] <= life.last:
            line.see(event)
    line.finish()
    wraps = [event for event in told if event.rank is None]
    ended = tuple(stay for stay in line.stays if stay.ended_at is not None)
    return Story(frozenset((*line.intervals(), *line.wrap_ups(wraps))), ended, line.silent())


def wrap_up(event: Event, service_session: int) -> Interval:
    """Give the wrap-up that an event ends; it follows a service session, beside the task's line."""
    lasted = timedelta(microseconds=event.data.get("wrap_up_us", 0))
    since = event.at - lasted
    return Interval(service_session, event.session or "", "wrap_up", since, lasted)


def _stamp(event: Event) -> tuple[int, int, int]:
    return event.run or 0, event.epoch or 0, event.rank or 0


class _Label(NamedTuple):
    """What something is in; `number` is 0 in an agent's own track."""

    number: int
    session: str
    phase: Phase


class _Piece(NamedTuple):
    label: _Label
    began_at: datetime
    ended_at: datetime


@dataclass(slots=True)
class _Track:
    """Pieces of time, each beginning where the last one ended."""

    now: datetime
    pieces: list[_Piece] = field(default_factory=list)

    def spend(self, label: _Label, until: datetime) -> None:
        """Be in something until then; no time at all leaves no piece."""
        if until <= self.now:
            return
        began_at = self.now
        last = self.pieces[-1] if self.pieces else None
        if last is not None and (last.label, last.ended_at) == (label, self.now):
            began_at = self.pieces.pop().began_at
        self.pieces.append(_Piece(label, began_at, until))
        self.now = until

    def cut(self, at: datetime) -> None:
        """Forget what came after an instant."""
        kept = (piece for piece in self.pieces if piece.began_at < at)
        self.pieces = [it._replace(ended_at=min(it.ended_at, at)) for it in kept]
        self.now = at


@dataclass(slots=True)
class _Share:
    """An agent's share: on offer, at work, on hold, then over (no phase)."""

    session: str
    track: _Track
    phase: Phase | None = "offer"
    level: int | None = None
    algorithm: str = ""
    number: int = 0
    silent: Literal["accepted", "cancelled"] | None = None
    """How it was over, though no event told of it."""

    def turn(self, phase: Phase | None, at: datetime) -> None:
        """Be in another phase from an instant on."""
        if self.phase is not None:
            self.track.spend(_Label(0, self.session, self.phase), at)
            self.phase = phase

    def was_accepted(self) -> bool:
        return self.phase in WITH_AGENT or any(
            piece.label.phase in WITH_AGENT for piece in self.track.pieces
        )


class _Line:
    """The task between its events: in which service, in whose hands, since when."""

    def __init__(self, life: Life) -> None:
        self.stays = [Stay(1, life.service, life.began_at, life.priority)]
        self._life = life
        self._track = _Track(life.began_at)
        self._shares: dict[str, _Share] = {}
        self._waiting = False
        self._offers: list[str] = []
        self._holder: _Share | None = None

    def see(self, event: Event) -> None:
        """Let time pass until an event, and follow it."""
        if event.data.get("reported"):
            self._go_back(event)
        self._pass(event.at)
        follow = _SEEN.get(event.kind)
        if follow is not None:
            follow(self, event)
        if "priority" in event.data:
            self.stays[-1].priority = event.data["priority"]

    def finish(self) -> None:
        """End what is open with the task; its completion has ended it already, if it was the end.

        If the workflow went on after it, another service session has begun then.
        """
        end, outcome = self._life.ended_at, self._life.outcome
        done = self.stays[-1].ended_at is not None and outcome == "user_accepted"
        if end is None or outcome is None or done:
            return
        self._pass(end)
        self._let_go(end, "accepted" if outcome == "user_accepted" else "cancelled")
        self._close(outcome)

    # --- what came of it ------------------------------------------------------------------------

    def intervals(self) -> Iterable[Interval]:
        """Give every interval; one that task and agent share alike is one."""
        own = {
            (piece.label[1:], piece.began_at, piece.ended_at): piece
            for share in self._shares.values()
            for piece in share.track.pieces
        }
        for piece in self._track.pieces:
            shared = own.pop((piece.label[1:], piece.began_at, piece.ended_at), None)
            yield _interval(piece, piece.label.session if shared else "")
        for piece in own.values():
            yield _interval(piece, piece.label.session)

    def wrap_ups(self, events: Iterable[Event]) -> Iterable[Interval]:
        """Give the wrap-ups that are over."""
        for event in events:
            if event.kind == "wrap_up_ended" and event.data.get("wrap_up_us"):
                share = self._shares.get(event.session or "")
                yield wrap_up(event, 0 if share is None else share.number)

    def silent(self) -> tuple[Silent, ...]:
        """Name the sessions whose end nobody told."""
        return tuple(
            Silent(share.session, share.track.now, share.silent)
            for share in self._shares.values()
            if share.silent is not None
        )

    # --- time -----------------------------------------------------------------------------------

    def _pass(self, until: datetime) -> None:
        """Let time pass; if the last service session is over, the task went on in another."""
        if self.stays[-1].ended_at is not None:
            self._begin(self.stays[-1].service)
        self._track.spend(self._label(), until)

    def _label(self) -> _Label:
        number = self.stays[-1].number
        if self._holder is not None:
            return _Label(number, self._holder.session, self._holder.phase or "work")
        if self._offers:
            alone = len(self._offers) == 1
            return _Label(number, self._offers[0] if alone else "", "offer")
        return _Label(number, "", "queue" if self._waiting else "workflow")

    def _begin(self, service: str) -> None:
        last = self.stays[-1]
        if last.ended_at is None:
            self._close("transferred")
        self.stays.append(Stay(last.number + 1, service, self._track.now, last.priority))

    def _close(self, outcome: Outcome) -> None:
        self.stays[-1].ended_at, self.stays[-1].outcome = self._track.now, outcome

    def _let_go(self, at: datetime, outcome: Literal["accepted", "cancelled"]) -> None:
        """End every share that is still open: one task is in one place at a time."""
        for share in self._shares.values():
            if share.phase is not None:
                share.turn(None, at)
                share.silent = outcome
        self._offers, self._holder, self._waiting = [], None, False

    # --- one function an event ------------------------------------------------------------------

    def queued(self, event: Event) -> None:
        """Come to stand in a queue; another service's begins a service session."""
        self._let_go(event.at, "cancelled")
        self._waiting = True
        if event.service != self.stays[-1].service:
            self._begin(event.service or "")

    def moved(self, event: Event) -> None:
        """Come to stand in another queue; a place that was only rewritten changes nothing."""
        if event.data.get("state") == "offered":
            return
        self._over(event)
        self._let_go(event.at, "cancelled")
        self._waiting = True
        if event.service != self.stays[-1].service or event.data.get("transfer"):
            self._begin(event.service or "")

    def offered(self, event: Event) -> None:
        """Be on offer; several offers may be open at once."""
        share = self._share(event, event.at)
        share.level, share.algorithm = event.data.get("level"), event.data.get("algorithm", "")
        self._offers.append(share.session)
        self.stays[-1].attempts += 1
        self._note_choice(share)

    def accepted(self, event: Event) -> None:
        """Be in an agent's hands."""
        share = self._share(event, event.at)
        share.turn("work", event.at)
        share.number = self.stays[-1].number
        self.stays[-1].agent = event.agent
        self._note_choice(share)
        self._offers = [each for each in self._offers if each != share.session]
        self._holder, self._waiting = share, False

    def held(self, event: Event) -> None:
        """Be on hold, or at work again."""
        share = self._shares.get(event.session or "")
        if share is not None and share.phase in WITH_AGENT:
            share.turn("hold" if event.kind == "held" else "work", event.at)

    def given_up(self, event: Event) -> None:
        """Be on offer to one less, or in the queue again."""
        self._over(event)
        self._offers = [each for each in self._offers if each != event.session]
        self._waiting = True

    def returned(self, event: Event) -> None:
        """Be in the queue again."""
        self._over(event)
        self._holder, self._waiting = None, True

    def completed(self, event: Event) -> None:
        """End the service session well."""
        self._over(event)
        self._holder, self._waiting = None, False
        self._close("user_accepted")

    def left(self, event: Event) -> None:
        """Stand nowhere."""
        self._over(event)
        self._let_go(event.at, "cancelled")

    def _note_choice(self, share: _Share) -> None:
        self.stays[-1].level, self.stays[-1].algorithm = share.level, share.algorithm

    def _share(self, event: Event, since: datetime) -> _Share:
        session = event.session or ""
        if session not in self._shares:
            self._shares[session] = _Share(session, _Track(since))
        return self._shares[session]

    def _over(self, event: Event) -> None:
        """End the share that an event names, if it names one."""
        share = self._shares.get(event.session or "")
        if share is not None:
            share.turn(None, event.at)

    def _go_back(self, event: Event) -> None:
        """Take back what came since an agent's share ended: they work on it after all.

        Of a share that no event told of, all is taken back since its acceptance.
        """
        since = instant(event.data.get("accepted_at")) or event.at
        share = self._share(event, since)
        if share is self._holder:
            return
        at = share.track.now if share.was_accepted() else since
        share.turn(None, at)
        self._pass(at)
        self._let_go(event.at, "cancelled")
        share.track.cut(at)
        share.phase, share.silent = "work", None
        self._cut(at, event.service or "")
        self._holder = share

    def _cut(self, at: datetime, service: str) -> None:
        at = max(at, self._life.began_at)
        while len(self.stays) > 1 and self.stays[-1].began_at >= at:
            self.stays.pop()
        self._track.cut(at)
        self.stays[-1] = replace(self.stays[-1], ended_at=None, outcome=None)
        if service != self.stays[-1].service:
            self._begin(service)


def _interval(piece: _Piece, session: str) -> Interval:
    lasted = piece.ended_at - piece.began_at
    return Interval(piece.label.number, session, piece.label.phase, piece.began_at, lasted)


_SEEN: Mapping[str, Callable[[_Line, Event], None]] = MappingProxyType(
    dict.fromkeys(("declined", "lapsed", "offer_cancelled"), _Line.given_up)
    | dict.fromkeys(("held", "resumed"), _Line.held)
    | dict.fromkeys(("withdrawn", "expired"), _Line.left)
    | {
        "queued": _Line.queued,
        "moved": _Line.moved,
        "offered": _Line.offered,
        "accepted": _Line.accepted,
        "returned": _Line.returned,
        "completed": _Line.completed,
    }
)
