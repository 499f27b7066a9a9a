"""An independent reading of the distribution's rules over an event log: life, capacity, order.

It shares no code with the judgement and knows nothing but the log and the settings. Where a rule
leaves room (a cool-down that may have been cut short), it only calls wrong what is certainly so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Any

from tests.support.log import (
    LEVELS,
    SHARES,
    AgentRules,
    Entry,
    Hand,
    Row,
    ServiceRules,
    Share,
    Turns,
)

OFFER_OVER = {"declined", "lapsed", "offer_cancelled"}
WORK_OVER = {"completed", "returned", "withdrawn", "moved"}
COOLING = {"declined", "lapsed", "returned"}
LIFE: dict[str, dict[str, str]] = {
    "queued": {"nowhere": "waiting"},
    "offered": {"waiting": "offered"},
    "accepted": {"offered": "engaged"},
    "declined": {"offered": "waiting"},
    "lapsed": {"offered": "waiting"},
    "offer_cancelled": {"offered": "waiting"},
    "returned": {"engaged": "waiting"},
    "completed": {"engaged": "nowhere"},
    "expired": {"waiting": "nowhere"},
    "withdrawn": {"waiting": "nowhere", "engaged": "nowhere"},
    "moved": {"waiting": "waiting", "offered": "offered", "engaged": "waiting"},
    "held": {"engaged": "engaged"},
    "resumed": {"engaged": "engaged"},
    "reprioritized": {"waiting": "waiting", "offered": "offered", "engaged": "engaged"},
    "expiry_set": {"waiting": "waiting", "offered": "offered", "engaged": "engaged"},
}
"""Kind of event → where a task may be before it → where it is afterwards."""


class Checker:
    """Replays a log and collects what breaks a rule.

    `ends` are the instants at which tasks told their end: of one that was taken out of a pool whose
    distributor was lost just then the log may not tell.
    """

    def __init__(
        self,
        services: Mapping[str, ServiceRules],
        agents: Mapping[str, AgentRules],
        ends: Mapping[str, datetime] = MappingProxyType({}),
    ) -> None:
        self.services = services
        self.ends = ends
        self.last: dict[str | None, datetime] = {}
        self.hands = {
            name: Hand(rules, rules.presence, rules.on_duty) for name, rules in agents.items()
        }
        self.entries: dict[str, Entry] = {}
        self.turns = {name: Turns() for name in services}
        self.sessions: set[str] = set()
        self.faults: list[str] = []
        self.firsts: Counter[str] = Counter()
        self.arrivals = 0
        self.rebuilt = False

    def replay(self, rows: Iterable[Row]) -> list[str]:
        """Replay a whole log; answers everything that breaks a rule."""
        log = list(rows)
        self.last = {row.task: row.at for row in log}
        for at, moment in groupby(log, key=lambda row: row.at):
            for row in moment:
                self._see(row)
            self._look_around(at)
        return self.faults

    def left_over(self) -> list[str]:
        """Name what is still open: tasks in the pool, agents with something in hand."""
        tasks = [task for task, entry in self.entries.items() if entry.where != "nowhere"]
        agents = [name for name, hand in self.hands.items() if not hand.is_free()]
        return tasks + agents

    def _see(self, row: Row) -> None:
        if row.kind == "rebuilt":
            self._forget(row.at)
        elif row.task is not None and row.kind in LIFE:
            self._see_task(row, self.entries.setdefault(row.task, Entry(row.task)))
        elif row.agent is not None:
            self._see_agent(row, self.hands[row.agent])

    def _wrong(self, rule: str, row: Row, why: str = "") -> None:
        self.faults.append(f"{rule}: {row}{': ' + why if why else ''}")

    def _forget(self, at: datetime) -> None:
        """Begin a generation: turn numbers, cool-downs and who was asked before are not handed on.

        Tasks may know of more than the log before it: what they report may leave ranks out, and
        one that has ended is there no more.
        """
        self.rebuilt = True
        self.turns = {name: Turns() for name in self.services}
        for entry in self.entries.values():
            if max(self.ends.get(entry.task, at), self.last[entry.task]) < at:
                self._take_out(entry)
            entry.number, entry.cooling = None, {}
            entry.asked = entry.where not in {"waiting", "nowhere"}

    def _take_out(self, entry: Entry) -> None:
        entry.where = "nowhere"
        if entry.agent is not None:
            self.hands[entry.agent].shares.pop(entry.session or "", None)

    # --- a task's life --------------------------------------------------------------------------

    def _see_task(self, row: Row, entry: Entry) -> None:
        self._check_life(row, entry)
        self._check_session(row, entry)
        if row.kind == "offered":
            self._check_offer(row, entry)
            self._hand_out(row, entry)
        self._take_over(row, entry)
        if row.agent is not None and row.session is not None:
            self._see_share(row, self.hands[row.agent])
        after = "engaged" if row.data.get("reported") else "nowhere"
        entry.where = LIFE[row.kind].get(entry.where, after)
        comes = {"queued", "moved", "returned", *OFFER_OVER}
        if row.kind in comes and entry.where == "waiting":
            self._enter(entry)

    def _check_life(self, row: Row, entry: Entry) -> None:
        if entry.where not in LIFE[row.kind] and not _is_reported(row, entry):
            self._wrong("life", row, f"the task was {entry.where}")
        stay = (row.run or 0, row.epoch or 0)
        fresh = row.kind in {"queued", "moved"}
        expected = 1 if fresh and stay != entry.stay else entry.rank + 1
        if stay < entry.stay or (fresh and stay == entry.stay and not self.rebuilt):
            self._wrong("epoch", row, f"{stay} after {entry.stay}")
        elif row.rank != expected and not (self.rebuilt and (row.rank or 0) > expected):
            self._wrong("rank", row, f"{row.rank}, not {expected}")
        entry.stay, entry.rank = stay, row.rank or 0

    def _check_session(self, row: Row, entry: Entry) -> None:
        if row.kind == "offered":
            if row.session is None or row.session in self.sessions:
                self._wrong("session", row, "an offer needs a session of its own")
            self.sessions.add(row.session or "")
            entry.agent, entry.session = row.agent, row.session
        elif _is_reported(row, entry):
            entry.agent, entry.session, entry.asked = row.agent, row.session, True
        elif row.session is not None and (row.agent, row.session) != (entry.agent, entry.session):
            self._wrong("session", row, f"it is {entry.agent}'s {entry.session}")

    def _take_over(self, row: Row, entry: Entry) -> None:
        if row.kind in {"queued", "moved"}:
            self._read_place(row, entry)
        if row.kind == "reprioritized":
            self._change_level(entry, row.data["priority"])
        if row.kind in COOLING and row.agent is not None:
            entry.cooling[row.agent] = row.at + self.services[entry.service].cooldown

    def _read_place(self, row: Row, entry: Entry) -> None:
        data = row.data
        rewritten = row.kind == "moved" and row.service == entry.service
        if not (rewritten and data["priority"] == entry.level):
            entry.number = None
        if not rewritten:
            entry.asked, entry.cooling = False, {}
        entry.service, entry.level = row.service or "", data["priority"]
        first = datetime.fromisoformat(data["first_queued"])
        if row.kind == "queued" or first != entry.first_queued:
            self.arrivals += 1
            entry.arrival = self.arrivals
        entry.first_queued, entry.blocks = first, data["blocking"]
        entry.wishes = frozenset(data.get("preferred", ()))
        entry.wishes_only = data.get("preferred_only", False)
        until = data.get("prefer_until")
        entry.wishes_until = datetime.fromisoformat(until) if until else None
        entry.exclude = frozenset(data.get("exclude", ()))

    # --- order (Q1 to Q3) -----------------------------------------------------------------------

    def _enter(self, entry: Entry) -> None:
        """Wait, or wait again: a level that becomes non-empty gets its number from the clock."""
        alone = not self._queue(entry.service, entry.level, but=entry)
        if entry.number is None and entry.level in SHARES and alone:
            turns = self.turns[entry.service]
            turns.next[entry.level] = turns.clock + SHARES[entry.level]

    def _change_level(self, entry: Entry, level: str) -> None:
        entry.level, entry.number = level, None
        if entry.where == "waiting":
            self._enter(entry)

    def _queue(self, service: str, level: str, but: Entry | None = None) -> list[Entry]:
        """The entries of a level that wait without a turn number, the oldest first."""
        waiting = (
            entry
            for entry in self._waiting(service)
            if entry.level == level and entry.number is None and entry is not but
        )
        return sorted(waiting, key=_age)

    def _waiting(self, service: str) -> list[Entry]:
        everybody = self.entries.values()
        return [it for it in everybody if it.where == "waiting" and it.service == service]

    def _key(self, entry: Entry) -> tuple[Any, ...]:
        """Where an agent sees an entry that is the first of its level for them."""
        if entry.level == "strict":
            return (-1, 0, *_age(entry))
        if entry.level == "nothing_else":
            return (float("inf"), 0, *_age(entry))
        number = entry.number
        if number is None:
            number = self.turns[entry.service].next[entry.level]
        return (number, LEVELS.index(entry.level), *_age(entry))

    def _check_offer(self, row: Row, entry: Entry) -> None:
        agent, hand = row.agent or "", self.hands[row.agent or ""]
        blocking = self._blocking(entry)
        if row.data["blocking"] != blocking:
            self._wrong("blocking", row)
        if not hand.has_room(blocking=blocking):
            self._wrong("C1-C4", row, f"{agent} has {sorted(hand.shares)}")
        if not hand.attends(entry.service) or agent in entry.exclude:
            self._wrong("eligible", row, f"{agent} is not to be asked")
        if row.data["first"] is entry.asked:
            self._wrong("first", row)
        self._check_free_first(row, entry, hand)
        for other in self._waiting(entry.service):
            if self._may_take(row.at, agent, other) and self._key(other) < self._key(entry):
                self._wrong("order", row, f"{other.task} ({other.level}) stands before it")

    def _check_free_first(self, row: Row, entry: Entry, taker: Hand) -> None:
        """C5: a completely free agent is always preferred."""
        if taker.is_free() or (row.agent in entry.wishes and self._wished(row.at, entry)):
            return
        for name, hand in self.hands.items():
            if hand.is_free() and self._may_take(row.at, name, entry):
                self._wrong("C5", row, f"{name} is completely free")

    def _may_take(self, at: datetime, agent: str, entry: Entry) -> bool:
        """Whether the agent may certainly take the waiting entry."""
        hand = self.hands[agent]
        open_to_all = not (self._wished(at, entry) or agent in entry.exclude)
        rested = entry.cooling.get(agent, at) <= at
        room = hand.has_room(blocking=self._blocking(entry))
        return open_to_all and rested and room and hand.attends(entry.service)

    def _wished(self, at: datetime, entry: Entry) -> bool:
        """Whether the entry may be kept for its preferred agents."""
        if not entry.wishes and not entry.wishes_only:
            return False
        return entry.wishes_only or entry.wishes_until is None or at < entry.wishes_until

    def _blocking(self, entry: Entry) -> bool:
        return entry.blocks or not self.services[entry.service].simultaneous

    def _hand_out(self, row: Row, entry: Entry) -> None:
        """The head of the level gets the next number, who took a later entry the one after."""
        self.firsts[entry.level] += not entry.asked
        entry.asked = True
        if entry.number is None and entry.level in SHARES:
            turns, stride = self.turns[entry.service], SHARES[entry.level]
            number = turns.next[entry.level]
            turns.clock = max(turns.clock, number)
            turns.next[entry.level] = turns.clock + stride
            queue = self._queue(entry.service, entry.level)
            head = queue[0] if queue else entry
            head.number = number
            if head is not entry:
                entry.number = turns.next[entry.level]
                turns.next[entry.level] += stride
        if row.data["turn"] != entry.number:
            self._wrong("turn", row, f"{row.data['turn']}, not {entry.number}")

    # --- what agents have in hand ---------------------------------------------------------------

    def _see_share(self, row: Row, hand: Hand) -> None:
        session = row.session or ""
        if row.kind == "offered":
            hand.shares[session] = Share(row.task or "", row.data["blocking"])
            return
        if row.data.get("reported"):
            since = datetime.fromisoformat(row.data["accepted_at"])
            hand.shares[session] = Share(row.task or "", row.data["blocking"], since)
            return
        share = hand.shares.get(session)
        if share is None:
            self._wrong("share", row, "nobody has it")
        elif row.kind == "accepted":
            share.accepted = row.at
        elif row.kind in {"held", "resumed"}:
            self._hold(row, share)
        elif row.kind in OFFER_OVER:
            del hand.shares[session]
        elif row.kind in WORK_OVER and share.accepted is not None:
            self._check_times(row, share)
            del hand.shares[session]

    def _hold(self, row: Row, share: Share) -> None:
        if (share.held_since is None) is (row.kind == "resumed"):
            self._wrong("hold", row)
        if row.kind == "held":
            share.held_since = row.at
        elif share.held_since is not None:
            share.held += row.at - share.held_since
            share.held_since = None

    def _check_times(self, row: Row, share: Share) -> None:
        """Work and hold add up to the time from acceptance to the end, to the microsecond."""
        held = share.held + (row.at - share.held_since if share.held_since else timedelta(0))
        lasted = row.at - (share.accepted or row.at)
        told = (row.data.get("work_us"), row.data.get("hold_us"))
        if told != (_micros(lasted - held), _micros(held)):
            self._wrong("work and hold", row, f"{told} of {_micros(lasted)}, held {_micros(held)}")

    def _see_agent(self, row: Row, hand: Hand) -> None:
        data = row.data
        if row.kind == "agent_state":
            hand.presence, hand.on_duty = data["presence"], data["on_duty"]
        elif row.kind in {"rona_flagged", "rona_cleared"}:
            hand.rona = row.kind == "rona_flagged"
        elif row.kind == "engagement_started":
            hand.foreign[data["engagement"]] = data["blocking"]
        elif row.kind == "engagement_ended":
            hand.foreign.pop(data["engagement"], None)
        elif row.kind == "wrap_up_started":
            hand.wrap_ups.add(row.session or "")
        elif row.kind == "wrap_up_ended":
            hand.wrap_ups.discard(row.session or "")

    # --- at the end of each moment --------------------------------------------------------------

    def _look_around(self, at: datetime) -> None:
        """C6 holds, and nobody idles while they may take something (P5)."""
        waiting = [entry for entry in self.entries.values() if entry.where == "waiting"]
        for name, hand in self.hands.items():
            self._check_interrupted(at, name, hand)
            if not hand.has_room(blocking=True):
                continue
            for entry in waiting:
                if self._may_take(at, name, entry):
                    self.faults.append(f"idle: {at.isoformat()} {name} may take {entry.task}")
                    return

    def _check_interrupted(self, at: datetime, name: str, hand: Hand) -> None:
        interrupted = hand.works_on_blocking()
        for session, share in hand.shares.items():
            if share.blocking:
                continue
            if share.accepted is None and interrupted:
                self.faults.append(f"C6: {at.isoformat()} {name} still has the offer {session}")
            elif share.accepted is not None and interrupted is (share.held_since is None):
                self.faults.append(f"C6: {at.isoformat()} hold of {name}'s {session}")


def _is_reported(row: Row, entry: Entry) -> bool:
    """Whether a task tells a pool made anew of an agent at work whom the log does not know."""
    return bool(row.data.get("reported")) and entry.where == "nowhere"


def _age(entry: Entry) -> tuple[Any, int]:
    return (entry.first_queued, entry.arrival)


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
