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
    AgentRules,
    Call,
    Entry,
    Hand,
    Row,
    ServiceRules,
    Share,
)
from tests.support.queues import Queues

OFFER_OVER = {"declined", "lapsed", "offer_cancelled"}
WORK_OVER = {"completed", "returned", "withdrawn", "moved"}
ASKED_TOGETHER = 10
"""Agents whom a broadcast asks at most."""
COOLING = {"declined", "lapsed", "returned"}
LIFE: dict[str, dict[str, str]] = {
    "queued": {"nowhere": "waiting"},
    "offered": {"waiting": "offered", "offered": "offered"},
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
        self.queues = Queues(services, self.entries)
        self.sessions: set[str] = set()
        self.call: Call | None = None
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
        self._end_call()
        return self.faults

    def left_over(self) -> list[str]:
        """Name what is still open: tasks in the pool, agents with something in hand."""
        tasks = [task for task, entry in self.entries.items() if entry.where != "nowhere"]
        agents = [name for name, hand in self.hands.items() if not hand.is_free()]
        return tasks + agents

    def _see(self, row: Row) -> None:
        call = self.call
        if call and (row.kind, row.task, row.at) != ("offered", call.task, call.at):
            self._end_call()
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
        self.queues.begin()
        for entry in self.entries.values():
            if max(self.ends.get(entry.task, at), self.last[entry.task]) < at:
                self._take_out(entry)
            entry.number, entry.cooling = None, {}
            entry.asked = entry.where not in {"waiting", "nowhere"}

    def _take_out(self, entry: Entry) -> None:
        entry.where = "nowhere"
        for session, agent in entry.sessions.items():
            self.hands[agent].shares.pop(session, None)
        entry.sessions.clear()

    # --- a task's life --------------------------------------------------------------------------

    def _see_task(self, row: Row, entry: Entry) -> None:
        self._check_life(row, entry)
        self._check_session(row, entry)
        if row.kind == "offered":
            self._see_offer(row, entry)
        self._take_over(row, entry)
        if row.agent is not None and row.session is not None:
            self._see_share(row, entry, self.hands[row.agent])
        if not (row.kind in OFFER_OVER and entry.sessions):
            after = "engaged" if row.data.get("reported") else "nowhere"
            entry.where = LIFE[row.kind].get(entry.where, after)
        comes = {"queued", "moved", "returned", *OFFER_OVER}
        if row.kind in comes and entry.where == "waiting":
            self.queues.enter(entry)

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
            entry.sessions[row.session or ""] = row.agent or ""
        elif _is_reported(row, entry):
            entry.sessions, entry.asked = {row.session or "": row.agent or ""}, True
        elif row.session is not None and entry.sessions.get(row.session) != row.agent:
            self._wrong("session", row, f"they are {entry.sessions}")
        elif row.kind == "accepted" and len(entry.sessions) > 1:
            self._wrong("session", row, f"{entry.sessions} are open still")

    def _take_over(self, row: Row, entry: Entry) -> None:
        if row.kind in {"queued", "moved"}:
            self._read_place(row, entry)
        if row.kind == "reprioritized":
            self.queues.change_level(entry, row.data["priority"])
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
        rules = self.services[entry.service]
        entry.distribution = data.get("distribution", rules.distribution)

    # --- who is asked ---------------------------------------------------------------------------

    def _see_offer(self, row: Row, entry: Entry) -> None:
        self._check_taker(row, entry)
        if entry.is_listed:
            self._check_picked_up(row, entry)
        elif entry.where == "offered":
            self._check_called(row, entry)
        else:
            self._check_turn(row, entry)
            self.firsts[entry.level] += not entry.asked
            self.queues.hand_out(entry)
        if row.data["turn"] != entry.number:
            self._wrong("turn", row, f"{row.data['turn']}, not {entry.number}")

    def _check_taker(self, row: Row, entry: Entry) -> None:
        agent, hand = row.agent or "", self.hands[row.agent or ""]
        blocking = self._blocking(entry)
        if row.data["blocking"] != blocking:
            self._wrong("blocking", row)
        if not hand.has_room(blocking=blocking):
            self._wrong("C1-C4", row, f"{agent} has {sorted(hand.shares)}")
        if not hand.attends(entry.service) or agent in entry.exclude:
            self._wrong("eligible", row, f"{agent} is not to be asked")
        if row.data.get("distribution", entry.distribution) != entry.distribution:
            self._wrong("distribution", row, f"it is for {entry.distribution}")

    def _check_picked_up(self, row: Row, entry: Entry) -> None:
        """Nobody is asked for what agents take from a list: it has no turn and no first offer."""
        if row.data["why"] != "picked_up" or entry.where != "waiting" or row.data["first"]:
            self._wrong("picked up", row)

    def _check_turn(self, row: Row, entry: Entry) -> None:
        hand, place = self.hands[row.agent or ""], self.queues.key(entry)
        if row.data["first"] is entry.asked:
            self._wrong("first", row)
        self._check_free_first(row, entry, hand)
        self._check_order(row, entry, place)
        if entry.distribution == "broadcast":
            free = hand.is_free()
            others = () if self._wished(row.at, entry) else self.hands.items()
            same = (name for name, it in others if it.is_free() is free)
            sure = frozenset(name for name in same if self._may_take(row.at, name, entry))
            who, first = {row.agent or ""}, row.data["first"]
            self.call = Call(entry.task, row.at, place, first, free, sure, who)

    def _check_called(self, row: Row, entry: Entry) -> None:
        """A further agent whom a broadcast asks: for the same turn, and as free as the first."""
        call = self.call
        if call is None:
            self._wrong("life", row, "the task was offered")
            return
        if row.data["first"] is not call.first:
            self._wrong("first", row)
        self._check_order(row, entry, call.place)
        call.asked.add(row.agent or "")
        free = self.hands[row.agent or ""].is_free()
        if free is not call.free and not self._wished(row.at, entry):
            self._wrong("broadcast", row, "free and occupied agents are asked together")

    def _end_call(self) -> None:
        """With the first row that is none of it, a broadcast has asked whom it asks."""
        call, self.call = self.call, None
        if call is None:
            return
        missing = call.expected - call.asked
        if len(call.asked) > ASKED_TOGETHER or (missing and len(call.asked) < ASKED_TOGETHER):
            told = f"{sorted(call.asked)} were asked, {sorted(missing)} were not"
            self.faults.append(f"broadcast: {call.at.isoformat()} {call.task}: {told}")

    def _check_order(self, row: Row, entry: Entry, place: tuple[Any, ...]) -> None:
        for other in self.queues.waiting(entry.service):
            if self._may_take(row.at, row.agent or "", other) and self.queues.key(other) < place:
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

    # --- what agents have in hand ---------------------------------------------------------------

    def _see_share(self, row: Row, entry: Entry, hand: Hand) -> None:
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
            entry.sessions.pop(session, None)
        elif row.kind in WORK_OVER and share.accepted is not None:
            self._check_times(row, share)
            del hand.shares[session]
            entry.sessions.pop(session, None)

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
        """C6 holds, and nobody idles while they may take something (P5), but for what is listed."""
        waiting = []
        for entry in self.entries.values():
            if entry.where == "waiting" and not entry.is_listed:
                waiting.append(entry)
            elif entry.where == "offered" and entry.is_listed:
                self.faults.append(f"picked up: {at.isoformat()} {entry.task} is offered still")
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


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
